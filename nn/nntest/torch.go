package nntest

import (
	_ "embed"
	"encoding/json"
	"math"

	"mnisttune/nn"
)

//go:embed testdata/torch_steps.json
var torchSteps []byte

// torchTolerance is how far a loss may be from PyTorch's, at a tolerance of 1e-4.
const torchTolerance = 1e-5

// checkPyTorch holds the first steps of trainings against PyTorch in float64 (its version
// is in the file; testdata/torch_steps.py wrote it). Data, weights, loss, gradients and
// updates all enter.
func checkPyTorch(r reporter, s subject) {
	var golden struct {
		Program string
		Cases   []struct {
			Config nn.Config
			Losses []float64
		}
	}
	if err := json.Unmarshal(torchSteps, &golden); err != nil || len(golden.Cases) == 0 {
		r.Fatalf("testdata: %d cases, %v", len(golden.Cases), err)
	}
	tolerance := torchTolerance * s.tolerance / 1e-4
	data := formulaSet()
	rows := make([]int32, data.Len())
	for i := range rows {
		rows[i] = int32(i)
	}
	for _, c := range golden.Cases {
		cfg := c.Config.WithDefaults()
		p := s.build(r, cfg, data, formulaState(cfg))
		for i, want := range c.Losses {
			got := step(r, p, rows, nn.StepArgs{LearningRate: cfg.LearningRate, Step: i}).Loss
			if !(math.Abs(got-want) <= tolerance) {
				r.Errorf("%s %v %s, step %d: loss %.8f, %s has %.8f", cfg.Optimizer, cfg.Width, cfg.Activation, i, got, golden.Program, want)
			}
		}
	}
}

// unit returns n numbers in [-1, 1), as testdata/torch_steps.py does.
func unit(n int, salt uint32) []float64 {
	out := make([]float64, n)
	for i := range out {
		h := (uint32(i) + salt) * 2654435761
		h ^= h >> 15
		h *= 2246822519
		h ^= h >> 13
		out[i] = float64(h>>8)/(1<<23) - 1
	}
	return out
}

func formulaState(cfg nn.Config) nn.State {
	s := nn.InitialState(cfg, 784, 10)
	for i, w := range s.Weights {
		for j, u := range unit(len(w.Data), uint32(1000*(i/2)+500*(i%2))) {
			w.Data[j] = float32(u / 16)
		}
	}
	return s
}

// formulaSet is the batch of testdata/torch_steps.py.
func formulaSet() *pixels {
	d := &pixels{features: 784, classes: 10}
	for _, u := range unit(32*784, 77) {
		p := byte(0)
		if u > 0.6 {
			p = byte(256 * (u + 1) / 2)
		}
		d.bytes = append(d.bytes, p)
	}
	for i := range 32 {
		d.labels = append(d.labels, uint8(i*7%10))
	}
	return d
}
