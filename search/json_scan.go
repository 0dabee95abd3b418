package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep values are nested, as Python's recursion limit does.
const maxDepth = 1000

// jsonScanner reads JSON in the dialect of Python's json module: RFC 8259 with
// NaN, Infinity and -Infinity. The bytes must be UTF-8.
type jsonScanner struct {
	b      []byte
	i      int
	depth  int
	intern *interner // of texts that recur; may be nil
}

func (s *jsonScanner) fail(format string, args ...any) error {
	return fmt.Errorf("at byte %d: %s", s.i+1, fmt.Sprintf(format, args...))
}

// want is the error for something that is not what was expected here.
func (s *jsonScanner) want(what string) error {
	if s.i >= len(s.b) {
		return s.fail("it ends where %s should be", what)
	}
	got := s.b[s.i:]
	if len(got) > 20 {
		got = got[:20]
	}
	return s.fail("got %q, want %s", got, what)
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *jsonScanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *jsonScanner) take(c byte) bool {
	if s.peek() == c && s.i < len(s.b) {
		s.i++
		return true
	}
	return false
}

func (s *jsonScanner) end() error {
	if s.peek(); s.i < len(s.b) {
		return s.want("nothing more")
	}
	return nil
}

func (s *jsonScanner) word(w string) bool {
	if len(s.b)-s.i >= len(w) && string(s.b[s.i:s.i+len(w)]) == w {
		s.i += len(w)
		return true
	}
	return false
}

func (s *jsonScanner) null() bool { return s.peek() == 'n' && s.word("null") }

// object calls field for every key; field must read the value.
func (s *jsonScanner) object(field func(key string) error) error {
	return s.items('{', '}', "an object", func() error {
		key, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.want("a colon")
		}
		return field(key)
	})
}

// array calls item for every element; item must read it.
func (s *jsonScanner) array(item func() error) error { return s.items('[', ']', "an array", item) }

func (s *jsonScanner) items(open, shut byte, what string, item func() error) error {
	if !s.take(open) {
		return s.want(what)
	}
	if s.depth++; s.depth > maxDepth {
		return s.fail("more than %d values inside one another", maxDepth)
	}
	defer func() { s.depth-- }()
	if s.take(shut) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.take(shut) {
			return nil
		}
		if !s.take(',') {
			return s.want(fmt.Sprintf("a comma or %c", shut))
		}
	}
}

// quoted returns a string with its quotes, and whether it holds an escape.
func (s *jsonScanner) quoted() (raw []byte, escaped bool, err error) {
	if s.peek() != '"' {
		return nil, false, s.want("a string")
	}
	for start, i := s.i, s.i+1; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return s.b[start:s.i], escaped, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			s.i = i
			return nil, false, s.fail("the control character %q in a string", c)
		}
	}
	s.i = len(s.b)
	return nil, false, s.fail("a string without an end")
}

// text reads a string.
func (s *jsonScanner) text() (string, error) {
	raw, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	if known, ok := s.intern.get(raw); ok {
		return known, nil
	}
	if !escaped {
		return s.intern.put(raw, string(raw[1:len(raw)-1])), nil
	}
	text, err := unescape(raw[1 : len(raw)-1])
	if err != nil {
		return "", s.fail("the string before it: %v", err)
	}
	return s.intern.put(raw, text), nil
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes what is between quotes; half a surrogate pair becomes U+FFFD.
func unescape(raw []byte) (string, error) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++ // quoted never ends at a backslash
		if c := escapes[raw[i]]; c != 0 {
			out = append(out, c)
			continue
		}
		r, err := hexRune(raw[i:])
		if err != nil {
			return "", err
		}
		i += 4
		if utf16.IsSurrogate(r) {
			r2, err := rune(-1), error(nil)
			if i+2 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
				if r2, err = hexRune(raw[i+2:]); err != nil {
					return "", err
				}
			}
			if r = utf16.DecodeRune(r, r2); r != utf8.RuneError {
				i += 6
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), nil
}

// hexRune reads uXXXX.
func hexRune(b []byte) (rune, error) {
	if len(b) >= 5 && b[0] == 'u' {
		if r, err := strconv.ParseUint(string(b[1:5]), 16, 32); err == nil {
			return rune(r), nil
		}
	}
	return 0, fmt.Errorf("an unknown escape \\%.5s", b)
}

// number returns the text of a number; NaN and the infinities are none.
func (s *jsonScanner) number() ([]byte, error) {
	s.peek()
	i := s.i
	digits := func() bool {
		first := i
		for i < len(s.b) && '0' <= s.b[i] && s.b[i] <= '9' {
			i++
		}
		return i > first
	}
	at := func(chars string) bool {
		if i < len(s.b) && strings.IndexByte(chars, s.b[i]) >= 0 {
			i++
			return true
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return nil, s.want("a number")
	}
	if at(".") && !digits() {
		return nil, s.want("a number")
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return nil, s.want("a number")
		}
	}
	raw := s.b[s.i:i]
	s.i = i
	return raw, nil
}

// notNumber reads NaN, Infinity or -Infinity.
func (s *jsonScanner) notNumber() (x float64, ok bool) {
	switch c := s.peek(); {
	case c == 'N' && s.word("NaN"):
		return math.NaN(), true
	case c == 'I' && s.word("Infinity"):
		return math.Inf(1), true
	case c == '-' && s.word("-Infinity"):
		return math.Inf(-1), true
	}
	return 0, false
}

// float reads a number as Python does: too large a one is infinite. null, which
// other writers put for NaN, is NaN.
func (s *jsonScanner) float() (float64, error) {
	if x, ok := s.notNumber(); ok {
		return x, nil
	}
	if s.null() {
		return math.NaN(), nil
	}
	raw, err := s.number()
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, s.fail("%v", err)
	}
	return x, nil
}

func (s *jsonScanner) integer() (int, error) {
	raw, err := s.number()
	if err != nil {
		return 0, err
	}
	if len(raw) < 10 { // the usual: no overflow
		n := 0
		for _, c := range raw {
			if c < '0' || c > '9' {
				n = -1
				break
			}
			n = n*10 + int(c-'0')
		}
		if n >= 0 {
			return n, nil
		}
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		s.i -= len(raw)
		return 0, s.want("an integer of 64 bits")
	}
	return n, nil
}

// skip reads any value and forgets it.
func (s *jsonScanner) skip() error { return s.appendCompact(nil, false) }

// raw returns any value as JSON without white space.
func (s *jsonScanner) raw() (json.RawMessage, error) {
	s.peek()
	start := s.i
	if err := s.skip(); err != nil {
		return nil, err
	}
	value := s.b[start:s.i]
	if bytes.ContainsAny(value, " \t\r\n") {
		out := make([]byte, 0, len(value))
		again := jsonScanner{b: value}
		err := again.appendCompact(&out, false)
		return out, err
	}
	return bytes.Clone(value), nil
}

// appendCompact reads any value and, unless out is nil, appends it without white
// space; standard puts the numbers that are none in quotes.
func (s *jsonScanner) appendCompact(out *[]byte, standard bool) error {
	put := func(text ...byte) {
		if out != nil {
			*out = append(*out, text...)
		}
	}
	switch c := s.peek(); c {
	case '{', '[':
		return s.compactItems(c, out, standard)
	case '"':
		raw, escaped, err := s.quoted()
		if err != nil {
			return err
		}
		if escaped {
			if _, err := unescape(raw[1 : len(raw)-1]); err != nil {
				return s.fail("the string before it: %v", err)
			}
		}
		put(raw...)
		return nil
	case 't', 'f', 'n':
		for _, w := range []string{"true", "false", "null"} {
			if s.word(w) {
				put([]byte(w)...)
				return nil
			}
		}
		return s.want("a JSON value")
	}
	start := s.i
	if _, ok := s.notNumber(); ok {
		if standard {
			put('"')
		}
		put(s.b[start:s.i]...)
		if standard {
			put('"')
		}
		return nil
	}
	raw, err := s.number()
	if err != nil {
		return s.want("a JSON value")
	}
	put(raw...)
	return nil
}

// compactItems is appendCompact of an object or an array.
func (s *jsonScanner) compactItems(open byte, out *[]byte, standard bool) error {
	put := func(c byte) {
		if out != nil {
			*out = append(*out, c)
		}
	}
	shut, n := open+2, 0 // { and }, [ and ] are two apart
	put(open)
	err := s.items(open, shut, "", func() error {
		if n++; n > 1 {
			put(',')
		}
		if open == '{' {
			if s.peek() != '"' {
				return s.want("a string")
			}
			if err := s.appendCompact(out, standard); err != nil {
				return err
			}
			if !s.take(':') {
				return s.want("a colon")
			}
			put(':')
		}
		return s.appendCompact(out, standard)
	})
	put(shut)
	return err
}

// StandardJSON returns a value of a log as encoding/json reads it: NaN, Infinity
// and -Infinity become the strings "NaN", "Infinity" and "-Infinity".
func StandardJSON(v json.RawMessage) (json.RawMessage, error) {
	out := make([]byte, 0, len(v))
	s := jsonScanner{b: v}
	err := s.appendCompact(&out, true)
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, fmt.Errorf("search: no JSON value: %w", err)
	}
	return out, nil
}

// interner keeps one copy of texts that recur in a log: names, workers,
// distributions. A nil one keeps nothing.
type interner struct{ texts map[string]string }

const (
	maxInterned   = 1 << 12 // texts
	maxInternable = 1 << 12 // bytes of one
)

func (in *interner) get(raw []byte) (string, bool) {
	if in == nil {
		return "", false
	}
	text, ok := in.texts[string(raw)]
	return text, ok
}

func (in *interner) put(raw []byte, text string) string {
	if in == nil || len(raw) > maxInternable {
		return text
	}
	if in.texts == nil || len(in.texts) >= maxInterned {
		in.texts = make(map[string]string)
	}
	in.texts[string(raw)] = text
	return text
}
