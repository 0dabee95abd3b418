package nn

import (
	"fmt"

	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// native is the backend that runs Gorgonia's graph on this package's kernels.
type native struct{}

var (
	_ Backend = native{}
	_ Program = (*nativeProgram)(nil)
)

// Kernels returns the name of the kernels that the default backend runs on this
// processor: avx512, avx2 or go. The environment variable MNIST_TUNE_KERNELS
// overrides the choice; a name that is not to be had is an error.
func Kernels() (string, error) {
	s, err := kernel.Best()
	if err != nil {
		return "", fmt.Errorf("nn: %w", err)
	}
	return s.Name, nil
}

func (native) New(cfg Config, data Dataset, start State, threads int) (Program, error) {
	features, classes := start.Dims()
	src, err := newSource(data, features, classes)
	if err != nil {
		return nil, err
	}
	activation, err := kernel.ParseActivation(cfg.Activation)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	net, err := graph.Build(graph.Spec{
		Batch:    min(cfg.BatchSize, src.Rows),
		Features: src.Features, Classes: src.Classes,
		Widths: cfg.LayerWidths(), Activation: activation,
		Dropout: cfg.Dropout, LabelSmoothing: cfg.LabelSmoothing,
	})
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	net.MaskKey.Seed = maskSeed(cfg.Seed)
	machine, err := graph.Compile(net, graph.Options{Sparse: density(src) < sparseBelow, Threads: threads})
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	optimizer, err := graph.NewOptimizer(cfg.Optimizer, *cfg.Momentum, *cfg.WeightDecay, cfg.ClipNorm)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if err := machine.SetTensors(toGraph(start.Weights), toGraph(start.First), toGraph(start.Second)); err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	return &nativeProgram{machine: machine, data: data, source: src, optimizer: optimizer}, nil
}

type nativeProgram struct {
	machine   *graph.Machine
	data      Dataset
	source    *graph.Source
	optimizer *graph.Optimizer

	other       Dataset // the data set that Logits read last, if it is not data
	otherSource *graph.Source
}

func (p *nativeProgram) Step(rows []int32, a StepArgs) (StepResult, error) {
	loss, correct, err := p.machine.Step(p.source, rows, p.optimizer, a.LearningRate, a.Step)
	if err != nil {
		return StepResult{}, fmt.Errorf("nn: %w", err)
	}
	return StepResult{Loss: loss, Correct: correct}, nil
}

func (p *nativeProgram) Logits(dst []float32, data Dataset, rows []int32) error {
	src := p.source
	if isNone(data) || len(dst) != len(rows)*src.Classes {
		return fmt.Errorf("nn: logits of %d rows take a data set and room for %d values (got room for %d)", len(rows), len(rows)*src.Classes, len(dst))
	}
	if !same(data, p.data) {
		if !same(data, p.other) {
			s, err := newSource(data, src.Features, src.Classes)
			if err != nil {
				return err
			}
			p.other, p.otherSource = data, s
		}
		src = p.otherSource
	}
	if err := p.machine.Infer(dst, src, rows); err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	return nil
}

func (p *nativeProgram) State() State {
	w, m, v := p.machine.Tensors()
	return State{Weights: fromGraph(w), First: fromGraph(m), Second: fromGraph(v)}
}

func toGraph(ts []Tensor) []graph.Tensor {
	if ts == nil {
		return nil
	}
	out := make([]graph.Tensor, len(ts))
	for i, t := range ts {
		out[i] = graph.Tensor(t)
	}
	return out
}

func fromGraph(ts []graph.Tensor) []Tensor {
	out := make([]Tensor, len(ts))
	for i, t := range ts {
		out[i] = Tensor(t)
	}
	return out
}
