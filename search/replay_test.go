package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// apply folds operations and returns which of them counted: "x" or ".".
func apply(t *testing.T, r *Replay, ops ...Op) string {
	t.Helper()
	counted := ""
	for i, op := range ops {
		applied, err := r.Apply(op)
		if err != nil {
			t.Fatalf("operation %d: %v", i, err)
		}
		counted += map[bool]string{true: "x", false: "."}[applied]
	}
	return counted
}

func param(name string, internal float64, text string) []OpParam {
	return []OpParam{{name, internal, text}}
}

const (
	unitText = `{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}`
	wideText = `{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 9.0, "log": false}}`
	wordText = `{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}`
	logText  = `{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 9.0, "log": true}}`
)

func TestReplayNumbersByAppearance(t *testing.T) {
	var r Replay
	one := []Direction{Minimize}
	got := apply(t, &r,
		Op{Code: CreateTrial, StudyID: 0}, // no study yet
		Op{Code: CreateStudy, StudyName: "a", Directions: one},
		Op{Code: CreateStudy, StudyName: "a", Directions: one}, // taken
		Op{Code: CreateStudy, StudyName: "b", Directions: []Direction{Minimize, Maximize}},
		Op{Code: CreateTrial, StudyID: 1, Worker: "w1", Start: opStart},
		Op{Code: CreateTrial, StudyID: 0, Worker: "w2", Start: opStart},
		Op{Code: CreateTrial, StudyID: 7}, // unknown
		Op{Code: CreateTrial, StudyID: 0, Worker: "w3", Start: opStart},
		Op{Code: DeleteStudy, StudyID: 0},
		Op{Code: DeleteStudy, StudyID: 0}, // gone
		Op{Code: CreateTrial, StudyID: 0}, // gone
		Op{Code: StudyUserAttr, StudyID: 0, Key: "k"},
		Op{Code: TrialUserAttr, TrialID: 1, Key: "k", Value: json.RawMessage("1")}, // its trials stay
		Op{Code: CreateStudy, StudyName: "a", Directions: one},                     // free again
		Op{Code: CreateTrial, StudyID: 2, Worker: "w1", Start: opStart},
		Op{Code: DiscardTrials},
		Op{Code: TrialUserAttr, TrialID: 4, Key: "k"}, // unknown
	)
	if want := ".x.xxx.xx...xxx.."; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	studies := r.Studies()
	if len(studies) != 2 || studies[0].Name != "b" || studies[1].ID != 2 || r.Study("a") != studies[1] || r.NextStudyID() != 3 || r.NextTrialID() != 4 {
		t.Fatalf("%+v", studies)
	}
	if trial := r.Trial(3); trial.Number != 0 || trial.Study != studies[1] || trial.ID != 3 || r.Trial(4) != nil || r.Trial(-1) != nil || r.Study("c") != nil {
		t.Errorf("%+v", trial)
	}
	if trial := r.Trial(2); trial.Number != 1 || trial.Worker != "w3" || !trial.Study.Deleted {
		t.Errorf("%+v", trial)
	}
}

func TestReplayFirstOutcomeStays(t *testing.T) {
	var r Replay
	value := json.RawMessage("1")
	got := apply(t, &r,
		Op{Code: CreateStudy, StudyName: "a", Directions: []Direction{Minimize}},
		Op{Code: CreateTrial, Worker: "w1", Start: opStart},
		Op{Code: SetState, Worker: "w2", State: Running, Start: opEnd}, // it is running
		Op{Code: SetIntermediate, Reports: []Report{{5, 1}}},
		Op{Code: SetIntermediate, Reports: []Report{{1, 2}}},
		Op{Code: SetIntermediate, Reports: []Report{{3, math.NaN()}}},
		Op{Code: SetIntermediate, Reports: []Report{{5, 3}}},
		Op{Code: TrialUserAttr, Key: "k", Value: value},
		Op{Code: TrialSystemAttr, Key: "s", Value: value},
		Op{Code: SetState, Worker: "w1", State: Pruned, Values: []float64{0.5}, Complete: opEnd},
		Op{Code: SetState, Worker: "w2", State: Complete, Values: []float64{0.7}, Complete: opEnd},
		Op{Code: TrialUserAttr, Key: "late", Value: value},
		Op{Code: SetParam, Params: param("x", 0, "not even a distribution")},
		Op{Code: SetIntermediate, Reports: []Report{{9, 1}}},
	)
	if want := "xx.xxxxxxx...."; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	trial := r.Trial(0)
	attrs := map[string]json.RawMessage{"k": value}
	if trial.State != Pruned || !reflect.DeepEqual(trial.Values, []float64{0.5}) || trial.Worker != "w1" || !trial.Start.Equal(opStart) ||
		trial.Seconds != 90 || !reflect.DeepEqual(trial.Attrs, attrs) || len(trial.SystemAttrs) != 1 {
		t.Errorf("%+v", trial)
	}
	if fmt.Sprint(trial.Reports) != "[{5 3} {1 2} {3 NaN}]" {
		t.Errorf("reports %v", trial.Reports)
	}
	copied := trial.Snapshot()
	copied.Values[0], copied.Attrs["k"] = 9, nil
	if trial.Values[0] != 0.5 || trial.Attrs["k"] == nil {
		t.Error("a snapshot shares with its trial")
	}
}

func TestReplayWaitingTrials(t *testing.T) {
	var r Replay
	apply(t, &r,
		Op{Code: CreateStudy, StudyName: "a", Directions: []Direction{Minimize}},
		Op{Code: CreateTrial, Worker: "w1", State: Waiting, SystemAttrs: map[string]json.RawMessage{
			FixedParamsKey: json.RawMessage(`{"x": 0.5, "n": 3, "w": "b", "t": true, "z": null}`)}})
	trial := r.Trial(0)
	fixed, err := trial.FixedParams()
	if want := (Params{"x": 0.5, "n": 3, "w": "b", "t": "true", "z": "null"}); err != nil || !reflect.DeepEqual(fixed, want) {
		t.Errorf("fixed %v, %v, want %v", fixed, err, want)
	}
	if trial.Worker != "" || trial.Creator != "w1" || !trial.Start.IsZero() {
		t.Errorf("%+v", trial)
	}
	got := apply(t, &r,
		Op{Code: SetState, Worker: "w2", State: Running, Start: opStart},
		Op{Code: SetState, Worker: "w3", State: Running, Start: opEnd},
		Op{Code: SetState, Worker: "w3", State: Waiting},
		Op{Code: SetState, Worker: "w3", State: Running, Start: opEnd},
		Op{Code: SetState, Worker: "w2", State: Failed, Complete: opEnd})
	if got != "x.xxx" || trial.Worker != "w3" || !trial.Start.Equal(opEnd) || trial.State != Failed || trial.Values != nil {
		t.Errorf("counted %s: %+v", got, trial)
	}
	trial.SystemAttrs[FixedParamsKey] = json.RawMessage("[1]")
	if _, err := trial.FixedParams(); err == nil {
		t.Error("a list was taken for parameters")
	}
	delete(trial.SystemAttrs, FixedParamsKey)
	if fixed, err := trial.FixedParams(); fixed != nil || err != nil {
		t.Errorf("%v, %v", fixed, err)
	}
}

func TestReplayParams(t *testing.T) {
	var r Replay
	got := apply(t, &r,
		Op{Code: CreateStudy, StudyName: "a", Directions: []Direction{Minimize}},
		Op{Code: CreateTrial, Start: opStart},
		Op{Code: CreateTrial, Start: opStart},
		Op{Code: SetParam, TrialID: 1, Params: param("x", 0.5, unitText)},
		Op{Code: SetParam, TrialID: 0, Params: param("x", 2, logText)}, // another scale
		Op{Code: SetParam, TrialID: 0, Params: param("x", 7, wideText)},
		Op{Code: SetParam, TrialID: 0, Params: param("x", 8, wideText)},
		Op{Code: SetParam, TrialID: 0, Params: param("w", 1, wordText)},
		Op{Code: SetParam, TrialID: 1, Params: param("w", 5, unitText)}, // another class, so its value is not looked at
		Op{Code: CreateTrial, Start: opStart, Params: []OpParam{{"x", 3, logText}}},
	)
	if want := "xxxx.xxx.x"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	if p := r.Trial(0).Params; !reflect.DeepEqual(p, Params{"x": 8.0, "w": "b"}) || len(r.Trial(0).Distributions) != 2 || r.Trial(0).Distribution("y") != nil {
		t.Errorf("%v, %v", p, r.Trial(0).Distributions)
	}
	if r.Trial(0).Distribution("x") != r.distributions[wideText] {
		t.Error("equal distributions are kept more than once")
	}
	for want, op := range map[string]Op{
		`parameter "x": it has no distribution`:    {Code: CreateTrial, Params: param("x", 1, "")},
		`parameter "w": search: Categorical`:       {Code: CreateTrial, Params: param("w", 2, wordText)},
		`parameter "x": search: distribution "{}"`: {Code: SetParam, Params: param("x", 2, "{}")},
		"unknown operation OpCode(11)":             {Code: 11},
	} {
		if applied, err := r.Apply(op); applied || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want an error with %q", applied, err, want)
		}
	}
	if r.NextTrialID() != 3 {
		t.Errorf("a refused trial was counted: %d", r.NextTrialID())
	}
}

// The operations of a journal are shared: folding them changes none.
func TestReplayLeavesOpsAlone(t *testing.T) {
	attrs := map[string]json.RawMessage{"a": json.RawMessage("1")}
	ops := []Op{
		{Code: CreateStudy, StudyName: "a", Directions: []Direction{Minimize}},
		{Code: CreateTrial, UserAttrs: attrs, SystemAttrs: attrs, Reports: []Report{{1, 1}}},
		{Code: TrialUserAttr, Key: "b", Value: json.RawMessage("2")},
		{Code: TrialSystemAttr, Key: "a", Value: json.RawMessage("2")},
		{Code: SetIntermediate, Reports: []Report{{1, 2}}},
	}
	var r Replay
	apply(t, &r, ops...)
	if len(attrs) != 1 || string(attrs["a"]) != "1" || ops[1].Reports[0].Value != 1 {
		t.Errorf("%v, %v", attrs, ops[1])
	}
}

func TestMemoryJournalManyWriters(t *testing.T) {
	j := NewMemoryJournal()
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 50 {
				err := j.Update(context.Background(), 0, func(tail []Op) ([]Op, error) {
					n := json.RawMessage(fmt.Sprint(len(tail)))
					return []Op{{Code: StudyUserAttr, Key: "n", Value: n}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	n := 0
	for op, err := range j.Read(t.Context(), 0) {
		if err != nil || string(op.Value) != fmt.Sprint(n) || op.Next != int64(n+1) {
			t.Fatalf("%d: %+v, %v", n, op, err)
		}
		n++
	}
	if n != 200 {
		t.Errorf("%d operations", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range j.Read(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}
