package bayes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"mnisttune/bayes/internal/studytest"
	"mnisttune/search"
)

// Suggestions and studies, see their package.
var (
	ask   = studytest.Ask
	study = studytest.Study
)

func best(d search.Direction, trials []search.Trial) float64 {
	top := math.NaN()
	for _, t := range trials {
		if v, ok := t.Value(); ok && (math.IsNaN(top) || d.Better(v, top)) {
			top = v
		}
	}
	return top
}

func number(p search.Params, name string) float64 {
	v, _ := p.Float(name)
	return v
}

func branin(p search.Params) float64 {
	x, y := number(p, "x"), number(p, "y")
	r := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
	return r*r + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10
}

func TestBranin(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	var needed []int
	for seed := range uint64(3) {
		trials := study(t, &Sampler{}, sp, search.Minimize, branin, 45, 1, seed)
		n := slices.IndexFunc(trials, func(t search.Trial) bool { return t.Values[0] <= 0.3985 })
		if n < 0 {
			n = len(trials)
		}
		needed = append(needed, n+1)
	}
	slices.Sort(needed)
	t.Logf("evaluations to 0.3985: median %d of %v", needed[1], needed)
	if needed[1] > 28 {
		t.Errorf("the median of the evaluations to 0.3985 is %d, want at most 28", needed[1])
	}
}

func hartmann6(p search.Params) float64 {
	a := [4][6]float64{{10, 3, 17, 3.5, 1.7, 8}, {.05, 10, 17, .1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, .05, 10, .1, 14}}
	c := [4][6]float64{{.1312, .1696, .5569, .0124, .8283, .5886}, {.2329, .4135, .8307, .3736, .1004, .9991}, {.2348, .1451, .3522, .2883, .3047, .6650}, {.4047, .8828, .8732, .5743, .1091, .0381}}
	sum := 0.0
	for i, w := range [4]float64{1, 1.2, 3, 3.2} {
		e := 0.0
		for j := range 6 {
			d := number(p, fmt.Sprint("x", j)) - c[i][j]
			e += a[i][j] * d * d
		}
		sum -= w * math.Exp(-e)
	}
	return sum
}

func TestHartmann6(t *testing.T) {
	var params []search.Param
	for j := range 6 {
		params = append(params, search.Float(fmt.Sprint("x", j), 0, 1))
	}
	mean := 0.0
	for seed := range uint64(2) {
		mean += best(search.Minimize, study(t, &Sampler{}, space(t, params...), search.Minimize, hartmann6, 50, 1, seed)) / 2
	}
	t.Logf("best of 50 evaluations: mean %.4f", mean)
	if mean > -3.1 { // random search is at -2.4 after 200
		t.Errorf("the mean is %v, want at most -3.1", mean)
	}
}

// mixedSpace is what a network's search looks like: log, integer, choice, words
// and two parameters that depend on one of them.
func mixedSpace(t testing.TB) search.Space {
	momentum, nesterov := search.Float("momentum", 0, 0.99), search.Words("nesterov", "no", "yes")
	momentum.When = &search.Condition{Param: "optimizer", Op: "==", Value: "sgd"}
	nesterov.When = momentum.When
	return space(t, search.LogFloat("lr", 1e-5, 1), search.OneOf("batch", 16, 32, 64, 128), search.Int("layers", 1, 4),
		search.Words("optimizer", "adam", "rmsprop", "sgd"), momentum, nesterov)
}

func mixed(p search.Params) float64 {
	goal, penalty := -3.0, 0.3
	switch w, _ := p.Text("optimizer"); w {
	case "sgd":
		goal, penalty = -1, math.Abs(number(p, "momentum")-0.9)
		if n, _ := p.Text("nesterov"); n == "no" {
			penalty += 0.1
		}
	case "rmsprop":
		penalty = 0.5
	}
	lr := math.Log10(number(p, "lr")) - goal
	if lr > 1.5 {
		return math.NaN() // diverged
	}
	layers, batch := number(p, "layers")-3, math.Log2(number(p, "batch"))-5
	return 1 - penalty - 0.2*lr*lr - 0.05*layers*layers - 0.03*batch*batch
}

func TestMixedSpaceBeatsRandom(t *testing.T) {
	sp := mixedSpace(t)
	var ours, random []float64
	for seed := range uint64(3) {
		ours = append(ours, best(search.Maximize, study(t, &Sampler{}, sp, search.Maximize, mixed, 40, 1, seed)))
		// The start design alone is a stand-in for random search with thrice the trials.
		random = append(random, best(search.Maximize, study(t, &Sampler{InitialPoints: 1000}, sp, search.Maximize, mixed, 120, 1, seed)))
	}
	slices.Sort(ours)
	slices.Sort(random)
	t.Logf("best of 40: %.3f; spread evenly, best of 120: %.3f (the optimum is 1)", ours, random)
	if ours[1] <= random[1] || ours[1] < 0.95 {
		t.Errorf("median %v after 40, want above 0.95 and the even spread's %v after 120", ours[1], random[1])
	}
}

func TestLagKeepsTrialsApart(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	trials := study(t, &Sampler{}, sp, search.Minimize, branin, 24, 6, 1)
	e, _ := newEncoder(sp)
	for i := 6; i < len(trials); i++ {
		for j := i - 5; j < i; j++ {
			if d := distance(e.encode(trials[i].Params), e.encode(trials[j].Params)); d < 1e-3 {
				t.Errorf("trial %d is proposed at a distance of %v from trial %d, which still ran", i, d, j)
			}
		}
	}
}

func TestExhausted(t *testing.T) {
	depends := search.Int("k", 1, 3)
	depends.When = &search.Condition{Param: "a", Op: "==", Value: "x"}
	for name, sp := range map[string]search.Space{
		"one point":   space(t, search.Float("a", 2, 2)),
		"empty":       space(t),
		"choices":     space(t, search.OneOf("a", 1, 2, 5), search.Words("b", "u", "v")),
		"conditional": space(t, search.Words("a", "x", "y"), depends, search.Int("c", 0, 2)),
	} {
		size, _ := sp.Size()
		for _, lag := range []int{1, 3} {
			f := func(p search.Params) float64 { return number(p, "c") - number(p, "k") }
			if trials := study(t, &Sampler{}, sp, search.Maximize, f, size+1, lag, 1); len(trials) != size {
				t.Errorf("%s: %d trials before ErrExhausted, want %d", name, len(trials), size)
			}
		}
	}
}

func TestLargeFiniteSpaceIsExhausted(t *testing.T) {
	// More cells than are enumerated, and all but three of them evaluated.
	sp := space(t, search.Int("a", 1, 80), search.Int("b", 1, 80))
	var history []search.Trial
	for a := range 80 {
		for b := range 80 {
			if a == 79 && b > 76 {
				continue
			}
			history = append(history, search.Trial{Number: len(history), State: search.Complete,
				Params: search.Params{"a": a + 1, "b": b + 1}, Values: []float64{float64(a * b)}})
		}
	}
	for range 3 {
		trial, err := ask(&Sampler{InitialPoints: 1 << 20}, sp, search.Minimize, history, 1)
		if err != nil || trial.Params["a"] != 80 {
			t.Fatalf("got %v, %v", trial.Params, err)
		}
		history = append(history, trial)
	}
	if _, err := ask(&Sampler{}, sp, search.Minimize, history, 1); !errors.Is(err, search.ErrExhausted) {
		t.Errorf("got %v, want ErrExhausted", err)
	}
}

func TestSameWhateverTheProcessorCount(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	sp := mixedSpace(t)
	want := study(t, &Sampler{}, sp, search.Maximize, mixed, 14, 2, 5)
	runtime.GOMAXPROCS(2)
	if got := study(t, &Sampler{}, sp, search.Maximize, mixed, 14, 2, 5); !reflect.DeepEqual(got, want) {
		t.Error("with two processors the trials are others")
	}
	if other := study(t, &Sampler{}, sp, search.Maximize, mixed, 14, 2, 6); reflect.DeepEqual(other, want) {
		t.Error("another seed gives the same trials")
	}
}

func TestMaximiseIsMinimiseOfTheNegative(t *testing.T) {
	sp := mixedSpace(t)
	a := study(t, &Sampler{}, sp, search.Maximize, mixed, 12, 1, 2)
	b := study(t, &Sampler{}, sp, search.Minimize, func(p search.Params) float64 { return -mixed(p) }, 12, 1, 2)
	for i := range a {
		if !reflect.DeepEqual(a[i].Params, b[i].Params) {
			t.Fatalf("trial %d: %v and %v", i, a[i].Params, b[i].Params)
		}
	}
}

func TestScaleOfTheValuesDoesNotMatter(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	a := study(t, &Sampler{}, sp, search.Minimize, branin, 10, 1, 2)
	b := study(t, &Sampler{}, sp, search.Minimize, func(p search.Params) float64 { return math.Ldexp(branin(p), 900) }, 10, 1, 2)
	for i := range a {
		if !reflect.DeepEqual(a[i].Params, b[i].Params) {
			t.Fatalf("trial %d: %v and %v", i, a[i].Params, b[i].Params)
		}
	}
}

func TestForeignTrialsArePassedOver(t *testing.T) {
	sp := mixedSpace(t)
	trials := study(t, &Sampler{}, sp, search.Maximize, mixed, 10, 1, 3)
	foreign := []search.Trial{
		{State: search.Complete, Params: search.Params{"lr": 7.0}, Values: []float64{1e9}},
		{State: search.Complete, Values: []float64{1}},
		{State: search.Complete, Params: search.Params{"lr": "high"}, Attrs: map[string]json.RawMessage{Attr: json.RawMessage(`{"hyperparameters":{"scale":-1}}`)}},
		{State: search.Running, Attrs: map[string]json.RawMessage{Attr: json.RawMessage(`no JSON`)}},
	}
	trial, err := ask(&Sampler{}, sp, search.Maximize, append(slices.Clone(trials), foreign...), 3)
	if err != nil || trial.Params == nil {
		t.Fatalf("got %v, %v", trial, err)
	}
}

func TestNote(t *testing.T) {
	trials := study(t, &Sampler{}, mixedSpace(t), search.Maximize, mixed, 11, 1, 3)
	for i, trial := range trials {
		var n Note
		if err := json.Unmarshal(trial.Attrs[Attr], &n); err != nil {
			t.Fatalf("trial %d: %v", i, err)
		}
		switch {
		case i < 9 && n.Source != FromDesign, i >= 9 && n.Source != FromFit:
			t.Errorf("trial %d comes from %q", i, n.Source)
		case n.Source == FromFit && (n.Acquisition == nil || n.Hyperparameters == nil || !n.Hyperparameters.valid(7, 4)):
			t.Errorf("trial %d: %s", i, trial.Attrs[Attr])
		}
	}
}

func TestFeasibleConfigurationsOnly(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	feasible := func(p search.Params) bool { return number(p, "x")+number(p, "y") < 4 } // a tenth of the space
	var history []search.Trial
	for i := range 12 {
		p, err := (&Sampler{}).Sample(t.Context(), search.Request{Space: sp, Directions: []search.Direction{search.Minimize},
			History: history, Number: i, Rand: rand.New(rand.NewPCG(1, uint64(i))), Attrs: map[string]any{}, Feasible: feasible})
		if err != nil || !feasible(p) {
			t.Fatalf("trial %d: %v, %v", i, p, err)
		}
		history = append(history, search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{branin(p)}})
	}
}

func TestWrongRequests(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	one := []search.Direction{search.Minimize}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		s   Sampler
		d   []search.Direction
	}{
		"acquisition": {context.Background(), Sampler{Acquisition: "best"}, one},
		"initial":     {context.Background(), Sampler{InitialPoints: -1}, one},
		"draws":       {context.Background(), Sampler{Draws: -1}, one},
		"exponent":    {context.Background(), Sampler{CostExponent: math.NaN()}, one},
		"ucb a cost":  {context.Background(), Sampler{Acquisition: UCB, MeasuredCost: true}, one},
		"two costs":   {context.Background(), Sampler{MeasuredCost: true, Cost: func(search.Params) float64 { return 1 }}, one},
		"directions":  {context.Background(), Sampler{}, slices.Repeat(one, 3)},
		"none":        {context.Background(), Sampler{}, nil},
		"front of pi": {context.Background(), Sampler{Acquisition: PI}, slices.Repeat(one, 2)},
		"cancelled":   {cancelled, Sampler{}, one},
	} {
		req := search.Request{Space: sp, Directions: c.d, Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}}
		if p, err := c.s.Sample(c.ctx, req); err == nil {
			t.Errorf("%s: got %v, want an error", name, p)
		}
	}
}

func TestOptionsFindTheMinimumToo(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	for _, c := range []struct {
		Sampler
		limit float64 // random search is at 2.4 after 30, in the mean
	}{
		{Sampler{Acquisition: EI}, 0.6},
		{Sampler{Acquisition: PI}, 10}, // greedy: it may stay where it has come down
		{Sampler{Acquisition: UCB}, 0.6},
		{Sampler{Draws: 3}, 0.6},
		{Sampler{Warp: true}, 0.6},
	} {
		if v := best(search.Minimize, study(t, &c.Sampler, sp, search.Minimize, branin, 30, 1, 1)); v > c.limit {
			t.Errorf("%+v: Branin after 30: %v", c.Sampler, v)
		}
	}
}

// FuzzDegenerateHistories makes a history of the bytes, two to a trial, and asks
// five times: no error but ErrExhausted, no repeat, no value out of the space.
func FuzzDegenerateHistories(f *testing.F) {
	f.Add(uint8(0), []byte{})
	f.Add(uint8(1), []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0})             // one configuration, one value
	f.Add(uint8(2), []byte{10, 5, 20, 5, 30, 5, 40, 5, 50, 5, 60, 5}) // all equal
	f.Add(uint8(1), []byte{10, 0, 20, 0, 30, 0, 40, 0, 50, 0, 60, 0}) // all failed
	f.Add(uint8(2), []byte{10, 1, 20, 2, 30, 3, 40, 4, 50, 1, 60, 2}) // ±1e300, denormal
	f.Add(uint8(3), []byte{10, 6, 20, 6, 30, 6, 40, 6, 50, 6, 60, 6}) // all running
	f.Add(uint8(0), []byte{10, 6, 20, 7, 30, 6, 40, 99, 50, 1, 60, 6})
	f.Add(uint8(4), []byte{10, 6, 20, 7, 30, 6, 40, 99, 50, 1, 60, 6})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		spaces := oddSpaces(t)
		sp := spaces[int(which)%len(spaces)]
		var history []search.Trial
		seen := map[string]bool{}
		for ; len(data) >= 2 && len(history) < 20; data = data[2:] {
			u := slices.Repeat([]float64{float64(data[0]) / 255}, sp.Len())
			trial := search.Trial{Number: len(history), Params: sp.Decode(u), State: search.Complete}
			switch v := data[1]; v {
			case 0:
				trial.State = search.Failed
			case 6:
				trial.State = search.Running
			default:
				value := map[byte]float64{1: 1e300, 2: -math.MaxFloat64, 3: 5e-324, 4: 0, 5: 1}
				x, ok := value[v]
				if !ok {
					x = float64(v)
				}
				trial.Values = []float64{x}
			}
			seen[sp.Key(trial.Params)] = true
			history = append(history, trial)
		}
		for range 5 {
			trial, err := ask(&Sampler{}, sp, search.Maximize, history, 1)
			if errors.Is(err, search.ErrExhausted) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if seen[sp.Key(trial.Params)] {
				t.Fatalf("%v is proposed again", trial.Params)
			}
			seen[sp.Key(trial.Params)] = true
			trial.State, trial.Values = search.Complete, []float64{1}
			history = append(history, trial)
		}
	})
}

// Where nothing is feasible that is said at once, and a finite space is exhausted; what is
// rare is found.
func TestNothingFeasible(t *testing.T) {
	reals := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	for name, c := range map[string]struct {
		sp        search.Space
		feasible  func(search.Params) bool
		exhausted bool
		found     bool
	}{
		"reals":       {sp: reals, feasible: func(search.Params) bool { return false }},
		"rare":        {sp: reals, feasible: func(p search.Params) bool { return number(p, "x") < -4.5 && number(p, "y") < 0.3 }, found: true},
		"finite":      {sp: space(t, search.Int("n", 1, 90), search.Int("m", 1, 90)), feasible: func(search.Params) bool { return false }, exhausted: true},
		"last corner": {sp: space(t, search.Int("n", 1, 90), search.Int("m", 1, 90)), feasible: func(p search.Params) bool { return number(p, "n")+number(p, "m") == 180 }, found: true},
		"vast":        {sp: space(t, search.Int("n", 1, 1<<20), search.Int("m", 1, 1<<20)), feasible: func(search.Params) bool { return false }},
	} {
		looks := 0
		p, err := (&Sampler{}).Sample(t.Context(), search.Request{Space: c.sp, Directions: []search.Direction{search.Minimize},
			Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}, Feasible: func(p search.Params) bool { looks++; return c.feasible(p) }})
		if (err == nil) != c.found || c.found && !c.feasible(p) || errors.Is(err, search.ErrExhausted) != c.exhausted || looks > 1<<17 {
			t.Errorf("%s: %v, %v after %d looks", name, p, err, looks)
		}
	}
}

// A search for a feasible configuration ends with its context.
func TestLookingFurtherStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	_, err := (&Sampler{}).Sample(ctx, search.Request{Space: space(t, search.Int("n", 1, 1<<20)), Directions: []search.Direction{search.Minimize},
		Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}, Feasible: func(search.Params) bool {
			if looks++; looks == 1000 {
				cancel()
			}
			return false
		}})
	if !errors.Is(err, context.Canceled) || looks > 1001 {
		t.Errorf("%v after %d looks", err, looks)
	}
}

// A move on a flat density forgets where it was, however wide that is.
func TestSliceKeepsTheDistribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	flat := func(t []float64) float64 {
		if t[0] < 0 || t[0] > 100 {
			return math.Inf(-1)
		}
		return 0
	}
	mean := 0.0
	for range 400 {
		at := []float64{1}
		slice(flat, at, 0, 0, rng)
		mean += at[0] / 400
	}
	near(t, "mean of a uniform distribution on 0 to 100", mean, 50, 0.1)
}
