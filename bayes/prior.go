package bayes

import "math"

// The prior of the hyperparameters, as densities of their logarithms:
//
//	log l  ~ Normal(log lengthMedian, lengthSpread²)   for every column
//	log s  ~ Normal(0, scaleSpread²)                   y has unit variance
//	σ²     ~ Gamma(noiseShape, rate noiseRate)         small, and free to be tiny
const (
	lengthMedian, lengthSpread = 0.7, 2.0
	scaleSpread                = 2.0
	noiseShape, noiseRate      = 0.1, 30.0
)

// logPrior returns the log density (up to a constant) and its gradient with
// respect to (log l_1 .. log l_D, log s, log σ²).
func (h hyper) logPrior() (value float64, grad []float64) {
	normal := func(x, median, spread float64) float64 {
		z := math.Log(x/median) / spread
		value -= z * z / 2
		return -z / spread
	}
	for _, l := range h.LengthScales {
		grad = append(grad, normal(l, lengthMedian, lengthSpread))
	}
	grad = append(grad, normal(h.Scale, 1, scaleSpread))
	value += noiseShape*math.Log(h.Noise) - noiseRate*h.Noise
	return value, append(grad, noiseShape-noiseRate*h.Noise)
}

// priorMode returns the hyperparameters of greatest prior density for d columns.
func priorMode(d int) hyper {
	h := hyper{LengthScales: make([]float64, d), Scale: 1, Noise: noiseShape / noiseRate}
	for j := range h.LengthScales {
		h.LengthScales[j] = lengthMedian
	}
	return h
}
