package problem

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"mnisttune/search"
)

func run(t *testing.T, s search.Sampler, p Problem, o Options) []search.Trial {
	t.Helper()
	trials, err := Run(t.Context(), s, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return trials
}

func TestRunRepeats(t *testing.T) {
	p := named(t, "branin-noisy")
	a, b := run(t, search.Random{}, p, Options{Trials: 6, Seed: 3}), run(t, search.Random{}, p, Options{Trials: 12, Seed: 3})
	if len(a) != 6 || len(b) != 12 || !reflect.DeepEqual(a, b[:6]) {
		t.Error("6 trials are not the first of 12")
	}
	if c := run(t, search.Random{}, p, Options{Trials: 6, Seed: 4}); reflect.DeepEqual(a, c) {
		t.Error("another seed gives the same")
	}
	for i, trial := range a {
		if y, _ := trial.Value(); y == p.Value(trial.Params) {
			t.Errorf("trial %d has no noise", i)
		}
	}
}

// lagged records what it is shown.
type lagged struct{ known *[]int }

func (l lagged) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	known := 0
	for _, t := range req.History {
		if t.State == search.Complete {
			known++
		}
	}
	*l.known = append(*l.known, known)
	return search.Random{}.Sample(ctx, req)
}

func TestRunLag(t *testing.T) {
	var known []int
	run(t, lagged{&known}, named(t, "branin"), Options{Trials: 6, Lag: 3})
	if want := []int{0, 0, 0, 1, 2, 3}; !reflect.DeepEqual(known, want) {
		t.Errorf("the sampler knew %v results, want %v", known, want)
	}
}

func TestGridFindsTheBestCell(t *testing.T) {
	p := named(t, "phoneme")
	trials := run(t, search.Grid{}, p, Options{Trials: 1000})
	curve := Curve(p, trials, nil)
	n, ok := Solved(p, curve)
	if len(trials) != 300 || curve[299] != 0 || !ok || curve[n-1] != 0 || curve[n-2] == 0 {
		t.Errorf("%d trials, regret %v at the end, solved after %d (%v)", len(trials), curve[299], n, ok)
	}
	for i := range curve[1:] {
		if curve[i+1] > curve[i] {
			t.Errorf("the regret rises after trial %d", i)
		}
	}
}

func TestFailuresAreNotRecommended(t *testing.T) {
	p := named(t, "descent")
	trials := run(t, search.Random{}, p, Options{Trials: 40, Seed: 1})
	failed := 0
	for _, trial := range trials {
		if trial.State == search.Failed {
			failed++
		}
	}
	if regret := RegretOf(p, trials, nil); failed < 5 || failed > 25 || math.IsNaN(regret) || regret > 1 {
		t.Errorf("%d failures, regret %v", failed, regret)
	}
	if _, err := p.Measure(search.Params{"learning_rate": 1.0, "momentum": 0.0}, nil); !errors.Is(err, ErrFailed) {
		t.Errorf("got %v, want ErrFailed", err)
	}
	never := p
	never.Value = func(search.Params) float64 { return math.NaN() }
	trials = run(t, search.Random{}, never, Options{Trials: 3})
	if curve := Curve(never, trials, nil); len(curve) != 3 || !math.IsNaN(curve[2]) {
		t.Errorf("where all fails the regrets are %v", curve)
	}
	if n, ok := Solved(p, []float64{0}); ok {
		t.Errorf("solved after %d without a target", n)
	}
}

func TestRunReturnsTheSamplersError(t *testing.T) {
	broken := errors.New("broken")
	trials, err := Run(t.Context(), failing{broken}, named(t, "branin"), Options{Trials: 3})
	if !errors.Is(err, broken) || len(trials) != 0 {
		t.Errorf("%d trials, %v", len(trials), err)
	}
}

type failing struct{ err error }

func (f failing) Sample(context.Context, search.Request) (search.Params, error) { return nil, f.err }

func TestRecommender(t *testing.T) {
	p := named(t, "branin")
	trials := run(t, search.Random{}, p, Options{Trials: 5})
	last := func(_ Problem, trials []search.Trial) (search.Params, bool) {
		return trials[len(trials)-1].Params, true
	}
	for i, regret := range Curve(p, trials, last) {
		if want := p.Regret(trials[i].Params); regret != want {
			t.Errorf("after %d trials: %v, want %v", i+1, regret, want)
		}
	}
}

// After 15, 30 and 50 trials; computed from the same tables by another program, in
// exact arithmetic, and rounded.
func TestExpectedRandom(t *testing.T) {
	for name, want := range map[string][3]float64{
		"australian": {.160, .110, .080}, "car": {.0236, .0106, .0058}, "phoneme": {.115, .051, .027}, "vehicle": {.048, .029, .020},
	} {
		for i, n := range []int{15, 30, 50} {
			got, ok := ExpectedRandom(named(t, name), n)
			if digit := map[bool]float64{true: 1e-4, false: 1e-3}[name == "car"]; !ok || math.Abs(got-want[i]) > 0.51*digit {
				t.Errorf("%s after %d: %v, want %v", name, n, got, want[i])
			}
		}
	}
	p := named(t, "car")
	mean := 0.0
	for c := range cells(p.Space) {
		mean += p.Regret(c) / 300
	}
	if one, _ := ExpectedRandom(p, 1); math.Abs(one-mean) > 1e-12 {
		t.Errorf("one draw: %v, want the mean %v", one, mean)
	}
	if every, ok := ExpectedRandom(p, 300); every != 0 || !ok {
		t.Errorf("300 draws of 300: %v, %v", every, ok)
	}
	for name, n := range map[string]int{"branin": 5, "conditional": 5, "car": 301, "phoneme": 0} {
		if got, ok := ExpectedRandom(named(t, name), n); ok {
			t.Errorf("%s, %d draws: %v", name, n, got)
		}
	}
}

// What is computed is what happens: the mean of 300 random searches.
func TestExpectedRandomAgainstRandom(t *testing.T) {
	p := named(t, "vehicle")
	const runs, n = 300, 10
	sum, squares := 0.0, 0.0
	for seed := range uint64(runs) {
		regret := RegretOf(p, run(t, search.Random{}, p, Options{Trials: n, Seed: seed}), nil)
		sum, squares = sum+regret/runs, squares+regret*regret/runs
	}
	want, _ := ExpectedRandom(p, n)
	if deviation := math.Sqrt((squares - sum*sum) / runs); math.Abs(sum-want) > 4*deviation || deviation > want/5 {
		t.Errorf("mean %v +- %v, want %v", sum, deviation, want)
	}
}
