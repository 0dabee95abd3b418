package tune

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"mnisttune/nn"
	"mnisttune/search"
)

// A search for accuracy and size under a bound: bigger networks are never trained, and
// both values are there.
func TestObjectivesAndConstraints(t *testing.T) {
	o := &Objective{Base: nn.Config{Epochs: 2, Seed: 3}, Train: rows{1, 200}, Val: rows{2, 100}, Others: []string{"parameters", "latency"}}
	for _, text := range []string{"parameters<=100", "val_accuracy >= 0.1", "seconds<=1e-9"} {
		c, err := ParseConstraint(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Constraints = append(o.Constraints, c)
	}
	if got := o.Directions(); !reflect.DeepEqual(got, []search.Direction{search.Maximize, search.Minimize, search.Minimize}) {
		t.Fatalf("directions %v", got)
	}
	space, err := search.ParseSpace([]string{"width=2..40", "num_layers=1..2"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: space, Directions: o.Directions(), Feasible: o.Feasible, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := search.OptimizeMulti(t.Context(), study, o.EvaluateAll, search.OptimizeOptions{Trials: 10}); err != nil {
		t.Fatal(err)
	}
	for _, trial := range study.Trials() {
		width, _ := trial.Params.Int("width")
		layers, _ := trial.Params.Int("num_layers")
		parameters := (4+1)*width + (layers-1)*(width+1)*width + (width+1)*2
		if len(trial.Values) != 3 || trial.Values[1] != float64(parameters) || parameters > 100 || trial.Values[2] <= 0 {
			t.Errorf("%v: values %v, want %d parameters", trial.Params, trial.Values, parameters)
		}
		c := trial.Constraints()
		if len(c) != 3 || c[0] != float64(parameters-100) || c[1] != 0.1-trial.Values[0] || c[2] <= 0 || trial.Feasible() {
			t.Errorf("%v: constraints %v", trial.Params, c)
		}
		if len(trial.Reports) != 0 || len(historyOf(t, trial)) != 2 {
			t.Errorf("%v: reports %v", trial.Params, trial.Reports)
		}
	}
	if n := len(study.Trials()); n != 10 {
		t.Errorf("%d trials", n)
	}
}

func TestParseConstraint(t *testing.T) {
	for text, want := range map[string]string{
		"parameters<=5e4":   "parameters<=50000",
		" val_loss >= 0.5 ": "val_loss>=0.5",
		"parameters<5":      "want MEASURE<=BOUND or MEASURE>=BOUND",
		"size<=5":           `no measure "size" (have: parameters, samples_per_second,`,
		"latency<=fast":     `the bound "fast" is no number`,
		"latency<=NaN":      "is no number",
		"seconds<=":         "is no number",
	} {
		c, err := ParseConstraint(text)
		if err == nil && c.String() != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", text, c, err, want)
		}
	}
}

// The value of an objective is the one that its constraint was judged by.
func TestMeasuresAreTakenOnce(t *testing.T) {
	now, calls := time.Unix(0, 0), 0
	o := &Objective{Base: nn.Config{Epochs: 1, Width: nn.Widths{4}}, Train: rows{1, 50}, Val: rows{2, 50}, Others: []string{"latency"},
		Constraints: []Constraint{{Measure: "latency", Bound: 0}}}
	o.Options.Clock = func() time.Time { // slower with every look
		calls++
		now = now.Add(time.Duration(calls) * time.Millisecond)
		return now
	}
	space, err := search.ParseSpace([]string{"learning_rate=0.01,0.02"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: space, Directions: o.Directions(), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := search.OptimizeMulti(t.Context(), study, o.EvaluateAll, search.OptimizeOptions{Trials: 1}); err != nil {
		t.Fatal(err)
	}
	trial := study.Trials()[0]
	if c := trial.Constraints(); len(c) != 1 || len(trial.Values) != 2 || c[0] != trial.Values[1] || c[0] <= 0 {
		t.Errorf("values %v, constraints %v", trial.Values, c)
	}
}
