package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rowsOf addresses element k of up to eight rows of A: a and a4 point to k in
// rows 0 and 4, s is the distance of rows and s3 three times that.
type rowsOf struct{ a, a4, s, s3 GPVirtual }

func (r rowsOf) at(row int) Mem {
	base := r.a
	if row >= 4 {
		base = r.a4
	}
	switch row % 4 {
	case 0:
		return Mem{Base: base}
	case 1:
		return Mem{Base: base, Index: r.s, Scale: 1}
	case 2:
		return Mem{Base: base, Index: r.s, Scale: 2}
	}
	return Mem{Base: base, Index: r.s3, Scale: 1}
}

// gemm512 stands for gemm with a stride of vectors*16 columns. A tile of rows
// stays in registers while k runs; eight or more accumulators hide the latency
// of the multiply-add.
func gemm512(vectors int) {
	tileRows := map[int]int{1: 8, 2: 8, 3: 4, 4: 4}[vectors]
	name := fmt.Sprintf("gemm512x%d", vectors)
	TEXT(name, 0, "func(c, a, b *float32, rows, depth, aRow, aCol int, accumulate bool)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is Set.Gemm for a stride of %d.", name, 16*vectors))
	c, a, b, rows, depth := gp(param("c")), gp(param("a")), gp(param("b")), gp(param("rows")), gp(param("depth"))
	s, k := gp(param("aRow")), gp(param("aCol"))
	bytes(s)
	bytes(k)
	s3 := GP64()
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
	accumulate := GP64()
	Load(Param("accumulate"), accumulate.As8())
	MOVBQZX(accumulate.As8(), accumulate)
	restore := flushToZero()

	tile := func(label string, n int) {
		acc := zmms(n * vectors)
		TESTQ(accumulate, accumulate)
		JZ(LabelRef(label + "_zero"))
		for i := range acc {
			VMOVUPS(Mem{Base: c, Disp: 64 * i}, acc[i])
		}
		JMP(LabelRef(label + "_start"))
		Label(label + "_zero")
		for i := range acc {
			VPXORQ(acc[i], acc[i], acc[i])
		}
		Label(label + "_start")
		at := rowsOf{a: GP64(), a4: GP64(), s: s, s3: s3}
		MOVQ(a, at.a)
		if n > 4 {
			LEAQ(Mem{Base: a, Index: s, Scale: 4}, at.a4)
		}
		bp, left := GP64(), GP64()
		MOVQ(b, bp)
		MOVQ(depth, left)
		TESTQ(left, left)
		JZ(LabelRef(label + "_store"))
		Label(label + "_loop")
		bv, x := zmms(vectors), ZMM()
		for v := range bv {
			VMOVUPS(Mem{Base: bp, Disp: 64 * v}, bv[v])
		}
		for r := range n {
			VBROADCASTSS(at.at(r), x)
			for v := range bv {
				VFMADD231PS(bv[v], x, acc[r*vectors+v])
			}
		}
		ADDQ(k, at.a)
		if n > 4 {
			ADDQ(k, at.a4)
		}
		ADDQ(U32(64*vectors), bp)
		DECQ(left)
		JNZ(LabelRef(label + "_loop"))
		Label(label + "_store")
		for i := range acc {
			VMOVUPS(acc[i], Mem{Base: c, Disp: 64 * i})
		}
		ADDQ(U32(64*vectors*n), c)
	}

	Label("rows")
	CMPQ(rows, U32(uint32(tileRows)))
	JL(LabelRef("rest"))
	tile("many", tileRows)
	LEAQ(Mem{Base: a, Index: s, Scale: 4}, a)
	if tileRows == 8 {
		LEAQ(Mem{Base: a, Index: s, Scale: 4}, a)
	}
	SUBQ(U32(uint32(tileRows)), rows)
	JMP(LabelRef("rows"))
	Label("rest")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	tile("one", 1)
	ADDQ(s, a)
	DECQ(rows)
	JMP(LabelRef("rest"))
	Label("done")
	restore()
	VZEROUPPER()
	RET()
}

// gemm2 stands for gemm with any stride: it goes through the panel in strips of
// 16 columns, four rows at a time.
func gemm2() {
	const tileRows, vectors = 4, 2
	TEXT("gemm2", 0, "func(c, a, b *float32, rows, depth, stride, aRow, aCol int, accumulate bool)")
	Pragma("noescape")
	Doc("gemm2 is Set.Gemm for AVX2 and FMA.")
	restore := flushToZero()
	stride := gp(param("stride"))
	bytes(stride)
	strips := gp(param("stride"))
	SHRQ(U8(4), strips)
	s, k := gp(param("aRow")), gp(param("aCol"))
	bytes(s)
	bytes(k)
	c0, b := gp(param("c")), gp(param("b"))

	tile := func(label string, n int, c, a GPVirtual) {
		acc := ymms(n * vectors)
		cp := GP64()
		MOVQ(c, cp)
		flag := GP8()
		Load(Param("accumulate"), flag)
		TESTB(flag, flag)
		JZ(LabelRef(label + "_zero"))
		for r := range n {
			for v := range vectors {
				VMOVUPS(Mem{Base: cp, Disp: 32 * v}, acc[r*vectors+v])
			}
			ADDQ(stride, cp)
		}
		JMP(LabelRef(label + "_start"))
		Label(label + "_zero")
		for i := range acc {
			VXORPS(acc[i], acc[i], acc[i])
		}
		Label(label + "_start")
		ap, s3, bp := GP64(), GP64(), GP64()
		MOVQ(a, ap)
		LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
		at := rowsOf{a: ap, s: s, s3: s3}
		MOVQ(b, bp)
		left := gp(param("depth"))
		TESTQ(left, left)
		JZ(LabelRef(label + "_store"))
		Label(label + "_loop")
		bv, x := ymms(vectors), YMM()
		for v := range bv {
			VMOVUPS(Mem{Base: bp, Disp: 32 * v}, bv[v])
		}
		for r := range n {
			VBROADCASTSS(at.at(r), x)
			for v := range bv {
				VFMADD231PS(bv[v], x, acc[r*vectors+v])
			}
		}
		ADDQ(k, ap)
		ADDQ(stride, bp)
		DECQ(left)
		JNZ(LabelRef(label + "_loop"))
		Label(label + "_store")
		MOVQ(c, cp)
		for r := range n {
			for v := range vectors {
				VMOVUPS(acc[r*vectors+v], Mem{Base: cp, Disp: 32 * v})
			}
			ADDQ(stride, cp)
		}
	}

	Label("strip")
	c, a, rows := GP64(), gp(param("a")), gp(param("rows"))
	MOVQ(c0, c)
	Label("rows")
	CMPQ(rows, U32(tileRows))
	JL(LabelRef("rest"))
	tile("many", tileRows, c, a)
	LEAQ(Mem{Base: a, Index: s, Scale: 4}, a)
	LEAQ(Mem{Base: c, Index: stride, Scale: 4}, c)
	SUBQ(U32(tileRows), rows)
	JMP(LabelRef("rows"))
	Label("rest")
	TESTQ(rows, rows)
	JZ(LabelRef("next"))
	tile("one", 1, c, a)
	ADDQ(s, a)
	ADDQ(stride, c)
	DECQ(rows)
	JMP(LabelRef("rest"))
	Label("next")
	ADDQ(U32(32*vectors), c0)
	ADDQ(U32(32*vectors), b)
	DECQ(strips)
	JNZ(LabelRef("strip"))
	restore()
	VZEROUPPER()
	RET()
}
