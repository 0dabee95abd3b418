package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ParseOp reads a line of Optuna's journal format, with or without its line feed.
// Fields that it does not know are skipped; an unknown operation, a missing field
// and anything that is not JSON is an error.
func ParseOp(line []byte) (Op, error) { return new(OpParser).Parse(line) }

// OpParser reads many lines. It keeps one copy of the texts that recur (names,
// workers, distributions), which saves most of the memory of a long log. The zero
// OpParser is ready; it is not safe for concurrent use.
type OpParser struct{ texts interner }

// Parse is ParseOp.
func (p *OpParser) Parse(line []byte) (Op, error) {
	if !utf8.Valid(line) {
		return Op{}, errors.New("search: not an operation of a study log: it is not UTF-8 text")
	}
	r := opReader{jsonScanner: jsonScanner{b: line, intern: &p.texts}}
	r.op.Code = -1
	err := r.object(r.field)
	if err == nil {
		err = r.end()
	}
	if err == nil {
		err = r.finish()
	}
	if err != nil {
		return Op{}, fmt.Errorf("search: not an operation of a study log: %w", err)
	}
	return r.op, nil
}

// field bits say which fields a line had.
const (
	hasWorker = 1 << iota
	hasStudyID
	hasStudyName
	hasDirections
	hasUserAttr
	hasSystemAttr
	hasStart
	hasTrialID
	hasParamName
	hasInternal
	hasDistribution
	hasState
	hasValues
	hasStep
	hasIntermediate
)

var fieldNames = [...]string{
	"worker_id", "study_id", "study_name", "directions", "user_attr", "system_attr", "datetime_start", "trial_id",
	"param_name", "param_value_internal", "distribution", "state", "values", "step", "intermediate_value",
}

// needs lists the fields without which Optuna's reader stops, by op code.
var needs = [...]uint{
	CreateStudy:     hasStudyName | hasDirections,
	DeleteStudy:     hasStudyID,
	StudyUserAttr:   hasStudyID | hasUserAttr,
	StudySystemAttr: hasStudyID | hasSystemAttr,
	CreateTrial:     hasStudyID | hasStart,
	SetParam:        hasTrialID | hasParamName | hasInternal | hasDistribution,
	SetState:        hasTrialID | hasState | hasValues,
	SetIntermediate: hasTrialID | hasStep | hasIntermediate,
	TrialUserAttr:   hasTrialID | hasUserAttr,
	TrialSystemAttr: hasTrialID | hasSystemAttr,
	DiscardTrials:   0,
}

// opReader collects the fields of a line, whatever their order.
type opReader struct {
	jsonScanner
	op                    Op
	has                   uint
	param                 OpParam            // of SetParam
	report                Report             // of SetIntermediate
	userAttr, systemAttr  map[string]rawJSON // of the attribute operations
	distributions, values []OpParam          // of CreateTrial
	value                 []float64          // its single value
}

type rawJSON = json.RawMessage

func (r *opReader) field(key string) (err error) {
	op := &r.op
	switch key {
	case "op_code":
		var code int
		code, err = r.integer()
		op.Code = OpCode(code)
	case "worker_id":
		r.has |= hasWorker
		op.Worker, err = r.text()
	case "study_id":
		r.has |= hasStudyID
		op.StudyID, err = r.id()
	case "trial_id":
		r.has |= hasTrialID
		op.TrialID, err = r.id()
	case "study_name":
		r.has |= hasStudyName
		op.StudyName, err = r.text()
	case "directions":
		r.has |= hasDirections
		op.Directions, err = r.directions()
	case "user_attr":
		r.has |= hasUserAttr
		r.userAttr, err = r.attrs()
	case "system_attr":
		r.has |= hasSystemAttr
		r.systemAttr, err = r.attrs()
	case "datetime_start":
		r.has |= hasStart
		op.Start, err = r.time()
	case "datetime_complete":
		op.Complete, err = r.time()
	case "state":
		r.has |= hasState
		op.State, err = r.state()
	case "values":
		r.has |= hasValues
		op.Values, err = r.floats()
	default:
		err = r.ofTrial(key)
	}
	return err
}

// ofTrial reads the fields that belong to one or two operations only.
func (r *opReader) ofTrial(key string) (err error) {
	op := &r.op
	switch key {
	case "param_name":
		r.has |= hasParamName
		r.param.Name, err = r.text()
	case "param_value_internal":
		r.has |= hasInternal
		r.param.Internal, err = r.float()
	case "distribution":
		r.has |= hasDistribution
		r.param.Distribution, err = r.text()
	case "step":
		r.has |= hasStep
		r.report.Step, err = r.integer()
	case "intermediate_value":
		r.has |= hasIntermediate
		r.report.Value, err = r.float()
	case "value":
		if r.value = nil; !r.null() {
			var x float64
			x, err = r.float()
			r.value = []float64{x}
		}
	case "params":
		r.values, err = r.named(func(p *OpParam) (err error) { p.Internal, err = r.float(); return })
	case "distributions":
		r.distributions, err = r.named(func(p *OpParam) (err error) { p.Distribution, err = r.text(); return })
	case "user_attrs":
		op.UserAttrs, err = r.attrs()
	case "system_attrs":
		op.SystemAttrs, err = r.attrs()
	case "intermediate_values":
		op.Reports, err = r.reports()
	default:
		err = r.skip()
	}
	return err
}

// finish puts together what belongs to the operation and drops the rest.
func (r *opReader) finish() error {
	in := r.op
	if in.Code < 0 {
		return errors.New("it has no op_code")
	}
	if int(in.Code) >= len(needs) {
		return fmt.Errorf("unknown op_code %d (want 0 to %d); a newer program may have written it", int(in.Code), len(needs)-1)
	}
	for i, name := range fieldNames {
		if (needs[in.Code]|hasWorker)&^r.has>>i&1 != 0 {
			return fmt.Errorf("the operation %q lacks the field %s", in.Code, name)
		}
	}
	out := Op{Code: in.Code, Worker: in.Worker}
	switch in.Code {
	case CreateStudy:
		out.StudyName, out.Directions = in.StudyName, in.Directions
	case DeleteStudy:
		out.StudyID = in.StudyID
	case StudyUserAttr, StudySystemAttr:
		out.StudyID = in.StudyID
	case CreateTrial:
		if err := r.finishTrial(&in); err != nil {
			return err
		}
		out = Op{Code: in.Code, Worker: in.Worker, StudyID: in.StudyID, State: in.State, Values: in.Values, Params: in.Params,
			Reports: in.Reports, Start: in.Start, Complete: in.Complete, UserAttrs: in.UserAttrs, SystemAttrs: in.SystemAttrs}
	case SetParam:
		out.TrialID, out.Params = in.TrialID, []OpParam{r.param}
	case SetState:
		out.TrialID, out.State, out.Values = in.TrialID, in.State, in.Values
		if in.State == Running {
			out.Start = in.Start
		} else if in.State.Finished() {
			out.Complete = in.Complete
		}
	case SetIntermediate:
		out.TrialID, out.Reports = in.TrialID, []Report{r.report}
	case TrialUserAttr, TrialSystemAttr:
		out.TrialID = in.TrialID
	}
	if err := r.finishAttr(&out); err != nil {
		return err
	}
	r.op = out
	if out.Code == DiscardTrials {
		return nil
	}
	return out.validate()
}

// finishAttr takes the attribute of an operation that sets one.
func (r *opReader) finishAttr(op *Op) error {
	attrs := r.userAttr
	switch op.Code {
	case StudyUserAttr, TrialUserAttr:
	case StudySystemAttr, TrialSystemAttr:
		attrs = r.systemAttr
	default:
		return nil
	}
	if len(attrs) != 1 {
		return fmt.Errorf("the operation %q sets one attribute (got %d)", op.Code, len(attrs))
	}
	for op.Key, op.Value = range attrs {
	}
	return nil
}

// finishTrial joins the values of a new trial's parameters with their
// distributions. A distribution without a value is dropped.
func (r *opReader) finishTrial(op *Op) error {
	if op.State == 0 {
		op.State = Running
	}
	if r.value != nil {
		if op.Values != nil {
			return errors.New("a new trial has both value and values")
		}
		op.Values = r.value
	}
	byName := make(map[string]string, len(r.distributions))
	if len(r.values) > 8 {
		for _, d := range r.distributions {
			byName[d.Name] = d.Distribution
		}
	}
	for i := range r.values {
		p := &r.values[i]
		if len(r.values) > 8 {
			p.Distribution = byName[p.Name]
			continue
		}
		for _, d := range r.distributions {
			if d.Name == p.Name {
				p.Distribution = d.Distribution
			}
		}
	}
	op.Params = r.values
	return nil
}

func (r *opReader) id() (int, error) {
	id, err := r.integer()
	if err == nil && id < 0 {
		err = r.fail("an id is negative (got %d)", id)
	}
	return id, err
}

func (r *opReader) directions() (out []Direction, err error) {
	return out, r.array(func() error {
		d, err := r.integer()
		if err == nil && d != 1 && d != 2 {
			err = r.fail("unknown direction %d (want 1 to minimise or 2 to maximise)", d)
		}
		out = append(out, Direction(d))
		return err
	})
}

func (r *opReader) state() (State, error) {
	s, err := r.integer()
	if err == nil && (s < 0 || s > int(Waiting-Running)) {
		err = r.fail("unknown state %d (want 0 to 4)", s)
	}
	return Running + State(s), err
}

func (r *opReader) floats() (out []float64, err error) {
	if r.null() {
		return nil, nil
	}
	err = r.array(func() error {
		x, err := r.float()
		out = append(out, x)
		return err
	})
	return out, err
}

func (r *opReader) attrs() (map[string]rawJSON, error) {
	var out map[string]rawJSON
	err := r.object(func(key string) error {
		v, err := r.raw()
		if out == nil {
			out = make(map[string]rawJSON, 1)
		}
		out[key] = v
		return err
	})
	return out, err
}

// named reads an object of parameters; of a name that comes twice the last counts.
func (r *opReader) named(value func(*OpParam) error) (out []OpParam, err error) {
	var at map[string]int // only of many
	err = r.object(func(name string) error {
		i := len(out)
		if len(out) == 8 {
			at = make(map[string]int)
			for j, p := range out {
				at[p.Name] = j
			}
		}
		if at != nil {
			if j, dup := at[name]; dup {
				i = j
			} else {
				at[name] = i
			}
		} else {
			for j, p := range out {
				if p.Name == name {
					i = j
				}
			}
		}
		if i == len(out) {
			out = append(out, OpParam{Name: name})
		}
		return value(&out[i])
	})
	return out, err
}

func (r *opReader) reports() (out []Report, err error) {
	highest := 0
	err = r.object(func(key string) error {
		step, err := parseStep(key)
		if err != nil {
			return r.fail("%v", err)
		}
		x, err := r.float()
		out = putReport(out, Report{Step: step, Value: x}, &highest)
		return err
	})
	return out, err
}

func parseStep(key string) (int, error) {
	s := jsonScanner{b: []byte(key)}
	step, err := s.integer()
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no step: %w", key, err)
	}
	return step, nil
}

// putReport adds a report; one of a step that is there already takes its place.
// highest is the highest step so far; it is not read while there is none.
func putReport(reports []Report, r Report, highest *int) []Report {
	if len(reports) == 0 || r.Step > *highest {
		*highest = r.Step
		return append(reports, r)
	}
	for i := range reports {
		if reports[i].Step == r.Step {
			reports[i].Value = r.Value
			return reports
		}
	}
	return append(reports, r)
}

// time reads what datetime.isoformat writes; a time without a zone is local, as
// Python takes it.
func (r *opReader) time() (time.Time, error) {
	if r.null() {
		return time.Time{}, nil
	}
	raw, _, err := r.quoted()
	if err != nil {
		return time.Time{}, err
	}
	text := string(raw[1 : len(raw)-1])
	t, err := parsePythonTime(text)
	if err != nil {
		r.i -= len(raw)
		return time.Time{}, r.want("a time such as \"2026-01-31T12:00:00.000000+00:00\"")
	}
	return t, nil
}
