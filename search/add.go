package search

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AttrImported is true of a trial that came whole, with Add. Unlike the study's other
// attributes it is among a Trial's Attrs.
const AttrImported = AttrPrefix + "imported"

// Imported reports whether the trial was not evaluated by the study but came from
// elsewhere, with Study.Add.
func (t Trial) Imported() bool { return t.Attrs[AttrImported] != nil }

// Add adds finished trials from elsewhere, such as the results of an earlier search, for
// the sampler to learn from. They get the next numbers; of their fields count Params,
// State, Values, Reports, Attrs, Error and Seconds. Samplers see their results at once,
// whatever the lag, and of their attributes scores and constraints only. They can be the
// best trial and reach a target; neither OptimizeOptions.Trials nor Patience counts them.
// To Optuna they are those of add_trial.
//
// A trial that equals one that was added earlier in parameters, state and values is
// skipped, so that adding the same ones again changes nothing; added is how many were
// not. If one does not fit the study none is added, and the error says what is wrong with
// which of them.
func (s *Study) Add(ctx context.Context, trials ...Trial) (added int, err error) {
	ops, keys := make([]Op, len(trials)), make([]string, len(trials))
	for i, t := range trials {
		if ops[i], keys[i], err = s.addition(t); err != nil {
			return 0, fmt.Errorf("%w (trial %d of %d to be added: %v)", err, i+1, len(trials), t.Params)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.update(ctx, func() ([]Op, error) {
		there := make(map[string]int)
		for _, r := range s.record.Trials {
			if p, err := s.options.Space.Check(r.Params); err == nil && r.Imported() {
				there[s.additionKey(p, r.State, r.Values)]++
			}
		}
		var fresh []Op
		for i, op := range ops {
			if there[keys[i]] > 0 {
				there[keys[i]]--
				continue
			}
			fresh = append(fresh, op)
		}
		added = len(fresh)
		return fresh, nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// additionKey is the same for additions that count as the same.
func (s *Study) additionKey(p Params, state State, values []float64) string {
	return fmt.Sprintf("%v %v %q", state, values, s.options.Space.Key(p))
}

// addition returns the operation that adds a trial, and its key.
func (s *Study) addition(t Trial) (op Op, key string, err error) {
	if err := s.checkAddition(t); err != nil {
		return op, "", err
	}
	p, err := s.options.Space.Check(t.Params)
	if err != nil {
		return op, "", err
	}
	op = Op{Code: CreateTrial, StudyID: s.record.ID, State: t.State, Values: slices.Clone(t.Values), Reports: slices.Clone(t.Reports), UserAttrs: make(map[string]json.RawMessage)}
	if op.Params, err = s.opParams(p); err != nil {
		return op, "", err
	}
	maps.Copy(op.UserAttrs, t.Attrs)
	if raw, ok := t.Attrs[AttrConstraints]; ok {
		op.SystemAttrs = map[string]json.RawMessage{AttrConstraints: raw}
		delete(op.UserAttrs, AttrConstraints)
	}
	op.UserAttrs[AttrImported] = json.RawMessage("true")
	if t.Error != "" {
		op.UserAttrs[AttrError] = mustJSON(t.Error)
	}
	op.Complete = s.options.Clock()
	op.Start = op.Complete.Add(-time.Duration(t.Seconds * float64(time.Second)))
	if t.Seconds > 0 {
		op.UserAttrs[AttrSeconds] = mustJSON(t.Seconds)
	}
	return op, s.additionKey(p, t.State, t.Values), nil
}

// maxSeconds is the longest evaluation that is believed, a hundred years.
const maxSeconds = 100 * 365 * 24 * 3600

// checkAddition refuses a trial that no Tell could have made.
func (s *Study) checkAddition(t Trial) error {
	n := len(s.options.Directions)
	switch {
	case !t.State.Finished():
		return fmt.Errorf("search: a trial to be added is complete, pruned or failed (got %v)", t.State)
	case t.State == Complete && len(t.Values) != n, t.State == Pruned && len(t.Values) != n && len(t.Values) != 0:
		return fmt.Errorf("search: the trial has %d values, the study has %d objectives", len(t.Values), n)
	case t.State == Failed && len(t.Values) > 0:
		return fmt.Errorf("search: a failed trial has no values (got %v)", t.Values)
	case t.State != Failed && t.Error != "":
		return fmt.Errorf("search: only a failed trial has an error (got %q)", t.Error)
	case slices.ContainsFunc(t.Values, notFinite):
		return fmt.Errorf("search: the values must be finite (got %v)", t.Values)
	case !(t.Seconds >= 0 && t.Seconds <= maxSeconds):
		return fmt.Errorf("search: the seconds must be 0 or more and less than a hundred years (got %v)", t.Seconds)
	}
	steps := make(map[int]bool)
	for _, r := range t.Reports {
		if notFinite(r.Value) || steps[r.Step] {
			return fmt.Errorf("search: the reports must be finite, one a step (got %v)", t.Reports)
		}
		steps[r.Step] = true
	}
	for key, raw := range t.Attrs {
		if !json.Valid(raw) || strings.HasPrefix(key, AttrPrefix) && key != AttrImported {
			return fmt.Errorf("search: the attribute %q is no JSON or has a name of the study's own", key)
		}
	}
	return nil
}

// onlyResults removes what the attributes of an addition would say to a sampler of where
// they come from, such as the cell of another grid.
func (t *Trial) onlyResults() {
	maps.DeleteFunc(t.Attrs, func(key string, _ json.RawMessage) bool {
		return !slices.Contains([]string{AttrScores, AttrFitSeconds, AttrScoreSeconds, AttrConstraints, AttrImported}, key)
	})
}
