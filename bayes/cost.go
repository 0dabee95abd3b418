package bayes

import (
	"math"
	"math/rand/v2"
)

// leastTimed is how many trials must have taken a known time before it says anything.
const leastTimed = 4

// cost returns the function that is subtracted from the logarithm of the
// acquisition at a point of the cube, CostExponent times the logarithm of the cost
// (Snoek et al. 2012, section 3.2, have expected improvement per second); nil where
// costs play no part.
func (s *Sampler) cost(e *encoder, h *past, rng *rand.Rand) func(u []float64) float64 {
	exponent := s.CostExponent
	if exponent == 0 {
		exponent = 1
	}
	switch {
	case s.Cost != nil:
		return func(u []float64) float64 { return exponent * logPositive(s.Cost(e.space.Decode(u))) }
	case s.MeasuredCost:
		if f := timed(e, h, rng); f != nil {
			return func(u []float64) float64 { return exponent * f(u) }
		}
	}
	return nil
}

// logPositive returns log x, 0 where x is not positive and finite.
func logPositive(x float64) float64 {
	if x > 0 && !math.IsInf(x, 0) {
		return math.Log(x)
	}
	return 0
}

// timed returns the predicted logarithm of the seconds that a trial takes; nil
// where too few are known.
func timed(e *encoder, h *past, rng *rand.Rand) func(u []float64) float64 {
	var x [][]float64
	var y []float64
	for _, f := range h.finished {
		if f.complete && f.seconds > 0 && !math.IsInf(f.seconds, 0) {
			x, y = append(x, f.x), append(y, math.Log(f.seconds))
		}
	}
	if n := len(x) - observationLimit; n > 0 {
		x, y = x[n:], y[n:]
	}
	if len(x) < leastTimed {
		return nil
	}
	y, to := standardise(y)
	obs := observe(x, y, e.nominal)
	for _, c := range obs.hypers(nil, rng) {
		if g, ok := obs.condition(c.Hyperparameters); ok {
			v := make([]float64, len(x))
			return func(u []float64) float64 {
				mean, _ := g.posterior(e.columnsOf(u), v, nil)
				return to.inverse(mean)
			}
		}
	}
	return nil
}
