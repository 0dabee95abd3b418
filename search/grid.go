package search

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// DefaultGridPoints is how many points a grid takes from a range that has more
// than MaxGridLevels values and does not say with GridPoints.
const DefaultGridPoints = 5

// MaxGridLevels is the largest number of values of a range that a grid takes all
// of.
const MaxGridLevels = 20

// Grid proposes every combination of the parameters' values, each once, the first
// parameter varying slowest. A list gives all its values; a range gives
// GridPoints points from end to end, evenly spaced on its scale, or, where that
// is 0, all its values if there are at most MaxGridLevels and DefaultGridPoints
// of them otherwise. Combinations that differ only in inactive parameters are
// one. When all are proposed it returns ErrExhausted.
//
// A grid goes on after the last cell that the history says it proposed
// (attribute "grid_cell") and leaves out configurations that are in the history
// for other reasons.
type Grid struct{}

var (
	_ Sampler    = Grid{}
	_ ValueBlind = Grid{}
)

// ValueBlind says that a grid reads no results.
func (Grid) ValueBlind() {}

const gridCell = "grid_cell"

// Sample returns the next cell.
func (Grid) Sample(ctx context.Context, req Request) (Params, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	l := gridOf(req.Space)
	size, ok := l.size()
	if !ok {
		return nil, fmt.Errorf("search: the grid of %d parameters has too many combinations to count: give ranges fewer points (GridPoints, :n=K)", req.Space.Len())
	}
	cell, others := 0, make(map[string]bool)
	for i := len(req.History) - 1; i >= 0; i-- {
		t := req.History[i]
		p, err := req.Space.Check(t.Params)
		if err != nil {
			continue
		}
		key := req.Space.Key(p)
		last, mine := l.proposed(t, size)
		if !mine || req.Space.Key(l.at(last)) != key {
			others[key] = true
			continue
		}
		cell = max(cell, last+1)
		if cell == i+1 { // so many cells before it: no others
			break
		}
	}
	for ; cell < size; cell++ {
		if p := l.at(cell); !others[req.Space.Key(p)] {
			req.Attrs[gridCell] = cell
			return p, nil
		}
	}
	return nil, ErrExhausted
}

// proposed returns the cell that a trial says it is; ok is false if it does not say, or
// names one that there is not.
func (l lattice) proposed(t Trial, size int) (cell int, ok bool) {
	raw, ok := t.Attrs[gridCell]
	ok = ok && json.Unmarshal(raw, &cell) == nil && cell >= 0 && cell < size
	return cell, ok
}

// GridSize returns how many cells the grid of a space has; ok is false where
// Space.Size would not count so many, and then the grid cannot be searched.
func GridSize(s Space) (n int, ok bool) { return gridOf(s).size() }

func gridOf(s Space) lattice {
	levels := make([]int, len(s.params))
	for i, p := range s.params {
		levels[i] = p.gridLevels()
	}
	return newLattice(s, levels, func(i, k int) any { return s.params[i].gridLevel(k, levels[i]) })
}

// gridLevels returns how many values a grid takes of a parameter.
func (p Param) gridLevels() int {
	n := p.levels()
	switch {
	case n == 1 || p.Kind == Choice || p.Kind == Category:
		return n
	case p.GridPoints > 0 && n > 0:
		return min(n, p.GridPoints)
	case p.GridPoints > 0:
		return p.GridPoints
	case n > 0 && n <= MaxGridLevels:
		return n
	}
	return DefaultGridPoints
}

// gridLevel returns value k of n, from end to end.
func (p Param) gridLevel(k, n int) any {
	levels := p.levels()
	if levels == n {
		return p.level(k)
	}
	t := 0.5
	if n > 1 {
		t = float64(k) / float64(n-1)
	}
	x := p.Low + t*(p.High-p.Low)
	switch {
	case t == 1:
		x = p.High
	case p.Log:
		// 1e-3 is what a person expects between 1e-4 and 1e-2, not its neighbour.
		x = roundDigits(math.Exp(math.Log(p.Low) + t*(math.Log(p.High)-math.Log(p.Low))))
	}
	if levels > 0 {
		return p.nearLevel(x, k, n)
	}
	return min(max(x, p.Low), p.High)
}

// nearLevel rounds x to a value of the parameter, so that n points stay n
// different ones: on a log scale neighbours at the low end may round alike.
func (p Param) nearLevel(x float64, k, n int) any {
	last := p.levels() - 1
	at := max(p.levelOf(x), k)            // k smaller ones must fit below
	return p.level(min(at, last-(n-1-k))) // and the others above
}

// roundDigits rounds to 12 significant digits.
func roundDigits(x float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	return r
}
