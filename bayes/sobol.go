package bayes

import (
	"math/bits"
	"math/rand/v2"

	sequence "mnisttune/search/sobol"
)

// sobol returns the first n points [n][d] of Sobol's sequence, each coordinate shifted
// by a random number bit by bit: the points keep their even spread, none lies at a
// corner, and each is uniform on (0,1). Dimensions beyond sequence.Dimensions are drawn
// independently. rng nil leaves the sequence as it is.
func sobol(n, d int, rng *rand.Rand) [][]float64 {
	points := make([][]float64, n)
	for i := range points {
		points[i] = make([]float64, d)
	}
	for j := range d {
		if j >= sequence.Dimensions {
			for i := range points {
				points[i][j] = rng.Float64()
			}
			continue
		}
		v := sequence.Directions(j)
		x, half := uint32(0), 0.0
		if rng != nil {
			x, half = rng.Uint32(), 0.5
		}
		for i := range points {
			points[i][j] = (float64(x) + half) / (1 << sequence.Bits)
			x ^= v[bits.TrailingZeros32(^uint32(i))]
		}
	}
	return points
}
