package bayes

import "math"

// warpMargin is by how much columns are drawn in at either end before they are
// warped, where the slopes may be infinite.
const warpMargin = 1e-7

// warped is a column's place after the warp and its derivatives.
type warped struct{ at, byX, byLogA, byLogB float64 }

// kumaraswamy bends a column by Kumaraswamy's distribution function
//
//	w(x) = 1 - (1 - x^a)^b,  a, b > 0,
//
// the identity where both are 1 (Snoek et al. 2014 have the idea, with the beta
// distribution; Cowen-Rivers et al. 2022 this form).
func kumaraswamy(x, a, b float64) warped {
	x = warpMargin + (1-2*warpMargin)*x
	logX := math.Log(x)
	xa := math.Exp(a * logX)
	logQ := math.Log1p(-xa)
	q := math.Exp(b * logQ)
	slope := b * q / (1 - xa) * xa // dw/d(log x^a)
	return warped{1 - q, slope * a / x * (1 - 2*warpMargin), slope * a * logX, -q * b * logQ}
}
