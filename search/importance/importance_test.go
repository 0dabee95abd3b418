package importance

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"mnisttune/search"
)

// recorded is a trial of another program.
type recorded struct {
	Params map[string]any `json:"params"`
	Value  float64        `json:"value"`
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func space(t testing.TB, texts ...string) search.Space {
	t.Helper()
	s, err := search.ParseSpace(texts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trials are complete ones; every one must belong to the space.
func trials(t *testing.T, s search.Space, rows []recorded) []search.Trial {
	t.Helper()
	var out []search.Trial
	for i, r := range rows {
		p, err := s.Check(r.Params)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{r.Value}})
	}
	return out
}

func byName(shares []Share) map[string]float64 {
	out := make(map[string]float64)
	for _, s := range shares {
		out[s.Parameter] = s.Value
	}
	return out
}

// Values of Optuna's evaluator: testdata/ped_anova.py.
func TestPEDANOVAMatchesOptuna(t *testing.T) {
	var ref struct {
		Studies []struct {
			Trials      []recorded
			Importances []struct {
				Target, Region float64
				Shares         map[string]float64
			}
		}
	}
	readJSON(t, "ped_anova.json", &ref)
	s := space(t, "lr=1e-5..1e-1:log", "x=-3.0..5.0", "layers=1..9", "units=4..512:log", "wide=0..900", "rule=sgd,adam,rms", "momentum=0.0..0.99:when=rule=sgd")
	compared := 0
	for _, study := range ref.Studies {
		for _, want := range study.Importances {
			got, err := PEDANOVA(s, search.Maximize, trials(t, s, study.Trials), Quantiles{want.Target, want.Region})
			if err != nil {
				t.Fatal(err)
			}
			for name, share := range byName(got) {
				compared++
				if math.Abs(share-want.Shares[name]) > 1e-9 {
					t.Errorf("%d trials, %v of %v: %s has %v, Optuna says %v", len(study.Trials), want.Target, want.Region, name, share, want.Shares[name])
				}
			}
		}
	}
	if compared != 3*3*7 {
		t.Errorf("%d shares compared", compared)
	}
}

// Means over ten forests of Optuna and scikit-learn: testdata/fanova.py. Forests are
// random, so that the tolerance is what ten of theirs and one of ours scatter.
func TestFANOVAMatchesOptuna(t *testing.T) {
	var ref struct {
		Studies []struct {
			Trials []recorded
			Shares map[string]float64
		}
	}
	readJSON(t, "fanova.json", &ref)
	s := space(t, "a=0.0..1.0", "b=0.0..1.0", "c=0.0..1.0", "rule=x,y,z")
	for _, study := range ref.Studies {
		got, err := FANOVA(s, trials(t, s, study.Trials), Forest{Trees: 256})
		if err != nil {
			t.Fatal(err)
		}
		for name, share := range byName(got) {
			if math.Abs(share-study.Shares[name]) > 0.03 {
				t.Errorf("%d trials: %s has %v, Optuna says %v", len(study.Trials), name, share, study.Shares[name])
			}
		}
	}
}

// y = 3a + b on the unit square: the variances are 9/12 and 1/12.
func TestFANOVAOfALinearFunction(t *testing.T) {
	s := space(t, "a=0.0..1.0", "b=0.0..1.0", "idle=0.0..1.0")
	rng := rand.New(rand.NewPCG(1, 1))
	var rows []search.Trial
	for i := range 400 {
		a, b := rng.Float64(), rng.Float64()
		rows = append(rows, search.Trial{Number: i, State: search.Complete, Params: search.Params{"a": a, "b": b, "idle": rng.Float64()}, Values: []float64{3*a + b}})
	}
	got, err := FANOVA(s, rows, Forest{Trees: 32})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"a": 0.9, "b": 0.1, "idle": 0}
	for name, share := range byName(got) {
		if math.Abs(share-want[name]) > 0.02 {
			t.Errorf("%s has %v, want %v", name, share, want[name])
		}
	}
	again, _ := FANOVA(s, rows, Forest{Trees: 32})
	if !reflect.DeepEqual(again, got) {
		t.Error("the same seed gives other shares")
	}
}

// A single tree taken apart by hand: left of 0.5 it is 0; right of it 1 where the word is
// x and 4 else.
func TestMarginalVarianceByHand(t *testing.T) {
	words := func(in ...bool) [][]bool { return [][]bool{nil, in} }
	leaves := []leaf{
		{box{[]float64{0, 0}, []float64{0.5, 1}, words(true, true)}, 0},
		{box{[]float64{0.5, 0}, []float64{1, 1}, words(true, false)}, 1},
		{box{[]float64{0.5, 0}, []float64{1, 1}, words(false, true)}, 4},
	}
	// Means: 0 and 2.5 by place, 0.5 and 2 by word; over all 1.25.
	for what, c := range map[string][2]float64{
		"place": {marginalVariance(leaves, 0), 1.25 * 1.25},
		"word":  {marginalVariance(leaves, 1), 0.75 * 0.75},
		"all":   {variance(leaves), 1.25*1.25*0.5 + 0.25*0.25*0.25 + 2.75*2.75*0.25},
	} {
		if math.Abs(c[0]-c[1]) > 1e-15 {
			t.Errorf("%s: %v, want %v", what, c[0], c[1])
		}
	}
}

func TestDegenerateStudies(t *testing.T) {
	s := space(t, "a=0.0..1.0", "n=3..3", "w=x,y", "m=0.1..0.9:when=w=x")
	value := func(i int, state search.State, v float64, p search.Params) search.Trial {
		return search.Trial{Number: i, State: state, Params: p, Values: []float64{v}}
	}
	p := search.Params{"a": 0.5, "n": 3, "w": "y"}
	for name, rows := range map[string][]search.Trial{
		"none":    nil,
		"one":     {value(0, search.Complete, 1, p)},
		"others":  {value(0, search.Complete, 1, p), value(1, search.Failed, 2, p), value(2, search.Complete, math.Inf(1), p), value(3, search.Complete, 1, search.Params{"z": 1})},
		"running": {value(0, search.Running, 1, p), value(1, search.Running, 1, p)},
	} {
		if _, err := PEDANOVA(s, search.Minimize, rows, Quantiles{}); !errors.Is(err, ErrTooFewTrials) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := FANOVA(s, rows, Forest{}); !errors.Is(err, ErrTooFewTrials) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal := []search.Trial{value(0, search.Complete, 1, p), value(1, search.Complete, 1, p), value(2, search.Complete, 1, search.Params{"a": 0.1, "n": 3, "w": "x", "m": 0.1})}
	ped, err := PEDANOVA(s, search.Minimize, equal, Quantiles{})
	fan, err2 := FANOVA(s, equal, Forest{})
	if err != nil || err2 != nil || len(ped) != 4 || len(fan) != 4 {
		t.Fatal(err, err2)
	}
	for i := range fan {
		if fan[i].Value != 0 || math.IsNaN(ped[i].Value) || ped[i].Value != 0 {
			t.Errorf("all equal: %v, %v", ped[i], fan[i])
		}
	}
	if _, err := PEDANOVA(s, search.Minimize, equal, Quantiles{0.5, 0.2}); err == nil {
		t.Error("a target beyond the region is taken")
	}
	if _, err := FANOVA(s, equal, Forest{Trees: -1}); err == nil {
		t.Error("a forest of -1 trees is taken")
	}
}

// Shares do not depend on the unit of the values.
func TestSharesOfHugeValues(t *testing.T) {
	s := space(t, "a=0.0..1.0", "b=0.0..1.0")
	rng := rand.New(rand.NewPCG(2, 2))
	var rows, huge []search.Trial
	for i := range 60 {
		p := search.Params{"a": rng.Float64(), "b": rng.Float64()}
		y := 3*toFloat(p["a"]) + toFloat(p["b"]) - 2
		rows = append(rows, search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{y}})
		huge = append(huge, search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{math.Ldexp(y, 1020)}})
	}
	want, err := FANOVA(s, rows, Forest{Trees: 8})
	if err != nil || want[0].Value < 0.5 {
		t.Fatal(want, err)
	}
	if got, err := FANOVA(s, huge, Forest{Trees: 8}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
