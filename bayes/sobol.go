package bayes

import (
	"math/bits"
	"math/rand/v2"
)

// joeKuo holds, for dimensions 2 to 21, the primitive polynomial (its inner
// coefficients as bits) and the first direction numbers m of Sobol's sequence:
// new-joe-kuo-6 of Joe & Kuo 2008 (Constructing Sobol sequences with better
// two-dimensional projections). Dimension 1 is van der Corput's sequence.
var joeKuo = []struct {
	a uint32
	m []uint32
}{
	{0, []uint32{1}},
	{1, []uint32{1, 3}},
	{1, []uint32{1, 3, 1}},
	{2, []uint32{1, 1, 1}},
	{1, []uint32{1, 1, 3, 3}},
	{4, []uint32{1, 3, 5, 13}},
	{2, []uint32{1, 1, 5, 5, 17}},
	{4, []uint32{1, 1, 5, 5, 5}},
	{7, []uint32{1, 1, 7, 11, 19}},
	{11, []uint32{1, 1, 5, 1, 1}},
	{13, []uint32{1, 1, 1, 3, 11}},
	{14, []uint32{1, 3, 5, 5, 31}},
	{1, []uint32{1, 3, 3, 9, 7, 49}},
	{13, []uint32{1, 1, 1, 15, 21, 21}},
	{16, []uint32{1, 3, 1, 13, 27, 49}},
	{19, []uint32{1, 1, 1, 15, 7, 5}},
	{22, []uint32{1, 3, 1, 15, 13, 25}},
	{25, []uint32{1, 1, 5, 5, 19, 61}},
	{1, []uint32{1, 3, 7, 11, 23, 15, 103}},
	{4, []uint32{1, 3, 7, 13, 13, 15, 69}},
}

// sobolBits is the length of the numbers: the sequence has 2^sobolBits points.
const sobolBits = 32

// directions returns the direction numbers of dimension dim (from 0) as binary
// fractions, the recurrence being that of Bratley & Fox 1988.
func directions(dim int) (v [sobolBits]uint32) {
	if dim == 0 {
		for i := range v {
			v[i] = 1 << (sobolBits - 1 - i)
		}
		return v
	}
	row := joeKuo[dim-1]
	s := len(row.m)
	for i := range v {
		if i < s {
			v[i] = row.m[i] << (sobolBits - 1 - i)
			continue
		}
		v[i] = v[i-s] ^ v[i-s]>>s
		for k := 1; k < s; k++ {
			v[i] ^= (row.a >> (s - 1 - k) & 1) * v[i-k]
		}
	}
	return v
}

// sobol returns the first n points [n][d] of Sobol's sequence, in the order of
// Gray's code, each coordinate shifted by a random number bit by bit: the points
// keep their even spread, none lies at a corner, and each is uniform on (0,1).
// Dimensions beyond the table's 21 are drawn independently. rng nil leaves the
// sequence as it is.
func sobol(n, d int, rng *rand.Rand) [][]float64 {
	points := make([][]float64, n)
	for i := range points {
		points[i] = make([]float64, d)
	}
	for j := range d {
		if j > len(joeKuo) {
			for i := range points {
				points[i][j] = rng.Float64()
			}
			continue
		}
		v := directions(j)
		x, half := uint32(0), 0.0
		if rng != nil {
			x, half = rng.Uint32(), 0.5
		}
		for i := range points {
			points[i][j] = (float64(x) + half) / (1 << sobolBits)
			x ^= v[bits.TrailingZeros32(^uint32(i))]
		}
	}
	return points
}
