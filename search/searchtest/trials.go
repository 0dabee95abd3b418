package searchtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"mnisttune/search"
)

// points returns n configurations that no sampler has chosen: a Kronecker sequence, each
// coordinate with the fraction of another square root. In a small space they recur.
func points(s search.Space, n int) []search.Params {
	u, out := make([]float64, s.Len()), make([]search.Params, n)
	for k := range out {
		for i := range u {
			_, u[i] = math.Modf(float64(k+1) * math.Sqrt(float64(2+i*i+3*i)))
		}
		out[k] = s.Decode(u)
	}
	return out
}

// score is the objective: a smooth function of the place in the unit cube, small at a
// point that is not its middle.
func score(s search.Space, p search.Params) float64 {
	u, active := s.Encode(p)
	sum := 0.0
	for i, v := range u {
		if active[i] {
			sum += (v - 0.3) * (v - 0.3) / float64(i+1)
		}
	}
	return sum
}

// describe returns all that a trial holds, but for its time, as one text: NaN equals
// itself there, and 3 differs from 3.0.
func describe(t search.Trial) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v", t.Number, t.State)
	for _, name := range slices.Sorted(maps.Keys(t.Params)) {
		fmt.Fprintf(&b, " %s=%T(%v)", name, t.Params[name], t.Params[name])
	}
	fmt.Fprintf(&b, " values %v reports %v error %q", t.Values, t.Reports, t.Error)
	for _, key := range slices.Sorted(maps.Keys(t.Attrs)) {
		fmt.Fprintf(&b, " %s:%s", key, t.Attrs[key])
	}
	return b.String()
}

// describeAll is describe for each of a list.
func describeAll(trials []search.Trial) []string {
	out := make([]string, len(trials))
	for i, t := range trials {
		out[i] = describe(t)
	}
	return out
}

// snapshot returns copies of trials that share nothing with them.
func snapshot(trials []search.Trial) []search.Trial {
	out := slices.Clone(trials)
	for i := range out {
		t := &out[i]
		t.Params, t.Attrs = maps.Clone(t.Params), maps.Clone(t.Attrs)
		t.Values, t.Reports = slices.Clone(t.Values), slices.Clone(t.Reports)
		for key, raw := range t.Attrs {
			t.Attrs[key] = slices.Clone(raw)
		}
	}
	return out
}

// changed returns which of the trials is not as it was, empty if all are. In the memory
// behind them, where there is room for one more, nothing must have been written.
func changed(now, before []search.Trial) string {
	for i := range before {
		if !same(&now[i], &before[i]) {
			return fmt.Sprintf("trial %d was changed:\nfrom %s\nto   %s", i, describe(before[i]), describe(now[i]))
		}
	}
	if n := len(before); !reflect.ValueOf(now[: n+1 : n+1][n]).IsZero() {
		return "a trial was appended to the caller's slice"
	}
	return ""
}

// withRoom returns a slice of the same trials with room for one more.
func withRoom(trials []search.Trial) []search.Trial {
	return slices.Grow(slices.Clip(trials), 1)
}

// same reports whether trials are equal; NaN equals itself, and 3 differs from 3.0.
func same(a, b *search.Trial) bool {
	number := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
	value := func(x, y any) bool {
		f, ok := x.(float64)
		g, too := y.(float64)
		return x == y || ok && too && number(f, g)
	}
	return a.Number == b.Number && a.State == b.State && a.Error == b.Error && number(a.Seconds, b.Seconds) &&
		maps.EqualFunc(a.Params, b.Params, value) && slices.EqualFunc(a.Values, b.Values, number) &&
		slices.EqualFunc(a.Reports, b.Reports, func(x, y search.Report) bool { return x.Step == y.Step && number(x.Value, y.Value) }) &&
		maps.EqualFunc(a.Attrs, b.Attrs, func(x, y json.RawMessage) bool { return string(x) == string(y) })
}

// difference returns where two lists of trials differ, empty if they do not.
func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("trial %d is missing, want %s", i, want[i])
		case i >= len(want):
			return fmt.Sprintf("trial %d is one too many: %s", i, got[i])
		case got[i] != want[i]:
			return fmt.Sprintf("trial %d\ngot  %s\nwant %s", i, got[i], want[i])
		}
	}
	return ""
}

// configurations returns the keys of the trials that belong to a space.
func configurations(s search.Space, trials []search.Trial) map[string]bool {
	out := make(map[string]bool, len(trials))
	for _, t := range trials {
		if p, err := s.Check(t.Params); err == nil {
			out[s.Key(p)] = true
		}
	}
	return out
}

// hidden returns a history as a study shows it: of the trials from number known on
// nobody knows the results.
func hidden(trials []search.Trial, known int) []search.Trial {
	out := slices.Clone(trials)
	for i := max(known, 0); i < len(out); i++ {
		out[i] = search.Trial{Number: i, State: search.Running, Params: out[i].Params, Attrs: out[i].Attrs}
	}
	return out
}

// rawAttrs returns a sampler's attributes as a study keeps them.
func rawAttrs(attrs map[string]any) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(attrs))
	for key, value := range attrs {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("the attribute %q is no JSON: %w", key, err)
		}
		out[key] = raw
	}
	return out, nil
}
