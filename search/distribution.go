package search

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Distribution is what Optuna's log says of the values of a parameter: one of its
// classes FloatDistribution, IntDistribution and CategoricalDistribution, or
// their older forms. What it has no words for (the order of a [Choice], the
// condition When, GridPoints) a Param keeps in the JSON of its space.
// A Distribution does not change; it is safe for concurrent use.
type Distribution struct {
	class string // Optuna's name
	param Param  // without a name
	// Of a categorical one: the choices as values of Params, and in Python's
	// eyes, where True == 1 == 1.0.
	choices []any
	equal   []any
}

const (
	floatClass       = "FloatDistribution"
	intClass         = "IntDistribution"
	categoricalClass = "CategoricalDistribution"
)

// classes maps the names that a log may hold to the kind of value. The older
// names are no longer written, but they are classes of their own: a parameter
// cannot change from one to the other.
var classes = map[string]Kind{
	floatClass: Real, "UniformDistribution": Real, "LogUniformDistribution": Real, "DiscreteUniformDistribution": Real,
	intClass: Integer, "IntUniformDistribution": Integer, "IntLogUniformDistribution": Integer,
	categoricalClass: Category,
}

// DistributionOf returns the parameter's distribution. The upper end of a range
// with a step is the last value that the steps reach.
func DistributionOf(p Param) (*Distribution, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	p = p.clone()
	d := &Distribution{param: Param{Kind: p.Kind, Low: p.Low, High: p.High, Log: p.Log, Step: p.Step, Values: p.Values}}
	switch p.Kind {
	case Real:
		d.class = floatClass
	case Integer:
		d.class = intClass
		if p.Step == 0 {
			d.param.Step = 1
		}
	default:
		d.class = categoricalClass
		d.choices, d.equal = p.Values, make([]any, len(p.Values))
		for i, v := range p.Values {
			d.equal[i] = v
			if n, ok := v.(int); ok {
				d.equal[i] = float64(n)
			}
		}
	}
	return d, d.adjust()
}

// adjust checks a range as Optuna does and lowers its upper end to the last step.
func (d *Distribution) adjust() error {
	p := &d.param
	fail := func(format string, args ...any) error {
		return fmt.Errorf("search: %s: %s", d.class, fmt.Sprintf(format, args...))
	}
	plainStep := p.Step == 0 || p.Kind == Integer && p.Step == 1
	switch {
	case p.Kind != Real && p.Kind != Integer:
		return nil
	case notFinite(p.Low) || notFinite(p.High):
		return fail("the range %v..%v is not finite", p.Low, p.High)
	case p.Kind == Integer && max(math.Abs(p.Low), math.Abs(p.High)) > 1<<62:
		return fail("an integer range ends at 2^62 (got %v..%v)", p.Low, p.High)
	case p.Low > p.High:
		return fail("low is above high (got %v, %v)", p.Low, p.High)
	case p.Log && !plainStep:
		return fail("log and step exclude each other (got step %v)", p.Step)
	case p.Log && (p.Low <= 0 || p.Kind == Integer && p.Low < 1):
		return fail("a log scale needs a positive low (got %v)", p.Low)
	case p.Step < 0 || notFinite(p.Step):
		return fail("step must be positive (got %v)", p.Step)
	}
	if !plainStep {
		p.High = lastStep(p.Low, p.High, p.Step)
	}
	return nil
}

// lastStep returns the last of low, low+step, ... that is not above high, counted
// in the decimal numbers that the ends are written as.
func lastStep(low, high, step float64) float64 {
	rat := func(x float64) *big.Rat {
		r, _ := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
		return r
	}
	n := new(big.Rat).Quo(new(big.Rat).Sub(rat(high), rat(low)), rat(step))
	whole := new(big.Rat).SetInt(new(big.Int).Quo(n.Num(), n.Denom()))
	if whole.Cmp(n) == 0 {
		return high
	}
	last, _ := new(big.Rat).Add(rat(low), whole.Mul(whole, rat(step))).Float64()
	return last
}

// Param returns a parameter of that name with this distribution's values. A
// categorical one of numbers only is a [Choice], any other a [Category], where
// what is neither a number nor a word is its JSON text ("true", "null").
func (d *Distribution) Param(name string) Param {
	p := d.param.clone()
	p.Name = name
	if p.Kind == Integer && p.Step == 1 {
		p.Step = 0
	}
	if p.Kind == Category {
		p.Values = slices.Clone(d.choices)
		for i, v := range p.Values {
			if _, ok := v.(string); !ok {
				p.Values[i] = fmt.Sprint(v)
			}
		}
	}
	return p
}

// Value returns the value of Params that a log's internal value stands for.
func (d *Distribution) Value(internal float64) (any, error) {
	if notFinite(internal) {
		return nil, fmt.Errorf("search: %s: the value is %v", d.class, internal)
	}
	switch d.param.Kind {
	case Real:
		return internal, nil
	case Integer:
		if math.Abs(internal) > 1<<62 {
			return nil, fmt.Errorf("search: %s: %v is no integer of 64 bits", d.class, internal)
		}
		return int(internal), nil
	}
	if i := int(internal); internal > -1 && internal < float64(len(d.choices)) {
		return d.choices[i], nil
	}
	return nil, fmt.Errorf("search: %s: there is no choice %v (have %d)", d.class, internal, len(d.choices))
}

// Internal returns how a log writes a value of Params; it is the inverse of Value.
func (d *Distribution) Internal(value any) (float64, error) {
	switch d.param.Kind {
	case Real, Integer:
		if x := number(value); !notFinite(x) {
			return x, nil
		}
	default:
		if i := slices.Index(d.choices, value); i >= 0 {
			return float64(i), nil
		}
		if x := number(value); !math.IsNaN(x) { // 32 stands for 32.0
			if i := slices.IndexFunc(d.choices, func(c any) bool { return number(c) == x }); i >= 0 {
				return float64(i), nil
			}
		}
	}
	return 0, fmt.Errorf("search: %s does not take the value %v (%T)", d.class, value, value)
}

// Compatible reports whether one parameter of a study may have both
// distributions: ranges may differ, their scales may not, and choices never.
func (d *Distribution) Compatible(e *Distribution) bool {
	return d.class == e.class && d.param.Log == e.param.Log && slices.EqualFunc(d.equal, e.equal, sameChoice)
}

// String returns the JSON text that Optuna's log holds.
func (d *Distribution) String() string {
	b := []byte(`{"name": "` + d.class + `", "attributes": {`)
	switch p := d.param; p.Kind {
	case Real:
		b = append(b, `"step": `...)
		if p.Step == 0 {
			b = append(b, "null"...)
		} else {
			b = appendFloat(b, p.Step)
		}
		b = appendFloat(append(b, `, "low": `...), p.Low)
		b = appendFloat(append(b, `, "high": `...), p.High)
		b = strconv.AppendBool(append(b, `, "log": `...), p.Log)
	case Integer:
		b = strconv.AppendBool(append(b, `"log": `...), p.Log)
		b = strconv.AppendInt(append(b, `, "step": `...), int64(p.Step), 10)
		b = strconv.AppendInt(append(b, `, "low": `...), int64(p.Low), 10)
		b = strconv.AppendInt(append(b, `, "high": `...), int64(p.High), 10)
	default:
		b = append(b, `"choices": [`...)
		for i, c := range d.choices {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = d.appendChoice(b, i, c)
		}
		b = append(b, ']')
	}
	return string(append(b, "}}"...))
}

func (d *Distribution) appendChoice(b []byte, i int, choice any) []byte {
	switch c := choice.(type) {
	case int:
		return strconv.AppendInt(b, int64(c), 10)
	case float64:
		return appendFloat(b, c)
	case string:
		if d.equal[i] != choice { // JSON text, no word
			return append(b, c...)
		}
		return appendText(b, c)
	}
	return b
}

// sameChoice compares choices as Python compares them; NaN equals itself.
func sameChoice(a, b any) bool {
	x, xok := a.(float64)
	y, yok := b.(float64)
	return a == b || xok && yok && math.IsNaN(x) && math.IsNaN(y)
}

// ParseDistribution reads the JSON text of a distribution in a log.
func ParseDistribution(text string) (*Distribution, error) {
	r := distributionReader{jsonScanner: jsonScanner{b: []byte(text)}}
	err := r.object(r.field)
	if err == nil {
		err = r.end()
	}
	if !utf8.ValidString(text) {
		err = errors.New("it is not UTF-8 text")
	}
	var d *Distribution
	if err == nil {
		d, err = r.finish()
	}
	if err != nil {
		return nil, fmt.Errorf("search: distribution %.200q: %w", text, err)
	}
	return d, nil
}

// distributionReader collects the fields of a distribution.
type distributionReader struct {
	jsonScanner
	d             Distribution
	kind          string // of the oldest form, which has no class
	hasLow, hasHi bool
	hasStep       bool
}

func (r *distributionReader) field(key string) (err error) {
	switch key {
	case "name":
		r.d.class, err = r.text()
	case "type":
		r.kind, err = r.text()
	case "attributes":
		err = r.object(r.attribute)
	default:
		err = r.attribute(key)
	}
	return err
}

func (r *distributionReader) attribute(key string) (err error) {
	p := &r.d.param
	switch key {
	case "low":
		r.hasLow = true
		p.Low, err = r.float()
	case "high":
		r.hasHi = true
		p.High, err = r.float()
	case "step", "q":
		if r.hasStep = !r.null(); r.hasStep {
			p.Step, err = r.float()
		}
	case "log":
		r.peek()
		if p.Log = r.word("true"); !p.Log && !r.word("false") {
			err = r.want("true or false")
		}
	case "choices":
		err = r.array(r.choice)
	default:
		err = r.skip()
	}
	return err
}

// choice reads a choice of a categorical distribution: numbers and words are
// themselves, anything else is its JSON text.
func (r *distributionReader) choice() error {
	if r.peek() == '"' {
		text, err := r.text()
		r.d.choices, r.d.equal = append(r.d.choices, text), append(r.d.equal, text)
		return err
	}
	raw, err := r.raw()
	if err != nil {
		return err
	}
	var value, equal any = string(raw), otherChoice(raw)
	if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
		x, _ := strconv.ParseFloat(string(raw), 64) // out of range is infinite, "-Infinity" 0
		n, err := strconv.Atoi(string(raw))
		switch {
		case err == nil:
			value, equal = n, x
		case !notFinite(x) && bytes.ContainsAny(raw, ".eE"):
			value, equal = x, x
		}
	}
	if x, ok := pythonNumbers[string(raw)]; ok {
		value, equal = string(raw), x
	}
	r.d.choices, r.d.equal = append(r.d.choices, value), append(r.d.equal, equal)
	return nil
}

// otherChoice is a JSON text that is no word: it differs from the word of its
// spelling.
type otherChoice string

// pythonNumbers are texts that Python compares like numbers.
var pythonNumbers = map[string]float64{
	"true": 1, "false": 0, "NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
}

func (r *distributionReader) finish() (*Distribution, error) {
	d := &r.d
	old := map[string]string{"float": floatClass, "int": intClass, "categorical": categoricalClass}
	if d.class == "" {
		d.class = old[r.kind]
	}
	kind, ok := classes[d.class]
	if !ok {
		return nil, fmt.Errorf("unknown class %q or type %q", d.class, r.kind)
	}
	p := &d.param
	p.Kind = kind
	p.Log = p.Log || d.class == "LogUniformDistribution" || d.class == "IntLogUniformDistribution"
	if kind == Category {
		if len(d.choices) == 0 {
			return nil, errors.New("it has no choices")
		}
		*p = Param{Kind: Category}
		if !slices.ContainsFunc(d.choices, func(c any) bool { return math.IsNaN(number(c)) }) {
			p.Kind, p.Values = Choice, d.choices
		}
		return d, nil
	}
	d.choices, d.equal = nil, nil
	if !r.hasLow || !r.hasHi {
		return nil, errors.New("it lacks low or high")
	}
	if r.hasStep && p.Step <= 0 {
		return nil, fmt.Errorf("step must be positive (got %v)", p.Step)
	}
	if kind == Integer {
		p.Low, p.High, p.Step = math.Trunc(p.Low), math.Trunc(p.High), math.Trunc(p.Step)
		if !r.hasStep {
			p.Step = 1
		}
		if p.Step < 1 {
			return nil, fmt.Errorf("an integer step is 1 or more (got %v)", p.Step)
		}
	}
	return d, d.adjust()
}
