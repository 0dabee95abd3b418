package bayes

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestLimit(t *testing.T) {
	y := make([]float64, 1000)
	for i := range y {
		y[i] = float64((i*617 + 5) % 1000) // a permutation
	}
	keep := limit(ranked(y), 100)
	if len(keep) != 100 || !slices.IsSorted(keep) || len(slices.Compact(slices.Clone(keep))) != 100 {
		t.Fatalf("got %v", keep)
	}
	good := 0
	for _, i := range keep {
		if y[i] < 50 {
			good++
		}
	}
	if good != 50 || keep[99] != 999 {
		t.Errorf("%d of the best 50 are kept, the latest is %d", good, keep[99])
	}
}

func TestFallsBackWhenTheFitFails(t *testing.T) {
	obs := observe([][]float64{{0.1}, {0.7}}, []float64{math.NaN(), 1}, []bool{false})
	rng := rand.New(rand.NewPCG(1, 1))
	last := &Hyperparameters{LengthScales: []float64{0.5}, Scale: 1, Noise: 1e-3}
	sources := func(last *Hyperparameters) (out []Source) {
		for _, c := range obs.hypers(last, rng) {
			out = append(out, c.source)
		}
		return out
	}
	if got := sources(last); !slices.Equal(got, []Source{FromLast, FromDefault}) {
		t.Errorf("got %v", got)
	}
	if got := sources(&Hyperparameters{LengthScales: []float64{0.5, 2}, Scale: 1, Noise: 1e-3}); !slices.Equal(got, []Source{FromDefault}) {
		t.Errorf("with a last fit of another space: got %v", got)
	}
	obs.y[0] = 0
	if got := sources(last); !slices.Equal(got, []Source{FromFit, FromLast, FromDefault}) {
		t.Errorf("with finite outputs: got %v", got)
	}
}
