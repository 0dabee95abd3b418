package search

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A queue, a worker that dies in the middle of it and one that takes it over.
func TestDeadWorkerInTheQueue(t *testing.T) {
	options := func() StudyOptions {
		return StudyOptions{Space: mixedSpace(t), Sampler: walk{}, Pruner: ASHA{}, Seed: 3, Lag: 4, Journal: NewMemoryJournal()}
	}
	alone := openStudy(t, options())
	enqueue(t, alone, mixedQueue()...)
	if err := Optimize(t.Context(), alone, mixedCurve, OptimizeOptions{Trials: 15}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int32{1, 3, 6, 9} {
		o, h := options(), &host{dead: map[string]bool{}}
		o.Workers = h
		first, second := o, o
		first.Worker, second.Worker = "first", "second"
		a := openStudy(t, first)
		enqueue(t, a, mixedQueue()...)
		power, cut := context.WithCancel(t.Context())
		var begun atomic.Int32
		err := Optimize(power, a, func(ctx context.Context, e *Evaluation) (float64, error) {
			if begun.Add(1) >= at {
				cut()
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return mixedCurve(ctx, e)
		}, OptimizeOptions{Trials: 15, Jobs: 2})
		if cut(); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		h.kill("first")
		b := openStudy(t, second)
		if err := Optimize(t.Context(), b, mixedCurve, OptimizeOptions{Trials: 15, Jobs: 2}); err != nil {
			t.Fatal(err)
		}
		if got, want := essence(b.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
			t.Errorf("dead at %d: got %v\nwant %v", at, got, want)
		}
	}
}

// tearing is a journal whose machine loses power in the middle of an update: keep of its
// operations are left.
type tearing struct {
	*MemoryJournal
	size, keep int // of the update that is torn
	torn       bool
}

var errPower = errors.New("no power")

func (j *tearing) Update(ctx context.Context, from int64, decide func([]Op) ([]Op, error)) error {
	if j.torn {
		return errPower
	}
	err := j.MemoryJournal.Update(ctx, from, func(tail []Op) ([]Op, error) {
		ops, err := decide(tail)
		if err == nil && len(ops) == j.size && ops[0].Code == SetParam {
			j.torn = true
			return ops[:j.keep], nil
		}
		return ops, err
	})
	if err == nil && j.torn {
		err = errPower
	}
	return err
}

// Whatever is left of the operations that begin a waiting trial, the study ends as if
// nothing had happened.
func TestTornBeginning(t *testing.T) {
	queue := slices.Concat(mixedQueue()[1:2], mixedQueue()[:1], mixedQueue()[2:])
	o := StudyOptions{Space: mixedSpace(t), Sampler: walk{}, Seed: 3, Lag: 2}
	alone := newStudy(t, o)
	enqueue(t, alone, queue...)
	if err := Optimize(t.Context(), alone, mixedCurve, OptimizeOptions{Trials: 10}); err != nil {
		t.Fatal(err)
	}
	const whole = 7 // 4 parameters, the worker, the attempt, the state
	for keep := range whole + 1 {
		h, j := &host{dead: map[string]bool{}}, &tearing{MemoryJournal: NewMemoryJournal(), size: whole, keep: keep}
		o.Journal, o.Worker, o.Workers = j, "first", h
		a := openStudy(t, o)
		enqueue(t, a, queue...)
		if err := Optimize(t.Context(), a, mixedCurve, OptimizeOptions{Trials: 10}); !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		h.kill("first")
		j.torn, j.size = false, -1
		o.Worker = "second"
		b := openStudy(t, o)
		torn := slices.IndexFunc(b.Trials(), func(t Trial) bool { return !t.State.Finished() })
		if state := b.Trials()[torn].State; (state == Running) != (keep == whole) {
			t.Errorf("with %d operations left trial %d is %v", keep, torn, state)
		}
		if err := Optimize(t.Context(), b, mixedCurve, OptimizeOptions{Trials: 10}); err != nil {
			t.Fatal(err)
		}
		if got, want := essence(b.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
			t.Errorf("with %d operations left: got %v\nwant %v", keep, got, want)
		}
	}
}

// A full disk in the middle of a queue loses nothing and fails nothing.
func TestFullDiskInTheQueue(t *testing.T) {
	o := StudyOptions{Space: mixedSpace(t), Sampler: walk{}, Seed: 3, Lag: 4}
	alone := newStudy(t, o)
	enqueue(t, alone, mixedQueue()...)
	if err := Optimize(t.Context(), alone, mixedCurve, OptimizeOptions{Trials: 12}); err != nil {
		t.Fatal(err)
	}
	j := &faulty{MemoryJournal: NewMemoryJournal()}
	o.Journal = j
	s := openStudy(t, o)
	j.full.Store(true)
	if n, err := s.Enqueue(t.Context(), mixedQueue()...); !errors.Is(err, ErrJournal) || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	j.full.Store(false)
	enqueue(t, s, mixedQueue()...)
	j.optimize(t, s, mixedCurve, 12, 0, 2, 5)
	if got, want := essence(s.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// Two workers share a queue: every trial is evaluated once, and it is the study of one.
func TestTwoWorkersShareTheQueue(t *testing.T) {
	o := StudyOptions{Space: mixedSpace(t), Sampler: walk{}, Pruner: ASHA{}, Seed: 3, Lag: 4}
	alone := newStudy(t, o)
	enqueue(t, alone, mixedQueue()...)
	if err := Optimize(t.Context(), alone, mixedCurve, OptimizeOptions{Trials: 25}); err != nil {
		t.Fatal(err)
	}
	o.Journal, o.Workers = NewMemoryJournal(), &host{dead: map[string]bool{}}
	enqueue(t, openStudy(t, o), mixedQueue()...)
	var evaluated [25]atomic.Int32
	var both sync.WaitGroup
	var last *Study
	for range 2 {
		o.Worker = NewWorker()
		s := openStudy(t, o)
		last = s
		both.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { // in memory nobody tells of the other's operations
				for ctx.Err() == nil {
					_ = s.Refresh(ctx)
					time.Sleep(time.Millisecond)
				}
			}()
			if err := Optimize(ctx, s, func(ctx context.Context, e *Evaluation) (float64, error) {
				evaluated[e.Number].Add(1)
				return mixedCurve(ctx, e)
			}, OptimizeOptions{Trials: 25, Jobs: 2}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if err := last.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := essence(last.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for i := range evaluated {
		if n := evaluated[i].Load(); n != 1 {
			t.Errorf("trial %d was evaluated %d times", i, n)
		}
	}
}
