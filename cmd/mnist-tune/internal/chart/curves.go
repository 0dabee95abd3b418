package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// curves is the left panel: bands, and on top of all of them the curves.
func (f *Figure) curves() (*plot.Plot, error) {
	p := newPlot(f.XLabel, f.YLabel)
	for i, m := range f.Methods {
		ring := append(points(m.Low), reversed(points(m.High))...)
		if len(ring) == 0 {
			continue
		}
		band, err := plotter.NewPolygon(ring)
		if err != nil {
			return nil, err
		}
		band.Color, band.LineStyle.Width = bandOf(i), 0
		p.Add(band)
	}
	low, high := f.curveRange()
	var outside []string
	for i, m := range f.Methods {
		xy := points(m.Mid)
		if len(xy) == 0 {
			continue
		}
		line, err := plotter.NewLine(xy)
		if err != nil {
			return nil, err
		}
		line.LineStyle = lineOf(i)
		p.Add(line)
		if last := xy[len(xy)-1].Y; last < low || last > high {
			outside = append(outside, fmt.Sprintf("%s ends at %.4g, off the scale", m.Name, last))
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{whole: true}, ticks{}
	p.X.Min, p.X.Max = 1, max(2, float64(f.length()))
	p.Y.Min, p.Y.Max = low, high
	return p, f.note(p, outside)
}

// note writes lines in the corner where bad curves end.
func (f *Figure) note(p *plot.Plot, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	at := plotter.XY{X: p.X.Max, Y: p.Y.Min}
	if f.SmallerBest {
		at.Y = p.Y.Max
	}
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{at}, Labels: []string{strings.Join(lines, " \n") + " "}})
	if err != nil {
		return err
	}
	label.TextStyle[0].Font = p.X.Tick.Label.Font
	label.TextStyle[0].XAlign = draw.XRight
	if f.SmallerBest {
		label.TextStyle[0].YAlign = draw.YTop
	}
	p.Add(label)
	return nil
}

// length returns how long the longest curve is.
func (f *Figure) length() int {
	n := 0
	for _, m := range f.Methods {
		n = max(n, len(m.Mid))
	}
	return n
}

// points returns a curve's points, without those that are not known.
func points(y []float64) (out plotter.XYs) {
	for i, v := range y {
		if !math.IsNaN(v) {
			out = append(out, plotter.XY{X: float64(i + 1), Y: v})
		}
	}
	return out
}

func reversed(xy plotter.XYs) plotter.XYs {
	slices.Reverse(xy)
	return xy
}

// curveRange returns the part of the y axis that is worth looking at. The first trials
// are far worse than what matters, and so may a whole method be: the bad end is where
// half of the methods are after a fifth of the trials, or where the others end if that is
// at most three times as far from the best.
func (f *Figure) curveRange() (low, high float64) {
	sign := 1.0 // large values are good, times sign
	if f.SmallerBest {
		sign = -1
	}
	best, early, ends := math.Inf(-1), []float64{}, []float64{}
	for _, m := range f.Methods {
		good, poor := points(m.High), points(m.Low)
		if f.SmallerBest {
			good, poor = poor, good
		}
		if len(good) == 0 {
			continue
		}
		best = max(best, sign*good[len(good)-1].Y)
		early = append(early, sign*poor[min(len(m.Low)/5, len(poor)-1)].Y)
		ends = append(ends, sign*poor[len(poor)-1].Y)
	}
	if len(early) == 0 {
		return 0, 1
	}
	slices.Sort(early)
	bad := early[(len(early)-1)/2]
	limit := best - 3*(best-bad)
	for _, end := range ends {
		if end >= limit {
			bad = min(bad, end)
		}
	}
	low, high = padded(bad, best)
	if f.SmallerBest {
		return -high, -low
	}
	return low, high
}

// padded returns a range with some room at its ends, never an empty one.
func padded(low, high float64) (float64, float64) {
	room := 0.05 * (high - low)
	if !(room > 0) {
		room = max(0.01*math.Abs(high), 1e-6)
	}
	return low - room, high + room
}
