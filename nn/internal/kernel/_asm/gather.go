package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// widen stands for widen, a vector at a time.
func widen(s isa) {
	TEXT("widen"+s.name, 0, "func(dst *float32, src *byte, n int, scale float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("widen%s is Set.Widen; n is a multiple of %d.", s.name, s.width/4))
	dst, src, n := gp(param("dst")), gp(param("src")), gp(param("n"))
	scale := s.floatParam("scale")
	s.each(n, []GPVirtual{dst}, func() {
		x := s.vector()
		VPMOVZXBD(Mem{Base: src}, x)
		VCVTDQ2PS(x, x)
		VMULPS(scale, x, x)
		VMOVUPS(x, Mem{Base: dst})
		ADDQ(U32(uint32(s.width/4)), src)
	})
	VZEROUPPER()
	RET()
}

// packing returns for every set of eight lanes the numbers of those that are in
// it, in eight bytes.
func packing() Mem {
	return global("packing", func() {
		for set := range 256 {
			packed, n := uint64(0), 0
			for lane := range 8 {
				if set>>lane&1 == 1 {
					packed |= uint64(lane) << (8 * n)
					n++
				}
			}
			DATA(8*set, U64(packed))
		}
	})
}

// compress stands for the loop of compress over a vector of columns at a time. It
// writes whole vectors: entries needs room for 16 more than there are.
func compress(s isa) {
	lanes := uint32(s.width / 4)
	TEXT("compress"+s.name, 0, "func(entries *uint32, start *int32, row0, row1, ahead0, ahead1 *byte, n, base, block int) (count int)")
	Pragma("noescape")
	Doc("compress"+s.name+" writes the entries of the columns in which row0 or row1 are not zero and returns how many",
		"there are. After every block columns it writes base and the count so far to start. It prefetches n bytes",
		fmt.Sprintf("at ahead0 and ahead1. n and block are multiples of %d.", lanes))
	entries, n := gp(param("entries")), gp(param("n"))
	rows := []GPVirtual{gp(param("row0")), gp(param("row1"))}
	ahead := []GPVirtual{gp(param("ahead0")), gp(param("ahead1"))}
	column := s.vector()
	VMOVUPS(columns(), column)
	start, base, left := gp(param("start")), gp(param("base")), gp(param("block"))
	count := GP64()
	XORQ(count, count)
	table, zero := GP64(), s.vector()
	if s.width == 32 {
		LEAQ(packing(), table)
		VXORPS(zero, zero, zero)
	}
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	x, word := s.vectors(2), s.vector()
	for r := range x {
		PREFETCHT0(Mem{Base: ahead[r]})
		VPMOVZXBD(Mem{Base: rows[r]}, x[r])
		ADDQ(U32(lanes), rows[r])
		ADDQ(U32(lanes), ahead[r])
	}
	bits := GP32()
	VPSLLD(U8(8), x[1], x[1])
	VPSLLD(U8(16), column, word)
	if s.width == 64 {
		lit := K()
		VPORD(x[0], x[1], x[0])
		VPTESTMD(x[0], x[0], lit)
		VPORD(x[0], word, word)
		KMOVW(lit, bits)
		VPCOMPRESSD_Z(word, lit, word)
	} else {
		VPOR(x[0], x[1], x[0])
		VPOR(x[0], word, word)
		VPCMPGTD(zero, x[0], x[0])
		VMOVMSKPS(x[0], bits)
		VPMOVZXBD(Mem{Base: table, Index: bits.As64(), Scale: 8}, x[1])
		VPERMD(word, x[1], word)
	}
	VMOVUPS(word, Mem{Base: entries, Index: count, Scale: 4})
	POPCNTL(bits, bits)
	ADDQ(bits.As64(), count)
	VPADDD(integer(lanes), column, column)
	SUBQ(U32(lanes), n)
	SUBQ(U32(lanes), left)
	JNZ(LabelRef("loop"))
	VMOVUPS(columns(), column)
	end := GP64()
	LEAQ(Mem{Base: base, Index: count, Scale: 1}, end)
	MOVL(end.As32(), Mem{Base: start})
	ADDQ(U32(4), start)
	Load(Param("block"), left)
	JMP(LabelRef("loop"))
	Label("done")
	Store(count, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
