package bayes

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func prepare(t *testing.T, pending int, kind Acquisition) (*expected, *observations, [][]float64) {
	t.Helper()
	obs := sample(4, 15+pending, 3)
	known := observe(obs.x[:15], obs.y[:15], obs.nominal)
	g, ok := known.condition(someHyper(3))
	if !ok {
		t.Fatal("conditioning failed")
	}
	rng := rand.New(rand.NewPCG(8, 8))
	normals := make([][]float64, 8)
	for s := range normals {
		for range pending {
			normals[s] = append(normals[s], rng.NormFloat64())
		}
	}
	a, ok := expect(g, known, obs.x[15:], normals, kind)
	if !ok {
		t.Fatal("no acquisition")
	}
	return a, known, obs.x[15:]
}

func TestAcquisitionGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	for _, kind := range []Acquisition{LogEI, PI, UCB} {
		for _, pending := range []int{0, 1, 3} {
			a, _, _ := prepare(t, pending, kind)
			for range 10 {
				name := float64(rng.IntN(3))
				f := func(x []float64) (float64, []float64) {
					grad := make([]float64, 3)
					v := a.at([]float64{x[0], x[1], name}, grad)
					return v, grad[:2]
				}
				compareSlope(t, f, []float64{rng.Float64(), rng.Float64()}, 1e-5)
			}
		}
	}
}

// TestExpectedImprovement holds the acquisition against a plain computation:
// for every fantasy, draw the pending outputs one after the other, solve afresh
// for the posterior mean everywhere, and average the textbook formula.
func TestExpectedImprovement(t *testing.T) {
	for _, pending := range []int{0, 2} {
		a, obs, waiting := prepare(t, pending, LogEI)
		rows := append(slices.Clone(obs.x), waiting...)
		mean := a.gp.mean
		for _, x := range [][]float64{{0.1, 0.9, 0}, {0.5, 0.5, 1}, {0.8, 0.2, 2}} {
			total := 0.0
			for s, z := range a.fantasies {
				y := slices.Clone(obs.y)
				for q, e := range z {
					part := observe(rows[:len(y)], y, obs.nominal)
					mu, variance := plainPosterior(part, a.gp.Hyperparameters, mean, rows[len(obs.y)+q])
					y = append(y, mu+math.Sqrt(variance+a.gp.Noise)*e)
				}
				with := observe(rows, y, obs.nominal)
				best := math.Inf(1)
				for _, r := range rows {
					mu, _ := plainPosterior(with, a.gp.Hyperparameters, mean, r)
					best = min(best, mu)
				}
				best -= leastGain
				near(t, "incumbent", a.best[s], best, 1e-9)
				mu, variance := plainPosterior(with, a.gp.Hyperparameters, mean, x)
				sd := math.Sqrt(variance)
				u := (best - mu) / sd
				total += (best-mu)*normalCDF(u) + sd*math.Exp(-u*u/2)/math.Sqrt(2*math.Pi)
			}
			near(t, "expected improvement", math.Exp(a.at(x, nil)), total/float64(len(a.fantasies)), 1e-9)
		}
	}
}

// plainPosterior solves K a = y - mean by the inverse of K.
func plainPosterior(o *observations, h Hyperparameters, mean float64, x []float64) (mu, variance float64) {
	n := len(o.x)
	k := make([]float64, n*n)
	o.covariance(h, o.x, k, nil)
	l, _ := factorise(k, n)
	inv, _ := l.inverse()
	cross := make([]float64, n)
	g := &gp{Hyperparameters: h, geometry: geometry{h.weights(), o.nominal}, x: o.x}
	g.cross(x, cross, nil)
	mu, variance = mean, h.Scale
	for i := range n {
		for j := range n {
			e := inv[max(i, j)*n+min(i, j)]
			mu += cross[i] * e * (o.y[j] - mean)
			variance -= cross[i] * e * cross[j]
		}
	}
	return mu, variance
}

func TestPendingTrialsRepel(t *testing.T) {
	obs := sample(4, 15, 3)
	g, _ := obs.condition(someHyper(3))
	free, _ := expect(g, obs, nil, [][]float64{{}}, LogEI)
	top, at := math.Inf(-1), []float64(nil)
	for _, u := range sobol(512, 2, rand.New(rand.NewPCG(1, 1))) {
		for name := range 3 {
			x := append(slices.Clone(u), float64(name))
			if v := free.at(x, nil); v > top {
				top, at = v, x
			}
		}
	}
	normals := sobol(32, 1, rand.New(rand.NewPCG(1, 1)))
	for _, z := range normals {
		z[0] = 2 * (z[0] - 0.5)
	}
	busy, ok := expect(g, obs, [][]float64{at}, normals, LogEI)
	if !ok {
		t.Fatal("no acquisition")
	}
	if v := busy.at(at, nil); v > top-1 {
		t.Errorf("log EI where a trial runs falls from %v to %v only", top, v)
	}
}

func TestLogEIFarFromGoodPointsHasASlope(t *testing.T) {
	obs := observe([][]float64{{0}, {0.2}, {0.9}, {1}}, []float64{-1.5, -0.5, 1, 1.2}, []bool{false})
	g, _ := obs.condition(Hyperparameters{LengthScales: []float64{2}, Scale: 1, Noise: 1e-6})
	grad := make([]float64, 1)
	a, _ := expect(g, obs, nil, [][]float64{{}}, LogEI)
	if v := a.at([]float64{0.95}, grad); !(v < -700) || math.IsInf(v, 0) || grad[0] == 0 {
		t.Errorf("log EI %v with slope %v", v, grad[0])
	}
}
