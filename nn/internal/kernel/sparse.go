package kernel

import (
	"encoding/binary"
	"math/bits"
)

const (
	// BlockColumns is how many columns a block of a sparse batch covers: the rows
	// of a weight panel that belong to it, 28 kB, stay in the first-level cache
	// while rows go by.
	BlockColumns = 112
	// blockRows is how many rows go by at a time, for the same reason.
	blockRows = 64
)

// Sparse holds a batch of rows of bytes without most of their zeros. Rows come in
// pairs, cut into blocks of BlockColumns columns: the rows 2p and 2p+1 have, in
// block b, the entries Start[i] to Start[i+1]-1 with i = p*Blocks+b. An entry is a
// column in which at least one of the two bytes is not zero:
//
//	the first row's byte | the second's << 8 | column in the block << 16
//
// Columns ascend. Two rows of images have most of their entries in common, so what
// is loaded for one serves the other. The second byte is zero where the last pair is
// a single row.
type Sparse struct {
	Rows, Blocks int
	Start        []int32
	Entries      []uint32
	Table        *[256]float32 // what a byte is worth
}

// NewSparse returns an empty batch with room for rows full rows, and the room
// that Set.Compress wants.
func NewSparse(rows, features int) *Sparse {
	blocks := (features + BlockColumns - 1) / BlockColumns
	pairs := (rows + 1) / 2
	return &Sparse{
		Blocks:  blocks,
		Start:   append(make([]int32, 0, pairs*blocks+1), 0),
		Entries: make([]uint32, 0, pairs*features+Lane),
	}
}

// Reset removes all rows; table says what the bytes of the next ones are worth.
func (x *Sparse) Reset(table *[256]float32) {
	x.Table = table
	x.Rows, x.Start, x.Entries = 0, x.Start[:1], x.Entries[:0]
}

// BytePair is two rows of bytes of the same length. For a last single row the
// second is all zeros.
type BytePair [2][]byte

// AppendBytes adds the first rows (1 or 2) of a pair; a single row ends the
// batch. ahead is a pair that will be added soon, or any other.
func (s *Set) AppendBytes(x *Sparse, rows int, pair, ahead BytePair) {
	at, room, i := len(x.Entries), len(x.Entries)+len(pair[0])+Lane, len(x.Start)
	x.Start = x.Start[:i+x.Blocks]
	n := at + s.Compress(x.Entries[at:room], x.Start[i:], at, pair, ahead)
	x.Rows += rows
	x.Entries = x.Entries[:n]
}

// compress is the plain Go form of Set.Compress. It looks at eight columns at a
// time and goes through those that are not zero in both rows.
func compress(entries []uint32, start []int32, base int, pair, _ BytePair) int {
	row0, row1 := pair[0], pair[1][:len(pair[0])]
	count, j := 0, 0
	for b := range len(row0) / BlockColumns {
		for ; j < (b+1)*BlockColumns; j += 8 {
			word := binary.LittleEndian.Uint64(row0[j:]) | binary.LittleEndian.Uint64(row1[j:])
			for lit := litBytes(word); lit != 0; lit &= lit - 1 {
				at := j + bits.TrailingZeros64(lit)/8
				entries[count] = entry(at, row0[at], row1[at])
				count++
			}
		}
		start[b] = int32(base + count)
	}
	return compressRest(entries, start, base, pair, j, count)
}

func entry(column int, a, b byte) uint32 {
	return uint32(column%BlockColumns)<<16 | uint32(b)<<8 | uint32(a)
}

// compressRest does the columns from j on, of the last block, one by one; count is
// how many entries there are already. It returns how many there are then.
func compressRest(entries []uint32, start []int32, base int, pair BytePair, j, count int) int {
	for ; j < len(pair[0]); j++ {
		if a, b := pair[0][j], pair[1][j]; a|b != 0 {
			entries[count] = entry(j, a, b)
			count++
		}
	}
	start[len(start)-1] = int32(base + count)
	return count
}

// widen is the plain Go form of Set.Widen.
func widen(dst []float32, src []byte, table *[256]float32) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = table[v]
	}
}

// litBytes returns a word with the highest bit set in each byte that is not zero.
func litBytes(word uint64) uint64 {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	return ((word & low) + low | word) & high
}

// pairs returns the number of pairs.
func (x *Sparse) pairs() int { return (x.Rows + 1) / 2 }

// entries returns the entries of pair p in a block.
func (x *Sparse) entries(p, block int) []uint32 {
	i := p*x.Blocks + block
	return x.Entries[x.Start[i]:x.Start[i+1]]
}

// eachBlock calls f for every block of columns of up to blockRows of the rows lo to
// hi-1, the blocks inside: start points to what Start has for the block of the
// first row.
func (x *Sparse) eachBlock(lo, hi int, f func(row, rows, block int, start *int32)) {
	for row := lo; row < hi; row += blockRows {
		for b := range x.Blocks {
			f(row, min(blockRows, hi-row), b, &x.Start[row/2*x.Blocks+b])
		}
	}
}

// The plain Go loops take four entries at a time: what is loaded of z, or of dz, then
// serves eight products.

// sparseForward is the plain Go form of Set.SparseForward.
func sparseForward(z []float32, x *Sparse, lo, hi int, w []float32, stride int) {
	single := make([]float32, PanelWidth)[:stride] // where there is no second row
	for i := lo; i < hi; i += 2 {
		z0, z1 := z[(i-lo)*stride:][:stride], single
		if i+1 < hi {
			z1 = z[(i+1-lo)*stride:][:stride]
		}
		for b := range x.Blocks {
			block := w[b*BlockColumns*stride:]
			entries := x.entries(i/2, b)
			for ; len(entries) >= 4; entries = entries[4:] {
				x.addFour(z0, z1, entries, block, stride)
			}
			for _, e := range entries {
				wk := block[int(e>>16)*stride:]
				axpy(z0, x.Table[byte(e)], wk)
				axpy(z1, x.Table[byte(e>>8)], wk)
			}
		}
	}
}

// addFour adds the products of four entries and their rows of w to a pair of rows of z.
func (x *Sparse) addFour(z0, z1 []float32, entries []uint32, w []float32, stride int) {
	e0, e1, e2, e3 := entries[0], entries[1], entries[2], entries[3]
	n := len(z0)
	z1 = z1[:n]
	w0, w1, w2, w3 := w[int(e0>>16)*stride:][:n], w[int(e1>>16)*stride:][:n], w[int(e2>>16)*stride:][:n], w[int(e3>>16)*stride:][:n]
	a0, a1, a2, a3 := x.Table[byte(e0)], x.Table[byte(e1)], x.Table[byte(e2)], x.Table[byte(e3)]
	b0, b1, b2, b3 := x.Table[byte(e0>>8)], x.Table[byte(e1>>8)], x.Table[byte(e2>>8)], x.Table[byte(e3>>8)]
	for j := range z0 {
		u0, u1, u2, u3 := w0[j], w1[j], w2[j], w3[j]
		z0[j] += a0*u0 + a1*u1 + (a2*u2 + a3*u3)
		z1[j] += b0*u0 + b1*u1 + (b2*u2 + b3*u3)
	}
}

// sparseGradW is the plain Go form of Set.SparseGradW.
func sparseGradW(dw []float32, x *Sparse, block int, dz []float32, stride int) {
	for p := range x.pairs() {
		d0 := dz[2*p*stride:][:stride]
		d1 := d0 // times zero where there is no second row
		if 2*p+1 < x.Rows {
			d1 = dz[(2*p+1)*stride:][:stride]
		}
		entries := x.entries(p, block)
		for ; len(entries) >= 4; entries = entries[4:] {
			x.addToFour(dw, entries, d0, d1, stride)
		}
		for _, e := range entries {
			row := dw[int(e>>16)*stride:][:len(d0)]
			axpy(row, x.Table[byte(e)], d0)
			axpy(row, x.Table[byte(e>>8)], d1)
		}
	}
}

// addToFour adds a pair of rows of dz, times the values of four entries, to their rows of
// dw.
func (x *Sparse) addToFour(dw []float32, entries []uint32, d0, d1 []float32, stride int) {
	e0, e1, e2, e3 := entries[0], entries[1], entries[2], entries[3]
	n := len(d0)
	d1 = d1[:n]
	w0, w1, w2, w3 := dw[int(e0>>16)*stride:][:n], dw[int(e1>>16)*stride:][:n], dw[int(e2>>16)*stride:][:n], dw[int(e3>>16)*stride:][:n]
	a0, a1, a2, a3 := x.Table[byte(e0)], x.Table[byte(e1)], x.Table[byte(e2)], x.Table[byte(e3)]
	b0, b1, b2, b3 := x.Table[byte(e0>>8)], x.Table[byte(e1>>8)], x.Table[byte(e2>>8)], x.Table[byte(e3>>8)]
	for j := range d0 {
		u, v := d0[j], d1[j]
		w0[j] += a0*u + b0*v
		w1[j] += a1*u + b1*v
		w2[j] += a2*u + b2*v
		w3[j] += a3*u + b3*v
	}
}
