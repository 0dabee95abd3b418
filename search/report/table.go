package report

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"mnisttune/search"
)

// ErrColumn says that a table has no such column.
var ErrColumn = errors.New("report: no such column")

// Table has a row for each trial of a study. Its methods leave it as it is and return
// tables that share its rows, which nobody must change. It is safe for concurrent use by
// readers.
type Table struct {
	// Study is the name of the study in the JSON form; New leaves it empty.
	Study     string
	Direction search.Direction // of the scores
	Columns   []string         // see the package's documentation
	// Rows has the trials in the order of their numbers, a cell for each column: nil
	// (absent), int, float64 (never NaN), string, or search.Params in the column params.
	Rows [][]any
}

// New returns the table of all trials. params are the names of the parameters in the order
// of their columns; those of the trials that are not among them follow, in alphabetical
// order for each trial. d is the direction of the study's first objective, which the
// scores are values of. The trials are those of a Study or, with whatever attributes, of
// anybody else; nothing in them is an error.
func New(params []string, d search.Direction, trials []search.Trial) *Table {
	rows := newRows(d, trials)
	t := &Table{Direction: d, Rows: make([][]any, len(rows))}
	columns := columnsOf(allParams(params, trials), rows)
	for _, c := range columns {
		t.Columns = append(t.Columns, c.name)
	}
	for i, r := range rows {
		for _, c := range columns {
			t.Rows[i] = append(t.Rows[i], c.cell(r))
		}
	}
	return t
}

// FromRecord returns the table of a study in a journal, with its name, and with the
// parameters in the order of its space or, if another program has begun it, in the order in
// which they appear. It fails if what the study says of its space cannot be read. The
// record must not change meanwhile.
func FromRecord(record *search.StudyRecord) (*Table, error) {
	constants, _, err := record.Constants()
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var names []string
	for _, p := range constants.Space.Params() {
		names = append(names, p.Name)
	}
	trials := make([]search.Trial, len(record.Trials))
	for i, t := range record.Trials {
		trials[i] = t.Public()
		if raw, ok := t.Attrs[search.AttrAttempt]; ok {
			trials[i].Attrs[search.AttrAttempt] = raw // Public leaves it out
		}
		for _, d := range t.Distributions {
			names = append(names, d.Name)
		}
	}
	t := New(names, record.Directions[0], trials)
	t.Study = record.Name
	return t, nil
}

// Column returns the index of a column, by its name or by its heading in the text form.
// The error for one that is not there wraps ErrColumn.
func (t *Table) Column(name string) (int, error) {
	if i := slices.Index(t.Columns, name); i >= 0 {
		return i, nil
	}
	if i := slices.Index(headings(t.Columns), name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%w: %q (have %s)", ErrColumn, name, strings.Join(t.Columns, ", "))
}

// Select returns the table with the named columns only, in their order.
func (t *Table) Select(names ...string) (*Table, error) {
	out := *t
	out.Columns, out.Rows = nil, make([][]any, len(t.Rows))
	for _, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		out.Columns = append(out.Columns, t.Columns[c])
		for i, row := range t.Rows {
			out.Rows[i] = append(out.Rows[i], row[c])
		}
	}
	return &out, nil
}

// Filter returns the table with those rows only whose cell in a column is to be kept.
func (t *Table) Filter(column string, keep func(cell any) bool) (*Table, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	out := *t
	out.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []any) bool { return !keep(row[c]) })
	return &out, nil
}

// Sort returns the table with its rows in ascending order of a column, in descending order
// if its name begins with "-". Numbers come before texts, absent values last in either
// order, and equal ones stay as they are.
func (t *Table) Sort(column string) (*Table, error) {
	name, descending := strings.CutPrefix(column, "-")
	c, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	out := *t
	out.Rows = slices.Clone(t.Rows)
	slices.SortStableFunc(out.Rows, func(a, b []any) int {
		x, y := a[c], b[c]
		if x == nil || y == nil {
			return cmp.Compare(absence(x), absence(y))
		}
		if descending {
			x, y = y, x
		}
		return compare(x, y)
	})
	return &out, nil
}

// absence is 1 for an absent cell.
func absence(cell any) int {
	if cell == nil {
		return 1
	}
	return 0
}

// compare orders two cells that are there.
func compare(a, b any) int {
	x, xok := number(a)
	y, yok := number(b)
	switch {
	case xok && yok:
		return cmp.Compare(x, y)
	case xok:
		return -1
	case yok:
		return 1
	}
	return cmp.Compare(plain(a), plain(b))
}

// number returns a cell that is a number.
func number(cell any) (float64, bool) {
	switch x := cell.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	}
	return math.NaN(), false
}

// Top returns the table with its first n rows, or all if there are fewer.
func (t *Table) Top(n int) *Table {
	out := *t
	out.Rows = t.Rows[:max(0, min(n, len(t.Rows)))]
	return &out
}

// Essential returns those of the table's columns that a person looks at first: the trial,
// its parameters one by one, mean, deviation and rank of its scores, epochs, best epoch,
// fit time and state.
func (t *Table) Essential() []string {
	order := []string{"trial", paramPrefix, meanScore, stdScore, rankScore, "epochs", "best_epoch", "mean_fit_time", "state"}
	var out []string
	for _, want := range order {
		for _, have := range t.Columns {
			if have == want || want == paramPrefix && strings.HasPrefix(have, paramPrefix) {
				out = append(out, have)
			}
		}
	}
	return out
}
