package bayes

import "math"

// Ament et al. 2023 (Unexpected improvements to expected improvement, eq. 9 and
// appendix A): with u = (best - mean)/deviation, the expected improvement is
// deviation * h(u), h(u) = φ(u) + u Φ(u), and h underflows for u < -38 while
// log h does not.

const (
	logSqrt2Pi  = 0.91893853320467274178 // log √(2π)
	logSqrtPi_2 = 0.22579135264472743236 // log √(π/2)
)

// erfcx returns exp(x²) erfc(x) for x >= 0.
func erfcx(x float64) float64 {
	if x < 10 {
		// exp(x²) with the rounding error of x² put back.
		square := x * x
		return math.Exp(square) * (1 + math.FMA(x, x, -square)) * math.Erfc(x)
	}
	// The asymptotic series Σ (-1)^k (2k-1)!! / (2x²)^k / (x √π) (Abramowitz &
	// Stegun 7.1.23); from x = 10 on its terms fall below 1e-16 before they grow.
	sum, term := 1.0, 1.0
	for k := 1.0; math.Abs(term) > 1e-17; k++ {
		term *= -(2*k - 1) / (2 * x * x)
		sum += term
	}
	return sum / (x * math.Sqrt(math.Pi))
}

// logH returns log h(u) to 1e-12 of max(1, |log h(u)|).
func logH(u float64) float64 {
	switch {
	case u > -1:
		return math.Log(math.Exp(-u*u/2-logSqrt2Pi) + u*normalCDF(u))
	case u > -1e6:
		return -u*u/2 - logSqrt2Pi + log1mexp(math.Log(-u*erfcx(-u/math.Sqrt2))+logSqrtPi_2)
	}
	return -u*u/2 - logSqrt2Pi - 2*math.Log(-u)
}

// slopeLogH returns d log h/du = Φ(u)/h(u).
func slopeLogH(u float64) float64 {
	switch {
	case u > -1:
		cdf := normalCDF(u)
		return cdf / (math.Exp(-u*u/2-logSqrt2Pi) + u*cdf)
	case u > -200:
		c := math.Exp(logSqrtPi_2) * erfcx(-u/math.Sqrt2)
		return c / (1 + u*c)
	}
	return -u - 2/u + 6/(u*u*u) // the next term is 42/|u|⁵
}

func normalCDF(u float64) float64 { return math.Erfc(-u/math.Sqrt2) / 2 }

// log1mexp returns log(1 - exp(x)) for x < 0 (Mächler 2012).
func log1mexp(x float64) float64 {
	if x > -math.Ln2 {
		return math.Log(-math.Expm1(x))
	}
	return math.Log1p(-math.Exp(x))
}

// logCDF returns log Φ(u).
func logCDF(u float64) float64 {
	if u > -1 {
		return math.Log(normalCDF(u))
	}
	return -u*u/2 - math.Ln2 + math.Log(erfcx(-u/math.Sqrt2))
}

// slopeLogCDF returns d log Φ(u)/du = φ(u)/Φ(u).
func slopeLogCDF(u float64) float64 {
	if u > -1 {
		return math.Exp(-u*u/2-logSqrt2Pi) / normalCDF(u)
	}
	return math.Exp(-logSqrtPi_2) / erfcx(-u/math.Sqrt2)
}
