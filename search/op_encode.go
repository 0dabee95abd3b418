package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the operation as a line of Optuna's journal format, without
// the line feed. Numbers that are not finite are written as Python writes them
// (NaN, Infinity, -Infinity), which Go's encoding/json does not read; hence
// there is no MarshalJSON. On an error dst is returned as it was.
func (op *Op) AppendJSON(dst []byte) ([]byte, error) {
	if err := op.validate(); err != nil {
		return dst, err
	}
	e := opEncoder{b: dst}
	e.raw(`{"op_code":`).int(int(op.Code)).raw(`,"worker_id":`).text(op.Worker)
	switch op.Code {
	case CreateStudy:
		e.raw(`,"study_name":`).text(op.StudyName).raw(`,"directions":[`)
		for i, d := range op.Directions {
			e.comma(i).int(int(d))
		}
		e.raw("]")
	case DeleteStudy:
		e.raw(`,"study_id":`).int(op.StudyID)
	case StudyUserAttr, StudySystemAttr:
		e.raw(`,"study_id":`).int(op.StudyID).attr(op)
	case CreateTrial:
		e.newTrial(op)
	case SetParam:
		p := op.Params[0]
		e.raw(`,"trial_id":`).int(op.TrialID).raw(`,"param_name":`).text(p.Name)
		e.raw(`,"param_value_internal":`).float(p.Internal).raw(`,"distribution":`).text(p.Distribution)
	case SetState:
		e.raw(`,"trial_id":`).int(op.TrialID).raw(`,"state":`).int(int(op.State - Running)).raw(`,"values":`).floats(op.Values)
		if op.State == Running {
			e.raw(`,"datetime_start":`).time(op.Start)
		} else if op.State.Finished() {
			e.raw(`,"datetime_complete":`).time(op.Complete)
		}
	case SetIntermediate:
		r := op.Reports[0]
		e.raw(`,"trial_id":`).int(op.TrialID).raw(`,"step":`).int(r.Step).raw(`,"intermediate_value":`).float(r.Value)
	case TrialUserAttr, TrialSystemAttr:
		e.raw(`,"trial_id":`).int(op.TrialID).attr(op)
	}
	e.raw("}")
	if e.err != nil {
		return dst, fmt.Errorf("search: cannot write the operation %q: %w", op.Code, e.err)
	}
	return e.b, nil
}

// opEncoder appends JSON as Python's json module would; the first error stays.
type opEncoder struct {
	b   []byte
	err error
}

// newTrial writes what follows the worker of a CreateTrial.
func (e *opEncoder) newTrial(op *Op) {
	e.raw(`,"study_id":`).int(op.StudyID).raw(`,"datetime_start":`).time(op.Start)
	state := max(op.State, Running)
	bare := state == Running && op.Complete.IsZero() &&
		len(op.Params)+len(op.Values)+len(op.UserAttrs)+len(op.SystemAttrs)+len(op.Reports) == 0
	if bare {
		return
	}
	e.raw(`,"state":`).int(int(state - Running))
	if len(op.Values) == 1 {
		e.raw(`,"value":`).float(op.Values[0]).raw(`,"values":null`)
	} else {
		e.raw(`,"value":null,"values":`).floats(op.Values)
	}
	if !op.Complete.IsZero() {
		e.raw(`,"datetime_complete":`).time(op.Complete)
	}
	e.raw(`,"distributions":{`)
	for i, p := range op.Params {
		e.comma(i).text(p.Name).raw(":").text(p.Distribution)
	}
	e.raw(`},"params":{`)
	for i, p := range op.Params {
		e.comma(i).text(p.Name).raw(":").float(p.Internal)
	}
	e.raw(`},"user_attrs":`).attrs(op.UserAttrs).raw(`,"system_attrs":`).attrs(op.SystemAttrs)
	e.raw(`,"intermediate_values":{`)
	for i, r := range op.Reports {
		e.comma(i).raw(`"`).int(r.Step).raw(`":`).float(r.Value)
	}
	e.raw("}")
}

func (e *opEncoder) raw(s string) *opEncoder {
	e.b = append(e.b, s...)
	return e
}

func (e *opEncoder) comma(i int) *opEncoder {
	if i > 0 {
		e.b = append(e.b, ',')
	}
	return e
}

func (e *opEncoder) int(i int) *opEncoder {
	e.b = strconv.AppendInt(e.b, int64(i), 10)
	return e
}

func (e *opEncoder) float(x float64) *opEncoder {
	e.b = appendFloat(e.b, x)
	return e
}

func (e *opEncoder) floats(xs []float64) *opEncoder {
	if len(xs) == 0 {
		return e.raw("null")
	}
	e.raw("[")
	for i, x := range xs {
		e.comma(i).float(x)
	}
	return e.raw("]")
}

func (e *opEncoder) text(s string) *opEncoder {
	e.b = appendText(e.b, s)
	return e
}

// pythonTime is the form that datetime.fromisoformat reads in every Python 3.
const pythonTime = "2006-01-02T15:04:05.000000+00:00"

func (e *opEncoder) time(t time.Time) *opEncoder {
	if t.IsZero() {
		return e.raw("null")
	}
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		e.fail(fmt.Errorf("the time %v is outside the years 1 to 9999", t))
	}
	e.b = append(e.b, '"')
	e.b = t.AppendFormat(e.b, pythonTime)
	return e.raw(`"`)
}

func (e *opEncoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// attr writes the one attribute of an operation.
func (e *opEncoder) attr(op *Op) *opEncoder {
	field := `,"user_attr":{`
	if op.Code == StudySystemAttr || op.Code == TrialSystemAttr {
		field = `,"system_attr":{`
	}
	return e.raw(field).text(op.Key).raw(":").value(op.Key, op.Value).raw("}")
}

func (e *opEncoder) attrs(m map[string]json.RawMessage) *opEncoder {
	e.raw("{")
	for i, key := range slices.Sorted(maps.Keys(m)) {
		e.comma(i).text(key).raw(":").value(key, m[key])
	}
	return e.raw("}")
}

// value writes a JSON value on one line.
func (e *opEncoder) value(key string, v json.RawMessage) *opEncoder {
	s := jsonScanner{b: v}
	err := s.appendCompact(&e.b, false)
	if err == nil {
		err = s.end()
	}
	if err == nil && !utf8.Valid(v) {
		err = errors.New("it is not UTF-8 text")
	}
	if err != nil {
		e.fail(fmt.Errorf("the attribute %q is no JSON: %w", key, err))
	}
	return e
}

// appendFloat writes x as Python's repr does: always recognisable as a float.
func appendFloat(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(b, "NaN"...)
	case math.IsInf(x, 1):
		return append(b, "Infinity"...)
	case math.IsInf(x, -1):
		return append(b, "-Infinity"...)
	}
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, x, 'f', -1, 64)
	if !slices.Contains(b[start:], '.') {
		b = append(b, ".0"...)
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendText writes a JSON string. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + n
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
