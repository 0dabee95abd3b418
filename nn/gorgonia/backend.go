package gorgonia

import (
	"fmt"

	"mnisttune/nn"
	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// Backend makes programs of Gorgonia's operations. The zero value is what is registered as
// "gorgonia". It is safe for concurrent use if its Gemm is.
type Backend struct {
	// Gemm computes products of matrices. Default: Gorgonia's, which is gonum's.
	Gemm Gemm
}

var (
	_ nn.Backend = Backend{}
	_ nn.Program = (*program)(nil)
)

func init() { nn.RegisterBackend("gorgonia", Backend{}) }

// New returns a program. It takes as long as a few dozen steps: Gorgonia compiles a graph.
func (b Backend) New(cfg nn.Config, data nn.Dataset, start nn.State, _ int) (nn.Program, error) {
	features, classes := start.Dims()
	reader, err := nn.NewReader(data, features, classes)
	if err != nil {
		return nil, err
	}
	params, err := newParameters(append(append([]int{features}, cfg.LayerWidths()...), classes), start)
	if err != nil {
		return nil, fmt.Errorf("gorgonia: %w", err)
	}
	activation, err := kernel.ParseActivation(cfg.Activation)
	if err != nil {
		return nil, fmt.Errorf("gorgonia: %w", err)
	}
	optimizer, err := graph.NewOptimizer(cfg.Optimizer, *cfg.Momentum, *cfg.WeightDecay, cfg.ClipNorm)
	if err != nil {
		return nil, fmt.Errorf("gorgonia: %w", err)
	}
	kernels, err := kernel.Best()
	if err != nil {
		return nil, fmt.Errorf("gorgonia: %w", err)
	}
	return &program{
		cfg: cfg, reader: reader, params: params, optimizer: optimizer, kernels: kernels,
		spec:    spec{activation: activation, dropout: cfg.Dropout > 0, gemm: b.Gemm},
		batch:   min(cfg.BatchSize, reader.Len()),
		forward: make(map[int]*network),
		labels:  make([]uint8, max(maxRows, cfg.BatchSize)),
	}, nil
}
