package report

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"mnisttune/search"
	"mnisttune/search/journal"
)

// A study in a journal has the columns of its space, in order, and what the study keeps of
// its trials beside their attributes.
func TestTableOfOwnStudy(t *testing.T) {
	space, err := search.ParseSpace([]string{"x=0.0..1.0", "layers=1..3", "dropout=0.0..0.5:when=layers>=2"})
	if err != nil {
		t.Fatal(err)
	}
	log := search.NewMemoryJournal()
	study, err := search.OpenStudy(t.Context(), search.StudyOptions{Space: space, Journal: log, Name: "mine", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = search.Optimize(t.Context(), study, func(ctx context.Context, e *search.Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		if e.Number == 3 {
			return 0, errors.New("out of memory")
		}
		return x, errors.Join(e.Report(ctx, 1, x), e.SetAttr(search.AttrScores, []float64{0, 2 * x}))
	}, search.OptimizeOptions{Trials: 8})
	if err != nil {
		t.Fatal(err)
	}
	replay, err := search.ReadJournal(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	table, err := FromRecord(replay.Study("mine"))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(table.Columns, "param_x"); i < 0 || !slices.Equal(table.Columns[i:i+4], []string{"param_x", "param_layers", "param_dropout", "params"}) || table.Study != "mine" {
		t.Errorf("%q: %v", table.Study, table.Columns)
	}
	best, ok := study.Best()
	if !ok || len(table.Rows) != 8 {
		t.Fatalf("%v, %d rows", ok, len(table.Rows))
	}
	for n, trial := range study.Trials() {
		row := rowOf(t, table, n)
		layers, _ := trial.Params.Int("layers")
		if row["attempt"] != 1 || row["param_layers"] != layers || (row["param_dropout"] != nil) != (layers >= 2) {
			t.Errorf("trial %d: %v", n, row)
		}
		if n == 3 {
			if row["error"] != "out of memory" || row["state"] != "failed" || row["mean_test_score"] != nil || row["rank_test_score"] != 8 {
				t.Errorf("the failed trial: %v", row)
			}
			continue
		}
		if row["value"] != trial.Values[0] || row["std_test_score"] != trial.Values[0] || row["epochs"] != 1 || (row["rank_test_score"] == 1) != (n == best.Number) {
			t.Errorf("trial %d: %v", n, row)
		}
	}
}

// Studies that Optuna has written are shown with what they have.
func TestTableOfOptunaStudies(t *testing.T) {
	for _, file := range []string{"optuna-3.2.0.log", "optuna-5.0.0.log"} {
		log, err := journal.Open("../journal/testdata/"+file, journal.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		replay, err := search.ReadJournal(t.Context(), log)
		if err != nil {
			t.Fatal(err)
		}
		several := 0
		for _, record := range replay.Studies() {
			table, err := FromRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			if len(table.Rows) != len(record.Trials) {
				t.Errorf("%s: %d rows, %d trials", record.Name, len(table.Rows), len(record.Trials))
			}
			if slices.Contains(table.Columns, "values_1") != (len(record.Directions) > 1) {
				t.Errorf("%s: %d objectives, columns %v", record.Name, len(record.Directions), table.Columns)
			}
			for n, trial := range record.Trials {
				row := rowOf(t, table, n)
				if value, ok := trial.Value(); row["value"] != row["split0_test_score"] || ok && row["value"] != float(value) || row["attempt"] != nil {
					t.Errorf("%s, trial %d: %v", record.Name, n, row)
				}
				for name, value := range trial.Params {
					if row["param_"+name] != value {
						t.Errorf("%s, trial %d: %s is %v, want %v", record.Name, n, name, row["param_"+name], value)
					}
				}
				if len(record.Directions) > 1 && len(trial.Values) > 1 {
					several++
					if row["values_0"] != trial.Values[0] || row["values_1"] != trial.Values[1] {
						t.Errorf("%s, trial %d: %v, want %v", record.Name, n, row, trial.Values)
					}
				}
			}
			if text := form(t, table.WriteJSON); !json.Valid([]byte(text)) {
				t.Errorf("%s: no JSON: %s", record.Name, text)
			}
		}
		if several == 0 {
			t.Errorf("%s: no trial of several objectives was seen", file)
		}
	}
}

func TestUnreadableSpace(t *testing.T) {
	record := &search.StudyRecord{Name: "x", Directions: []search.Direction{search.Minimize}, UserAttrs: map[string]json.RawMessage{search.AttrStudy: json.RawMessage(`{"space": 1}`)}}
	if _, err := FromRecord(record); err == nil || !strings.HasPrefix(err.Error(), "report: ") {
		t.Errorf("%v", err)
	}
}
