package search

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// CheckPartial is Check for a configuration of which only some values are decided. It
// returns them in their canonical types, or an error that names the first parameter that
// is out of its range, unknown, or ruled out because its condition does not hold. Where
// the condition looks at a parameter that is not decided, it may yet hold.
func (s Space) CheckPartial(p Params) (Params, error) {
	out, ruledOut := make(Params, len(p)), make([]bool, len(s.params))
	for i, q := range s.params {
		ruledOut[i] = q.When != nil && (ruledOut[s.index[q.When.Param]] || out[q.When.Param] != nil && !s.active(i, out))
		v, given := p[q.Name]
		switch {
		case given && ruledOut[i]:
			return nil, fmt.Errorf("search: parameter %q is given, but its condition %s does not hold", q.Name, q.When)
		case given:
			c, err := q.canonical(v)
			if err != nil {
				return nil, err
			}
			out[q.Name] = c
		}
	}
	if len(out) < len(p) {
		return nil, s.unknown(p)
	}
	return out, nil
}

// ParseValue reads a value of the parameter from text and holds it against the range.
func (s Space) ParseValue(name, text string) (any, error) {
	q, ok := s.Param(name)
	if !ok {
		return nil, fmt.Errorf("search: unknown parameter %q (have: %s)", name, strings.Join(s.names(), ", "))
	}
	if q.Kind == Category {
		return q.canonical(text)
	}
	if n, err := strconv.Atoi(text); err == nil {
		return q.canonical(n)
	}
	x, err := parseNumber(text)
	if err != nil {
		return nil, fmt.Errorf("search: parameter %q: %w", name, err)
	}
	return q.canonical(x)
}

// ParsePartial reads what CheckPartial accepts from one line of text: NAME=VALUE,
// separated by spaces or commas, as in "learning_rate=0.001 batch_size=64".
func (s Space) ParsePartial(text string) (Params, error) {
	out := make(Params)
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			return nil, fmt.Errorf("search: %q: want NAME=VALUE, separated by spaces or commas", field)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("search: parameter %q is given twice", name)
		}
		var err error
		if out[name], err = s.ParseValue(name, value); err != nil {
			return nil, err
		}
	}
	return s.CheckPartial(out)
}

// fill returns the configuration that has the decided values, the proposal's where none
// is decided, and values drawn uniformly on the parameters' scales where neither says
// anything. What a condition rules out is left out.
func (s Space) fill(decided, proposal Params, rng *rand.Rand) Params {
	out := make(Params, len(s.params))
	for i, q := range s.params {
		if !s.active(i, out) {
			continue
		}
		v, ok := decided[q.Name]
		if !ok {
			v, ok = proposal[q.Name]
		}
		if !ok {
			v = q.decode(rng.Float64())
		}
		out[q.Name] = v
	}
	return out
}

// partialJSON writes decided values as Python reads them, in the space's order.
func (s Space) partialJSON(p Params) []byte {
	e := opEncoder{}
	e.raw("{")
	for _, q := range s.params {
		v, ok := p[q.Name]
		if !ok {
			continue
		}
		e.comma(len(e.b) - 1).text(q.Name).raw(":")
		switch v := v.(type) {
		case int:
			e.int(v)
		case float64:
			e.float(v)
		case string:
			e.text(v)
		}
	}
	return e.raw("}").b
}
