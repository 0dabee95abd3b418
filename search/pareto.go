package search

import (
	"cmp"
	"fmt"
	"slices"
)

// Dominates reports whether values a are at least as good as b in every direction and
// better in one.
func Dominates(ds []Direction, a, b []float64) bool {
	better := false
	for i, d := range ds {
		if d.Better(b[i], a[i]) {
			return false
		}
		better = better || d.Better(a[i], b[i])
	}
	return better
}

// ParetoFront returns the complete trials whose values no other complete trial dominates,
// in the order of their numbers. Trials of equal values are all on the front. Trials whose
// values are not finite, or not one a direction, are left out, and so are infeasible ones.
func ParetoFront(ds []Direction, trials []Trial) []Trial {
	var sound []Trial
	for _, t := range trials {
		if t.State == Complete && t.Feasible() && len(t.Values) == len(ds) && !slices.ContainsFunc(t.Values, notFinite) {
			sound = append(sound, t)
		}
	}
	var front []Trial
	for _, t := range sound {
		if !slices.ContainsFunc(sound, func(u Trial) bool { return Dominates(ds, u.Values, t.Values) }) {
			front = append(front, t)
		}
	}
	return front
}

// Hypervolume returns the area that points of two objectives dominate and that dominates
// the reference point; points that do not dominate it add nothing.
func Hypervolume(ds []Direction, points [][]float64, reference []float64) (float64, error) {
	if len(ds) != 2 || len(reference) != 2 {
		return 0, fmt.Errorf("search: the hypervolume is of two objectives (got %d directions, a reference of %d)", len(ds), len(reference))
	}
	var gains [][2]float64 // over the reference, large is good
	for _, p := range points {
		if len(p) != 2 {
			return 0, fmt.Errorf("search: the hypervolume is of two objectives (got a point of %d)", len(p))
		}
		var g [2]float64
		for i, d := range ds {
			if g[i] = reference[i] - p[i]; d == Maximize {
				g[i] = -g[i]
			}
		}
		if g[0] > 0 && g[1] > 0 {
			gains = append(gains, g)
		}
	}
	slices.SortFunc(gains, func(a, b [2]float64) int { return cmp.Compare(b[0], a[0]) })
	area, height := 0.0, 0.0
	for _, g := range gains { // from the widest to the narrowest, each adds what is above the others
		if g[1] > height {
			area += g[0] * (g[1] - height)
			height = g[1]
		}
	}
	return area, nil
}
