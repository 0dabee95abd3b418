package bayes

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// sample draws n rows of which the last column is nominal, and outputs.
func sample(seed uint64, n, d int) *observations {
	rng := rand.New(rand.NewPCG(seed, 1))
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = make([]float64, d)
		for j := range d - 1 {
			x[i][j] = rng.Float64()
			y[i] += math.Sin(float64(3+j) * x[i][j])
		}
		x[i][d-1] = float64(rng.IntN(3))
		y[i] += 0.3 * x[i][d-1]
	}
	nominal := make([]bool, d)
	nominal[d-1] = true
	y, _ = standardise(y)
	return observe(x, y, nominal)
}

func someHyper(d int) Hyperparameters {
	h := Hyperparameters{Scale: 1.4, Noise: 3e-3}
	for j := range d {
		h.LengthScales = append(h.LengthScales, 0.4+0.3*float64(j))
	}
	return h
}

// compareSlope holds an analytic gradient against central differences.
func compareSlope(t *testing.T, f smooth, x []float64, tolerance float64) {
	t.Helper()
	_, grad := f(x)
	const h = 1e-5
	for j := range x {
		up, down := slices.Clone(x), slices.Clone(x)
		up[j] += h
		down[j] -= h
		a, _ := f(up)
		b, _ := f(down)
		near(t, "slope", grad[j], (a-b)/(2*h), tolerance)
	}
}

func TestLossGradient(t *testing.T) {
	for _, n := range []int{1, 2, 7, 40} {
		obs := sample(3, n, 4)
		compareSlope(t, obs.loss, someHyper(4).logs(), 1e-6)
		compareSlope(t, obs.loss, priorMode(4, 0).logs(), 1e-6)
	}
}

func TestFitClimbs(t *testing.T) {
	obs := sample(5, 40, 4)
	h, ok := obs.fit(nil, rand.New(rand.NewPCG(1, 1)))
	if !ok {
		t.Fatal("no fit")
	}
	fitted, grad := obs.loss(h.logs())
	b := hyperBox(4, 0)
	if g := largest(grad, b.free(h.logs(), grad)); g > 0.05 {
		t.Errorf("the projected gradient at the fit is %v", g)
	}
	if mode, _ := obs.loss(priorMode(4, 0).logs()); fitted >= mode {
		t.Errorf("loss %v is not below the prior mode's %v", fitted, mode)
	}
	again, _ := obs.fit(&h, rand.New(rand.NewPCG(2, 2)))
	if refitted, _ := obs.loss(again.logs()); refitted > fitted+1e-6 {
		t.Errorf("starting from the last fit worsens the loss from %v to %v", fitted, refitted)
	}
}

func TestFactorExtend(t *testing.T) {
	obs := sample(1, 30, 3)
	h := someHyper(3)
	n, q := 25, 5
	first := observe(obs.x[:n], obs.y[:n], obs.nominal)
	g, ok := first.condition(h)
	if !ok {
		t.Fatal("conditioning failed")
	}
	e, ok := g.extend(obs.x[n:])
	if !ok {
		t.Fatal("extending failed")
	}
	k := make([]float64, 30*30)
	obs.covariance(h, obs.x, k, nil)
	whole, _ := factorise(k, n+q)
	for i := range n + q {
		for j := range i + 1 {
			near(t, "L", e.l.l.Data[i*(n+q)+j], whole.l.Data[i*(n+q)+j], 1e-12)
		}
	}
}

func TestFactoriseSingular(t *testing.T) {
	ones := slices.Repeat([]float64{1}, 9)
	if f, ok := factorise(ones, 3); !ok || !finite(f.l.Data...) {
		t.Errorf("jitter does not save a singular matrix: %v %v", f, ok)
	}
	if _, ok := factorise([]float64{1, 0, 2, 1}, 2); ok {
		t.Error("an indefinite matrix has been factorised")
	}
	if _, ok := factorise([]float64{math.NaN()}, 1); ok {
		t.Error("NaN has been factorised")
	}
}

func TestEvidenceIgnoresProcessorCount(t *testing.T) {
	obs := sample(9, 300, 4) // large enough for the matrix product to use several goroutines
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	value, grad, _ := obs.evidence(someHyper(4))
	for _, procs := range []int{2, 4} {
		runtime.GOMAXPROCS(procs)
		v, g, _ := obs.evidence(someHyper(4))
		if v != value || !slices.Equal(g, grad) {
			t.Errorf("with %d processors the evidence is %v %v, with one %v %v", procs, v, g, value, grad)
		}
	}
}

func TestBoxMinimise(t *testing.T) {
	rosenbrock := func(x []float64) (float64, []float64) {
		a, b := x[1]-x[0]*x[0], 1-x[0]
		return 100*a*a + b*b, []float64{-400*a*x[0] - 2*b, 200 * a}
	}
	for _, c := range []struct {
		name            string
		low, high, want []float64
	}{
		{"inside", []float64{-2, -2}, []float64{2, 2}, []float64{1, 1}},
		{"at a bound", []float64{-2, -2}, []float64{0.5, 2}, []float64{0.5, 0.25}},
		{"in a corner", []float64{1.5, -2}, []float64{2, 1}, []float64{1.5, 1}},
	} {
		x, value := box{c.low, c.high}.minimise(rosenbrock, []float64{-1.2, 1}, 300)
		if want, _ := rosenbrock(c.want); value > want+1e-8 {
			t.Errorf("%s: got %v at %v, want %v at %v", c.name, value, x, want, c.want)
		}
	}
}
