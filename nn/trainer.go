package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"mnisttune/nn/internal/graph"
)

// MaxThreads is the most that Options.Threads may be.
const MaxThreads = graph.MaxThreads

// Options are what a Trainer needs beside its Config. The zero value is usable.
type Options struct {
	// Backend names the backend; empty means DefaultBackend.
	Backend string
	// Threads is how many processors one training or evaluation may use, at most
	// MaxThreads; 0 means 1. The results are the same bit for bit. A second one
	// pays from about 128 rows of 128 units on (1.3 to 2 times the speed); the cores
	// left over serve other trainings better.
	Threads int
	// Checkpoint, if it has a path, lets Fit go on where an earlier one was cut off.
	Checkpoint Checkpoint
	Hooks      Hooks
	// Clock tells the time that seconds and samples/s are measured with.
	// Default time.Now.
	Clock func() time.Time
}

// Hooks are called while Fit runs, on its goroutine. An error ends the training;
// Fit returns it wrapped, so that errors.Is finds it. Nil hooks are skipped.
type Hooks struct {
	// OnEpoch is called after every epoch and its validation.
	OnEpoch func(ctx context.Context, e Epoch) error
	// OnStep is called after every step with its number in the epoch, from 1,
	// and the number of steps an epoch has.
	OnStep func(ctx context.Context, epoch, step, steps int, r StepResult) error
}

// Trainer trains one network and holds its weights. It is used by one goroutine
// at a time; trainers share nothing, so any number may run at once.
type Trainer struct {
	cfg               Config // defaults filled in
	options           Options
	backend           Backend
	features, classes int // 0 before Fit or Load
	state             State
}

// New returns a trainer for a valid configuration.
func New(cfg Config, o Options) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	setDefault(&o.Backend, DefaultBackend)
	if o.Threads < 0 || o.Threads > MaxThreads {
		return nil, fmt.Errorf("nn: threads: got %d, want 1 to %d", o.Threads, MaxThreads)
	}
	setDefault(&o.Threads, 1)
	b, err := backend(o.Backend)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Trainer{cfg: cfg.WithDefaults(), options: o, backend: b}, nil
}

// Config returns the configuration with its defaults filled in.
func (t *Trainer) Config() Config { return t.cfg.WithDefaults() }

// Dims returns the number of values a row and of classes that the network is
// for; 0, 0 before Fit or Load.
func (t *Trainer) Dims() (features, classes int) { return t.features, t.classes }

// State returns the weights; the slices are the trainer's own and must not be
// changed. The moments are those of the end of Fit; with Patience there are none.
func (t *Trainer) State() (State, error) {
	if t.state.Weights == nil {
		return State{}, ErrUntrained
	}
	return t.state, nil
}

// Fit trains from newly drawn weights on all rows of train, the last short batch
// included, and measures every epoch on val; val may be nil.
//
// A training that was cut short still returns its Result so far, with the
// reason: a *DivergedError, a hook's error, or the cause of ctx, which is looked
// at before every step. The trainer then keeps the weights that it had before.
func (t *Trainer) Fit(ctx context.Context, train, val Dataset) (*Result, error) {
	f, err := t.newFit(train, val, t.options.Checkpoint)
	if err != nil {
		return nil, err
	}
	for epoch := len(f.result.History) + 1; epoch <= t.cfg.Epochs && !f.result.StoppedEarly; epoch++ {
		if err := f.epoch(ctx, epoch); err != nil {
			return f.result, err
		}
	}
	state := f.program.State()
	if t.cfg.Patience > 0 {
		state = f.bestState
	}
	if err := checkFinite(state, len(f.result.History)); err != nil {
		return f.result, err
	}
	t.state = state
	t.features, t.classes = train.Dims()
	return f.result, nil
}

// Program returns a network with newly drawn weights, bound to train, for those
// who write a loop of their own. Fit does not need it and the trainer does not
// keep it.
func (t *Trainer) Program(train Dataset) (Program, error) {
	f, err := t.newFit(train, nil, Checkpoint{})
	if err != nil {
		return nil, err
	}
	return f.program, nil
}

// fit is the state of a running Fit.
type fit struct {
	*Trainer
	program       Program
	val           *evaluation // nil: no validation set
	order         []int32     // the epoch's order of the training rows
	result        *Result
	bestState     State // kept only if Patience is set
	trainSeconds  float64
	withoutChange int // epochs since the last improvement
	reference     float64
	checkpoint    Checkpoint
	saved         time.Time // when the last checkpoint was written
}

func (t *Trainer) newFit(train, val Dataset, c Checkpoint) (*fit, error) {
	if isNone(train) {
		return nil, errors.New("nn: no training data: train is nil")
	}
	features, classes := train.Dims()
	if features < 1 || classes < 2 || classes > 256 {
		return nil, fmt.Errorf("nn: the training set has %d values a row and %d classes, want at least 1 and 2 to 256", features, classes)
	}
	if n := t.cfg.ParameterCount(features, classes); n > maxParameters {
		return nil, fmt.Errorf("nn: the network has %d parameters, more than %d: use a smaller width", n, maxParameters)
	}
	f := &fit{Trainer: t, checkpoint: c, order: make([]int32, train.Len()), result: &Result{Config: t.cfg, Parameters: t.cfg.ParameterCount(features, classes)}}
	if !isNone(val) {
		var err error
		if f.val, err = newEvaluation(val, features, classes); err != nil {
			return nil, fmt.Errorf("%w (in the validation set)", err)
		}
	} else if _, ok := (Epoch{}).Metric(t.cfg.Monitor); !ok && t.cfg.Patience > 0 {
		return nil, fmt.Errorf("nn: patience watches %s, but there is no validation set: give one, or set monitor to loss", t.cfg.Monitor)
	}
	start, ok := f.resume(features, classes)
	if !ok {
		start = InitialState(t.cfg, features, classes)
	}
	f.saved = t.options.Clock()
	var err error
	f.program, err = t.backend.New(t.cfg, train, start, t.options.Threads)
	return f, err
}

// epoch trains and validates one epoch and adds it to the history.
func (f *fit) epoch(ctx context.Context, number int) error {
	start := f.options.Clock()
	e := Epoch{Number: number}
	if err := f.train(ctx, &e); err != nil {
		return err
	}
	trained := f.options.Clock().Sub(start).Seconds()
	f.trainSeconds += trained
	e.SamplesPerSecond = throughput(len(f.order), trained)
	if f.val != nil {
		m, err := f.val.run(ctx, f.program)
		if err != nil {
			return err
		}
		if notFinite(m.Loss) {
			return &DivergedError{Epoch: number, What: "val_loss", Value: m.Loss}
		}
		e.Val = &m
	}
	e.Seconds = f.options.Clock().Sub(start).Seconds()
	if f.record(e) && f.cfg.Patience > 0 {
		f.bestState = State{Weights: f.program.State().Weights}
	}
	if hook := f.options.Hooks.OnEpoch; hook != nil {
		if err := hook(ctx, e); err != nil {
			return fmt.Errorf("nn: stopped after epoch %d: %w", number, err)
		}
	}
	f.save()
	return nil
}

// train runs the steps of one epoch.
func (f *fit) train(ctx context.Context, e *Epoch) error {
	shuffled(f.order, f.cfg.Seed, e.Number-1)
	size := min(f.cfg.BatchSize, len(f.order))
	steps := (len(f.order) + size - 1) / size
	loss, correct := 0.0, 0
	for s := range steps {
		if ctx.Err() != nil {
			return fmt.Errorf("nn: stopped in epoch %d: %w", e.Number, context.Cause(ctx))
		}
		rows := f.order[s*size : min((s+1)*size, len(f.order))]
		step := (e.Number-1)*steps + s
		r, err := f.program.Step(rows, StepArgs{LearningRate: f.cfg.rate(step, steps), Epoch: e.Number - 1, Step: step})
		if err != nil {
			return err
		}
		if notFinite(r.Loss) {
			return &DivergedError{Epoch: e.Number, Step: s + 1, What: "loss", Value: r.Loss}
		}
		loss += r.Loss * float64(len(rows))
		correct += r.Correct
		if hook := f.options.Hooks.OnStep; hook != nil {
			if err := hook(ctx, e.Number, s+1, steps, r); err != nil {
				return fmt.Errorf("nn: stopped in epoch %d: %w", e.Number, err)
			}
		}
	}
	n := float64(len(f.order))
	e.Train = Metrics{Loss: loss / n, Accuracy: float64(correct) / n}
	return nil
}

// record appends the epoch, keeps the result's summary up to date, and reports
// whether the epoch is the best one.
func (f *fit) record(e Epoch) (best bool) {
	r := f.result
	r.History = append(r.History, e)
	r.Seconds += e.Seconds
	r.SamplesPerSecond = throughput(len(f.order)*len(r.History), f.trainSeconds)
	value, ok := e.Metric(f.cfg.Monitor)
	if !ok {
		r.Best = e.Number
		return true
	}
	better := func(a, b float64) bool {
		if f.cfg.Monitor == "val_loss" || f.cfg.Monitor == "loss" {
			return a < b
		}
		return a > b
	}
	if leader, has := r.BestEpoch(); has {
		if old, _ := leader.Metric(f.cfg.Monitor); better(value, old) {
			r.Best = e.Number
		}
	} else {
		r.Best = e.Number
	}
	best = r.Best == e.Number
	if f.cfg.Patience == 0 {
		return best
	}
	if e.Number == 1 || better(value, f.reference) && math.Abs(value-f.reference) > f.cfg.MinDelta {
		f.reference, f.withoutChange = value, 0
	} else {
		f.withoutChange++
	}
	r.StoppedEarly = f.withoutChange >= f.cfg.Patience && e.Number < f.cfg.Epochs
	return best
}

// throughput returns n a second, 0 if the clock did not move.
func throughput(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}
