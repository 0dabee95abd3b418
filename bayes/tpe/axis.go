package tpe

import (
	"math"

	"mnisttune/search"
)

// axis is how one parameter lies on the unit interval, as search.Space encodes it.
// A real parameter is a place u; every other has levels, each of which owns a cell
// of the interval: of equal width, or on a logarithmic scale for an integer that is
// searched on one. Words own cells too, but only which one counts, not where it is.
type axis struct {
	levels int // 0 for a continuous parameter and for more levels than an int can count
	word   bool
	// Of an integer on a log scale: its smallest value, and the ends of the interval,
	// log(low - 1/2) and log(high + 1/2).
	log        bool
	low        int
	start, end float64
}

// newAxes returns the axes of a space, one a parameter.
func newAxes(space search.Space) ([]axis, error) {
	params := space.Params()
	axes := make([]axis, len(params))
	for i, p := range params {
		p.When = nil
		alone, err := search.NewSpace(p)
		if err != nil {
			return nil, err
		}
		a := axis{word: p.Kind == search.Category}
		if n, finite := alone.Size(); finite {
			a.levels = n
		}
		if p.Log && p.Kind == search.Integer && a.levels > 1 {
			a.log, a.low = true, int(p.Low)
			a.start, a.end = math.Log(p.Low-0.5), math.Log(p.High+0.5)
		}
		axes[i] = a
	}
	return axes, nil
}

// level returns the index of the value v, whose place is u.
func (a axis) level(v any, u float64) int {
	if k, ok := v.(int); ok && a.log {
		return k - a.low
	}
	return min(int(u*float64(a.levels)), a.levels-1)
}

// cell returns the part of the unit interval that a level owns.
func (a axis) cell(level int) (from, to float64) {
	if a.log {
		x := float64(a.low) + float64(level)
		width := a.end - a.start
		return (math.Log(x-0.5) - a.start) / width, (math.Log(x+0.5) - a.start) / width
	}
	n := float64(a.levels)
	return float64(level) / n, float64(level+1) / n
}

// point is a configuration on the axes.
type point struct {
	u      []float64 // [Len] places
	level  []int     // [Len] of the parameters with levels
	active []bool    // [Len] whether the parameter takes part
}

// place returns a configuration of the space as a point.
func place(space search.Space, axes []axis, p search.Params) point {
	u, active := space.Encode(p)
	x := point{u: u, level: make([]int, len(axes)), active: active}
	for i, q := range space.Params() {
		if active[i] && axes[i].levels > 0 {
			x.level[i] = axes[i].level(p[q.Name], u[i])
		}
	}
	return x
}
