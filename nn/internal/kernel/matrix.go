package kernel

import "unsafe"

const (
	// PanelWidth is how many columns a full panel holds.
	PanelWidth = 64
	// Lane is the number of columns that a panel's width is a multiple of.
	Lane = 16
)

// Matrix is a dense float32 matrix of shape [Rows, Cols] in panels of 64
// columns: panel p holds the columns from 64p on, row by row, and panels follow
// each other in Data. The last panel is as wide as its columns need, rounded up
// to a multiple of 16; columns beyond Cols are padding. In parameters and
// gradients the padding is always zero.
type Matrix struct {
	Rows, Cols int
	Data       []float32 // length MatrixLen(Rows, Cols)
}

// MatrixLen returns how many float32 a matrix of this shape takes.
func MatrixLen(rows, cols int) int { return rows * paddedCols(cols) }

func paddedCols(cols int) int { return (cols + Lane - 1) &^ (Lane - 1) }

// NewMatrix returns a zero matrix.
func NewMatrix(rows, cols int) Matrix {
	return Matrix{Rows: rows, Cols: cols, Data: Aligned(MatrixLen(rows, cols))}
}

// Aligned returns n zero float32 that start at a 64-byte boundary.
func Aligned(n int) []float32 {
	const floats = 64 / 4
	buf := make([]float32, n+floats-1)
	if len(buf) == 0 {
		return buf
	}
	skip := 0
	if off := int(uintptr(unsafe.Pointer(unsafe.SliceData(buf))) % 64 / 4); off != 0 {
		skip = floats - off
	}
	return buf[skip : skip+n : skip+n]
}

// Panels returns the number of panels.
func (m Matrix) Panels() int { return int(uint(m.Cols+PanelWidth-1) / PanelWidth) }

// Panel returns the data of panel p, row by row, the distance between its rows
// (its padded width), and how many of its columns are not padding.
func (m Matrix) Panel(p int) (data []float32, stride, cols int) {
	cols = min(PanelWidth, m.Cols-p*PanelWidth)
	stride = paddedCols(cols)
	start := p * PanelWidth * m.Rows
	return m.Data[start : start+m.Rows*stride], stride, cols
}

func (m Matrix) offset(i, j int) int {
	p := j / PanelWidth
	return p*PanelWidth*m.Rows + i*paddedCols(min(PanelWidth, m.Cols-p*PanelWidth)) + j%PanelWidth
}

// Part is the rows Lo to Hi-1 of one panel of a matrix: what a kernel works on at
// a time. No element of one part depends on how a matrix is cut into parts.
type Part struct{ Panel, Lo, Hi int }

// Range returns where in Data a part is, and the distance between its rows.
func (m Matrix) Range(p Part) (lo, hi, stride int) {
	stride = min(PanelWidth, paddedCols(m.Cols-p.Panel*PanelWidth))
	start := p.Panel * PanelWidth * m.Rows
	return start + p.Lo*stride, start + p.Hi*stride, stride
}

// Part returns the data of a part, row by row, and the distance between its rows.
func (m Matrix) Part(p Part) (data []float32, stride int) {
	lo, hi, stride := m.Range(p)
	return m.Data[lo:hi], stride
}

// At returns the element in row i and column j.
func (m Matrix) At(i, j int) float32 { return m.Data[m.offset(i, j)] }

// Set stores an element.
func (m Matrix) Set(i, j int, v float32) { m.Data[m.offset(i, j)] = v }

// SetRowMajor fills the first len(src)/Cols rows from a row-major slice.
func (m Matrix) SetRowMajor(src []float32) {
	rows := len(src) / m.Cols
	for p := range m.Panels() {
		data, stride, cols := m.Panel(p)
		for i := range rows {
			copy(data[i*stride:i*stride+cols], src[i*m.Cols+p*PanelWidth:])
		}
	}
}

// RowMajor copies the first len(dst)/Cols rows into a row-major slice.
func (m Matrix) RowMajor(dst []float32) {
	rows := len(dst) / m.Cols
	for p := range m.Panels() {
		data, stride, cols := m.Panel(p)
		for i := range rows {
			copy(dst[i*m.Cols+p*PanelWidth:][:cols], data[i*stride:])
		}
	}
}
