package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// softmax stands for what crossEntropy does with a row of up to 64 logits, but
// for its label. A row stays in vectors registers.
func softmax(s isa, vectors int) {
	const panelWidth = 64
	name := fmt.Sprintf("softmax%sx%d", s.name, vectors)
	TEXT(name, 0, "func(dz, z *float32, lanes *uint32, sum, top *float32, argmax *int32, rows int, scale, offset float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s goes through rows of %d logits. Of 128 lanes the first 64 are all ones where", name, vectors*s.width/4),
		"a logit counts, else zero, and the last 64 are 0 there, else minus infinity. It writes for", "each row the largest logit to top, its column to argmax, the sum of e^(z-top) to sum, and",
		"softmax(z)*scale-offset to dz, which is zero in the other columns.")
	dz, z, lanes, sum, top, argmax, rows := gp(param("dz")), gp(param("z")), gp(param("lanes")), gp(param("sum")), gp(param("top")), gp(param("argmax")), gp(param("rows"))
	scale, offset := s.floatParam("scale"), s.floatParam("offset")
	counts := func(v int) Mem { return Mem{Base: lanes, Disp: v * s.width} }
	fill := func(v int) Mem { return Mem{Base: lanes, Disp: 4*panelWidth + v*s.width} }
	restore := flushToZero()

	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	x, t := s.vectors(vectors), s.vector()
	for v := range x {
		VMOVUPS(Mem{Base: z, Disp: v * s.width}, x[v])
		VANDPS(counts(v), x[v], x[v])
		VORPS(fill(v), x[v], x[v])
		if v == 0 {
			VMOVAPS(x[v], t)
		} else {
			VMAXPS(x[v], t, t)
		}
	}
	s.reduce(VMAXPS, t)
	VMOVSS(t.AsX(), Mem{Base: top})
	at, bits, column := GP32(), GP32(), GP32()
	MOVL(U32(0xffffffff), at) // where a logit is NaN
	for v := vectors - 1; v >= 0; v-- {
		if s.width == 64 {
			isTop := K()
			VCMPPS(equal, t, x[v], isTop)
			KMOVW(isTop, bits)
		} else {
			isTop := s.vector()
			VCMPPS(equal, t, x[v], isTop)
			VMOVMSKPS(isTop, bits)
		}
		TZCNTL(bits, bits) // sets the carry if there is none
		LEAL(Mem{Base: bits, Disp: v * s.width / 4}, column)
		CMOVLCC(column, at)
	}
	MOVL(at, Mem{Base: argmax})

	for v := range x {
		VSUBPS(t, x[v], x[v])
		e := s.exp(x[v])
		VANDPS(counts(v), e, x[v])
	}
	VMOVAPS(x[0], t)
	for _, e := range x[1:] {
		VADDPS(e, t, t)
	}
	s.reduce(VADDPS, t)
	VMOVSS(t.AsX(), Mem{Base: sum})
	for v := range x {
		VDIVPS(t, x[v], x[v])
		VFMSUB213PS(offset, scale, x[v])
		VANDPS(counts(v), x[v], x[v])
		VMOVUPS(x[v], Mem{Base: dz, Disp: v * s.width})
	}
	ADDQ(U32(uint32(vectors*s.width)), z)
	ADDQ(U32(uint32(vectors*s.width)), dz)
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
