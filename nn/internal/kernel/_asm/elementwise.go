package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// relu512 and reluGrad512 stand for activate and activateGrad with ReLU. The
// operands' order lets NaN through as the plain loops do.
func relu512() {
	TEXT("relu512", 0, "func(y, z *float32, n int)")
	Pragma("noescape")
	Doc("relu512 is Set.Activate for ReLU; n is a multiple of 16.")
	y, z, n := gp(param("y")), gp(param("z")), gp(param("n"))
	zero, x := ZMM(), ZMM()
	VPXORQ(zero, zero, zero)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	VMOVUPS(Mem{Base: z}, x)
	VMAXPS(x, zero, x) // MAXPS returns its second source where one is NaN
	VMOVUPS(x, Mem{Base: y})
	ADDQ(U32(64), y)
	ADDQ(U32(64), z)
	SUBQ(U32(16), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

func reluGrad512() {
	TEXT("reluGrad512", 0, "func(dz, dy, saved *float32, n int)")
	Pragma("noescape")
	Doc("reluGrad512 is Set.ActivateGrad for ReLU; n is a multiple of 16.")
	dz, dy, saved, n := gp(param("dz")), gp(param("dy")), gp(param("saved")), gp(param("n"))
	zero, x := ZMM(), ZMM()
	lit := K()
	VPXORQ(zero, zero, zero)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	VCMPPS(U8(0x11), Mem{Base: saved}, zero, lit) // 0 < saved, false for NaN
	VMOVUPS_Z(Mem{Base: dy}, lit, x)
	VMOVUPS(x, Mem{Base: dz})
	ADDQ(U32(64), dz)
	ADDQ(U32(64), dy)
	ADDQ(U32(64), saved)
	SUBQ(U32(16), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

func relu2() {
	TEXT("relu2", 0, "func(y, z *float32, n int)")
	Pragma("noescape")
	Doc("relu2 is Set.Activate for ReLU; n is a multiple of 8.")
	y, z, n := gp(param("y")), gp(param("z")), gp(param("n"))
	zero, x := YMM(), YMM()
	VXORPS(zero, zero, zero)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	VMOVUPS(Mem{Base: z}, x)
	VMAXPS(x, zero, x)
	VMOVUPS(x, Mem{Base: y})
	ADDQ(U32(32), y)
	ADDQ(U32(32), z)
	SUBQ(U32(8), n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

func reluGrad2() {
	TEXT("reluGrad2", 0, "func(dz, dy, saved *float32, n int)")
	Pragma("noescape")
	Doc("reluGrad2 is Set.ActivateGrad for ReLU; n is a multiple of 8.")
	dz, dy, saved, n := gp(param("dz")), gp(param("dy")), gp(param("saved")), gp(param("n"))
	zero, x := YMM(), YMM()
	VXORPS(zero, zero, zero)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	VCMPPS(U8(0x11), Mem{Base: saved}, zero, x)
	VANDPS(Mem{Base: dy}, x, x)
	VMOVUPS(x, Mem{Base: dz})
	ADDQ(U32(32), dz)
	ADDQ(U32(32), dy)
	ADDQ(U32(32), saved)
	SUBQ(U32(8), n)
	JMP(LabelRef("loop"))
	Label("done")
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

// adam512 stands for the Adam case of step, decay and gradient scale included,
// with the exact root and division.
func adam512() {
	TEXT("adam512", 0, "func(rule, w, grad, m, v *float32, n int)")
	Pragma("noescape")
	Doc("adam512 is Set.Step for Adam; rule points to Rule.Rate, n is a multiple of 16.")
	adam(zmms, ZMM, 64)
}

func adam2() {
	TEXT("adam2", 0, "func(rule, w, grad, m, v *float32, n int)")
	Pragma("noescape")
	Doc("adam2 is Set.Step for Adam; rule points to Rule.Rate, n is a multiple of 8.")
	adam(ymms, YMM, 32)
}

func adam(vectors func(int) []VecVirtual, vector func() VecVirtual, width int) {
	rule, w, g, m, v, n := gp(param("rule")), gp(param("w")), gp(param("grad")), gp(param("m")), gp(param("v")), gp(param("n"))
	restore := flushToZero()
	c := vectors(6)
	rate, beta1, beta2, epsilon, keep, scale := c[0], c[1], c[2], c[3], c[4], c[5]
	for i, disp := range []int{ruleRate, ruleBeta1, ruleBeta2, ruleEpsilon, ruleDecay, ruleGradScale} {
		VBROADCASTSS(Mem{Base: rule, Disp: disp}, c[i])
	}
	// beta1, beta2 and decay are used as one minus themselves.
	one, bits := vector(), GP32()
	MOVL(U32(0x3f800000), bits)
	VMOVD(bits, one.AsX())
	VBROADCASTSS(one.AsX(), one)
	VSUBPS(beta1, one, beta1)
	VSUBPS(beta2, one, beta2)
	VSUBPS(keep, one, keep)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	t := vectors(5)
	grad, mean, square, root, weight := t[0], t[1], t[2], t[3], t[4]
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
	for _, p := range []Op{w, g, m, v} {
		ADDQ(U32(uint32(width)), p)
	}
	SUBQ(U32(uint32(width/4)), n)
	JMP(LabelRef("loop"))
	Label("done")
	restore()
	VZEROUPPER()
	RET()
}
