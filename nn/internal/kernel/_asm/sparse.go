package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sparseForward512 stands for sparseForward with a stride of vectors*16 columns.
// Two entries of a row go to two sets of accumulators, so that neither waits for
// the other.
func sparseForward512(vectors int) {
	name := fmt.Sprintf("sparseForward512x%d", vectors)
	TEXT(name, 0, "func(z *float32, start, index *int32, value, w *float32, rows int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is Set.SparseForward for a stride of %d.", name, 16*vectors))
	z, start, index, value, w, rows := gp(param("z")), gp(param("start")), gp(param("index")), gp(param("value")), gp(param("w")), gp(param("rows"))
	restore := flushToZero()
	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	even, odd := zmms(vectors), zmms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: z, Disp: 64 * v}, even[v])
		VPXORQ(odd[v], odd[v], odd[v])
	}
	e, end := GP64(), GP64()
	MOVLQSX(Mem{Base: start}, e)
	MOVLQSX(Mem{Base: start, Disp: 4}, end)
	ADDQ(U32(4), start)
	add := func(disp int, into []VecVirtual) {
		at, x := GP64(), ZMM()
		MOVLQSX(Mem{Base: index, Index: e, Scale: 4, Disp: 4 * disp}, at)
		IMUL3Q(U32(uint32(64*vectors)), at, at)
		VBROADCASTSS(Mem{Base: value, Index: e, Scale: 4, Disp: 4 * disp}, x)
		for v := range vectors {
			VFMADD231PS(Mem{Base: w, Index: at, Scale: 1, Disp: 64 * v}, x, into[v])
		}
	}
	DECQ(end) // the last entry
	Label("pair")
	CMPQ(e, end)
	JGE(LabelRef("single"))
	add(0, even)
	add(1, odd)
	ADDQ(U32(2), e)
	JMP(LabelRef("pair"))
	Label("single")
	JG(LabelRef("store"))
	add(0, even)
	Label("store")
	for v := range vectors {
		VADDPS(odd[v], even[v], even[v])
		VMOVUPS(even[v], Mem{Base: z, Disp: 64 * v})
	}
	ADDQ(U32(uint32(64*vectors)), z)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("done")
	restore()
	VZEROUPPER()
	RET()
}

// sparseGradW512 stands for the loop of sparseGradW with a stride of vectors*16
// columns, dw being cleared already.
func sparseGradW512(vectors int) {
	name := fmt.Sprintf("sparseGradW512x%d", vectors)
	TEXT(name, 0, "func(dw *float32, start, index *int32, value, dz *float32, rows int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to dw what Set.SparseGradW computes, for a stride of %d.", name, 16*vectors))
	dw, start, index, value, dz, rows := gp(param("dw")), gp(param("start")), gp(param("index")), gp(param("value")), gp(param("dz")), gp(param("rows"))
	restore := flushToZero()
	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	d := zmms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: dz, Disp: 64 * v}, d[v])
	}
	e, end := GP64(), GP64()
	MOVLQSX(Mem{Base: start}, e)
	MOVLQSX(Mem{Base: start, Disp: 4}, end)
	ADDQ(U32(4), start)
	Label("entry")
	CMPQ(e, end)
	JGE(LabelRef("next"))
	at, x := GP64(), ZMM()
	MOVLQSX(Mem{Base: index, Index: e, Scale: 4}, at)
	IMUL3Q(U32(uint32(64*vectors)), at, at)
	VBROADCASTSS(Mem{Base: value, Index: e, Scale: 4}, x)
	sum := zmms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: dw, Index: at, Scale: 1, Disp: 64 * v}, sum[v])
	}
	for v := range vectors {
		VFMADD231PS(d[v], x, sum[v])
	}
	for v := range vectors {
		VMOVUPS(sum[v], Mem{Base: dw, Index: at, Scale: 1, Disp: 64 * v})
	}
	INCQ(e)
	JMP(LabelRef("entry"))
	Label("next")
	ADDQ(U32(uint32(64*vectors)), dz)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("done")
	restore()
	VZEROUPPER()
	RET()
}

// sparseForward2 is sparseForward512 for any stride, in strips of 16 columns.
func sparseForward2() {
	const vectors = 2
	TEXT("sparseForward2", 0, "func(z *float32, start, index *int32, value, w *float32, rows, stride int)")
	Pragma("noescape")
	Doc("sparseForward2 is Set.SparseForward for AVX2 and FMA.")
	z, index, value, w := gp(param("z")), gp(param("index")), gp(param("value")), gp(param("w"))
	stride, strips := gp(param("stride")), gp(param("stride"))
	bytes(stride)
	SHRQ(U8(4), strips)
	restore := flushToZero()
	Label("strip")
	zp, start, rows := GP64(), gp(param("start")), gp(param("rows"))
	MOVQ(z, zp)
	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("next"))
	even, odd := ymms(vectors), ymms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: zp, Disp: 32 * v}, even[v])
		VXORPS(odd[v], odd[v], odd[v])
	}
	e, end := GP64(), GP64()
	MOVLQSX(Mem{Base: start}, e)
	MOVLQSX(Mem{Base: start, Disp: 4}, end)
	ADDQ(U32(4), start)
	add := func(disp int, into []VecVirtual) {
		at, x := GP64(), YMM()
		MOVLQSX(Mem{Base: index, Index: e, Scale: 4, Disp: 4 * disp}, at)
		IMULQ(stride, at)
		VBROADCASTSS(Mem{Base: value, Index: e, Scale: 4, Disp: 4 * disp}, x)
		for v := range vectors {
			VFMADD231PS(Mem{Base: w, Index: at, Scale: 1, Disp: 32 * v}, x, into[v])
		}
	}
	DECQ(end)
	Label("pair")
	CMPQ(e, end)
	JGE(LabelRef("single"))
	add(0, even)
	add(1, odd)
	ADDQ(U32(2), e)
	JMP(LabelRef("pair"))
	Label("single")
	JG(LabelRef("store"))
	add(0, even)
	Label("store")
	for v := range vectors {
		VADDPS(odd[v], even[v], even[v])
		VMOVUPS(even[v], Mem{Base: zp, Disp: 32 * v})
	}
	ADDQ(stride, zp)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("next")
	ADDQ(U32(32*vectors), z)
	ADDQ(U32(32*vectors), w)
	DECQ(strips)
	JNZ(LabelRef("strip"))
	restore()
	VZEROUPPER()
	RET()
}

// sparseGradW2 is sparseGradW512 for any stride, in strips of 16 columns.
func sparseGradW2() {
	const vectors = 2
	TEXT("sparseGradW2", 0, "func(dw *float32, start, index *int32, value, dz *float32, rows, stride int)")
	Pragma("noescape")
	Doc("sparseGradW2 adds to dw what Set.SparseGradW computes, for AVX2 and FMA.")
	dw, index, value, dz := gp(param("dw")), gp(param("index")), gp(param("value")), gp(param("dz"))
	stride, strips := gp(param("stride")), gp(param("stride"))
	bytes(stride)
	SHRQ(U8(4), strips)
	restore := flushToZero()
	Label("strip")
	dp, start, rows := GP64(), gp(param("start")), gp(param("rows"))
	MOVQ(dz, dp)
	Label("row")
	TESTQ(rows, rows)
	JZ(LabelRef("next"))
	d := ymms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: dp, Disp: 32 * v}, d[v])
	}
	e, end := GP64(), GP64()
	MOVLQSX(Mem{Base: start}, e)
	MOVLQSX(Mem{Base: start, Disp: 4}, end)
	ADDQ(U32(4), start)
	Label("entry")
	CMPQ(e, end)
	JGE(LabelRef("advance"))
	at, x := GP64(), YMM()
	MOVLQSX(Mem{Base: index, Index: e, Scale: 4}, at)
	IMULQ(stride, at)
	VBROADCASTSS(Mem{Base: value, Index: e, Scale: 4}, x)
	sum := ymms(vectors)
	for v := range vectors {
		VMOVUPS(Mem{Base: dw, Index: at, Scale: 1, Disp: 32 * v}, sum[v])
		VFMADD231PS(d[v], x, sum[v])
		VMOVUPS(sum[v], Mem{Base: dw, Index: at, Scale: 1, Disp: 32 * v})
	}
	INCQ(e)
	JMP(LabelRef("entry"))
	Label("advance")
	ADDQ(stride, dp)
	DECQ(rows)
	JMP(LabelRef("row"))
	Label("next")
	ADDQ(U32(32*vectors), dw)
	ADDQ(U32(32*vectors), dz)
	DECQ(strips)
	JNZ(LabelRef("strip"))
	restore()
	VZEROUPPER()
	RET()
}

// compress512 stands for the loop of Sparse.AppendBytes over 16 bytes at a time.
// It writes whole vectors: index and value need room for 16 more than the entries
// that there are. ahead is a row that comes soon: a batch's rows lie anywhere in a
// data set larger than the caches.
func compress512() {
	TEXT("compress512", 0, "func(index *int32, value *float32, row, ahead *byte, n int, scale float32) (count int)")
	Pragma("noescape")
	Doc("compress512 writes the columns and the values (byte times scale) of the bytes of row that are", "not zero, and returns how many there are. It prefetches n bytes at ahead. n is a multiple of 16.")
	index, value, row, n := gp(param("index")), gp(param("value")), gp(param("row")), gp(param("n"))
	ahead := gp(param("ahead"))
	scale, columns, step := ZMM(), ZMM(), ZMM()
	VBROADCASTSS(NewParamAddr("scale", 40), scale)
	first := GLOBL("columns16", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i)))
	}
	VMOVDQU32(first, columns)
	sixteen := GP32()
	MOVL(U32(16), sixteen)
	VPBROADCASTD(sixteen, step)
	count := GP64()
	XORQ(count, count)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	PREFETCHT0(Mem{Base: ahead})
	x, packed := ZMM(), ZMM()
	lit := K()
	VPMOVZXBD(Mem{Base: row}, x)
	VPTESTMD(x, x, lit)
	VCVTDQ2PS(x, x)
	VMULPS(scale, x, x)
	VPCOMPRESSD_Z(columns, lit, packed)
	VMOVDQU32(packed, Mem{Base: index, Index: count, Scale: 4})
	VCOMPRESSPS_Z(x, lit, packed)
	VMOVUPS(packed, Mem{Base: value, Index: count, Scale: 4})
	bits := GP32()
	KMOVW(lit, bits)
	POPCNTL(bits, bits)
	ADDQ(bits.As64(), count)
	VPADDD(step, columns, columns)
	ADDQ(U32(16), row)
	ADDQ(U32(16), ahead)
	SUBQ(U32(16), n)
	JMP(LabelRef("loop"))
	Label("done")
	Store(count, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
