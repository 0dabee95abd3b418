package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// oldTrials are results from elsewhere.
func oldTrials() []Trial {
	return []Trial{
		{State: Complete, Params: Params{"x": 0.25}, Values: []float64{3}, Seconds: 1.5, Attrs: map[string]json.RawMessage{AttrScores: json.RawMessage("[2.5, 3.5]"), AttrConstraints: json.RawMessage("[-1]"), gridCell: json.RawMessage("7")}},
		{State: Pruned, Params: Params{"x": 0.5}, Values: []float64{5}, Reports: []Report{{1, 5}, {2, 6}}},
		{State: Failed, Params: Params{"x": 0.75}, Error: "out of memory"},
		{State: Pruned, Params: Params{"x": 1.0}},
	}
}

func TestAdd(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	for i, want := range []int{4, 0, 0} { // the same ones again change nothing
		if n, err := s.Add(t.Context(), oldTrials()...); err != nil || n != want {
			t.Errorf("call %d: %d, %v; want %d", i, n, err, want)
		}
	}
	got := s.Trials()
	for i, want := range oldTrials() {
		g := got[i]
		if g.Number != i || g.State != want.State || !reflect.DeepEqual(g.Params, want.Params) || !reflect.DeepEqual(g.Values, want.Values) ||
			!reflect.DeepEqual(g.Reports, want.Reports) || g.Error != want.Error || g.Seconds != want.Seconds || !g.Imported() || want.Imported() {
			t.Errorf("got %+v, want %+v", g, want)
		}
	}
	if got[0].Scores()[1] != 3.5 || s.record.Trials[0].SystemAttrs[AttrConstraints] == nil {
		t.Errorf("scores %v, system attributes %v", got[0].Scores(), s.record.Trials[0].SystemAttrs)
	}
	if best, ok := s.Best(); !ok || best.Number != 0 {
		t.Errorf("the best is %+v", best)
	}
	// Two equal ones in one call are two; a third makes one more.
	same := Trial{State: Complete, Params: Params{"x": 0.125}, Values: []float64{1}}
	for i, c := range []struct {
		trials []Trial
		want   int
	}{{[]Trial{same, same}, 2}, {[]Trial{same}, 0}, {[]Trial{same, same, same}, 1}} {
		if n, err := s.Add(t.Context(), c.trials...); err != nil || n != c.want {
			t.Errorf("%d: %d, %v; want %d", i, n, err, c.want)
		}
	}
	// What another study has evaluated or imported can be added as it is.
	other := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	if n, err := other.Add(t.Context(), s.Trials()...); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if a, b := essence(s.Trials()), essence(other.Trials()); !reflect.DeepEqual(a, b) {
		t.Errorf("got %v\nwant %v", b, a)
	}
	if n, err := s.Enqueue(t.Context(), Params{"x": 0.25}); err != nil || n != 0 {
		t.Errorf("a configuration with a result was enqueued: %d, %v", n, err)
	}
}

func TestAddWithObjectives(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Directions: []Direction{Minimize, Maximize}})
	two := Trial{State: Complete, Params: Params{"x": 0.5}, Values: []float64{1, 2}}
	if n, err := s.Add(t.Context(), two); err != nil || n != 1 || !reflect.DeepEqual(s.Trials()[0].Values, two.Values) {
		t.Errorf("%d, %v", n, err)
	}
	two.Values = []float64{1}
	if _, err := s.Add(t.Context(), two); err == nil || !strings.Contains(err.Error(), "has 1 values, the study has 2 objectives") {
		t.Errorf("got %v", err)
	}
}

func TestAddRefuses(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	good := Trial{State: Complete, Params: Params{"x": 0.5}, Values: []float64{1}}
	for want, change := range map[string]func(*Trial){
		`parameter "x": 2 is outside 0..1 (trial 2 of 2 to be added: x=2)`: func(t *Trial) { t.Params = Params{"x": 2.0} },
		`parameter "x" is missing`:                    func(t *Trial) { t.Params = nil },
		"is complete, pruned or failed (got running)": func(t *Trial) { t.State = Running },
		"has 0 values, the study has 1 objectives":    func(t *Trial) { t.Values = nil },
		"has 2 values":                                    func(t *Trial) { t.State, t.Values = Pruned, []float64{1, 2} },
		"a failed trial has no values":                    func(t *Trial) { t.State = Failed },
		"only a failed trial has an error (got \"no\")":   func(t *Trial) { t.Error = "no" },
		"the values must be finite (got [NaN])":           func(t *Trial) { t.Values = []float64{math.NaN()} },
		"the seconds must be 0 or more":                   func(t *Trial) { t.Seconds = -1 },
		"less than a hundred years":                       func(t *Trial) { t.Seconds = math.Inf(1) },
		"finite, one a step (got [{1 2} {1 3}])":          func(t *Trial) { t.Reports = []Report{{1, 2}, {1, 3}} },
		"finite, one a step (got [{1 +Inf}])":             func(t *Trial) { t.Reports = []Report{{1, math.Inf(1)}} },
		`attribute "a" is no JSON`:                        func(t *Trial) { t.Attrs = map[string]json.RawMessage{"a": json.RawMessage("{")} },
		`attribute "mnist-tune:worker" is no JSON or has`: func(t *Trial) { t.Attrs = map[string]json.RawMessage{AttrWorker: json.RawMessage("1")} },
	} {
		bad := good
		change(&bad)
		if n, err := s.Add(t.Context(), good, bad); err == nil || !strings.Contains(err.Error(), want) || n != 0 {
			t.Errorf("%+v: %d, %v; want %q", bad, n, err, want)
		}
	}
	if n := len(s.Trials()); n != 0 {
		t.Errorf("%d trials were added", n)
	}
}

// watcher is Random that notes what it is shown.
type watcher struct {
	Random
	seen *[][]Trial
}

func (w watcher) Sample(ctx context.Context, req Request) (Params, error) {
	*w.seen = append(*w.seen, req.History)
	return w.Random.Sample(ctx, req)
}

// Samplers see imported results whatever the lag, and of the attributes scores and constraints only.
func TestSamplersSeeImportedResults(t *testing.T) {
	var seen [][]Trial
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: watcher{seen: &seen}, Lag: 9})
	if _, err := s.Add(t.Context(), oldTrials()...); err != nil {
		t.Fatal(err)
	}
	if err := Optimize(t.Context(), s, curves, OptimizeOptions{Trials: 2}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || len(seen[1]) != 5 {
		t.Fatalf("%d requests", len(seen))
	}
	for i, want := range oldTrials() {
		if got := seen[1][i]; got.State != want.State || !reflect.DeepEqual(got.Values, want.Values) || got.Attrs[gridCell] != nil || len(got.Scores()) != len(want.Scores()) || len(got.Constraints()) != len(want.Constraints()) {
			t.Errorf("seen: %+v, want %+v", got, want)
		}
	}
	if got := seen[1][4]; got.State != Running {
		t.Errorf("a trial within the lag is %v", got.State)
	}
}

// Imported trials use up no budget: neither trials nor patience; they may reach a target.
func TestImportedTrialsAndBudgets(t *testing.T) {
	worse := func(context.Context, *Evaluation) (float64, error) { return 9, nil }
	target := 3.0
	for i, c := range []struct {
		o      OptimizeOptions
		want   int // trials that the study evaluates
		reason string
	}{
		{OptimizeOptions{Trials: 3}, 3, "3 trials"},
		{OptimizeOptions{Trials: 9, Patience: 2}, 2, "no improvement in 2 trials"},
		{OptimizeOptions{Trials: 9, Target: &target}, 0, "target reached"},
	} {
		reason := ""
		c.o.OnEvent = func(e Event) {
			if e.Kind == Ended {
				reason = e.Reason
			}
		}
		s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
		if _, err := s.Add(t.Context(), oldTrials()...); err != nil {
			t.Fatal(err)
		}
		enqueue(t, s, Params{"x": 0.3125})
		err := Optimize(t.Context(), s, worse, c.o)
		evaluated := 0
		for _, trial := range s.Trials() {
			if trial.State.Finished() && !trial.Imported() {
				evaluated++
			}
		}
		if err != nil || evaluated != c.want || reason != c.reason {
			t.Errorf("%d: %d trials, %q, %v; want %d, %q", i, evaluated, reason, err, c.want, c.reason)
		}
	}
	// That all trials of the study's own have failed is an error still.
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0")})
	if _, err := s.Add(t.Context(), oldTrials()...); err != nil {
		t.Fatal(err)
	}
	err := Optimize(t.Context(), s, func(context.Context, *Evaluation) (float64, error) { return 0, errors.New("no") }, OptimizeOptions{Trials: 2})
	if !errors.Is(err, ErrAllFailed) || !strings.Contains(err.Error(), "all 2; the first, trial 4") {
		t.Errorf("got %v", err)
	}
}

// A study that is warmed up, filled and searched is the same for any number of workers.
func TestWarmStudyForAnyNumberOfJobs(t *testing.T) {
	old := newStudy(t, StudyOptions{Space: mixedSpace(t), Seed: 1})
	if err := Optimize(t.Context(), old, mixedCurve, OptimizeOptions{Trials: 8}); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]StudyOptions{
		"grid":        {Sampler: Grid{}},
		"reader asha": {Sampler: walk{}, Lag: 4, Pruner: ASHA{}},
	} {
		var want []Trial
		for _, jobs := range []int{1, 2, 4} {
			o.Space, o.Seed = mixedSpace(t), 11
			s := newStudy(t, o)
			if n, err := s.Add(t.Context(), old.Trials()...); n != 8 || err != nil {
				t.Fatal(n, err)
			}
			enqueue(t, s, mixedQueue()...)
			if err := Optimize(t.Context(), s, mixedCurve, OptimizeOptions{Trials: 12, Jobs: jobs}); err != nil {
				t.Fatal(err)
			}
			got := essence(s.Trials())
			if checkQueue(t, got, 8); len(got) != 20 {
				t.Fatalf("%s: %d trials", name, len(got))
			}
			if want == nil {
				want = got
			} else if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %d jobs give another study", name, jobs)
			}
		}
	}
}

func ExampleStudy_Add() {
	space, _ := ParseSpace([]string{"rate=1e-4..1.0:log"})
	study, _ := NewStudy(StudyOptions{Space: space, Seed: 1})
	ctx := context.Background()
	added, err := study.Add(ctx,
		Trial{State: Complete, Params: Params{"rate": 0.01}, Values: []float64{0.25}},
		Trial{State: Failed, Params: Params{"rate": 1.0}, Error: "diverged"},
	)
	fmt.Println(added, err)
	err = Optimize(ctx, study, func(context.Context, *Evaluation) (float64, error) { return 0.5, nil }, OptimizeOptions{Trials: 3})
	best, _ := study.Best()
	fmt.Println(len(study.Trials()), best.Number, best.Imported(), err)
	// Output:
	// 2 <nil>
	// 5 0 true <nil>
}
