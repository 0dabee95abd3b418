package tpe

import (
	"math"

	"mnisttune/search"
)

// draws bounds how often a candidate is drawn, in terms of those that are wanted:
// some have been proposed before.
const draws = 4

// suggest draws new configurations from the density of the good trials and returns
// the one whose density is largest relative to that of the bad, with the logarithm
// of that ratio; the expected improvement rises with it (Bergstra et al. 2011, eq.
// 13 and after). It returns nil where all that it draws have been proposed before.
func suggest(axes []axis, h *past, candidates int, allowed func(search.Params) bool, req search.Request) (search.Params, note) {
	good, weights, bad := split(h)
	l := estimator(axes, good, weights, goodPrior)
	g := estimator(axes, bad, ones(len(bad)), badPrior)
	var best search.Params
	top := math.Inf(-1)
	for found, tries := 0, 0; found < candidates && tries < draws*candidates; tries++ {
		p := req.Space.Decode(l.draw(req.Rand))
		if h.seen[req.Space.Key(p)] || !allowed(p) {
			continue
		}
		found++
		x := place(req.Space, axes, p)
		if v := l.logDensity(x) - g.logDensity(x); v > top {
			best, top = p, v
		}
	}
	return best, note{Source: fromDensities, Good: len(good), LogRatio: top}
}

// ones returns n ones.
func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}
