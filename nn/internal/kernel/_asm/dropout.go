package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	mixFactor1 = 0x7feb352d
	mixFactor2 = 0x846ca68b
)

// dropout stands for dropout: mix32 is worked out once a row in a scalar register
// and for every element in a vector.
func dropout(s isa) {
	TEXT("dropout"+s.name, 0, "func(dst, src *float32, rows, stride int, key, column, threshold uint32, scale float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("dropout%s is Set.Dropout with the parts of a Mask; stride is a multiple of %d.", s.name, s.width/4))
	dst, src, rows := gp(param("dst")), gp(param("src")), gp(param("rows"))
	load32 := func(name string) GPVirtual {
		r := GP32()
		Load(Param(name), r)
		return r
	}
	key, column := load32("key"), load32("column")
	threshold, scale := s.broadcast(load32("threshold")), s.floatParam("scale")
	restore := flushToZero()

	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("end"))
	h, t := GP32(), GP32()
	MOVL(key, h)
	shiftXor := func(by int) {
		MOVL(h, t)
		SHRL(U8(by), t)
		XORL(t, h)
	}
	shiftXor(16)
	IMUL3L(U32(mixFactor1), h, h)
	shiftXor(15)
	IMUL3L(U32(mixFactor2), h, h)
	shiftXor(16)
	ADDL(column, h)
	at := s.broadcast(h)
	VPADDD(columns(), at, at)
	n := gp(param("stride"))
	s.each(n, []GPVirtual{dst, src}, func() {
		x, y := s.vector(), s.vector()
		VMOVUPS(at, x)
		shiftXor := func(by int) {
			VPSRLD(U8(by), x, y)
			VXORPS(y, x, x)
		}
		shiftXor(16)
		VPMULLD(integer(mixFactor1), x, x)
		shiftXor(15)
		VPMULLD(integer(mixFactor2), x, x)
		shiftXor(16)
		if s.width == 64 {
			keep := K()
			VPCMPUD(notLess, threshold, x, keep)
			VMULPS_Z(Mem{Base: src}, scale, keep, y)
		} else {
			VPMAXUD(threshold, x, y)
			VPCMPEQD(x, y, x)
			VMULPS(Mem{Base: src}, scale, y)
			VANDPS(x, y, y)
		}
		VMOVUPS(y, Mem{Base: dst})
		VPADDD(integer(uint32(s.width/4)), at, at)
	})
	INCL(key)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("end")
	restore()
	VZEROUPPER()
	RET()
}
