package search

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// paramForms is what an error about a parameter's text ends with.
const paramForms = `want NAME=LOW..HIGH[:log][:step=K][:n=K][:when=PARAM>=VALUE] or NAME=VALUE,VALUE,..., as in learning_rate=1e-5..1e-1:log or batch_size=32,64,128`

var (
	paramName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	paramWord = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./+-]*$`)
	condition = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_.-]*)(==|!=|>=|<=|>|<|=)(.+)$`)
)

// ParseParam reads a parameter from one line of text:
//
//	learning_rate=1e-5..1e-1:log     a real range, searched on a log scale
//	num_layers=1..3                  integers: both ends are written as integers
//	dropout=0.0..0.5:step=0.1        0, 0.1, ... 0.5
//	learning_rate=1e-4..1e-1:log:n=4 a grid takes 4 points of it
//	batch_size=32,64,128             an ordered choice among numbers
//	optimizer=sgd,adam               a choice among words, without an order
//	momentum=0.5..0.99:when=optimizer=sgd
//
// A condition compares with ==, !=, >=, <=, > or < (= is ==). Param.String writes
// the same form.
func ParseParam(text string) (Param, error) {
	fail := func(format string, args ...any) (Param, error) {
		return Param{}, fmt.Errorf("search: %q: %s; %s", text, fmt.Sprintf(format, args...), paramForms)
	}
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return fail("there is no =")
	}
	if !paramName.MatchString(name) {
		return fail("%q is no name", name)
	}
	fields := strings.Split(rest, ":")
	p, err := parseValues(name, fields[0])
	if err != nil {
		return fail("%v", err)
	}
	for _, option := range fields[1:] {
		if err := p.parseOption(option); err != nil {
			return fail("%v", err)
		}
	}
	return p, p.validate()
}

// ParseSpace makes a space of one text a parameter.
func ParseSpace(texts []string) (Space, error) {
	params := make([]Param, len(texts))
	for i, text := range texts {
		var err error
		if params[i], err = ParseParam(text); err != nil {
			return Space{}, err
		}
	}
	return NewSpace(params...)
}

// parseValues reads what stands before the first option.
func parseValues(name, text string) (Param, error) {
	low, high, isRange := strings.Cut(text, "..")
	if !isRange {
		return parseList(name, strings.Split(text, ","))
	}
	l, lerr := strconv.Atoi(low)
	h, herr := strconv.Atoi(high)
	if lerr == nil && herr == nil {
		return Int(name, l, h), nil
	}
	x, err := parseNumber(low)
	if err != nil {
		return Param{}, err
	}
	y, err := parseNumber(high)
	return Float(name, x, y), err
}

func parseNumber(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%q is no finite number", text)
	}
	return x, nil
}

// parseList reads integers, else numbers, else words.
func parseList(name string, items []string) (Param, error) {
	ints, floats := make([]int, 0, len(items)), make([]float64, 0, len(items))
	words := 0
	for _, item := range items {
		if i, err := strconv.Atoi(item); err == nil {
			ints = append(ints, i)
		}
		if x, err := parseNumber(item); err == nil {
			floats = append(floats, x)
		} else if paramWord.MatchString(item) {
			words++
		} else {
			return Param{}, fmt.Errorf("%q is neither a number nor a word", item)
		}
	}
	switch len(items) {
	case len(ints):
		return OneOf(name, ints...), nil
	case len(floats):
		return OneOf(name, floats...), nil
	case words:
		return Words(name, items...), nil
	}
	return Param{}, fmt.Errorf("the list mixes numbers and words")
}

func (p *Param) parseOption(text string) error {
	key, value, _ := strings.Cut(text, "=")
	if p.Kind != Real && p.Kind != Integer && key != "when" {
		return fmt.Errorf("a list takes no option %q", text)
	}
	var err error
	switch {
	case text == "log":
		p.Log = true
	case key == "step":
		if p.Step, err = parseNumber(value); err == nil && p.Step <= 0 {
			err = fmt.Errorf("step must be positive (got %s)", value)
		}
	case key == "n":
		if p.GridPoints, err = strconv.Atoi(value); err != nil || p.GridPoints < 1 {
			err = fmt.Errorf("n must be a positive integer (got %q)", value)
		}
	case key == "when":
		p.When, err = parseCondition(value)
	default:
		err = fmt.Errorf("unknown option %q", text)
	}
	return err
}

func parseCondition(text string) (*Condition, error) {
	m := condition.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("the condition %q is not of the form PARAM>=VALUE", text)
	}
	c := &Condition{Param: m[1], Op: m[2]}
	if c.Op == "=" {
		c.Op = "=="
	}
	if i, err := strconv.Atoi(m[3]); err == nil {
		c.Value = i
	} else if x, err := parseNumber(m[3]); err == nil {
		c.Value = x
	} else if paramWord.MatchString(m[3]) {
		c.Value = m[3]
	} else {
		return nil, fmt.Errorf("the condition %q compares with neither a number nor a word", text)
	}
	return c, nil
}

// String writes the parameter in the form that ParseParam reads.
func (p Param) String() string {
	var b strings.Builder
	b.WriteString(p.Name + "=")
	if p.Kind == Choice || p.Kind == Category {
		for i, v := range p.Values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(formatValue(v))
		}
	} else {
		var low, high any = p.Low, p.High
		if p.Kind == Integer {
			low, high = int(p.Low), int(p.High)
		}
		b.WriteString(formatValue(low) + ".." + formatValue(high))
	}
	if p.Log {
		b.WriteString(":log")
	}
	if p.Step > 0 {
		b.WriteString(":step=" + strconv.FormatFloat(p.Step, 'g', -1, 64))
	}
	if p.GridPoints > 0 {
		fmt.Fprintf(&b, ":n=%d", p.GridPoints)
	}
	if p.When != nil {
		b.WriteString(":when=" + p.When.String())
	}
	return b.String()
}

// formatValue writes a value so that its type can be read back: a real number
// never looks like an integer.
func formatValue(v any) string {
	x, ok := v.(float64)
	if !ok {
		return fmt.Sprint(v)
	}
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
