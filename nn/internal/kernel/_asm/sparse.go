package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pairs runs body for each pair of rows, with n = 2, and for a last single row,
// with n = 1. next moves on by so many rows.
func pairs(rows GPVirtual, body func(label string, n int), next func(n int)) {
	Label("pairs")
	CMPQ(rows, U32(2))
	JL(LabelRef("rest"))
	body("pair", 2)
	next(2)
	SUBQ(U32(2), rows)
	JMP(LabelRef("pairs"))
	Label("rest")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	body("single", 1)
	Label("done")
}

// entries runs body for each entry of the pair and block that start points to; at is
// the entry's column in the block times the stride, x the values of both rows.
func (s isa) entries(label string, start, list, table, stride GPVirtual, n int, body func(at GPVirtual, x []VecVirtual)) {
	e, end := GP64(), GP64()
	MOVLQSX(Mem{Base: start}, e)
	MOVLQSX(Mem{Base: start, Disp: 4}, end)
	CMPQ(e, end)
	JGE(LabelRef(label + "_end"))
	Label(label + "_entry")
	at := GP64()
	MOVWQZX(Mem{Base: list, Index: e, Scale: 4, Disp: 2}, at)
	IMULQ(stride, at)
	x := s.vectors(n)
	for r := range x {
		value := GP64()
		MOVBQZX(Mem{Base: list, Index: e, Scale: 4, Disp: r}, value)
		VBROADCASTSS(Mem{Base: table, Index: value, Scale: 4}, x[r])
	}
	body(at, x)
	INCQ(e)
	CMPQ(e, end)
	JL(LabelRef(label + "_entry"))
	Label(label + "_end")
}

// sparseSignature is that of sparseKernel.
const sparseSignature = "func(out *float32, start *int32, entries *uint32, table, in *float32, rows, blocks, stride int)"

// sparseForward stands for one block of columns of sparseForward on a strip of columns
// that is vectors wide; blocks is the distance of two pairs in start. The rows of a
// pair have most of their entries in common: what is loaded of w serves both.
func sparseForward(s isa, vectors int) {
	name := fmt.Sprintf("sparseForward%sx%d", s.name, vectors)
	TEXT(name, 0, sparseSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is Set.SparseForward for %d columns of a panel.", name, vectors*s.width/4))
	z, start, list, table, w, rows := gp(param("out")), gp(param("start")), gp(param("entries")), gp(param("table")), gp(param("in")), gp(param("rows"))
	stride, blocks := gp(param("stride")), gp(param("blocks"))
	bytes(stride)
	bytes(blocks)
	restore := flushToZero()
	pairs(rows, func(label string, n int) {
		acc := s.vectors(n * vectors)
		at := func(row, v int) Mem {
			m := Mem{Base: z, Disp: s.width * v}
			if row == 1 {
				m.Index, m.Scale = stride, 1
			}
			return m
		}
		for i := range acc {
			VMOVUPS(at(i/vectors, i%vectors), acc[i])
		}
		s.entries(label, start, list, table, stride, n, func(column GPVirtual, x []VecVirtual) {
			row := s.vectors(vectors)
			for v := range row {
				VMOVUPS(Mem{Base: w, Index: column, Scale: 1, Disp: s.width * v}, row[v])
			}
			for r := range x {
				for v := range row {
					VFMADD231PS(row[v], x[r], acc[r*vectors+v])
				}
			}
		})
		for i := range acc {
			VMOVUPS(acc[i], at(i/vectors, i%vectors))
		}
	}, func(n int) {
		LEAQ(Mem{Base: z, Index: stride, Scale: uint8(n)}, z)
		ADDQ(blocks, start)
	})
	restore()
	VZEROUPPER()
	RET()
}

// sparseGradW stands for sparseGradW on a strip of columns of dw. A pair of rows loads
// and stores what it has in common once.
func sparseGradW(s isa, vectors int) {
	name := fmt.Sprintf("sparseGradW%sx%d", s.name, vectors)
	TEXT(name, 0, sparseSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is Set.SparseGradW for %d columns of a panel.", name, vectors*s.width/4))
	dw, start, list, table, dz, rows := gp(param("out")), gp(param("start")), gp(param("entries")), gp(param("table")), gp(param("in")), gp(param("rows"))
	stride, blocks := gp(param("stride")), gp(param("blocks"))
	bytes(stride)
	bytes(blocks)
	restore := flushToZero()
	pairs(rows, func(label string, n int) {
		d := s.vectors(n * vectors)
		for i := range d {
			m := Mem{Base: dz, Disp: s.width * (i % vectors)}
			if i >= vectors {
				m.Index, m.Scale = stride, 1
			}
			VMOVUPS(m, d[i])
		}
		s.entries(label, start, list, table, stride, n, func(column GPVirtual, x []VecVirtual) {
			sum := s.vectors(vectors)
			for v := range sum {
				VMOVUPS(Mem{Base: dw, Index: column, Scale: 1, Disp: s.width * v}, sum[v])
			}
			for r := range x {
				for v := range sum {
					VFMADD231PS(d[r*vectors+v], x[r], sum[v])
				}
			}
			for v := range sum {
				VMOVUPS(sum[v], Mem{Base: dw, Index: column, Scale: 1, Disp: s.width * v})
			}
		})
	}, func(n int) {
		LEAQ(Mem{Base: dz, Index: stride, Scale: uint8(n)}, dz)
		ADDQ(blocks, start)
	})
	restore()
	VZEROUPPER()
	RET()
}
