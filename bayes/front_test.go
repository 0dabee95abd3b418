package bayes

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mnisttune/bayes/internal/studytest"
	"mnisttune/search"
)

// studyOf is study for values, one a direction, and constraint values.
func studyOf(t *testing.T, s search.Sampler, sp search.Space, ds []search.Direction, f func(search.Params) (values, broken []float64), n int, seed uint64) []search.Trial {
	t.Helper()
	var done []search.Trial
	for range n {
		trial, err := studytest.Suggest(s, sp, ds, slices.Clone(done), seed)
		if err != nil {
			t.Fatal(err)
		}
		trial.State = search.Complete
		var broken []float64
		if trial.Values, broken = f(trial.Params); broken != nil {
			if trial.Attrs[search.AttrConstraints], err = json.Marshal(broken); err != nil {
				t.Fatal(err)
			}
		}
		done = append(done, trial)
	}
	return done
}

// zdt1 has the front f2 = 1 - sqrt(f1) where all but the first parameter are 0 (Zitzler, Deb
// and Thiele 2000).
func zdt1(p search.Params) (values, broken []float64) {
	a, b, c := number(p, "a"), number(p, "b"), number(p, "c")
	g := 1 + 9*(b+c)/2
	return []float64{a, -g * (1 - math.Sqrt(a/g))}, nil
}

// With two objectives the area under the front grows faster than with random search.
func TestTwoObjectives(t *testing.T) {
	sp := space(t, search.Float("a", 0, 1), search.Float("b", 0, 1), search.Float("c", 0, 1))
	ds := []search.Direction{search.Minimize, search.Maximize}
	area := func(trials []search.Trial) float64 {
		var points [][]float64
		for _, trial := range trials {
			points = append(points, trial.Values)
		}
		v, err := search.Hypervolume(ds, points, []float64{1.1, -1.1})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	const best = 1.1*1.1 - 1.0/3 // between the front and the reference
	for seed := range uint64(2) {
		mine, random := area(studyOf(t, &Sampler{}, sp, ds, zdt1, 30, seed)), area(studyOf(t, search.Random{}, sp, ds, zdt1, 30, seed))
		if mine < 0.9*best || mine < random {
			t.Errorf("seed %d: area %.3f of %.3f, random search has %.3f", seed, mine, best, random)
		}
	}
}

// The two processes' slopes go together as they should, with pending trials too.
func TestFrontGradient(t *testing.T) {
	sp := space(t, search.Float("a", 0, 1), search.Float("b", 0, 1), search.Float("c", 0, 1))
	ds := []search.Direction{search.Minimize, search.Maximize}
	trials := studyOf(t, search.Random{}, sp, ds, zdt1, 14, 3)
	for i := range 2 {
		trials[12+i].State, trials[12+i].Values = search.Running, nil
	}
	req := search.Request{Space: sp, Directions: ds, History: trials, Number: 14, Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}}
	e, err := newEncoder(sp)
	if err != nil {
		t.Fatal(err)
	}
	f, note, ok := (&Sampler{}).learnFront(e, req)
	if !ok || note.Hyperparameters == nil || note.Second == nil {
		t.Fatalf("%v, %+v", ok, note)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		x := []float64{rng.Float64(), rng.Float64(), rng.Float64()}
		compareSlope(t, func(x []float64) (float64, []float64) {
			grad := make([]float64, 3)
			return f.at(x, grad), grad
		}, x, 1e-4)
	}
}

// Gardner's first problem (Gardner et al. 2014): the unconstrained minimum breaks the
// constraint.
func gardner(p search.Params) (values, broken []float64) {
	x, y := number(p, "x"), number(p, "y")
	return []float64{math.Cos(2*x)*math.Cos(y) + math.Sin(x)}, []float64{math.Cos(x)*math.Cos(y) - math.Sin(x)*math.Sin(y) - 0.5}
}

// A constraint that is measured is learnt: the best feasible value is near the optimum
// (-2, at x = 3π/2, y = 0 or 2π, where the constraint value is 0 - 0.5), and most trials of
// the second half are feasible.
func TestMeasuredConstraint(t *testing.T) {
	sp := space(t, search.Float("x", 0, 6), search.Float("y", 0, 6))
	ds := []search.Direction{search.Minimize}
	for seed := range uint64(2) {
		trials := studyOf(t, &Sampler{}, sp, ds, gardner, 36, seed)
		best, ok := search.BestOf(search.Minimize, trials)
		value, _ := best.Value()
		if !ok || value > -1.98 {
			t.Errorf("seed %d: the best feasible value is %v", seed, value)
		}
		feasible := 0
		for _, trial := range trials[18:] {
			if trial.Feasible() {
				feasible++
			}
		}
		if feasible < 12 {
			t.Errorf("seed %d: %d of the last 18 trials are feasible", seed, feasible)
		}
		number, _, _, err := (&Sampler{}).Recommend(search.Request{Space: sp, Directions: ds, History: trials, Number: len(trials)})
		if err != nil || !trials[number].Feasible() {
			t.Errorf("seed %d: trial %d is recommended (%v)", seed, number, err)
		}
	}
}

// Whatever two objectives have given, there is a suggestion.
func TestDegenerateFronts(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1), search.Int("n", 1, 3))
	ds := []search.Direction{search.Maximize, search.Minimize}
	for name, values := range map[string]func(i int) []float64{
		"equal":  func(int) []float64 { return []float64{1, 1} },
		"failed": func(int) []float64 { return nil },
		"huge":   func(i int) []float64 { return []float64{1e308 * float64(1-2*(i%2)), -1e308} },
		"one":    func(i int) []float64 { return [][]float64{{1, 2}, nil}[min(i, 1)] },
		"linear": func(i int) []float64 { return []float64{float64(i), float64(i)} },
	} {
		var trials []search.Trial
		for i := range 12 {
			req := search.Request{Space: sp, Directions: ds, History: trials, Number: i, Rand: rand.New(rand.NewPCG(1, uint64(i))), Attrs: map[string]any{}}
			p, err := (&Sampler{}).Sample(t.Context(), req)
			if err != nil {
				t.Fatalf("%s, trial %d: %v", name, i, err)
			}
			trial := search.Trial{Number: i, State: search.Complete, Params: p, Values: values(i)}
			if trial.Values == nil {
				trial.State = search.Failed
			}
			trials = append(trials, trial)
		}
	}
}

// One result that is there twice, but for rounding, is one point, and a front that is all
// but one point has a reference beyond it.
func TestReferencePoint(t *testing.T) {
	for name, c := range map[string]struct {
		found, all [][2]float64
		want       [2]float64
	}{
		"twice":       {[][2]float64{{-1, 0}, {-1 + 1e-16, -1e-16}}, [][2]float64{{-1, 0}, {-1 + 1e-16, -1e-16}, {2, 1}}, [2]float64{2.3, 1.1}},
		"nearly once": {[][2]float64{{-1, 0}, {-1.001, 0.001}}, nil, [2]float64{-0.9, 0.101}},
		"wide":        {[][2]float64{{-1, 3}, {1, -1}}, nil, [2]float64{1.2, 3.4}},
	} {
		got := referencePoint(c.found, c.all)
		for k := range got {
			near(t, name, got[k], c.want[k], 1e-9)
		}
	}
}

// With more trials than are learnt from both objectives learn from the same ones, and from
// the whole front.
func TestLongHistoriesKeepTheFront(t *testing.T) {
	var lists [2][]finished
	for i := range 30 {
		f := finished{number: i, complete: true, feasible: true, value: float64(100 + i)}
		lists[0], lists[1] = append(lists[0], f), append(lists[1], f)
	}
	for i := range 5 { // a front among the earliest
		lists[0][i].value, lists[1][i].value = float64(i), float64(-i)
	}
	if got, want := limitFront(lists[0], lists[1], 8), []int{0, 1, 2, 3, 4, 27, 28, 29}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if got, want := limitFront(lists[0], lists[1], 3), []int{2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("of a long front kept %v, want %v", got, want)
	}
	if got := limitFront(lists[0], lists[1], 30); len(got) != 30 {
		t.Errorf("%d of 30 are kept", len(got))
	}
}
