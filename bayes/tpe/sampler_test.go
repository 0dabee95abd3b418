package tpe

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
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

func number(p search.Params, name string) float64 {
	v, _ := p.Float(name)
	return v
}

// mixedSpace is what a network's search looks like.
func mixedSpace(t testing.TB) search.Space {
	return spaceOf(t, "rate=1e-5..1.0:log", "batch=16,32,64,128", "layers=1..4", "rule=adam,rmsprop,sgd",
		"momentum=0.0..0.99:when=rule=sgd", "nesterov=no,yes:when=rule=sgd")
}

// mixed is to be maximised; it fails where the rate is high.
func mixed(p search.Params) float64 {
	rate := math.Log10(number(p, "rate")) + 2
	if rate > 1.5 {
		return math.NaN()
	}
	v := -rate*rate - math.Abs(number(p, "layers")-2)
	if p["rule"] == "sgd" {
		v += number(p, "momentum")
	}
	return v
}

func TestDependsOnNothingButTheRequest(t *testing.T) {
	space := mixedSpace(t)
	want := study(t, &Sampler{}, space, search.Maximize, mixed, 25, 2, 5)
	if got := study(t, &Sampler{}, space, search.Maximize, mixed, 25, 2, 5); !reflect.DeepEqual(got, want) {
		t.Error("the same seed gives other trials")
	}
	if got := study(t, &Sampler{}, space, search.Maximize, mixed, 15, 2, 5); !reflect.DeepEqual(got, want[:15]) {
		t.Error("15 trials are not the beginning of 25")
	}
	if got := study(t, &Sampler{}, space, search.Maximize, mixed, 25, 2, 6); reflect.DeepEqual(got, want) {
		t.Error("another seed gives the same trials")
	}
}

func TestMaximiseIsMinimiseOfTheNegative(t *testing.T) {
	space := mixedSpace(t)
	a := study(t, &Sampler{}, space, search.Maximize, mixed, 25, 1, 2)
	b := study(t, &Sampler{}, space, search.Minimize, func(p search.Params) float64 { return -mixed(p) }, 25, 1, 2)
	for i := range a {
		if !reflect.DeepEqual(a[i].Params, b[i].Params) {
			t.Fatalf("trial %d: %v and %v", i, a[i].Params, b[i].Params)
		}
	}
}

func TestScaleOfTheValuesDoesNotMatter(t *testing.T) {
	space := mixedSpace(t)
	a := study(t, &Sampler{}, space, search.Maximize, mixed, 25, 1, 2)
	b := study(t, &Sampler{}, space, search.Maximize, func(p search.Params) float64 { return math.Ldexp(mixed(p), 1000) }, 25, 1, 2)
	for i := range a {
		if !reflect.DeepEqual(a[i].Params, b[i].Params) {
			t.Fatalf("trial %d: %v and %v", i, a[i].Params, b[i].Params)
		}
	}
}

func TestStartDesign(t *testing.T) {
	space := mixedSpace(t)
	trials := study(t, &Sampler{}, space, search.Maximize, mixed, 10, 1, 1)
	first := trials[0].Params
	if first["layers"] != 3 || first["batch"] != 64 || math.Abs(math.Log10(number(first, "rate"))+2.5) > 1e-3 {
		t.Errorf("the first is not in the middle: %v", first)
	}
	words := map[any]int{}
	for _, trial := range trials {
		words[trial.Params["rule"]]++
	}
	if len(words) != 3 || words["sgd"] < 2 || words["adam"] < 2 || words["rmsprop"] < 2 {
		t.Errorf("the words are not evenly spread: %v", words)
	}
	var n note
	for i, trial := range study(t, &Sampler{InitialPoints: 3}, space, search.Maximize, mixed, 6, 1, 1) {
		want := fromDesign
		if i >= 3 {
			want = fromDensities
		}
		if err := json.Unmarshal(trial.Attrs[attr], &n); err != nil || n.Source != want {
			t.Errorf("trial %d: %s, want %q", i, trial.Attrs[attr], want)
		}
	}
	for params, want := range map[int]int{0: 6, 1: 6, 2: 6, 4: 8, 6: 10, 40: 10} {
		if got := (&Sampler{}).initialPoints(params); got != want {
			t.Errorf("%d parameters: %d initial points, want %d", params, got, want)
		}
	}
}

func TestExhausted(t *testing.T) {
	for name, texts := range map[string][]string{
		"one point": {"a=2..2"}, "empty": {}, "choices": {"a=1,2,5", "b=u,v"},
		"conditional": {"a=x,y", "k=1..3:when=a=x", "c=0..2"}, "larger": {"a=1..12", "b=1..12"},
	} {
		space := spaceOf(t, texts...)
		size, _ := space.Size()
		for _, lag := range []int{1, 3} {
			f := func(p search.Params) float64 { return number(p, "c") - number(p, "k") }
			if trials := study(t, &Sampler{}, space, search.Maximize, f, size+1, lag, 1); len(trials) != size {
				t.Errorf("%s, lag %d: %d trials before ErrExhausted, want %d", name, lag, len(trials), size)
			}
		}
	}
}

func TestFeasible(t *testing.T) {
	space := spaceOf(t, "a=1..10", "b=1..10")
	for seed := range uint64(20) {
		var history []search.Trial
		for range 20 {
			req := search.Request{
				Space: space, Directions: []search.Direction{search.Minimize}, History: history, Number: len(history),
				Rand: rand.New(rand.NewPCG(seed, uint64(len(history)))), Attrs: map[string]any{},
				Feasible: func(p search.Params) bool { return number(p, "a") > 3 },
			}
			p, err := (&Sampler{}).Sample(t.Context(), req)
			if err != nil || !req.Feasible(p) {
				t.Fatalf("got %v, %v", p, err)
			}
			history = append(history, search.Trial{Number: len(history), State: search.Complete, Params: p, Values: []float64{number(p, "a") + number(p, "b")}})
		}
	}
}

func TestWrongRequests(t *testing.T) {
	space := spaceOf(t, "x=0.0..1.0")
	one := []search.Direction{search.Minimize}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		s   Sampler
		d   []search.Direction
	}{
		"initial points": {t.Context(), Sampler{InitialPoints: -1}, one},
		"candidates":     {t.Context(), Sampler{Candidates: -1}, one},
		"directions":     {t.Context(), Sampler{}, []search.Direction{search.Minimize, search.Maximize}},
		"no direction":   {t.Context(), Sampler{}, nil},
		"cancelled":      {done, Sampler{}, one},
	} {
		req := search.Request{Space: space, Directions: c.d, Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}}
		if p, err := c.s.Sample(c.ctx, req); err == nil {
			t.Errorf("%s: got %v, want an error", name, p)
		}
	}
}

// FuzzDegenerateHistories makes a history of the bytes, two to a trial, and asks five
// times: no error but ErrExhausted, no repeat, no value out of the space.
func FuzzDegenerateHistories(f *testing.F) {
	f.Add(uint8(0), []byte{})
	f.Add(uint8(1), []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(uint8(2), []byte{10, 5, 20, 5, 30, 5, 40, 5, 50, 5, 60, 5, 70, 5, 80, 5, 90, 5}) // all equal
	f.Add(uint8(1), []byte{10, 0, 20, 0, 30, 0, 40, 0, 50, 0, 60, 0, 70, 0, 80, 0, 90, 0}) // all failed
	f.Add(uint8(2), []byte{10, 1, 20, 2, 30, 3, 40, 4, 50, 1, 60, 2, 70, 8, 80, 9, 90, 1}) // huge, denormal
	f.Add(uint8(3), []byte{10, 6, 20, 6, 30, 6, 40, 6, 50, 6, 60, 6, 70, 6, 80, 6, 90, 6}) // all running
	f.Add(uint8(0), []byte{10, 7, 20, 7, 30, 7, 40, 7, 50, 7, 60, 7, 70, 7, 80, 7, 90, 7}) // all pruned
	f.Add(uint8(4), []byte{10, 6, 20, 7, 30, 6, 40, 99, 50, 1, 60, 6, 70, 8, 80, 0})
	f.Add(uint8(5), []byte{10, 6, 200, 7, 30, 6, 140, 99, 50, 1, 160, 6, 70, 8, 250, 0})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		spaces := []search.Space{
			mixedSpace(t),
			spaceOf(t, "x=1e-300..1e300:log"),
			spaceOf(t, "x=-1e308..0.0", "y=1.0..1.0000000000000002"),
			spaceOf(t, "n=-9007199254740992..9007199254740992", "w=a,b"),
			spaceOf(t, "n=1..90", "m=1..1099511627776:log", "k=0.5,2.0,100.0"),
			spaceOf(t, "a=1,2,5", "b=u,v", "c=1..4"),
		}
		space := spaces[int(which)%len(spaces)]
		values := map[byte]float64{1: 1e300, 2: -math.MaxFloat64, 3: 5e-324, 4: 0, 5: 1, 8: math.NaN(), 9: math.MaxFloat64, 10: math.Inf(1), 11: math.Inf(-1)}
		var history []search.Trial
		for ; len(data) >= 2 && len(history) < 20; data = data[2:] {
			u := slices.Repeat([]float64{float64(data[0]) / 255}, space.Len())
			trial := search.Trial{Number: len(history), Params: space.Decode(u), State: search.Complete}
			v, ok := values[data[1]]
			if !ok {
				v = float64(data[1])
			}
			trial.Values = []float64{v}
			switch data[1] {
			case 0:
				trial.State, trial.Values = search.Failed, nil
			case 6:
				trial.State, trial.Values = search.Running, nil
			case 7:
				trial.State, trial.Reports = search.Pruned, []search.Report{{Step: int(data[0]) % 3, Value: v}}
			}
			history = append(history, trial)
		}
		goOn(t, space, history)
	})
}

// goOn asks five times after a history.
func goOn(t *testing.T, space search.Space, history []search.Trial) {
	seen := map[string]bool{}
	for _, trial := range history {
		seen[space.Key(trial.Params)] = true
	}
	for range 5 {
		trial, err := ask(&Sampler{InitialPoints: 4}, space, search.Maximize, history, 1)
		if errors.Is(err, search.ErrExhausted) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if seen[space.Key(trial.Params)] {
			t.Fatalf("%v is proposed again", trial.Params)
		}
		seen[space.Key(trial.Params)] = true
		trial.State, trial.Values = search.Complete, []float64{1}
		history = append(history, trial)
	}
}

// BenchmarkSample makes a suggestion after 200 trials of 5 parameters.
func BenchmarkSample(b *testing.B) {
	space := spaceOf(b, "rate=1e-5..1.0:log", "dropout=0.0..0.5", "layers=1..4", "batch=16,32,64,128", "rule=adam,rmsprop,sgd")
	rng := rand.New(rand.NewPCG(1, 1))
	var history []search.Trial
	for i := range 200 {
		u := make([]float64, space.Len())
		for j := range u {
			u[j] = rng.Float64()
		}
		history = append(history, search.Trial{Number: i, State: search.Complete, Params: space.Decode(u), Values: []float64{rng.Float64()}})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ask(&Sampler{}, space, search.Minimize, history, 1); err != nil {
			b.Fatal(err)
		}
	}
}
