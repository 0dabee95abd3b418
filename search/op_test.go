package search

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	opStart = time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.UTC)
	opEnd   = opStart.Add(90 * time.Second)
)

const intText = `{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 3}}`

// opLines are operations and the lines that they are written as. The lines have
// the form of those that Optuna 5.0.0 writes.
var opLines = []struct {
	op   Op
	line string
}{
	{Op{Code: CreateStudy, Worker: "w", StudyName: "a\"\u00e9\n", Directions: []Direction{Minimize, Maximize}},
		`{"op_code":0,"worker_id":"w","study_name":"a\"` + "\u00e9" + `\n","directions":[1,2]}`},
	{Op{Code: DeleteStudy, Worker: "w", StudyID: 3}, `{"op_code":1,"worker_id":"w","study_id":3}`},
	{Op{Code: StudyUserAttr, Worker: "w", StudyID: 1, Key: "k", Value: json.RawMessage(`{"a":[1,NaN]}`)},
		`{"op_code":2,"worker_id":"w","study_id":1,"user_attr":{"k":{"a":[1,NaN]}}}`},
	{Op{Code: StudySystemAttr, Worker: "w", Key: "study:metric_names", Value: json.RawMessage(`["acc"]`)},
		`{"op_code":3,"worker_id":"w","study_id":0,"system_attr":{"study:metric_names":["acc"]}}`},
	{Op{Code: CreateTrial, Worker: "w", State: Running, Start: opStart},
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-31T12:00:00.123456+00:00"}`},
	{Op{Code: CreateTrial, Worker: "w", State: Waiting, SystemAttrs: map[string]json.RawMessage{"fixed_params": json.RawMessage(`{"x":3}`)}},
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"state":4,"value":null,"values":null,"distributions":{},"params":{},"user_attrs":{},"system_attrs":{"fixed_params":{"x":3}},"intermediate_values":{}}`},
	{Op{Code: CreateTrial, Worker: "w", State: Complete, Start: opStart, Complete: opEnd, Values: []float64{0.5},
		Params: []OpParam{{"n", 2, intText}}, Reports: []Report{{1, 0.25}, {2, math.Inf(1)}}, UserAttrs: map[string]json.RawMessage{"b": json.RawMessage("1"), "a": json.RawMessage(`"x"`)}},
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-31T12:00:00.123456+00:00","state":1,"value":0.5,"values":null,"datetime_complete":"2026-01-31T12:01:30.123456+00:00","distributions":{"n":"{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 1, \"low\": 1, \"high\": 3}}"},"params":{"n":2.0},"user_attrs":{"a":"x","b":1},"system_attrs":{},"intermediate_values":{"1":0.25,"2":Infinity}}`},
	{Op{Code: SetParam, Worker: "w", TrialID: 7, Params: []OpParam{{"n", 1e-05, intText}}},
		`{"op_code":5,"worker_id":"w","trial_id":7,"param_name":"n","param_value_internal":1e-05,"distribution":"{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 1, \"low\": 1, \"high\": 3}}"}`},
	{Op{Code: SetState, Worker: "w", TrialID: 7, State: Complete, Values: []float64{1, math.Inf(-1)}, Complete: opEnd},
		`{"op_code":6,"worker_id":"w","trial_id":7,"state":1,"values":[1.0,-Infinity],"datetime_complete":"2026-01-31T12:01:30.123456+00:00"}`},
	{Op{Code: SetState, Worker: "w", TrialID: 7, State: Running, Start: opStart},
		`{"op_code":6,"worker_id":"w","trial_id":7,"state":0,"values":null,"datetime_start":"2026-01-31T12:00:00.123456+00:00"}`},
	{Op{Code: SetState, Worker: "w", TrialID: 7, State: Waiting}, `{"op_code":6,"worker_id":"w","trial_id":7,"state":4,"values":null}`},
	{Op{Code: SetIntermediate, Worker: "w", TrialID: 7, Reports: []Report{{3, math.NaN()}}},
		`{"op_code":7,"worker_id":"w","trial_id":7,"step":3,"intermediate_value":NaN}`},
	{Op{Code: TrialUserAttr, Worker: "w", TrialID: 7, Key: "k", Value: json.RawMessage("null")},
		`{"op_code":8,"worker_id":"w","trial_id":7,"user_attr":{"k":null}}`},
	{Op{Code: TrialSystemAttr, Worker: "w", TrialID: 7, Key: "k", Value: json.RawMessage("-Infinity")},
		`{"op_code":9,"worker_id":"w","trial_id":7,"system_attr":{"k":-Infinity}}`},
}

func TestOpLines(t *testing.T) {
	for _, c := range opLines {
		line, err := c.op.AppendJSON([]byte("> "))
		if err != nil || string(line) != "> "+c.line {
			t.Errorf("%v is written as\n%s, %v, want\n%s", c.op.Code, line, err, c.line)
		}
		got, err := ParseOp([]byte(c.line + "\r\n"))
		if err != nil || !sameOp(got, c.op) {
			t.Errorf("%s is read as\n%+v, %v, want\n%+v", c.line, got, err, c.op)
		}
	}
}

// sameOp compares operations; NaN equals itself.
func sameOp(a, b Op) bool {
	return reflect.DeepEqual(comparable(a), comparable(b))
}

// comparable replaces the numbers of an operation by their bits, NaN by one NaN.
func comparable(op Op) []any {
	bits := func(x float64) uint64 {
		if math.IsNaN(x) {
			return 1
		}
		return math.Float64bits(x)
	}
	var numbers []uint64
	for _, v := range op.Values {
		numbers = append(numbers, bits(v))
	}
	for _, r := range op.Reports {
		numbers = append(numbers, uint64(r.Step), bits(r.Value))
	}
	texts := []string{}
	for _, p := range op.Params {
		numbers = append(numbers, bits(p.Internal))
		texts = append(texts, p.Name, p.Distribution)
	}
	op.Values, op.Reports, op.Params = nil, nil, nil
	if len(op.UserAttrs) == 0 {
		op.UserAttrs = nil
	}
	if len(op.SystemAttrs) == 0 {
		op.SystemAttrs = nil
	}
	return []any{op, numbers, texts}
}

func TestParseOpTakesWhatOthersWrite(t *testing.T) {
	t.Setenv("TZ", "UTC")
	op, err := ParseOp([]byte(` { "future" : [ {"a":"\ud83d\ude00"} ] , "worker_id":"\u0077", "op_code":6, "values":[1,null,1e999], "state":1, "trial_id":0, "datetime_complete":"2026-01-31T13:01:30.123456+01:00" } `))
	if err != nil || op.Worker != "w" || op.Values[0] != 1 || !math.IsNaN(op.Values[1]) || !math.IsInf(op.Values[2], 1) || !op.Complete.Equal(opEnd) {
		t.Errorf("%+v, %v", op, err)
	}
	op, err = ParseOp([]byte(`{"op_code":10,"worker_id":"w","trial_ids":[1]}`))
	if err != nil || op.Code != DiscardTrials {
		t.Errorf("%+v, %v", op, err)
	}
	if _, err := op.AppendJSON(nil); err == nil {
		t.Error("an operation that Optuna may not know was written")
	}
	op, err = ParseOp([]byte(`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-31T12:00:00","user_attrs":{"k": {"a": 1}}}`))
	if err != nil || string(op.UserAttrs["k"]) != `{"a":1}` || op.Start.IsZero() {
		t.Errorf("%+v, %v", op, err)
	}
}

func TestParseOpRefuses(t *testing.T) {
	for line, want := range map[string]string{
		``:                               "it ends where an object should be",
		`[`:                              "want an object",
		`{"op_code":11,"worker_id":"w"}`: "unknown op_code 11",
		`{"worker_id":"w"}`:              "no op_code",
		`{"op_code":1,"study_id":0}`:     "lacks the field worker_id",
		`{"op_code":6,"worker_id":"w","trial_id":0,"state":1}`:                                                       "lacks the field values",
		`{"op_code":6,"worker_id":"w","trial_id":0,"state":1,"values":[1]}`:                                          "needs the time of its end",
		`{"op_code":6,"worker_id":"w","trial_id":0,"state":5,"values":null}`:                                         "unknown state 5",
		`{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"a":1,"b":2}}`:                                       "sets one attribute (got 2)",
		`{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"a":01}}`:                                            "want a comma",
		`{"op_code":0,"worker_id":"w","study_name":"s","directions":[0]}`:                                            "unknown direction 0",
		`{"op_code":1,"worker_id":"w","study_id":-1}`:                                                                "negative",
		`{"op_code":1,"worker_id":"w","study_id":1.5}`:                                                               "64 bits",
		`{"op_code":1,"worker_id":"w","study_id":0}}`:                                                                "nothing more",
		`{"op_code":1,"worker_id":"w` + "\n" + `","study_id":0}`:                                                     "control character",
		`{"op_code":1,"worker_id":"\x","study_id":0}`:                                                                "unknown escape",
		`{"op_code":1,"worker_id":"` + "\xff" + `","study_id":0}`:                                                    "UTF-8",
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"yesterday"}`:                                    "want a time such as",
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"value":1,"values":[1]}`:                    "both value and values",
		`{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"a":` + strings.Repeat("[", 2000) + `}}`:             "inside one another",
		`{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-02-30T12:00:00.000000+00:00"}`:             "want a time",
		`{"op_code":5,"worker_id":"w","trial_id":0,"param_name":"x","param_value_internal":"1","distribution":"{}"}`: "want a number",
	} {
		if op, err := ParseOp([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got %+v, %v, want an error with %q", line, op, err, want)
		}
	}
}

func TestAppendJSONRefuses(t *testing.T) {
	for want, op := range map[string]Op{
		"needs a direction":   {Code: CreateStudy, StudyName: "a"},
		"unknown direction":   {Code: CreateStudy, Directions: []Direction{3}},
		"negative":            {Code: DeleteStudy, StudyID: -1},
		"is no JSON":          {Code: TrialUserAttr, Key: "k", Value: json.RawMessage("{")},
		"not UTF-8":           {Code: TrialUserAttr, Key: "k", Value: json.RawMessage("\"\xff\"")},
		`"k" is no JSON`:      {Code: TrialUserAttr, Key: "k"},
		"one parameter":       {Code: SetParam},
		"one value":           {Code: SetIntermediate},
		"time of its start":   {Code: SetState, State: Running},
		"time of its end":     {Code: SetState, State: Failed},
		"unknown state":       {Code: SetState},
		"not among 0 to 9":    {Code: 12},
		"the years 1 to 9999": {Code: CreateTrial, Start: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if b, err := op.AppendJSON([]byte("x")); err == nil || !strings.Contains(err.Error(), want) || string(b) != "x" {
			t.Errorf("%+v: got %s, %v, want an error with %q", op, b, err, want)
		}
	}
}

func TestAppendJSONKeepsToItsLine(t *testing.T) {
	op := Op{Code: TrialUserAttr, Key: "a\nb\u2028\x00", Value: json.RawMessage("{\n \"x\" :\t[ 1 , \"a b\" ] }\r\n")}
	line, err := op.AppendJSON(nil)
	want := `{"op_code":8,"worker_id":"","trial_id":0,"user_attr":{"a\nb` + "\u2028" + `\u0000":{"x":[1,"a b"]}}}`
	if err != nil || string(line) != want || bytes.ContainsAny(line, "\n\r") {
		t.Errorf("%s, %v", line, err)
	}
}

func TestStandardJSON(t *testing.T) {
	got, err := StandardJSON(json.RawMessage(`{"a": [NaN, -Infinity, 1], "NaN": "Infinity"}`))
	if err != nil || string(got) != `{"a":["NaN","-Infinity",1],"NaN":"Infinity"}` || !json.Valid(got) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := StandardJSON(json.RawMessage(`1 2`)); err == nil {
		t.Error("two values were taken for one")
	}
}

func FuzzParseOp(f *testing.F) {
	for _, c := range opLines {
		f.Add([]byte(c.line))
	}
	f.Add([]byte(`{"op_code":4,"worker_id":"\ud800","study_id":0,"datetime_start":"2026-01-31 12:00:00+05:30","intermediate_values":{"5":1,"1":2,"2":3,"5":-0.0}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		op, err := ParseOp(line)
		if err != nil || op.Code == DiscardTrials {
			return
		}
		again, err := op.AppendJSON(nil)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", line, err)
		}
		if bytes.ContainsAny(again, "\r\n") {
			t.Fatalf("%q is more than a line", again)
		}
		got, err := ParseOp(again)
		if err != nil || !sameOp(got, op) {
			t.Fatalf("%q\nbecame %q\n%+v\n%+v, %v", line, again, op, got, err)
		}
		var r Replay
		for _, op := range []Op{{Code: CreateStudy, StudyName: "s"}, {Code: CreateTrial}, op} {
			r.Apply(op) // an error is fine
		}
	})
}
