package nntest

import (
	"slices"
	"sync"

	"mnisttune/nn"
)

// whole is a configuration in which everything that a state holds is in use.
func whole() nn.Config {
	return nn.Config{BatchSize: 8, Width: nn.Widths{14, 10}, NumLayers: 2, Dropout: 0.25, LabelSmoothing: 0.1, WeightDecay: new(0.01), ClipNorm: 1, Seed: 15}.WithDefaults()
}

// train takes steps from first up to last-1 on a data set and returns what they saw.
func train(r reporter, p nn.Program, cfg nn.Config, data nn.Dataset, first, last int) []nn.StepResult {
	r.Helper()
	var out []nn.StepResult
	for i := first; i < last; i++ {
		n := cfg.BatchSize - i%3
		out = append(out, step(r, p, someRows(data, i*n, n), nn.StepArgs{LearningRate: cfg.LearningRate, Epoch: i / 5, Step: i}))
	}
	return out
}

// sets are data sets of both forms.
func sets() []nn.Dataset { return []nn.Dataset{newFloats(50, 20, 4), newPixels(50, 20, 4, 0.2)} }

// checkDeterminism: two programs from one state see and become the same, bit for bit.
func checkDeterminism(r reporter, s subject) {
	cfg := whole()
	for _, data := range sets() {
		start := startState(cfg, 20, 4)
		a, b := s.build(r, cfg, data, start), s.build(r, cfg, data, start)
		if x, y := train(r, a, cfg, data, 0, 12), train(r, b, cfg, data, 0, 12); !slices.Equal(x, y) {
			r.Errorf("the same steps saw %+v and then %+v", x[len(x)-1], y[len(y)-1])
		}
		if d := difference(a.State(), b.State()); d != "" {
			r.Errorf("the same steps led to other %s", d)
		}
		rows := someRows(data, 0, 30)
		if x, y := logits(r, a, data, rows), logits(r, b, data, rows); !slices.Equal(x, y) {
			r.Errorf("the same weights gave other logits")
		}
	}
}

// checkThreads: their number changes no bit.
func checkThreads(r reporter, s subject) {
	cfg := whole()
	cfg.Width, cfg.BatchSize = nn.Widths{150, 70}, 128
	data := newFloats(300, 90, 4)
	start := startState(cfg, 90, 4)
	var want nn.State
	for _, threads := range []int{1, 3} {
		p, err := s.backend.New(cfg, data, start, threads)
		if err != nil {
			r.Fatalf("New with %d threads: %v", threads, err)
		}
		train(r, p, cfg, data, 0, 4)
		if threads == 1 {
			want = p.State()
		} else if d := difference(p.State(), want); d != "" {
			r.Errorf("with %d threads there are other %s", threads, d)
		}
	}
}

// checkAtOnce: programs that run at the same time, on one data set, do what each does
// alone.
func checkAtOnce(r reporter, s subject) {
	cfg, data := whole(), sets()[0]
	start := startState(cfg, 20, 4)
	alone := s.build(r, cfg, data, start)
	train(r, alone, cfg, data, 0, 15)
	want := alone.State()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			p, err := s.backend.New(cfg, data, start, 1)
			if err != nil {
				r.Errorf("New beside others: %v", err)
				return
			}
			for i := range 15 {
				n := cfg.BatchSize - i%3
				if _, err := p.Step(someRows(data, i*n, n), nn.StepArgs{LearningRate: cfg.LearningRate, Epoch: i / 5, Step: i}); err != nil {
					r.Errorf("step %d beside others: %v", i, err)
					return
				}
				dst := make([]float32, 4*4)
				if err := p.Logits(dst, data, []int32{0, 1, 2, 3}); err != nil {
					r.Errorf("logits beside others: %v", err)
					return
				}
			}
			if d := difference(p.State(), want); d != "" {
				r.Errorf("beside others a program has other %s", d)
			}
		})
	}
	group.Wait()
}

// checkCopies: a program keeps nothing of the state that it was given, and a state that it
// gave stays what it was.
func checkCopies(r reporter, s subject) {
	cfg, data := whole(), sets()[0]
	start := startState(cfg, 20, 4)
	given := copyState(start)
	p := s.build(r, cfg, data, given)
	first := p.State()
	if d := difference(nn.State{Weights: first.Weights}, nn.State{Weights: start.Weights}); d != "" {
		r.Errorf("a new program's state is not what it started from: %s", d)
	}
	for _, t := range given.Weights {
		clear(t.Data)
	}
	if d := difference(p.State(), first); d != "" {
		r.Errorf("a program lives in the state that it was given: %s", d)
	}
	train(r, p, cfg, data, 0, 3)
	if d := difference(nn.State{Weights: first.Weights}, nn.State{Weights: start.Weights}); d != "" {
		r.Errorf("steps changed a state that was handed out before: %s", d)
	}
	later := p.State()
	want := copyState(later)
	for _, ts := range [][]nn.Tensor{later.Weights, later.First, later.Second} {
		for _, t := range ts {
			clear(t.Data)
		}
	}
	if d := difference(p.State(), want); d != "" {
		r.Errorf("changing a state changed the program's %s", d)
	}
}

// checkResume: going on from a state equals not having stopped, bit for bit, with every
// optimizer.
func checkResume(r reporter, s subject) {
	for _, optimizer := range []string{"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"} {
		for _, data := range sets() {
			cfg := whole()
			cfg.Optimizer = optimizer
			p := s.build(r, cfg, data, startState(cfg, 20, 4))
			train(r, p, cfg, data, 0, 5)
			q := s.build(r, cfg, data, copyState(p.State()))
			x, y := train(r, p, cfg, data, 5, 10), train(r, q, cfg, data, 5, 10)
			if !slices.Equal(x, y) {
				r.Errorf("%s: steps from a state saw %+v, want %+v", optimizer, y[0], x[0])
			}
			if d := difference(q.State(), p.State()); d != "" {
				r.Errorf("%s: going on from a state led to other %s", optimizer, d)
			}
		}
	}
}
