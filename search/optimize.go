package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"
	"time"
)

// Objective scores the parameters of an evaluation. It should return soon after
// ctx is done. An error fails the trial, not the study.
type Objective func(ctx context.Context, e *Evaluation) (float64, error)

// Evaluation is a trial in the hands of an Objective.
type Evaluation struct {
	Number int
	Params Params
	study  *Study
	emit   func(Event)
}

// Report records an intermediate value, for a network the metric after an epoch.
func (e *Evaluation) Report(step int, value float64) error {
	if err := e.study.Report(e.Number, step, value); err != nil {
		return err
	}
	e.emit(Event{Kind: Reported, Trial: Trial{Number: e.Number, State: Running, Params: maps.Clone(e.Params)}, Report: Report{step, value}})
	return nil
}

// SetAttr stores a value with the trial, as JSON under a key.
func (e *Evaluation) SetAttr(key string, value any) error {
	return e.study.SetAttr(e.Number, key, value)
}

// OptimizeOptions say how long and how wide Optimize searches.
type OptimizeOptions struct {
	// Trials is the number of trials of the whole study, those that it has
	// already included. 0: until the space is exhausted.
	Trials int
	// Jobs is how many trials are evaluated at a time. Default 1.
	Jobs int
	// OnEvent, if set, is told what happens, one event at a time.
	OnEvent func(Event)
	// Clock tells the time that Seconds is measured with. Default time.Now.
	Clock func() time.Time
}

// EventKind says what happened to a trial.
type EventKind uint8

const (
	Asked    EventKind = iota + 1 // it begins
	Reported                      // it has an intermediate value
	Told                          // it is finished
)

// Event is something that happened to a trial.
type Event struct {
	Kind   EventKind
	Trial  Trial
	Report Report // of Reported
}

// PanicError is a panic of an objective; it fails the trial.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the objective panicked: %v", e.Value) }

// ErrAllFailed says that a search ended without a single complete trial.
var ErrAllFailed = errors.New("search: every trial failed")

// Optimize evaluates trials until the study has as many as wanted or the space
// is exhausted. It has Jobs goroutines ask, evaluate and tell, and returns when
// all of them have ended. When ctx is done it returns an error that wraps its
// cause, and trials that were being evaluated stay Running; another Optimize of the
// study evaluates them first, from their beginning. If no trial of the
// study is complete at the end, the error wraps ErrAllFailed and names the first
// failure.
func Optimize(ctx context.Context, s *Study, f Objective, o OptimizeOptions) error {
	if f == nil || len(s.options.Directions) != 1 {
		return fmt.Errorf("search: Optimize needs an objective for one direction (the study has %d)", len(s.options.Directions))
	}
	if o.Trials < 0 || o.Jobs < 0 {
		return fmt.Errorf("search: trials and jobs must not be negative (got %d, %d)", o.Trials, o.Jobs)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	l := &loop{study: s, objective: f, options: o}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range max(1, o.Jobs) {
		workers.Go(func() {
			if err := l.work(ctx); err != nil {
				l.fail(err)
				cancel(err)
			}
		})
	}
	workers.Wait()
	if l.err != nil {
		return l.err
	}
	return s.checkOutcome()
}

// loop is what the workers of one Optimize share.
type loop struct {
	study     *Study
	objective Objective
	options   OptimizeOptions
	events    sync.Mutex
	errOnce   sync.Once
	err       error
}

func (l *loop) fail(err error) { l.errOnce.Do(func() { l.err = err }) }

func (l *loop) emit(e Event) {
	if l.options.OnEvent == nil {
		return
	}
	l.events.Lock()
	defer l.events.Unlock()
	l.options.OnEvent(e)
}

// work asks, evaluates and tells until there is nothing more to ask.
func (l *loop) work(ctx context.Context) error {
	limit := l.options.Trials
	if limit == 0 {
		limit = int(^uint(0) >> 1)
	}
	for {
		t, err := l.study.ask(ctx, limit)
		switch {
		case errors.Is(err, errEnough) || errors.Is(err, ErrExhausted):
			return nil
		case err != nil:
			return err
		}
		l.emit(Event{Kind: Asked, Trial: t})
		start := l.options.Clock()
		value, err := l.evaluate(ctx, &Evaluation{Number: t.Number, Params: maps.Clone(t.Params), study: l.study, emit: l.emit})
		if err != nil && ctx.Err() != nil {
			l.study.abandon(t.Number) // an interrupted evaluation has no outcome
			return stopped(ctx)
		}
		told, err := l.study.Tell(t.Number, Outcome{Values: []float64{value}, Err: err, Seconds: l.options.Clock().Sub(start).Seconds()})
		if err != nil {
			return err
		}
		l.emit(Event{Kind: Told, Trial: told})
	}
}

func (l *loop) evaluate(ctx context.Context, e *Evaluation) (value float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	return l.objective(ctx, e)
}

// checkOutcome returns an error if there are trials and all have failed.
func (s *Study) checkOutcome() error {
	trials := s.Trials()
	first := ""
	for _, t := range trials {
		switch {
		case t.State == Complete:
			return nil
		case t.State != Failed:
		case first == "":
			first = fmt.Sprintf("trial %d (%v): %s", t.Number, t.Params, t.Error)
		}
	}
	if first == "" {
		return nil
	}
	return fmt.Errorf("%w: all %d; the first, %s", ErrAllFailed, len(trials), first)
}
