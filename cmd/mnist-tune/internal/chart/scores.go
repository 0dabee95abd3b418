package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// scores is the right panel: a row a method, the first on top.
func (f *Figure) scores() (*plot.Plot, error) {
	p := newPlot(f.ScoreLabel, "")
	low, high := f.scoreRange()
	var names []string
	for i := len(f.Methods) - 1; i >= 0; i-- {
		names = append(names, f.Methods[i].Name)
	}
	p.NominalY(names...)
	p.Y.Padding, p.Y.Tick.Length = vg.Points(4), 0
	for i, m := range f.Methods {
		row := float64(len(f.Methods) - 1 - i)
		if err := addScores(p, i, row, float64(len(f.Methods)), m); err != nil {
			return nil, err
		}
		if err := addMean(p, i, row, m, low); err != nil {
			return nil, err
		}
	}
	p.X.Tick.Marker = ticks{}
	p.X.Min, p.X.Max = low, high
	p.Y.Min, p.Y.Max = -0.5, float64(len(f.Methods))-0.5
	return p, nil
}

// addScores draws one method's scores, in three lines below its mean so that equal ones
// can be told apart. There are so many rows in all.
func addScores(p *plot.Plot, method int, row, rows float64, m Method) error {
	if len(m.Scores) == 0 {
		return nil
	}
	xy := make(plotter.XYs, len(m.Scores))
	for i, x := range m.Scores {
		xy[i] = plotter.XY{X: x, Y: row - rows*(0.03+0.014*float64(i%3))}
	}
	dots, err := plotter.NewScatter(xy)
	if err != nil {
		return err
	}
	colour := colourOf(method)
	colour.A = 130
	dots.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
	p.Add(dots)
	return nil
}

// addMean draws one method's mean with its bar, or says where it is if that is left of
// the panel.
func addMean(p *plot.Plot, method int, row float64, m Method, low float64) error {
	if math.IsNaN(m.Mean) {
		return nil
	}
	if m.Mean < low {
		label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: low, Y: row}}, Labels: []string{fmt.Sprintf(" mean %.4f, off the scale", m.Mean)}})
		if err != nil {
			return err
		}
		label.TextStyle[0].Font = p.X.Tick.Label.Font
		label.TextStyle[0].Color = colourOf(method)
		p.Add(label)
		return nil
	}
	at := plotter.XYs{{X: m.Mean, Y: row}}
	if !math.IsNaN(m.From) {
		bar, err := plotter.NewXErrorBars(struct {
			plotter.XYs
			plotter.XErrors
		}{at, plotter.XErrors{{Low: m.Mean - m.From, High: m.To - m.Mean}}})
		if err != nil {
			return err
		}
		bar.LineStyle = draw.LineStyle{Color: colourOf(method), Width: vg.Points(1.6)}
		bar.CapWidth = vg.Points(8)
		p.Add(bar)
	}
	dot, err := plotter.NewScatter(at)
	if err != nil {
		return err
	}
	dot.GlyphStyle = draw.GlyphStyle{Color: colourOf(method), Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
	p.Add(dot)
	return nil
}

// extent is what one method's scores cover.
type extent struct{ mean, low, high, from, to float64 }

// scoreRange returns the part of the x axis that is worth looking at: all scores, but for
// those of methods that are further below the better half of the methods than five times
// what that half covers, and of wide bars so much as the scores themselves cover.
func (f *Figure) scoreRange() (low, high float64) {
	var all []extent
	for _, m := range f.Methods {
		if math.IsNaN(m.Mean) || len(m.Scores) == 0 {
			continue
		}
		e := extent{m.Mean, slices.Min(m.Scores), slices.Max(m.Scores), m.Mean, m.Mean}
		if !math.IsNaN(m.From) {
			e.from, e.to = m.From, m.To
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b extent) int { return cmp.Compare(b.mean, a.mean) })
	low, high = math.Inf(1), math.Inf(-1)
	for i, e := range all {
		if better := (len(all) + 1) / 2; i < better || e.mean >= low-5*(high-low) {
			low, high = min(low, e.low), max(high, e.high)
		} else {
			all = all[:i]
			break
		}
	}
	from, to, span := low, high, high-low
	for _, e := range all {
		from, to = min(from, max(e.from, low-span)), max(to, min(e.to, high+span))
	}
	return padded(from, to)
}
