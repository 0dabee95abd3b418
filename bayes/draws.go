package bayes

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	sweeps     = 2   // of slice sampling over all hyperparameters between two draws
	sliceWidth = 2.0 // the first bracket about a logarithm
	sliceTries = 30  // after which a coordinate stays where it is
)

// draws returns k draws from the posterior distribution of the hyperparameters by
// slice sampling (Neal 2003, figures 3 and 5), one coordinate after the other, from
// h on; h itself for k = 1.
func (o *observations) draws(h Hyperparameters, k int, rng *rand.Rand) []Hyperparameters {
	if k == 1 {
		return []Hyperparameters{h}
	}
	bounds := hyperBox(len(o.nominal), o.warps())
	density := func(t []float64) float64 {
		if !slices.Equal(bounds.project(slices.Clone(t)), t) {
			return math.Inf(-1)
		}
		return o.density(t)
	}
	t := bounds.project(h.logs())
	at := density(t)
	out := make([]Hyperparameters, k)
	for i := range out {
		for range sweeps {
			for j := range t {
				at = slice(density, t, at, j, rng)
			}
		}
		out[i] = o.fromLogs(t)
	}
	return out
}

// slice moves coordinate j of t, whose log density is at, and returns that of its
// new place. The density must be -Inf from some way off on, as it is outside a box: the
// bracket grows until it ends below the level, without the limit that would have to be
// divided at random for the distribution to stay.
func slice(density func([]float64) float64, t []float64, at float64, j int, rng *rand.Rand) float64 {
	x := slices.Clone(t)
	along := func(v float64) float64 {
		x[j] = v
		return density(x)
	}
	level := at + math.Log(1-rng.Float64())
	low := t[j] - sliceWidth*rng.Float64()
	high := low + sliceWidth
	for along(low) > level {
		low -= sliceWidth
	}
	for along(high) > level {
		high += sliceWidth
	}
	for range sliceTries {
		v := low + (high-low)*rng.Float64()
		if value := along(v); value > level {
			t[j] = v
			return value
		}
		if v < t[j] {
			low = v
		} else {
			high = v
		}
	}
	return at
}
