package journal

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mnisttune/search"
)

var update = flag.Bool("update", false, "write testdata/golden.log anew")

// replay folds a log.
func replay(t testing.TB, j search.Journal) *search.Replay {
	t.Helper()
	var r search.Replay
	for _, op := range readAll(t, j, 0) {
		if _, err := r.Apply(op); err != nil {
			t.Fatal(err)
		}
	}
	return &r
}

// dump returns what testdata/dump.py prints of the same log, as decoded JSON.
func dump(t testing.TB, r *search.Replay) any {
	t.Helper()
	studies := []any{}
	for _, s := range r.Studies() {
		trials, directions := []any{}, []int{}
		for _, trial := range s.Trials {
			trials = append(trials, dumpTrial(trial))
		}
		for _, d := range s.Directions {
			directions = append(directions, int(d))
		}
		studies = append(studies, map[string]any{
			"id": s.ID, "name": s.Name, "directions": directions, "user_attrs": attrs(s.UserAttrs), "system_attrs": attrs(s.SystemAttrs), "trials": trials,
		})
	}
	data, err := json.Marshal(studies)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

func dumpTrial(t *search.TrialRecord) map[string]any {
	states := map[search.State]string{search.Running: "RUNNING", search.Complete: "COMPLETE", search.Pruned: "PRUNED", search.Failed: "FAIL", search.Waiting: "WAITING"}
	out := map[string]any{
		"number": t.Number, "id": t.ID, "state": states[t.State], "params": t.Params, "user_attrs": attrs(t.Attrs), "system_attrs": attrs(t.SystemAttrs),
		"start": when(t.Start), "complete": when(t.Complete), "values": nil,
	}
	if t.Values != nil {
		values := []any{}
		for _, v := range t.Values {
			values = append(values, numeral(v))
		}
		out["values"] = values
	}
	reports, distributions := map[string]any{}, map[string]string{}
	for _, r := range t.Reports {
		reports[fmt.Sprint(r.Step)] = numeral(r.Value)
	}
	for _, d := range t.Distributions {
		distributions[d.Name] = d.Distribution.String()
	}
	out["reports"], out["distributions"] = reports, distributions
	return out
}

func attrs(m map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for k, v := range m {
		out[k], _ = search.StandardJSON(v) // an error is nil, which differs
	}
	return out
}

// numeral is a number as StandardJSON writes it.
func numeral(x float64) any {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 0):
		return strings.TrimPrefix(strings.Replace(fmt.Sprint(x), "Inf", "Infinity", 1), "+")
	}
	return x
}

func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format("2006-01-02T15:04:05.000000-07:00")
}

func decode(t testing.TB, data []byte) (out any) {
	t.Helper()
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// optunaDump decodes what dump.py printed.
func optunaDump(t testing.TB, data []byte) any {
	t.Helper()
	standard, err := search.StandardJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, standard).(map[string]any)["studies"]
}

// checkDumps compares two dumps and names the first difference.
func checkDumps(t testing.TB, what string, got, want any) {
	t.Helper()
	if path, g, w := difference("", got, want); path != "" {
		t.Errorf("%s: at %s ours is %v, Optuna's is %v", what, path, g, w)
	}
}

func difference(path string, got, want any) (string, any, any) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return path, got, want
		}
		all := maps.Clone(w)
		maps.Copy(all, g)
		for k := range all {
			if p, a, b := difference(path+"."+k, g[k], w[k]); p != "" {
				return p, a, b
			}
		}
		return "", nil, nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return path, got, want
		}
		for i := range w {
			if p, a, b := difference(fmt.Sprintf("%s[%d]", path, i), g[i], w[i]); p != "" {
				return p, a, b
			}
		}
		return "", nil, nil
	}
	if !reflect.DeepEqual(got, want) {
		return path, got, want
	}
	return "", nil, nil
}

// testdata/optuna-V.log was written by testdata/write.py with Optuna V, the .json
// beside it by testdata/dump.py with Optuna 5.0.0: what that makes of the log, ours
// makes of it.
func TestLogsOfOptuna(t *testing.T) {
	for _, version := range []string{"3.2.0", "5.0.0"} {
		t.Run(version, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", "optuna-"+version+".log"), Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			r := replay(t, f)
			checkDumps(t, f.Path(), dump(t, r), optunaDump(t, []byte(content(t, "testdata/optuna-"+version+".json"))))
			checkOptunasStudy(t, r)
		})
	}
}

// checkOptunasStudy looks at what the dumps do not say.
func checkOptunasStudy(t *testing.T, r *search.Replay) {
	s := r.Study("one \"\u00e9\U0001f600\"")
	if s == nil || len(s.Trials) != 8 || len(r.Studies()) != 3 {
		t.Fatalf("%+v", r.Studies())
	}
	first := s.Trials[0]
	want := search.Params{"rate": 0.01, "layers": 2, "dropout": first.Params["dropout"], "width": first.Params["width"], "batch": first.Params["batch"], "rule": first.Params["rule"]}
	if !reflect.DeepEqual(first.Params, want) || first.State != search.Complete || first.Reports[5] != (search.Report{Step: 100, Value: 0.7}) || first.Worker == "" || first.Seconds <= 0 {
		t.Errorf("%+v", first)
	}
	fixed, err := s.Trials[1].FixedParams()
	if err != nil || !reflect.DeepEqual(fixed, search.Params{"rate": 0.02}) || s.Trials[1].State != search.Waiting || s.Trials[1].Worker != "" {
		t.Errorf("the enqueued trial asks for %v, %v: %+v", fixed, err, s.Trials[1])
	}
	if batch, ok := first.Params.Int("batch"); !ok || first.Distribution("batch").Param("batch").Kind != search.Choice {
		t.Errorf("batch is %v", batch)
	}
}

// goldenOps are a study as ours is written: float, log, integer and list
// parameters, reports, attributes, and trials in every state.
func goldenOps(t testing.TB) []search.Op {
	t.Helper()
	space, err := search.ParseSpace([]string{"rate=1e-05..0.1:log", "layers=1..3", "width=8..60:step=8", "dropout=0.0..0.5:step=0.1", "batch=128,32", "rule=sgd,adam"})
	if err != nil {
		t.Fatal(err)
	}
	spaceJSON, err := json.Marshal(space)
	if err != nil {
		t.Fatal(err)
	}
	params := func(values ...any) (out []search.OpParam) {
		for i, p := range space.Params() {
			d, err := search.DistributionOf(p)
			if err != nil {
				t.Fatal(err)
			}
			x, err := d.Internal(values[i])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, search.OpParam{Name: p.Name, Internal: x, Distribution: d.String()})
		}
		return out
	}
	start := time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.UTC)
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	note := map[string]json.RawMessage{"seed": raw("1"), "ü": raw(`{"a": [1, 2.5, null]}`)}
	ops := []search.Op{
		{Code: search.CreateStudy, StudyName: "golden ü", Directions: []search.Direction{search.Maximize}},
		{Code: search.StudyUserAttr, Key: "space", Value: spaceJSON},
		{Code: search.StudySystemAttr, Key: "study:metric_names", Value: raw(`["accuracy"]`)},
		{Code: search.CreateTrial, Start: start, Params: params(1e-3, 2, 16, 0.3, 32, "adam"), UserAttrs: note},
		{Code: search.SetIntermediate, TrialID: 0, Reports: []search.Report{{Step: 1, Value: 0.5}}},
		{Code: search.SetIntermediate, TrialID: 0, Reports: []search.Report{{Step: 2, Value: 1}}},
		{Code: search.TrialUserAttr, TrialID: 0, Key: "history", Value: raw("[0.5, 1.0]")},
		{Code: search.SetState, TrialID: 0, State: search.Complete, Values: []float64{1}, Complete: start.Add(time.Minute)},
		{Code: search.CreateTrial, Start: start, Params: params(0.012345678901234567, 1, 56, 0.0, 128, "sgd")},
		{Code: search.SetState, TrialID: 1, State: search.Pruned, Values: []float64{0.25}, Complete: start.Add(time.Second)},
		{Code: search.CreateTrial, Start: start, Params: params(1e-5, 3, 8, 0.5, 128, "sgd")},
		{Code: search.TrialUserAttr, TrialID: 2, Key: "error", Value: raw(`"it \"failed\"\n"`)},
		{Code: search.SetState, TrialID: 2, State: search.Failed, Complete: start.Add(time.Second)},
		{Code: search.CreateTrial, State: search.Waiting, SystemAttrs: map[string]json.RawMessage{search.FixedParamsKey: raw(`{"rate": 0.1}`)}},
		{Code: search.CreateTrial, State: search.Complete, Start: start, Complete: start.Add(time.Hour), Params: params(0.1, 1, 8, 0.1, 32, "sgd"),
			Values: []float64{0.125}, Reports: []search.Report{{Step: 1, Value: 0.0625}}},
		{Code: search.CreateTrial, Start: start, Params: params(0.1, 2, 24, 0.2, 32, "adam")},
		{Code: search.CreateStudy, StudyName: "two", Directions: []search.Direction{search.Minimize, search.Maximize}},
		{Code: search.CreateTrial, StudyID: 1, Start: start},
		{Code: search.SetParam, TrialID: 6, Params: params(0.1, 2, 24, 0.2, 32, "adam")[:1]},
		{Code: search.SetState, TrialID: 6, State: search.Complete, Values: []float64{1e-7, math.Inf(1)}, Complete: start.Add(time.Minute)},
	}
	for i := range ops {
		ops[i].Worker = "host-1"
	}
	return ops
}

// testdata/golden.log is what ours writes; golden.json is what Optuna 5.0.0 makes
// of it (testdata/dump.py).
func TestGoldenLog(t *testing.T) {
	f := newLog(t, Options{})
	add(t, f, goldenOps(t)...)
	got := content(t, f.Path())
	if *update {
		if err := os.WriteFile("testdata/golden.log", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got != content(t, "testdata/golden.log") {
		t.Errorf("the log is not testdata/golden.log but\n%s", got)
	}
	checkDumps(t, "golden.log", dump(t, replay(t, f)), optunaDump(t, []byte(content(t, "testdata/golden.json"))))
	s := replay(t, f).Study("golden ü")
	var space search.Space
	if err := json.Unmarshal(s.UserAttrs["space"], &space); err != nil || space.Len() != 6 {
		t.Errorf("the space is %v, %v", space, err)
	}
	p := s.Trials[0].Params
	if p, err := space.Check(p); err != nil || !reflect.DeepEqual(p, search.Params{"rate": 1e-3, "layers": 2, "width": 16, "dropout": 0.3, "batch": 32, "rule": "adam"}) {
		t.Errorf("the parameters are %v, %v", p, err)
	}
}

// appendTrials asks for and tells n trials of a study, each in three operations
// with a pause after it.
func appendTrials(ctx context.Context, f *File, study string, n int, pause time.Duration) error {
	var r search.Replay
	var position int64
	apply := func(ops []search.Op) error {
		for _, op := range ops {
			if _, err := r.Apply(op); err != nil {
				return err
			}
			position = op.Next
		}
		return nil
	}
	d, err := search.DistributionOf(search.LogFloat("rate", 1e-5, 1e-1))
	if err != nil {
		return err
	}
	for range n {
		time.Sleep(pause)
		id := 0
		for step := range 3 {
			err := f.Update(ctx, position, func(tail []search.Op) ([]search.Op, error) {
				if err := apply(tail); err != nil {
					return nil, err
				}
				op := search.Op{Worker: "ours", TrialID: id}
				switch step {
				case 0:
					id = r.NextTrialID()
					op.Code, op.StudyID, op.Start = search.CreateTrial, r.Study(study).ID, time.Now()
					op.Params = []search.OpParam{{Name: "rate", Internal: 0.01, Distribution: d.String()}}
				case 1:
					op.Code, op.Reports = search.SetIntermediate, []search.Report{{Step: 1, Value: 0.5}}
				default:
					op.Code, op.State, op.Values, op.Complete = search.SetState, search.Complete, []float64{0.5}, time.Now()
				}
				return []search.Op{op}, nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
