package kernel

// gemm is the plain Go form of Set.Gemm. Four values of k share one pass over
// c's row, so that each element is loaded and stored once for four products.
func gemm(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {
	for i := range rows {
		ci := c[i*stride : i*stride+stride]
		if !accumulate {
			clear(ci)
		}
		k := 0
		for ; k+4 <= depth; k += 4 {
			at := i*aRow + k*aCol
			axpy4(ci, a[at], a[at+aCol], a[at+2*aCol], a[at+3*aCol], b[k*stride:], stride)
		}
		for ; k < depth; k++ {
			axpy(ci, a[i*aRow+k*aCol], b[k*stride:])
		}
	}
}

// axpy adds alpha*x to y.
func axpy(y []float32, alpha float32, x []float32) {
	x = x[:len(y)]
	for j, v := range x {
		y[j] += alpha * v
	}
}

// axpy4 adds four rows of x, each times its factor, to y.
func axpy4(y []float32, a0, a1, a2, a3 float32, x []float32, stride int) {
	n := len(y)
	x0, x1, x2, x3 := x[:n], x[stride:][:n], x[2*stride:][:n], x[3*stride:][:n]
	for j := range y {
		y[j] += a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j]
	}
}

// LinearForward computes z = x w + b for the first rows rows of x; w is
// [x.Cols, z.Cols], b is [1, z.Cols].
func (s *Set) LinearForward(z, x, w, b Matrix, rows int) {
	fillRows(z, b, rows)
	for p := range z.Panels() {
		zp, stride, _ := z.Panel(p)
		wp, _, _ := w.Panel(p)
		for q := range x.Panels() {
			xq, aRow, depth := x.Panel(q)
			s.Gemm(zp, xq, wp[q*PanelWidth*stride:], rows, depth, stride, aRow, 1, true)
		}
	}
}

// LinearForwardDense is LinearForward for an input in row-major form.
func (s *Set) LinearForwardDense(z Matrix, x []float32, w, b Matrix, rows int) {
	fillRows(z, b, rows)
	for p := range z.Panels() {
		zp, stride, _ := z.Panel(p)
		wp, _, _ := w.Panel(p)
		s.Gemm(zp, x, wp, rows, w.Rows, stride, w.Rows, 1, true)
	}
}

// LinearForwardSparse is LinearForward for a sparse input.
func (s *Set) LinearForwardSparse(z Matrix, x *Sparse, w, b Matrix) {
	fillRows(z, b, x.Rows)
	for p := range z.Panels() {
		zp, stride, _ := z.Panel(p)
		wp, _, _ := w.Panel(p)
		s.SparseForward(zp, x, wp, stride)
	}
}

// fillRows copies the one row of b into the first rows rows of z.
func fillRows(z, b Matrix, rows int) {
	for p := range z.Panels() {
		zp, stride, _ := z.Panel(p)
		bp, _, _ := b.Panel(p)
		for i := range rows {
			copy(zp[i*stride:i*stride+stride], bp)
		}
	}
}

// LinearGradX computes dx = dz w^T; wt is w transposed, [dz.Cols, dx.Cols].
func (s *Set) LinearGradX(dx, dz, wt Matrix, rows int) {
	for p := range dx.Panels() {
		dxp, stride, _ := dx.Panel(p)
		wp, _, _ := wt.Panel(p)
		for q := range dz.Panels() {
			dzq, aRow, depth := dz.Panel(q)
			s.Gemm(dxp, dzq, wp[q*PanelWidth*stride:], rows, depth, stride, aRow, 1, q > 0)
		}
	}
}

// depthTile is how many rows of a batch a weight gradient goes through at a
// time: a tile of dz then stays in the first-level cache.
const depthTile = 128

// LinearGradW computes dw = x^T dz over the first rows rows.
func (s *Set) LinearGradW(dw, x, dz Matrix, rows int) {
	for p := range dw.Panels() {
		dwp, stride, _ := dw.Panel(p)
		dzp, _, _ := dz.Panel(p)
		for lo := 0; lo < rows; lo += depthTile {
			depth := min(depthTile, rows-lo)
			for q := range x.Panels() {
				xq, xStride, cols := x.Panel(q)
				s.Gemm(dwp[q*PanelWidth*stride:], xq[lo*xStride:], dzp[lo*stride:], cols, depth, stride, 1, xStride, lo > 0)
			}
		}
	}
}

// LinearGradWDense is LinearGradW for an input in row-major form.
func (s *Set) LinearGradWDense(dw Matrix, x []float32, dz Matrix, rows int) {
	for p := range dw.Panels() {
		dwp, stride, _ := dw.Panel(p)
		dzp, _, _ := dz.Panel(p)
		for lo := 0; lo < rows; lo += depthTile {
			depth := min(depthTile, rows-lo)
			s.Gemm(dwp, x[lo*dw.Rows:], dzp[lo*stride:], dw.Rows, depth, stride, 1, dw.Rows, lo > 0)
		}
	}
}

// LinearGradWSparse is LinearGradW for a sparse input.
func (s *Set) LinearGradWSparse(dw Matrix, x *Sparse, dz Matrix) {
	for p := range dw.Panels() {
		dwp, stride, _ := dw.Panel(p)
		dzp, _, _ := dz.Panel(p)
		s.SparseGradW(dwp, x, dzp, stride)
	}
}

// one is a row of ones of any length, read with a distance of 0.
var one = []float32{1}

// LinearGradB computes db [1, dz.Cols], the sum over the first rows rows of dz.
func (s *Set) LinearGradB(db, dz Matrix, rows int) {
	for p := range dz.Panels() {
		dzp, stride, _ := dz.Panel(p)
		dbp, _, _ := db.Panel(p)
		s.Gemm(dbp, one, dzp, 1, rows, stride, 0, 0, false)
	}
}

// TransposeMatrix writes the transpose of src [r, c] to dst [c, r].
func (s *Set) TransposeMatrix(dst, src Matrix) {
	for p := range src.Panels() {
		sp, srcStride, cols := src.Panel(p)
		for q := range dst.Panels() {
			dq, dstStride, rows := dst.Panel(q)
			s.Transpose(dq[p*PanelWidth*dstStride:], sp[q*PanelWidth*srcStride:], rows, cols, dstStride, srcStride)
		}
	}
}

func transpose(dst, src []float32, rows, cols, dstStride, srcStride int) {
	for j := range cols {
		row := dst[j*dstStride:][:rows]
		for i := range row {
			row[i] = src[i*srcStride+j]
		}
	}
}

// Add computes z = x + y for the first rows rows.
func Add(z, x, y Matrix, rows int) {
	for p := range z.Panels() {
		zp, stride, _ := z.Panel(p)
		xp, _, _ := x.Panel(p)
		yp, _, _ := y.Panel(p)
		n := rows * stride
		zp, xp, yp = zp[:n], xp[:n], yp[:n]
		for i := range zp {
			zp[i] = xp[i] + yp[i]
		}
	}
}
