package bayes

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Bounds of the hyperparameters. The columns lie in [0,1] and the outputs have
// unit variance: only the least noise binds often, where the objective has none.
const (
	minLengthScale, maxLengthScale = 0.01, 100.0
	minScale, maxScale             = 1e-3, 1e3
	minNoise, maxNoise             = 1e-8, 1.0
	minWarp, maxWarp               = 0.1, 10.0
)

// hyperBox bounds the logarithms of the hyperparameters of d columns, w of them
// warped, in the order of logs.
func hyperBox(d, w int) box {
	n := d + 2 + 2*w
	b := box{make([]float64, n), make([]float64, n)}
	for j := range d {
		b.low[j], b.high[j] = math.Log(minLengthScale), math.Log(maxLengthScale)
	}
	b.low[d], b.high[d] = math.Log(minScale), math.Log(maxScale)
	b.low[d+1], b.high[d+1] = math.Log(minNoise), math.Log(maxNoise)
	for j := d + 2; j < n; j++ {
		b.low[j], b.high[j] = math.Log(minWarp), math.Log(maxWarp)
	}
	return b
}

// logs returns (log l_1 .. log l_D, log s, log σ², log a_1 .. log a_W, log b_1 .. log b_W).
func (h Hyperparameters) logs() []float64 {
	t := make([]float64, 0, len(h.LengthScales)+2)
	for _, v := range slices.Concat(h.LengthScales, []float64{h.Scale, h.Noise}, h.WarpA, h.WarpB) {
		t = append(t, math.Log(v))
	}
	return t
}

// warps returns W, how many columns are warped.
func (o *observations) warps() int {
	if o.warped {
		return o.numeric()
	}
	return 0
}

// fromLogs is the inverse of logs.
func (o *observations) fromLogs(t []float64) Hyperparameters {
	d := len(o.nominal)
	e := make([]float64, len(t))
	for j, v := range t {
		e[j] = math.Exp(v)
	}
	h := Hyperparameters{LengthScales: e[:d:d], Scale: e[d], Noise: e[d+1]}
	if w := o.warps(); w > 0 {
		h.WarpA, h.WarpB = e[d+2:d+2+w:d+2+w], e[d+2+w:]
	}
	return h
}

// valid reports whether h, which comes from outside, fits d columns and lies in
// the bounds.
func (h Hyperparameters) valid(d, w int) bool {
	within := func(x, low, high float64) bool { return x >= low*(1-1e-9) && x <= high*(1+1e-9) }
	all := func(v []float64, low, high float64) bool {
		return !slices.ContainsFunc(v, func(l float64) bool { return !within(l, low, high) })
	}
	return len(h.LengthScales) == d && len(h.WarpA) == len(h.WarpB) && (len(h.WarpA) == 0 || len(h.WarpA) == w) &&
		within(h.Scale, minScale, maxScale) && within(h.Noise, minNoise, maxNoise) &&
		all(h.LengthScales, minLengthScale, maxLengthScale) && all(h.WarpA, minWarp, maxWarp) && all(h.WarpB, minWarp, maxWarp)
}

// adapt returns the hyperparameters of an earlier fit, which come from outside, with
// as many warps as this one has; ok is false where they do not fit.
func (o *observations) adapt(last *Hyperparameters) (Hyperparameters, bool) {
	if last == nil || !last.valid(len(o.nominal), o.numeric()) {
		return Hyperparameters{}, false
	}
	if w := o.warps(); w != len(last.WarpA) {
		return last.withWarp(w), true
	}
	return *last, true
}

// impossible stands for the posterior density where the covariance matrix
// cannot be factorised: finite, so that the line search can step back from it.
const impossible = 1e10

// loss returns the negative log posterior density of the hyperparameters whose
// logarithms are t, and its gradient.
func (o *observations) loss(t []float64) (float64, []float64) {
	h := o.fromLogs(t)
	value, grad, ok := o.evidence(h)
	if !ok {
		return impossible, make([]float64, len(t))
	}
	prior, slope := h.logPrior()
	for j := range grad {
		grad[j] = -grad[j] - slope[j]
	}
	return -value - prior, grad
}

// start is a point to climb from, as logarithms.
type start struct {
	t    []float64
	loss float64
}

const (
	fitDraws       = 4    // starts that are drawn about the prior's mode
	fitClimbs      = 2    // starts that are followed
	fitEvaluations = 60   // of the loss, for each of them; with many trials fewer:
	fitBudget      = 6000 // trials times evaluations
	fitLeast       = 12   // evaluations however many trials there are
	warpDraw       = 0.3  // standard deviation of the draws about the mode of the warps' logarithms; 1 for the others
)

// fit returns the hyperparameters of greatest posterior density that L-BFGS
// finds from the most promising of these starts: the last fit (if there is
// one), the mode of the prior and a few draws about it.
func (o *observations) fit(last *Hyperparameters, rng *rand.Rand) (Hyperparameters, bool) {
	d, w := len(o.nominal), o.warps()
	points := [][]float64{priorMode(d, w).logs()}
	if h, ok := o.adapt(last); ok {
		points = append(points, h.logs())
	}
	for range fitDraws {
		t := priorMode(d, w).logs()
		for j := range t {
			spread := 1.0
			if j >= d+2 {
				spread = warpDraw
			}
			t[j] += spread * rng.NormFloat64()
		}
		points = append(points, t)
	}
	bounds := hyperBox(d, w)
	starts := make([]start, len(points))
	for i, t := range points {
		starts[i] = start{t, -o.density(bounds.project(t))}
	}
	slices.SortStableFunc(starts, func(a, b start) int { return cmp.Compare(a.loss, b.loss) })
	best, evaluations := start{nil, impossible}, max(fitLeast, min(fitEvaluations, fitBudget/len(o.x)))
	for _, s := range starts[:fitClimbs] {
		if t, loss := bounds.minimise(o.loss, s.t, evaluations); loss < best.loss {
			best = start{t, loss}
		}
	}
	if best.t == nil {
		return Hyperparameters{}, false
	}
	return o.fromLogs(best.t), true
}

// candidate is a set of hyperparameters and where it comes from.
type candidate struct {
	Hyperparameters
	source Source
}

// hypers returns the hyperparameters to condition on in order of preference.
func (o *observations) hypers(last *Hyperparameters, rng *rand.Rand) []candidate {
	var out []candidate
	if h, ok := o.fit(last, rng); ok {
		out = append(out, candidate{h, FromFit})
	}
	if h, ok := o.adapt(last); ok {
		out = append(out, candidate{h, FromLast})
	}
	return append(out, candidate{priorMode(len(o.nominal), o.warps()), FromDefault})
}
