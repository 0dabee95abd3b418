package bayes

import "math"

// The prior of the hyperparameters, as densities of their logarithms:
//
//	log l  ~ Normal(log lengthMedian, lengthSpread²)   for every column
//	log s  ~ Normal(0, scaleSpread²)                   y has unit variance
//	σ²     ~ Gamma(noiseShape, rate noiseRate)         small, and free to be tiny
//	log a, log b ~ Normal(0, warpSpread²)              close to no warp
const (
	lengthMedian, lengthSpread = 0.7, 2.0
	scaleSpread                = 2.0
	noiseShape, noiseRate      = 0.1, 30.0
	warpSpread                 = 0.3
)

// logPrior returns the log density (up to a constant) and its gradient with
// respect to the logarithms of the hyperparameters.
func (h Hyperparameters) logPrior() (value float64, grad []float64) {
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
	grad = append(grad, noiseShape-noiseRate*h.Noise)
	for _, a := range h.WarpA {
		grad = append(grad, normal(a, 1, warpSpread))
	}
	for _, b := range h.WarpB {
		grad = append(grad, normal(b, 1, warpSpread))
	}
	return value, grad
}

// priorMode returns the hyperparameters of greatest prior density for d columns,
// w of them warped.
func priorMode(d, w int) Hyperparameters {
	h := Hyperparameters{LengthScales: make([]float64, d), Scale: 1, Noise: noiseShape / noiseRate}
	for j := range h.LengthScales {
		h.LengthScales[j] = lengthMedian
	}
	return h.withWarp(w)
}

// withWarp returns h with w warps that leave the columns as they are.
func (h Hyperparameters) withWarp(w int) Hyperparameters {
	h.WarpA, h.WarpB = nil, nil
	for range w {
		h.WarpA, h.WarpB = append(h.WarpA, 1), append(h.WarpB, 1)
	}
	return h
}
