package searchtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mnisttune/search"
)

// checkPositions reads from every position, and again when there is more.
func checkPositions(r reporter, js journals) {
	if ops := read(r, js.j, 0); len(ops) != 0 {
		r.Fatalf("a new journal holds %q", keys(ops))
	}
	add(r, js.j, attr("w", "a", 1), attr("w", "b", 2))
	add(r, js.other, attr("w", "c", 3))
	for round := range 2 {
		all := read(r, js.j, 0)
		if want := []string{"a", "b", "c", "d"}[:3+round]; !slices.Equal(keys(all), want) {
			r.Fatalf("got the operations %q, want %q", keys(all), want)
		}
		last := int64(0)
		for i := range len(all) + 1 {
			for _, j := range []search.Journal{js.j, js.other} {
				if diff := sameOps(read(r, j, last), all[i:]); diff != "" {
					r.Errorf("read after %d operations: %s", i, diff)
				}
				var seen []search.Op
				err := j.Update(r.Context(), last, func(tail []search.Op) ([]search.Op, error) {
					seen = slices.Clone(tail)
					return nil, nil
				})
				if diff := sameOps(seen, all[i:]); err != nil || diff != "" {
					r.Errorf("an update after %d operations sees another tail: %v %s", i, err, diff)
				}
			}
			if i < len(all) && all[i].Next <= last {
				r.Fatalf("after operation %d the position is %d, before it %d", i, all[i].Next, last)
			} else if i < len(all) {
				last = all[i].Next
			}
		}
		if round == 0 {
			add(r, js.other, attr("w", "d", 4))
		}
	}
	for _, from := range []int64{-1, 1 << 40} {
		if _, err := collect(r.Context(), js.j, from); err == nil {
			r.Errorf("reading from position %d, which there is not, is no error", from)
		}
		if err := js.j.Update(r.Context(), from, func([]search.Op) ([]search.Op, error) { return nil, nil }); err == nil {
			r.Errorf("an update from position %d, which there is not, is no error", from)
		}
	}
}

// checkDecide looks at what decide sees and what becomes of what it returns.
func checkDecide(r reporter, js journals) {
	add(r, js.j, attr("w", "a", 1))
	position := read(r, js.j, 0)[0].Next
	add(r, js.other, attr("w", "b", 2))
	before := read(r, js.j, 0)
	refused := errors.New("refused")
	err := js.j.Update(r.Context(), position, func(tail []search.Op) ([]search.Op, error) {
		return []search.Op{attr("w", "lost", 0)}, refused
	})
	if err != refused {
		r.Errorf("decide has refused: got the error %v, want its own", err)
	}
	if diff := sameOps(read(r, js.j, 0), before); diff != "" {
		r.Errorf("decide has refused: %s", diff)
	}
	if err := js.j.Update(r.Context(), position, func([]search.Op) ([]search.Op, error) { return []search.Op{}, nil }); err != nil {
		r.Errorf("decide appends nothing: %v", err)
	}
	// A check of what others have done decides what is appended.
	for _, j := range []search.Journal{js.j, js.other, js.j} {
		err := j.Update(r.Context(), position, func(tail []search.Op) ([]search.Op, error) {
			if slices.Contains(keys(tail), "c") {
				return nil, nil
			}
			op := attr("w", "c", len(tail))
			op.Next = 99 // not read
			return []search.Op{op, attr("w", "d", len(tail))}, nil
		})
		if err != nil {
			r.Errorf("check and append: %v", err)
		}
	}
	after := read(r, js.j, 0)
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(keys(after), want) {
		r.Fatalf("check and append, three times: got %q, want %q", keys(after), want)
	}
	if diff := sameOps(after[:2], before); diff != "" {
		r.Errorf("what was there before an update has changed: %s", diff)
	}
	if after[2].Next == 99 || string(after[2].Value) != "1" {
		r.Errorf("the operation that was appended is %+v", after[2])
	}
}

// checkAllOrNothing appends operations of which one cannot be written.
func checkAllOrNothing(r reporter, js journals) {
	add(r, js.j, attr("w", "a", 1))
	for name, bad := range map[string]search.Op{
		"no state": {Code: search.SetState}, "unknown code": {Code: 99}, "no JSON": {Code: search.StudyUserAttr, Key: "k", Value: json.RawMessage("{")},
	} {
		for i := range 3 {
			ops := slices.Insert([]search.Op{attr("w", "b", 2), attr("w", "c", 3)}, i, bad)
			err := js.j.Update(r.Context(), 0, func([]search.Op) ([]search.Op, error) { return ops, nil })
			if err == nil {
				r.Errorf("an operation that makes no sense (%s) was appended", name)
			}
			if got := keys(read(r, js.other, 0)); !slices.Equal(got, []string{"a"}) {
				r.Fatalf("beside an operation that makes no sense (%s) were appended %q", name, got[1:])
			}
		}
	}
}

// checkOwnership changes an operation after it was appended.
func checkOwnership(r reporter, js journals) {
	op := search.Op{Code: search.SetState, State: search.Complete, Values: []float64{1}, Complete: time.Unix(1e9, 0).UTC(), Worker: "w"}
	value := attr("w", "a", 1)
	want := []string{line(op), line(value)}
	add(r, js.j, op, value)
	op.Values[0], value.Value[0] = 2, '2'
	for i, got := range read(r, js.j, 0) {
		if line(got) != want[i] {
			r.Errorf("the journal keeps memory of its caller: %s, want %s", line(got), want[i])
		}
	}
}

// checkRoundTrip appends operations of every code, each with all that it can hold, in
// one piece and one by one.
func checkRoundTrip(r reporter, js journals) {
	ops := allOps()
	add(r, js.j, ops...)
	for _, op := range ops {
		add(r, js.other, op)
	}
	got := read(r, js.j, 0)
	if diff := sameOps(read(r, js.other, 0), got); diff != "" {
		r.Errorf("who has opened the journal elsewhere reads something else: %s", diff)
	}
	if len(got) != 2*len(ops) {
		r.Fatalf("got %d operations, want %d", len(got), 2*len(ops))
	}
	for i := range got {
		want := ops[i%len(ops)]
		if line(got[i]) != line(want) {
			r.Errorf("%s:\ngot  %.300s\nwant %.300s", want.Code, line(got[i]), line(want))
		}
	}
}

// allOps returns operations of every code that may be written.
func allOps() []search.Op {
	start := time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.FixedZone("", 3600))
	end := start.Add(90*time.Second + time.Microsecond)
	const odd = "a\"b\\c\n\t\x00\u2028é😀 "
	numbers := []float64{1, -0.5, 1e308, -math.MaxFloat64, 5e-324, 1.0 / 3, math.NaN(), math.Inf(1), math.Inf(-1)}
	var reports []search.Report
	for i, x := range numbers {
		reports = append(reports, search.Report{Step: i * i, Value: x})
	}
	distribution, err := search.DistributionOf(search.Int("n", 1, 1<<50))
	if err != nil {
		panic(err) // a constant
	}
	param := search.OpParam{Name: odd, Internal: 1 << 50, Distribution: distribution.String()}
	large := json.RawMessage(fmt.Sprintf(`["%s", NaN, Infinity, {"%d": null}]`, strings.Repeat("é", 1<<19), math.MaxInt64))
	attrs := map[string]json.RawMessage{odd: json.RawMessage(`"é\u0000"`), "": json.RawMessage("-Infinity"), "b": json.RawMessage(`[1,{"x":[]}]`)}
	ops := []search.Op{
		{Code: search.CreateStudy, StudyName: odd, Directions: []search.Direction{search.Minimize, search.Maximize}},
		{Code: search.StudyUserAttr, StudyID: 1, Key: odd, Value: large},
		{Code: search.StudySystemAttr, Key: "k", Value: json.RawMessage(`{"a":1e400}`)},
		{Code: search.DeleteStudy, StudyID: math.MaxInt32},
		{Code: search.CreateTrial, State: search.Running, Start: start},
		{Code: search.CreateTrial, State: search.Waiting, SystemAttrs: attrs},
		{Code: search.CreateTrial, StudyID: 2, State: search.Complete, Start: start, Complete: end, Values: numbers,
			Params: []search.OpParam{param, {Name: "x", Internal: -0.1, Distribution: distribution.String()}}, Reports: reports, UserAttrs: attrs, SystemAttrs: attrs},
		{Code: search.SetParam, TrialID: 1, Params: []search.OpParam{param}},
		{Code: search.SetState, TrialID: 7, State: search.Waiting},
		{Code: search.SetState, TrialID: 7, State: search.Running, Start: start},
		{Code: search.SetState, TrialID: 7, State: search.Pruned, Complete: end, Values: []float64{math.NaN()}},
		{Code: search.SetState, TrialID: 7, State: search.Failed, Complete: end},
		{Code: search.TrialUserAttr, TrialID: 7, Key: odd, Value: json.RawMessage("null")},
		{Code: search.TrialSystemAttr, TrialID: 7, Key: "k", Value: json.RawMessage("NaN")},
	}
	for _, report := range reports {
		ops = append(ops, search.Op{Code: search.SetIntermediate, TrialID: 7, Reports: []search.Report{report}})
	}
	for i := range ops {
		ops[i].Worker = fmt.Sprintf("host/%d/%s", i, odd)
	}
	return ops
}
