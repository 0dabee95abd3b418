package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"sync"
	"time"
)

// Objective scores the parameters of an evaluation. It should return soon after
// ctx is done. An error fails the trial, not the study; ErrPruned prunes it.
type Objective func(ctx context.Context, e *Evaluation) (float64, error)

// MultiObjective scores the parameters of an evaluation by one value for each of the
// study's directions. It is an Objective otherwise; it need not report, since there is no
// pruning by several values.
type MultiObjective func(ctx context.Context, e *Evaluation) ([]float64, error)

// Evaluation is a trial in the hands of an Objective.
type Evaluation struct {
	Number int
	Params Params
	// Attempt counts how often the trial was begun, from 1; what an interrupted
	// attempt has reported may be reported once more.
	Attempt int
	loop    *loop
}

// Report records an intermediate value, for a network the metric after an epoch. It
// returns ErrPruned if the trial is to be stopped: return that from the objective. At a
// pruner's rung it waits for the trials of lower numbers.
func (e *Evaluation) Report(ctx context.Context, step int, value float64) error {
	err := e.loop.study.report(ctx, e.Number, e.Attempt, step, value, e.loop.rescue)
	if err != nil && !errors.Is(err, ErrPruned) {
		return err
	}
	e.loop.emit(Event{Kind: Reported, Trial: Trial{Number: e.Number, State: Running, Params: maps.Clone(e.Params)}, Report: Report{step, value}})
	return err
}

// SetAttr stores a value with the trial, as JSON under a key.
func (e *Evaluation) SetAttr(key string, value any) error {
	return e.loop.study.SetAttr(e.Number, key, value)
}

// OptimizeOptions say how long and how wide Optimize searches. Whatever budget is used
// up first ends the search; trials that have begun are evaluated to their end.
type OptimizeOptions struct {
	// Trials is the number of trials of the whole study, those that it has already and
	// those that were enqueued included, those of Add not. 0: until the space is
	// exhausted.
	Trials int
	// Timeout is how long this call begins new trials. 0: no limit.
	Timeout time.Duration
	// Target is the value that is good enough. Nil: none is.
	Target *float64
	// Patience ends the search when so many finished trials in a row, by their
	// numbers, were not better than the best before them; those of Add are not counted.
	// 0: never.
	Patience int
	// Jobs is how many trials are evaluated at a time. Default 1.
	Jobs int
	// OnEvent, if set, is told what happens, one event at a time.
	OnEvent func(Event)
	// Clock tells the time that Seconds and Timeout are measured with. Default
	// time.Now.
	Clock func() time.Time
}

// EventKind says what happened to a trial.
type EventKind uint8

const (
	Asked    EventKind = iota + 1 // it begins
	Reported                      // it has an intermediate value
	Told                          // it is finished
	Dropped                       // another worker has it
	Ended                         // the search ends; no trial
)

// Event is something that happened to a trial.
type Event struct {
	Kind   EventKind
	Trial  Trial
	Report Report // of Reported
	Reason string // of Ended: the budget that was used up
}

// PanicError is a panic of an objective; it fails the trial.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the objective panicked: %v", e.Value) }

// ErrAllFailed says that a search ended without a single complete trial.
var ErrAllFailed = errors.New("search: every trial failed")

// heartbeat is how often a search in a shared journal shows that it is alive.
const heartbeat = SilenceLimit / 3

// Optimize evaluates trials until a budget is used up or the space is exhausted. It has
// Jobs goroutines ask, evaluate and tell, and returns when all of them have ended. When
// ctx is done it returns an error that wraps its cause, and trials that were being
// evaluated stay Running; another Optimize of the study, in this process or a later one,
// evaluates them first. If trials that the study has evaluated have failed and none is
// complete or pruned, the error wraps ErrAllFailed and names the first failure.
func Optimize(ctx context.Context, s *Study, f Objective, o OptimizeOptions) error {
	if f == nil || len(s.options.Directions) != 1 {
		return fmt.Errorf("search: Optimize needs an objective for one direction (the study has %d)", len(s.options.Directions))
	}
	return optimize(ctx, s, func(ctx context.Context, e *Evaluation) ([]float64, error) {
		value, err := f(ctx, e)
		return []float64{value}, err
	}, o)
}

// OptimizeMulti is Optimize for a study of one or more directions. With several there is no
// single best value, so that Target and Patience must not be set; see ParetoFront for what
// has come of it.
func OptimizeMulti(ctx context.Context, s *Study, f MultiObjective, o OptimizeOptions) error {
	if f == nil {
		return errors.New("search: OptimizeMulti needs an objective")
	}
	if len(s.options.Directions) > 1 && (o.Target != nil || o.Patience > 0) {
		return fmt.Errorf("search: target and patience are for one objective (the study has %d)", len(s.options.Directions))
	}
	return optimize(ctx, s, f, o)
}

func optimize(ctx context.Context, s *Study, f MultiObjective, o OptimizeOptions) error {
	if o.Trials < 0 || o.Jobs < 0 || o.Timeout < 0 || o.Patience < 0 {
		return fmt.Errorf("search: trials, jobs, timeout and patience must not be negative (got %d, %d, %v, %d)", o.Trials, o.Jobs, o.Timeout, o.Patience)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	l := &loop{study: s, objective: f, options: o, start: o.Clock()}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.rescue = func(t Trial) error { return l.run(ctx, t) }
	var workers sync.WaitGroup
	for range max(1, o.Jobs) {
		workers.Go(func() {
			if err := l.work(ctx); err != nil {
				l.fail(err)
				cancel(err)
			}
		})
	}
	stop := l.beat(ctx, cancel)
	workers.Wait()
	stop()
	if l.err != nil {
		return l.err
	}
	l.emit(Event{Kind: Ended, Reason: l.reason})
	return s.checkOutcome()
}

// loop is what the workers of one Optimize share.
type loop struct {
	study     *Study
	objective MultiObjective
	options   OptimizeOptions
	rescue    rescuer // evaluates a trial that others wait for in vain
	start     time.Time
	events    sync.Mutex
	errOnce   sync.Once
	err       error
	endOnce   sync.Once
	reason    string
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

// end notes why the search ends; the first reason counts.
func (l *loop) end(reason string) { l.endOnce.Do(func() { l.reason = reason }) }

// work asks, evaluates and tells until there is nothing more to ask.
func (l *loop) work(ctx context.Context) error {
	for {
		t, err := l.study.ask(ctx, l.limit)
		switch {
		case errors.Is(err, ErrStopped):
			l.end("stop requested")
			return nil
		case errors.Is(err, errEnough):
			l.end(fmt.Sprintf("%d trials", l.study.used()))
			return nil
		case errors.Is(err, ErrExhausted):
			l.end("space exhausted")
			return nil
		case errors.Is(err, ErrConverged):
			l.end("nothing more to gain")
			return nil
		case err != nil:
			return err
		}
		if err := l.run(ctx, t); err != nil {
			return err
		}
	}
}

// limit returns how many trials the study may have now.
func (l *loop) limit() int {
	if reason := l.usedUp(); reason != "" {
		l.end(reason)
		return 0 // what was interrupted is finished still
	}
	if l.options.Trials == 0 {
		return math.MaxInt
	}
	return l.options.Trials
}

// usedUp returns which budget is used up, empty if none is.
func (l *loop) usedUp() string {
	o := &l.options
	if o.Timeout > 0 && l.options.Clock().Sub(l.start) >= o.Timeout {
		return "time is up"
	}
	if o.Target == nil && o.Patience == 0 {
		return ""
	}
	best, later, ok := l.study.progress()
	if ok && o.Target != nil && !l.study.options.Directions[0].Better(*o.Target, best) {
		return "target reached"
	}
	if o.Patience > 0 && later >= o.Patience {
		return fmt.Sprintf("no improvement in %d trials", later)
	}
	return ""
}

// run evaluates a trial and tells the study.
func (l *loop) run(ctx context.Context, t Trial) error {
	l.emit(Event{Kind: Asked, Trial: t})
	start := l.options.Clock()
	attempt := l.study.attemptOf(t.Number)
	values, err := l.evaluate(ctx, &Evaluation{Number: t.Number, Params: maps.Clone(t.Params), Attempt: attempt, loop: l})
	switch {
	case err == nil || errors.Is(err, ErrPruned):
	case ctx.Err() != nil: // an interrupted evaluation has no outcome
		l.study.abandon(t.Number, attempt)
		return stopped(ctx)
	case errors.Is(err, ErrJournal): // nor has one that could not be written down
		l.study.abandon(t.Number, attempt)
		return err
	case errors.Is(err, ErrLost):
		l.drop(t, attempt)
		return nil
	}
	// What was computed is written down, also when the search is interrupted now.
	told, err := l.study.tell(context.WithoutCancel(ctx), t.Number, attempt, Outcome{Values: values, Err: err, Seconds: l.options.Clock().Sub(start).Seconds()})
	switch {
	case errors.Is(err, ErrFinished) || errors.Is(err, ErrLost): // somebody else was first
		l.drop(t, attempt)
		return nil
	case err != nil:
		l.study.abandon(t.Number, attempt)
		return err
	}
	l.emit(Event{Kind: Told, Trial: told})
	return nil
}

// drop lets go of a trial that another worker has.
func (l *loop) drop(t Trial, attempt int) {
	l.study.abandon(t.Number, attempt)
	l.emit(Event{Kind: Dropped, Trial: t})
}

func (l *loop) evaluate(ctx context.Context, e *Evaluation) (values []float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	return l.objective(ctx, e)
}

// beat shows the workers of other processes that this one is alive, until stop is called.
// When it could not for so long that they must think it dead, it ends the search.
func (l *loop) beat(ctx context.Context, end func(error)) (stop func()) {
	if !l.study.shared {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		failures := 0
		for n := 1; ; n++ {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			err := l.study.beat(ctx, n)
			if failures++; err == nil {
				failures = 0
			}
			if ctx.Err() == nil && failures*int(heartbeat) >= int(SilenceLimit) {
				l.fail(err)
				end(err)
				return
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// checkOutcome returns an error if there are trials of the study's own and all have failed.
func (s *Study) checkOutcome() error {
	trials := s.Trials()
	first, failed := "", 0
	for _, t := range trials {
		switch {
		case t.Imported():
		case t.State == Complete || t.State == Pruned:
			return nil
		case t.State == Failed:
			if failed++; first == "" {
				first = fmt.Sprintf("trial %d (%v): %s", t.Number, t.Params, t.Error)
			}
		}
	}
	if first == "" {
		return nil
	}
	return fmt.Errorf("%w: all %d; the first, %s", ErrAllFailed, failed, first)
}
