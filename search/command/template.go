package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mnisttune/search"
)

// trialName is the placeholder of the trial's number.
const trialName = "trial"

// quotes says between which quotes of a shell's text something stands.
type quotes uint8

const (
	unquoted quotes = iota
	singleQuoted
	doubleQuoted
)

// part of a template: a text as it is, or the name of a parameter.
type part struct {
	text   string
	name   string // "" for a text
	quotes quotes // around the name, in a shell's text
}

// template is a text with placeholders.
type template []part

// compile reads a text in which {name} is a placeholder and {{ and }} are braces. In a
// shell's text ${...} is left alone, and the quotes around placeholders are noted.
func compile(text string, shell bool) (template, error) {
	t, err := (&compiler{rest: text, shell: shell}).compile()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return t, nil
}

// compiler is the state of compile.
type compiler struct {
	rest  string
	shell bool
	parts template
	text  strings.Builder
	last  byte // what stood before rest, 0 at the beginning

	quotes quotes
	depth  int // how many ${ are open
}

func (c *compiler) compile() (template, error) {
	for c.rest != "" {
		switch {
		case c.shell && c.take("${"):
			c.depth++
			c.text.WriteString("${")
		case c.depth > 0 && c.take("}"):
			c.depth--
			c.text.WriteByte('}')
		case c.take("{{"):
			c.text.WriteByte('{')
		case c.take("}}"):
			c.text.WriteByte('}')
		case c.rest[0] == '}':
			return nil, errors.New("a } without a { before it (write }} for a brace)")
		case c.take("{"):
			if err := c.placeholder(); err != nil {
				return nil, err
			}
		case c.shell:
			c.shellText()
		default:
			c.copy(1)
		}
	}
	c.endText()
	return c.parts, nil
}

// take skips a token if it comes next.
func (c *compiler) take(token string) bool {
	rest, ok := strings.CutPrefix(c.rest, token)
	if ok {
		c.rest, c.last = rest, token[len(token)-1]
	}
	return ok
}

// copy takes up to n bytes of text.
func (c *compiler) copy(n int) {
	n = min(n, len(c.rest))
	c.text.WriteString(c.rest[:n])
	c.last = c.rest[n-1]
	c.rest = c.rest[n:]
}

func (c *compiler) endText() {
	if c.text.Len() > 0 {
		c.parts = append(c.parts, part{text: c.text.String()})
		c.text.Reset()
	}
}

// placeholder reads what stands after its {.
func (c *compiler) placeholder() error {
	name, rest, ok := strings.Cut(c.rest, "}")
	if !ok {
		return errors.New("a { without a } after it (write {{ for a brace)")
	}
	if name == "" {
		return errors.New("{} names no parameter (write {{}} for braces)")
	}
	c.endText()
	c.parts = append(c.parts, part{name: name, quotes: c.quotes})
	c.rest, c.last = rest, '}'
	return nil
}

// shellText takes a character of a shell's text and follows its quotes. An error here
// could make a value appear in quotes or be split at spaces, but never run it: values
// are not part of the text.
func (c *compiler) shellText() {
	switch ch := c.rest[0]; {
	case ch == '\\' && c.quotes != singleQuoted:
		c.copy(2)
		return
	case ch == '\'' && c.quotes == unquoted:
		c.quotes = singleQuoted
	case ch == '"' && c.quotes == unquoted:
		c.quotes = doubleQuoted
	case ch == '\'' && c.quotes == singleQuoted, ch == '"' && c.quotes == doubleQuoted:
		c.quotes = unquoted
	case ch == '#' && c.quotes == unquoted && c.depth == 0 && strings.IndexByte("\x00 \t\n;&|(", c.last) >= 0:
		comment, _, _ := strings.Cut(c.rest, "\n")
		c.copy(len(comment))
		return
	}
	c.copy(1)
}

// names calls f with the name of every placeholder until it returns an error.
func (t template) names(f func(string) error) error {
	for _, p := range t {
		if p.name == "" {
			continue
		}
		if err := f(p.name); err != nil {
			return err
		}
	}
	return nil
}

// values are the texts that placeholders stand for.
type values map[string]string

func newValues(number int, params search.Params) values {
	v := make(values, len(params)+1)
	for name, value := range params {
		v[name] = formatValue(value)
	}
	v[trialName] = strconv.Itoa(number)
	return v
}

// formatValue writes a parameter's value as a program reads it.
func formatValue(v any) string {
	if x, ok := v.(float64); ok {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// expand returns the text with values for placeholders; ok is false if one of them has
// no value.
func (t template) expand(v values) (text string, ok bool) {
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		value, has := v[p.name]
		if !has {
			return "", false
		}
		b.WriteString(value)
	}
	return b.String(), true
}

// expandShell returns the text with what a shell takes for the values.
func (t template) expandShell(v values) (string, error) {
	var b strings.Builder
	for _, p := range t {
		text := p.text
		if p.name != "" {
			var err error
			if text, err = shellReference(p.name, v[p.name], p.quotes); err != nil {
				return "", err
			}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// Names of environment variables.
const (
	envTrial = "MNIST_TUNE_TRIAL"
	envParam = "MNIST_TUNE_PARAM_" // and the suffix of a parameter
)

// envName returns the environment variable of a placeholder.
func envName(name string) string {
	if name == trialName {
		return envTrial
	}
	return envParam + envSuffix(name)
}

// envSuffix returns a parameter's name in the letters of environment variables.
func envSuffix(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}
