package problem

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"mnisttune/search"
)

// Width is the width of the networks in the problems of three parameters.
const Width = 64

// columns are the parameters of a table, in the order of its columns.
var columns = []string{"batch_size", "num_layers", "learning_rate", "width"}

// Table holds the accuracies of networks that were trained once and for all: every
// combination of their parameters' values, with several seeds each. It never changes.
type Table struct {
	name   string
	values [][]float64 // [parameter], ascending
	scores [][]float64 // [cell][seed]; the last parameter varies fastest
}

// ReadTable reads a table as CSV: a line of names and a line a cell, with the columns
// batch_size, num_layers, learning_rate, width and at least one accuracy, that of a
// seed. Every combination of the values must be there once.
func ReadTable(name string, in io.Reader) (*Table, error) {
	fail := func(err error) (*Table, error) { return nil, fmt.Errorf("problem: table %s: %w", name, err) }
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return fail(err)
	}
	d := len(columns)
	if len(rows) < 2 || len(rows[0]) <= d || !slices.Equal(rows[0][:d], columns) {
		return fail(fmt.Errorf("want the columns %v and those of seeds, and a line a cell", columns))
	}
	numbers := make([][]float64, len(rows)-1)
	for i, row := range rows[1:] {
		for _, text := range row {
			x, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fail(fmt.Errorf("line %d: %w", i+2, err))
			}
			numbers[i] = append(numbers[i], x)
		}
	}
	t := &Table{name: name}
	if err := t.fill(numbers); err != nil {
		return fail(err)
	}
	return t, nil
}

// fill takes over the rows of a table.
func (t *Table) fill(rows [][]float64) error {
	cells := 1
	for j := range columns {
		var values []float64
		for _, row := range rows {
			values = append(values, row[j])
		}
		slices.Sort(values)
		t.values = append(t.values, slices.Compact(values))
		cells *= len(t.values[j])
	}
	if cells != len(rows) {
		return fmt.Errorf("it has %d cells, not all %d combinations of its values", len(rows), cells)
	}
	t.scores = make([][]float64, cells)
	for _, row := range rows {
		cell := 0
		for j, values := range t.values {
			cell = cell*len(values) + slices.Index(values, row[j])
		}
		if t.scores[cell] != nil {
			return errors.New("a combination is there twice")
		}
		t.scores[cell] = row[len(columns):]
	}
	return nil
}

// Problem returns the search for the best cell among those of one width, or, for width
// 0, among all with the width as a fourth parameter; the name is then that of the table
// with a 4. All parameters are ordered choices, the accuracy is to be maximised. A
// measurement is the mean of the seeds or, if noisy, one of them. The best cell solves the
// problem. The table must have the width.
func (t *Table) Problem(width int, noisy bool) (Problem, error) {
	fixed := slices.Index(t.values[len(columns)-1], float64(width))
	if width != 0 && fixed < 0 {
		return Problem{}, fmt.Errorf("problem: table %s has no networks of width %d", t.name, width)
	}
	p := Problem{Name: t.name, Direction: search.Maximize, Target: 1e-9}
	var params []search.Param
	for j, name := range columns {
		if name != "width" || width == 0 {
			params = append(params, ladder(name, t.values[j]))
		}
	}
	p.Space = spaceOf(params...)
	if width == 0 {
		p.Name += "4"
	}
	p.Value = func(c search.Params) float64 { return mean(t.at(c, width)) }
	if noisy {
		p.Name, p.Target = p.Name+"-noisy", 0
		p.Draw = func(c search.Params, r *rand.Rand) float64 {
			scores := t.at(c, width)
			if len(scores) == 0 {
				return math.NaN()
			}
			return scores[r.IntN(len(scores))]
		}
	}
	var all []float64
	for c := range cells(p.Space) {
		value := p.Value(c)
		all = append(all, value)
		switch {
		case len(p.Optima) == 0 || value > p.Best:
			p.Best, p.Optima = value, []search.Params{c}
		case value == p.Best:
			p.Optima = append(p.Optima, c)
		}
	}
	p.Scale = p.Best - median(all)
	return p, nil
}

// at returns the scores of a cell, none if there is no such cell.
func (t *Table) at(c search.Params, width int) []float64 {
	cell := 0
	for j, name := range columns {
		x, ok := c.Float(name)
		if name == "width" && width != 0 {
			x, ok = float64(width), true
		}
		i := slices.Index(t.values[j], x)
		if !ok || i < 0 {
			return nil
		}
		cell = cell*len(t.values[j]) + i
	}
	return t.scores[cell]
}

// ladder declares an ordered choice, of integers if all values are.
func ladder(name string, values []float64) search.Param {
	whole := make([]int, len(values))
	for i, x := range values {
		if whole[i] = int(x); float64(whole[i]) != x {
			return search.OneOf(name, values...)
		}
	}
	return search.OneOf(name, whole...)
}

// mean returns NaN for an empty list.
func mean(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum / float64(len(values))
}

// median sorts its argument.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
