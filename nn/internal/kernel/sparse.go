package kernel

// Sparse holds a batch of input rows without their zeros (compressed sparse
// rows): row i has the values Value[Start[i]:Start[i+1]] in the columns
// Index[Start[i]:Start[i+1]], which ascend.
type Sparse struct {
	Start []int32
	Index []int32
	Value []float32
}

// NewSparse returns an empty batch with room for rows full rows.
func NewSparse(rows, features int) *Sparse {
	return &Sparse{
		Start: append(make([]int32, 0, rows+1), 0),
		Index: make([]int32, 0, rows*features),
		Value: make([]float32, 0, rows*features),
	}
}

// Rows returns the number of rows.
func (x *Sparse) Rows() int { return len(x.Start) - 1 }

// Reset removes all rows.
func (x *Sparse) Reset() { x.Start, x.Index, x.Value = x.Start[:1], x.Index[:0], x.Value[:0] }

// AppendBytes adds a row of bytes; table gives the value of each byte and maps
// 0 to 0.
func (x *Sparse) AppendBytes(row []byte, table *[256]float32) {
	at := len(x.Index)
	index, value := x.Index[:at+len(row)], x.Value[:at+len(row)]
	for j, b := range row {
		index[at], value[at] = int32(j), table[b]
		if b != 0 {
			at++
		}
		if at == len(index) {
			break // only after the last element of a row without zeros
		}
	}
	x.Index, x.Value = index[:at], value[:at]
	x.Start = append(x.Start, int32(at))
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
