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
	promoted        = 128  // of them are looked at under all hyperparameters
	sprayed         = 64   // points about each of the best trials
	sprayedTrials   = 4    // the best trials that are sprayed about
)

// landscape is an acquisition over the columns x [D].
type landscape interface {
	// at returns the acquisition and, where grad [D] is not nil, fills it with the
	// derivatives.
	at(x, grad []float64) float64
	// screen is a rough look, the i-th of many; they take turns in looks() ways.
	screen(i int, x []float64) float64
	looks() int
}

// maximiser looks for the new configuration of greatest acquisition.
type maximiser struct {
	*encoder
	landscape
	seen     map[string]bool           // what must not be proposed
	cost     func(u []float64) float64 // what costs take off the acquisition; nil for nothing
	feasible func(search.Params) bool  // nil for everything
	plain    bool                      // the acquisition itself in place of its logarithm
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
	slices.SortStableFunc(peaks, falling)
	for _, top := range peaks {
		if math.IsInf(top.value, -1) {
			break
		}
		if p := m.space.Decode(top.u); m.allowed(p) {
			u, _ := m.space.Encode(p)
			return p, m.value(u)
		}
	}
	return nil, 0
}

// dense reports whether hardly any point of the cube is ruled out, so that this
// need not be looked at before the end: one parameter at least is continuous.
func (m *maximiser) dense() bool {
	return m.feasible == nil && !m.conditional && slices.Contains(m.levels, 0)
}

// allowed reports whether a configuration may be proposed.
func (m *maximiser) allowed(p search.Params) bool {
	return !m.seen[m.space.Key(p)] && (m.feasible == nil || m.feasible(p))
}

// value returns the acquisition at a point of the cube, -Inf where its
// configuration must not be proposed.
func (m *maximiser) value(u []float64) float64 {
	return m.judge(u, func(x []float64) float64 { return m.at(x, nil) })
}

// judge is value with another acquisition.
func (m *maximiser) judge(u []float64, at func(x []float64) float64) float64 {
	if !m.dense() && !m.allowed(m.space.Decode(u)) {
		return math.Inf(-1)
	}
	v := at(m.columnsOf(u))
	if m.cost != nil {
		v -= m.cost(u)
	}
	if m.plain {
		v = math.Exp(v)
	}
	return v
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
		all[i] = peak{u, m.judge(u, func(x []float64) float64 { return m.screen(i, x) })}
	}
	all = m.promote(all)
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

// promote returns the points that came out best in each of the rough looks, with the
// acquisition itself.
func (m *maximiser) promote(all []peak) []peak {
	k := m.looks()
	if k == 1 {
		return all
	}
	var out []peak
	for member := range k {
		var part []peak
		for i := member; i < len(all); i += k {
			part = append(part, all[i])
		}
		slices.SortStableFunc(part, falling)
		for _, p := range part[:min(promoted/k, len(part))] {
			out = append(out, peak{p.u, m.value(p.u)})
		}
	}
	return out
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
