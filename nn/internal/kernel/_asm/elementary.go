package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// clamp limits x to [low, high]. NaN stays: of two operands of which one is NaN,
// maximum and minimum return the one that comes first here.
func (s isa) clamp(x VecVirtual, low, high float64) {
	bound := s.vector()
	VMOVUPS(constant(low), bound)
	VMAXPS(x, bound, x)
	VMOVUPS(constant(high), bound)
	VMINPS(x, bound, x)
}

// horner returns the polynomial in x with these coefficients, the highest first.
func (s isa) horner(x VecVirtual, coefficients ...float64) VecVirtual {
	p := s.vector()
	VMOVUPS(constant(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		VFMADD213PS(constant(c), x, p)
	}
	return p
}

// reduceExp replaces x by r and returns n<<23 as integers, where x = n ln 2 + r
// and |r| <= ln(2)/2: n ln 2 is taken away in two steps (Cody & Waite 1980).
func (s isa) reduceExp(x VecVirtual) (power VecVirtual) {
	const high = 0.693359375 // n*high is exact
	power = s.vector()
	n := s.vector()
	VMULPS(constant(math.Log2E), x, n)
	VCVTPS2DQ(n, power)
	VCVTDQ2PS(power, n)
	VFNMADD231PS(constant(high), n, x)
	VFNMADD231PS(constant(math.Ln2-high), n, x)
	VPSLLD(U8(23), power, power)
	return power
}

// taylor returns the terms of e^r from the seventh down to the last; the error
// for |r| <= ln(2)/2 is below 2^-27.
func taylor(last int) []float64 {
	var terms []float64
	for k := 7; k >= last; k-- {
		terms = append(terms, 1/math.Gamma(float64(k+1)))
	}
	return terms
}

// exp returns e^x, 0 below -87, e^88 above 88, NaN for NaN; x is lost.
func (s isa) exp(x VecVirtual) VecVirtual {
	const low, high = -87, 88
	if s.width == 64 {
		lit := K()
		VCMPPS(notLess, constant(low), x, lit)
		s.clamp(x, low, high)
		power := s.reduceExp(x)
		p := s.horner(x, taylor(0)...)
		VPADDD_Z(power, p, lit, p)
		return p
	}
	lit := s.vector()
	VCMPPS(notLess, constant(low), x, lit)
	s.clamp(x, low, high)
	power := s.reduceExp(x)
	p := s.horner(x, taylor(0)...)
	VPADDD(power, p, p)
	VANDPS(lit, p, p)
	return p
}

// expm1 returns e^x - 1, precise near zero, for |x| <= 80 or NaN; x is lost.
func (s isa) expm1(x VecVirtual) VecVirtual {
	power := s.reduceExp(x)
	q, one := s.horner(x, taylor(1)...), s.vector()
	VMULPS(x, q, q)
	VMOVUPS(constant(1), one)
	VPADDD(one, power, power)
	VSUBPS(one, power, one)
	VFMADD213PS(one, power, q) // 2^n (e^r-1) + 2^n-1
	return q
}

// Predicates of VCMPPS and VPCMPUD.
const (
	equal   = U8(0)
	notLess = U8(5) // true for NaN
	less    = U8(0x11)
)

// bySign writes, where the sign of x is set, negative to dst, else positive.
func (s isa) bySign(x, negative, positive, dst VecVirtual) {
	if s.width == 64 {
		sign := K()
		VPMOVD2M(x, sign)
		VBLENDMPS(negative, positive, sign, dst)
	} else {
		VBLENDVPS(x, negative, positive, dst)
	}
}

// millsCoefficients are those of t, t^2, ... in an approximation of Mills' ratio
// (1-Phi(a))/phi(a) for a >= 0, with t = 1/(1+millsP*a): a least-squares fit of
// relative error below 3e-8.
const millsP = 0.27

var millsCoefficients = []float64{
	0.27001818098752106, 0.2695287798537785, 0.25548220294605695, 0.1795513359045231, 0.27264367376688403,
	-0.17677871531475564, 0.42836780953213943, -0.31835319113115323, 0.07285409133741251,
}

// normal returns the density of the normal distribution at x, without its factor
// 1/sqrt(2 pi), and the probability of what is beyond |x| on one side.
func (s isa) normal(x VecVirtual) (density, tail VecVirtual) {
	a, t, one := s.vector(), s.vector(), s.vector()
	VANDPS(integer(0x7fffffff), x, a)
	VMOVUPS(constant(1), one)
	VMOVUPS(constant(millsP), t)
	VFMADD213PS(one, a, t)
	VDIVPS(t, one, t)
	VMULPS(a, a, a)
	VMULPS(constant(-0.5), a, a)
	density = s.exp(a)
	scaled := make([]float64, len(millsCoefficients))
	for i, c := range millsCoefficients {
		scaled[len(scaled)-1-i] = c / math.Sqrt(2*math.Pi)
	}
	tail = s.horner(t, scaled...)
	VMULPS(t, tail, tail)
	VMULPS(density, tail, tail)
	return density, tail
}
