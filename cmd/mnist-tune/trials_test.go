package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mnisttune/search"
	"mnisttune/search/journal"
)

// tableOf runs trials as CSV and returns the rows by column.
func tableOf(t *testing.T, args ...string) []map[string]string {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"trials", "--format", "csv"}, args...)...)
	if code != exitDone || stderr != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, stderr)
	}
	records, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, record := range records[1:] {
		row := make(map[string]string)
		for i, name := range records[0] {
			row[name] = record[i]
		}
		out = append(out, row)
	}
	return out
}

// Every trial of a search has its row, whatever the method, with what the trainer noted.
func TestTrialsOfSearches(t *testing.T) {
	dir := smallData(t)
	for _, method := range []string{"grid", "random", "bayes"} {
		file := filepath.Join(t.TempDir(), "study")
		searched := callJSON(t, "search", "--data", dir, "--study", file, "--method", method, "--trials", "4", "--epochs", "2", "--seed", "5", "--pruner", "none",
			"--param", "num_layers=1,2", "--param", "learning_rate=0.001,0.01")
		rows, best := tableOf(t, "--study", file), searched["best"].(map[string]any)
		if len(rows) != 4 {
			t.Fatalf("%s: %d rows", method, len(rows))
		}
		for n, row := range rows {
			trial := searched["trials"].([]any)[n].(map[string]any)
			for name, want := range map[string]any{
				"trial": n, "state": trial["state"], "value": trial["value"], "mean_test_score": trial["value"], "split0_test_score": trial["value"],
				"std_test_score": "0.0", "best_epoch": trial["best_epoch"], "epochs": 2, "attempt": 1, "error": "",
				"param_num_layers": trial["params"].(map[string]any)["num_layers"], "samples_per_second": trial["samples_per_second"],
			} {
				if got := row[name]; got != fmt.Sprint(want) && !sameNumber(got, want) {
					t.Errorf("%s, trial %d: %s is %q, want %v", method, n, name, got, want)
				}
			}
			if row["mean_fit_time"] == "" || row["mean_score_time"] == "" || row["seconds"] == "" || row["std_fit_time"] != "0.0" {
				t.Errorf("%s, trial %d: times %v", method, n, row)
			}
			if fmt.Sprint(best["number"]) == row["trial"] && row["rank_test_score"] != "1" {
				t.Errorf("%s: the best trial has rank %s", method, row["rank_test_score"])
			}
		}
	}
}

// sameNumber reports whether a text is that number.
func sameNumber(text string, want any) bool {
	var x float64
	return json.Unmarshal([]byte(text), &x) == nil && x == want
}

// studyFile writes a study of minimizing with a trial of each state, and one that another
// program has begun.
func studyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "study")
	log, err := journal.Open(file, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	space, err := search.ParseSpace([]string{"x=0.0..1.0", "rule=a,b"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := search.OpenStudy(t.Context(), search.StudyOptions{Space: space, Journal: log, Name: "first", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	scores := [][]float64{{0.5, 0.75}, {0.25, 0.5}, {0.5, 0.25}, nil, nil}
	for n, list := range scores {
		trial, err := s.Ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o := search.Outcome{Err: errors.New("out | of memory"), Seconds: 2}
		if list != nil {
			o = search.Outcome{Values: []float64{(list[0] + list[1]) / 2}, Seconds: 2}
			if err := s.SetAttr(n, search.AttrScores, list); err != nil {
				t.Fatal(err)
			}
		}
		if n == len(scores)-1 {
			break // it runs
		}
		if _, err := s.Tell(t.Context(), trial.Number, o); err != nil {
			t.Fatal(err)
		}
	}
	err = log.Update(context.Background(), 0, func([]search.Op) ([]search.Op, error) {
		return []search.Op{
			{Code: search.CreateStudy, StudyName: "second", Directions: []search.Direction{search.Maximize, search.Minimize}},
			{Code: search.CreateTrial, StudyID: 1, State: search.Complete, Values: []float64{1, 2}, Params: []search.OpParam{
				{Name: "y", Internal: 3, Distribution: `{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 9}}`}}},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTrialsFormats(t *testing.T) {
	file := studyFile(t)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	of := func(args ...string) []string {
		return append([]string{"trials", "--study", file, "--study-name", "first"}, args...)
	}
	for _, args := range [][]string{of("--json"), of("--format", "json"), of("--format", "json", "--json")} {
		code, stdout, stderr := call(t, args...)
		if code != exitDone || stderr != "" {
			t.Fatalf("%v: %d, %s", args, code, stderr)
		}
		got := object(t, stdout)
		trials, columns := got["trials"].([]any), got["columns"].([]any)
		first := trials[0].(map[string]any)
		if got["study"] != "first" || got["direction"] != "minimize" || len(trials) != 5 || len(first) != len(columns) || !slices.Contains(columns, any("split1_test_score")) {
			t.Errorf("%v", got)
		}
		if first["mean_test_score"] != 0.625 || first["std_test_score"] != 0.125 || first["rank_test_score"] != 3.0 || first["params"].(map[string]any)["x"] != first["param_x"] {
			t.Errorf("the first trial: %v", first)
		}
	}
	code, stdout, _ := call(t, of()...)
	heading, _, _ := strings.Cut(stdout, "\n")
	if want := "trial x rule mean std rank epochs best_epoch fit_time state"; code != exitDone || strings.Join(strings.Fields(heading), " ") != want || strings.Count(stdout, "\n") != 6 {
		t.Errorf("%d\n%swant\n%s", code, stdout, want)
	}
	code, stdout, _ = call(t, of("--format", "md", "--columns", "all")...)
	if code != exitDone || !strings.Contains(stdout, `| out \| of memory |`) || strings.Count(stdout, "\n") != 7 {
		t.Errorf("%d\n%s", code, stdout)
	}
	for args, want := range map[string]string{
		"":                                  "0 1 2 3 4",
		"--top 2":                           "1 2",
		"--top 3 --state complete,failed":   "1 2 0",
		"--state running":                   "4",
		"--state failed --state running":    "3 4",
		"--sort -mean_test_score":           "0 1 2 3 4",
		"--sort mean --top 1":               "1",
		"--state waiting":                   "",
		"--columns trial --sort -trial":     "4 3 2 1 0",
		"--columns state,trial,std --top 9": "1 2 0 3 4",
	} {
		var got []string
		for _, row := range tableOf(t, append([]string{"--study", file, "--study-name", "first"}, strings.Fields(args)...)...) {
			got = append(got, row["trial"])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: trials %v, want %s", args, got, want)
		}
	}
	other := tableOf(t, "--study", file, "--study-name", "second")
	if len(other) != 1 || other[0]["values_1"] != "2.0" || other[0]["value"] != "1.0" || other[0]["param_y"] != "3" || other[0]["attempt"] != "" {
		t.Errorf("the study of another program: %v", other)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed (%v)", err)
	}
}

func TestTrialsUsage(t *testing.T) {
	file := studyFile(t)
	for args, want := range map[string]string{
		"--study-name first --format xml":        "--format xml: want table, csv, json, md",
		"--study-name first --columns trial,los": `--columns: report: no such column: "los" (have trial`,
		"--study-name first --sort los":          `--sort: report: no such column: "los"`,
		"--study-name first --top -1":            "--top must not be negative",
		"--study-name first --state done":        "--state done: want complete",
		"--study-name first --json --format csv": "--json and --format csv exclude each other",
		"--study-name third":                     `holds no study "third"`,
		"":                                       "say which with --study-name",
		"--study-name first more":                `unexpected argument "more"`,
	} {
		code, stdout, stderr := call(t, append([]string{"trials", "--study", file}, strings.Fields(args)...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 2, nothing, one line with %q", args, code, stdout, stderr, want)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	code, stdout, stderr := call(t, "trials", "--study", missing)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, missing) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("no file: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the file was made")
	}
	if code, stdout, _ := call(t, "trials", "--help"); code != exitDone || !strings.Contains(stdout, "Examples:") {
		t.Errorf("--help: %d", code)
	}
}
