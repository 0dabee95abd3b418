package bayes

import (
	"iter"
	"math"
	"slices"

	"mnisttune/search"
)

// columnKind says what a column of the process's inputs holds.
type columnKind uint8

const (
	position columnKind = iota // of a number, in [0,1]; 0.5 while the parameter is inactive
	name                       // the index of a word, -1 while the parameter is inactive
	activity                   // 1 where a conditional parameter takes part, else 0
)

type column struct {
	param int
	kind  columnKind
}

// encoder maps configurations to the inputs of the process. A number is one
// column, its place in the unit cube: on a log scale where the parameter is
// searched on one, by its index where it is an ordered choice (32, 64, 128 are
// equally far apart), and always the place of the rounded value. A word is one
// nominal column. A parameter with a condition has a column that says whether it
// holds. A parameter with a single value has none.
type encoder struct {
	space       search.Space
	params      []search.Param
	levels      []int // how many values a parameter has; 0 for a continuous one and for more than 2^53
	columns     []column
	conditional bool   // whether a parameter depends on another
	nominal     []bool // [D] by column: names and activities, which are equal or not
}

func newEncoder(space search.Space) (*encoder, error) {
	e := &encoder{space: space, params: space.Params(), levels: make([]int, space.Len())}
	for i, p := range e.params {
		one, err := alone(p)
		if err != nil {
			return nil, err
		}
		n, finite := one.Size()
		if finite {
			e.levels[i] = n
		}
		switch {
		case n == 1 && finite:
		case p.Kind == search.Category:
			e.columns = append(e.columns, column{i, name})
		default:
			e.columns = append(e.columns, column{i, position})
		}
		e.conditional = e.conditional || p.When != nil
		if p.When != nil && (p.Kind != search.Category || n == 1) {
			e.columns = append(e.columns, column{i, activity})
		}
	}
	for _, c := range e.columns {
		e.nominal = append(e.nominal, c.kind != position)
	}
	return e, nil
}

// alone returns the space that has only this parameter, without its condition.
func alone(p search.Param) (search.Space, error) {
	p.When = nil
	return search.NewSpace(p)
}

// encode returns the columns [D] of a configuration.
func (e *encoder) encode(p search.Params) []float64 {
	u, active := e.space.Encode(p)
	x := make([]float64, len(e.columns))
	for j, c := range e.columns {
		switch {
		case c.kind == position:
			x[j] = u[c.param]
		case c.kind == activity && active[c.param]:
			x[j] = 1
		case c.kind == name && active[c.param]:
			x[j] = float64(int(u[c.param] * float64(e.levels[c.param])))
		case c.kind == name:
			x[j] = -1
		}
	}
	return x
}

// place returns the coordinate of level k of parameter i, the middle of its cell.
func (e *encoder) place(i, k int) float64 {
	p := e.params[i]
	if !logarithmic(p) {
		return (float64(k) + 0.5) / float64(e.levels[i])
	}
	one, _ := alone(p) // an error would have come up in newEncoder
	u, _ := one.Encode(search.Params{p.Name: int(p.Low) + k})
	return u[0]
}

// logarithmic reports whether the levels of p are not equally wide.
func logarithmic(p search.Param) bool { return p.Log && p.Kind == search.Integer }

// level is the inverse of place for the value that the coordinate u decodes to.
func (e *encoder) level(i int, v any, u float64) int {
	if p := e.params[i]; logarithmic(p) {
		return v.(int) - int(p.Low)
	}
	return min(int(u*float64(e.levels[i])), e.levels[i]-1)
}

// combinations returns how many combinations of the parameters that are not
// continuous there are; ok is false where they cannot be told apart from the
// continuous ones (a condition looks at one of those) or where they exceed 2^53.
func (e *encoder) combinations() (n int, ok bool) {
	var discrete []search.Param
	for i, p := range e.params {
		if e.levels[i] > 0 {
			discrete = append(discrete, p)
		}
	}
	space, err := search.NewSpace(discrete...)
	if err != nil {
		return 0, false
	}
	return space.Size()
}

// continuous returns the parameters that are.
func (e *encoder) continuous() []int {
	var out []int
	for i, n := range e.levels {
		if n == 0 {
			out = append(out, i)
		}
	}
	return out
}

// cells yields one point of the cube for every combination of the parameters
// that are not continuous. Coordinates of inactive and of continuous parameters
// are 0.5. The point is the caller's only until the next one.
func (e *encoder) cells() iter.Seq[[]float64] {
	return func(yield func([]float64) bool) {
		u := slices.Repeat([]float64{0.5}, len(e.params))
		e.walk(0, u, yield)
	}
}

func (e *encoder) walk(i int, u []float64, yield func([]float64) bool) bool {
	if i == len(e.params) {
		return yield(u)
	}
	u[i] = 0.5
	if e.levels[i] == 0 || e.params[i].When != nil && !e.active(i, u) {
		return e.walk(i+1, u, yield)
	}
	for k := range e.levels[i] {
		u[i] = e.place(i, k)
		if !e.walk(i+1, u, yield) {
			return false
		}
	}
	return true
}

func (e *encoder) active(i int, u []float64) bool {
	_, on := e.space.Decode(u)[e.params[i].Name]
	return on
}

// columnsOf returns the columns of the configuration at a point of the cube.
func (e *encoder) columnsOf(u []float64) []float64 {
	if e.conditional {
		return e.encode(e.space.Decode(u))
	}
	x := make([]float64, len(e.columns))
	for j, c := range e.columns {
		v, n := u[c.param], e.levels[c.param]
		switch {
		case c.kind == name:
			x[j] = float64(min(int(v*float64(n)), n-1))
		case n == 0:
			x[j] = v
		case logarithmic(e.params[c.param]):
			p := e.params[c.param]
			lo, hi := math.Log(p.Low-0.5), math.Log(p.High+0.5)
			k := min(max(math.Round(math.Exp(lo+v*(hi-lo))), p.Low), p.High)
			x[j] = min(max((math.Log(k)-lo)/(hi-lo), 0), 1)
		default:
			x[j] = (float64(min(int(v*float64(n)), n-1)) + 0.5) / float64(n)
		}
	}
	return x
}
