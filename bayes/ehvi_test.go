package bayes

import (
	"math"
	"math/rand/v2"
	"testing"

	"mnisttune/search"
)

// The exact value is the mean over draws of the two objectives of how much the
// hypervolume grows, and the derivatives are its slopes.
func TestEHVIMatchesDraws(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	both := []search.Direction{search.Minimize, search.Minimize}
	reference := [2]float64{1.2, 0.9}
	for _, front := range [][][2]float64{
		nil, {{0, 0}}, {{-1, 0.5}, {0, 0}, {0.5, -1}}, {{-1, 0.5}, {-1, 0.7}, {0, 0}, {0.2, 0.1}, {0.5, -1}, {2, -3}},
	} {
		var points [][]float64
		for _, p := range front {
			points = append(points, []float64{p[0], p[1]})
		}
		before, err := search.Hypervolume(both, points, reference[:])
		if err != nil {
			t.Fatal(err)
		}
		s := newStaircase(front, reference)
		for _, c := range [][2]normal{{{0.1, 0.5}, {-0.2, 0.4}}, {{-1.5, 0.3}, {0.4, 0.2}}, {{0.4, 0.05}, {0.3, 0.7}}} {
			const draws = 200000
			mean, square := 0.0, 0.0
			for range draws {
				y := []float64{c[0].mean + c[0].sd*rng.NormFloat64(), c[1].mean + c[1].sd*rng.NormFloat64()}
				after, err := search.Hypervolume(both, append(points, y), reference[:])
				if err != nil {
					t.Fatal(err)
				}
				mean += (after - before) / draws
				square += (after - before) * (after - before) / draws
			}
			value, byMean, bySD := s.logEHVI(c[0], c[1])
			if off := math.Abs(math.Exp(value)-mean) / math.Sqrt((square-mean*mean)/draws); off > 4.5 {
				t.Errorf("front %v, %v: %v, draws give %v, %.1f standard errors off", front, c, math.Exp(value), mean, off)
			}
			const h = 1e-6
			for k := range 2 {
				for what, slope := range map[string]float64{"mean": byMean[k], "sd": bySD[k]} {
					up, down := c, c
					if what == "mean" {
						up[k].mean += h
						down[k].mean -= h
					} else {
						up[k].sd += h
						down[k].sd -= h
					}
					a, _, _ := s.logEHVI(up[0], up[1])
					b, _, _ := s.logEHVI(down[0], down[1])
					if want := (a - b) / (2 * h); math.Abs(slope-want) > 1e-5*(1+math.Abs(want)) {
						t.Errorf("front %v, %v: slope by %s %d is %v, want %v", front, c, what, k, slope, want)
					}
				}
			}
		}
	}
}

// Far from the front there is a value and a slope still.
func TestEHVIFarAway(t *testing.T) {
	s := newStaircase([][2]float64{{0, 0}, {-1e-9, 1e-9}}, [2]float64{1, 1})
	value, byMean, bySD := s.logEHVI(normal{60, 0.5}, normal{80, 0.5})
	if !finite(value, byMean[0], byMean[1], bySD[0], bySD[1]) || value > -1000 || byMean[0] >= 0 || byMean[1] >= 0 {
		t.Errorf("%v, %v, %v", value, byMean, bySD)
	}
}
