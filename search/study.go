package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// ErrFinished says that a trial has its outcome already and takes nothing more.
var ErrFinished = errors.New("search: the trial is finished")

// StudyOptions say what a study searches and how. Space must be given.
type StudyOptions struct {
	Space      Space
	Directions []Direction // one an objective; default: one, Minimize
	Sampler    Sampler     // default Random{}
	Seed       uint64
	// Lag is how many of the latest trials a sampler that reads results does
	// without: trial n is chosen from the results of trials up to n-Lag and the
	// parameters of those between. So up to Lag workers give one and the same
	// study. Default 1.
	Lag int
}

// Study keeps trials: it hands them out, takes reports and judges outcomes.
//
// Trial n's parameters depend on the seed, on the parameters of trials 0 to n-1
// and, unless the sampler is ValueBlind, on the results of trials up to n-Lag;
// never on time or on who evaluated them. A Study is safe for concurrent use.
type Study struct {
	options StudyOptions
	asking  chan struct{} // holds one token: asks go one after the other

	mu      sync.Mutex
	records []*record
	changed chan struct{} // closed and replaced when a trial is finished
}

// record is a trial and the attributes that its sampler wrote, which later
// samplers may see before the trial's results.
type record struct {
	Trial
	samplerAttrs map[string]json.RawMessage
	abandoned    bool // its evaluation was interrupted
}

// Outcome is how an evaluation ended: with one value a direction, or with an
// error.
type Outcome struct {
	Values  []float64
	Err     error
	Seconds float64 // wall-clock time of the evaluation
}

// NewStudy returns a study without trials.
func NewStudy(o StudyOptions) (*Study, error) {
	if o.Space.Len() == 0 {
		return nil, errors.New("search: the space has no parameters")
	}
	if len(o.Directions) == 0 {
		o.Directions = []Direction{Minimize}
	}
	for _, d := range o.Directions {
		if d != Minimize && d != Maximize {
			return nil, fmt.Errorf("search: unknown direction %v", d)
		}
	}
	if o.Sampler == nil {
		o.Sampler = Random{}
	}
	if o.Lag == 0 {
		o.Lag = 1
	}
	if o.Lag < 0 {
		return nil, fmt.Errorf("search: the lag must be 1 or more (got %d)", o.Lag)
	}
	return &Study{options: o, asking: make(chan struct{}, 1), changed: make(chan struct{})}, nil
}

// Space returns what is searched.
func (s *Study) Space() Space { return s.options.Space }

// Directions returns what is good, one an objective.
func (s *Study) Directions() []Direction { return slices.Clone(s.options.Directions) }

// errEnough is what ask returns when the study has as many trials as were wanted.
var errEnough = errors.New("search: enough trials")

// Ask makes the next trial and returns it, Running; a trial whose evaluation was
// interrupted in Optimize comes first. If the sampler reads results Ask waits for
// the trials that it must know: with a Lag of L, do not ask for more than L trials
// at a time. It returns ErrExhausted when the space holds nothing new.
func (s *Study) Ask(ctx context.Context) (Trial, error) { return s.ask(ctx, math.MaxInt) }

// ask is Ask for a study of at most limit trials.
func (s *Study) ask(ctx context.Context, limit int) (Trial, error) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return Trial{}, stopped(ctx)
	}
	if ctx.Err() != nil {
		return Trial{}, stopped(ctx)
	}
	s.mu.Lock()
	n := len(s.records) // only asks change it, and this is the only one
	for _, r := range s.records {
		if r.abandoned {
			r.abandoned, r.Reports, r.Attrs = false, nil, maps.Clone(r.samplerAttrs)
			t := r.copy()
			s.mu.Unlock()
			return t, nil
		}
	}
	s.mu.Unlock()
	if n >= limit {
		return Trial{}, errEnough
	}
	known := 0 // how many trials' results the sampler sees
	if _, blind := s.options.Sampler.(ValueBlind); !blind {
		known = max(0, n-s.options.Lag+1)
	}
	history, err := s.historyFor(ctx, known)
	if err != nil {
		return Trial{}, err
	}
	req := Request{
		Space: s.options.Space, Directions: s.Directions(), History: history, Number: n,
		Rand: newRand(s.options.Seed, n), Attrs: make(map[string]any),
	}
	params, err := s.sample(ctx, req)
	if err != nil {
		return Trial{}, err
	}
	if params, err = s.options.Space.Check(params); err != nil {
		return Trial{}, fmt.Errorf("%w (from the sampler, for trial %d)", err, n)
	}
	attrs := make(map[string]json.RawMessage, len(req.Attrs))
	for key, value := range req.Attrs {
		if attrs[key], err = json.Marshal(value); err != nil {
			return Trial{}, fmt.Errorf("search: the sampler's attribute %q of trial %d: %w", key, n, err)
		}
	}
	r := &record{Trial: Trial{Number: n, State: Running, Params: params, Attrs: maps.Clone(attrs)}, samplerAttrs: attrs}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, r)
	return r.copy(), nil
}

// sample asks the sampler; a panic in it is an error.
func (s *Study) sample(ctx context.Context, req Request) (p Params, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("search: the sampler %T panicked at trial %d: %v", s.options.Sampler, req.Number, r)
		}
	}()
	return s.options.Sampler.Sample(ctx, req)
}

// abandon gives a trial back that was not evaluated to its end.
func (s *Study) abandon(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[number].abandoned = true
}

// historyFor returns all trials, waiting until the first known of them are
// finished; the others are shown as running.
func (s *Study) historyFor(ctx context.Context, known int) ([]Trial, error) {
	for {
		s.mu.Lock()
		waiting := slices.ContainsFunc(s.records[:known], func(r *record) bool { return !r.State.Finished() })
		if !waiting {
			history := make([]Trial, len(s.records))
			for i, r := range s.records {
				if i < known {
					history[i] = r.copy()
				} else {
					history[i] = Trial{Number: i, State: Running, Params: maps.Clone(r.Params), Attrs: maps.Clone(r.samplerAttrs)}
				}
			}
			s.mu.Unlock()
			return history, nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, stopped(ctx)
		}
	}
}

func stopped(ctx context.Context) error {
	return fmt.Errorf("search: stopped: %w", context.Cause(ctx))
}

// running returns the record of a trial that is not finished; s.mu is held.
func (s *Study) running(number int) (*record, error) {
	if number < 0 || number >= len(s.records) {
		return nil, fmt.Errorf("search: no trial %d (the study has %d)", number, len(s.records))
	}
	if r := s.records[number]; !r.State.Finished() {
		return r, nil
	}
	return nil, fmt.Errorf("%w: trial %d is %v", ErrFinished, number, s.records[number].State)
}

// Report records an intermediate value of a running trial. The value must be
// finite; a later report of the same step is an error.
func (s *Study) Report(number, step int, value float64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.running(number)
	if err != nil {
		return err
	}
	if notFinite(value) {
		return fmt.Errorf("search: trial %d: the value reported at step %d is %v", number, step, value)
	}
	if slices.ContainsFunc(r.Reports, func(p Report) bool { return p.Step == step }) {
		return fmt.Errorf("search: trial %d: step %d is reported a second time", number, step)
	}
	r.Reports = append(r.Reports, Report{Step: step, Value: value})
	return nil
}

// SetAttr stores a value of a running trial as JSON under a key.
func (s *Study) SetAttr(number int, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("search: attribute %q of trial %d: %w", key, number, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.running(number)
	if err != nil {
		return err
	}
	r.Attrs[key] = data
	return nil
}

// Tell ends a trial and returns it. It alone judges: an error, NaN or an infinity
// make the trial Failed, finite values Complete. The wrong number of values is a
// mistake of the caller and ends nothing.
func (s *Study) Tell(number int, o Outcome) (Trial, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.running(number)
	if err != nil {
		return Trial{}, err
	}
	switch bad := slices.IndexFunc(o.Values, notFinite); {
	case o.Err != nil:
		r.State, r.Error = Failed, o.Err.Error()
	case len(o.Values) != len(s.options.Directions):
		return Trial{}, fmt.Errorf("search: trial %d is told %d values, the study has %d objectives", number, len(o.Values), len(s.options.Directions))
	case bad >= 0:
		r.State, r.Error = Failed, fmt.Sprintf("the value is %v", o.Values[bad])
	default:
		r.State, r.Values = Complete, slices.Clone(o.Values)
	}
	r.Seconds = o.Seconds
	close(s.changed)
	s.changed = make(chan struct{})
	return r.copy(), nil
}

// copy returns a trial that shares nothing with the record.
func (r *record) copy() Trial {
	t := r.Trial
	t.Params, t.Attrs = maps.Clone(t.Params), maps.Clone(t.Attrs)
	t.Values, t.Reports = slices.Clone(t.Values), slices.Clone(t.Reports)
	return t
}

// Trials returns all trials in the order of their numbers.
func (s *Study) Trials() []Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Trial, len(s.records))
	for i, r := range s.records {
		out[i] = r.copy()
	}
	return out
}

// Best returns the complete trial with the best value of the first objective,
// ties to the lowest number; ok is false if no trial is complete.
func (s *Study) Best() (best Trial, ok bool) {
	for _, t := range s.Trials() {
		value, has := t.Value()
		if t.State != Complete || !has {
			continue
		}
		if old, _ := best.Value(); !ok || s.options.Directions[0].Better(value, old) {
			best, ok = t, true
		}
	}
	return best, ok
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// newRand returns the random source of a trial: PCG seeded with two outputs of
// SplitMix64 (Steele, Lea & Flood 2014) over the study's seed and the number.
func newRand(seed uint64, number int) *rand.Rand {
	mix := func(x uint64) uint64 {
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		return x ^ x>>31
	}
	a := mix(mix(seed+0x9e3779b97f4a7c15) + 0x9e3779b97f4a7c15*uint64(number+1))
	return rand.New(rand.NewPCG(a, mix(a+0x9e3779b97f4a7c15)))
}
