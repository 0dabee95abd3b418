package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The legend stands above the panels, where it covers no curve.
const (
	legendLine  = 28 // points: the sample of a curve
	legendGap   = 4
	legendSpace = 18 // between entries
	legendRow   = 15
)

// legend is a Figure's legend laid out.
type legend struct {
	methods []Method
	style   text.Style
	rows    [][]int // which methods stand in a row
	widths  []vg.Length
}

// newLegend lays the methods out in rows of a width.
func newLegend(methods []Method, width vg.Length) *legend {
	l := &legend{methods: methods, style: plot.New().Legend.TextStyle}
	l.style.Font.Variant, l.style.Font.Size = "Sans", vg.Points(9)
	l.style.YAlign = draw.YCenter
	room := vg.Length(0)
	for i, m := range methods {
		w := vg.Points(legendLine+legendGap+legendSpace) + l.style.Width(m.Name)
		l.widths = append(l.widths, w)
		if room < w {
			l.rows, room = append(l.rows, nil), width
		}
		room -= w
		last := len(l.rows) - 1
		l.rows[last] = append(l.rows[last], i)
	}
	return l
}

func (l *legend) height() vg.Length { return vg.Points(legendRow) * vg.Length(len(l.rows)) }

// draw draws the rows below each other, from the top of the canvas, centred.
func (l *legend) draw(c draw.Canvas) {
	y := c.Max.Y - vg.Points(legendRow)/2
	for _, row := range l.rows {
		width := -vg.Points(legendSpace)
		for _, i := range row {
			width += l.widths[i]
		}
		x := c.Center().X - width/2
		for _, i := range row {
			l.entry(c, i, x, y)
			x += l.widths[i]
		}
		y -= vg.Points(legendRow)
	}
}

// entry draws one method's sample and name, from x on, centred round y.
func (l *legend) entry(c draw.Canvas, method int, x, y vg.Length) {
	end, half := x+vg.Points(legendLine), vg.Points(legendRow)*0.35
	c.FillPolygon(bandOf(method), []vg.Point{{X: x, Y: y - half}, {X: end, Y: y - half}, {X: end, Y: y + half}, {X: x, Y: y + half}})
	c.StrokeLine2(lineOf(method), x, y, end, y)
	c.FillText(l.style, vg.Point{X: end + vg.Points(legendGap), Y: y}, l.methods[method].Name)
}
