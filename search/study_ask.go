package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// errEnough is what ask returns when the study has as many trials as were wanted.
var errEnough = errors.New("search: enough trials")

// ErrStopped says that somebody has asked the study to begin no new trials.
var ErrStopped = errors.New("search: the study was asked to stop")

// errRaced says that another process has made the next trial in the meantime.
var errRaced = errors.New("search: another worker was first")

// Ask makes the next trial and returns it, Running; a trial whose evaluation was
// interrupted comes first, then those that were enqueued. If the sampler reads results
// Ask waits for the trials that it must know: with a Lag of L, do not ask for more than L
// trials at a time. It returns ErrExhausted when the space holds nothing new, and
// ErrStopped after RequestStop.
func (s *Study) Ask(ctx context.Context) (Trial, error) {
	return s.ask(ctx, func() int { return math.MaxInt })
}

// ask is Ask for a study of at most limit trials that count, which is asked again after
// waiting.
func (s *Study) ask(ctx context.Context, limit func() int) (Trial, error) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return Trial{}, stopped(ctx)
	}
	if ctx.Err() != nil {
		return Trial{}, stopped(ctx)
	}
	for {
		t, err := s.tryAsk(ctx, limit())
		if !errors.Is(err, errRaced) {
			return t, err
		}
	}
}

// tryAsk takes an interrupted trial over, begins a waiting one or makes a new one.
func (s *Study) tryAsk(ctx context.Context, limit int) (Trial, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(ctx); err != nil {
		return Trial{}, err
	}
	if !s.options.Detached { // whoever asks by hand may never come back
		if t, ok, err := s.takeOver(ctx); ok || err != nil {
			return t, err
		}
	}
	n, queued := s.next()
	switch {
	case s.counted() >= limit:
		return Trial{}, errEnough
	case s.stopRequested():
		return Trial{}, ErrStopped
	}
	var decided Params
	if queued != nil {
		params, whole, err := s.settled(queued)
		switch {
		case err != nil:
			return Trial{}, s.refuse(ctx, queued, err)
		case whole:
			return s.beginQueued(ctx, queued, params)
		}
		decided = params
	}
	known, err := s.awaitKnown(ctx, n, queued)
	if err != nil {
		return Trial{}, err
	}
	req := Request{
		Space: s.options.Space, Directions: s.Directions(), History: s.history(n, known), Number: n,
		Rand: newRand(s.options.Seed, n), Seed: s.options.Seed, Feasible: s.options.Feasible, Attrs: make(map[string]any),
	}
	s.mu.Unlock() // the sampler may take its time
	var op Op
	if queued == nil {
		op, err = s.propose(ctx, req)
	} else {
		decided, err = s.complete(ctx, req, decided)
	}
	s.mu.Lock()
	switch {
	case err != nil:
		return Trial{}, err
	case queued != nil:
		return s.beginQueued(ctx, queued, decided)
	}
	return s.begin(ctx, n, op)
}

// awaitKnown waits for the results that trial n is chosen from and returns of how many
// trials they are, or errRaced if another trial has come first; s.mu is held.
func (s *Study) awaitKnown(ctx context.Context, n int, queued *TrialRecord) (known int, err error) {
	known = s.known(n)
	orphaned := false
	moved := func() bool {
		m, other := s.next()
		return m != n || other != queued
	}
	waited, err := s.wait(ctx, func() bool {
		orphaned = !s.options.Detached && slices.ContainsFunc(s.record.Trials, s.orphan)
		return orphaned || moved() || s.options.Async || !slices.ContainsFunc(s.record.Trials[:known], (*TrialRecord).pending)
	})
	if err == nil && (waited || orphaned || moved()) { // much may have changed
		err = errRaced
	}
	return known, err
}

// known returns how many trials' results the sampler sees that chooses trial n.
func (s *Study) known(n int) int {
	switch sampler := s.options.Sampler.(type) {
	case ValueBlind:
		return 0
	case Staged:
		return min(max(0, sampler.Stage(s.options.Space, n)), n)
	}
	return max(0, n-s.options.Lag+1)
}

// stopRequested reports whether somebody has asked the study to end.
func (s *Study) stopRequested() bool { return string(s.record.UserAttrs[AttrStop]) == "true" }

// takeOver begins the first trial that has lost its worker once more; s.mu is held.
func (s *Study) takeOver(ctx context.Context) (Trial, bool, error) {
	i := slices.IndexFunc(s.record.Trials, s.orphan)
	if i < 0 {
		return Trial{}, false, nil
	}
	t := s.record.Trials[i]
	err := s.update(ctx, func() ([]Op, error) {
		if !s.orphan(t) {
			return nil, errRaced
		}
		return []Op{userAttr(t, AttrWorker, s.options.Worker), userAttr(t, AttrAttempt, t.Attempt()+1)}, nil
	})
	if err != nil {
		return Trial{}, false, err
	}
	s.local[i] = &attempt{number: t.Attempt(), reported: make(map[int]bool)}
	delete(s.attrs, i)
	out := t.Public()
	out.Reports = nil
	return out, true, nil
}

// history returns trials 0 to n-1; those from number known on, and those that have not
// finished, are shown as running, but for those that came whole.
func (s *Study) history(n, known int) []Trial {
	out := make([]Trial, n)
	for i, r := range s.record.Trials[:n] {
		switch {
		case !r.State.Finished():
			out[i] = r.begun()
		case i < known || s.options.Async || r.Imported():
			out[i] = s.shown(i).whole
		default:
			out[i] = s.shown(i).begun
		}
	}
	return out
}

// shown is what samplers and pruners see of a finished trial. It does not change any
// more, so it is made once.
type shown struct {
	whole, begun Trial
	made         bool
}

func (s *Study) shown(number int) *shown {
	for len(s.views) <= number {
		s.views = append(s.views, shown{})
	}
	v := &s.views[number]
	if !v.made {
		r := s.record.Trials[number] // its maps do not change any more either
		*v = shown{whole: r.Trial, begun: r.begun(), made: true}
		if r.publish(&v.whole); r.Imported() {
			v.whole.onlyResults()
		}
	}
	return v
}

// begun returns the trial as it was when it began.
func (t *TrialRecord) begun() Trial {
	out := Trial{Number: t.Number, State: Running, Params: maps.Clone(t.Params), Attrs: maps.Clone(t.SystemAttrs)}
	delete(out.Attrs, AttrConstraints) // they come with the outcome
	if len(out.Params) == 0 {          // another program has it, and sets them one by one
		if decided, err := t.decided(); err == nil {
			out.Params = decided
		}
	}
	return out
}

// propose asks the sampler and returns the operation that makes the trial.
func (s *Study) propose(ctx context.Context, req Request) (Op, error) {
	params, err := s.sample(ctx, req)
	if err != nil {
		return Op{}, err
	}
	op := Op{Code: CreateTrial, StudyID: s.record.ID, SystemAttrs: make(map[string]json.RawMessage, len(req.Attrs))}
	for key, value := range req.Attrs {
		if op.SystemAttrs[key], err = json.Marshal(value); err != nil {
			return Op{}, fmt.Errorf("search: the sampler's attribute %q of trial %d: %w", key, req.Number, err)
		}
	}
	op.Params, err = s.opParams(params)
	return op, err
}

// opParams returns a configuration of the space as a log keeps it.
func (s *Study) opParams(params Params) ([]OpParam, error) {
	var out []OpParam
	for _, p := range s.options.Space.Params() {
		value, ok := params[p.Name]
		if !ok {
			continue
		}
		d, err := DistributionOf(p)
		if err != nil {
			return nil, err
		}
		internal, err := d.Internal(value)
		if err != nil {
			return nil, fmt.Errorf("search: parameter %q: %w", p.Name, err)
		}
		out = append(out, OpParam{Name: p.Name, Internal: internal, Distribution: d.String()})
	}
	return out, nil
}

// maxInfeasible is how many infeasible configurations in a row a sampler may propose.
const maxInfeasible = 10000

// sample asks the sampler for a feasible configuration; a panic in it is an error.
func (s *Study) sample(ctx context.Context, req Request) (p Params, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("search: the sampler %T panicked at trial %d: %v", s.options.Sampler, req.Number, r)
		}
	}()
	for range maxInfeasible {
		if p, err = s.options.Sampler.Sample(ctx, req); err != nil {
			return nil, err
		}
		if p, err = s.options.Space.Check(p); err != nil {
			return nil, fmt.Errorf("%w (from the sampler, for trial %d)", err, req.Number)
		}
		if s.options.Feasible == nil || s.options.Feasible(p) {
			return p, nil
		}
		if err := req.reject(p); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("search: trial %d: %d configurations in a row were not feasible: is there one that is?", req.Number, maxInfeasible)
}

// reject has the sampler see its proposal as a trial that has failed.
func (r *Request) reject(p Params) error {
	t := Trial{Number: len(r.History), State: Failed, Params: p, Attrs: make(map[string]json.RawMessage, len(r.Attrs))}
	for key, value := range r.Attrs {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("search: the sampler's attribute %q of trial %d: %w", key, r.Number, err)
		}
		t.Attrs[key] = raw
	}
	clear(r.Attrs)
	r.History = append(r.History, t)
	return nil
}

// begin writes a new trial to the journal, unless there are not n trials any more; s.mu
// is held.
func (s *Study) begin(ctx context.Context, n int, op Op) (Trial, error) {
	err := s.update(ctx, func() ([]Op, error) {
		if len(s.record.Trials) != n {
			return nil, errRaced
		}
		op.Start = s.options.Clock()
		if !s.options.Detached {
			op.UserAttrs = map[string]json.RawMessage{AttrWorker: mustJSON(s.options.Worker), AttrAttempt: json.RawMessage("1")}
		}
		return []Op{op}, nil
	})
	if err != nil {
		return Trial{}, err
	}
	s.local[n] = &attempt{number: 1, reported: make(map[int]bool)}
	return s.record.Trials[n].Public(), nil
}

// attemptOf returns how often a trial was begun.
func (s *Study) attemptOf(number int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Trials[number].Attempt()
}

// abandon gives a trial back that was not evaluated to its end, unless it is in another
// attempt already.
func (s *Study) abandon(number, attempt int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.local[number]; a == nil || a.number != attempt {
		return
	}
	delete(s.local, number)
	delete(s.attrs, number)
	close(s.changed)
	s.changed = make(chan struct{})
}
