package bayes

import (
	"math"
	"math/rand/v2"
	"testing"

	"mnisttune/search"
)

// A plateau of equally good points, the more expensive the larger n is.
func TestCostMovesToCheapConfigurations(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1), search.Float("n", 1, 100))
	cost := func(p search.Params) float64 { return number(p, "n") }
	f := func(p search.Params) float64 { return math.Pow(number(p, "x")-0.5, 2) }
	spent := func(s *Sampler) (total, best float64) {
		trials := study(t, s, sp, search.Minimize, f, 20, 1, 3)
		best = math.Inf(1)
		for _, trial := range trials[4:] {
			total += cost(trial.Params)
			best = min(best, trial.Values[0])
		}
		return total, best
	}
	without, _ := spent(&Sampler{})
	for _, kind := range []Acquisition{LogEI, EI, PI} {
		if with, best := spent(&Sampler{Acquisition: kind, Cost: cost}); with > 0.7*without || best > 1e-3 {
			t.Errorf("%s: %v spent with costs, %v without; best %v", kind, with, without, best)
		}
	}
}

func TestCostsThatAreNoNumbersCountAsOne(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	plain := study(t, &Sampler{}, sp, search.Minimize, branin, 8, 1, 3)
	for _, c := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		odd := study(t, &Sampler{Cost: func(search.Params) float64 { return c }}, sp, search.Minimize, branin, 8, 1, 3)
		for i := range plain {
			if sp.Key(plain[i].Params) != sp.Key(odd[i].Params) {
				t.Fatalf("cost %v: trial %d is %v in place of %v", c, i, odd[i].Params, plain[i].Params)
			}
		}
	}
}

func TestMeasuredCost(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	e, err := newEncoder(sp)
	if err != nil {
		t.Fatal(err)
	}
	h := &past{}
	rng := rand.New(rand.NewPCG(1, 1))
	s := &Sampler{MeasuredCost: true, CostExponent: 2}
	for i := range 12 {
		if f := s.cost(e, h, rng); (f != nil) != (i >= leastTimed) {
			t.Fatalf("after %d trials there is a cost: %v", i, f != nil)
		}
		x := float64(i) / 11
		h.finished = append(h.finished, finished{x: []float64{x}, complete: true, seconds: math.Exp(3 * x)})
	}
	f := s.cost(e, h, rng)
	for _, x := range []float64{0.1, 0.5, 0.93} {
		near(t, "2 log seconds", f([]float64{x}), 6*x, 0.05)
	}
}
