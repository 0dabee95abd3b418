//go:build openblas

package gorgonia

import "mnisttune/nn"

// #cgo LDFLAGS: -lopenblas
// void openblas_set_num_threads(int n);
// void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k,
//                  float alpha, const float *a, int lda, const float *b, int ldb,
//                  float beta, float *c, int ldc);
import "C"

// Of CBLAS.
const (
	rowMajor    = 101
	noTranspose = 111
	transpose   = 112
)

// OpenBLAS itself would share a product out among threads, by their number in other parts
// and so with other rounding: it gets one, for the whole process.
func init() {
	C.openblas_set_num_threads(1)
	nn.RegisterBackend("openblas", Backend{Gemm: openBLAS})
}

// openBLAS is a Gemm; it is safe for concurrent use.
func openBLAS(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	C.cblas_sgemm(rowMajor, cblasTranspose(transA), cblasTranspose(transB), C.int(m), C.int(n), C.int(k),
		1, (*C.float)(&a[0]), C.int(lda), (*C.float)(&b[0]), C.int(ldb),
		0, (*C.float)(&c[0]), C.int(ldc))
}

func cblasTranspose(t bool) C.int {
	if t {
		return transpose
	}
	return noTranspose
}
