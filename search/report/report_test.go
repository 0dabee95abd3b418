package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mnisttune/search"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// study has a trial of every kind: several evaluations, one, pruned, failed, running,
// waiting, and texts that need care in each format.
func study() *Table {
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	params := func(rate float64, batch int, rule string) search.Params {
		p := search.Params{"learning_rate": rate, "batch_size": batch, "optimizer": rule}
		if rule == "momentum" {
			p["momentum"] = 0.5
		}
		return p
	}
	t := New([]string{"learning_rate", "batch_size", "optimizer"}, search.Maximize, []search.Trial{
		{Number: 0, State: search.Complete, Params: params(0.001, 32, "adam"), Values: []float64{0.9}, Seconds: 4.5, Reports: []search.Report{{Step: 1, Value: 0.9}},
			Attrs: map[string]json.RawMessage{
				"scores": raw("[0.875, 0.925]"), "fit_seconds": raw("[2, 2.5]"), "score_seconds": raw("[0.25, 0.25]"),
				"best_epoch": raw("7"), "samples_per_second": raw("612345.678"), "mnist-tune:attempt": raw("1"),
			}},
		{Number: 1, State: search.Complete, Params: params(3e-05, 128, "momentum"), Values: []float64{0.9}, Seconds: 2, Attrs: map[string]json.RawMessage{
			"history":    raw(`[{"epoch": 1, "seconds": 0.5}, {"epoch": 2, "seconds": 0.75}]`),
			"best_epoch": raw("2"), "samples_per_second": raw("98765.4"), "mnist-tune:attempt": raw("3"),
		}},
		{Number: 2, State: search.Pruned, Params: params(0.1, 32, "a|b, \"c\""), Values: []float64{0.40625}, Seconds: 1, Reports: []search.Report{{Step: 1, Value: 0.25}, {Step: 2, Value: 0.40625}}},
		{Number: 3, State: search.Failed, Params: params(1, 64, "adam"), Error: "no | such,\nfile: *x*", Seconds: 0.125},
		{Number: 4, State: search.Running, Params: params(0.01, 64, "adam"), Reports: []search.Report{{Step: 1, Value: 0.5}}},
		{Number: 5, State: search.Waiting},
	})
	t.Study = `search "1"`
	return t
}

// form writes a table.
func form(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGoldenFiles(t *testing.T) {
	table := study()
	essential, err := table.Select(table.Essential()...)
	if err != nil {
		t.Fatal(err)
	}
	for file, write := range map[string]func(io.Writer) error{
		"study.csv":       table.WriteCSV,
		"study.json":      table.WriteJSON,
		"study.md":        table.WriteMarkdown,
		"study.txt":       func(w io.Writer) error { return table.WriteText(w, 0) },
		"essential.md":    essential.WriteMarkdown,
		"essential.txt":   func(w io.Writer) error { return essential.WriteText(w, 0) },
		"essential80.txt": func(w io.Writer) error { return essential.WriteText(w, 80) },
	} {
		got, path := form(t, write), filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s (go test ./search/report -update writes it anew):\n%s\nwant\n%s", file, got, want)
		}
	}
}

// What CSV and JSON say can be read again, to the last bit and with its type.
func TestCSVAndJSONKeepEverything(t *testing.T) {
	table := study()
	table.Rows[0][1], table.Rows[0][2] = math.Nextafter(0.1, 1), 1e21
	records, err := csv.NewReader(strings.NewReader(form(t, table.WriteCSV))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Study, Direction string
		Columns          []string
		Trials           []map[string]any
	}
	in := json.NewDecoder(strings.NewReader(form(t, table.WriteJSON)))
	in.UseNumber()
	if err := in.Decode(&object); err != nil {
		t.Fatal(err)
	}
	if object.Study != table.Study || object.Direction != "maximize" || !slices.Equal(object.Columns, table.Columns) || !slices.Equal(records[0], table.Columns) {
		t.Errorf("%q, %q, %v", object.Study, object.Direction, object.Columns)
	}
	if len(records) != len(table.Rows)+1 || len(object.Trials) != len(table.Rows) {
		t.Fatalf("%d lines, %d objects, %d rows", len(records), len(object.Trials), len(table.Rows))
	}
	for n, row := range table.Rows {
		for i, cell := range row {
			name := table.Columns[i]
			if got := records[n+1][i]; got != plain(cell) {
				t.Errorf("trial %d: %s is %q in CSV, want %q", n, name, got, plain(cell))
			}
			got := object.Trials[n][name]
			switch want := cell.(type) {
			case nil, string:
				if got != want {
					t.Errorf("trial %d: %s is %v in JSON, want %v", n, name, got, want)
				}
			case int, float64:
				x, err := got.(json.Number).Float64()
				exact, _ := number(want)
				_, isFloat := want.(float64)
				if err != nil || x != exact || strings.ContainsAny(string(got.(json.Number)), ".e") != isFloat {
					t.Errorf("trial %d: %s is %v in JSON, want %v", n, name, got, want)
				}
			case search.Params:
				if len(got.(map[string]any)) != len(want) {
					t.Errorf("trial %d: %s is %v in JSON, want %v", n, name, got, want)
				}
			}
		}
	}
}

// Texts that need quotes in CSV have them, and come back as they were.
func TestCSVQuotes(t *testing.T) {
	texts := []string{"a\nb", "a,b", `say "a"`, " a", "", "a"}
	table := &Table{Columns: []string{"error"}}
	for _, text := range texts {
		table.Rows = append(table.Rows, []any{text})
	}
	got := form(t, table.WriteCSV)
	if want := "error\r\n\"a\nb\"\r\n\"a,b\"\r\n\"say \"\"a\"\"\"\r\n\" a\"\r\n\"\"\r\na\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	records, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(records) != len(texts)+1 {
		t.Fatalf("%v, %v", records, err)
	}
	for i, text := range texts {
		if records[i+1][0] != text {
			t.Errorf("%q is read as %q", text, records[i+1][0])
		}
	}
}

// Attributes of other programs, and of ours that are something else, are not believed.
func TestStrangeTrials(t *testing.T) {
	trial := func(values []float64, attrs map[string]json.RawMessage) search.Trial {
		return search.Trial{State: search.Complete, Values: values, Params: search.Params{"flag": true, "x": math.NaN()}, Attrs: attrs}
	}
	table := New(nil, search.Minimize, []search.Trial{
		trial([]float64{2, 5}, map[string]json.RawMessage{
			"scores": json.RawMessage(`"high"`), "fit_seconds": json.RawMessage(`{`), "history": json.RawMessage(`[{"loss": NaN}]`),
			"best_epoch": json.RawMessage(`"two"`), "samples_per_second": json.RawMessage(`NaN`), "mnist-tune:attempt": json.RawMessage(`1.5`),
		}),
		trial([]float64{math.Inf(1), 4}, map[string]json.RawMessage{"scores": json.RawMessage(`[]`), "history": json.RawMessage(`[[1], [2]]`)}),
		trial([]float64{1}, map[string]json.RawMessage{"scores": json.RawMessage(`[1, null, -Infinity, [3]]`)}),
		{State: search.Failed, Seconds: 9, Attrs: map[string]json.RawMessage{ // it failed in the second epoch
			"scores": json.RawMessage(`[0.5, 0.25]`), "fit_seconds": json.RawMessage(`[2, 4]`), "history": json.RawMessage(`[{"epoch": 1, "seconds": 7}]`),
		}},
	})
	for n, want := range []map[string]any{
		{"value": 2.0, "values_0": 2.0, "values_1": 5.0, "split0_test_score": 2.0, "mean_test_score": 2.0, "std_test_score": 0.0, "rank_test_score": 1, "epochs": 1,
			"mean_fit_time": nil, "best_epoch": nil, "samples_per_second": nil, "attempt": nil, "param_flag": "true", "param_x": nil},
		{"value": math.Inf(1), "split0_test_score": math.Inf(1), "mean_test_score": math.Inf(1), "std_test_score": nil, "rank_test_score": 2, "epochs": nil},
		{"value": 1.0, "values_1": nil, "split0_test_score": 1.0, "split1_test_score": nil, "split2_test_score": math.Inf(-1), "split3_test_score": nil,
			"mean_test_score": nil, "std_test_score": nil, "rank_test_score": 3},
		{"value": nil, "split0_test_score": 0.5, "split1_test_score": 0.25, "split2_test_score": nil, "mean_test_score": nil, "std_test_score": nil, "rank_test_score": 3,
			"mean_fit_time": 3.0, "std_fit_time": 1.0, "epochs": 1, "seconds": 9.0},
	} {
		got := rowOf(t, table, n)
		for name, cell := range want {
			if have, ok := got[name]; !ok || have != cell {
				t.Errorf("row %d: %s is %v (%v), want %v", n, name, have, ok, cell)
			}
		}
	}
	for name, write := range map[string]func(io.Writer) error{"CSV": table.WriteCSV, "JSON": table.WriteJSON} {
		if text := form(t, write); strings.Contains(text, "NaN") || name == "JSON" && !json.Valid([]byte(text)) || name == "CSV" && !strings.Contains(text, "inf,") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestNoTrials(t *testing.T) {
	table := New([]string{"x"}, search.Minimize, nil)
	if len(table.Rows) != 0 || !slices.Contains(table.Columns, "param_x") || !slices.Contains(table.Columns, "split0_test_score") {
		t.Errorf("%v, %v", table.Columns, table.Rows)
	}
	if text := form(t, table.WriteJSON); !json.Valid([]byte(text)) || !strings.Contains(text, `"study": null`) || !strings.Contains(text, `"trials": []`) {
		t.Error(text)
	}
	if text := form(t, table.WriteCSV); strings.Count(text, "\r\n") != 1 {
		t.Error(text)
	}
	if text := form(t, func(w io.Writer) error { return table.WriteText(w, 80) }); !strings.Contains(text, "trial") {
		t.Error(text)
	}
}

func TestSortTopFilterSelect(t *testing.T) {
	table := study()
	numbers := func(t *Table, err error) string {
		if err != nil {
			return err.Error()
		}
		var out []any
		for _, row := range t.Rows {
			out = append(out, row[0])
		}
		return fmt.Sprint(out)
	}
	for column, want := range map[string]string{
		"rank_test_score":     "[0 1 2 3 4 5]",
		"-rank_test_score":    "[3 2 0 1 4 5]", // absent ones last all the same
		"-value":              "[0 1 2 3 4 5]",
		"param_learning_rate": "[1 0 4 2 3 5]",
		"learning_rate":       "[1 0 4 2 3 5]", // the heading
		"state":               "[0 1 3 2 4 5]",
		"params":              "[1 0 2 4 3 5]",
		"mean":                "[2 0 1 3 4 5]",
	} {
		if got := numbers(table.Sort(column)); got != want {
			t.Errorf("by %s: %s, want %s", column, got, want)
		}
	}
	if got := numbers(table.Top(2), nil); got != "[0 1]" || len(table.Top(9).Rows) != 6 || len(table.Top(-1).Rows) != 0 {
		t.Errorf("top 2: %s", got)
	}
	if got := numbers(table.Filter("state", func(cell any) bool { return cell == "running" || cell == "failed" })); got != "[3 4]" {
		t.Errorf("running and failed: %s", got)
	}
	some, err := table.Select("state", "rank", "trial")
	if err != nil || !slices.Equal(some.Columns, []string{"state", "rank_test_score", "trial"}) || !reflect.DeepEqual(some.Rows[1], []any{"complete", 1, 1}) {
		t.Errorf("%v, %v", some, err)
	}
	for _, f := range []func() (*Table, error){
		func() (*Table, error) { return table.Select("trial", "loss") },
		func() (*Table, error) { return table.Sort("loss") },
		func() (*Table, error) { return table.Filter("loss", nil) },
	} {
		if _, err := f(); !errors.Is(err, ErrColumn) || !strings.Contains(err.Error(), `"loss" (have trial, mean_fit_time`) {
			t.Errorf("%v", err)
		}
	}
	if len(table.Rows) != 6 || table.Rows[0][0] != 0 || len(table.Columns) != len(table.Rows[0]) {
		t.Error("the table itself has changed")
	}
}

// A parameter may have any name; its column is found by the exact one.
func TestNamesThatLookAlike(t *testing.T) {
	table := New([]string{"epochs", "mean"}, search.Minimize, []search.Trial{{State: search.Complete, Values: []float64{1}, Params: search.Params{"epochs": 7, "mean": 8}, Reports: make([]search.Report, 3)}})
	text := form(t, func(w io.Writer) error { return table.WriteText(w, 0) })
	for _, heading := range []string{"param_epochs", "param_mean", "mean_test_score", " epochs"} {
		if !strings.Contains(text, heading) {
			t.Errorf("%s is not in %s", heading, text)
		}
	}
	for name, want := range map[string]any{"epochs": 3, "param_epochs": 7, "param_mean": 8, "mean_test_score": 1.0} {
		if i, err := table.Column(name); err != nil || table.Rows[0][i] != want {
			t.Errorf("%s: %v, %v", name, i, err)
		}
	}
	if _, err := table.Column("mean"); !errors.Is(err, ErrColumn) {
		t.Errorf("mean is ambiguous: %v", err)
	}
}

// Floats of ordinary size have their points below each other; others keep their digits.
func TestFormatFor(t *testing.T) {
	for _, c := range []struct {
		floats []float64
		want   string
	}{
		{[]float64{0.9, 0.12345, 0}, "0.9000 0.1235 0.0000"},
		{[]float64{12.3, -0.5}, "12.300 -0.500"},
		{[]float64{123456.7, 20000}, "123457 20000"},
		{[]float64{2.5e-7, 3, 0}, "2.5e-07 3 0"},
		{[]float64{1e9, math.Inf(1)}, "1e+09 inf"},
		{nil, ""},
	} {
		var got []string
		for _, x := range c.floats {
			got = append(got, shown(x, formatFor(c.floats)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.floats, got, c.want)
		}
	}
}

// A text never has a control character of somebody's parameters or errors.
func TestTextIsTame(t *testing.T) {
	table := New(nil, search.Minimize, []search.Trial{{State: search.Failed, Params: search.Params{"a\nb": "x\x1b[2Jy\r\nz"}, Error: "one\ntwo"}})
	for name, write := range map[string]func(io.Writer) error{"text": func(w io.Writer) error { return table.WriteText(w, 20) }, "Markdown": table.WriteMarkdown} {
		if text := form(t, write); strings.ContainsAny(text, "\x1b\r") || !strings.Contains(text, "one two") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// broken is a pipe that nobody reads.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWritersReportErrors(t *testing.T) {
	table := study()
	for name, write := range map[string]func(io.Writer) error{
		"CSV": table.WriteCSV, "JSON": table.WriteJSON, "Markdown": table.WriteMarkdown, "text": func(w io.Writer) error { return table.WriteText(w, 0) },
	} {
		if err := write(broken{}); !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
