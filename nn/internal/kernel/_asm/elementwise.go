package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is what kernels for two instruction sets differ in.
type isa struct {
	name    string
	vectors func(n int) []VecVirtual
	width   int // bytes of a vector
}

var (
	isa512 = isa{"512", zmms, 64}
	isa2   = isa{"2", ymms, 32}
)

func (s isa) vector() VecVirtual { return s.vectors(1)[0] }

// each runs body for every vector of n elements and moves the pointers on.
func (s isa) each(n GPVirtual, pointers []GPVirtual, body func()) {
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	body()
	for _, p := range pointers {
		ADDQ(U32(uint32(s.width)), p)
	}
	SUBQ(U32(uint32(s.width/4)), n)
	JMP(LabelRef("loop"))
	Label("done")
}

// relu stands for activate with ReLU. The order of the operands lets NaN through
// as the plain loop does: the maximum is the second source where one is NaN.
func relu(s isa) {
	TEXT("relu"+s.name, 0, "func(y, z *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("relu%s is Set.Activate for ReLU; n is a multiple of %d.", s.name, s.width/4))
	y, z, n := gp(param("y")), gp(param("z")), gp(param("n"))
	zero, x := s.vector(), s.vector()
	VXORPS(zero, zero, zero)
	s.each(n, []GPVirtual{y, z}, func() {
		VMOVUPS(Mem{Base: z}, x)
		VMAXPS(x, zero, x)
		VMOVUPS(x, Mem{Base: y})
	})
	VZEROUPPER()
	RET()
}

// reluGrad stands for activateGrad with ReLU: dy where 0 < saved, which NaN is
// not, else 0.
func reluGrad(s isa) {
	TEXT("reluGrad"+s.name, 0, "func(dz, dy, saved *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("reluGrad%s is Set.ActivateGrad for ReLU; n is a multiple of %d.", s.name, s.width/4))
	dz, dy, saved, n := gp(param("dz")), gp(param("dy")), gp(param("saved")), gp(param("n"))
	zero, x, lit := s.vector(), s.vector(), K()
	VXORPS(zero, zero, zero)
	s.each(n, []GPVirtual{dz, dy, saved}, func() {
		const less = U8(0x11)
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

// The numbers of a Rule, which the update reads from its field Rate on.
const (
	ruleRate = 4 * iota
	ruleBeta1
	ruleBeta2
	ruleEpsilon
	ruleDecay
	ruleGradScale
)

// adam stands for the Adam case of step, decay and gradient scale included, with
// the exact root and division.
func adam(s isa) {
	TEXT("adam"+s.name, 0, "func(rule, w, grad, m, v *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("adam%s is Set.Step for Adam; rule points to Rule.Rate, n is a multiple of %d.", s.name, s.width/4))
	rule, w, g, m, v, n := gp(param("rule")), gp(param("w")), gp(param("grad")), gp(param("m")), gp(param("v")), gp(param("n"))
	restore := flushToZero()
	c := s.vectors(6)
	rate, beta1, beta2, epsilon, keep, scale := c[0], c[1], c[2], c[3], c[4], c[5]
	for i, disp := range []int{ruleRate, ruleBeta1, ruleBeta2, ruleEpsilon, ruleDecay, ruleGradScale} {
		VBROADCASTSS(Mem{Base: rule, Disp: disp}, c[i])
	}
	// beta1, beta2 and decay are used as one minus themselves.
	one, bits := s.vector(), GP32()
	MOVL(U32(0x3f800000), bits)
	VMOVD(bits, one.AsX())
	VBROADCASTSS(one.AsX(), one)
	VSUBPS(beta1, one, beta1)
	VSUBPS(beta2, one, beta2)
	VSUBPS(keep, one, keep)
	t := s.vectors(5)
	grad, mean, square, root, weight := t[0], t[1], t[2], t[3], t[4]
	s.each(n, []GPVirtual{w, g, m, v}, func() {
		VMULPS(Mem{Base: g}, scale, grad)
		VMOVUPS(Mem{Base: m}, mean)
		VMOVUPS(Mem{Base: v}, square)
		VSUBPS(mean, grad, root)
		VFMADD231PS(root, beta1, mean)
		VMOVUPS(mean, Mem{Base: m})
		VFMSUB213PS(square, grad, grad) // g^2 - v
		VFMADD231PS(grad, beta2, square)
		VMOVUPS(square, Mem{Base: v})
		VSQRTPS(square, root)
		VADDPS(epsilon, root, root)
		VMULPS(rate, mean, mean)
		VDIVPS(root, mean, mean)
		VMULPS(Mem{Base: w}, keep, weight)
		VSUBPS(mean, weight, weight)
		VMOVUPS(weight, Mem{Base: w})
	})
	restore()
	VZEROUPPER()
	RET()
}
