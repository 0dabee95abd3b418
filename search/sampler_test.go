package search

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// drawAll asks a sampler for trials until it is exhausted, or n times.
func drawAll(t *testing.T, s Sampler, space Space, n int) []Params {
	t.Helper()
	study, err := NewStudy(StudyOptions{Space: space, Sampler: s, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	var out []Params
	for range n {
		trial, err := study.Ask(t.Context())
		if errors.Is(err, ErrExhausted) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, trial.Params)
		if _, err := study.Tell(t.Context(), trial.Number, Outcome{Values: []float64{0}}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestGridOrderAndValues(t *testing.T) {
	got := drawAll(t, Grid{}, mustSpace(t, "lr=1e-4..1e-1:log:n=4", "b=32,64", "n=1..2"), 100)
	var want []string
	for _, lr := range []string{"0.0001", "0.001", "0.01", "0.1"} {
		for _, b := range []int{32, 64} {
			for _, n := range []int{1, 2} {
				want = append(want, fmt.Sprintf("b=%d lr=%s n=%d", b, lr, n))
			}
		}
	}
	var lines []string
	for _, p := range got {
		lines = append(lines, p.String())
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got  %v\nwant %v", lines, want)
	}
}

func TestGridLevels(t *testing.T) {
	for text, want := range map[string][]any{
		"x=0.0..1.0":           {0.0, 0.25, 0.5, 0.75, 1.0},
		"x=1e-5..1e-1:log":     {1e-5, 1e-4, 1e-3, 1e-2, 1e-1},
		"x=0.0..1.0:n=1":       {0.5},
		"x=1.0..100.0:log:n=1": {10.0},
		"x=1..4":               {1, 2, 3, 4},
		"x=1..100":             {1, 26, 51, 75, 100},
		"x=1..100:n=3":         {1, 51, 100},
		"x=1..3:n=9":           {1, 2, 3},
		"x=1..1000:log:n=4":    {1, 10, 100, 1000},
		"x=1..30:log:n=6":      {1, 2, 4, 8, 15, 30},
		"x=1..21:log:n=20":     nil, // 20 different ones, checked below
		"x=0.0..0.4:step=0.2":  {0.0, 0.2, 0.4},
		"x=0.0..1.0:step=0.01": {0.0, 0.25, 0.5, 0.75, 1.0},
		"x=5..5":               {5},
		"x=0.5,0.1":            {0.5, 0.1},
		"x=a,b":                {"a", "b"},
	} {
		var got []any
		for _, p := range drawAll(t, Grid{}, mustSpace(t, text), 100) {
			if slices.Contains(got, p["x"]) {
				t.Errorf("%s: %v comes twice", text, p["x"])
			}
			got = append(got, p["x"])
		}
		if want == nil {
			if len(got) != 20 {
				t.Errorf("%s: %d points", text, len(got))
			}
			continue
		}
		if !slices.EqualFunc(got, want, func(a, b any) bool {
			x, y := number(a), number(b)
			return a == b || math.Abs(x-y) < 1e-9 && fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b)
		}) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// A grid over a finite space with conditions visits every configuration once.
func TestGridVisitsAllOnce(t *testing.T) {
	for _, name := range []string{"conditional", "nested", "one"} {
		s := mustSpace(t, spaces[name]...)
		got := drawAll(t, Grid{}, s, 10000)
		keys := map[string]bool{}
		for _, p := range got {
			keys[s.Key(p)] = true
		}
		n, _ := s.Size()
		if size, ok := GridSize(s); !ok || size != n || len(got) != n || len(keys) != n {
			t.Errorf("%s: %d trials, %d different, GridSize %d, Size %d", name, len(got), len(keys), size, n)
		}
	}
	if _, ok := GridSize(mustSpace(t, "a=1..20", "b=1..20", "c=1..20", "d=1..20", "e=1..20", "f=1..20", "g=1..20", "h=1..20", "i=1..20", "j=1..20", "k=1..20", "l=1..20", "m=1..20")); ok {
		t.Error("20^13 cells are counted")
	}
}

// What cannot be counted is an error or not finite, soon.
func TestHugeSpaces(t *testing.T) {
	var params []string
	for i := range 8 {
		params = append(params, fmt.Sprintf("p%d=0.0..1.0:n=1000", i))
	}
	s := newStudy(t, StudyOptions{Space: mustSpace(t, params...), Sampler: Grid{}})
	if _, err := s.Ask(t.Context()); err == nil || !strings.Contains(err.Error(), "too many combinations") {
		t.Errorf("a grid of 10^24 cells: %v", err)
	}
	nested := mustSpace(t, "a=1..60000", "b=1..16000:when=a>=2", "c=1..3:when=b>=2")
	if n, finite := nested.Size(); finite {
		t.Errorf("size %d, want not counted", n)
	}
	if _, err := NewSpace(Param{Name: "x", Kind: Real, Low: -1.5e308, High: 1.5e308}); err == nil {
		t.Error("a range wider than float64 was accepted")
	}
}

func TestRandomIsUniform(t *testing.T) {
	s := mustSpace(t, "lr=1e-4..1e0:log", "n=1..4")
	decades, layers := [4]int{}, [4]int{}
	const n = 4000
	for i := range n {
		p, err := Random{}.Sample(t.Context(), Request{Space: s, Number: i, Rand: newRand(3, i)})
		if err != nil {
			t.Fatal(err)
		}
		lr, _ := p.Float("lr")
		layer, _ := p.Int("n")
		decades[min(3, int(4+math.Log10(lr)))]++
		layers[layer-1]++
	}
	for i := range 4 { // 1000 expected, standard deviation 27
		if math.Abs(float64(decades[i]-n/4)) > 120 || math.Abs(float64(layers[i]-n/4)) > 120 {
			t.Errorf("decades %v, layers %v, want about %d each", decades, layers, n/4)
		}
	}
}

func TestRandomUsesALargerSpaceUp(t *testing.T) {
	finite := mustSpace(t, spaces["conditional"]...)
	size, _ := finite.Size()
	got := drawAll(t, Random{}, finite, size+10)
	keys := map[string]bool{}
	for _, p := range got {
		keys[finite.Key(p)] = true
	}
	if len(got) != size || len(keys) != size {
		t.Errorf("%d trials, %d different, of %d configurations", len(got), len(keys), size)
	}
}
