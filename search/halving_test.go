package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Rungs against scikit-learn's iterations.
func TestHalvingsScheduleIsScikitLearns(t *testing.T) {
	data, err := os.ReadFile("testdata/halving.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		cells := strings.Split(strings.TrimSpace(line), ",")
		h, lo, hi := Halving{Resource: "epochs"}, 0, 0
		if _, err := fmt.Sscan(strings.Join(cells[:4], " "), &h.Candidates, &lo, &hi, &h.Factor); err != nil {
			t.Fatal(err)
		}
		space, err := NewSpace(Float("x", 0, 1), Int("epochs", lo, hi))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Validate(space); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range h.schedule(space).bracket {
			got = append(got, fmt.Sprintf("%d@%d", r.trials, r.resource))
		}
		if !slices.Equal(got, cells[4:]) {
			t.Errorf("%d candidates (0: as many as possible), %d..%d, factor %d: got %v, want %v", h.Candidates, lo, hi, h.Factor, got, cells[4:])
		}
	}
	if rows != 528 {
		t.Errorf("%d rows", rows)
	}
	// 3^5 is five threes; scikit-learn's logarithm of it is 4.999..., and it stops at 3@81.
	if got := rungs(243, 1, 243, 3); len(got) != 6 || got[5] != (rung{1, 243}) {
		t.Errorf("243 candidates: %v", got)
	}
}

// rungOf describes the place of a trial.
func rungOf(h Halving, space Space, number int) string {
	p := h.schedule(space).place(number)
	return fmt.Sprintf("rung %d from %d at %d, after %d at %d", p.rung, p.start, p.resource, p.before, p.resourceBefore)
}

func TestHalvingsPlaces(t *testing.T) {
	h := Halving{Resource: "epochs", Candidates: 9}
	open := mustSpace(t, "x=0.0..1.0", "epochs=1..9")
	twelve := mustSpace(t, "x=1..4", "y=1..3", "epochs=1..9") // 9, 3, 1, then 3, 1, then again 9, 3, 1
	for _, c := range []struct {
		space  Space
		number int
		want   string
		stage  int
	}{
		{open, 0, "rung 0 from 0 at 1, after 0 at 0", 0},
		{open, 8, "rung 0 from 0 at 1, after 0 at 0", 0},
		{open, 9, "rung 1 from 9 at 3, after 0 at 1", 9},
		{open, 12, "rung 2 from 12 at 9, after 9 at 3", 12},
		{open, 13, "rung 0 from 13 at 1, after 12 at 0", 12},
		{open, 22, "rung 1 from 22 at 3, after 13 at 1", 22},
		{open, 13 * 1000, "rung 0 from 13000 at 1, after 12999 at 0", 12999},
		{twelve, 13, "rung 0 from 13 at 1, after 12 at 0", 12},
		{twelve, 16, "rung 1 from 16 at 3, after 13 at 1", 16},
		{twelve, 17, "rung 0 from 17 at 1, after 16 at 0", 16},
		{twelve, 26, "rung 1 from 26 at 3, after 17 at 1", 26},
		{twelve, 30, "rung 0 from 30 at 1, after 29 at 0", 29},
	} {
		if got := rungOf(h, c.space, c.number); got != c.want || h.Stage(c.space, c.number) != c.stage {
			t.Errorf("trial %d: got %s, stage %d, want %s, stage %d", c.number, got, h.Stage(c.space, c.number), c.want, c.stage)
		}
	}
	if h.Stage(open, math.MaxInt) < 0 || h.Stage(mustSpace(t, "x=0.0..1.0"), 5) != 0 {
		t.Error("stages of a far number and of a space without the resource")
	}
	if h := (Halving{Resource: "epochs", Candidates: 2}); h.Stage(open, 100) != 0 {
		t.Errorf("no rung of two candidates needs results: stage %d", h.Stage(open, 100))
	}
	// Stages follow on each other, and each begins with its first trial.
	ten := mustSpace(t, "x=1..10", "epochs=1..9") // 9, 3, 1, then 1, then again 9, 3, 1
	for _, space := range []Space{open, twelve, ten} {
		last := 0
		for n := range 200 {
			first := h.Stage(space, n)
			if first > n || first < last || h.Stage(space, first) != first {
				t.Fatalf("the stage of trial %d begins at %d, that of the trial before at %d", n, first, last)
			}
			last = first
		}
	}
}

// learning is an objective that a larger budget makes better and more exact: small x is
// good, but at small budgets not always.
func learning(_ context.Context, e *Evaluation) (float64, error) {
	x, _ := e.Params.Float("x")
	epochs, _ := e.Params.Float("epochs")
	return x + (1+0.3*math.Sin(50*x))/epochs, nil
}

// optimized returns the trials of a study.
func optimized(t *testing.T, o StudyOptions, f Objective, trials, jobs int) []Trial {
	t.Helper()
	s := newStudy(t, o)
	if err := Optimize(t.Context(), s, f, OptimizeOptions{Trials: trials, Jobs: jobs}); err != nil {
		t.Fatal(err)
	}
	return essence(s.Trials())
}

// without returns a configuration's text less the resource.
func without(p Params) string {
	p = maps.Clone(p)
	delete(p, "epochs")
	return p.String()
}

// The best of each rung go on, all candidates of all brackets differ, and no trial comes
// twice.
func TestHalvingPromotesTheBest(t *testing.T) {
	space := mustSpace(t, "x=0.0..1.0", "kind=a,b", "y=0.0..1.0:when=kind=b", "epochs=1..9")
	for _, d := range []Direction{Minimize, Maximize} {
		sign := map[Direction]float64{Minimize: 1, Maximize: -1}[d]
		f := func(ctx context.Context, e *Evaluation) (float64, error) {
			v, err := learning(ctx, e)
			return sign * v, err
		}
		trials := optimized(t, StudyOptions{Space: space, Sampler: Halving{Resource: "epochs"}, Directions: []Direction{d}, Seed: 2}, f, 39, 1)
		candidates, all := map[string]bool{}, map[string]bool{}
		for start := 0; start < 39; start += 13 {
			before := trials[start : start+9]
			for _, trial := range before {
				if epochs, _ := trial.Params.Int("epochs"); epochs != 1 || trial.Attrs[halvingFrom] != nil {
					t.Errorf("trial %d: %v, %v", trial.Number, trial.Params, trial.Attrs)
				}
				candidates[without(trial.Params)] = true
			}
			for _, rung := range []struct{ from, to, epochs int }{{9, 12, 3}, {12, 13, 9}} {
				best := slices.SortedFunc(slices.Values(before), func(a, b Trial) int {
					if d.Better(a.Values[0], b.Values[0]) {
						return -1
					}
					return 1
				})
				before = trials[start+rung.from : start+rung.to]
				for i, trial := range before {
					if epochs, _ := trial.Params.Int("epochs"); epochs != rung.epochs || without(trial.Params) != without(best[i].Params) || string(trial.Attrs[halvingFrom]) != fmt.Sprint(best[i].Number) {
						t.Errorf("%v, trial %d: %v, %v; want trial %d with %d epochs: %v", d, trial.Number, trial.Params, trial.Attrs, best[i].Number, rung.epochs, best[i].Params)
					}
				}
			}
		}
		for _, trial := range trials {
			all[space.Key(trial.Params)] = true
		}
		if len(candidates) != 27 || len(all) != 39 {
			t.Errorf("%d different candidates, want 27, %d different trials, want 39", len(candidates), len(all))
		}
	}
}

// A short study is the beginning of a long one, for any number of jobs; also where trials
// fail and are pruned.
func TestHalvingIsTheSameForAnyNumberOfJobs(t *testing.T) {
	o := StudyOptions{Space: mustSpace(t, "x=0.0..1.0", "epochs=1..10:log"), Sampler: Halving{Resource: "epochs"}, Seed: 4}
	f := func(ctx context.Context, e *Evaluation) (float64, error) {
		if e.Number%5 == 1 {
			return 0, errors.New("fives fail")
		}
		if err := e.Report(ctx, 1, float64(e.Number%4)); err != nil {
			return 0, err
		}
		if e.Number%7 == 3 {
			return 0, ErrPruned
		}
		return learning(ctx, e)
	}
	want := optimized(t, o, f, 60, 1)
	promoted := 0
	for _, trial := range want {
		if trial.Attrs[halvingFrom] != nil {
			promoted++
		}
	}
	if promoted < 10 {
		t.Errorf("%d of 60 trials have gone on", promoted)
	}
	for _, jobs := range []int{2, 4, 7} {
		if got := optimized(t, o, f, 60, jobs); !reflect.DeepEqual(got, want) {
			t.Errorf("%d jobs give another study", jobs)
		}
	}
	if got := optimized(t, o, f, 33, 2); !reflect.DeepEqual(got, want[:33]) {
		t.Error("a study of 33 is not the beginning of one of 60")
	}
}

// Complete trials go before pruned ones, those before new configurations in the places of
// failed ones, and a rung that has failed as a whole begins with new ones.
func TestHalvingWithoutEnoughSuccess(t *testing.T) {
	space := mustSpace(t, "x=0.0..1.0", "epochs=1..9")
	h := Halving{Resource: "epochs"}
	history := make([]Trial, 9)
	for i := range history {
		history[i] = Trial{Number: i, State: Failed, Params: Params{"x": float64(i) / 16, "epochs": 1}}
	}
	history[7].State, history[7].Values = Complete, []float64{5}
	history[3].State, history[3].Values = Pruned, []float64{1}
	history[4].State, history[4].Values = Complete, []float64{math.Inf(-1)} // another program's
	history[5].State = Pruned
	history[6].State, history[6].Values = Running, nil
	history[8].State, history[8].Values, history[8].Attrs = Complete, []float64{0}, rawAttrs(t, map[string]any{AttrConstraints: []float64{-1, 2}})
	next := func(history []Trial) (Params, map[string]any) {
		t.Helper()
		attrs, n := map[string]any{}, len(history)
		p, err := h.Sample(t.Context(), Request{Space: space, Directions: []Direction{Minimize}, History: history, Number: n, Rand: newRand(1, n), Attrs: attrs})
		if err != nil {
			t.Fatal(err)
		}
		return p, attrs
	}
	for place, from := range []int{7, 3, -1} {
		p, attrs := next(history)
		switch {
		case p["epochs"] != 3:
			t.Errorf("place %d: %v, want 3 epochs", place, p)
		case from >= 0 && (attrs[halvingFrom] != from || p["x"] != history[from].Params["x"]):
			t.Errorf("place %d: %v, %v, want trial %d to go on", place, p, attrs, from)
		case from < 0 && (len(attrs) > 0 || slices.ContainsFunc(history, func(t Trial) bool { return t.Params["x"] == p["x"] })):
			t.Errorf("place %d: %v, %v, want a new configuration", place, p, attrs)
		}
		history = append(history, Trial{Number: len(history), State: Failed, Params: p, Attrs: rawAttrs(t, attrs)})
	}
	if p, attrs := next(history); p["epochs"] != 9 || len(attrs) > 0 {
		t.Errorf("after a rung that has failed: %v, %v, want a new configuration with 9 epochs", p, attrs)
	}
}

// A new configuration is new in the other parameters, whatever budget they were tried with.
func TestHalvingsNewConfigurations(t *testing.T) {
	for _, c := range []struct {
		param string
		want  Params
	}{{"x=1..10", Params{"x": 10, "epochs": 3}}, {"x=1..9", nil}} {
		space := mustSpace(t, c.param, "epochs=1..9")
		history := make([]Trial, 9)
		for i := range history {
			history[i] = Trial{Number: i, State: Failed, Params: Params{"x": i + 1, "epochs": 1 + i%4}}
		}
		p, err := Halving{Resource: "epochs", Candidates: 9}.Sample(t.Context(), Request{Space: space, Directions: []Direction{Minimize}, History: history, Number: 9, Rand: newRand(1, 9)})
		if !maps.Equal(p, c.want) || c.want == nil && !errors.Is(err, ErrExhausted) {
			t.Errorf("%s: %v, %v, want %v", c.param, p, err, c.want)
		}
	}
}

// Trials of others have the places of their numbers. One with the budget of its rung
// competes, the others do not; nothing is proposed twice.
func TestHalvingWithForeignTrials(t *testing.T) {
	space := mustSpace(t, "x=0.0..1.0", "epochs=1..9")
	s := newStudy(t, StudyOptions{Space: space, Sampler: Halving{Resource: "epochs"}, Seed: 1})
	o := s.options
	foreign := map[int]Params{
		2: {"x": 0.001, "epochs": 1}, // the best of its rung
		4: {"x": 0.0, "epochs": 5},   // of no rung
		9: {"x": 0.001, "epochs": 3}, // trial 2 again
	}
	var history []Trial
	from := map[int]any{}
	for n := range 26 {
		p, ok := foreign[n]
		attrs := map[string]any{}
		if !ok {
			var err error
			p, err = o.Sampler.Sample(t.Context(), Request{Space: space, Directions: o.Directions, History: history, Number: n, Rand: newRand(1, n), Attrs: attrs})
			if err != nil {
				t.Fatal(err)
			}
		}
		x, _ := p.Float("x")
		history = append(history, Trial{Number: n, State: Complete, Params: p, Values: []float64{x}, Attrs: rawAttrs(t, attrs)})
		from[n] = attrs[halvingFrom]
	}
	if history[10].Params["epochs"] != 3 || from[10] == nil || from[10] == 2 {
		t.Errorf("trial 10 is %v, from %v, want another than trial 2 to go on", history[10].Params, from[10])
	}
	if history[12].Params["x"] != 0.001 || from[12] != 9 || history[12].Params["epochs"] != 9 {
		t.Errorf("trial 12 is %v, want trial 9 to go on", history[12].Params)
	}
	keys := map[string]bool{}
	for _, trial := range history {
		keys[space.Key(trial.Params)] = true
		if x, _ := trial.Params.Float("x"); trial.Number != 4 && x == 0 {
			t.Errorf("trial %d goes on from one with another budget: %v", trial.Number, trial.Params)
		}
	}
	if len(keys) != len(history) {
		t.Errorf("%d different trials of %d", len(keys), len(history))
	}
}

// A finite space has as many candidates as configurations; when they are used up, the
// study ends.
func TestHalvingUsesSpacesUp(t *testing.T) {
	for _, c := range []struct {
		params     []string
		candidates int
		want       string // trials at 1, 3 and 9 epochs
	}{
		{[]string{"x=1..3", "y=a,b"}, 0, "map[1:6 3:2]"},
		{[]string{"x=1..3", "y=a,b", "z=1..2:when=y=b"}, 0, "map[1:9 3:3 9:1]"},
		{[]string{"x=1..4", "y=1..3"}, 0, "map[1:12 3:4 9:1]"},
		{[]string{"x=1..2"}, 0, "map[1:2]"},
		{[]string{"x=1..40"}, 27, "map[1:40 3:14 9:5]"},
	} {
		space := mustSpace(t, append(c.params, "epochs=1..9")...)
		counts, all := map[int]int{}, map[string]bool{}
		objective := func(_ context.Context, e *Evaluation) (float64, error) { return float64(e.Number), nil }
		trials := optimized(t, StudyOptions{Space: space, Sampler: Halving{Resource: "epochs", Candidates: c.candidates}, Seed: 3}, objective, 1000, 2)
		for _, trial := range trials {
			epochs, _ := trial.Params.Int("epochs")
			counts[epochs]++
			all[space.Key(trial.Params)] = true
		}
		if got := fmt.Sprint(counts); got != c.want || len(all) != len(trials) {
			t.Errorf("%v, %d candidates: %s, %d trials different of %d, want %s", c.params, c.candidates, got, len(all), len(trials), c.want)
		}
	}
}

func TestHalvingRefusesNonsense(t *testing.T) {
	space := mustSpace(t, "x=0.0..1.0", "epochs=1..9", "z=1..3:when=x>=0.5", "n=2..20:step=6", "deep=1..4", "w=1..2:when=deep>1", "zero=0..9")
	for want, h := range map[string]Halving{
		"have: x, epochs":                 {},
		"a parameter of the space":        {Resource: "rate"},
		"range of integers":               {Resource: "x"},
		"must not have a condition":       {Resource: "z"},
		"no parameter may depend":         {Resource: "deep"},
		"at least 1":                      {Resource: "zero"},
		"(got 7..5)":                      {Resource: "epochs", Min: 7, Max: 5},
		"above the range":                 {Resource: "epochs", Max: 10},
		"outside 2..20":                   {Resource: "n", Min: 1},
		"not a multiple of the step":      {Resource: "n"},
		"factor must be 2 or more":        {Resource: "epochs", Factor: 1},
		"the candidates must be 1 to":     {Resource: "epochs", Candidates: -1},
		"(got 9007199254740993)":          {Resource: "epochs", Candidates: maxCandidates + 1},
		"factor must be 2 or more (got -": {Resource: "epochs", Factor: -3},
	} {
		err := h.Validate(space)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", h, err, want)
		}
		s := newStudy(t, StudyOptions{Space: space, Sampler: h})
		if _, asked := s.Ask(t.Context()); asked == nil || err != nil && asked.Error() != err.Error() {
			t.Errorf("%+v: asked: %v, want %v", h, asked, err)
		}
	}
	for _, h := range []Halving{{Resource: "epochs"}, {Resource: "epochs", Min: 2, Max: 6, Factor: 2, Candidates: 5}, {Resource: "n", Factor: 4}, {Resource: "epochs", Factor: math.MaxInt}} {
		if err := h.Validate(space); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
	}
}
