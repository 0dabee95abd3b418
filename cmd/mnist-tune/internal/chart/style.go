package chart

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	white = color.NRGBA{255, 255, 255, 255}
	grey  = color.NRGBA{224, 224, 224, 255}
)

// colours can be told from each other by people with any of the usual kinds of colour
// blindness (Okabe & Ito 2008), without yellow, which is hard to see on white.
var colours = []color.NRGBA{
	{0, 114, 178, 255},   // blue
	{213, 94, 0, 255},    // vermilion
	{0, 158, 115, 255},   // bluish green
	{204, 121, 167, 255}, // reddish purple
	{230, 159, 0, 255},   // orange
	{86, 180, 233, 255},  // sky blue
	{0, 0, 0, 255},
}

// dashes tell lines apart without colours; there are as many as it takes for no two of
// the first 28 methods to have both in common.
var dashes = [][]vg.Length{
	nil,
	{vg.Points(6), vg.Points(2)},
	{vg.Points(1.5), vg.Points(2)},
	{vg.Points(7), vg.Points(2), vg.Points(1.5), vg.Points(2)},
}

func colourOf(method int) color.NRGBA { return colours[method%len(colours)] }

// bandOf is the colour of a band: the method's, so pale that bands which overlap show.
func bandOf(method int) color.NRGBA {
	c := colourOf(method)
	c.A = 40
	return c
}

// lineOf is the style of a method's curve.
func lineOf(method int) draw.LineStyle {
	return draw.LineStyle{Color: colourOf(method), Width: vg.Points(1.8), Dashes: dashes[method%len(dashes)]}
}

// newPlot returns an empty plot with light grid lines and letters without serifs.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, f := range []struct {
		font *font.Font
		size float64
	}{
		{&p.X.Label.TextStyle.Font, 10}, {&p.X.Tick.Label.Font, 9},
		{&p.Y.Label.TextStyle.Font, 10}, {&p.Y.Tick.Label.Font, 9},
	} {
		f.font.Variant, f.font.Size = "Sans", vg.Points(f.size)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = grey, grey
	p.Add(grid)
	return p
}
