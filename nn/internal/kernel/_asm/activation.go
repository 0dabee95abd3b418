package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// activation stands for activate with one function. body turns z into y.
func activation(s isa, name string, body func(s isa, z VecVirtual) (y VecVirtual)) {
	TEXT(name+s.name, 0, "func(y, z *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s%s is Set.Activate for one function; n is a multiple of %d.", name, s.name, s.width/4))
	y, z, n := gp(param("y")), gp(param("z")), gp(param("n"))
	restore := flushToZero()
	s.each(n, []GPVirtual{y, z}, func() {
		x := s.vector()
		VMOVUPS(Mem{Base: z}, x)
		VMOVUPS(body(s, x), Mem{Base: y})
	})
	restore()
	VZEROUPPER()
	RET()
}

// activationGrad stands for activateGrad with one function. body turns what was
// saved into the slope.
func activationGrad(s isa, name string, body func(s isa, saved VecVirtual) (slope VecVirtual)) {
	TEXT(name+"Grad"+s.name, 0, "func(dz, dy, saved *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%sGrad%s is Set.ActivateGrad for one function; n is a multiple of %d.", name, s.name, s.width/4))
	dz, dy, saved, n := gp(param("dz")), gp(param("dy")), gp(param("saved")), gp(param("n"))
	restore := flushToZero()
	s.each(n, []GPVirtual{dz, dy, saved}, func() {
		x := s.vector()
		VMOVUPS(Mem{Base: saved}, x)
		slope := body(s, x)
		VMULPS(Mem{Base: dy}, slope, slope)
		VMOVUPS(slope, Mem{Base: dz})
	})
	restore()
	VZEROUPPER()
	RET()
}

// The order of the operands lets NaN through as the plain loop does: the maximum
// is the one that comes first here where one of them is NaN.
func relu(s isa, z VecVirtual) VecVirtual {
	zero := s.vector()
	VXORPS(zero, zero, zero)
	VMAXPS(z, zero, z)
	return z
}

// reluGrad stands for activateGrad with ReLU: dy where 0 < saved, which NaN is
// not, else 0; a product would make NaN of an infinite dy.
func reluGrad(s isa) {
	TEXT("reluGrad"+s.name, 0, "func(dz, dy, saved *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("reluGrad%s is Set.ActivateGrad for ReLU; n is a multiple of %d.", s.name, s.width/4))
	dz, dy, saved, n := gp(param("dz")), gp(param("dy")), gp(param("saved")), gp(param("n"))
	zero, x, lit := s.vector(), s.vector(), K()
	VXORPS(zero, zero, zero)
	s.each(n, []GPVirtual{dz, dy, saved}, func() {
		if s.width == 64 {
			VCMPPS(less, Mem{Base: saved}, zero, lit)
			VMOVUPS_Z(Mem{Base: dy}, lit, x)
		} else {
			VCMPPS(less, Mem{Base: saved}, zero, x)
			VANDPS(Mem{Base: dy}, x, x)
		}
		VMOVUPS(x, Mem{Base: dz})
	})
	VZEROUPPER()
	RET()
}

// tanh z = e/(e+2) with e = e^(2z) - 1, which is precise near zero.
func tanh(s isa, z VecVirtual) VecVirtual {
	VADDPS(z, z, z)
	s.clamp(z, -20, 20) // where tanh is 1 in float32
	e, divisor := s.expm1(z), s.vector()
	VADDPS(constant(2), e, divisor)
	VDIVPS(divisor, e, e)
	return e
}

// The slope of tanh is 1 - y^2.
func tanhSlope(s isa, y VecVirtual) VecVirtual {
	slope := s.vector()
	VMOVUPS(constant(1), slope)
	VFNMADD231PS(y, y, slope)
	return slope
}

func sigmoid(s isa, z VecVirtual) VecVirtual {
	VXORPS(integer(0x80000000), z, z)
	e, one := s.exp(z), s.vector()
	VMOVUPS(constant(1), one)
	VADDPS(one, e, e)
	VDIVPS(e, one, e)
	return e
}

// The slope of the sigmoid is y (1-y).
func sigmoidSlope(s isa, y VecVirtual) VecVirtual {
	slope := s.vector()
	VMOVUPS(constant(1), slope)
	VSUBPS(y, slope, slope)
	VMULPS(y, slope, slope)
	return slope
}

// geluLimit is where 1-Phi is zero in float32.
const geluLimit = 20

// GELU: z Phi(z) = max(z, 0) - |z| (1-Phi(|z|)).
func gelu(s isa, z VecVirtual) VecVirtual {
	y := s.vector()
	VMOVAPS(z, y)
	y = relu(s, y)
	s.clamp(z, -geluLimit, geluLimit) // no infinity times zero
	_, tail := s.normal(z)
	VANDPS(integer(0x7fffffff), z, z)
	VFNMADD231PS(tail, z, y)
	return y
}

// The slope of GELU is Phi(z) + z phi(z).
func geluSlope(s isa, z VecVirtual) VecVirtual {
	s.clamp(z, -geluLimit, geluLimit)
	density, tail := s.normal(z)
	slope := s.vector()
	VMOVUPS(constant(1), slope)
	VSUBPS(tail, slope, slope)
	s.bySign(z, tail, slope, slope)
	VMULPS(constant(1/math.Sqrt(2*math.Pi)), z, z)
	VFMADD231PS(density, z, slope)
	return slope
}
