package bayes

import "math"

// Hyperparameters are those of the Gaussian process, in natural units.
type Hyperparameters struct {
	LengthScales []float64 `json:"length_scales"` // [D], one a column, in units of the column's range
	Scale        float64   `json:"scale"`         // s, the variance of f
	Noise        float64   `json:"noise"`         // σ², the variance of a measurement about f
	// [W], one a numeric column, of Kumaraswamy's warp; none means no warp
	WarpA []float64 `json:"warp_a,omitempty"`
	WarpB []float64 `json:"warp_b,omitempty"`
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

// geometry says how far apart two rows of columns are.
type geometry struct {
	w       []float64 // [D] 1/l²
	nominal []bool    // [D] names: equal or not (Hamming distance)
}

// distance returns r² of two rows.
func (g geometry) distance(x, y []float64) float64 {
	sum := 0.0
	for j, w := range g.w {
		d := x[j] - y[j]
		if g.nominal[j] && d != 0 {
			d = 1
		}
		sum += w * d * d
	}
	return sum
}

// weights returns 1/l² for every column.
func (h Hyperparameters) weights() []float64 {
	w := make([]float64, len(h.LengthScales))
	for j, l := range h.LengthScales {
		w[j] = 1 / (l * l)
	}
	return w
}

// warp fills out [D] with a row of columns as the kernel sees it, its numeric
// columns warped, and, where dx [D] is not nil, that with the slopes.
func (h Hyperparameters) warp(out, dx, x []float64, nominal []bool) {
	copy(out, x)
	for j := range dx {
		dx[j] = 1
	}
	if h.WarpA == nil {
		return
	}
	k := 0
	for j, v := range x {
		if nominal[j] {
			continue
		}
		w := kumaraswamy(v, h.WarpA[k], h.WarpB[k])
		out[j] = w.at
		if dx != nil {
			dx[j] = w.byX
		}
		k++
	}
}

// warpRows returns rows as the kernel sees them.
func (h Hyperparameters) warpRows(rows [][]float64, nominal []bool) [][]float64 {
	if h.WarpA == nil {
		return rows
	}
	out := make([][]float64, len(rows))
	for i, x := range rows {
		out[i] = make([]float64, len(x))
		h.warp(out[i], nil, x, nominal)
	}
	return out
}

func dot(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}
