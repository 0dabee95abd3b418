package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/mnist"
)

// gorgonia is a network of Gorgonia's own operations: run by its TapeMachine on
// gonum's BLAS, updated by its AdamSolver.
type gorgonia struct {
	set    *mnist.Set
	params []*tensor.Dense // weight, bias of every layer: what all graphs work on
	steps  map[int]*step   // by number of rows: the shapes of a graph are fixed
	solver *G.AdamSolver
}

// step is a graph for one number of rows, the machine that runs it, and the memory
// of its inputs.
type step struct {
	x, targets []float32
	labels     []uint8
	params     []G.ValueGrad
	machine    G.VM
}

func newGorgonia(n network, set *mnist.Set, _ int) (trainer, error) {
	t := &gorgonia{set: set, steps: map[int]*step{}, solver: G.NewAdamSolver(G.WithLearnRate(learningRate))}
	for l := range n.layers() {
		in, out := n.widths[l], n.widths[l+1]
		t.params = append(t.params,
			tensor.New(tensor.WithShape(in, out), tensor.WithBacking(G.GlorotU(1)(tensor.Float32, in, out))),
			tensor.New(tensor.WithShape(1, out), tensor.Of(tensor.Float32)))
	}
	return t, nil
}

func (t *gorgonia) step(rows []int) error {
	s := t.steps[len(rows)]
	if s == nil {
		var err error
		if s, err = t.build(len(rows)); err != nil {
			return err
		}
		t.steps[len(rows)] = s
	}
	if err := fill(t.set, rows, s.x, s.targets, s.labels); err != nil {
		return err
	}
	if err := s.machine.RunAll(); err != nil {
		return err
	}
	s.machine.Reset()
	return t.solver.Step(s.params)
}

// build makes the graph of a step on a number of rows. The machine gets the part
// of it that the loss and the parameters' gradients need: the whole also computes
// the gradient of the images, a product as large as the largest of the others.
func (t *gorgonia) build(rows int) (*step, error) {
	features, classes := t.set.Dims()
	s := &step{x: make([]float32, rows*features), targets: make([]float32, rows*classes), labels: make([]uint8, rows)}
	g := G.NewGraph()
	h := input(g, "x", tensor.New(tensor.WithShape(rows, features), tensor.WithBacking(s.x)))
	targets := input(g, "targets", tensor.New(tensor.WithShape(rows, classes), tensor.WithBacking(s.targets)))
	var params G.Nodes
	for i := 0; i < len(t.params); i += 2 {
		weight := input(g, fmt.Sprint("weight", i/2), t.params[i])
		bias := input(g, fmt.Sprint("bias", i/2), t.params[i+1])
		params = append(params, weight, bias)
		if i > 0 {
			h = G.Must(G.Rectify(h))
		}
		h = G.Must(G.BroadcastAdd(G.Must(G.Mul(h, weight)), bias, nil, []byte{0}))
	}
	loss := crossEntropy(h, targets)
	gradients, err := G.Grad(loss, params...)
	if err != nil {
		return nil, err
	}
	s.machine = G.NewTapeMachine(g.ExactSubgraphRoots(append(gradients, loss)...), G.BindDualValues(params...))
	s.params = G.NodesToValueGrads(params)
	return s, nil
}

// input adds a node that reads a matrix.
func input(g *G.ExprGraph, name string, value *tensor.Dense) *G.Node {
	return G.NewMatrix(g, tensor.Float32, G.WithName(name), G.WithShape(value.Shape()...), G.WithValue(value))
}

// crossEntropy returns the mean over the rows of log Σ exp(logits) - Σ
// targets·logits, both less the row's largest logit, which no exponential exceeds.
func crossEntropy(logits, targets *G.Node) *G.Node {
	shifted := G.Must(G.BroadcastSub(logits, G.Must(G.Max(logits, 1)), nil, []byte{1}))
	logSum := G.Must(G.Log(G.Must(G.Sum(G.Must(G.Exp(shifted)), 1))))
	target := G.Must(G.Sum(G.Must(G.HadamardProd(shifted, targets)), 1))
	return G.Must(G.Mean(G.Must(G.Sub(logSum, target))))
}

func (t *gorgonia) parameters() ([]layer, error) {
	var out []layer
	for i := 0; i < len(t.params); i += 2 {
		out = append(out, layer{t.params[i].Data().([]float32), t.params[i+1].Data().([]float32)})
	}
	return out, nil
}
