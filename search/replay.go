package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Replay is the state that the operations of a journal lead to, by the rules of
// Optuna's reader, so that both count the same studies and trials:
//
//   - Studies and trials are numbered from 0 in the order in which they appear in
//     the log; a trial's Number counts within its study.
//   - A second study of a name that is taken, a trial or an attribute of a study
//     that is unknown or deleted, and whatever changes a finished or unknown
//     trial is ignored and gets no number. So the first outcome stays.
//   - A running trial that is set running again stays with who had it first.
//   - A parameter set on a trial is ignored if its distribution does not go with
//     that of the first trial that has it.
//
// The zero Replay is an empty journal. It is not safe for concurrent use.
type Replay struct {
	studies       []*StudyRecord // by id, deleted ones included
	trials        []*TrialRecord // by id
	byName        map[string]*StudyRecord
	distributions map[string]*Distribution // by their text
}

// StudyRecord is a study in a journal. It belongs to its Replay, which goes on
// changing it; the holder must not.
type StudyRecord struct {
	ID         int
	Name       string
	Directions []Direction
	// UserAttrs and SystemAttrs are JSON, see Op.
	UserAttrs, SystemAttrs map[string]json.RawMessage
	Trials                 []*TrialRecord // by number
	Deleted                bool

	first map[string]firstUse // of a parameter
}

// firstUse is the distribution of a parameter in the first trial that has it.
type firstUse struct {
	number       int
	distribution *Distribution
}

// TrialRecord is a trial in a journal, as StudyRecord is a study. The Trial has
// the user attributes as its Attrs, and Seconds from Start to Complete; its Error
// is empty. Its Values and Reports may be infinite or NaN where another program
// wrote them.
type TrialRecord struct {
	Trial
	ID          int
	Study       *StudyRecord
	SystemAttrs map[string]json.RawMessage
	// Distributions go with Params.
	Distributions []ParamDistribution
	Start         time.Time // zero for a waiting trial that nobody has begun
	Complete      time.Time // zero for an unfinished trial
	// Creator wrote the operation that made the trial. Worker has it: who made
	// it running or, if it was waiting, who began it; empty if nobody did.
	Creator, Worker string

	highest int // step reported
}

// ParamDistribution is the distribution of a parameter.
type ParamDistribution struct {
	Name         string
	Distribution *Distribution
}

// FixedParamsKey is the system attribute of a waiting trial that holds the values
// that whoever begins it must take: an object of values by name.
const FixedParamsKey = "fixed_params"

// Distribution returns the distribution of a parameter, nil if the trial has none.
func (t *TrialRecord) Distribution(name string) *Distribution {
	for _, d := range t.Distributions {
		if d.Name == name {
			return d.Distribution
		}
	}
	return nil
}

// FixedParams returns the values that an enqueued trial asks for, nil if it asks
// for none. Numbers are int or float64 as they are written, words are strings,
// anything else is its JSON text.
func (t *TrialRecord) FixedParams() (Params, error) {
	raw, ok := t.SystemAttrs[FixedParamsKey]
	if !ok {
		return nil, nil
	}
	out := make(Params)
	s := jsonScanner{b: raw}
	err := s.object(func(name string) error {
		r := distributionReader{jsonScanner: s}
		err := r.choice()
		s = r.jsonScanner
		if err == nil {
			out[name] = r.d.choices[0]
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search: trial %d: the attribute %s: %w", t.Number, FixedParamsKey, err)
	}
	return out, nil
}

// NextStudyID returns the number that the next new study gets.
func (r *Replay) NextStudyID() int { return len(r.studies) }

// NextTrialID returns the id that the next new trial gets, of whatever study.
func (r *Replay) NextTrialID() int { return len(r.trials) }

// Studies returns the studies that are not deleted, in the order of their numbers.
func (r *Replay) Studies() []*StudyRecord {
	return slices.DeleteFunc(slices.Clone(r.studies), func(s *StudyRecord) bool { return s.Deleted })
}

// Study returns the study of that name, nil if there is none.
func (r *Replay) Study(name string) *StudyRecord { return r.byName[name] }

// Trial returns the trial with that id, nil if there is none.
func (r *Replay) Trial(id int) *TrialRecord {
	if id < 0 || id >= len(r.trials) {
		return nil
	}
	return r.trials[id]
}

// Apply adds an operation; applied is false if the rules ignore it. An error says
// that it makes no sense, such as a value without a distribution; then nothing
// has changed and Optuna would stop at it. Apply keeps parts of op.
func (r *Replay) Apply(op Op) (applied bool, err error) {
	switch op.Code {
	case CreateStudy:
		return r.createStudy(op), nil
	case DeleteStudy, StudyUserAttr, StudySystemAttr, CreateTrial:
		if op.StudyID < 0 || op.StudyID >= len(r.studies) || r.studies[op.StudyID].Deleted {
			return false, nil
		}
		s := r.studies[op.StudyID]
		switch op.Code {
		case DeleteStudy:
			s.Deleted = true
			delete(r.byName, s.Name)
		case StudyUserAttr:
			putAttr(&s.UserAttrs, op)
		case StudySystemAttr:
			putAttr(&s.SystemAttrs, op)
		default:
			err = r.createTrial(s, op)
		}
		return err == nil, err
	case SetParam, SetState, SetIntermediate, TrialUserAttr, TrialSystemAttr:
		t := r.Trial(op.TrialID)
		if t == nil || t.State.Finished() {
			return false, nil
		}
		return r.changeTrial(t, op)
	case DiscardTrials:
		return false, nil
	}
	return false, fmt.Errorf("search: unknown operation %v", op.Code)
}

func (r *Replay) createStudy(op Op) bool {
	if r.byName[op.StudyName] != nil {
		return false
	}
	s := &StudyRecord{ID: len(r.studies), Name: op.StudyName, Directions: op.Directions, first: make(map[string]firstUse)}
	r.studies = append(r.studies, s)
	if r.byName == nil {
		r.byName = make(map[string]*StudyRecord)
	}
	r.byName[s.Name] = s
	return true
}

func (r *Replay) createTrial(s *StudyRecord, op Op) error {
	t := &TrialRecord{
		Trial: Trial{Number: len(s.Trials), State: max(op.State, Running), Values: op.Values, Attrs: maps.Clone(op.UserAttrs)},
		ID:    len(r.trials), Study: s, SystemAttrs: maps.Clone(op.SystemAttrs), Start: op.Start, Complete: op.Complete, Creator: op.Worker,
	}
	t.Params = make(Params, len(op.Params))
	t.Distributions = make([]ParamDistribution, 0, len(op.Params))
	for _, p := range op.Params {
		d, err := r.distribution(p)
		var v any
		if err == nil {
			v, err = d.Value(p.Internal)
		}
		if err != nil {
			return fmt.Errorf("search: trial %d of study %q: parameter %q: %w", t.Number, s.Name, p.Name, err)
		}
		t.Params[p.Name] = v
		t.Distributions = append(t.Distributions, ParamDistribution{p.Name, d})
	}
	for _, report := range op.Reports {
		t.Reports = putReport(t.Reports, report, &t.highest)
	}
	if t.State == Running {
		t.Worker = op.Worker
	}
	for _, d := range t.Distributions {
		s.use(t.Number, d)
	}
	t.measure()
	r.trials, s.Trials = append(r.trials, t), append(s.Trials, t)
	return nil
}

// use notes that a trial has a parameter.
func (s *StudyRecord) use(number int, d ParamDistribution) {
	if first, ok := s.first[d.Name]; !ok || number <= first.number {
		s.first[d.Name] = firstUse{number, d.Distribution}
	}
}

// distribution returns the distribution of a parameter, one for each text.
func (r *Replay) distribution(p OpParam) (*Distribution, error) {
	if d, ok := r.distributions[p.Distribution]; ok {
		return d, nil
	}
	if p.Distribution == "" {
		return nil, errors.New("it has no distribution")
	}
	d, err := ParseDistribution(p.Distribution)
	if err != nil {
		return nil, err
	}
	if r.distributions == nil || len(r.distributions) >= maxInterned {
		r.distributions = make(map[string]*Distribution)
	}
	r.distributions[p.Distribution] = d
	return d, nil
}

// changeTrial applies an operation on a trial that is not finished.
func (r *Replay) changeTrial(t *TrialRecord, op Op) (applied bool, err error) {
	switch op.Code {
	case SetParam:
		return r.setParam(t, op.Params[0])
	case SetState:
		if op.State == Running && t.State == Running {
			return false, nil
		}
		if op.State == Running {
			t.Start, t.Worker = op.Start, op.Worker
		}
		if op.State.Finished() {
			t.Complete = op.Complete
		}
		t.State = op.State
		if op.Values != nil {
			t.Values = op.Values
		}
		t.measure()
	case SetIntermediate:
		t.Reports = putReport(t.Reports, op.Reports[0], &t.highest)
	case TrialUserAttr:
		putAttr(&t.Attrs, op)
	default:
		putAttr(&t.SystemAttrs, op)
	}
	return true, nil
}

func (r *Replay) setParam(t *TrialRecord, p OpParam) (applied bool, err error) {
	d, err := r.distribution(p)
	if err == nil {
		if first, ok := t.Study.first[p.Name]; ok && !first.distribution.Compatible(d) {
			return false, nil
		}
	}
	var v any
	if err == nil {
		v, err = d.Value(p.Internal)
	}
	if err != nil {
		return false, fmt.Errorf("search: trial %d of study %q: parameter %q: %w", t.Number, t.Study.Name, p.Name, err)
	}
	t.Params[p.Name] = v
	if i := slices.IndexFunc(t.Distributions, func(q ParamDistribution) bool { return q.Name == p.Name }); i >= 0 {
		t.Distributions[i].Distribution = d
	} else {
		t.Distributions = append(t.Distributions, ParamDistribution{p.Name, d})
	}
	t.Study.use(t.Number, ParamDistribution{p.Name, d})
	return true, nil
}

// measure computes Seconds of a finished trial.
func (t *TrialRecord) measure() {
	if t.State.Finished() && !t.Start.IsZero() && !t.Complete.IsZero() {
		t.Seconds = max(0, t.Complete.Sub(t.Start).Seconds())
	}
}

// putAttr sets an attribute in a map that may be missing.
func putAttr(attrs *map[string]json.RawMessage, op Op) {
	if len(*attrs) == 0 {
		*attrs = map[string]json.RawMessage{op.Key: op.Value}
		return
	}
	(*attrs)[op.Key] = op.Value
}

// Snapshot returns the trial with nothing of it shared.
func (t *TrialRecord) Snapshot() Trial {
	out := t.Trial
	out.Params, out.Attrs = maps.Clone(t.Params), maps.Clone(t.Attrs)
	out.Values, out.Reports = slices.Clone(t.Values), slices.Clone(t.Reports)
	return out
}
