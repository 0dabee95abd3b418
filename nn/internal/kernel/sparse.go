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

// Sparse holds a batch of input rows without most of their zeros. Rows come in
// pairs, cut into blocks of BlockColumns columns: the rows 2p and 2p+1 have, in
// block b, the entries Start[i] to Start[i+1]-1 with i = p*Blocks+b. Entry e says
// that the rows have the values First[e] and Second[e] in the column Index[e], of
// which at least one is not zero. Columns ascend. Two rows of images have most of
// their entries in common, so what is loaded for one serves the other. The second
// value is zero where the last pair is a single row.
type Sparse struct {
	Rows, Blocks  int
	Start         []int32
	Index         []int32
	First, Second []float32
}

// NewSparse returns an empty batch with room for rows full rows, and the room
// that Set.Compress wants.
func NewSparse(rows, features int) *Sparse {
	blocks := (features + BlockColumns - 1) / BlockColumns
	pairs := (rows + 1) / 2
	n := pairs*features + Lane
	return &Sparse{
		Blocks: blocks,
		Start:  append(make([]int32, 0, pairs*blocks+1), 0),
		Index:  make([]int32, 0, n),
		First:  make([]float32, 0, n),
		Second: make([]float32, 0, n),
	}
}

// Reset removes all rows.
func (x *Sparse) Reset() {
	x.Rows, x.Start = 0, x.Start[:1]
	x.Index, x.First, x.Second = x.Index[:0], x.First[:0], x.Second[:0]
}

// BytePair is two rows of bytes of the same length. For a last single row the
// second is all zeros.
type BytePair [2][]byte

// AppendBytes adds the first rows (1 or 2) of a pair; a single row ends the
// batch. table gives the value of each byte, as Set.Compress wants it. ahead is a
// pair that will be added soon, or any other.
func (s *Set) AppendBytes(x *Sparse, rows int, pair, ahead BytePair, table *[256]float32) {
	at, room, i := len(x.Index), len(x.Index)+len(pair[0])+Lane, len(x.Start)
	x.Start = x.Start[:i+x.Blocks]
	n := at + s.Compress(x.Index[at:room], x.First[at:room], x.Second[at:room], x.Start[i:], at, pair, ahead, table)
	x.Rows += rows
	x.Index, x.First, x.Second = x.Index[:n], x.First[:n], x.Second[:n]
}

// compress is the plain Go form of Set.Compress. It looks at eight columns at a
// time and goes through those that are not zero in both rows.
func compress(index []int32, first, second []float32, start []int32, base int, pair, _ BytePair, table *[256]float32) int {
	row0, row1 := pair[0], pair[1][:len(pair[0])]
	count, j := 0, 0
	for b := range len(row0) / BlockColumns {
		for ; j < (b+1)*BlockColumns; j += 8 {
			word := binary.LittleEndian.Uint64(row0[j:]) | binary.LittleEndian.Uint64(row1[j:])
			for lit := litBytes(word); lit != 0; lit &= lit - 1 {
				at := j + bits.TrailingZeros64(lit)/8
				index[count], first[count], second[count] = int32(at), table[row0[at]], table[row1[at]]
				count++
			}
		}
		start[b] = int32(base + count)
	}
	return compressRest(index, first, second, start, base, pair, j, count, table)
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

// compressRest does the columns from j on, of the last block, one by one; count is
// how many entries there are already. It returns how many there are then.
func compressRest(index []int32, first, second []float32, start []int32, base int, pair BytePair, j, count int, table *[256]float32) int {
	for ; j < len(pair[0]); j++ {
		if a, b := pair[0][j], pair[1][j]; a|b != 0 {
			index[count], first[count], second[count] = int32(j), table[a], table[b]
			count++
		}
	}
	start[len(start)-1] = int32(base + count)
	return count
}

// AppendFloats adds a pair of rows of numbers; row1 is nil for a last single row.
func (x *Sparse) AppendFloats(row0, row1 []float32) {
	for j, a := range row0 {
		b := float32(0)
		if row1 != nil {
			b = row1[j]
		}
		if a != 0 || b != 0 {
			x.Index, x.First, x.Second = append(x.Index, int32(j)), append(x.First, a), append(x.Second, b)
		}
		if (j+1)%BlockColumns == 0 || j+1 == len(row0) {
			x.Start = append(x.Start, int32(len(x.Index)))
		}
	}
	x.Rows++
	if row1 != nil {
		x.Rows++
	}
}

// pairs returns the number of pairs.
func (x *Sparse) pairs() int { return (x.Rows + 1) / 2 }

// pair returns the entries of pair p.
func (x *Sparse) pair(p int) (index []int32, first, second []float32) {
	lo, hi := x.Start[p*x.Blocks], x.Start[(p+1)*x.Blocks]
	return x.Index[lo:hi], x.First[lo:hi], x.Second[lo:hi]
}

// eachBlock calls f for every block of columns of up to blockRows rows, the blocks
// inside: start points to what Start has for the block of the first row.
func (x *Sparse) eachBlock(f func(row, rows int, start *int32)) {
	for row := 0; row < x.Rows; row += blockRows {
		for b := range x.Blocks {
			f(row, min(blockRows, x.Rows-row), &x.Start[row/2*x.Blocks+b])
		}
	}
}

// sparseForward is the plain Go form of Set.SparseForward. Two entries share one
// pass over the pair's rows of z.
func sparseForward(z []float32, x *Sparse, w []float32, stride int) {
	single := make([]float32, PanelWidth)[:stride] // where there is no second row
	for p := range x.pairs() {
		z0, z1 := z[2*p*stride:][:stride], single
		if 2*p+1 < x.Rows {
			z1 = z[(2*p+1)*stride:][:stride]
		}
		index, first, second := x.pair(p)
		e := 0
		for ; e+2 <= len(index); e += 2 {
			w0, w1 := w[int(index[e])*stride:][:len(z0)], w[int(index[e+1])*stride:][:len(z0)]
			a0, a1, b0, b1 := first[e], first[e+1], second[e], second[e+1]
			for j := range z0 {
				u, v := w0[j], w1[j]
				z0[j] += a0*u + a1*v
				z1[j] += b0*u + b1*v
			}
		}
		if e < len(index) {
			wk := w[int(index[e])*stride:]
			axpy(z0, first[e], wk)
			axpy(z1, second[e], wk)
		}
	}
}

// sparseGradW is the plain Go form of Set.SparseGradW.
func sparseGradW(dw []float32, x *Sparse, dz []float32, stride int) {
	clear(dw)
	for p := range x.pairs() {
		d0 := dz[2*p*stride:][:stride]
		d1 := d0 // times zero where there is no second row
		if 2*p+1 < x.Rows {
			d1 = dz[(2*p+1)*stride:][:stride]
		}
		index, first, second := x.pair(p)
		for e, column := range index {
			row := dw[int(column)*stride:][:len(d0)]
			a, b := first[e], second[e]
			for j := range row {
				row[j] += a*d0[j] + b*d1[j]
			}
		}
	}
}
