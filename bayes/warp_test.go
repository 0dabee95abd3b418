package bayes

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestKumaraswamy(t *testing.T) {
	for _, x := range []float64{0, 0.2, 0.7, 1} {
		near(t, "identity", kumaraswamy(x, 1, 1).at, x, 2e-7)
	}
	for _, c := range [][3]float64{{0.3, 2, 0.5}, {0.9, 0.4, 3}, {0.5, 1, 1}, {0.01, 0.2, 5}} {
		x, a, b := c[0], c[1], c[2]
		w := kumaraswamy(x, a, b)
		const h = 1e-6
		near(t, "by x", w.byX, (kumaraswamy(x+h, a, b).at-kumaraswamy(x-h, a, b).at)/(2*h), 1e-6)
		near(t, "by log a", w.byLogA, (kumaraswamy(x, a*(1+h), b).at-kumaraswamy(x, a*(1-h), b).at)/(2*h), 1e-6)
		near(t, "by log b", w.byLogB, (kumaraswamy(x, a, b*(1+h)).at-kumaraswamy(x, a, b*(1-h)).at)/(2*h), 1e-6)
	}
	for _, x := range []float64{0, 1} {
		for _, a := range []float64{minWarp, maxWarp} {
			for _, b := range []float64{minWarp, maxWarp} {
				if w := kumaraswamy(x, a, b); !finite(w.at, w.byX, w.byLogA, w.byLogB) {
					t.Errorf("x %v, a %v, b %v: %+v", x, a, b, w)
				}
			}
		}
	}
}

func TestWarpedLossGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 7))
	for _, n := range []int{2, 7, 30} {
		obs := sample(3, n, 4)
		obs.warped = true
		obs.known = make([]float64, n)
		for i := range obs.known {
			obs.known[i] = 0.1 * rng.Float64()
		}
		at := priorMode(4, 3).logs()
		for j := range at {
			at[j] += 0.3 * rng.NormFloat64()
		}
		compareSlope(t, obs.loss, at, 1e-5)
		near(t, "density", -obs.density(at), first(obs.loss(at)), 1e-12)
	}
}

func first(v float64, _ []float64) float64 { return v }

func TestLastFitWithoutWarpStartsOneWith(t *testing.T) {
	obs := sample(3, 30, 4)
	last := someHyper(4)
	for _, warped := range []bool{false, true} {
		obs.warped = warped
		h, ok := obs.adapt(&last)
		if !ok || len(h.WarpA) != obs.warps() || len(h.logs()) != 6+2*obs.warps() {
			t.Errorf("warped %v: got %+v, %v", warped, h, ok)
		}
		if back := obs.fromLogs(h.logs()); !slices.Equal(back.WarpB, h.WarpB) && warped {
			t.Errorf("got %v back from %v", back, h)
		}
		last = h
	}
}

func TestAcquisitionGradientUnderWarp(t *testing.T) {
	obs := sample(4, 15, 3)
	h := someHyper(3)
	h.WarpA, h.WarpB = []float64{0.5, 2}, []float64{1.5, 0.7}
	m := mix(obs, []Hyperparameters{h, someHyper(3)}, obs.x[:1], [][]float64{{0.3}, {-1}}, LogEI)
	if m == nil || len(m.members) != 2 {
		t.Fatal("no acquisition")
	}
	rng := rand.New(rand.NewPCG(2, 3))
	for range 10 {
		f := func(x []float64) (float64, []float64) {
			grad := make([]float64, 3)
			v := m.at([]float64{x[0], x[1], 1}, grad)
			return v, grad[:2]
		}
		compareSlope(t, f, []float64{0.1 + 0.8*rng.Float64(), 0.1 + 0.8*rng.Float64()}, 1e-5)
	}
}
