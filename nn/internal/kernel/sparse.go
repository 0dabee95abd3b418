package kernel

import (
	"encoding/binary"
	"math/bits"
)

// Sparse holds a batch of input rows without most of their zeros. Rows come in
// pairs: pair p, the rows 2p and 2p+1, has the entries Start[p] to Start[p+1]-1;
// entry e says that the rows have the values First[e] and Second[e] in the column
// Index[e], of which at least one is not zero. Columns ascend. Two rows of images
// have most of their entries in common, so what is loaded for one serves the
// other. The second value is zero where the last pair is a single row.
type Sparse struct {
	Rows          int
	Start         []int32
	Index         []int32
	First, Second []float32
}

// NewSparse returns an empty batch with room for rows full rows, and the room
// that Set.Compress wants.
func NewSparse(rows, features int) *Sparse {
	n := (rows+1)/2*features + Lane
	return &Sparse{
		Start:  append(make([]int32, 0, (rows+1)/2+1), 0),
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
	at, room := len(x.Index), len(x.Index)+len(pair[0])+Lane
	n := at + s.Compress(x.Index[at:room], x.First[at:room], x.Second[at:room], pair, ahead, table)
	x.Rows += rows
	x.Index, x.First, x.Second = x.Index[:n], x.First[:n], x.Second[:n]
	x.Start = append(x.Start, int32(n))
}

// compress is the plain Go form of Set.Compress. It looks at eight columns at a
// time and goes through those that are not zero in both rows.
func compress(index []int32, first, second []float32, pair, _ BytePair, table *[256]float32) int {
	row0, row1 := pair[0], pair[1][:len(pair[0])]
	count, j := 0, 0
	for ; j+8 <= len(row0); j += 8 {
		word := binary.LittleEndian.Uint64(row0[j:]) | binary.LittleEndian.Uint64(row1[j:])
		for lit := litBytes(word); lit != 0; lit &= lit - 1 {
			at := j + bits.TrailingZeros64(lit)/8
			index[count], first[count], second[count] = int32(at), table[row0[at]], table[row1[at]]
			count++
		}
	}
	return count + compressRest(index[count:], first[count:], second[count:], pair, j, table)
}

// litBytes returns a word with the highest bit set in each byte that is not zero.
func litBytes(word uint64) uint64 {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	return ((word & low) + low | word) & high
}

// compressRest does the columns from j on, one by one.
func compressRest(index []int32, first, second []float32, pair BytePair, j int, table *[256]float32) int {
	count := 0
	for ; j < len(pair[0]); j++ {
		if a, b := pair[0][j], pair[1][j]; a|b != 0 {
			index[count], first[count], second[count] = int32(j), table[a], table[b]
			count++
		}
	}
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
	}
	x.Rows++
	if row1 != nil {
		x.Rows++
	}
	x.Start = append(x.Start, int32(len(x.Index)))
}

// pair returns the entries of pair p.
func (x *Sparse) pair(p int) (index []int32, first, second []float32) {
	lo, hi := x.Start[p], x.Start[p+1]
	return x.Index[lo:hi], x.First[lo:hi], x.Second[lo:hi]
}

// sparseForward is the plain Go form of Set.SparseForward. Two entries share one
// pass over the pair's rows of z.
func sparseForward(z []float32, x *Sparse, w []float32, stride int) {
	single := make([]float32, PanelWidth)[:stride] // where there is no second row
	for p := range len(x.Start) - 1 {
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
	for p := range len(x.Start) - 1 {
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
