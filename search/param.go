package search

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Kind says which values a parameter takes and how they are ordered.
type Kind uint8

const (
	Real     Kind = iota + 1 // float64 between Low and High, both included
	Integer                  // int between Low and High, both included
	Choice                   // one of a list of numbers, ordered as listed
	Category                 // one of a list of words, without an order
)

var kindNames = [...]string{Real: "real", Integer: "integer", Choice: "choice", Category: "category"}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Param declares one parameter. Make it with [Float], [Int], [OneOf] or
// [Words], or parse it from text with [ParseParam].
type Param struct {
	Name string
	Kind Kind
	// Low and High bound Real and Integer; both ends are included.
	Low, High float64
	// Log spaces Real and Integer logarithmically; Low must be positive.
	Log bool
	// Step, when positive, leaves only Low, Low+Step, Low+2*Step, ... up to
	// High. It excludes Log.
	Step float64
	// Values lists what Choice (int or float64) and Category (string) take.
	Values []any
	// GridPoints is how many points a grid takes from a Real or Integer
	// range; 0 lets the grid decide.
	GridPoints int
	// When, if set, makes the parameter take part only where it holds.
	When *Condition
}

// Float declares a real parameter between low and high.
func Float(name string, low, high float64) Param {
	return Param{Name: name, Kind: Real, Low: low, High: high}
}

// LogFloat declares a real parameter that is searched on a logarithmic scale.
func LogFloat(name string, low, high float64) Param {
	return Param{Name: name, Kind: Real, Low: low, High: high, Log: true}
}

// Int declares an integer parameter between low and high.
func Int(name string, low, high int) Param {
	return Param{Name: name, Kind: Integer, Low: float64(low), High: float64(high)}
}

// OneOf declares an ordered choice among numbers, such as batch sizes.
func OneOf[T int | float64](name string, values ...T) Param {
	p := Param{Name: name, Kind: Choice}
	for _, v := range values {
		p.Values = append(p.Values, v)
	}
	return p
}

// Words declares a choice among words that have no order, such as optimizers.
func Words(name string, values ...string) Param {
	p := Param{Name: name, Kind: Category}
	for _, v := range values {
		p.Values = append(p.Values, v)
	}
	return p
}

// clone returns a parameter that shares nothing with p.
func (p Param) clone() Param {
	p.Values = slices.Clone(p.Values)
	if p.When != nil {
		when := *p.When
		p.When = &when
	}
	return p
}

func (p Param) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("search: parameter %q: %s", p.Name, fmt.Sprintf(format, args...))
	}
	if p.Name == "" {
		return errors.New("search: a parameter has no name")
	}
	switch p.Kind {
	case Real, Integer:
		switch {
		case math.IsNaN(p.Low) || math.IsNaN(p.High) || math.IsInf(p.Low, 0) || math.IsInf(p.High, 0):
			return fail("the range %g..%g is not finite", p.Low, p.High)
		case math.IsInf(p.High-p.Low, 0):
			return fail("the range %g..%g is wider than a float64 can say", p.Low, p.High)
		case p.Low > p.High:
			return fail("the range %g..%g is empty (low is above high)", p.Low, p.High)
		case p.Log && p.Low <= 0:
			return fail("a log scale needs a positive low end (got %g)", p.Low)
		case p.Step < 0 || math.IsNaN(p.Step) || math.IsInf(p.Step, 0):
			return fail("step must be positive (got %g)", p.Step)
		case p.Log && p.Step > 0:
			return fail("log and step exclude each other")
		case p.GridPoints < 0:
			return fail("n must be positive (got %d)", p.GridPoints)
		case p.Kind == Integer && (p.Low != math.Trunc(p.Low) || p.High != math.Trunc(p.High) || p.Step != math.Trunc(p.Step)):
			return fail("an integer range has integer ends and an integer step (got %g..%g, step %g)", p.Low, p.High, p.Step)
		case max(math.Abs(p.Low), math.Abs(p.High)) > 1<<53 && p.Kind == Integer:
			return fail("an integer range ends at 2^53 (got %g..%g)", p.Low, p.High)
		case p.Step > 0 && (p.High-p.Low)/p.Step > 1<<31:
			return fail("the step %g cuts the range into more than 2^31 values", p.Step)
		case len(p.Values) > 0:
			return fail("a range has no list of values")
		}
	case Choice, Category:
		if len(p.Values) == 0 {
			return fail("the list of values is empty")
		}
		for i, v := range p.Values {
			if err := p.validateListed(v); err != nil {
				return err
			}
			if slices.Contains(p.Values[:i], v) {
				return fail("the value %v is listed twice", v)
			}
		}
		if p.Low != 0 || p.High != 0 || p.Log || p.Step != 0 || p.GridPoints != 0 {
			return fail("a list of values has no range, log, step or n")
		}
	default:
		return fail("unknown kind %v", p.Kind)
	}
	return nil
}

func (p Param) validateListed(v any) error {
	switch v := v.(type) {
	case int:
		if p.Kind == Choice {
			return nil
		}
	case float64:
		if p.Kind == Choice && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return nil
		}
	case string:
		if p.Kind == Category && v != "" {
			return nil
		}
	}
	return fmt.Errorf("search: parameter %q: the value %v (%T) does not belong in a %v list", p.Name, v, v, p.Kind)
}

// levels returns how many values the parameter has, 0 for a continuous one.
func (p Param) levels() int {
	switch {
	case p.Kind == Choice || p.Kind == Category:
		return len(p.Values)
	case p.Low == p.High:
		return 1
	case p.Step > 0:
		return int(math.Floor((p.High-p.Low)/p.Step*(1+1e-12)+1e-9)) + 1
	case p.Kind == Integer:
		return int(p.High-p.Low) + 1
	}
	return 0
}

// level returns value number k of a parameter that has levels.
func (p Param) level(k int) any {
	if p.Kind == Choice || p.Kind == Category {
		return p.Values[k]
	}
	step := p.Step
	if step == 0 {
		step = 1
	}
	x := min(p.Low+float64(k)*step, p.High)
	if p.Kind == Integer {
		return int(x)
	}
	return min(max(roundDigits(x), p.Low), p.High) // 0.3, not 0.30000000000000004
}

// levelOf is the inverse of level for a canonical value.
func (p Param) levelOf(v any) int {
	if p.Kind == Choice || p.Kind == Category {
		return slices.Index(p.Values, v)
	}
	x, step := number(v), p.Step
	if step == 0 {
		step = 1
	}
	return int(math.Round((x - p.Low) / step))
}

func number(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

// decode maps u in [0,1] to a value; every level owns an interval of u.
func (p Param) decode(u float64) any {
	u = min(max(u, 0), 1)
	n := p.levels()
	switch {
	case n == 0 && p.Log:
		lo, hi := math.Log(p.Low), math.Log(p.High)
		return min(max(p.tidy(math.Exp(lo+u*(hi-lo))), p.Low), p.High)
	case n == 0:
		return min(max(p.tidy(p.Low+u*(p.High-p.Low)), p.Low), p.High)
	case p.Log: // Integer: the cell of k is [k-0.5, k+0.5] on the log scale
		lo, hi := math.Log(p.Low-0.5), math.Log(p.High+0.5)
		return int(min(max(math.Round(math.Exp(lo+u*(hi-lo))), p.Low), p.High))
	}
	return p.level(min(int(u*float64(n)), n-1))
}

// tidyDigits is how many digits of a continuous value are kept: enough to tell a
// million points of its range apart, few enough to be read and typed.
const tidyDigits = 6

// tidy rounds a continuous value: on a log scale to tidyDigits significant
// digits, else to that many digits of the width of the range. Ranges so narrow
// that this would show are left alone.
func (p Param) tidy(x float64) float64 {
	format, digits := byte('e'), tidyDigits-1
	if p.Log {
		if p.High < 1.1*p.Low {
			return x
		}
	} else {
		format, digits = 'f', tidyDigits-1-int(math.Ceil(math.Log10(p.High-p.Low)))+1
		if digits < 0 || digits > 300 {
			return x
		}
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, format, digits, 64), 64)
	if err != nil {
		return x
	}
	return r
}

// encode is the inverse of decode: the middle of the value's cell.
func (p Param) encode(v any) float64 {
	n := p.levels()
	switch {
	case n == 0 && p.Log:
		lo, hi := math.Log(p.Low), math.Log(p.High)
		return min(max((math.Log(number(v))-lo)/(hi-lo), 0), 1)
	case n == 0:
		return min(max((number(v)-p.Low)/(p.High-p.Low), 0), 1)
	case p.Log && n > 1:
		lo, hi := math.Log(p.Low-0.5), math.Log(p.High+0.5)
		return min(max((math.Log(number(v))-lo)/(hi-lo), 0), 1)
	}
	return (float64(p.levelOf(v)) + 0.5) / float64(n)
}

// canonical converts v to the type that Params documents and checks its range.
func (p Param) canonical(v any) (any, error) {
	if p.Kind == Category {
		if slices.Contains(p.Values, v) {
			return v, nil
		}
		return nil, fmt.Errorf("search: parameter %q: %v is not one of %v", p.Name, v, p.Values)
	}
	x := number(v)
	switch p.Kind {
	case Choice:
		for _, w := range p.Values {
			if number(w) == x {
				return w, nil
			}
		}
		return nil, fmt.Errorf("search: parameter %q: %v is not one of %v", p.Name, v, p.Values)
	case Integer:
		if x != math.Trunc(x) {
			return nil, fmt.Errorf("search: parameter %q: %v is not an integer", p.Name, v)
		}
	}
	slack := 1e-9 * p.Step // sums of steps are not exact
	if !(x >= p.Low-slack && x <= p.High+slack) {
		return nil, fmt.Errorf("search: parameter %q: %v is outside %g..%g", p.Name, v, p.Low, p.High)
	}
	if p.Step > 0 {
		w := p.level(min(p.levelOf(x), p.levels()-1))
		if math.Abs(number(w)-x) > 1e-9*max(p.Step, math.Abs(x)) {
			return nil, fmt.Errorf("search: parameter %q: %v is not a multiple of the step %g from %g", p.Name, v, p.Step, p.Low)
		}
		return w, nil
	}
	if p.Kind == Integer {
		return int(x), nil
	}
	return x, nil
}
