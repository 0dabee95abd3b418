package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrPruned is what a report returns when the trial is to be stopped early, and what an
// objective then returns, wrapped or not.
var ErrPruned = errors.New("search: the trial is pruned")

// ErrLost says that another worker has taken a trial over, after this one had been
// silent for too long.
var ErrLost = errors.New("search: another worker has taken the trial over")

// Outcome is how an evaluation ended: with one value a direction, or with an
// error.
type Outcome struct {
	Values  []float64
	Err     error
	Seconds float64 // wall-clock time of the evaluation
}

// running returns the record of a trial that has begun and is not finished; s.mu is held.
func (s *Study) running(number int) (*TrialRecord, error) {
	if number < 0 || number >= len(s.record.Trials) {
		return nil, fmt.Errorf("search: no trial %d (the study has %d)", number, len(s.record.Trials))
	}
	t := s.record.Trials[number]
	if t.State.Finished() {
		return nil, fmt.Errorf("%w: trial %d is %v", ErrFinished, number, t.State)
	}
	if t.State == Waiting {
		return nil, fmt.Errorf("search: trial %d waits: nobody has asked for it yet", number)
	}
	a := s.local[number]
	if w := t.worker(); a != nil && w != "" && (w != s.options.Worker || t.Attempt() != a.number) {
		return nil, fmt.Errorf("%w: trial %d is %s's", ErrLost, number, w)
	}
	return t, nil
}

// mine is running for who has begun the trial with an attempt; 0 stands for anybody.
func (s *Study) mine(number, attempt int) (*TrialRecord, error) {
	t, err := s.running(number)
	if err == nil && attempt > 0 && t.Attempt() != attempt {
		return nil, fmt.Errorf("%w: trial %d, attempt %d", ErrLost, number, attempt)
	}
	return t, err
}

// Report records an intermediate value of a running trial. The value must be
// finite; a second report of a step is an error, except for those of an attempt that was
// interrupted. If the study has a pruner and the step is a rung, Report waits for the
// trials before this one to come as far, and returns ErrPruned if the trial is to be
// stopped: then tell the study so.
func (s *Study) Report(ctx context.Context, number, step int, value float64) error {
	return s.report(ctx, number, 0, step, value, nil)
}

// rescuer evaluates a trial that has lost its worker.
type rescuer func(t Trial) error

// report is Report for a worker that can evaluate a trial which it would wait for in
// vain.
func (s *Study) report(ctx context.Context, number, attempt, step int, value float64, rescue rescuer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if notFinite(value) {
		return fmt.Errorf("search: trial %d: the value reported at step %d is %v", number, step, value)
	}
	err := s.update(ctx, func() ([]Op, error) {
		t, err := s.mine(number, attempt)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(t.Reports, func(r Report) bool { return r.Step == step })
		if a := s.local[number]; i >= 0 && (a == nil || a.reported[step]) {
			return nil, fmt.Errorf("search: trial %d: step %d is reported a second time", number, step)
		}
		if i >= 0 && t.Reports[i].Value == value {
			return nil, nil
		}
		return []Op{{Code: SetIntermediate, TrialID: t.ID, Reports: []Report{{step, value}}}}, nil
	})
	if err != nil {
		return err
	}
	if a := s.local[number]; a != nil {
		a.reported[step] = true
	}
	if p := s.options.Pruner; p == nil || !p.Rung(number, step) {
		return nil
	}
	return s.prune(ctx, number, step, rescue)
}

// prune returns ErrPruned if the pruner wants to stop a trial at a rung; s.mu is held.
func (s *Study) prune(ctx context.Context, number, step int, rescue rescuer) error {
	missing := func(t *TrialRecord) bool {
		_, there := t.ReachedBy(s.options.Directions[0], step)
		return t.pending() && !there
	}
	for waiting := !s.options.Async && !s.options.Detached; waiting; {
		orphaned := false
		_, err := s.wait(ctx, func() bool {
			orphaned = rescue != nil && slices.ContainsFunc(s.record.Trials[:number], s.orphan)
			waiting = slices.ContainsFunc(s.record.Trials[:number], missing)
			return orphaned || !waiting
		})
		if err == nil && orphaned {
			err = s.rescue(ctx, rescue)
		}
		if err != nil {
			return err
		}
	}
	p := s.options.Pruner
	history := make([]Trial, number)
	for i, t := range s.record.Trials[:number] {
		if t.State.Finished() {
			history[i] = s.shown(i).whole.upTo(step)
		} else {
			history[i] = t.Public().upTo(step)
		}
	}
	if own := s.record.Trials[number].Public().upTo(step); !p.Prune(s.options.Directions[0], history, own) {
		return nil
	}
	return fmt.Errorf("%w: trial %d at step %d", ErrPruned, number, step)
}

// rescue takes a trial over that has lost its worker, if there is one, and has it
// evaluated; s.mu is held, but for the time of the evaluation.
func (s *Study) rescue(ctx context.Context, evaluate rescuer) error {
	t, ok, err := s.takeOver(ctx)
	if errors.Is(err, errRaced) {
		return nil
	}
	if err != nil || !ok {
		return err
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	return evaluate(t)
}

// upTo returns the trial as it was at a step: it forgets later reports, and its outcome.
func (t Trial) upTo(step int) Trial {
	var until []Report
	for _, r := range t.Reports {
		if r.Step <= step {
			until = append(until, r)
		}
	}
	slices.SortFunc(until, func(a, b Report) int { return a.Step - b.Step })
	t.Reports = until
	t.State, t.Values, t.Error, t.Seconds = Running, nil, "", 0
	return t
}

// SetAttr stores a value of a running trial as JSON under a key. It is written to the
// journal with the trial's outcome.
func (s *Study) SetAttr(number int, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("search: attribute %q of trial %d: %w", key, number, err)
	}
	return s.setLater(number, TrialUserAttr, key, data)
}

// setLater has an attribute of a running trial written with its outcome.
func (s *Study) setLater(number int, code OpCode, key string, value json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.running(number)
	if err != nil {
		return err
	}
	s.attrs[number] = append(s.attrs[number], Op{Code: code, TrialID: t.ID, Key: key, Value: value})
	return nil
}

// Tell ends a trial and returns it. It alone judges: ErrPruned makes the trial Pruned
// with the best value that it has reported, another error, NaN or an infinity make it
// Failed, finite values Complete. The wrong number of values is a mistake of the caller
// and ends nothing. The first Tell of a trial wins, whoever it is. When Tell returns, the
// outcome is safe in the journal.
func (s *Study) Tell(ctx context.Context, number int, o Outcome) (Trial, error) {
	return s.tell(ctx, number, 0, o)
}

func (s *Study) tell(ctx context.Context, number, attempt int, o Outcome) (Trial, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.update(ctx, func() ([]Op, error) {
		t, err := s.mine(number, attempt)
		if err != nil {
			return nil, err
		}
		state, values, reason, err := s.judge(t, o)
		if err != nil {
			return nil, err
		}
		ops := slices.Clone(s.attrs[number])
		if reason != "" {
			ops = append(ops, userAttr(t, AttrError, reason))
		}
		if !notFinite(o.Seconds) {
			ops = append(ops, userAttr(t, AttrSeconds, o.Seconds))
		}
		return append(ops, Op{Code: SetState, TrialID: t.ID, State: state, Values: values, Complete: s.options.Clock()}), nil
	})
	if err != nil {
		return Trial{}, err
	}
	delete(s.local, number)
	delete(s.attrs, number)
	return s.record.Trials[number].Public(), nil
}

// judge returns what an outcome makes of a trial.
func (s *Study) judge(t *TrialRecord, o Outcome) (state State, values []float64, reason string, err error) {
	bad := slices.IndexFunc(o.Values, notFinite)
	switch {
	case errors.Is(o.Err, ErrPruned):
		if best, ok := t.best(s.options.Directions[0]); ok && len(s.options.Directions) == 1 {
			values = []float64{best}
		}
		return Pruned, values, "", nil
	case o.Err != nil:
		return Failed, nil, o.Err.Error(), nil
	case len(o.Values) != len(s.options.Directions):
		return 0, nil, "", fmt.Errorf("search: trial %d is told %d values, the study has %d objectives", t.Number, len(o.Values), len(s.options.Directions))
	case bad >= 0:
		return Failed, nil, fmt.Sprintf("the value is %v", o.Values[bad]), nil
	}
	return Complete, slices.Clone(o.Values), "", nil
}

// best returns the best value that a trial has reported.
func (t *TrialRecord) best(d Direction) (best float64, ok bool) {
	for _, r := range t.Reports {
		if !notFinite(r.Value) && (!ok || d.Better(r.Value, best)) {
			best, ok = r.Value, true
		}
	}
	return best, ok
}
