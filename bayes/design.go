package bayes

import (
	"math"
	"math/rand/v2"
	"slices"

	"mnisttune/search"
)

// designCandidates is how many points are looked at for one of the start design.
const designCandidates = 256

// designSize returns how many trials the start design has by default.
func designSize(parameters int) int { return max(4, min(2*parameters, parameters+3)) }

// spread proposes a configuration without looking at results: among the centre
// of the space and Sobol points drawn for this trial, that which leaves all the
// trials so far, running ones included, with the least centred L2-discrepancy
// (Hickernell 1998). The first is the centre; the others fill what it leaves.
// The points need no common sequence, so a start design goes on from whatever
// there is: a resumed study, the user's own configurations, another sampler's.
// Feasible configurations, if the request tells them, come before others. It returns
// nil where it finds nothing new.
func spread(e *encoder, h *past, feasible func(search.Params) bool, rng *rand.Rand) search.Params {
	if feasible != nil {
		if p := spreadAmong(e, h, feasible, rng); p != nil {
			return p
		}
	}
	return spreadAmong(e, h, func(search.Params) bool { return true }, rng)
}

func spreadAmong(e *encoder, h *past, allowed func(search.Params) bool, rng *rand.Rand) search.Params {
	d := len(e.params)
	candidates := append([][]float64{slices.Repeat([]float64{0.5}, d)}, sobol(designCandidates-1, d, rng)...)
	var best search.Params
	least := math.Inf(1)
	for _, u := range candidates {
		p := e.space.Decode(u)
		if h.seen[e.space.Key(p)] || !allowed(p) {
			continue
		}
		u, _ = e.space.Encode(p)
		if c := discrepancy(h.points, u); c < least {
			best, least = p, c
		}
	}
	if best != nil {
		return best
	}
	for u := range e.cells() {
		if p := e.space.Decode(u); !h.seen[e.space.Key(p)] && allowed(p) {
			return p
		}
	}
	return nil
}

// discrepancy returns the part of the squared centred L2-discrepancy of the n
// points and u (Hickernell 1998, eq. 1.10) that depends on u, times n+1:
//
//	-2 Π(1 + |z|/2 - z²/2) + (2 Σ_k Π(1 + |z|/2 + |z_k|/2 - |u - x_k|/2) + Π(1 + |z|)) / (n+1)
//
// with z = u - 1/2 and z_k = x_k - 1/2.
func discrepancy(points [][]float64, u []float64) float64 {
	first, self, pairs := 1.0, 1.0, 0.0
	for _, v := range u {
		z := math.Abs(v - 0.5)
		first *= 1 + z/2 - z*z/2
		self *= 1 + z
	}
	for _, x := range points {
		product := 1.0
		for j, v := range u {
			product *= 1 + math.Abs(v-0.5)/2 + math.Abs(x[j]-0.5)/2 - math.Abs(v-x[j])/2
		}
		pairs += product
	}
	return -2*first + (2*pairs+self)/float64(len(points)+1)
}
