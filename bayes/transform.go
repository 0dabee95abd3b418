package bayes

import (
	"math"
	"slices"
)

// outputs maps values (small is good) to the scale that the process learns on, in
// three steps: the worse half is spread like a normal distribution by its ranks,
// so that a diverged run does not stretch the scale; Yeo-Johnson's power transform
// makes the whole closer to normal; and the result is standardised. The order of
// the values is kept.
type outputs struct {
	unit         float64 // what values are divided by first, so that no square overflows
	ranks        knots   // the half-rank transform
	inner, outer linear  // the standardisation before and after the power transform
	lambda       float64
	low, high    float64 // the best value less the range, and what a failed trial counts as
}

// fitOutputs returns the transform that belongs to the values y [n] and what it
// makes of them. NaN stands for a failed trial: its output is the worst value plus
// half the range. Equal values give zeros.
func fitOutputs(y []float64) (outputs, []float64) {
	var o outputs
	y, o.unit = unitRange(y)
	y, o.low, o.high = replaceFailures(y)
	y, o.ranks = halfRank(y)
	y, o.inner = standardise(y)
	y, o.lambda = yeoJohnson(y)
	y, o.outer = standardise(y)
	return o, y
}

// transform returns the scale's place of a value.
func (o outputs) transform(v float64) float64 {
	return o.outer.at(yeoJohnsonValue(o.inner.at(o.ranks.at(v/o.unit)), o.lambda))
}

// inverse returns the value at a place of the scale, between the best value less
// the range and what a failed trial counts as.
func (o outputs) inverse(t float64) float64 { return o.inverseUnits(t) * o.unit }

// inverseUnits is inverse, in units of o.unit.
func (o outputs) inverseUnits(t float64) float64 {
	z := yeoJohnsonInverse(o.outer.inverse(t), o.lambda)
	return min(max(o.ranks.inverse(o.inner.inverse(z)), o.low), o.high)
}

// slope returns the derivative of transform. Among the ranks, where there is none,
// it is the slope between the neighbours.
func (o outputs) slope(v float64) float64 { return o.slopeUnits(v/o.unit) / o.unit }

// slopeUnits is slope by a value in units of o.unit.
func (o outputs) slopeUnits(v float64) float64 {
	z := o.inner.at(o.ranks.at(v))
	return o.outer.factor * yeoJohnsonSlope(z, o.lambda) * o.inner.factor * o.ranks.slope(v)
}

// linear is the map (v - shift) * factor; a factor of 0 makes all values equal.
type linear struct{ shift, factor float64 }

func (l linear) at(v float64) float64 { return (v - l.shift) * l.factor }

func (l linear) inverse(t float64) float64 {
	if l.factor == 0 {
		return l.shift
	}
	return l.shift + t/l.factor
}

// unitRange divides by the largest absolute value, and returns that.
func unitRange(y []float64) ([]float64, float64) {
	top := 0.0
	for _, v := range y {
		if a := math.Abs(v); a > top {
			top = a
		}
	}
	if top == 0 {
		top = 1
	}
	out := slices.Clone(y)
	for i := range out {
		out[i] /= top
	}
	return out, top
}

// replaceFailures puts the worst value plus half the range in place of NaN; the
// worst plus 1 where there is no range, 0 where there are no values. It also
// returns the best value less the range, and what failures count as.
func replaceFailures(y []float64) (out []float64, low, failed float64) {
	worst, best := math.Inf(-1), math.Inf(1)
	for _, v := range y {
		if !math.IsNaN(v) {
			worst, best = max(worst, v), min(best, v)
		}
	}
	switch {
	case worst > best:
		low, failed = best-(worst-best), worst+(worst-best)/2
	case worst == best:
		low, failed = best-1, worst+1
	}
	out = slices.Clone(y)
	for i, v := range y {
		if math.IsNaN(v) {
			out[i] = failed
		}
	}
	return out, low, failed
}

// standardise shifts and scales y to mean 0 and variance 1, or to zeros where
// all values are equal as far as rounding can tell.
func standardise(y []float64) ([]float64, linear) {
	n := float64(len(y))
	mean, variance, top := 0.0, 0.0, 0.0
	for _, v := range y {
		mean += v / n
		top = max(top, math.Abs(v))
	}
	for _, v := range y {
		variance += (v - mean) * (v - mean) / n
	}
	to := linear{shift: mean}
	out := make([]float64, len(y))
	if sd := math.Sqrt(variance); sd > 1e-14*top {
		to.factor = 1 / sd
		for i, v := range y {
			out[i] = (v - mean) / sd
		}
	}
	return out, to
}

// yeoJohnson applies the transform (Yeo & Johnson 2000) whose parameter λ in
// [-3, 5], which it returns, makes the values most probable as a normal sample.
func yeoJohnson(y []float64) ([]float64, float64) {
	lambda := golden(func(l float64) float64 { return -yeoJohnsonLikelihood(y, l) }, -3, 5, 40)
	out := make([]float64, len(y))
	for i, v := range y {
		out[i] = yeoJohnsonValue(v, lambda)
	}
	return out, lambda
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

// yeoJohnsonInverse is the inverse of yeoJohnsonValue; beyond the values that this
// takes it is infinite.
func yeoJohnsonInverse(t, lambda float64) float64 {
	side := 1.0
	if t < 0 {
		side, t, lambda = -1, -t, 2-lambda
	}
	switch {
	case lambda == 0:
		return side * math.Expm1(t)
	case lambda*t <= -1:
		return side * math.Inf(1)
	}
	return side * math.Expm1(math.Log1p(lambda*t)/lambda)
}

func yeoJohnsonSlope(y, lambda float64) float64 {
	if y >= 0 {
		return math.Pow(1+y, lambda-1)
	}
	return math.Pow(1-y, 1-lambda)
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
