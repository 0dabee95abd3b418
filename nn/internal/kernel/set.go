package kernel

// Set is one implementation of the kernels. All slices of matrices are in panel
// form; "panel" arguments are one panel of a [Matrix]. A Set has no state and is
// safe for concurrent use.
type Set struct {
	// Name is "go", "avx2" or "avx512".
	Name string

	// Gemm computes c[i,j] (+)= sum over k < depth of a[i,k] b[k,j] for
	// i < rows and j < stride. a is read at i*aRow + k*aCol, so that one kernel
	// serves A and its transpose; b and c are panels with the same stride. With
	// accumulate the products are added to c, else c is overwritten.
	Gemm func(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool)

	// Compress writes the entries of a pair of rows of bytes (see Sparse) and
	// returns how many there are; start, one a block, receives base and how many
	// there are up to the block's end. entries has room for a full row and Lane
	// more, which may be overwritten. ahead, of the same length, is what will be
	// needed soon.
	Compress func(entries []uint32, start []int32, base int, pair, ahead BytePair) int

	// Widen computes dst[i] = table[src[i]]; table[i] is
	// float32(i)*table[1].
	Widen func(dst []float32, src []byte, table *[256]float32)

	// Transpose writes src[i*srcStride+j] to dst[j*dstStride+i] for i < rows and
	// j < cols.
	Transpose func(dst, src []float32, rows, cols, dstStride, srcStride int)

	// SparseForward adds to z [hi-lo, stride] the product of the rows lo to hi-1
	// of x and the panel w [features, stride]. lo is even.
	SparseForward func(z []float32, x *Sparse, lo, hi int, w []float32, stride int)

	// SparseGradW adds to dw [columns of the block, stride] the transpose of a
	// block of columns of x times the panel dz [x.Rows, stride].
	SparseGradW func(dw []float32, x *Sparse, block int, dz []float32, stride int)

	// Activate computes y = f(z), elementwise.
	Activate func(f Activation, y, z []float32)

	// ActivateGrad computes dz = dy * f'(z), elementwise; saved is what
	// Activation.Saves says: the input z or the output y.
	ActivateGrad func(f Activation, dz, dy, saved []float32)

	// Dropout computes the rows lo to hi-1 of a panel that starts at a column of
	// the matrix: dst is src times mask.Scale where the mask keeps the element,
	// else zero. dst and src [hi-lo, stride].
	Dropout func(dst, src []float32, lo, hi, stride, column int, mask Mask)

	// CrossEntropy computes the softmax cross-entropy of the first len(labels)
	// rows of the logits z against the class indices, with label smoothing eps;
	// see crossEntropy for what it is. If dz has data it receives the gradient.
	CrossEntropy func(dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int)

	// Step updates the parameters w from their gradients g by one step of an
	// optimizer, and leaves the gradients zero, ready to be added to; m and v are
	// its moments (nil where the rule has none).
	Step func(rule *Rule, w, g, m, v []float32)

	// SumSquares returns the sum of squares of x.
	SumSquares func(x []float32) float64
}

// Go is the plain Go set.
var Go = &Set{
	Name:          "go",
	Gemm:          gemm,
	Compress:      compress,
	Widen:         widen,
	Transpose:     transpose,
	SparseForward: sparseForward,
	SparseGradW:   sparseGradW,
	Activate:      activate,
	ActivateGrad:  activateGrad,
	Dropout:       dropout,
	CrossEntropy:  crossEntropy,
	Step:          step,
	SumSquares:    sumSquares,
}
