package searchtest

import (
	"encoding/json"
	"maps"
	"math"
	"slices"

	"mnisttune/search"
)

// complete returns complete trials, from number 0, of configurations.
func complete(space namedSpace, params []search.Params) []search.Trial {
	out := make([]search.Trial, len(params))
	for i, p := range params {
		v := score(space.Space, p)
		out[i] = search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{v}, Reports: []search.Report{{Step: 1, Value: v + 1}}}
	}
	return out
}

// numbered joins histories to one.
func numbered(histories ...[]search.Trial) []search.Trial {
	out := slices.Concat(histories...)
	for i := range out {
		out[i].Number = i
	}
	return out
}

// foreign returns trials whose parameters are of another space.
func foreign(s search.Space) []search.Trial {
	p := points(s, 1)[0]
	change := func(edit func(q search.Params)) search.Params {
		q := maps.Clone(p)
		edit(q)
		return q
	}
	name := s.Params()[0].Name
	all := []search.Params{
		nil,
		{},
		{"zz": 1},
		change(func(q search.Params) { delete(q, name) }),
		change(func(q search.Params) { q["zz"] = 0.5 }),
		change(func(q search.Params) { q[name] = "neither" }),
		change(func(q search.Params) { q[name] = 1e300 }),
		change(func(q search.Params) { q[name] = -3 }),
		change(func(q search.Params) { q[name] = math.NaN() }),
		change(func(q search.Params) { q[name] = math.Inf(1) }),
	}
	for _, param := range s.Params() { // one whose condition does not hold
		if _, active := p[param.Name]; !active {
			all = append(all, change(func(q search.Params) { q[param.Name] = param.Low }))
		}
	}
	out := make([]search.Trial, len(all))
	for i, q := range all {
		out[i] = search.Trial{Number: i, State: search.Complete, Params: q, Values: []float64{float64(-i)}}
	}
	return out
}

// histories returns what a sampler may find in the journal of a study, by name.
func histories(space namedSpace) map[string][]search.Trial {
	const n = 12
	params, names := points(space.Space, n), space.Params()
	with := func(edit func(i int, t *search.Trial)) []search.Trial {
		out := complete(space, params)
		for i := range out {
			edit(i, &out[i])
		}
		return out
	}
	fail := func(t *search.Trial) { t.State, t.Values, t.Reports, t.Error = search.Failed, nil, nil, "no" }
	wait := func(t *search.Trial, state search.State) { t.State, t.Values, t.Reports = state, nil, nil }
	extremes := []float64{1e308, -1e308, 1e-300, -1e-300, 0, math.MaxFloat64, -math.MaxFloat64, 5e-324}
	wild := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1}
	odd := []string{"[1,2]", "[0.5,0.5,0.5]", "[]", "null", "[1e308,-1e308]", "[NaN,1]", `"x"`, "[-1]", "{}"}
	return map[string][]search.Trial{
		"two trials":     complete(space, params[:2]),
		"equal values":   with(func(_ int, t *search.Trial) { t.Values[0] = 1 }),
		"extremes":       with(func(i int, t *search.Trial) { t.Values[0] = extremes[i%8] }),
		"large values":   with(func(i int, t *search.Trial) { t.Values[0] = extremes[i%2] }),
		"small values":   with(func(i int, t *search.Trial) { t.Values[0] = extremes[2+i%3] }),
		"nearly equal":   with(func(i int, t *search.Trial) { t.Values[0] = 1 + float64(i%2)*0x1p-52 }),
		"failed":         with(func(_ int, t *search.Trial) { fail(t) }),
		"one of many":    with(func(i int, t *search.Trial) { maybe(i != 4, func() { fail(t) }) }),
		"pruned":         with(func(_ int, t *search.Trial) { t.State, t.Values[0] = search.Pruned, t.Reports[0].Value }),
		"pruned at once": with(func(_ int, t *search.Trial) { t.State, t.Values, t.Reports = search.Pruned, nil, nil }),
		"running":        with(func(_ int, t *search.Trial) { wait(t, search.Running) }),
		"waiting": with(func(i int, t *search.Trial) {
			maybe(i%2 == 0, func() { wait(t, search.Waiting) })
			maybe(i%4 == 0, func() { t.Params = search.Params{names[0].Name: t.Params[names[0].Name]} })
			maybe(i%8 == 0, func() { t.Params = nil })
		}),
		"duplicates":        numbered(complete(space, params[:6]), with(func(_ int, t *search.Trial) { t.Values[0]++ })),
		"one configuration": with(func(_ int, t *search.Trial) { t.Params = params[0] }),
		"other types":       with(func(_ int, t *search.Trial) { t.Params = asFloats(t.Params) }),
		"foreign":           numbered(foreign(space.Space), complete(space, params[:4]), foreign(space.Space)),
		"only foreign":      foreign(space.Space),
		"not finite":        with(func(i int, t *search.Trial) { t.Values[0], t.Reports[0].Value = wild[i%4], wild[(i+1)%4] }),
		"all NaN":           with(func(_ int, t *search.Trial) { t.Values[0] = math.NaN() }),
		"all infinite":      with(func(_ int, t *search.Trial) { t.Values[0] = math.Inf(1) }),
		"no values":         with(func(_ int, t *search.Trial) { t.Values = nil }),
		"too many values":   with(func(_ int, t *search.Trial) { t.Values = append(t.Values, 1, 2) }),
		"scores":            with(func(i int, t *search.Trial) { t.Attrs = attribute(search.AttrScores, odd[i%len(odd)]) }),
		"constraints":       with(func(i int, t *search.Trial) { t.Attrs = attribute(search.AttrConstraints, odd[i%len(odd)]) }),
		"infeasible":        with(func(_ int, t *search.Trial) { t.Attrs = attribute(search.AttrConstraints, "[-1, 0.5]") }),
		"odd reports": with(func(i int, t *search.Trial) {
			t.State, t.Reports = search.Pruned, []search.Report{{Step: 5, Value: 1}, {Step: -3, Value: 2}, {Step: 5, Value: wild[i%4]}}
		}),
	}
}

// attribute returns the attributes of a trial that has one.
func attribute(key, text string) map[string]json.RawMessage {
	return map[string]json.RawMessage{key: json.RawMessage(text)}
}

func maybe(condition bool, f func()) {
	if condition {
		f()
	}
}

// asFloats returns a configuration as other programs may have written it: an integer as
// a number with a point.
func asFloats(p search.Params) search.Params {
	out := maps.Clone(p)
	for name, v := range out {
		if i, ok := v.(int); ok {
			out[name] = float64(i)
		}
	}
	return out
}

// checkHistories asks after every history, twice, the first proposal ending like the
// trials before it.
func checkHistories(r reporter, s subject) {
	for k, space := range []namedSpace{s.mixedSpace(), s.openSpaces()[1], s.finiteSpaces()[2]} {
		all := histories(space)
		for i, name := range slices.Sorted(maps.Keys(all)) {
			d := search.Direction(1 + (i+k)%2)
			goOn(r, s, namedSpace{space.name + ", " + name, space.Space}, d, all[name])
		}
	}
}

// goOn asks twice after a history.
func goOn(r reporter, s subject, space namedSpace, d search.Direction, history []search.Trial) {
	last := history[len(history)-1]
	st := study{space: space, direction: d, seed: 5, lag: 1, trials: history, finish: func(t *search.Trial) {
		t.State, t.Values, t.Reports, t.Error = last.State, last.Values, last.Reports, last.Error
	}}
	for range 2 {
		// What the sampler may know is all in the history already.
		p, ok := ask(r, s, request{space: space, direction: d, history: st.trials, seed: st.seed})
		if !ok || p.exhausted {
			return
		}
		st.finish(&p.trial)
		st.trials = append(st.trials, p.trial)
	}
}

// checkAttributes replaces what a sampler has noted by what it never would.
func checkAttributes(r reporter, s subject) {
	space := s.mixedSpace()
	st := study{space: space, direction: search.Minimize, seed: 2, lag: 1, finish: finishMixed(space.Space)}
	if _, ok := st.run(r, s, 12); !ok {
		return
	}
	for _, garbage := range []string{`null`, `0`, `-1`, `1e300`, `7`, `"x"`, `[]`, `{}`, `[[1],2]`, `{"a":{"b":[]}}`, `4294967295`, `{`, ``, `NaN`} {
		replaceAttributes(r, s, st, garbage, func(json.RawMessage) json.RawMessage { return json.RawMessage(garbage) })
	}
	for what, leaf := range map[string]any{"numbers are -1": -1.0, "numbers are 1e300": 1e300, "numbers are 0": 0.0, "numbers are words": "x", "numbers are missing": nil} {
		replaceAttributes(r, s, st, what, func(raw json.RawMessage) json.RawMessage {
			var v any
			if json.Unmarshal(raw, &v) != nil {
				return raw
			}
			out, err := json.Marshal(replaceNumbers(v, leaf))
			if err != nil {
				return raw
			}
			return out
		})
	}
}

// replaceAttributes goes on with a study whose attributes are others.
func replaceAttributes(r reporter, s subject, st study, what string, by func(json.RawMessage) json.RawMessage) {
	history := slices.Clone(st.trials)
	for i := range history {
		attrs := make(map[string]json.RawMessage, len(history[i].Attrs))
		for key, raw := range history[i].Attrs {
			attrs[key] = by(raw)
		}
		history[i].Attrs = attrs
	}
	goOn(r, s, namedSpace{st.space.name + ", attributes " + what, st.space.Space}, st.direction, history)
}

// replaceNumbers replaces every number in a JSON value.
func replaceNumbers(v, by any) any {
	switch v := v.(type) {
	case float64:
		return by
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = replaceNumbers(v[i], by)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = replaceNumbers(v[key], by)
		}
		return out
	}
	return v
}
