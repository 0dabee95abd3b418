package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	mixedRate  = "rate=1e-4..1.0:log"
	mixedSize  = "size=32,64,128"
	mixedRule  = "rule=sgd,adam"
	mixedSpeed = "speed=0.5..0.9:when=rule=sgd"
)

func mixedSpace(t testing.TB) Space { return mustSpace(t, mixedRate, mixedSize, mixedRule, mixedSpeed) }

func enqueue(t testing.TB, s *Study, params ...Params) {
	t.Helper()
	if n, err := s.Enqueue(t.Context(), params...); err != nil || n != len(params) {
		t.Fatalf("%d of %d enqueued, %v", n, len(params), err)
	}
}

// walk is a sampler of the mixed space whose proposals depend on all it may see.
type walk struct{}

func (walk) Sample(ctx context.Context, req Request) (Params, error) {
	r, err := reader{}.Sample(ctx, req)
	if err != nil {
		return nil, err
	}
	x, _ := r.Float("x")
	for _, t := range req.History {
		rate, _ := t.Params.Float("rate")
		x = math.Mod(x+rate, 1)
	}
	return req.Space.Decode([]float64{x, math.Mod(7*x, 1), math.Mod(13*x, 1), math.Mod(29*x, 1)}), nil
}

// mixedCurve reports nine steps that depend on the parameters alone, after random whiles.
func mixedCurve(ctx context.Context, e *Evaluation) (float64, error) {
	rate, _ := e.Params.Float("rate")
	size, _ := e.Params.Float("size")
	e.Params = Params{"x": math.Mod(rate*100+size/100, 1)}
	return curves(ctx, e)
}

// The queue of the tests below: whole configurations and parts of one.
func mixedQueue() []Params {
	return []Params{
		{"rate": 0.01, "size": 64, "rule": "sgd", "speed": 0.75},
		{"size": 128},
		{"rate": 0.5, "size": 32, "rule": "adam"},
		{"rule": "sgd"},
		{"speed": 0.8, "rate": 0.25}, // where the rule is sgd
		{"rate": 0.125, "size": 64.0, "rule": "adam"},
	}
}

func checkQueue(t *testing.T, trials []Trial, first int) {
	t.Helper()
	space := mixedSpace(t)
	for i, fixed := range mixedQueue() {
		p := trials[first+i].Params
		if _, err := space.Check(p); err != nil {
			t.Errorf("trial %d: %v", first+i, err)
		}
		for name, v := range fixed {
			if name == "speed" && p["rule"] == "adam" {
				continue
			}
			if number(p[name]) != number(v) && p[name] != v {
				t.Errorf("trial %d is %v, want %s=%v", first+i, p, name, v)
			}
		}
	}
}

// A queue that was made before the search gives one study for any number of workers.
func TestQueueGivesOneStudyForAnyNumberOfJobs(t *testing.T) {
	for name, o := range map[string]StudyOptions{
		"random":      {Sampler: Random{}},
		"random asha": {Sampler: Random{}, Pruner: ASHA{}},
		"grid":        {Sampler: Grid{}, Pruner: Percentile{}},
		"reader":      {Sampler: walk{}, Lag: 4},
		"reader asha": {Sampler: walk{}, Lag: 4, Pruner: ASHA{}},
	} {
		t.Run(name, func(t *testing.T) {
			var want []Trial
			for _, jobs := range []int{1, 2, 4} {
				o.Space, o.Seed, o.Journal = mixedSpace(t), 11, nil
				s := newStudy(t, o)
				enqueue(t, s, mixedQueue()...)
				if err := Optimize(t.Context(), s, mixedCurve, OptimizeOptions{Trials: 25, Jobs: jobs}); err != nil {
					t.Fatal(err)
				}
				got := essence(s.Trials())
				if checkQueue(t, got, 0); len(got) != 25 {
					t.Fatalf("%d trials", len(got))
				}
				if want == nil {
					want = got
				} else if !reflect.DeepEqual(got, want) {
					t.Errorf("%d jobs give another study", jobs)
				}
			}
		})
	}
}

// What is enqueued in the middle of a study comes next, and counts.
func TestEnqueueInTheMiddle(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mixedSpace(t), Sampler: Grid{}, Seed: 3})
	search := func(trials int) {
		t.Helper()
		if err := Optimize(t.Context(), s, mixedCurve, OptimizeOptions{Trials: trials}); err != nil {
			t.Fatal(err)
		}
	}
	search(4)
	enqueue(t, s, mixedQueue()...)
	waiting := s.Trials()[4]
	if waiting.State != Waiting || !reflect.DeepEqual(waiting.Params, mixedQueue()[0]) {
		t.Errorf("%+v", waiting)
	}
	if search(4); s.Trials()[4].State != Waiting {
		t.Error("a trial above the budget was begun")
	}
	search(7)
	if trials := s.Trials(); trials[6].State != Complete || trials[7].State != Waiting || len(trials) != 10 {
		t.Errorf("of 10 trials 7 should be complete: %v", trials)
	}
	search(20)
	trials := s.Trials()
	checkQueue(t, trials, 4)
	cells := make(map[string]bool)
	for _, trial := range trials {
		if key := s.Space().Key(trial.Params); cells[key] {
			t.Errorf("%v comes twice", trial.Params)
		} else {
			cells[key] = true
		}
	}
	if len(trials) != 20 {
		t.Errorf("%d trials", len(trials))
	}
}

func TestEnqueueRefuses(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mixedSpace(t)})
	for want, p := range map[string]Params{
		`parameter "rate": 2 is outside 0.0001..1`:                                     {"rate": 2.0},
		`parameter "size": 33 is not one of [32 64 128]`:                               {"size": 33},
		`parameter "rule": lion is not one of [sgd adam]`:                              {"rule": "lion"},
		`parameter "rate": NaN is outside`:                                             {"rate": math.NaN()},
		`unknown parameter "depth" (have: rate, size, rule, speed)`:                    {"depth": 1, "rate": 0.5},
		`parameter "speed" is given, but its condition rule==sgd does not hold`:        {"rule": "adam", "speed": 0.7},
		`no parameter has a value (to be enqueued: )`:                                  {},
		`parameter "rate": high is outside 0.0001..1 (to be enqueued: rate=high)`:      {"rate": "high"},
		`parameter "rule": 1 is not one of [sgd adam] (to be enqueued: rate=1 rule=1)`: {"rate": 1, "rule": 1},
	} {
		if n, err := s.Enqueue(t.Context(), Params{"rate": 0.5}, p); err == nil || !strings.Contains(err.Error(), want) || n != 0 {
			t.Errorf("%v: %d, %v; want %q", p, n, err, want)
		}
	}
	if n := len(s.Trials()); n != 0 {
		t.Errorf("%d trials were made", n)
	}
}

// What is there already, waiting, running or finished, is enqueued again only on demand.
func TestEnqueueSkipsWhatIsThere(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mixedSpace(t)})
	whole := Params{"rate": 0.25, "size": 64, "rule": "adam"}
	check := func(what string, want int, params ...Params) {
		t.Helper()
		if n, err := s.Enqueue(t.Context(), params...); err != nil || n != want {
			t.Errorf("%s: %d, %v; want %d", what, n, err, want)
		}
	}
	check("fresh ones", 2, whole, Params{"size": 64}, Params{"size": 64.0}, Params{"rate": 0.25, "size": 64.0, "rule": "adam"})
	check("waiting ones", 0, whole, Params{"size": 64})
	for range 2 {
		if _, err := s.Ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check("running ones", 0, whole, Params{"size": 64}, s.Trials()[1].Params)
	if _, err := s.Tell(t.Context(), 0, Outcome{Err: errors.New("no")}); err != nil {
		t.Fatal(err)
	}
	check("finished ones", 0, whole)
	check("others", 2, Params{"size": 32}, Params{"size": 64, "rule": "adam"})
	if n, err := s.EnqueueAgain(t.Context(), whole, whole); err != nil || n != 2 {
		t.Errorf("again: %d, %v", n, err)
	}
	if got := s.Trials()[4:]; len(got) != 2 || !reflect.DeepEqual(got[0].Params, whole) || got[1].State != Waiting {
		t.Errorf("%v", got)
	}
}

// Trials of other programs that cannot be evaluated fail in their turn.
func TestForeignQueue(t *testing.T) {
	s, other := newStudy(t, StudyOptions{Space: mixedSpace(t), Seed: 1}), newStudy(t, StudyOptions{Space: mixedSpace(t), Seed: 1})
	waiting := func(text string) Op {
		return Op{Code: CreateTrial, State: Waiting, SystemAttrs: map[string]json.RawMessage{FixedParamsKey: json.RawMessage(text)}}
	}
	write := func(s *Study, ops ...Op) {
		t.Helper()
		if err := s.options.Journal.Update(t.Context(), 0, func([]Op) ([]Op, error) { return ops, nil }); err != nil {
			t.Fatal(err)
		}
	}
	speed := `{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 9.0, "log": true}}`
	write(s,
		waiting(`{"rate": 7.5}`),
		waiting(`{"rate": 0.5, "size": 64, "rule": "adam"}`),
		waiting(`[1]`),
		Op{Code: CreateTrial, State: Waiting},
		waiting(`{"rule": true}`),
		waiting(`{"size": 64, "depth": 1}`),
	)
	if err := Optimize(t.Context(), s, mixedCurve, OptimizeOptions{Trials: 8}); err != nil {
		t.Fatal(err)
	}
	write(other, Op{Code: CreateTrial, State: Failed, Complete: opEnd, Params: param("speed", 1, speed)}, waiting(`{"rule": "sgd"}`))
	if err := Optimize(t.Context(), other, mixedCurve, OptimizeOptions{Trials: 3}); err != nil {
		t.Fatal(err)
	}
	trials := append(s.Trials(), other.Trials()...)
	for i, want := range map[int]string{
		0: `parameter "rate": 7.5 is outside 0.0001..1 (so the trial was enqueued)`, 2: "fixed_params", 4: `parameter "rule": true is not one of`,
		5: `unknown parameter "depth"`, 9: `another distribution: "speed"`,
	} {
		if got := trials[i]; got.State != Failed || !strings.Contains(got.Error, want) {
			t.Errorf("trial %d is %v: %q, want %q", i, got.State, got.Error, want)
		}
	}
	for _, i := range []int{1, 3, 6, 7, 10} {
		if got := trials[i]; got.State != Complete {
			t.Errorf("trial %d is %v: %s", i, got.State, got.Error)
		}
	}
	if got := trials[1].Params; !reflect.DeepEqual(got, Params{"rate": 0.5, "size": 64, "rule": "adam"}) || len(trials) != 11 {
		t.Errorf("%v, %d trials", got, len(trials))
	}
}

// A configuration that an exhausted sampler cannot complete is drawn.
func TestQueueOfAnExhaustedGrid(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=1..2", "y=0.0..1.0:n=2"), Sampler: Grid{}})
	constant := func(context.Context, *Evaluation) (float64, error) { return 1, nil }
	if err := Optimize(t.Context(), s, constant, OptimizeOptions{}); err != nil || len(s.Trials()) != 4 {
		t.Fatalf("%d trials, %v", len(s.Trials()), err)
	}
	enqueue(t, s, Params{"x": 2})
	if err := Optimize(t.Context(), s, constant, OptimizeOptions{}); err != nil {
		t.Fatal(err)
	}
	trials := s.Trials()
	if y, _ := trials[4].Params.Float("y"); len(trials) != 5 || trials[4].Params["x"] != 2 || y == 0 || y == 1 {
		t.Errorf("%v", trials[4].Params)
	}
}

// A completed configuration does not repeat one that is there, where that can be.
func TestCompletedConfigurationsAreNew(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=1..2", "y=1..6"), Seed: 5})
	if _, err := s.EnqueueAgain(t.Context(), slices.Repeat([]Params{{"x": 2}}, 4)...); err != nil {
		t.Fatal(err)
	}
	ys := make(map[any]bool)
	for range 4 {
		trial, err := s.Ask(t.Context())
		if err != nil || trial.Params["x"] != 2 {
			t.Fatalf("%v, %v", trial.Params, err)
		}
		ys[trial.Params["y"]] = true
	}
	if len(ys) != 4 {
		t.Errorf("y took the values %v in 4 trials", ys)
	}
}

// What completes a configuration is feasible, where that can be.
func TestCompletedConfigurationsAreFeasible(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=1..3", "y=0.0..1.0"), Sampler: Grid{}, Feasible: func(p Params) bool {
		x, _ := p.Float("x")
		y, _ := p.Float("y")
		return x+y <= 3.5
	}})
	enqueue(t, s, Params{"x": 3}, Params{"x": 3, "y": 1.0})
	for i := range 2 {
		trial, err := s.Ask(t.Context())
		y, _ := trial.Params.Float("y")
		if err != nil || trial.Params["x"] != 3 || (y <= 0.5) != (i == 0) {
			t.Errorf("%v, %v", trial.Params, err)
		}
	}
}

// Who asks by hand gets the waiting trials too, and nobody tells of one that waits.
func TestDetachedQueue(t *testing.T) {
	s := newStudy(t, StudyOptions{Space: mixedSpace(t), Detached: true})
	enqueue(t, s, Params{"rate": 0.5, "size": 64, "rule": "adam"})
	if _, err := s.Tell(t.Context(), 0, Outcome{Values: []float64{1}}); err == nil || !strings.Contains(err.Error(), "trial 0 waits") {
		t.Errorf("told of a waiting trial: %v", err)
	}
	if err := s.Report(t.Context(), 0, 1, 1); err == nil {
		t.Error("a report of a waiting trial")
	}
	trial, err := s.Ask(t.Context())
	if err != nil || trial.Number != 0 || trial.State != Running || trial.Params["rate"] != 0.5 || s.record.Trials[0].worker() != "" {
		t.Fatalf("%+v, %v", trial, err)
	}
	if told, err := s.Tell(t.Context(), 0, Outcome{Values: []float64{1}}); err != nil || told.State != Complete {
		t.Errorf("%+v, %v", told, err)
	}
}

func ExampleStudy_Enqueue() {
	space, _ := ParseSpace([]string{"rate=1e-4..1.0:log", "layers=1..3"})
	study, _ := NewStudy(StudyOptions{Space: space, Seed: 1})
	ctx := context.Background()
	added, err := study.Enqueue(ctx, Params{"rate": 0.001, "layers": 2}, Params{"layers": 3})
	fmt.Println(added, err)
	for range 2 {
		trial, _ := study.Ask(ctx)
		fmt.Println(trial.Params)
	}
	// Output:
	// 2 <nil>
	// layers=2 rate=0.001
	// layers=3 rate=0.0472945
}
