package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxLine bounds a line of stdout, in bytes; longer ones are skipped.
const maxLine = 1 << 20

// readLines calls f with every line of r, without its end, until r ends. Lines of more
// than limit bytes are left out. f must not keep the line.
func readLines(r io.Reader, limit int, f func([]byte)) {
	in := bufio.NewReaderSize(r, 16<<10)
	var line []byte
	skip := false
	for {
		chunk, err := in.ReadSlice('\n')
		chunk = bytes.TrimSuffix(chunk, []byte("\n"))
		if skip = skip || len(line)+len(chunk) > limit; !skip {
			line = append(line, chunk...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if !skip && (err == nil || len(line) > 0) {
			f(line)
		}
		if err != nil {
			return
		}
		line, skip = line[:0], false
	}
}

// message is what a line of stdout says: a report, or a result with attributes.
type message struct {
	report bool
	step   int
	value  float64
	attrs  map[string]json.RawMessage
}

// parseLine reads a line of stdout. It returns nil for a line that is none of the
// protocol's, and an error for one that looks as if it were meant to be.
func parseLine(line string) (*message, error) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "{") {
		return parseObject(line)
	}
	word, rest, ok := strings.Cut(line, ":")
	word = strings.TrimSpace(word)
	switch fields := strings.Fields(rest); {
	case !ok:
		return nil, nil
	case strings.EqualFold(word, "value"):
		if len(fields) != 1 {
			return nil, errors.New("want value: X with one number")
		}
		value, err := parseNumber(fields[0])
		return &message{value: value}, err
	case strings.EqualFold(word, "report"):
		if len(fields) != 2 {
			return nil, errors.New("want report: STEP VALUE with two numbers")
		}
		step, err := parseStep(fields[0])
		if err != nil {
			return nil, err
		}
		value, err := parseNumber(fields[1])
		return &message{report: true, step: step, value: value}, err
	}
	return nil, nil
}

// parseObject reads a line that begins with {.
func parseObject(line string) (*message, error) {
	var keys map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &keys) != nil && json.Unmarshal(quoteNonFinite(line), &keys) != nil {
		return nil, nil
	}
	raw, ok := keys["value"]
	if !ok {
		return nil, nil
	}
	text := string(raw)
	if slices.Contains(nonFinite, strings.Trim(text, `"`)) {
		text = strings.Trim(text, `"`)
	}
	value, err := parseNumber(text)
	if err != nil {
		return nil, err
	}
	delete(keys, "value")
	if raw, ok := keys["step"]; ok && string(raw) != "null" {
		step, err := parseStep(string(raw))
		return &message{report: true, step: step, value: value}, err
	}
	delete(keys, "step")
	return &message{value: value, attrs: keys}, nil
}

// nonFinite are the words that Python's json module writes for numbers which JSON has
// not; longer words stand before those that they hold.
var nonFinite = []string{"-Infinity", "Infinity", "NaN"}

// quoteNonFinite puts quotes around them where they are not inside a string.
func quoteNonFinite(line string) []byte {
	var out []byte
	for inString := false; line != ""; {
		n, word := 1, ""
		switch {
		case inString && line[0] == '\\' && len(line) > 1:
			n = 2
		case line[0] == '"':
			inString = !inString
		case !inString:
			if i := slices.IndexFunc(nonFinite, func(w string) bool { return strings.HasPrefix(line, w) }); i >= 0 {
				word, n = nonFinite[i], len(nonFinite[i])
			}
		}
		if word != "" {
			out = strconv.AppendQuote(out, word)
		} else {
			out = append(out, line[:n]...)
		}
		line = line[n:]
	}
	return out
}

// parseNumber reads a Go float; beyond the range of float64 it is an infinity.
func parseNumber(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%.40q is not a number", text)
	}
	return x, nil
}

// parseStep reads an integer; 3.0 is one.
func parseStep(text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, fmt.Errorf("the step %.40q is not an integer", text)
	}
	return int(x), nil
}

// output follows what a command prints. It belongs to the goroutine that reads.
type output struct {
	report  func(step int, value float64) error
	setAttr func(key string, value any) error
	end     func() // ends the run; called once, when err is set

	err   error // of a report or an attribute
	value float64
	has   bool   // there is a value
	bad   string // why the last line that looked like the protocol's was not
}

// line takes a line of stdout.
func (o *output) line(line []byte) {
	if o.err != nil {
		return // the run is being ended
	}
	m, err := parseLine(string(line))
	switch {
	case err != nil:
		o.bad = fmt.Sprintf("%.80q: %v", line, err)
	case m == nil:
	case m.report:
		if err := o.report(m.step, m.value); err != nil {
			o.fail(err)
		}
	default:
		o.value, o.has = m.value, true
		for _, key := range slices.Sorted(maps.Keys(m.attrs)) {
			if err := o.setAttr(key, m.attrs[key]); err != nil {
				o.fail(err)
				return
			}
		}
	}
}

func (o *output) fail(err error) {
	o.err = err
	o.end()
}

// What is kept of stderr for an error.
const (
	tailLines = 5
	tailBytes = 2 << 10
)

// tail keeps the end of what is written to it.
type tail struct{ buf []byte }

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p[max(0, len(p)-tailBytes):]...)
	if cut := len(t.buf) - tailBytes; cut > tailBytes {
		t.buf = append(t.buf[:0], t.buf[cut:]...)
	}
	return len(p), nil
}

// String returns the last lines as the end of an error's text, "" if there are none.
// Of a line that was overwritten with \r only the last state is shown.
func (t *tail) String() string {
	text := string(t.buf[max(0, len(t.buf)-tailBytes):])
	var lines []string
	for line := range strings.SplitSeq(strings.ToValidUTF8(text, "?"), "\n") {
		line = strings.TrimRight(line, "\r \t")
		if line = line[strings.LastIndexByte(line, '\r')+1:]; line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "; its stderr ends:\n\t" + strings.Join(lines[max(0, len(lines)-tailLines):], "\n\t")
}
