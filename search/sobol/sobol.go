// Package sobol generates Sobol's sequence: points of the unit cube that fill it more
// evenly than random ones.
//
// The direction numbers are those of Joe & Kuo 2008 ("Constructing Sobol sequences with
// better two-dimensional projections"), the order of the points is that of Gray's code
// (Antonov & Saleev 1979), and a [Sequence] is scrambled as Owen 1995 has it ("Randomly
// permuted (t,m,s)-nets and (t,s)-sequences").
package sobol

import "math/bits"

const (
	// Bits is the length of a coordinate: the sequence has 2^Bits points.
	Bits = 32
	// Dimensions is how many dimensions there are direction numbers for.
	Dimensions = 128
)

// Directions returns the direction numbers of a dimension, 0 <= dim < Dimensions, as
// binary fractions in units of 2^-Bits: v[k] is m_(k+1) / 2^(k+1). Point i, without a
// scramble, is the exclusive or of the numbers v[k] whose bit k is set in Gray's code of
// i, i ^ i>>1; so point i+1 is point i xor v[k], k the number of trailing ones of i.
//
// The recurrence is that of Bratley & Fox 1988 (algorithm 659).
func Directions(dim int) (v [Bits]uint32) {
	if dim == 0 {
		for i := range v {
			v[i] = 1 << (Bits - 1 - i)
		}
		return v
	}
	row := joeKuo[dim-1]
	s := len(row.m)
	for i := range v {
		if i < s {
			v[i] = row.m[i] << (Bits - 1 - i)
			continue
		}
		v[i] = v[i-s] ^ v[i-s]>>s
		for k := 1; k < s; k++ {
			v[i] ^= (row.a >> (s - 1 - k) & 1) * v[i-k]
		}
	}
	return v
}

// Sequence is Sobol's sequence under one nested uniform scramble (Owen 1995): bit k of
// a coordinate is flipped, or not, by a coin that belongs to the bits before it. Every
// point is uniform on the cube, points 0 to 2^m-1 are as evenly spread as without the
// scramble, and the mean of a smooth function over them comes faster to its integral. A
// Sequence does not change; it is safe for concurrent use.
type Sequence struct {
	directions [][Bits]uint32 // [min(d, Dimensions)]
	keys       []uint64       // [d] of the coins
}

// New returns the sequence in d >= 0 dimensions whose scramble is drawn from seed.
// Coordinates beyond Dimensions are independent random numbers.
func New(d int, seed uint64) *Sequence {
	s := &Sequence{directions: make([][Bits]uint32, min(d, Dimensions)), keys: make([]uint64, d)}
	for j := range s.directions {
		s.directions[j] = Directions(j)
	}
	for j := range s.keys {
		s.keys[j] = mix(mix(seed) + gamma*uint64(j+1))
	}
	return s
}

// Point returns point i, [d] numbers strictly between 0 and 1. It takes about Bits steps
// a coordinate, whatever i is; the slice is the caller's.
func (s *Sequence) Point(i uint32) []float64 {
	u := make([]float64, len(s.keys))
	for j, key := range s.keys {
		x := uint32(mix(key+gamma*uint64(i)) >> (64 - Bits))
		if j < len(s.directions) {
			x = scramble(at(&s.directions[j], i), key)
		}
		u[j] = (float64(x) + 0.5) / (1 << Bits)
	}
	return u
}

// at returns a coordinate of point i.
func at(v *[Bits]uint32, i uint32) (x uint32) {
	for gray := i ^ i>>1; gray != 0; gray &= gray - 1 {
		x ^= v[bits.TrailingZeros32(gray)]
	}
	return x
}

// scramble flips each bit of x by the coin of the bits above it. The coins are numbered
// by those bits with a 1 in front.
func scramble(x uint32, key uint64) uint32 {
	flips := uint32(0)
	for k := range Bits {
		prefix := 1<<k | uint64(x)>>(Bits-k)
		flips = flips<<1 | uint32(mix(key+gamma*prefix)>>63)
	}
	return x ^ flips
}

// gamma and mix are the increment and the output of SplitMix64 (Steele, Lea & Flood
// 2014).
const gamma = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
