package bayes

import "math"

// hyper holds the hyperparameters of the Gaussian process, in natural units.
type hyper struct {
	LengthScales []float64 `json:"length_scales"` // [D], one a column, in units of the column's range
	Scale        float64   `json:"scale"`         // s, the variance of f
	Noise        float64   `json:"noise"`         // σ², the variance of a measurement about f
}

// matern52 returns the Matérn-5/2 correlation at the squared scaled distance r2
// and its derivative with respect to r2:
//
//	k(r²)      = (1 + t + t²/3) exp(-t),  t = √(5 r²)   (Rasmussen & Williams 2006, eq. 4.17)
//	dk/d(r²)   = -(5/6) (1 + t) exp(-t)
//
// Differentiating in r² rather than in r leaves no division by r at 0.
func matern52(r2 float64) (k, dk float64) {
	t := math.Sqrt(5 * r2)
	e := math.Exp(-t)
	return (1 + t + t*t/3) * e, -5.0 / 6 * (1 + t) * e
}

// squares fills dst [D] with the squared distances of x and y column by column:
// the square of the difference, or 0 and 1 for equal and different names
// (Hamming distance).
func squares(dst, x, y []float64, nominal []bool) {
	for j, a := range x {
		d := a - y[j]
		switch {
		case !nominal[j]:
			dst[j] = d * d
		case d == 0:
			dst[j] = 0
		default:
			dst[j] = 1
		}
	}
}

// weights returns 1/l² for every column, the factors of squares in r².
func (h hyper) weights() []float64 {
	w := make([]float64, len(h.LengthScales))
	for j, l := range h.LengthScales {
		w[j] = 1 / (l * l)
	}
	return w
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}
