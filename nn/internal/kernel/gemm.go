package kernel

// gemm is the plain Go form of Set.Gemm. Two rows of c and four values of k share one
// pass, so that what is loaded serves eight products.
func gemm(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {
	if !accumulate {
		clear(c[:rows*stride])
	}
	i := 0
	for ; i+2 <= rows; i += 2 {
		c0, c1 := c[i*stride:][:stride], c[(i+1)*stride:][:stride]
		k := 0
		for ; k+4 <= depth; k += 4 {
			at := i*aRow + k*aCol
			a0 := [4]float32{a[at], a[at+aCol], a[at+2*aCol], a[at+3*aCol]}
			at += aRow
			axpy4x2(c0, c1, a0, [4]float32{a[at], a[at+aCol], a[at+2*aCol], a[at+3*aCol]}, b[k*stride:], stride)
		}
		for ; k < depth; k++ {
			axpy(c0, a[i*aRow+k*aCol], b[k*stride:])
			axpy(c1, a[(i+1)*aRow+k*aCol], b[k*stride:])
		}
	}
	for ; i < rows; i++ {
		ci := c[i*stride : i*stride+stride]
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

// axpy4x2 adds four rows of x, each times its factor, to y0 and, with other factors, to
// y1.
func axpy4x2(y0, y1 []float32, a, b [4]float32, x []float32, stride int) {
	n := len(y0)
	y1 = y1[:n]
	x0, x1, x2, x3 := x[:n], x[stride:][:n], x[2*stride:][:n], x[3*stride:][:n]
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	for j := range y0 {
		u0, u1, u2, u3 := x0[j], x1[j], x2[j], x3[j]
		y0[j] += a0*u0 + a1*u1 + (a2*u2 + a3*u3)
		y1[j] += b0*u0 + b1*u1 + (b2*u2 + b3*u3)
	}
}

// axpy4 adds four rows of x, each times its factor, to y.
func axpy4(y []float32, a0, a1, a2, a3 float32, x []float32, stride int) {
	n := len(y)
	x0, x1, x2, x3 := x[:n], x[stride:][:n], x[2*stride:][:n], x[3*stride:][:n]
	for j := range y {
		y[j] += a0*x0[j] + a1*x1[j] + (a2*x2[j] + a3*x3[j])
	}
}

// LinearForward computes a part of z = x w + b; w is [x.Cols, z.Cols], b is
// [1, z.Cols].
func (s *Set) LinearForward(z, x, w, b Matrix, part Part) {
	zp, stride := s.fillRows(z, b, part)
	wp, _, _ := w.Panel(part.Panel)
	for q := range x.Panels() {
		xq, aRow, depth := x.Panel(q)
		s.Gemm(zp, xq[part.Lo*aRow:], wp[q*PanelWidth*stride:], part.Hi-part.Lo, depth, stride, aRow, 1, true)
	}
}

// LinearForwardDense is LinearForward for an input in row-major form.
func (s *Set) LinearForwardDense(z Matrix, x []float32, w, b Matrix, part Part) {
	zp, stride := s.fillRows(z, b, part)
	wp, _, _ := w.Panel(part.Panel)
	s.Gemm(zp, x[part.Lo*w.Rows:], wp, part.Hi-part.Lo, w.Rows, stride, w.Rows, 1, true)
}

// LinearForwardSparse is LinearForward for a sparse input; part.Lo is even.
func (s *Set) LinearForwardSparse(z Matrix, x *Sparse, w, b Matrix, part Part) {
	zp, stride := s.fillRows(z, b, part)
	wp, _, _ := w.Panel(part.Panel)
	s.SparseForward(zp, x, part.Lo, part.Hi, wp, stride)
}

// one is a row or a column of ones of any length, read with a distance of 0.
var one = []float32{1}

// fillRows fills every row of a part of z with the one row of b, and returns the part.
func (s *Set) fillRows(z, b Matrix, part Part) (data []float32, stride int) {
	data, stride = z.Part(part)
	row, _, _ := b.Panel(part.Panel)
	s.Gemm(data, one, row, part.Hi-part.Lo, 1, stride, 0, 0, false)
	return data, stride
}

// LinearGradX computes a part of dx = dz w^T; wt is w transposed,
// [dz.Cols, dx.Cols].
func (s *Set) LinearGradX(dx, dz, wt Matrix, part Part) {
	dxp, stride := dx.Part(part)
	wp, _, _ := wt.Panel(part.Panel)
	for q := range dz.Panels() {
		dzq, aRow, depth := dz.Panel(q)
		s.Gemm(dxp, dzq[part.Lo*aRow:], wp[q*PanelWidth*stride:], part.Hi-part.Lo, depth, stride, aRow, 1, q > 0)
	}
}

// depthTile is how many rows of a batch a weight gradient goes through at a
// time: a tile of dz then stays in the first-level cache.
const depthTile = 128

// LinearGradW computes a part of dw = x^T dz over the first rows rows, at most
// PanelWidth rows of dw from a multiple of it on, into dst [part.Hi-part.Lo, stride].
func (s *Set) LinearGradW(dst []float32, x, dz Matrix, part Part, rows int) {
	xq, xStride, _ := x.Panel(part.Lo / PanelWidth)
	s.gradW(dst, xq, xStride, dz, part, rows)
}

// LinearGradWDense is LinearGradW for an input of so many features in row-major
// form; the part begins anywhere.
func (s *Set) LinearGradWDense(dst, x []float32, features int, dz Matrix, part Part, rows int) {
	s.gradW(dst, x[part.Lo:], features, dz, part, rows)
}

// gradW goes through the rows of x, xStride apart, tile by tile.
func (s *Set) gradW(dst, x []float32, xStride int, dz Matrix, part Part, rows int) {
	dzp, stride, _ := dz.Panel(part.Panel)
	for lo := 0; lo < rows; lo += depthTile {
		s.Gemm(dst, x[lo*xStride:], dzp[lo*stride:], part.Hi-part.Lo, min(depthTile, rows-lo), stride, 1, xStride, lo > 0)
	}
}

// LinearGradWSparse is LinearGradW for a sparse input, and adds to dst; the part is one
// block of columns of x.
func (s *Set) LinearGradWSparse(dst []float32, x *Sparse, dz Matrix, part Part) {
	dzp, stride, _ := dz.Panel(part.Panel)
	s.SparseGradW(dst, x, part.Lo/BlockColumns, dzp, stride)
}

// LinearGradB computes a panel of db [1, dz.Cols], the sum over the first rows
// rows of dz.
func (s *Set) LinearGradB(db, dz Matrix, part Part, rows int) {
	dbp, stride := db.Part(part)
	dzp, _, _ := dz.Panel(part.Panel)
	s.Gemm(dbp, one, dzp, 1, rows, stride, 0, 0, false)
}

// TransposeMatrix writes a part of the transpose of src [r, c] to dst [c, r];
// part.Lo is a multiple of PanelWidth.
func (s *Set) TransposeMatrix(dst, src Matrix, part Part) {
	dp, dstStride, rows := dst.Panel(part.Panel)
	for lo := part.Lo; lo < part.Hi; lo += PanelWidth {
		sp, srcStride, _ := src.Panel(lo / PanelWidth)
		s.Transpose(dp[lo*dstStride:], sp[part.Panel*PanelWidth*srcStride:], rows, min(PanelWidth, part.Hi-lo), dstStride, srcStride)
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

// Add computes a part of z = x + y.
func Add(z, x, y Matrix, part Part) {
	zp, _ := z.Part(part)
	xp, _ := x.Part(part)
	yp, _ := y.Part(part)
	for i := range zp {
		zp[i] = xp[i] + yp[i]
	}
}
