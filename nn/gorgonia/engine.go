package gorgonia

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Gemm computes c = op(a) op(b), row-major: c [m, n] with ldc numbers a row, op(a) [m, k]
// and op(b) [k, n], where op transposes what is stored if transA or transB says so and lda
// and ldb are the numbers a row of what is stored. Sizes are positive and the slices long
// enough.
type Gemm func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int)

// engine is Gorgonia's own engine but for the products of matrices.
type engine struct {
	G.StandardEngine
	gemm Gemm
}

var _ tensor.MatMuler = engine{}

// MatMul computes c = a b. A transposed matrix comes as a view with its strides changed.
func (e engine) MatMul(a, b, c tensor.Tensor) error {
	x, xIs := a.Data().([]float32)
	y, yIs := b.Data().([]float32)
	z, zIs := c.Data().([]float32)
	if !xIs || !yIs || !zIs || a.Dims() != 2 || b.Dims() != 2 || c.Dims() != 2 {
		return fmt.Errorf("gorgonia: product of %v %v and %v %v: want matrices of float32", a.Dtype(), a.Shape(), b.Dtype(), b.Shape())
	}
	m, k, n := a.Shape()[0], a.Shape()[1], b.Shape()[1]
	transA, lda := stored(a)
	transB, ldb := stored(b)
	if transC, ldc := stored(c); !transC {
		e.gemm(transA, transB, m, n, k, x, lda, y, ldb, z, ldc)
		return nil
	}
	return fmt.Errorf("gorgonia: product into a transposed matrix %v", c.Shape())
}

// stored says whether a matrix is the transpose of what is stored, and how many numbers a
// row of that has.
func stored(t tensor.Tensor) (transposed bool, stride int) {
	if t.Strides()[1] != 1 {
		return true, t.Shape()[0]
	}
	return false, t.Shape()[1]
}
