package bayes

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// halfRank leaves the values up to the median as they are. Of the m different
// values above it, number j from the median goes to
//
//	median + σ Φ⁻¹(1/2 + (j - 1/2)/2m),  σ² = mean of (y - median)² over the better half
//
// (the half-rank warping of Vizier, Song et al. 2024, section 4.1). Where the
// better half is all equal, the whole gives σ. It also returns the map of values
// between those of y.
func halfRank(y []float64) ([]float64, knots) {
	sorted := slices.Sorted(slices.Values(y))
	n := len(sorted)
	if n < 2 {
		return slices.Clone(y), knots{}
	}
	median := (sorted[(n-1)/2] + sorted[n/2]) / 2
	rms := func(v []float64) float64 {
		sum := 0.0
		for _, x := range v {
			sum += (x - median) * (x - median) / float64(len(v))
		}
		return math.Sqrt(sum)
	}
	split, _ := slices.BinarySearchFunc(sorted, median, func(x, m float64) int {
		if x <= m {
			return -1
		}
		return 1
	})
	sigma := rms(sorted[:split])
	if sigma == 0 {
		sigma = rms(sorted)
	}
	worse := slices.Compact(slices.Clone(sorted[split:]))
	k := knots{x: append([]float64{median}, worse...), y: []float64{median}}
	for j := range worse {
		k.y = append(k.y, median+sigma*mathext.NormalQuantile(0.5+(float64(j)+0.5)/(2*float64(len(worse)))))
	}
	out := slices.Clone(y)
	for i, v := range y {
		if v > median {
			j, _ := slices.BinarySearch(worse, v)
			out[i] = k.y[j+1]
		}
	}
	return out, k
}

// knots is the map that is the identity up to x[0], goes through the points (x, y)
// in straight lines, and goes on as it ended. Both ascend, from x[0] = y[0]. Without
// a second point it is the identity everywhere.
type knots struct{ x, y []float64 }

// segment returns the number of the line that v of xs lies in; -1 for the identity.
func segment(xs []float64, v float64) int {
	if len(xs) < 2 || v <= xs[0] {
		return -1
	}
	i, _ := slices.BinarySearch(xs, v)
	return min(i, len(xs)-1) - 1
}

// between follows v along the lines from one axis of knots to the other.
func between(v float64, from, to []float64) float64 {
	i := segment(from, v)
	if i < 0 {
		return v
	}
	return to[i] + (v-from[i])*(to[i+1]-to[i])/(from[i+1]-from[i])
}

func (k knots) at(v float64) float64 { return between(v, k.x, k.y) }

func (k knots) inverse(t float64) float64 { return between(t, k.y, k.x) }

// slope returns the derivative at v; at a knot, the slope from the one before it to
// the one behind it.
func (k knots) slope(v float64) float64 {
	i := segment(k.x, v)
	if i < 0 {
		return 1
	}
	j := i + 1
	if v == k.x[j] && j+1 < len(k.x) {
		j++
	}
	return (k.y[j] - k.y[i]) / (k.x[j] - k.x[i])
}
