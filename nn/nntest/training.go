package nntest

import (
	"context"
	"math"
	"path/filepath"
	"runtime"

	"mnisttune/nn"
)

// Limits of what a program may hold on to.
const (
	memorySteps = 150
	memoryLimit = 1 << 20 // bytes
)

// heap returns the bytes that are reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers let go of
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// checkMemory: neither steps nor logits leave more and more memory behind, whatever the
// number of rows, nor do programs that are dropped. Memory that is not Go's is not seen.
func checkMemory(r reporter, s subject) {
	cfg := whole()
	cfg.BatchSize = 64
	data := newFloats(200, 40, 4)
	p := s.build(r, cfg, data, startState(cfg, 40, 4))
	work := func() {
		for i := range memorySteps {
			step(r, p, someRows(data, i, 1+i%64), nn.StepArgs{LearningRate: 1e-4, Step: i})
			if i%10 == 0 {
				logits(r, p, data, someRows(data, i, 1+i))
			}
		}
	}
	work()
	before := heap()
	work()
	if after := heap(); after > before+memoryLimit {
		r.Errorf("%d steps left %d kB of memory behind", memorySteps, (after-before)/1024)
	}
	before = heap()
	for range 20 {
		q := s.build(r, cfg, data, startState(cfg, 40, 4))
		step(r, q, someRows(data, 0, 64), nn.StepArgs{})
	}
	if after := heap(); after > before+memoryLimit {
		r.Errorf("20 programs that nobody has any more left %d kB of memory behind", (after-before)/1024)
	}
	runtime.KeepAlive(p)
}

// checkTraining: a Trainer on the backend solves an easy problem with every kind of
// network, judges it, saves it and loads it.
func checkTraining(r reporter, s subject) {
	data, test := newFloats(300, 12, 4), newFloats(120, 12, 4)
	for _, c := range []struct {
		name string
		cfg  nn.Config
	}{
		{"as it comes", nn.Config{}},
		{"tanh, momentum, dropout", nn.Config{Activation: "tanh", Optimizer: "momentum", Dropout: 0.2}},
		{"gelu, rmsprop, smoothing, early stopping", nn.Config{Activation: "gelu", Optimizer: "rmsprop", LabelSmoothing: 0.1, Patience: 4}},
		{"sigmoid, adamw, clipping", nn.Config{Activation: "sigmoid", Optimizer: "adamw", LearningRate: 0.01, ClipNorm: 1}},
	} {
		c.cfg.Epochs, c.cfg.BatchSize, c.cfg.Width, c.cfg.Seed = 8, 16, nn.Widths{24}, 3
		trainer, err := nn.New(c.cfg, nn.Options{Backend: s.name})
		if err != nil {
			r.Fatalf("%s: %v", c.name, err)
		}
		result, err := trainer.Fit(context.Background(), data, test)
		if err != nil {
			r.Errorf("%s: %v", c.name, err)
			continue
		}
		if best, _ := result.BestEpoch(); best.Val.Accuracy < 0.93 {
			r.Errorf("%s: validation accuracy %.3f, want at least 0.93", c.name, best.Val.Accuracy)
		}
		s.judge(r, c.name, trainer, test)
	}
}

// judge holds a saved and loaded network against the one that was saved.
func (s subject) judge(r reporter, name string, trainer *nn.Trainer, test nn.Dataset) {
	ctx := context.Background()
	want, err := trainer.Evaluate(ctx, test)
	if err != nil {
		r.Errorf("%s: %v", name, err)
		return
	}
	path := filepath.Join(r.TempDir(), "model")
	if err := trainer.Save(path); err != nil {
		r.Errorf("%s: %v", name, err)
		return
	}
	loaded, err := nn.Load(path, nn.Options{Backend: s.name})
	if err != nil {
		r.Errorf("%s: %v", name, err)
		return
	}
	got, err := loaded.Evaluate(ctx, test)
	if err != nil || math.Abs(got.Loss-want.Loss) > s.tolerance || got.Accuracy != want.Accuracy {
		r.Errorf("%s: %+v before saving, %+v after loading (%v)", name, want, got, err)
	}
}
