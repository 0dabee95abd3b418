package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) {
	if k < Real || k > Category {
		return nil, fmt.Errorf("search: unknown kind %v", k)
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name != "" && name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("search: unknown kind %q (want real, integer, choice or category)", text)
}

// paramJSON is the form of a Param in JSON.
type paramJSON struct {
	Name       string         `json:"name"`
	Kind       Kind           `json:"kind"`
	Low        *float64       `json:"low,omitempty"`
	High       *float64       `json:"high,omitempty"`
	Log        bool           `json:"log,omitempty"`
	Step       float64        `json:"step,omitempty"`
	Values     []valueJSON    `json:"values,omitempty"`
	GridPoints int            `json:"grid_points,omitempty"`
	When       *conditionJSON `json:"when,omitempty"`
}

type conditionJSON struct {
	Param string    `json:"param"`
	Op    string    `json:"op"`
	Value valueJSON `json:"value"`
}

// valueJSON is an int, a float64 or a string; a float64 never looks like an int.
type valueJSON struct{ v any }

func (v valueJSON) MarshalJSON() ([]byte, error) {
	if x, ok := v.v.(float64); ok && !notFinite(x) {
		return []byte(formatValue(x)), nil
	}
	return json.Marshal(v.v)
}

func (v *valueJSON) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		var s string
		err := json.Unmarshal(data, &s)
		v.v = s
		return err
	}
	text := string(data)
	if n, err := strconv.Atoi(text); err == nil && !strings.ContainsAny(text, ".eE") {
		v.v = n
		return nil
	}
	x, err := parseNumber(text)
	if err != nil {
		return fmt.Errorf("search: %s is neither a number nor a word", text)
	}
	v.v = x
	return nil
}

// MarshalJSON writes the declaration, so that UnmarshalJSON reads it back
// identical: {"name": "lr", "kind": "real", "low": 1e-5, "high": 0.1, "log": true}
// and, where they are set, step, values, grid_points and when (param, op, value).
// In lists and conditions a real number has a point or an exponent, an integer
// has none.
func (p Param) MarshalJSON() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	out := paramJSON{Name: p.Name, Kind: p.Kind, Log: p.Log, Step: p.Step, GridPoints: p.GridPoints}
	if p.Kind == Real || p.Kind == Integer {
		out.Low, out.High = &p.Low, &p.High
	}
	for _, v := range p.Values {
		out.Values = append(out.Values, valueJSON{v})
	}
	if c := p.When; c != nil {
		out.When = &conditionJSON{c.Param, c.Op, valueJSON{c.Value}}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes and checks it. A field that it does
// not know is an error: it would be another parameter without it.
func (p *Param) UnmarshalJSON(data []byte) error {
	var in paramJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("search: a parameter in JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("search: a parameter in JSON: more follows it")
	}
	out := Param{Name: in.Name, Kind: in.Kind, Log: in.Log, Step: in.Step, GridPoints: in.GridPoints}
	if isRange := in.Kind == Real || in.Kind == Integer; isRange != (in.Low != nil) || isRange != (in.High != nil) {
		return fmt.Errorf("search: parameter %q in JSON: a range has low and high, a list has not", in.Name)
	} else if isRange {
		out.Low, out.High = *in.Low, *in.High
	}
	for _, v := range in.Values {
		out.Values = append(out.Values, v.v)
	}
	if c := in.When; c != nil {
		out.When = &Condition{c.Param, c.Op, c.Value.v}
	}
	if err := out.validate(); err != nil {
		return err
	}
	*p = out
	return nil
}

// MarshalJSON writes the parameters as an array, in their order.
func (s Space) MarshalJSON() ([]byte, error) {
	if s.params == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(s.params)
}

// UnmarshalJSON reads what MarshalJSON writes; the space is checked as by
// NewSpace.
func (s *Space) UnmarshalJSON(data []byte) error {
	var params []Param
	if err := json.Unmarshal(data, &params); err != nil {
		return err
	}
	space, err := NewSpace(params...)
	if err != nil {
		return err
	}
	*s = space
	return nil
}
