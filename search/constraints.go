package search

import "fmt"

// AttrConstraints is the attribute with a trial's constraint values, a list of numbers of
// which none may be above 0. It is a system attribute in the log and has Optuna's name and
// meaning, so that its samplers and pictures know the feasible trials.
const AttrConstraints = "constraints"

// Constraints returns the trial's constraint values, nothing if it has none. A value above
// 0 is a violation, and the greater the worse.
func (t Trial) Constraints() []float64 { return t.numbers(AttrConstraints) }

// Feasible reports whether no constraint is violated. A trial without constraint values
// is feasible.
func (t Trial) Feasible() bool {
	for _, c := range t.Constraints() {
		if c > 0 {
			return false
		}
	}
	return true
}

// feasible is Trial.Feasible, of the log's attributes.
func (t *TrialRecord) feasible() bool { return Trial{Attrs: t.SystemAttrs}.Feasible() }

// SetConstraints stores the constraint values of a running trial: none may be above 0 for
// the trial to be feasible. They are written with its outcome.
func (s *Study) SetConstraints(number int, values ...float64) error {
	for i, v := range values {
		if notFinite(v) {
			return fmt.Errorf("search: constraint %d of trial %d is %v", i, number, v)
		}
	}
	return s.setLater(number, TrialSystemAttr, AttrConstraints, mustJSON(values))
}

// SetConstraints stores the trial's constraint values, see Study.SetConstraints.
func (e *Evaluation) SetConstraints(values ...float64) error {
	return e.loop.study.SetConstraints(e.Number, values...)
}
