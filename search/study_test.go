package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func rawAttrs(t *testing.T, attrs map[string]any) map[string]json.RawMessage {
	t.Helper()
	out := map[string]json.RawMessage{}
	for k, v := range attrs {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[k] = data
	}
	return out
}

func newStudy(t testing.TB, o StudyOptions) *Study {
	t.Helper()
	s, err := NewStudy(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reader is a sampler whose proposals depend on every result it may see.
type reader struct{}

func (reader) Sample(_ context.Context, req Request) (Params, error) {
	sum := req.Rand.Float64()
	for _, t := range req.History {
		x, _ := t.Params.Float("x")
		sum += 0.1 * x
		if v, ok := t.Value(); ok {
			sum += math.Sin(v) * float64(t.Number+1)
		}
		for _, r := range t.Reports {
			sum += r.Value
		}
		sum += float64(len(t.Attrs))
	}
	req.Attrs["saw"] = len(req.History)
	return Params{"x": math.Abs(math.Mod(sum, 1))}, nil
}

// jitter scores x after a random while, with reports and an attribute.
func jitter(ctx context.Context, e *Evaluation) (float64, error) {
	x, _ := e.Params.Float("x")
	for step := 1; step <= 2; step++ {
		time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
		if err := e.Report(ctx, step, x*float64(step)); err != nil {
			return 0, err
		}
	}
	if e.Number%7 == 3 {
		return 0, errors.New("sevens fail")
	}
	return x * x, e.SetAttr("double", 2*x)
}

// essence is what must not depend on time.
func essence(trials []Trial) []Trial {
	for i := range trials {
		trials[i].Seconds = 0
	}
	return trials
}

// The same seed gives the same trials for any number of workers: for samplers
// that read no results always, for others up to the lag.
func TestSameTrialsForAnyNumberOfJobs(t *testing.T) {
	for name, c := range map[string]struct {
		sampler Sampler
		space   []string
		lag     int
		jobs    []int
	}{
		"random":       {Random{}, []string{"x=0.0..1.0", "y=a,b"}, 1, []int{1, 2, 4, 9}},
		"grid":         {Grid{}, []string{"x=0.0..1.0:n=30"}, 1, []int{1, 2, 4}},
		"reader lag 1": {reader{}, []string{"x=0.0..1.0"}, 1, []int{1, 3}},
		"reader lag 4": {reader{}, []string{"x=0.0..1.0"}, 4, []int{1, 2, 4, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			var want []Trial
			for _, jobs := range c.jobs {
				s := newStudy(t, StudyOptions{Space: mustSpace(t, c.space...), Sampler: c.sampler, Seed: 11, Lag: c.lag})
				if err := Optimize(t.Context(), s, jitter, OptimizeOptions{Trials: 30, Jobs: jobs}); err != nil {
					t.Fatal(err)
				}
				got := essence(s.Trials())
				if len(got) != 30 {
					t.Fatalf("%d trials", len(got))
				}
				if want == nil {
					want = got
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%d jobs give other trials than %d", jobs, c.jobs[0])
				}
			}
		})
	}
}

// A shorter study is the beginning of a longer one.
func TestAShorterStudyIsAPrefix(t *testing.T) {
	run := func(trials int) []Trial {
		s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Seed: 5, Lag: 2})
		if err := Optimize(t.Context(), s, jitter, OptimizeOptions{Trials: trials, Jobs: 2}); err != nil {
			t.Fatal(err)
		}
		return essence(s.Trials())
	}
	if short, long := run(8), run(15); !reflect.DeepEqual(short, long[:8]) {
		t.Error("8 trials are not the first 8 of 15")
	}
}

func TestAskTell(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Directions: []Direction{Maximize}, Seed: 1})
	for i, o := range []Outcome{
		{Values: []float64{0.5}, Seconds: 2},
		{Values: []float64{0.75}},
		{Values: []float64{math.NaN()}},
		{Values: []float64{math.Inf(1)}},
		{Err: errors.New("out of memory")},
		{Values: []float64{0.75}},
	} {
		trial, err := s.Ask(t.Context())
		if err != nil || trial.Number != i || trial.State != Running {
			t.Fatalf("%+v, %v", trial, err)
		}
		if told, err := s.Tell(t.Context(), i, o); err != nil || !told.State.Finished() {
			t.Fatalf("%+v, %v", told, err)
		}
	}
	got := s.Trials()
	for i, want := range []struct {
		state State
		text  string
	}{{Complete, ""}, {Complete, ""}, {Failed, "the value is NaN"}, {Failed, "the value is +Inf"}, {Failed, "out of memory"}, {Complete, ""}} {
		if got[i].State != want.state || got[i].Error != want.text || (want.state == Failed) != (len(got[i].Values) == 0) {
			t.Errorf("trial %d: %+v", i, got[i])
		}
	}
	if best, ok := s.Best(); !ok || best.Number != 1 {
		t.Errorf("the best is %+v, want trial 1 (the first of two equal ones)", best)
	}
	if got[0].Seconds != 2 {
		t.Errorf("seconds: %v", got[0].Seconds)
	}
}

func TestWrongCallsChangeNothing(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	if _, err := s.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	_, err := s.Tell(t.Context(), 0, Outcome{Values: []float64{1, 2}})
	check("two values", err, "told 2 values, the study has 1 objectives")
	_, err = s.Tell(t.Context(), 0, Outcome{})
	check("no value", err, "told 0 values")
	_, err = s.Tell(t.Context(), 3, Outcome{})
	check("no such trial", err, "no trial 3 (the study has 1)")
	check("NaN", s.Report(t.Context(), 0, 1, math.NaN()), "reported at step 1 is NaN")
	if err := s.Report(t.Context(), 0, 1, 5); err != nil {
		t.Fatal(err)
	}
	check("a step twice", s.Report(t.Context(), 0, 1, 6), "a second time")
	check("no JSON", s.SetAttr(0, "f", func() {}), "attribute")
	if _, err := s.Tell(t.Context(), 0, Outcome{Values: []float64{1}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Tell(t.Context(), 0, Outcome{Values: []float64{2}})
	if !errors.Is(err, ErrFinished) {
		t.Errorf("a second tell: %v", err)
	}
	if err := s.Report(t.Context(), 0, 2, 1); !errors.Is(err, ErrFinished) {
		t.Errorf("a late report: %v", err)
	}
	got := s.Trials()[0]
	if got.State != Complete || got.Values[0] != 1 || len(got.Reports) != 1 {
		t.Errorf("%+v", got)
	}
	got.Params["x"], got.Values[0], got.Reports[0].Value = 9.0, 9, 9
	if again := s.Trials()[0]; again.Params["x"] == 9.0 || again.Values[0] == 9 || again.Reports[0].Value == 9 {
		t.Error("changing a copy changed the study")
	}
	for _, o := range []StudyOptions{{}, {Space: mustSpace(t, "x=1..2"), Lag: -1}, {Space: mustSpace(t, "x=1..2"), Directions: []Direction{7}}} {
		if _, err := NewStudy(o); err == nil {
			t.Errorf("%+v makes a study", o)
		}
	}
}

// An Ask that must wait for a result ends with its context.
func TestWaitingAskEndsWithItsContext(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}})
	if _, err := s.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Tell(t.Context(), 0, Outcome{Values: []float64{1}}); err != nil {
		t.Fatal(err)
	}
	if trial, err := s.Ask(t.Context()); err != nil || trial.Number != 1 {
		t.Errorf("after the result: %+v, %v", trial, err)
	}
}

func TestOptimizeCancelled(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("coffee is ready")
	var done atomic.Int32
	err := Optimize(ctx, s, func(ctx context.Context, e *Evaluation) (float64, error) {
		if done.Add(1) > 5 {
			cancel(enough)
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}
		return 1, nil
	}, OptimizeOptions{Trials: 100, Jobs: 2})
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	states := map[State]int{}
	for _, trial := range s.Trials() {
		states[trial.State]++
	}
	if states[Complete] != 5 || states[Failed] != 0 || states[Running] < 1 {
		t.Errorf("states: %v, want 5 complete and the interrupted ones running", states)
	}
}

// A study that was interrupted goes on, its interrupted trial first, and ends as
// if nothing had happened; the sampler reads results, so that asks wait for them.
func TestOptimizeGoesOnAfterAnInterruption(t *testing.T) {
	options := StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Seed: 5}
	objective := func(ctx context.Context, e *Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		e.Params["x"] = -1.0 // the study's record is its own
		return x, e.Report(ctx, 1, x)
	}
	whole := newStudy(t, options)
	if err := Optimize(t.Context(), whole, objective, OptimizeOptions{Trials: 6}); err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, options)
	ctx, cancel := context.WithCancel(t.Context())
	err := Optimize(ctx, s, func(ctx context.Context, e *Evaluation) (float64, error) {
		if e.Number == 3 {
			if err := e.Report(ctx, 1, 0.5); err != nil {
				t.Error(err)
			}
			cancel()
			return 0, ctx.Err()
		}
		return objective(ctx, e)
	}, OptimizeOptions{Trials: 6})
	if !errors.Is(err, context.Canceled) || len(s.Trials()) != 4 {
		t.Fatalf("%v after %d trials", err, len(s.Trials()))
	}
	if err := Optimize(t.Context(), s, objective, OptimizeOptions{Trials: 6}); err != nil {
		t.Fatal(err)
	}
	got, want := s.Trials(), whole.Trials()
	for i := range want {
		got[i].Seconds, want[i].Seconds = 0, 0
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// A sampler that panics ends the search with an error.
func TestPanickingSampler(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: (*panicking)(nil)})
	if err := Optimize(t.Context(), s, jitter, OptimizeOptions{Trials: 3}); err == nil || !strings.Contains(err.Error(), "panicked at trial 0") {
		t.Errorf("got %v", err)
	}
}

type panicking struct{ x float64 }

func (p *panicking) Sample(context.Context, Request) (Params, error) { return Params{"x": p.x}, nil }

func TestOptimizeFailures(t *testing.T) {
	space := mustSpace(t, "x=0.0..1.0")
	s := newStudy(t, StudyOptions{Space: space})
	err := Optimize(t.Context(), s, func(context.Context, *Evaluation) (float64, error) { panic("boom") }, OptimizeOptions{Trials: 3, Jobs: 2})
	if !errors.Is(err, ErrAllFailed) || !strings.Contains(err.Error(), "all 3; the first, trial 0 (x=") || !strings.Contains(err.Error(), "panicked: boom") {
		t.Errorf("got %v", err)
	}
	s = newStudy(t, StudyOptions{Space: space})
	if err := Optimize(t.Context(), s, func(_ context.Context, e *Evaluation) (float64, error) {
		if e.Number == 2 {
			return 1, nil
		}
		return 0, errors.New("no")
	}, OptimizeOptions{Trials: 3}); err != nil {
		t.Errorf("one success of three: %v", err)
	}
	s = newStudy(t, StudyOptions{Space: space, Sampler: broken{}})
	if err := Optimize(t.Context(), s, jitter, OptimizeOptions{Trials: 3}); err == nil || !strings.Contains(err.Error(), "from the sampler, for trial 0") {
		t.Errorf("a sampler out of the space: %v", err)
	}
}

type broken struct{}

func (broken) Sample(context.Context, Request) (Params, error) { return Params{"x": 2.0}, nil }

func TestOptimizeEndsWithTheSpace(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=1..3", "y=a,b"), Sampler: Grid{}})
	var events []string
	err := Optimize(t.Context(), s, func(ctx context.Context, e *Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		return x, e.Report(ctx, 1, x)
	}, OptimizeOptions{OnEvent: func(e Event) { events = append(events, fmt.Sprint(e.Kind, e.Trial.Number, e.Report.Step)) }})
	if err != nil || len(s.Trials()) != 6 {
		t.Errorf("%d trials, %v", len(s.Trials()), err)
	}
	if want := []string{"1 0 0", "2 0 1", "3 0 0", "1 1 0"}; !slices.Equal(events[:4], want) || len(events) != 19 || events[18] != "5 0 0" {
		t.Errorf("events %v", events)
	}
	// The study goes on from where it is, and there is nothing left.
	if err := Optimize(t.Context(), s, jitter, OptimizeOptions{Trials: 10}); err != nil || len(s.Trials()) != 6 {
		t.Errorf("%d trials, %v", len(s.Trials()), err)
	}
}

func TestTrialJSON(t *testing.T) {
	in := Trial{Number: 3, State: Pruned, Params: Params{"x": 0.5}, Values: []float64{1}, Reports: []Report{{1, 0.25}}, Attrs: map[string]json.RawMessage{"a": []byte("1")}}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"number":3,"state":"pruned","params":{"x":0.5},"values":[1],"reports":[{"step":1,"value":0.25}],"attrs":{"a":1}}`; string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	var out Trial
	if err := json.Unmarshal(data, &out); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"state":"resting"}`), &out); err == nil {
		t.Error("an unknown state was read")
	}
}
