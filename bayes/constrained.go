package bayes

import (
	"math"
	"math/rand/v2"
	"slices"
)

// leastConstrained is how many trials must have a constraint's value before it is learnt.
const leastConstrained = 3

// learnConstraints returns the logarithm of the probability that a trial at a point of the
// cube breaks no constraint, by a process for each that some trial has broken; nil where
// there is none. Values go through sign(v) log(1 + |v|/median|v|), which leaves 0 where it is
// and draws in long tails (Eriksson and Poloczek 2021, section 3.1).
func learnConstraints(e *encoder, h *past, rng *rand.Rand) func(u []float64) float64 {
	count := 0
	for _, f := range h.finished {
		count = max(count, len(f.broken))
	}
	var parts []func(x []float64) float64
	for c := range count {
		if p := learnConstraint(e, h, c, rng); p != nil {
			parts = append(parts, p)
		}
	}
	if parts == nil {
		return nil
	}
	return func(u []float64) float64 {
		x := e.columnsOf(u)
		sum := 0.0
		for _, p := range parts {
			sum += p(x)
		}
		return sum
	}
}

// learnConstraint is learnConstraints for number c.
func learnConstraint(e *encoder, h *past, c int, rng *rand.Rand) func(x []float64) float64 {
	var rows [][]float64
	var y, sizes []float64
	for _, f := range h.finished {
		if len(f.broken) > c {
			rows, y, sizes = append(rows, f.x), append(y, f.broken[c]), append(sizes, math.Abs(f.broken[c]))
		}
	}
	if n := len(rows) - observationLimit; n > 0 {
		rows, y, sizes = rows[n:], y[n:], sizes[n:]
	}
	if len(rows) < leastConstrained || slices.Max(y) <= 0 {
		return nil
	}
	slices.Sort(sizes)
	unit := sizes[len(sizes)/2]
	if !(unit > 0) {
		unit = sizes[len(sizes)-1]
	}
	for i, v := range y {
		y[i] = math.Copysign(math.Log1p(math.Abs(v)/unit), v)
	}
	y, to := standardise(y)
	if to.factor == 0 || !finite(y...) {
		return nil // broken by as much everywhere: nothing to choose by
	}
	limit := to.at(0)
	obs := observe(rows, y, e.nominal)
	for _, candidate := range obs.hypers(nil, rng) {
		g, ok := obs.condition(candidate.Hyperparameters)
		if !ok {
			continue
		}
		v, row := make([]float64, len(rows)), make([]float64, len(e.nominal))
		return func(x []float64) float64 {
			g.warp(row, nil, x, g.nominal)
			mean, variance := g.posterior(row, v, nil)
			return logCDF((limit - mean) / math.Sqrt(variance+g.Noise))
		}
	}
	return nil
}

// allow adds the logarithm of a probability to the acquisition; nil adds nothing.
func (m *maximiser) allow(probability func(u []float64) float64) {
	cost := m.cost
	switch {
	case probability == nil:
	case cost == nil:
		m.cost = func(u []float64) float64 { return -probability(u) }
	default:
		m.cost = func(u []float64) float64 { return cost(u) - probability(u) }
	}
}
