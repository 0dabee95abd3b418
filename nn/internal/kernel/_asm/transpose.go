package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// transpose2 stands for transpose where both dimensions are multiples of 8: it
// goes by tiles of 8x8, exchanging pairs, then quadruples, then halves.
func transpose2() {
	const tile = 8
	TEXT("transpose2", 0, "func(dst, src *float32, rows, cols, dstStride, srcStride int)")
	Pragma("noescape")
	Doc("transpose2 is Set.Transpose for AVX2; rows and cols are multiples of 8, rows not zero.")
	dst, src, cols := gp(param("dst")), gp(param("src")), gp(param("cols"))
	dstStride, srcStride := gp(param("dstStride")), gp(param("srcStride"))
	bytes(dstStride)
	bytes(srcStride)
	Label("columns")
	TESTQ(cols, cols)
	JZ(LabelRef("done"))
	from, to, rows := GP64(), GP64(), gp(param("rows"))
	MOVQ(src, from)
	MOVQ(dst, to)
	Label("rows")
	x, y := ymms(tile), ymms(tile)
	for i := range x {
		VMOVUPS(Mem{Base: from}, x[i])
		ADDQ(srcStride, from)
	}
	for i := 0; i < tile; i += 2 {
		VUNPCKLPS(x[i+1], x[i], y[i])
		VUNPCKHPS(x[i+1], x[i], y[i+1])
	}
	for i := 0; i < tile; i += 4 {
		VSHUFPS(U8(0x44), y[i+2], y[i], x[i])
		VSHUFPS(U8(0xee), y[i+2], y[i], x[i+1])
		VSHUFPS(U8(0x44), y[i+3], y[i+1], x[i+2])
		VSHUFPS(U8(0xee), y[i+3], y[i+1], x[i+3])
	}
	out := GP64()
	MOVQ(to, out)
	for i := range tile {
		half := U8(0x20)
		if i >= 4 {
			half = 0x31
		}
		VPERM2F128(half, x[i%4+4], x[i%4], y[i])
		VMOVUPS(y[i], Mem{Base: out})
		ADDQ(dstStride, out)
	}
	ADDQ(U32(4*tile), to)
	SUBQ(U32(tile), rows)
	JNZ(LabelRef("rows"))
	ADDQ(U32(4*tile), src)
	LEAQ(Mem{Base: dst, Index: dstStride, Scale: 8}, dst)
	SUBQ(U32(tile), cols)
	JMP(LabelRef("columns"))
	Label("done")
	VZEROUPPER()
	RET()
}
