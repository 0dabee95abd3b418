package main

import (
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

// broadcast fills a vector with a 32-bit value.
func (s isa) broadcast(r GPVirtual) VecVirtual {
	v := s.vector()
	VMOVD(r, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
}

// floatParam fills a vector with a float32 argument.
func (s isa) floatParam(name string) VecVirtual {
	arg, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := s.vector()
	VBROADCASTSS(arg.Addr, v)
	return v
}

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

// reduce leaves op over the lanes of t in each of them, in a fixed order.
func (s isa) reduce(op func(...Op), t VecVirtual) {
	y := s.vector()
	if s.width == 64 {
		VSHUFF32X4(U8(0x4e), t, t, y)
		op(y, t, t)
		VSHUFF32X4(U8(0xb1), t, t, y)
	} else {
		VPERM2F128(U8(1), t, t, y)
	}
	op(y, t, t)
	VPERMILPS(U8(0x4e), t, y)
	op(y, t, t)
	VPERMILPS(U8(0xb1), t, y)
	op(y, t, t)
}
