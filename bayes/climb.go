package bayes

import (
	"math"
	"slices"
)

const (
	climbRounds     = 8  // alternations of continuous and discrete moves
	climbSteps      = 60 // evaluations of a continuous move
	exhaustiveMoves = 64 // parameters with more levels are moved by powers of two
)

// climb alternates continuous and discrete moves until neither helps.
func (m *maximiser) climb(p peak) peak {
	for range climbRounds {
		before := p.value
		p = m.hop(m.slide(p))
		if !(p.value > before+1e-9*math.Abs(before)) {
			break
		}
	}
	return p
}

// slide moves the continuous parameters that take part, by L-BFGS.
func (m *maximiser) slide(p peak) peak {
	var params, cols []int
	on := m.space.Decode(p.u)
	for j, c := range m.columns {
		if _, active := on[m.params[c.param].Name]; active && c.kind == position && m.levels[c.param] == 0 {
			params, cols = append(params, c.param), append(cols, j)
		}
	}
	if len(params) == 0 {
		return p
	}
	start := make([]float64, len(params))
	for i, k := range params {
		start[i] = p.u[k]
	}
	u, grad := slices.Clone(p.u), make([]float64, len(m.columns))
	f := func(x []float64) (float64, []float64) {
		for i, k := range params {
			u[k] = x[i]
		}
		value, slope := m.at(m.columnsOf(u), grad), make([]float64, len(x))
		for i, j := range cols {
			slope[i] = -grad[j]
		}
		value -= m.charge(u, params, slope)
		if m.plain {
			value = math.Exp(value)
			scale(slope, value)
		}
		return -value, slope
	}
	cube := box{make([]float64, len(params)), slices.Repeat([]float64{1}, len(params))}
	x, _ := cube.minimise(f, start, climbSteps)
	for i, k := range params {
		u[k] = x[i]
	}
	if v := m.value(u); v > p.value {
		return peak{u, v}
	}
	return p
}

// charge returns what costs take off at u, and adds the slopes by the parameters
// to slope.
func (m *maximiser) charge(u []float64, params []int, slope []float64) float64 {
	if m.cost == nil {
		return 0
	}
	const h = 1e-4
	here := m.cost(u)
	for i, k := range params {
		x, step := u[k], h
		if x > 0.5 {
			step = -h
		}
		u[k] = x + step
		slope[i] += (m.cost(u) - here) / step
		u[k] = x
	}
	return here
}

// hop moves the other parameters that take part, one after the other, each to
// its best level.
func (m *maximiser) hop(p peak) peak {
	for i, n := range m.levels {
		if n < 2 {
			continue
		}
		v, active := m.space.Decode(p.u)[m.params[i].Name]
		if !active {
			continue
		}
		u := slices.Clone(p.u)
		for _, k := range moves(m.level(i, v, p.u[i]), n) {
			u[i] = m.place(i, k)
			if v := m.value(u); v > p.value {
				p = peak{slices.Clone(u), v}
			}
		}
	}
	return p
}

// moves returns the levels to try from level k of n: all, or those at distances
// 1, 2, 4 and so on where there are many.
func moves(k, n int) []int {
	var out []int
	if n <= exhaustiveMoves {
		for i := range n {
			out = append(out, i)
		}
		return out
	}
	for step := 1; step < n; step *= 2 {
		if k-step >= 0 {
			out = append(out, k-step)
		}
		if k+step < n {
			out = append(out, k+step)
		}
	}
	return out
}
