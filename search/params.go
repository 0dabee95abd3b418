package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Params maps a parameter's name to its value: float64 for [Real], int for
// [Integer], int or float64 for [Choice], string for [Category]. A parameter
// whose condition does not hold is absent.
type Params map[string]any

// Float returns the number stored under name, and whether there is one.
func (p Params) Float(name string) (float64, bool) {
	switch v := p[name].(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// Int returns the integer stored under name, and whether there is one. A
// float64 without a fraction counts as an integer.
func (p Params) Int(name string) (int, bool) {
	switch v := p[name].(type) {
	case int:
		return v, true
	case float64:
		if v == float64(int(v)) {
			return int(v), true
		}
	}
	return 0, false
}

// Text returns the word stored under name, and whether there is one.
func (p Params) Text(name string) (string, bool) {
	v, ok := p[name].(string)
	return v, ok
}

// String renders the parameters in alphabetical order: "a=1 b=0.001 c=relu".
func (p Params) String() string {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(p)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%v", name, p[name])
	}
	return b.String()
}
