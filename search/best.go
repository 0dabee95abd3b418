package search

import (
	"cmp"
	"maps"
	"slices"
)

// BestOf returns the complete feasible trial with the best first value, ties to the
// first; ok is false if there is none.
func BestOf(d Direction, trials []Trial) (best Trial, ok bool) {
	for _, t := range trials {
		value, has := t.score()
		if old, _ := best.Value(); has && t.Feasible() && (!ok || d.Better(value, old)) {
			best, ok = t, true
		}
	}
	return best, ok
}

// Top returns at most n complete feasible trials of different parameters, the best first value
// first, ties to the lower number.
func Top(d Direction, trials []Trial, n int) []Trial {
	var ranked []Trial
	for _, t := range trials {
		if _, ok := t.score(); ok && t.Feasible() {
			ranked = append(ranked, t)
		}
	}
	slices.SortStableFunc(ranked, func(a, b Trial) int {
		if d == Maximize {
			a, b = b, a
		}
		return cmp.Compare(a.Values[0], b.Values[0])
	})
	var top []Trial
	for _, t := range ranked {
		same := func(u Trial) bool { return maps.Equal(t.Params, u.Params) }
		if len(top) < n && !slices.ContainsFunc(top, same) {
			top = append(top, t)
		}
	}
	return top
}
