package search

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Space is an ordered list of parameters. It alone knows how values map to the
// unit cube that samplers work in. The zero Space has no parameters. A Space
// never changes; it is safe for concurrent use.
type Space struct {
	params []Param
	index  map[string]int
	size   int // of a finite space
	finite bool
}

// NewSpace checks the parameters and makes a space of them. A parameter that
// depends on another must come after it.
func NewSpace(params ...Param) (Space, error) {
	s := Space{index: make(map[string]int, len(params))}
	for _, p := range params {
		p = p.clone()
		if err := p.validate(); err != nil {
			return Space{}, err
		}
		if _, dup := s.index[p.Name]; dup {
			return Space{}, fmt.Errorf("search: parameter %q is declared twice", p.Name)
		}
		if err := s.checkCondition(p); err != nil {
			return Space{}, err
		}
		s.index[p.Name] = len(s.params)
		s.params = append(s.params, p)
	}
	s.size, s.finite = s.countSize()
	return s, nil
}

func (s Space) checkCondition(p Param) error {
	if p.When == nil {
		return nil
	}
	i, ok := s.index[p.When.Param]
	if !ok {
		return fmt.Errorf("search: parameter %q depends on %q, which is not declared before it", p.Name, p.When.Param)
	}
	return p.When.validate(p.Name, s.params[i])
}

// Len returns the number of parameters, which is the dimension of the cube.
func (s Space) Len() int { return len(s.params) }

// Params returns the parameters in their order; the slice is the caller's.
func (s Space) Params() []Param {
	out := make([]Param, len(s.params))
	for i, p := range s.params {
		out[i] = p.clone()
	}
	return out
}

// Param returns the parameter of that name.
func (s Space) Param(name string) (Param, bool) {
	i, ok := s.index[name]
	if !ok {
		return Param{}, false
	}
	return s.params[i].clone(), true
}

// active reports whether parameter i takes part in a configuration; the
// parameters before it must be decided already.
func (s Space) active(i int, p Params) bool {
	c := s.params[i].When
	if c == nil {
		return true
	}
	v, ok := p[c.Param] // an inactive parent is absent
	return ok && c.holds(v)
}

// Decode turns a point of the unit cube [0,1]^Len into a configuration:
// integers, steps and choices are rounded to their nearest value, inactive
// parameters are left out. Coordinates outside [0,1] are clipped.
func (s Space) Decode(u []float64) Params {
	p := make(Params, len(s.params))
	for i := range s.params {
		if s.active(i, p) {
			p[s.params[i].Name] = s.params[i].decode(u[i])
		}
	}
	return p
}

// Encode is the inverse of Decode. u has one coordinate a parameter: for reals
// the (log-)scaled position in the range, for the others the middle of the
// value's cell. An inactive parameter has u = 0.5 and active = false. The
// configuration must be one that Check accepts.
func (s Space) Encode(p Params) (u []float64, active []bool) {
	u, active = make([]float64, len(s.params)), make([]bool, len(s.params))
	for i := range s.params {
		v, ok := p[s.params[i].Name]
		if !ok {
			u[i] = 0.5
			continue
		}
		u[i], active[i] = s.params[i].encode(v), true
	}
	return u, active
}

// Check returns the configuration with every value in its canonical type
// (a 3.0 that stands for an integer becomes the int 3), or an error that names
// the first parameter that is missing, unknown, inactive or out of its range.
func (s Space) Check(p Params) (Params, error) {
	out := make(Params, len(p))
	for i, q := range s.params {
		v, given := p[q.Name]
		switch want := s.active(i, out); {
		case given && !want:
			return nil, fmt.Errorf("search: parameter %q is given, but its condition %s does not hold", q.Name, q.When)
		case !given && want:
			return nil, fmt.Errorf("search: parameter %q is missing", q.Name)
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

// unknown returns the error about the first name, by the alphabet, that is no parameter.
func (s Space) unknown(p Params) error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if _, ok := s.index[name]; !ok {
			return fmt.Errorf("search: unknown parameter %q (have: %s)", name, strings.Join(s.names(), ", "))
		}
	}
	return nil
}

func (s Space) names() []string {
	names := make([]string, len(s.params))
	for i, p := range s.params {
		names[i] = p.Name
	}
	return names
}

// Key identifies a configuration: two configurations of this space are the same
// exactly when their keys are equal.
func (s Space) Key(p Params) string {
	var b strings.Builder
	for _, q := range s.params {
		b.WriteByte(0)
		switch v := p[q.Name].(type) {
		case nil:
			b.WriteByte(1)
		case float64:
			b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
		default:
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}
