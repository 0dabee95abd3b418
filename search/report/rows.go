package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"mnisttune/search"
)

// Attributes that a trial of the trainer has, see the package's documentation.
const (
	attrHistory          = "history"
	attrBestEpoch        = "best_epoch"
	attrSamplesPerSecond = "samples_per_second"
)

// Names of columns that are used in more than one place.
const (
	paramPrefix = "param_"
	meanScore   = "mean_test_score"
	stdScore    = "std_test_score"
	rankScore   = "rank_test_score"
)

// row is a trial with what is computed from it.
type row struct {
	search.Trial
	scores  []float64 // at least one where there is a value
	score   moments
	fit     moments
	scoring moments
	rank    int // 0: none
	epochs  int // 0: unknown
}

// column is a column of a table.
type column struct {
	name string
	cell func(row) any
}

// newRows computes the rows of a study.
func newRows(d search.Direction, trials []search.Trial) []row {
	rows := make([]row, len(trials))
	below := 0 // how many have better ranks: infeasible trials come after all feasible ones
	for _, feasible := range []bool{true, false} {
		var finished []int
		var means []float64
		for i, t := range trials {
			if t.Feasible() != feasible {
				continue
			}
			if rows[i] = newRow(t); t.State.Finished() {
				finished, means = append(finished, i), append(means, rows[i].score.mean)
			}
		}
		for i, rank := range ranks(means, d) {
			rows[finished[i]].rank = below + rank
		}
		below = len(finished)
	}
	return rows
}

func newRow(t search.Trial) row {
	r := row{Trial: t, scores: list(t.Attrs[search.AttrScores]), epochs: len(t.Reports)}
	value, ok := t.Value()
	if len(r.scores) == 0 && ok {
		r.scores = []float64{value}
	}
	fits := list(t.Attrs[search.AttrFitSeconds])
	seconds := history(t.Attrs[attrHistory])
	if len(seconds) > 0 {
		r.epochs = len(seconds)
	}
	if total := sum(seconds); len(fits) == 0 && total > 0 {
		fits = []float64{total}
	} else if len(fits) == 0 && t.Seconds > 0 {
		fits = []float64{t.Seconds}
	}
	r.score, r.fit, r.scoring = momentsOf(r.scores), momentsOf(fits), momentsOf(list(t.Attrs[search.AttrScoreSeconds]))
	if !ok { // failed or not finished: not all evaluations are there
		r.score = momentsOf(nil)
	}
	return r
}

// list reads an attribute that is a list of numbers. null and texts in it, such as the NaN
// of other programs, are NaN; what is no list is empty.
func list(raw json.RawMessage) []float64 {
	var cells []any
	if !decode(raw, &cells) {
		return nil
	}
	out := make([]float64, len(cells))
	for i, cell := range cells {
		x, ok := number(cell)
		if text, isText := cell.(string); isText {
			x, ok = infinities[text]
		}
		if !ok {
			x = math.NaN()
		}
		out[i] = x
	}
	return out
}

// infinities are written so by search.StandardJSON.
var infinities = map[string]float64{"Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}

// history returns the seconds of the epochs, none if there is no history.
func history(raw json.RawMessage) []float64 {
	var epochs []struct{ Seconds float64 }
	if !decode(raw, &epochs) {
		return nil
	}
	seconds := make([]float64, len(epochs))
	for i, e := range epochs {
		seconds[i] = e.Seconds
	}
	return seconds
}

// decode reads an attribute, also one that another program has written.
func decode(raw json.RawMessage, into any) bool {
	if raw == nil {
		return false
	}
	standard, err := search.StandardJSON(raw)
	return err == nil && json.Unmarshal(standard, into) == nil
}

// allParams returns the names in their order, each once, and those that are missing.
func allParams(names []string, trials []search.Trial) []string {
	var out []string
	seen := make(map[string]bool)
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, name := range names {
		add(name)
	}
	for _, t := range trials {
		for _, name := range slices.Sorted(maps.Keys(t.Params)) {
			add(name)
		}
	}
	return out
}

// columnsOf returns the columns of a table.
func columnsOf(params []string, rows []row) []column {
	out := []column{
		{"trial", func(r row) any { return r.Number }},
		{"mean_fit_time", func(r row) any { return float(r.fit.mean) }},
		{"std_fit_time", func(r row) any { return float(r.fit.std) }},
		{"mean_score_time", func(r row) any { return float(r.scoring.mean) }},
		{"std_score_time", func(r row) any { return float(r.scoring.std) }},
	}
	for _, name := range params {
		out = append(out, column{paramPrefix + name, func(r row) any { return param(r.Params[name]) }})
	}
	out = append(out, column{"params", func(r row) any { return r.Params }})
	splits, objectives, constraints := 1, 1, 0
	for _, r := range rows {
		constraints = max(constraints, len(r.Constraints()))
		splits, objectives = max(splits, len(r.scores)), max(objectives, len(r.Values))
	}
	for i := range splits {
		out = append(out, column{fmt.Sprintf("split%d_test_score", i), func(r row) any { return at(r.scores, i) }})
	}
	out = append(out,
		column{meanScore, func(r row) any { return float(r.score.mean) }},
		column{stdScore, func(r row) any { return float(r.score.std) }},
		column{rankScore, func(r row) any { return positive(r.rank) }},
		column{"state", func(r row) any { return r.State.String() }},
		column{"value", func(r row) any { return at(r.Values, 0) }},
	)
	if objectives > 1 {
		for i := range objectives {
			out = append(out, column{"values_" + strconv.Itoa(i), func(r row) any { return at(r.Values, i) }})
		}
	}
	for i := range constraints {
		out = append(out, column{"constraint_" + strconv.Itoa(i), func(r row) any { return at(r.Constraints(), i) }})
	}
	return append(out,
		column{"epochs", func(r row) any { return positive(r.epochs) }},
		column{attrBestEpoch, func(r row) any { return positive(attr[int](r, attrBestEpoch)) }},
		column{attrSamplesPerSecond, func(r row) any { return known(attr[float64](r, attrSamplesPerSecond)) }},
		column{"seconds", func(r row) any { return known(r.Seconds) }},
		column{"error", func(r row) any { return text(r.Error) }},
		column{"attempt", func(r row) any { return positive(attr[int](r, search.AttrAttempt)) }},
	)
}

// attr reads an attribute of a trial, zero if it is missing or something else.
func attr[T any](r row, name string) (v T) {
	if !decode(r.Attrs[name], &v) {
		var zero T
		return zero
	}
	return v
}

// The cells of values that may be absent.

// param returns a parameter's cell, also where somebody's own type stands for it.
func param(v any) any {
	switch x := v.(type) {
	case nil, int, string:
		return x
	case float64:
		return float(x)
	}
	return fmt.Sprint(v)
}

func float(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

func known(x float64) any {
	if x == 0 {
		return nil
	}
	return float(x)
}

func positive(n int) any {
	if n < 1 {
		return nil
	}
	return n
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func at(list []float64, i int) any {
	if i >= len(list) {
		return nil
	}
	return float(list[i])
}
