package bayes

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// jitters are what is added to the diagonal, in units of its mean, until the
// factorisation succeeds.
var jitters = []float64{0, 1e-10, 1e-8, 1e-6, 1e-4}

// factor is the lower Cholesky factor L of a covariance matrix K = L Lᵀ.
type factor struct{ l blas64.Triangular }

// lower wraps the leading n rows of a matrix that is stored row by row.
func lower(n, stride int, data []float64) factor {
	return factor{blas64.Triangular{N: n, Stride: stride, Data: data, Uplo: blas.Lower, Diag: blas.NonUnit}}
}

// factorise returns the factor of the symmetric matrix whose lower triangle
// lies row by row in k [n*n], which it leaves as it is. ok is false where even
// the largest jitter does not make the matrix positive definite.
func factorise(k []float64, n int) (f factor, ok bool) {
	mean := 0.0
	for i := range n {
		mean += k[i*n+i] / float64(n)
	}
	data := make([]float64, n*n)
	for _, jitter := range jitters {
		copy(data, k)
		for i := range n {
			data[i*n+i] += jitter * mean
		}
		if l, ok := lapack64.Potrf(blas64.Symmetric{N: n, Stride: n, Data: data, Uplo: blas.Lower}); ok {
			return factor{l}, finite(data...)
		}
	}
	return factor{}, false
}

// extend returns the factor of the matrix [K Bᵀ; B C] given that of K: the rows
// of B [q][n] and the lower triangle of C [q][q]. It costs q n² operations
// where factorising anew would cost (n+q)³/3.
func (f factor) extend(b, c [][]float64) (factor, bool) {
	n, q := f.l.N, len(b)
	m := n + q
	data := make([]float64, m*m)
	for i := range n {
		copy(data[i*m:i*m+i+1], f.l.Data[i*f.l.Stride:i*f.l.Stride+i+1])
	}
	for i := range q {
		row := data[(n+i)*m : (n+i+1)*m]
		copy(row, b[i])
		copy(row[n:], c[i][:i+1])
		lower(n+i, m, data).forward(row[:n+i])
		d := c[i][i] - dot(row[:n+i], row[:n+i])
		row[n+i] = math.Sqrt(max(d, jitters[1]*c[i][i]))
	}
	return lower(m, m, data), finite(data...)
}

// forward replaces b by L⁻¹ b.
func (f factor) forward(b []float64) {
	blas64.Trsv(blas.NoTrans, f.l, blas64.Vector{N: len(b), Data: b, Inc: 1})
}

// backward replaces b by L⁻ᵀ b.
func (f factor) backward(b []float64) {
	blas64.Trsv(blas.Trans, f.l, blas64.Vector{N: len(b), Data: b, Inc: 1})
}

// halfLogDet returns log|K|/2.
func (f factor) halfLogDet() float64 {
	sum := 0.0
	for i := range f.l.N {
		sum += math.Log(f.l.Data[i*f.l.Stride+i])
	}
	return sum
}

// inverse returns the lower triangle of K⁻¹, row by row in [n*n].
func (f factor) inverse() ([]float64, bool) {
	l := f.l
	l.Data = slices.Clone(l.Data)
	inv, ok := lapack64.Potri(l)
	return inv.Data, ok && finite(inv.Data...)
}

// finite reports whether all of x are finite.
func finite(x ...float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// rowDot returns row i of L times x.
func (f factor) rowDot(i int, x []float64) float64 {
	return dot(f.l.Data[i*f.l.Stride:i*f.l.Stride+i+1], x)
}
