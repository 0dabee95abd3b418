package bayes

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"mnisttune/search"
)

const (
	maxCells        = 5000 // finite spaces up to this size are looked at whole
	maxCombinations = 65   // and so many combinations where one parameter is continuous
	gridPoints      = 65   // points of a continuous parameter's range that are looked at first
	goldenSteps     = 40   // then its best peaks are narrowed down to 0.618^40 of a bracket
	refined         = 10   // peaks or starts that are followed up
	candidates      = 2048 // points looked at where enumerating is out of reach
	sprayed         = 64   // points about each of the best trials
	sprayedTrials   = 4    // the best trials that are sprayed about
	climbRounds     = 8    // alternations of continuous and discrete moves
	climbSteps      = 60   // evaluations of a continuous move
	exhaustiveMoves = 64   // parameters with more levels are moved by powers of two
)

// maximiser looks for the new configuration of greatest acquisition.
type maximiser struct {
	*encoder
	at   func(x, grad []float64) float64 // the acquisition of columns
	seen map[string]bool
}

// peak is a point of the cube and its acquisition.
type peak struct {
	u     []float64
	value float64
}

// best returns the configuration and its acquisition, or nil where it finds
// nothing new. Small and nearly finite spaces are searched exactly, the rest
// from many starts. elite are the places of the best trials, best first.
func (m *maximiser) best(elite [][]float64, rng *rand.Rand) (search.Params, float64) {
	var peaks []peak
	n, enumerable := m.combinations()
	switch reals := m.continuous(); {
	case enumerable && len(reals) == 0 && n <= maxCells:
		peaks = m.everyCell()
	case enumerable && len(reals) == 1 && n <= maxCombinations:
		peaks = m.everyLine(reals[0])
	default:
		peaks = m.manyStarts(elite, rng)
	}
	top := peak{value: math.Inf(-1)}
	for _, p := range peaks {
		if p.value > top.value {
			top = p
		}
	}
	if top.u == nil {
		return nil, 0
	}
	return m.space.Decode(top.u), top.value
}

// value returns the acquisition at a point of the cube, -Inf where its
// configuration has been proposed before.
func (m *maximiser) value(u []float64) float64 {
	p := m.space.Decode(u)
	if m.seen[m.space.Key(p)] {
		return math.Inf(-1)
	}
	return m.at(m.encode(p), nil)
}

func (m *maximiser) everyCell() []peak {
	var peaks []peak
	for u := range m.cells() {
		peaks = append(peaks, peak{slices.Clone(u), m.value(u)})
	}
	return peaks
}

// everyLine looks at a grid of the only continuous parameter for every
// combination of the others and narrows down the best peaks of all of them.
func (m *maximiser) everyLine(real int) []peak {
	var flat, rough []peak
	for u := range m.cells() {
		if !m.active(real, u) {
			flat = append(flat, peak{slices.Clone(u), m.value(u)})
			continue
		}
		line := make([]float64, gridPoints)
		for k := range line {
			u[real] = float64(k) / (gridPoints - 1)
			line[k] = m.value(u)
		}
		for k, v := range line {
			if v >= line[max(k-1, 0)] && v >= line[min(k+1, gridPoints-1)] {
				u[real] = float64(k) / (gridPoints - 1)
				rough = append(rough, peak{slices.Clone(u), v})
			}
		}
	}
	slices.SortStableFunc(rough, falling)
	for _, p := range rough[:min(refined, len(rough))] {
		f := func(x float64) float64 {
			u := slices.Clone(p.u)
			u[real] = x
			return -m.value(u)
		}
		const step = 1.0 / (gridPoints - 1)
		u := slices.Clone(p.u)
		u[real] = golden(f, max(p.u[real]-step, 0), min(p.u[real]+step, 1), goldenSteps)
		flat = append(flat, peak{u, m.value(u)})
	}
	return append(flat, rough...)
}

func falling(a, b peak) int { return cmp.Compare(b.value, a.value) }

// manyStarts climbs from the best of the candidates, no two of which are near
// each other.
func (m *maximiser) manyStarts(elite [][]float64, rng *rand.Rand) []peak {
	points := sobol(candidates, len(m.params), rng)
	for _, u := range elite[:min(sprayedTrials, len(elite))] {
		points = append(points, m.spray(u, rng)...)
	}
	all := make([]peak, len(points))
	for i, u := range points {
		all[i] = peak{u, m.value(u)}
	}
	slices.SortStableFunc(all, falling)
	var starts []peak
	for _, p := range all {
		near := func(q peak) bool { return distance(p.u, q.u) < 0.1 }
		if len(starts) < refined && !math.IsInf(p.value, -1) && !slices.ContainsFunc(starts, near) {
			starts = append(starts, p)
		}
	}
	for _, p := range starts {
		all = append(all, m.climb(p))
	}
	return all
}

// spray returns points about u: normal deviates of widths between 0.3 and 0.003,
// one coordinate in five drawn anew.
func (m *maximiser) spray(u []float64, rng *rand.Rand) [][]float64 {
	points := make([][]float64, sprayed)
	for i := range points {
		width := 0.3 * math.Pow(0.01, float64(i)/(sprayed-1))
		points[i] = slices.Clone(u)
		for j := range u {
			if rng.IntN(5) == 0 {
				points[i][j] = rng.Float64()
			} else {
				points[i][j] = min(max(u[j]+width*rng.NormFloat64(), 0), 1)
			}
		}
	}
	return points
}

func distance(a, b []float64) float64 {
	top := 0.0
	for i := range a {
		top = max(top, math.Abs(a[i]-b[i]))
	}
	return top
}

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
		value, slope := m.at(m.encode(m.space.Decode(u)), grad), make([]float64, len(x))
		for i, j := range cols {
			slope[i] = -grad[j]
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
