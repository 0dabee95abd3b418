package tpe

import (
	"math"
	"math/rand/v2"

	"mnisttune/search"
)

// startCandidates is how many points are looked at for one of the start design.
const startCandidates = 256

// start proposes a configuration without looking at results. The first has every
// number in the middle of its range, and words at random; of the others, drawn at
// random, the one is chosen that spreads all the trials so far most evenly. So a
// start design goes on from whatever there is: a resumed study, the user's own
// configurations, another sampler's. It returns nil where it finds nothing new.
func start(axes []axis, h *past, space search.Space, allowed func(search.Params) bool, rng *rand.Rand) search.Params {
	var best search.Params
	least := math.Inf(1)
	for range startCandidates {
		u := make([]float64, len(axes))
		for j, a := range axes {
			if u[j] = rng.Float64(); len(h.points) == 0 && !a.word {
				u[j] = 0.5
			}
		}
		p := space.Decode(u)
		if h.seen[space.Key(p)] || !allowed(p) {
			continue
		}
		if c := discrepancy(axes, h.points, place(space, axes, p)); c < least {
			best, least = p, c
		}
	}
	return best
}

// sameWord is the factor of two trials with the same word, and of two in which a
// parameter does not take part; 1 is that of two that differ.
const sameWord = 1.25

// discrepancy returns how uneven the n points with x among them are: the part of
// the squared centred L2-discrepancy (Hickernell 1998, eq. 1.10) that depends on x,
// times n+1,
//
//	-2 Π(1 + |z|/2 - z²/2) + (2 Σ_k Π(1 + |z|/2 + |z_k|/2 - |u - u_k|/2) + Π(1 + |z|)) / (n+1)
//
// with z = u - 1/2 and z_k = u_k - 1/2. A word has a discrete discrepancy's factors
// instead, and so has a parameter that does not take part.
func discrepancy(axes []axis, points []point, x point) float64 {
	first, self, pairs := 1.0, 1.0, 0.0
	for j, u := range x.u {
		if axes[j].word || !x.active[j] {
			first *= (1 + sameWord) / 2
			self *= sameWord
			continue
		}
		z := math.Abs(u - 0.5)
		first *= 1 + z/2 - z*z/2
		self *= 1 + z
	}
	for _, y := range points {
		product := 1.0
		for j := range axes {
			product *= likeness(axes[j], j, x, y)
		}
		pairs += product
	}
	return -2*first + (2*pairs+self)/float64(len(points)+1)
}

// likeness is a pair's factor of parameter j.
func likeness(a axis, j int, x, y point) float64 {
	switch {
	case x.active[j] != y.active[j]:
		return 1
	case !x.active[j] || a.word && x.level[j] == y.level[j]:
		return sameWord
	case a.word:
		return 1
	}
	u, v := x.u[j], y.u[j]
	return 1 + math.Abs(u-0.5)/2 + math.Abs(v-0.5)/2 - math.Abs(u-v)/2
}
