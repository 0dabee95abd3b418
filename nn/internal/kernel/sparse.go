package kernel

import (
	"encoding/binary"
	"math/bits"
)

// Sparse holds a batch of input rows without their zeros (compressed sparse
// rows): row i has the values Value[Start[i]:Start[i+1]] in the columns
// Index[Start[i]:Start[i+1]], which ascend.
type Sparse struct {
	Start []int32
	Index []int32
	Value []float32
}

// NewSparse returns an empty batch with room for rows full rows, and the room
// that Set.Compress wants.
func NewSparse(rows, features int) *Sparse {
	return &Sparse{
		Start: append(make([]int32, 0, rows+1), 0),
		Index: make([]int32, 0, rows*features+Lane),
		Value: make([]float32, 0, rows*features+Lane),
	}
}

// Rows returns the number of rows.
func (x *Sparse) Rows() int { return len(x.Start) - 1 }

// Reset removes all rows.
func (x *Sparse) Reset() { x.Start, x.Index, x.Value = x.Start[:1], x.Index[:0], x.Value[:0] }

// AppendBytes adds a row of bytes; table gives the value of each byte, as
// Set.Compress wants it. ahead is a row that will be added soon, or any other.
func (s *Set) AppendBytes(x *Sparse, row, ahead []byte, table *[256]float32) {
	at, room := len(x.Index), len(x.Index)+len(row)+Lane
	n := s.Compress(x.Index[at:room], x.Value[at:room], row, ahead, table)
	x.Index, x.Value = x.Index[:at+n], x.Value[:at+n]
	x.Start = append(x.Start, int32(at+n))
}

// compress is the plain Go form of Set.Compress. It looks at eight bytes at a
// time and goes through those that are not zero.
func compress(index []int32, value []float32, row, _ []byte, table *[256]float32) int {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	count, j := 0, 0
	for ; j+8 <= len(row); j += 8 {
		word := binary.LittleEndian.Uint64(row[j:])
		for lit := ((word & low) + low | word) & high; lit != 0; lit &= lit - 1 {
			at := j + bits.TrailingZeros64(lit)/8
			index[count], value[count] = int32(at), table[row[at]]
			count++
		}
	}
	for ; j < len(row); j++ {
		if b := row[j]; b != 0 {
			index[count], value[count] = int32(j), table[b]
			count++
		}
	}
	return count
}

// AppendFloats adds a row of numbers.
func (x *Sparse) AppendFloats(row []float32) {
	for j, v := range row {
		if v != 0 {
			x.Index, x.Value = append(x.Index, int32(j)), append(x.Value, v)
		}
	}
	x.Start = append(x.Start, int32(len(x.Index)))
}

func (x *Sparse) row(i int) (index []int32, value []float32) {
	lo, hi := x.Start[i], x.Start[i+1]
	return x.Index[lo:hi], x.Value[lo:hi]
}

func sparseForward(z []float32, x *Sparse, w []float32, stride int) {
	for i := range x.Rows() {
		zi := z[i*stride : i*stride+stride]
		index, value := x.row(i)
		k := 0
		for ; k+4 <= len(index); k += 4 {
			w0 := w[int(index[k])*stride:][:len(zi)]
			w1 := w[int(index[k+1])*stride:][:len(zi)]
			w2 := w[int(index[k+2])*stride:][:len(zi)]
			w3 := w[int(index[k+3])*stride:][:len(zi)]
			v0, v1, v2, v3 := value[k], value[k+1], value[k+2], value[k+3]
			for j := range zi {
				zi[j] += v0*w0[j] + v1*w1[j] + v2*w2[j] + v3*w3[j]
			}
		}
		for ; k < len(index); k++ {
			axpy(zi, value[k], w[int(index[k])*stride:])
		}
	}
}

func sparseGradW(dw []float32, x *Sparse, dz []float32, stride int) {
	clear(dw)
	for i := range x.Rows() {
		dzi := dz[i*stride : i*stride+stride]
		index, value := x.row(i)
		for k, v := range value {
			axpy(dw[int(index[k])*stride:][:stride], v, dzi)
		}
	}
}
