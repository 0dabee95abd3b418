package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Enqueue makes waiting trials of the caller's own configurations, which Ask hands out
// before it makes new ones, in the order of their numbers. What a configuration does not
// decide the sampler chooses when the trial begins, as for any trial of its number; a
// value whose condition then does not hold is left out. One that is in the study already,
// waiting, running or finished, is skipped; added is how many were not. If one does not
// fit the space (see Space.CheckPartial) the error names its parameter and none is added.
//
// Of studies that were filled before they began there is one for any number of workers.
// The trials are those of Optuna's enqueue_trial: its workers take them too, and Ask hands
// out the ones that Optuna has enqueued. One of those that does not fit the space fails
// when its turn comes.
func (s *Study) Enqueue(ctx context.Context, params ...Params) (added int, err error) {
	return s.enqueue(ctx, params, false)
}

// EnqueueAgain is Enqueue for configurations that are to be evaluated whether or not they
// are in the study already, such as those of a noisy objective.
func (s *Study) EnqueueAgain(ctx context.Context, params ...Params) (added int, err error) {
	return s.enqueue(ctx, params, true)
}

func (s *Study) enqueue(ctx context.Context, params []Params, again bool) (added int, err error) {
	space := s.options.Space
	decided := make([]Params, len(params))
	for i, p := range params {
		if decided[i], err = space.CheckPartial(p); err == nil && len(p) == 0 {
			err = errors.New("search: no parameter has a value")
		}
		if err != nil {
			return 0, fmt.Errorf("%w (to be enqueued: %v)", err, p)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.update(ctx, func() (ops []Op, err error) {
		there := s.configurations()
		for _, p := range decided {
			key := space.Key(p)
			if there[key] && !again {
				continue
			}
			there[key] = true
			ops = append(ops, Op{
				Code: CreateTrial, StudyID: s.record.ID, State: Waiting,
				SystemAttrs: map[string]json.RawMessage{FixedParamsKey: space.partialJSON(p)},
			})
		}
		added = len(ops)
		return ops, nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// configurations returns the keys of all configurations in the study, and of what was
// decided of those that were enqueued.
func (s *Study) configurations() map[string]bool {
	out := make(map[string]bool, len(s.record.Trials))
	for _, t := range s.record.Trials {
		if fixed, err := t.FixedParams(); err == nil && len(fixed) > 0 {
			if p, err := s.options.Space.CheckPartial(fixed); err == nil {
				out[s.options.Space.Key(p)] = true
			}
		}
		if p, err := s.options.Space.Check(t.Params); err == nil {
			out[s.options.Space.Key(p)] = true
		}
	}
	return out
}

// decided returns the values of an unfinished trial that are settled: those that it has,
// and those that it was enqueued with.
func (t *TrialRecord) decided() (Params, error) {
	out, err := t.FixedParams()
	if err != nil || out == nil {
		return maps.Clone(t.Params), err
	}
	maps.Copy(out, t.Params)
	return out, nil
}

// settled returns the decided values of a waiting trial, and whether they are a whole
// configuration.
func (s *Study) settled(t *TrialRecord) (p Params, whole bool, err error) {
	decided, err := t.decided()
	if err == nil {
		decided, err = s.options.Space.CheckPartial(decided)
	}
	if err != nil {
		return nil, false, fmt.Errorf("%w (so the trial was enqueued)", err)
	}
	if p, err := s.options.Space.Check(decided); err == nil {
		return p, true, nil
	}
	return decided, false, nil
}

// next returns the number of the trial that is handed out next, and its record if it is
// waiting already.
func (s *Study) next() (number int, queued *TrialRecord) {
	i := slices.IndexFunc(s.record.Trials, func(t *TrialRecord) bool { return t.State == Waiting })
	if i < 0 {
		return len(s.record.Trials), nil
	}
	return i, s.record.Trials[i]
}

// counted returns how many trials use up a budget: not those that wait, nor those that
// were added whole.
func (s *Study) counted() (n int) {
	for _, t := range s.record.Trials {
		if t.State != Waiting && !t.Imported() {
			n++
		}
	}
	return n
}

// used is counted for who does not hold s.mu.
func (s *Study) used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counted()
}

// complete returns a configuration with the decided values. The rest is what the sampler
// proposes; where that would be a repetition or not feasible, or the sampler has nothing
// left, it is drawn.
func (s *Study) complete(ctx context.Context, req Request, decided Params) (Params, error) {
	proposal, err := s.sample(ctx, req)
	if err != nil && !errors.Is(err, ErrExhausted) {
		return nil, err
	}
	p := req.Space.fill(decided, proposal, req.Rand)
	barred := func() bool { return seen(req, p) || req.Feasible != nil && !req.Feasible(p) }
	for try := 0; try < redraws && barred(); try++ {
		p = req.Space.fill(decided, nil, req.Rand)
	}
	return p, nil
}

// errUnfit says that a log would drop a parameter of the study (see Replay).
var errUnfit = errors.New("search: another program has given the parameter another distribution")

// beginQueued sets a waiting trial running with its parameters, unless another one is
// next; s.mu is held. The state comes last: whatever part of the operations a failure of
// power leaves, the trial is waiting still, or has everything.
func (s *Study) beginQueued(ctx context.Context, t *TrialRecord, p Params) (Trial, error) {
	params, err := s.opParams(p)
	if err != nil {
		return Trial{}, err
	}
	err = s.update(ctx, func() ([]Op, error) {
		if _, queued := s.next(); queued != t {
			return nil, errRaced
		}
		var ops []Op
		for _, p := range params {
			d, err := s.replay.distribution(p)
			if first, ok := t.Study.first[p.Name]; err == nil && ok && !first.distribution.Compatible(d) {
				err = fmt.Errorf("%w: %q", errUnfit, p.Name)
			}
			if err != nil {
				return nil, err
			}
			ops = append(ops, Op{Code: SetParam, TrialID: t.ID, Params: []OpParam{p}})
		}
		if !s.options.Detached {
			ops = append(ops, userAttr(t, AttrWorker, s.options.Worker), userAttr(t, AttrAttempt, t.Attempt()+1))
		}
		return append(ops, Op{Code: SetState, TrialID: t.ID, State: Running, Start: s.options.Clock()}), nil
	})
	if errors.Is(err, errUnfit) {
		return Trial{}, s.refuse(ctx, t, err)
	}
	if err != nil {
		return Trial{}, err
	}
	s.local[t.Number] = &attempt{number: t.Attempt(), reported: make(map[int]bool)}
	return t.Public(), nil
}

// refuse fails a waiting trial that cannot be evaluated, so that it is not in the way of
// the others, and returns errRaced: another one is next. s.mu is held.
func (s *Study) refuse(ctx context.Context, t *TrialRecord, reason error) error {
	err := s.update(ctx, func() ([]Op, error) {
		if t.State != Waiting {
			return nil, nil
		}
		return []Op{userAttr(t, AttrError, reason.Error()), {Code: SetState, TrialID: t.ID, State: Failed, Complete: s.options.Clock()}}, nil
	})
	if err != nil {
		return err
	}
	return errRaced
}
