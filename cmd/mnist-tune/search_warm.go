package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"mnisttune/nn/tune"
	"mnisttune/search"
)

// oldResults are the finished trials in a CSV file.
type oldResults struct {
	file       string // empty: none
	trials     []search.Trial
	unfinished int // lines that are left out
}

// announce says how many of the results a study did not have yet.
func (r *oldResults) announce(stderr io.Writer, added int) {
	var notes []string
	if n := len(r.trials) - added; n > 0 {
		notes = append(notes, fmt.Sprintf("%d are in the study already", n))
	}
	if r.unfinished > 0 {
		notes = append(notes, fmt.Sprintf("%d are not finished", r.unfinished))
	}
	text := fmt.Sprintf("added %d earlier results from %s", added, r.file)
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	fmt.Fprintln(stderr, text)
}

// readOldResults reads a file of the form that priorHelp describes. An error names the
// file, the line and the column.
func readOldResults(file string, space search.Space, metrics []string) (oldResults, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return oldResults{}, err
	}
	return parseOldResults(file, data, space, metrics)
}

// parseOldResults reads the contents of a file.
func parseOldResults(file string, data []byte, space search.Space, metrics []string) (oldResults, error) {
	out := oldResults{file: file}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	in.TrimLeadingSpace = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return out, fmt.Errorf("%s: it is empty", file)
	}
	if err != nil {
		return out, csvError(file, err)
	}
	c, err := columnsOf(header, space, metrics)
	if err != nil {
		return out, fmt.Errorf("%s:1: %w", file, err)
	}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, csvError(file, err)
		}
		trial, at, err := c.trial(fields, space)
		switch {
		case err != nil && at < 0:
			line, _ := in.FieldPos(0)
			return out, fmt.Errorf("%s:%d: %w", file, line, err)
		case err != nil:
			line, column := in.FieldPos(at)
			return out, fmt.Errorf("%s:%d:%d: %w", file, line, column, err)
		case !trial.State.Finished():
			out.unfinished++
		default:
			out.trials = append(out.trials, trial)
		}
	}
}

// csvError names the place of an error in the form of the file.
func csvError(file string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d:%d: %w", file, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// oldColumns are the indices of a file's columns; -1 stands for one that is not there.
type oldColumns struct {
	params                         map[string]int
	values, scores, constraints    []int
	state, err, seconds, bestEpoch int
}

// columnsOf finds the columns of the parameters and of the values, one a metric.
func columnsOf(header []string, space search.Space, metrics []string) (oldColumns, error) {
	used := make([]bool, len(header))
	find := func(names ...string) int {
		for _, name := range names {
			if i := slices.Index(header, name); i >= 0 && !used[i] {
				used[i] = true
				return i
			}
		}
		return -1
	}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	c := oldColumns{params: make(map[string]int)}
	for _, p := range space.Params() {
		i := find("param_"+p.Name, "params_"+p.Name, p.Name)
		if i < 0 && p.When == nil {
			return c, fmt.Errorf("there is no column %s or param_%s (have: %s)", p.Name, p.Name, strings.Join(header, ", "))
		}
		c.params[p.Name] = i
	}
	for i, metric := range metrics {
		names := []string{fmt.Sprintf("values_%d", i), metric}
		if len(metrics) == 1 {
			names = slices.Compact([]string{"value", metric, "mean_test_score"})
		}
		at := find(names...)
		if at < 0 {
			return c, fmt.Errorf("there is no column %s (have: %s)", strings.Join(names, " or "), strings.Join(header, ", "))
		}
		c.values = append(c.values, at)
	}
	c.state, c.err, c.seconds, c.bestEpoch = find("state"), find("error"), find("seconds"), find(tune.AttrBestEpoch)
	for i := find("split0_test_score"); i >= 0; i = find(fmt.Sprintf("split%d_test_score", len(c.scores))) {
		c.scores = append(c.scores, i)
	}
	for i := find("constraint_0"); i >= 0; i = find(fmt.Sprintf("constraint_%d", len(c.constraints))) {
		c.constraints = append(c.constraints, i)
	}
	return c, nil
}

// trial reads a line. at is the field that an error is about, -1 for the line as a whole.
func (c *oldColumns) trial(fields []string, space search.Space) (t search.Trial, at int, err error) {
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	t.Params = make(search.Params)
	for _, p := range space.Params() { // in its order, so that the first error is always the same
		i := c.params[p.Name]
		if i < 0 || absent(fields[i]) {
			continue
		}
		if t.Params[p.Name], err = space.ParseValue(p.Name, fields[i]); err != nil {
			return t, i, err
		}
	}
	if t.State, err = c.stateOf(fields); err != nil || t.State != 0 && !t.State.Finished() {
		return t, c.state, err
	}
	if at, err = c.outcome(fields, &t); err != nil {
		return t, at, err
	}
	t.Params, err = space.Check(t.Params)
	return t, -1, err
}

// stateOf returns what the state's column says, 0 where it says nothing.
func (c *oldColumns) stateOf(fields []string) (s search.State, err error) {
	if c.state < 0 || fields[c.state] == "" {
		return 0, nil
	}
	text := strings.ToLower(fields[c.state])
	if text == "fail" { // Optuna's word
		text = "failed"
	}
	err = s.UnmarshalText([]byte(text))
	return s, err
}

// outcome reads what came of the trial; at is the field that an error is about.
func (c *oldColumns) outcome(fields []string, t *search.Trial) (at int, err error) {
	for _, i := range c.values {
		value, has, err := number(fields, i)
		switch {
		case err != nil:
			return i, err
		case t.State == search.Complete && !has:
			return i, errors.New("a complete trial has a value")
		case has:
			t.Values = append(t.Values, value)
		}
	}
	whole := len(t.Values) == len(c.values)
	switch {
	case t.State == 0 && whole:
		t.State = search.Complete
	case t.State == 0:
		t.State, t.Error = search.Failed, "no value"
	}
	if t.State == search.Failed || !whole {
		t.Values = nil
	}
	if t.State == search.Failed && c.err >= 0 && fields[c.err] != "" {
		t.Error = fields[c.err]
	}
	if seconds, ok, err := number(fields, c.seconds); err != nil || ok && !(seconds >= 0 && seconds < 1e9) {
		return c.seconds, fmt.Errorf("%q is no duration in seconds", fields[c.seconds])
	} else if ok {
		t.Seconds = seconds
	}
	t.Attrs = make(map[string]json.RawMessage)
	if epoch, ok, err := number(fields, c.bestEpoch); err == nil && ok && epoch >= 1 && epoch == math.Trunc(epoch) && epoch < 1<<31 {
		t.Attrs[tune.AttrBestEpoch] = json.RawMessage(strconv.Itoa(int(epoch)))
	}
	if at, err := c.readConstraints(fields, t); err != nil {
		return at, err
	}
	return -1, c.readScores(fields, t)
}

// readConstraints keeps by how much each constraint is broken, of a line that says it of all.
func (c *oldColumns) readConstraints(fields []string, t *search.Trial) (at int, err error) {
	var values []float64
	for _, i := range c.constraints {
		x, ok, err := number(fields, i)
		if err != nil {
			return i, err
		}
		if ok {
			values = append(values, x)
		}
	}
	if len(values) > 0 && len(values) == len(c.constraints) {
		t.Attrs[search.AttrConstraints], err = json.Marshal(values)
	}
	return -1, err
}

// readScores keeps the evaluations that a value is the mean of, if there are several.
func (c *oldColumns) readScores(fields []string, t *search.Trial) error {
	var scores []float64
	for _, i := range c.scores {
		if x, ok, err := number(fields, i); err == nil && ok {
			scores = append(scores, x)
		}
	}
	if len(scores) < 2 || t.State != search.Complete {
		return nil
	}
	raw, err := json.Marshal(scores)
	t.Attrs[search.AttrScores] = raw
	return err
}

// number reads a field; ok is false where the column or the number is missing or not
// finite.
func number(fields []string, i int) (x float64, ok bool, err error) {
	if i < 0 || absent(fields[i]) {
		return 0, false, nil
	}
	x, err = strconv.ParseFloat(fields[i], 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false, fmt.Errorf("%q is no number", fields[i])
	}
	return x, !math.IsInf(x, 0) && !math.IsNaN(x), nil
}

// absent reports whether a field is what pandas and numpy write where there is nothing.
func absent(field string) bool {
	return field == "" || field == "--" || strings.EqualFold(field, "nan")
}
