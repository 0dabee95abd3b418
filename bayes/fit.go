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
)

// hyperBox bounds (log l_1 .. log l_D, log s, log σ²).
func hyperBox(d int) box {
	b := box{make([]float64, d+2), make([]float64, d+2)}
	for j := range d {
		b.low[j], b.high[j] = math.Log(minLengthScale), math.Log(maxLengthScale)
	}
	b.low[d], b.high[d] = math.Log(minScale), math.Log(maxScale)
	b.low[d+1], b.high[d+1] = math.Log(minNoise), math.Log(maxNoise)
	return b
}

// logs returns (log l_1 .. log l_D, log s, log σ²).
func (h hyper) logs() []float64 {
	t := make([]float64, 0, len(h.LengthScales)+2)
	for _, v := range append(slices.Clone(h.LengthScales), h.Scale, h.Noise) {
		t = append(t, math.Log(v))
	}
	return t
}

// fromLogs is the inverse of logs.
func fromLogs(t []float64) hyper {
	d := len(t) - 2
	h := hyper{LengthScales: make([]float64, d), Scale: math.Exp(t[d]), Noise: math.Exp(t[d+1])}
	for j := range h.LengthScales {
		h.LengthScales[j] = math.Exp(t[j])
	}
	return h
}

// valid reports whether h, which comes from outside, fits d columns and lies in
// the bounds.
func (h hyper) valid(d int) bool {
	within := func(x, low, high float64) bool { return x >= low*(1-1e-9) && x <= high*(1+1e-9) }
	return len(h.LengthScales) == d && within(h.Scale, minScale, maxScale) && within(h.Noise, minNoise, maxNoise) &&
		!slices.ContainsFunc(h.LengthScales, func(l float64) bool { return !within(l, minLengthScale, maxLengthScale) })
}

// impossible stands for the posterior density where the covariance matrix
// cannot be factorised: finite, so that the line search can step back from it.
const impossible = 1e10

// loss returns the negative log posterior density of the hyperparameters whose
// logarithms are t, and its gradient.
func (o *observations) loss(t []float64) (float64, []float64) {
	h := fromLogs(t)
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
	fitDraws       = 4  // starts that are drawn about the prior's mode
	fitClimbs      = 2  // starts that are followed
	fitEvaluations = 60 // of the loss, for each of them
)

// fit returns the hyperparameters of greatest posterior density that L-BFGS
// finds from the most promising of these starts: the last fit (if there is
// one), the mode of the prior and a few draws about it.
func (o *observations) fit(last *hyper, rng *rand.Rand) (hyper, bool) {
	d := len(o.nominal)
	points := [][]float64{priorMode(d).logs()}
	if last != nil && last.valid(d) {
		points = append(points, last.logs())
	}
	for range fitDraws {
		t := priorMode(d).logs()
		for j := range t {
			t[j] += rng.NormFloat64()
		}
		points = append(points, t)
	}
	bounds := hyperBox(d)
	starts := make([]start, len(points))
	for i, t := range points {
		loss, _ := o.loss(bounds.project(t))
		starts[i] = start{t, loss}
	}
	slices.SortStableFunc(starts, func(a, b start) int { return cmp.Compare(a.loss, b.loss) })
	best := start{nil, impossible}
	for _, s := range starts[:fitClimbs] {
		if t, loss := bounds.minimise(o.loss, s.t, fitEvaluations); loss < best.loss {
			best = start{t, loss}
		}
	}
	if best.t == nil {
		return hyper{}, false
	}
	return fromLogs(best.t), true
}

// candidate is a set of hyperparameters and where it comes from.
type candidate struct {
	hyper
	source
}

// hypers returns the hyperparameters to condition on in order of preference.
func (o *observations) hypers(last *hyper, rng *rand.Rand) []candidate {
	var out []candidate
	if h, ok := o.fit(last, rng); ok {
		out = append(out, candidate{h, fromFit})
	}
	if last != nil && last.valid(len(o.nominal)) {
		out = append(out, candidate{*last, fromLast})
	}
	return append(out, candidate{priorMode(len(o.nominal)), fromDefault})
}
