package nn

import (
	"context"
	"fmt"
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
	// Default the system's, to a microsecond or better.
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
	b, err := LookupBackend(o.Backend)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = systemClock()
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
	f, err := t.Begin(train, val)
	if err != nil {
		return nil, err
	}
	for !f.Done() {
		if _, err := f.Epoch(ctx); err != nil {
			return f.Result(), err
		}
	}
	return f.Result(), f.Finish()
}

// Program returns a network with newly drawn weights, bound to train, for those
// who write a loop of their own. Fit does not need it and the trainer does not
// keep it.
func (t *Trainer) Program(train Dataset) (Program, error) {
	f, err := t.begin(train, nil, Checkpoint{})
	if err != nil {
		return nil, err
	}
	return f.program, nil
}
