package search

import (
	"fmt"
	"slices"
)

// Condition makes a parameter depend on one declared before it: it takes part
// in a configuration only where the comparison holds.
type Condition struct {
	Param string // the parameter that is looked at
	Op    string // "==", "!=", ">=", "<=", ">" or "<"; words take the first two
	Value any    // int, float64 or string
}

// String renders the condition as it is written: "num_layers>=2".
func (c *Condition) String() string { return c.Param + c.Op + formatValue(c.Value) }

func (c *Condition) validate(name string, parent Param) error {
	_, word := c.Value.(string)
	switch {
	case !slices.Contains([]string{"==", "!=", ">=", "<=", ">", "<"}, c.Op):
		return fmt.Errorf("search: parameter %q: unknown comparison %q in its condition (want ==, !=, >=, <=, > or <)", name, c.Op)
	case !word && notFinite(number(c.Value)):
		return fmt.Errorf("search: parameter %q: its condition compares with %v (%T), want a finite int or float64, or a string", name, c.Value, c.Value)
	case word != (parent.Kind == Category):
		return fmt.Errorf("search: parameter %q: its condition compares the %v parameter %q with %v", name, parent.Kind, c.Param, c.Value)
	case word && c.Op != "==" && c.Op != "!=":
		return fmt.Errorf("search: parameter %q: words have no order, so its condition takes == or != (got %s)", name, c)
	case word && !slices.Contains(parent.Values, c.Value):
		return fmt.Errorf("search: parameter %q: its condition %s names a word that %q does not take (have: %v)", name, c, c.Param, parent.Values)
	}
	return nil
}

func (c *Condition) holds(v any) bool {
	if w, ok := c.Value.(string); ok {
		return (v == w) == (c.Op == "==")
	}
	x, y := number(v), number(c.Value)
	switch c.Op {
	case "==":
		return x == y
	case "!=":
		return x != y
	case ">=":
		return x >= y
	case "<=":
		return x <= y
	case ">":
		return x > y
	default:
		return x < y
	}
}
