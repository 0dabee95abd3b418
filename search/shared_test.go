package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// openStudy opens a study as one of several processes would.
func openStudy(t testing.TB, o StudyOptions) *Study {
	t.Helper()
	s, err := OpenStudy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// curves reports nine steps that come closer to x, after random whiles.
func curves(ctx context.Context, e *Evaluation) (float64, error) {
	x, _ := e.Params.Float("x")
	best := math.Inf(1)
	for step := 1; step <= 9; step++ {
		if e.Number%3 == 0 {
			time.Sleep(time.Duration(e.Number%7) * 100 * time.Microsecond)
		}
		v := x + math.Abs(math.Sin(float64(e.Number*step)))/float64(step)
		best = min(best, v)
		if err := e.Report(ctx, step, v); err != nil {
			return 0, err
		}
	}
	return best, nil
}

// With any pruner and any number of workers there is one study for samplers that read no
// results, and up to the lag for others.
func TestPrunedStudiesAreTheSameForAnyNumberOfJobs(t *testing.T) {
	for name, p := range map[string]Pruner{"none": nil, "asha": ASHA{}, "median": Percentile{Startup: 3}, "percentile": Percentile{Percent: 25}, "hyperband": Hyperband{MaxSteps: 9}} {
		for _, sampler := range []Sampler{Random{}, Grid{}, Sobol{}, Halving{Resource: "epochs"}, reader{}} {
			space := []string{"x=0.0..1.0:n=40"}
			if _, ok := sampler.(Halving); ok {
				space = append(space, "epochs=1..9")
			}
			t.Run(fmt.Sprintf("%s/%T", name, sampler), func(t *testing.T) {
				var want []Trial
				for _, jobs := range []int{1, 2, 4} {
					s := newStudy(t, StudyOptions{Space: mustSpace(t, space...), Sampler: sampler, Pruner: p, Seed: 3, Lag: 8})
					if err := Optimize(t.Context(), s, curves, OptimizeOptions{Trials: 40, Jobs: jobs}); err != nil {
						t.Fatal(err)
					}
					got, states := essence(s.Trials()), map[State]int{}
					for _, trial := range got {
						states[trial.State]++
						if v, ok := trial.Value(); trial.State == Pruned && (!ok || v > trial.Reports[0].Value) {
							t.Errorf("pruned trial %d has the value %v, %v", trial.Number, v, ok)
						}
					}
					if p != nil && states[Pruned] < 5 || states[Complete] < 1 {
						t.Errorf("%d jobs: states %v", jobs, states)
					}
					if want == nil {
						want = got
					} else if !reflect.DeepEqual(got, want) {
						t.Errorf("%d jobs: another study", jobs)
					}
				}
			})
		}
	}
}

// host stands for an operating system that knows which workers are dead.
type host struct {
	mu   sync.Mutex
	dead map[string]bool
}

func (h *host) Dead(worker string) (dead, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead[worker], true
}

func (h *host) kill(worker string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead[worker] = true
}

// Two workers share a journal; the first dies in the middle of its trials. The second
// takes them over, also while it waits for them at a rung, and the study is that of a
// worker who was alone.
func TestDeadWorker(t *testing.T) {
	for name, p := range map[string]Pruner{"no pruner": nil, "asha": ASHA{}} {
		t.Run(name, func(t *testing.T) {
			options := func() StudyOptions {
				return StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Pruner: p, Seed: 3, Lag: 4, Journal: NewMemoryJournal()}
			}
			alone := openStudy(t, options())
			if err := Optimize(t.Context(), alone, curves, OptimizeOptions{Trials: 20}); err != nil {
				t.Fatal(err)
			}
			o, h := options(), &host{dead: map[string]bool{}}
			o.Workers = h
			first, second := o, o
			first.Worker, second.Worker = "first", "second"
			power, cut := context.WithCancel(t.Context())
			defer cut()
			a := openStudy(t, first)
			var begun atomic.Int32
			err := Optimize(power, a, func(ctx context.Context, e *Evaluation) (float64, error) {
				if e.Number >= 5 && begun.Add(1) == 2 {
					cut()
				}
				if e.Number >= 5 {
					<-ctx.Done()
					return 0, ctx.Err()
				}
				return curves(ctx, e)
			}, OptimizeOptions{Trials: 20, Jobs: 2})
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			b := openStudy(t, second)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			if trial, err := b.Ask(ctx); err == nil && trial.Number < 7 {
				t.Fatalf("trial %d was taken from a living worker", trial.Number)
			} else if err == nil {
				b.abandon(trial.Number, 1)
			}
			h.kill("first")
			if err := Optimize(t.Context(), b, curves, OptimizeOptions{Trials: 20}); err != nil {
				t.Fatal(err)
			}
			if got, want := essence(b.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if n := b.record.Trials[5].Attempt(); n != 2 {
				t.Errorf("trial 5 was begun %d times, want 2", n)
			}
		})
	}
}

// Two workers at work at once make one study, that of a worker alone.
func TestTwoWorkers(t *testing.T) {
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Pruner: ASHA{}, Seed: 3, Lag: 4}
	alone := newStudy(t, o)
	if err := Optimize(t.Context(), alone, curves, OptimizeOptions{Trials: 30}); err != nil {
		t.Fatal(err)
	}
	o.Journal, o.Workers = NewMemoryJournal(), &host{dead: map[string]bool{}}
	var both sync.WaitGroup
	var last *Study
	for range 2 {
		o.Worker = NewWorker()
		s := openStudy(t, o)
		last = s
		both.Go(func() {
			// In memory nobody polls; a worker that waits for the other looks again by hand.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for ctx.Err() == nil {
					_ = s.Refresh(ctx)
					time.Sleep(time.Millisecond)
				}
			}()
			if err := Optimize(ctx, s, curves, OptimizeOptions{Trials: 30, Jobs: 2}); err != nil {
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
}

// A worker that was silent for too long has lost its trial: what it still says of it
// changes nothing, and the first outcome stays.
func TestSilentWorkerLosesItsTrial(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Seed: 1, Journal: NewMemoryJournal(), Clock: clock}
	slow, quick := openStudy(t, o), openStudy(t, o)
	trial, err := slow.Ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.Report(t.Context(), trial.Number, 1, 0.5); err != nil {
		t.Fatal(err)
	}
	if err := quick.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(SilenceLimit / 2)
	if err := slow.beat(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	now = now.Add(SilenceLimit / 2)
	if other, err := quick.Ask(t.Context()); err != nil || other.Number != 1 {
		t.Fatalf("trial %d, %v: the other worker is alive", other.Number, err)
	}
	now = now.Add(SilenceLimit + time.Second)
	again, err := quick.Ask(t.Context())
	if err != nil || again.Number != 0 || len(again.Reports) != 0 {
		t.Fatalf("%+v, %v: want trial 0 from its beginning", again, err)
	}
	if err := slow.Report(t.Context(), 0, 2, 0.4); !errors.Is(err, ErrLost) {
		t.Errorf("a report of who has lost it: %v", err)
	}
	if err := quick.Report(t.Context(), 0, 1, 0.25); err != nil {
		t.Errorf("a second attempt reports a step again: %v", err)
	}
	if _, err := quick.Tell(t.Context(), 0, Outcome{Values: []float64{0.25}}); err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Tell(t.Context(), 0, Outcome{Values: []float64{9}}); !errors.Is(err, ErrFinished) {
		t.Errorf("a second outcome: %v", err)
	}
	if got := slow.Trials()[0]; got.Values[0] != 0.25 || len(got.Reports) != 1 || got.Reports[0].Value != 0.25 {
		t.Errorf("%+v", got)
	}
}

func TestOpenStudyRefusesAnother(t *testing.T) {
	base := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Seed: 1, Lag: 2, Journal: NewMemoryJournal(), Metrics: []string{"loss"}, Attrs: map[string]any{"method": "random"}}
	s := openStudy(t, base)
	if string(s.record.UserAttrs["method"]) != `"random"` || string(s.record.SystemAttrs["study:metric_names"]) != `["loss"]` {
		t.Errorf("attributes %v, %v", s.record.UserAttrs, s.record.SystemAttrs)
	}
	for what, change := range map[string]func(o *StudyOptions){
		"the space":      func(o *StudyOptions) { o.Space = mustSpace(t, "x=0.0..2.0") },
		"the seed":       func(o *StudyOptions) { o.Seed = 2 },
		"the lag":        func(o *StudyOptions) { o.Lag = 3 },
		"the directions": func(o *StudyOptions) { o.Directions = []Direction{Maximize} },
		"async":          func(o *StudyOptions) { o.Async = true },
	} {
		o := base
		change(&o)
		if _, err := OpenStudy(t.Context(), o); !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := OpenStudy(t.Context(), base); err != nil {
		t.Errorf("the same: %v", err)
	}
	if _, err := NewStudy(base); err == nil {
		t.Error("NewStudy takes no journal")
	}
	other := base
	other.Name, other.Seed = "other", 7
	if _, err := OpenStudy(t.Context(), other); err != nil {
		t.Errorf("a second study in the journal: %v", err)
	}
}

func TestBudgets(t *testing.T) {
	values := []float64{5, 4, 3, 3.5, 3.2, 3.1, 2, 9, 9, 9}
	objective := func(_ context.Context, e *Evaluation) (float64, error) { return values[e.Number], nil }
	target := 3.0
	for _, c := range []struct {
		o      OptimizeOptions
		want   int
		reason string
	}{
		{OptimizeOptions{Trials: 4}, 4, "4 trials"},
		{OptimizeOptions{Trials: 10, Target: &target}, 3, "target reached"},
		{OptimizeOptions{Trials: 10, Patience: 3}, 6, "no improvement in 3 trials"},
		{OptimizeOptions{Trials: 10, Patience: 4}, 10, "10 trials"},
		{OptimizeOptions{Trials: 10, Timeout: 5 * time.Second}, 3, "time is up"},
	} {
		now := time.Now()
		c.o.Clock = func() time.Time { now = now.Add(500 * time.Millisecond); return now }
		reason := ""
		c.o.OnEvent = func(e Event) {
			if e.Kind == Ended {
				reason = e.Reason
			}
		}
		s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
		if err := Optimize(t.Context(), s, objective, c.o); err != nil || len(s.Trials()) != c.want || reason != c.reason {
			t.Errorf("%+v: %d trials, %q, %v; want %d, %q", c.o, len(s.Trials()), reason, err, c.want, c.reason)
		}
	}
}

// Somebody asks a running study to end; its next search goes on if that is taken back.
func TestStopRequest(t *testing.T) {
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Journal: NewMemoryJournal()}
	s, other := openStudy(t, o), openStudy(t, o)
	err := Optimize(t.Context(), s, func(ctx context.Context, e *Evaluation) (float64, error) {
		if e.Number == 3 {
			return 1, other.RequestStop(ctx, true)
		}
		return 1, nil
	}, OptimizeOptions{Trials: 10})
	if err != nil || len(s.Trials()) != 4 {
		t.Errorf("%d trials, %v; want 4", len(s.Trials()), err)
	}
	if err := s.RequestStop(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := Optimize(t.Context(), s, func(context.Context, *Evaluation) (float64, error) { return 1, nil }, OptimizeOptions{Trials: 10}); err != nil || len(s.Trials()) != 10 {
		t.Errorf("%d trials, %v; want 10", len(s.Trials()), err)
	}
}

// An outcome that was computed when the search is interrupted is not lost.
func TestOutcomeAtTheInterruptionIsKept(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	ctx, cancel := context.WithCancel(t.Context())
	err := Optimize(ctx, s, func(context.Context, *Evaluation) (float64, error) {
		cancel()
		return 1, nil
	}, OptimizeOptions{Trials: 5})
	if trials := s.Trials(); !errors.Is(err, context.Canceled) || len(trials) != 1 || trials[0].State != Complete {
		t.Errorf("%v, %+v", err, trials)
	}
}

// faulty is a journal on a disk that is full for a while.
type faulty struct {
	*MemoryJournal
	full atomic.Bool
}

func (j *faulty) Update(ctx context.Context, from int64, decide func([]Op) ([]Op, error)) error {
	if j.full.Load() {
		return errors.New("no space left on device")
	}
	return j.MemoryJournal.Update(ctx, from, decide)
}

// optimize searches while the disk is full from those trials on, one after the other, and
// then to the end.
func (j *faulty) optimize(t *testing.T, s *Study, f Objective, trials int, full ...int) {
	t.Helper()
	for _, at := range full {
		err := Optimize(t.Context(), s, func(ctx context.Context, e *Evaluation) (float64, error) {
			j.full.Store(e.Number == at)
			return f(ctx, e)
		}, OptimizeOptions{Trials: trials, Jobs: 2})
		if !errors.Is(err, ErrJournal) || !strings.Contains(err.Error(), "no space left") {
			t.Fatalf("full at trial %d: %v", at, err)
		}
		j.full.Store(false)
	}
	if err := Optimize(t.Context(), s, f, OptimizeOptions{Trials: trials, Jobs: 2}); err != nil {
		t.Fatal(err)
	}
}

// A full disk ends the search; it fails no trial, and when there is room again the study
// ends as if nothing had happened.
func TestFullDisk(t *testing.T) {
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Pruner: ASHA{}, Seed: 3, Lag: 4}
	alone := newStudy(t, o)
	if err := Optimize(t.Context(), alone, curves, OptimizeOptions{Trials: 20}); err != nil {
		t.Fatal(err)
	}
	j := &faulty{MemoryJournal: NewMemoryJournal()}
	o.Journal = j
	s := openStudy(t, o)
	j.optimize(t, s, curves, 20, 0, 7, 13)
	if got, want := essence(s.Trials()), essence(alone.Trials()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// Who asks by hand takes no trial over and waits for nobody.
func TestDetached(t *testing.T) {
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Seed: 1, Journal: NewMemoryJournal(), Workers: &host{dead: map[string]bool{"worker": true}}, Worker: "worker", Pruner: ASHA{}}
	s := openStudy(t, o)
	if _, err := s.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Worker, o.Detached = "hand", true
	hand := openStudy(t, o)
	trial, err := hand.Ask(t.Context())
	if err != nil || trial.Number != 1 {
		t.Fatalf("trial %d, %v: want 1, not the dead worker's 0", trial.Number, err)
	}
	if err := hand.Report(t.Context(), 1, 1, 0.5); err != nil {
		t.Errorf("a report waits for nobody: %v", err)
	}
	if err := hand.SetAttr(1, "note", "hi"); err != nil {
		t.Fatal(err)
	}
	// A worker takes the dead one's trial over, not the one that somebody has in hand.
	o.Worker, o.Detached = "other", false
	other := openStudy(t, o)
	if trial, err := other.Ask(t.Context()); err != nil || trial.Number != 0 {
		t.Errorf("trial %d, %v", trial.Number, err)
	}
	if trial, err := other.Ask(t.Context()); err != nil || trial.Number != 2 {
		t.Errorf("trial %d, %v", trial.Number, err)
	}
	if told, err := hand.Tell(t.Context(), 1, Outcome{Values: []float64{0.5}}); err != nil || string(told.Attrs["note"]) != `"hi"` {
		t.Errorf("%+v, %v", told, err)
	}
}

func TestPrunersRefuseNonsense(t *testing.T) {
	for _, p := range []Pruner{ASHA{Eta: 1}, ASHA{MinSteps: -1}, Hyperband{Eta: 1}, Hyperband{MaxSteps: -3}, Percentile{Percent: 101}} {
		if _, err := NewStudy(StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Pruner: p}); err == nil {
			t.Errorf("%T%+v makes a study", p, p)
		}
	}
}
