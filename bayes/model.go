package bayes

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"mnisttune/search"
)

const (
	// observationLimit is how many finished trials the process learns from; the
	// cost of a suggestion grows with their cube.
	observationLimit = 500
	// fantasies is how many draws of the pending trials' results the acquisition
	// is averaged over.
	fantasies = 32
)

// suggest returns the configuration of greatest acquisition given at least one
// finished trial, and what to note about it; nil where there is none.
func suggest(e *encoder, h *past, plain bool, rng *rand.Rand) (search.Params, note) {
	y := transform(h.y)
	best := ranked(y)
	keep := limit(best, observationLimit)
	obs := observe(pick(h.x, keep), pick(y, keep), e.nominal)
	normals := drawNormals(len(h.pending), rng)
	for _, c := range obs.hypers(h.last, rng) {
		g, ok := obs.condition(c.hyper)
		if !ok {
			continue
		}
		a, ok := expect(g, obs, h.pending, normals, plain)
		if !ok {
			continue
		}
		m := &maximiser{encoder: e, at: a.at, seen: h.seen}
		p, value := m.best(pick(h.tried, best), rng)
		return p, note{Source: c.source, Hyper: &c.hyper, Value: &value}
	}
	return nil, note{}
}

// drawNormals returns the standard normals [S][q] behind the fantasies of q
// pending trials, evenly spread. With none pending one empty row does.
func drawNormals(q int, rng *rand.Rand) [][]float64 {
	if q == 0 {
		return [][]float64{{}}
	}
	z := sobol(fantasies, q, rng)
	for _, row := range z {
		for i, u := range row {
			row[i] = mathext.NormalQuantile(u)
		}
	}
	return z
}

// ranked returns the indices of y, least first, ties in their order.
func ranked(y []float64) []int {
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	return order
}

// limit returns, in their order, at most n of the trials that are ranked: half
// of them the best, the others the latest of the rest.
func limit(ranked []int, n int) []int {
	keep := slices.Clone(ranked)
	if len(keep) > n {
		slices.Sort(keep[n/2:])
		keep = append(keep[:n/2], keep[len(keep)-(n-n/2):]...)
	}
	slices.Sort(keep)
	return keep
}

func pick[T any](from []T, indices []int) []T {
	out := make([]T, len(indices))
	for i, k := range indices {
		out[i] = from[k]
	}
	return out
}
