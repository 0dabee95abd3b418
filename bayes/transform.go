package bayes

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// transform maps outputs (small is good) to the scale that the process learns
// on, in three steps: the worse half is spread like a normal distribution by
// its ranks, so that a diverged run does not stretch the scale; Yeo-Johnson's
// power transform makes the whole closer to normal; and the result is
// standardised. NaN stands for a failed trial: its output is the worst value
// plus half the range. The order of the values is kept. Equal values give zeros.
func transform(y []float64) []float64 {
	return standardise(yeoJohnson(standardise(halfRank(replaceFailures(unitRange(y))))))
}

// unitRange divides by the largest absolute value, so that no square overflows.
func unitRange(y []float64) []float64 {
	top := 0.0
	for _, v := range y {
		if a := math.Abs(v); a > top {
			top = a
		}
	}
	out := slices.Clone(y)
	for i := range out {
		if top > 0 {
			out[i] /= top
		}
	}
	return out
}

// replaceFailures puts the worst value plus half the range in place of NaN; the
// worst plus 1 where there is no range, 0 where there are no values.
func replaceFailures(y []float64) []float64 {
	worst, best := math.Inf(-1), math.Inf(1)
	for _, v := range y {
		if !math.IsNaN(v) {
			worst, best = max(worst, v), min(best, v)
		}
	}
	failed := 0.0
	switch {
	case worst > best:
		failed = worst + (worst-best)/2
	case worst == best:
		failed = worst + 1
	}
	out := slices.Clone(y)
	for i, v := range y {
		if math.IsNaN(v) {
			out[i] = failed
		}
	}
	return out
}

// standardise shifts and scales y to mean 0 and variance 1, or to zeros where
// all values are equal as far as rounding can tell.
func standardise(y []float64) []float64 {
	n := float64(len(y))
	mean, variance, top := 0.0, 0.0, 0.0
	for _, v := range y {
		mean += v / n
		top = max(top, math.Abs(v))
	}
	for _, v := range y {
		variance += (v - mean) * (v - mean) / n
	}
	out := make([]float64, len(y))
	if sd := math.Sqrt(variance); sd > 1e-14*top {
		for i, v := range y {
			out[i] = (v - mean) / sd
		}
	}
	return out
}

// halfRank leaves the values up to the median as they are. Of the m different
// values above it, number j from the median goes to
//
//	median + σ Φ⁻¹(1/2 + (j - 1/2)/2m),  σ² = mean of (y - median)² over the better half
//
// (the half-rank warping of Vizier, Song et al. 2024, section 4.1). Where the
// better half is all equal, the whole gives σ.
func halfRank(y []float64) []float64 {
	sorted := slices.Sorted(slices.Values(y))
	n := len(sorted)
	if n < 2 {
		return slices.Clone(y)
	}
	median := (sorted[(n-1)/2] + sorted[n/2]) / 2
	rms := func(v []float64) float64 {
		sum := 0.0
		for _, x := range v {
			sum += (x - median) * (x - median) / float64(len(v))
		}
		return math.Sqrt(sum)
	}
	split, _ := slices.BinarySearchFunc(sorted, median, func(x, m float64) int {
		if x <= m {
			return -1
		}
		return 1
	})
	sigma := rms(sorted[:split])
	if sigma == 0 {
		sigma = rms(sorted)
	}
	worse := slices.Compact(slices.Clone(sorted[split:]))
	out := slices.Clone(y)
	for i, v := range y {
		if v > median {
			j, _ := slices.BinarySearch(worse, v)
			out[i] = median + sigma*mathext.NormalQuantile(0.5+(float64(j)+0.5)/(2*float64(len(worse))))
		}
	}
	return out
}

// yeoJohnson applies the transform (Yeo & Johnson 2000) whose parameter λ in
// [-3, 5] makes the values most probable as a normal sample.
func yeoJohnson(y []float64) []float64 {
	lambda := golden(func(l float64) float64 { return -yeoJohnsonLikelihood(y, l) }, -3, 5, 40)
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = yeoJohnsonValue(v, lambda)
	}
	return out
}

func yeoJohnsonValue(y, lambda float64) float64 {
	switch {
	case y >= 0 && lambda == 0:
		return math.Log1p(y)
	case y >= 0:
		return math.Expm1(lambda*math.Log1p(y)) / lambda
	case lambda == 2:
		return -math.Log1p(-y)
	}
	return -math.Expm1((2-lambda)*math.Log1p(-y)) / (2 - lambda)
}

// yeoJohnsonLikelihood returns the profile log-likelihood of λ (their section 3):
// -n/2 log variance + (λ-1) Σ sign(y) log(1+|y|).
func yeoJohnsonLikelihood(y []float64, lambda float64) float64 {
	n := float64(len(y))
	mean, squares, jacobian := 0.0, 0.0, 0.0
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = yeoJohnsonValue(v, lambda)
		mean += out[i] / n
		jacobian += math.Copysign(math.Log1p(math.Abs(v)), v)
	}
	for _, v := range out {
		squares += (v - mean) * (v - mean) / n
	}
	return -n/2*math.Log(max(squares, 1e-300)) + (lambda-1)*jacobian
}

// golden returns the minimum of a unimodal f on [low, high] by so many steps of
// golden-section search, each of which leaves 0.618 of the interval.
func golden(f func(float64) float64, low, high float64, steps int) float64 {
	const ratio = 0.61803398874989484820
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for range steps {
		if fa <= fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		}
	}
	if fa <= fb {
		return a
	}
	return b
}
