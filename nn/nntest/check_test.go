package nntest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mnisttune/nn"
)

// Masks of its own are held to what any masks do.
func TestOwnMasks(t *testing.T) {
	s := newSubject("", wrong{seed: func(seed uint64) uint64 { return seed + 1 }}, Options{OwnMasks: true})
	for _, f := range failures(t, "dropout", s) {
		t.Error(f)
	}
	s = newSubject("", wrong{config: func(c *nn.Config) { c.Dropout = 0.3 }}, Options{OwnMasks: true})
	if len(failures(t, "dropout", s)) == 0 {
		t.Error("less dropout than asked for was not noticed")
	}
}

// recorder is a reporter that keeps what is reported.
type recorder struct {
	t        *testing.T
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) TempDir() string           { return r.t.TempDir() }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }
func (r *recorder) Errorf(f string, a ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(f, a...))
}

// failures runs the check of that name, as t.Run does, and returns what it reports.
func failures(t *testing.T, name string, s subject) []string {
	t.Helper()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no check %q", name)
	}
	r := &recorder{t: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		checks[i].run(r, s)
	}()
	<-done
	return r.failures
}

// wrong is the native backend with a fault. Functions that are nil change nothing.
type wrong struct {
	config func(*nn.Config)
	seed   func(uint64) uint64
	data   func(nn.Dataset) nn.Dataset
	start  func(nn.State) nn.State
	refuse func(nn.Config, nn.State, int) error
	rescue bool // makes a program of what is no network
	args   func(*nn.StepArgs)
	rows   func([]int32) []int32
	result func(*nn.StepResult, []int32)
	failed func(error) error // of a step
	logits func(dst []float32, p *wrongProgram, data nn.Dataset, rows []int32) error
	state  func(*nn.State)
	step   func(p *wrongProgram)
}

type wrongProgram struct {
	nn.Program
	wrong wrong
	data  nn.Dataset
	held  [][]byte
}

func (w wrong) New(cfg nn.Config, data nn.Dataset, start nn.State, threads int) (nn.Program, error) {
	if w.refuse != nil {
		if err := w.refuse(cfg, start, threads); err != nil {
			return nil, err
		}
	}
	if w.config != nil {
		w.config(&cfg)
	}
	if w.seed != nil {
		cfg.Seed = w.seed(cfg.Seed)
	}
	if w.data != nil {
		data = w.data(data)
	}
	if w.start != nil {
		start = w.start(start)
	}
	native, err := nn.LookupBackend(nn.DefaultBackend)
	if err != nil {
		return nil, err
	}
	p, err := native.New(cfg, data, start, threads)
	if err != nil && w.rescue {
		features, classes := data.Dims()
		p, err = native.New(cfg, data, nn.InitialState(cfg, features, classes), threads)
	}
	return &wrongProgram{Program: p, wrong: w, data: data}, err
}

func (p *wrongProgram) Step(rows []int32, a nn.StepArgs) (nn.StepResult, error) {
	if p.wrong.args != nil {
		p.wrong.args(&a)
	}
	if p.wrong.rows != nil {
		rows = p.wrong.rows(rows)
	}
	if p.wrong.step != nil {
		p.wrong.step(p)
	}
	r, err := p.Program.Step(rows, a)
	if p.wrong.result != nil && err == nil {
		p.wrong.result(&r, rows)
	}
	if p.wrong.failed != nil && err != nil {
		err = p.wrong.failed(err)
	}
	return r, err
}

func (p *wrongProgram) Logits(dst []float32, data nn.Dataset, rows []int32) error {
	if p.wrong.logits != nil {
		return p.wrong.logits(dst, p, data, rows)
	}
	return p.Program.Logits(dst, data, rows)
}

func (p *wrongProgram) State() nn.State {
	s := p.Program.State()
	if p.wrong.state != nil {
		p.wrong.state(&s)
	}
	return s
}

// Every fault is noticed by the checks beside it, and every check notices one.
func TestWrongBackendsFail(t *testing.T) {
	noticed := map[string]bool{}
	for name, c := range wrongBackends() {
		s := newSubject("nntest: "+name, c.backend, Options{})
		nn.RegisterBackend(s.name, c.backend)
		for _, check := range strings.Split(c.checks, ", ") {
			t.Run(name+"/"+check, func(t *testing.T) {
				if noticed[check] = true; len(failures(t, check, s)) == 0 {
					t.Error("not noticed")
				}
			})
		}
	}
	for _, c := range checks {
		if !noticed[c.name] {
			t.Errorf("no wrong backend shows that the check %q can fail", c.name)
		}
	}
}

type wrongBackend struct {
	backend wrong
	checks  string
}

func wrongBackends() map[string]wrongBackend {
	config := func(f func(*nn.Config)) wrong { return wrong{config: f} }
	var programs atomic.Uint64
	return map[string]wrongBackend{
		"no weight decay":         {config(func(c *nn.Config) { c.WeightDecay = new(0.) }), "steps, PyTorch"},
		"no clipping":             {config(func(c *nn.Config) { c.ClipNorm = 0 }), "steps, PyTorch"},
		"no smoothing":            {config(func(c *nn.Config) { c.LabelSmoothing = 0 }), "steps, PyTorch"},
		"momentum for nesterov":   {config(func(c *nn.Config) { swap(&c.Optimizer, "nesterov", "momentum") }), "steps, PyTorch"},
		"tanh for sigmoid":        {config(func(c *nn.Config) { swap(&c.Activation, "sigmoid", "tanh") }), "steps, PyTorch"},
		"relu for gelu":           {config(func(c *nn.Config) { swap(&c.Activation, "gelu", "relu") }), "steps"},
		"no dropout":              {config(func(c *nn.Config) { c.Dropout = 0 }), "dropout"},
		"other masks":             {wrong{seed: func(seed uint64) uint64 { return seed + 1 }}, "dropout"},
		"masks by program":        {wrong{seed: func(seed uint64) uint64 { return seed + programs.Add(1) }}, "determinism, programs at once, going on from a state"},
		"one thread":              {wrong{refuse: func(_ nn.Config, _ nn.State, n int) error { return ifTrue(n > 1, "one thread only") }}, "threads"},
		"always the first step":   {wrong{args: func(a *nn.StepArgs) { a.Step = 0 }}, "step numbers, steps"},
		"one learning rate":       {wrong{args: func(a *nn.StepArgs) { a.LearningRate = 0.01 }}, "steps, sizes"},
		"does not learn":          {wrong{args: func(a *nn.StepArgs) { a.LearningRate = 0 }}, "steps, forms of data, PyTorch, training"},
		"loss a bit too large":    {wrong{result: func(r *nn.StepResult, _ []int32) { r.Loss *= 1.0005 }}, "steps, PyTorch, sizes"},
		"one row less right":      {wrong{result: func(r *nn.StepResult, _ []int32) { r.Correct-- }}, "steps"},
		"short batches are whole": {wrong{result: func(r *nn.StepResult, rows []int32) { r.Loss *= float64(len(rows)) / 8 }}, "steps"},
		"no NaN":                  {wrong{result: func(r *nn.StepResult, _ []int32) { r.Loss = finite(r.Loss) }}, "values that are not finite"},
		"no wide layers":          {wrong{refuse: func(c nn.Config, _ nn.State, _ int) error { return ifTrue(c.LayerWidths()[0] > 100, "too wide") }}, "sizes"},
		"bytes are not scaled":    {wrong{data: unscaled}, "forms of data, PyTorch"},
		"no moments in the state": {wrong{state: func(s *nn.State) { s.First, s.Second = nil, nil }}, "steps, going on from a state"},
		"starts without moments":  {wrong{start: func(s nn.State) nn.State { s.First, s.Second = nil, nil; return s }}, "going on from a state"},
		"state off by little":     {wrong{state: func(s *nn.State) { s.Weights[0].Data[0] += 1e-3 }}, "steps, states are copies, going on from a state"},
		"state kept":              {wrong{state: kept()}, "states are copies"},
		"any rows":                {wrong{rows: func(rows []int32) []int32 { return []int32{0} }}, "bad calls"},
		"panics on bad rows":      {wrong{failed: func(err error) error { panic(err) }}, "bad calls, bad data"},
		"hides read errors":       {wrong{failed: func(error) error { return fmt.Errorf("no") }}, "bad data"},
		"any state":               {wrong{rescue: true}, "bad states"},
		"holds on to memory":      {wrong{step: func(p *wrongProgram) { p.held = append(p.held, make([]byte, 1<<14)) }}, "memory"},
		"one data set only": {wrong{logits: func(dst []float32, p *wrongProgram, _ nn.Dataset, rows []int32) error {
			return p.Program.Logits(dst, p.data, rows)
		}}, "logits, bad calls"},
		"logits of noise": {wrong{logits: func(dst []float32, p *wrongProgram, d nn.Dataset, rows []int32) error {
			err := p.Program.Logits(dst, d, rows)
			if err == nil {
				dst[0] += float32(programs.Add(1)) / 1e3
			}
			return err
		}}, "logits, dropout, determinism, forms of data"},
		"logits train": {wrong{logits: func(dst []float32, p *wrongProgram, d nn.Dataset, rows []int32) error {
			if _, err := p.Program.Step([]int32{0}, nn.StepArgs{LearningRate: 0.01}); err != nil {
				return err
			}
			return p.Program.Logits(dst, d, rows)
		}}, "logits, programs at once"},
	}
}

func swap(field *string, from, to string) {
	if *field == from {
		*field = to
	}
}

func ifTrue(condition bool, text string) error {
	if condition {
		return fmt.Errorf("%s", text)
	}
	return nil
}

func finite(x float64) float64 {
	if x-x != 0 {
		return 100
	}
	return x
}

// unscaled returns a data set whose bytes are worth one each.
func unscaled(d nn.Dataset) nn.Dataset {
	if b, ok := d.(*pixels); ok {
		return rawPixels{b}
	}
	return d
}

type rawPixels struct{ *pixels }

func (d rawPixels) Bytes() ([]byte, []uint8, float32) { return d.bytes, d.labels, 1 }

// kept returns a function that hands out the first state that it saw, always.
func kept() func(*nn.State) {
	var first *nn.State
	return func(s *nn.State) {
		if first == nil || len(first.Weights[0].Data) != len(s.Weights[0].Data) {
			first = new(*s)
		}
		*s = *first
	}
}
