package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Constants of exp: e^x = 2^n e^r with n = round(x log2(e)) and r = x - n ln 2 in
// two steps (Cody & Waite 1980), e^r by its Taylor polynomial of degree 7, whose
// error for |r| <= ln(2)/2 is below 2^-27.
var expConstants = []float64{
	math.Log2E, 0.693359375, math.Ln2 - 0.693359375,
	1. / 5040, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1,
}

// softmax512 stands for what crossEntropy does with a row of up to 16 logits, but
// for its label. A row is one vector.
func softmax512() {
	TEXT("softmax512", 0, "func(dz, z, sum, top *float32, argmax *int32, rows int, lanes uint64, scale, offset float32)")
	Pragma("noescape")
	Doc("softmax512 goes through rows of 16 logits, of which those in the mask lanes count. It writes for each", "row the largest logit to top, its lane to argmax, the sum of e^(z-top) to sum, and", "softmax(z)*scale-offset to dz, which is zero in the other lanes.")
	dz, z, sum, top, argmax, rows := gp(param("dz")), gp(param("z")), gp(param("sum")), gp(param("top")), gp(param("argmax")), gp(param("rows"))
	lanes := K()
	mask := gp(param("lanes"))
	KMOVW(mask.As32(), lanes)
	scale, offset := ZMM(), ZMM()
	VBROADCASTSS(NewParamAddr("scale", 56), scale)
	VBROADCASTSS(NewParamAddr("offset", 60), offset)
	table := GLOBL("exp512", attr.RODATA|attr.NOPTR)
	for i, c := range expConstants {
		DATA(4*i, F32(float32(c)))
	}
	c := zmms(len(expConstants))
	for i := range c {
		VBROADCASTSS(table.Offset(4*i), c[i])
	}
	least, lowest, bits := ZMM(), ZMM(), GP32()
	MOVL(U32(math.Float32bits(float32(math.Inf(-1)))), bits)
	VPBROADCASTD(bits, lowest)
	MOVL(U32(math.Float32bits(-200)), bits) // e^-200 is 0 in float32
	VPBROADCASTD(bits, least)
	restore := flushToZero()

	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	x, y, t := ZMM(), ZMM(), ZMM()
	VMOVAPS(lowest, x)
	VMOVUPS(Mem{Base: z}, lanes, x)
	VMOVAPS(x, t)
	reduce(VMAXPS, t, y)
	VMOVSS(t.AsX(), Mem{Base: top})
	isTop, at := K(), GP32()
	VCMPPS(U8(0), t, x, isTop)
	KMOVW(isTop, at)
	TZCNTL(at, at)
	MOVL(at, Mem{Base: argmax})

	VSUBPS(t, x, x)
	VMAXPS(x, least, x) // NaN stays
	n, p := ZMM(), ZMM()
	VMULPS(c[0], x, n)
	VRNDSCALEPS(U8(8), n, n)
	VFNMADD231PS(c[1], n, x)
	VFNMADD231PS(c[2], n, x)
	VMOVAPS(c[3], p)
	for _, k := range c[4:] {
		VFMADD213PS(k, x, p)
	}
	VSCALEFPS_Z(n, p, lanes, p)
	VMOVAPS(p, t)
	reduce(VADDPS, t, y)
	VMOVSS(t.AsX(), Mem{Base: sum})
	VDIVPS(t, p, p)
	VFMSUB213PS_Z(offset, scale, lanes, p)
	VMOVUPS(p, Mem{Base: dz})
	ADDQ(U32(64), z)
	ADDQ(U32(64), dz)
	ADDQ(U32(4), sum)
	ADDQ(U32(4), top)
	ADDQ(U32(4), argmax)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("done")
	restore()
	VZEROUPPER()
	RET()
}

// reduce leaves op over the 16 lanes of t in each of them, in a fixed order.
func reduce(op func(...Op), t, y VecVirtual) {
	VSHUFF32X4(U8(0x4e), t, t, y)
	op(y, t, t)
	VSHUFF32X4(U8(0xb1), t, t, y)
	op(y, t, t)
	VPERMILPS(U8(0x4e), t, y)
	op(y, t, t)
	VPERMILPS(U8(0xb1), t, y)
	op(y, t, t)
}
