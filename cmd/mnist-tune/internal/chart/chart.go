package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a comparison. Its left panel shows the curves, its right one the scores; it
// has no right panel if no method has scores.
type Figure struct {
	Title       string
	XLabel      string // of the curves: what is counted from 1
	YLabel      string // of the curves
	ScoreLabel  string
	SmallerBest bool // of the curves; of scores large ones are always good
	Methods     []Method
}

// Method is one curve and one row of scores. NaN stands for what is not known.
type Method struct {
	Name string
	// Mid is the curve, Low and High are the edges of the band round it; all are of the
	// same length.
	Mid, Low, High []float64
	// Scores are drawn as small dots, Mean as a large one with a bar From - To.
	Scores         []float64
	Mean, From, To float64
}

const (
	curvesWidth = 6.2 * vg.Inch
	scoresWidth = 3.8 * vg.Inch
	height      = 4.6 * vg.Inch
	titleHeight = 0.36 * vg.Inch
	margin      = 0.12 * vg.Inch
	dotsPerInch = 160
)

// WritePNG draws the figure, 1600 x 736 pixels with scores and 992 without.
func (f *Figure) WritePNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(f.width(), height), vgimg.UseDPI(dotsPerInch))
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// WriteSVG draws the figure as a vector graphic with its fonts in it.
func (f *Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.NewWith(vgsvg.UseWH(f.width(), height), vgsvg.EmbedFonts(true))
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func (f *Figure) hasScores() bool {
	for _, m := range f.Methods {
		if len(m.Scores) > 0 {
			return true
		}
	}
	return false
}

func (f *Figure) width() vg.Length {
	if f.hasScores() {
		return curvesWidth + scoresWidth
	}
	return curvesWidth
}

// draw draws the title and the panels.
func (f *Figure) draw(c draw.Canvas) error {
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	style := plot.New().Title.TextStyle
	style.Font.Variant, style.Font.Size = "Sans", vg.Points(12)
	c.FillText(style, vg.Point{X: c.Center().X, Y: c.Max.Y - margin}, f.Title)
	names := newLegend(f.Methods, f.width()-2*margin)
	names.draw(draw.Crop(c, margin, -margin, 0, -titleHeight))
	body := draw.Crop(c, margin, -margin, margin, -titleHeight-names.height()-margin/2)
	curves, err := f.curves()
	if err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	if !f.hasScores() {
		curves.Draw(body)
		return nil
	}
	scores, err := f.scores()
	if err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	curves.Draw(draw.Crop(body, 0, -scoresWidth, 0, 0))
	scores.Draw(draw.Crop(body, curvesWidth, 0, 0, 0))
	return nil
}
