package bayes

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"mnisttune/search"
)

// designCandidates is how many points are looked at for one of the start design.
const designCandidates = 256

const (
	// designCells is how many configurations beyond those that are known are enumerated
	// at most where the candidates have nothing to offer.
	designCells = 1 << 16
	// designRandom is how many random ones are looked at after them.
	designRandom = 1 << 14
)

// designSize returns how many trials the start design has by default.
func designSize(parameters int) int { return max(4, min(2*parameters, parameters+3)) }

// spread proposes a configuration without looking at results: among the centre
// of the space and Sobol points drawn for this trial, that which leaves all the
// trials so far, running ones included, with the least centred L2-discrepancy
// (Hickernell 1998). The first is the centre; the others fill what it leaves.
// The points need no common sequence, so a start design goes on from whatever
// there is: a resumed study, the user's own configurations, another sampler's.
// Only feasible configurations are proposed, if the request tells them. Where none of the
// points is, all configurations are looked at, or where there are too many, some of them
// and random ones. It returns search.ErrExhausted where there is nothing new in the whole
// of a finite space, and an error where there was nothing in what it has looked at.
func spread(ctx context.Context, e *encoder, h *past, feasible func(search.Params) bool, rng *rand.Rand) (search.Params, error) {
	d := len(e.params)
	allowed := func(p search.Params) bool { return !h.seen[e.space.Key(p)] && (feasible == nil || feasible(p)) }
	candidates := append([][]float64{slices.Repeat([]float64{0.5}, d)}, sobol(designCandidates-1, d, rng)...)
	var best search.Params
	least := math.Inf(1)
	for _, u := range candidates {
		p := e.space.Decode(u)
		if !allowed(p) {
			continue
		}
		u, _ = e.space.Encode(p)
		if c := discrepancy(h.points, u); c < least {
			best, least = p, c
		}
	}
	if best != nil {
		return best, nil
	}
	return lookFurther(ctx, e, len(h.seen), allowed, rng)
}

// lookFurther returns the first configuration that is allowed, for spread; so many have
// been seen.
func lookFurther(ctx context.Context, e *encoder, seen int, allowed func(search.Params) bool, rng *rand.Rand) (search.Params, error) {
	looked, whole := 0, true
	for u := range e.cells() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if looked == designCells+seen {
			whole = false
			break
		}
		if p := e.space.Decode(u); allowed(p) {
			return p, nil
		}
		looked++
	}
	if _, finite := e.space.Size(); finite && whole {
		return nil, search.ErrExhausted
	}
	u := make([]float64, len(e.params))
	for range designRandom {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for i := range u {
			u[i] = rng.Float64()
		}
		if p := e.space.Decode(u); allowed(p) {
			return p, nil
		}
		looked++
	}
	return nil, fmt.Errorf("bayes: no feasible configuration among %d: is there one that has not been proposed?", looked+designCandidates)
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
