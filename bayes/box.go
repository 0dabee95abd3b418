package bayes

import (
	"math"
	"slices"
)

// box is a set of bounds [low_i, high_i].
type box struct{ low, high []float64 }

// smooth is a function of x that also returns its gradient, which is the
// caller's to keep. Both must be finite inside the box.
type smooth func(x []float64) (value float64, grad []float64)

const (
	memory         = 10   // pairs of steps that L-BFGS remembers
	gradientEnough = 1e-5 // largest component of the projected gradient at a minimum
	decreaseEnough = 1e-9 // relative decrease below which two steps in a row end the search
)

// minimise returns the best point that projected L-BFGS finds from x within so
// many evaluations of f, and its value. Components at a bound that the gradient
// pushes outwards stay there; for the others the two-loop recursion (Nocedal &
// Wright 2006, algorithm 7.4) gives the direction, and every trial step is
// projected onto the box (Bertsekas 1982, two-metric projection).
func (b box) minimise(f smooth, x []float64, evaluations int) ([]float64, float64) {
	x = b.project(slices.Clone(x))
	value, grad := f(x)
	var h history
	for stalled := 0; stalled < 2; {
		free := b.free(x, grad)
		if largest(grad, free) < gradientEnough {
			break
		}
		dir := h.direction(grad, free)
		if len(h.s) == 0 || dotFree(dir, grad, free) >= 0 {
			h = history{}
			dir = b.steepest(grad, free)
		}
		next, nextValue, nextGrad, used := b.search(f, x, value, grad, dir, evaluations-1)
		if evaluations -= used; next == nil {
			break
		}
		h.remember(x, grad, next, nextGrad)
		if value-nextValue < decreaseEnough*max(1, math.Abs(value)) {
			stalled++
		} else {
			stalled = 0
		}
		x, value, grad = next, nextValue, nextGrad
	}
	return x, value
}

// search backtracks from the full step along dir until the value has decreased
// enough (Armijo's rule), by the minimum of a parabola kept within a tenth and
// a half of the step before. A nil point says that there is none.
func (b box) search(f smooth, x []float64, value float64, grad, dir []float64, evaluations int) (next []float64, nextValue float64, nextGrad []float64, used int) {
	step := 1.0
	for used < evaluations {
		next = slices.Clone(x)
		for i := range next {
			next[i] += step * dir[i]
		}
		b.project(next)
		slope := 0.0 // along what the projection has left of the step
		for i := range next {
			slope += grad[i] * (next[i] - x[i])
		}
		if slope >= 0 || slices.Equal(next, x) {
			break
		}
		nextValue, nextGrad = f(next)
		used++
		if nextValue <= value+1e-4*slope {
			return next, nextValue, nextGrad, used
		}
		step *= min(max(-slope/(2*(nextValue-value-slope)), 0.1), 0.5)
	}
	return nil, 0, nil, used
}

func (b box) project(x []float64) []float64 {
	for i := range x {
		x[i] = min(max(x[i], b.low[i]), b.high[i])
	}
	return x
}

// free says which components may move downhill.
func (b box) free(x, grad []float64) []bool {
	free := make([]bool, len(x))
	for i := range x {
		free[i] = !(x[i] <= b.low[i] && grad[i] > 0) && !(x[i] >= b.high[i] && grad[i] < 0)
	}
	return free
}

// steepest returns the downhill direction whose longest component is a tenth
// of its range.
func (b box) steepest(grad []float64, free []bool) []float64 {
	dir, scale := make([]float64, len(grad)), math.Inf(1)
	for i, g := range grad {
		if free[i] && g != 0 {
			dir[i] = -g
			scale = min(scale, 0.1*(b.high[i]-b.low[i])/math.Abs(g))
		}
	}
	for i := range dir {
		dir[i] *= scale
	}
	return dir
}

// history holds the last steps and the changes of the gradient along them.
type history struct{ s, y [][]float64 }

func (h *history) remember(x, grad, next, nextGrad []float64) {
	s, y := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		s[i], y[i] = next[i]-x[i], nextGrad[i]-grad[i]
	}
	if dot(s, y) <= 1e-10*math.Sqrt(dot(s, s)*dot(y, y)) {
		return // not convex along this step: the pair would spoil the metric
	}
	h.s, h.y = append(h.s, s), append(h.y, y)
	if len(h.s) > memory {
		h.s, h.y = h.s[1:], h.y[1:]
	}
}

// direction returns -H grad over the free components, 0 elsewhere.
func (h *history) direction(grad []float64, free []bool) []float64 {
	dir := make([]float64, len(grad))
	for i, g := range grad {
		if free[i] {
			dir[i] = -g
		}
	}
	k := len(h.s)
	a, scale := make([]float64, k), 0.0
	for i := k - 1; i >= 0; i-- {
		sy := dotFree(h.s[i], h.y[i], free)
		if sy <= 0 {
			continue
		}
		if scale == 0 {
			scale = sy / dotFree(h.y[i], h.y[i], free)
		}
		a[i] = dotFree(h.s[i], dir, free) / sy
		addFree(dir, -a[i], h.y[i], free)
	}
	for i := range dir {
		dir[i] *= scale
	}
	for i := range k {
		if sy := dotFree(h.s[i], h.y[i], free); sy > 0 {
			addFree(dir, a[i]-dotFree(h.y[i], dir, free)/sy, h.s[i], free)
		}
	}
	return dir
}

func dotFree(a, b []float64, free []bool) float64 {
	sum := 0.0
	for i, f := range free {
		if f {
			sum += a[i] * b[i]
		}
	}
	return sum
}

func addFree(dst []float64, c float64, x []float64, free []bool) {
	for i, f := range free {
		if f {
			dst[i] += c * x[i]
		}
	}
}

func largest(x []float64, free []bool) float64 {
	top := 0.0
	for i, f := range free {
		if f {
			top = max(top, math.Abs(x[i]))
		}
	}
	return top
}
