package tpe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"mnisttune/search"
)

// reference is testdata/parzen.json, which names the program that computed it.
type reference struct {
	Cases []struct {
		Space    []string
		Observed []search.Params
		Clipped  bool
		Weights  []float64
		Kernels  []struct {
			Smooth        float64
			Centre, Width []float64
		}
		Asked      []search.Params
		LogDensity []float64 `json:"log_density"`
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/parzen.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cases) < 10 {
		t.Fatalf("%d cases", len(r.Cases))
	}
	return r
}

// spaceOf parses parameters.
func spaceOf(t testing.TB, texts ...string) search.Space {
	t.Helper()
	var params []search.Param
	for _, text := range texts {
		p, err := search.ParseParam(text)
		if err != nil {
			t.Fatal(err)
		}
		params = append(params, p)
	}
	s, err := search.NewSpace(params...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// placed returns a configuration as a point.
func placed(t testing.TB, space search.Space, axes []axis, p search.Params) point {
	t.Helper()
	p, err := space.Check(p)
	if err != nil {
		t.Fatal(err)
	}
	return place(space, axes, p)
}

func axesOf(t testing.TB, space search.Space) []axis {
	t.Helper()
	axes, err := newAxes(space)
	if err != nil {
		t.Fatal(err)
	}
	return axes
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

func TestLogDensityMatchesReference(t *testing.T) {
	for i, c := range readReference(t).Cases {
		t.Run(fmt.Sprintf("%d %v", i, c.Space), func(t *testing.T) {
			space := spaceOf(t, c.Space...)
			axes := axesOf(t, space)
			e := &parzen{weights: c.Weights, sums: make([]float64, len(c.Weights))}
			for _, w := range c.Weights {
				e.logs = append(e.logs, math.Log(w))
			}
			for j, a := range axes {
				k := kernels{axis: a, centre: c.Kernels[j].Centre, width: c.Kernels[j].Width, smooth: c.Kernels[j].Smooth, rows: map[int][]float64{}}
				if a.word {
					for _, p := range c.Observed {
						k.own = append(k.own, placed(t, space, axes, p).level[j])
					}
					k.own = append(k.own, -1)
				} else {
					k.normalise()
				}
				e.params = append(e.params, k)
			}
			for n, p := range c.Asked {
				near(t, fmt.Sprint(p), e.logDensity(placed(t, space, axes, p)), c.LogDensity[n], 1e-9)
			}
		})
	}
}

func TestKernelsMatchReference(t *testing.T) {
	for _, c := range readReference(t).Cases {
		space := spaceOf(t, c.Space...)
		axes := axesOf(t, space)
		var points []point
		for _, p := range c.Observed {
			points = append(points, placed(t, space, axes, p))
		}
		n := len(points)
		for j, a := range axes {
			want := c.Kernels[j]
			if a.word {
				continue
			}
			k := newKernels(a, j, points)
			centres := k.centre[:n]
			for i := range want.Centre {
				near(t, "centre", k.centre[i], want.Centre[i], 1e-12)
			}
			near(t, "width of the prior", k.width[n], want.Width[n], 1e-12)
			least := 0.0
			if c.Clipped {
				least = 1 / min(100, float64(n)+2)
			}
			got := gaps(centres)
			for i, gap := range got {
				if c.Clipped {
					near(t, "width", k.width[i], min(max(bandwidth*gap, least), priorWidth), 1e-15)
				}
				got[i] = max(gap, least)
			}
			// Which of several at one place has which gap is arbitrary.
			ours, theirs := byPlace(centres, got), byPlace(centres, want.Width[:n])
			for i := range ours {
				near(t, "gap", ours[i], theirs[i], 1e-11)
			}
		}
	}
}

// byPlace returns the values in the order of their places, and of themselves where those
// are equal.
func byPlace(places, values []float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(places[a], places[b]), cmp.Compare(values[a], values[b]))
	})
	out := make([]float64, len(values))
	for r, i := range order {
		out[r] = values[i]
	}
	return out
}

func TestGapsOfEqualPlaces(t *testing.T) {
	for _, c := range []struct{ places, want []float64 }{
		{nil, nil},
		{[]float64{0.25}, []float64{0.75}},
		{[]float64{1}, []float64{1}},
		{[]float64{0.5, 0.5}, []float64{0, 0}},
		{[]float64{0.5, 0.25, 0.5, 0.75, 0.5}, []float64{0.25, 0.25, 0, 0.25, 0.25}},
	} {
		if got := gaps(c.places); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.places, got, c.want)
		}
	}
}
