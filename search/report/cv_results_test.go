package report

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"mnisttune/search"
)

// cvResults is what testdata/cv_results.py writes; null is NaN.
type cvResults struct {
	Program string
	Cases   []cvCase
	Times   []struct {
		Values    []float64
		Mean, Std float64
	}
}

type cvCase struct {
	Name      string
	Direction string
	Params    []map[string]any
	Scores    [][]*float64
	Columns   map[string][]any
}

func readCVResults(t *testing.T) cvResults {
	t.Helper()
	data, err := os.ReadFile("testdata/cv_results.json")
	if err != nil {
		t.Fatal(err)
	}
	var r cvResults
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Program, "scikit-learn 1.9.1") || len(r.Cases) < 5 || len(r.Times) < 20 {
		t.Fatalf("%s: %d cases, %d lists of times", r.Program, len(r.Cases), len(r.Times))
	}
	return r
}

// trials are the candidates as a study has them. Where it minimizes, the scores are not
// negated. A candidate with a split that failed is a failed trial; its scores are as
// Python would have written them.
func (c cvCase) trials(t *testing.T) (search.Direction, []search.Trial) {
	d, sign := search.Maximize, 1.0
	if c.Direction == "minimize" {
		d, sign = search.Minimize, -1
	}
	var out []search.Trial
	for i, scores := range c.Scores {
		trial := search.Trial{Number: i, State: search.Complete, Params: search.Params{}, Attrs: map[string]json.RawMessage{}}
		for name, value := range c.Params[i] {
			trial.Params[name] = value
		}
		var words []string
		var values []float64
		for _, s := range scores {
			if s == nil {
				trial.State = search.Failed
				words = append(words, "NaN")
				continue
			}
			text, err := json.Marshal(sign * *s)
			if err != nil {
				t.Fatal(err)
			}
			words, values = append(words, string(text)), append(values, sign**s)
		}
		if len(scores) > 1 {
			trial.Attrs[search.AttrScores] = json.RawMessage("[" + strings.Join(words, ", ") + "]")
		}
		if trial.State == search.Complete {
			trial.Values = []float64{momentsOf(values).mean}
		}
		out = append(out, trial)
	}
	return d, out
}

// On the same scores the table has the columns and, to the last bit, the numbers of
// scikit-learn.
func TestTableIsCVResults(t *testing.T) {
	for _, c := range readCVResults(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			d, trials := c.trials(t)
			table := New(nil, d, trials)
			if len(table.Rows) != len(c.Params) || len(c.Params) < 2 {
				t.Fatalf("%d rows, %d candidates", len(table.Rows), len(c.Params))
			}
			for name, want := range c.Columns {
				i, err := table.Column(name)
				if err != nil {
					t.Fatal(err)
				}
				negated := d == search.Minimize && strings.HasSuffix(name, "_test_score") && !strings.HasPrefix(name, "std") && !strings.HasPrefix(name, "rank")
				for n, row := range table.Rows {
					got := row[i]
					if x, ok := got.(float64); ok && negated {
						got = -x
					}
					if x, ok := got.(int); ok {
						got = float64(x) // as JSON has it
					}
					if got != want[n] {
						t.Errorf("candidate %d: %s is %v, scikit-learn has %v", n, name, got, want[n])
					}
				}
			}
			for _, name := range table.Columns {
				if _, ok := c.Columns[name]; !ok && (strings.HasPrefix(name, "param_") || strings.HasSuffix(name, "_test_score")) {
					t.Errorf("the column %s is none of scikit-learn's", name)
				}
			}
			params, err := table.Column("params")
			for n, row := range table.Rows {
				if err != nil || !reflect.DeepEqual(map[string]any(row[params].(search.Params)), c.Params[n]) {
					t.Errorf("candidate %d: params %v, want %v", n, row[params], c.Params[n])
				}
			}
		})
	}
}

// Times have NumPy's mean and deviation for any number of evaluations, to the last bit.
func TestTimesAreNumPys(t *testing.T) {
	for _, want := range readCVResults(t).Times {
		seconds, err := json.Marshal(want.Values)
		if err != nil {
			t.Fatal(err)
		}
		table := New(nil, search.Maximize, []search.Trial{{State: search.Complete, Values: []float64{1}, Attrs: map[string]json.RawMessage{
			search.AttrFitSeconds: seconds, search.AttrScoreSeconds: seconds,
		}}})
		cells := rowOf(t, table, 0)
		for _, kind := range []string{"fit", "score"} {
			if mean, std := cells["mean_"+kind+"_time"], cells["std_"+kind+"_time"]; mean != want.Mean || std != want.Std {
				t.Errorf("%d %s times: mean %v, std %v; NumPy has %v, %v", len(want.Values), kind, mean, std, want.Mean, want.Std)
			}
		}
	}
}

// rowOf returns a row by the names of its columns.
func rowOf(t *testing.T, table *Table, n int) map[string]any {
	t.Helper()
	if len(table.Rows) <= n || len(table.Rows[n]) != len(table.Columns) {
		t.Fatalf("no row %d with %d cells in %v", n, len(table.Columns), table.Rows)
	}
	out := make(map[string]any)
	for i, name := range table.Columns {
		if _, twice := out[name]; twice {
			t.Errorf("the column %s is there twice", name)
		}
		out[name] = table.Rows[n][i]
	}
	return out
}

func TestRanks(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		d     search.Direction
		means []float64
		want  []int
	}{
		{search.Maximize, []float64{3, 1, 3, 2}, []int{1, 4, 1, 3}},
		{search.Minimize, []float64{3, 1, 3, 2}, []int{3, 1, 3, 2}},
		{search.Minimize, []float64{nan, 1, nan, 0}, []int{3, 2, 3, 1}},
		{search.Maximize, []float64{nan, math.Inf(-1), math.Inf(1)}, []int{3, 2, 1}},
		{search.Maximize, []float64{nan, nan}, []int{1, 1}},
		{search.Maximize, nil, []int{}},
	} {
		if got := ranks(c.means, c.d); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%v %v: %v, want %v", c.d, c.means, got, c.want)
		}
	}
}
