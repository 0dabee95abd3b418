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
	"strings"
	"sync"
	"time"
)

// ErrFinished says that a trial has its outcome already and takes nothing more.
var ErrFinished = errors.New("search: the trial is finished")

// StudyOptions say what a study searches and how. Space must be given.
type StudyOptions struct {
	Space      Space
	Directions []Direction // one an objective; default: one, Minimize
	Sampler    Sampler     // default Random{}
	Pruner     Pruner      // default: none
	// Feasible says of a configuration, before it is tried, whether it may be; it depends
	// on nothing else. Default: all may. Enqueued ones are not asked about.
	Feasible func(Params) bool
	Seed     uint64
	// Lag is how many of the latest trials a sampler that reads results does
	// without: trial n is chosen from the results of trials up to n-Lag and the
	// parameters of those between. So up to Lag workers give one and the same
	// study. Default 1.
	Lag int
	// Async lets samplers and pruners use whatever results there are instead of
	// waiting for those that they should know. The study then depends on time.
	Async bool

	// Journal keeps the study. Default: in memory.
	Journal Journal
	// Name is the study's in its journal. Default "study".
	Name string
	// Metrics names the objectives, for those who read the journal.
	Metrics []string
	// Attrs are stored with a new study as user attributes.
	Attrs map[string]any
	// Worker names this process among those that share the journal. Default: a
	// name made of the host's, the process's number and a random part.
	Worker string
	// Detached trials are handed out to be told by anybody, at any time: nobody
	// waits for them, and nobody takes them over.
	Detached bool
	// Workers tells who of the others is alive; all workers of the study must then
	// have shown it that they are (journal.File.Enlist). Default: nobody knows, and
	// a worker is dead after SilenceLimit without an operation of his.
	Workers Liveness
	// Clock tells the time of what is written to the journal. Default time.Now.
	Clock func() time.Time
}

// Study keeps trials: it hands them out, takes reports and judges outcomes. What it
// knows is what its journal says, so several processes may work on one study, and one
// that was interrupted goes on.
//
// Trial n's parameters depend on the seed, on the parameters of trials 0 to n-1
// and, unless the sampler is ValueBlind, on the results of trials up to n-Lag;
// never on time or on who evaluated them. Whether it is pruned depends on what the
// trials before it have reported. A Study is safe for concurrent use.
type Study struct {
	options StudyOptions
	asking  chan struct{} // holds one token: asks go one after the other

	mu       sync.Mutex
	replay   Replay
	shared   bool  // others may write to the journal
	position int64 // how far the replay has come in the journal
	record   *StudyRecord
	local    map[int]*attempt     // the trials that this process evaluates, by number
	attrs    map[int][]Op         // attributes of trials that are written with their outcome
	views    []shown              // of finished trials, by number
	seen     map[string]time.Time // when a worker's last operation was read
	changed  chan struct{}        // closed and replaced when there is something new
	waited   time.Duration
}

// attempt is a trial in the hands of this process.
type attempt struct {
	number   int // of the attempt, from 1
	reported map[int]bool
}

// Names of a study's and of trials' user attributes that the study itself writes; all
// begin with AttrPrefix.
const (
	AttrPrefix   = "mnist-tune:"
	AttrStudy    = AttrPrefix + "study"   // of a study: its Constants
	AttrStop     = AttrPrefix + "stop"    // of a study: true: no new trials
	AttrWorker   = AttrPrefix + "worker"  // who evaluates the trial
	AttrAttempt  = AttrPrefix + "attempt" // how often the trial was begun, from 1
	AttrSeconds  = AttrPrefix + "seconds" // of the last attempt
	AttrError    = AttrPrefix + "error"   // why the trial failed
	AttrAlive    = AttrPrefix + "alive"   // rises while a worker is at it
	metricsAttr  = "study:metric_names"   // Optuna's
	defaultStudy = "study"
)

// Constants are what makes a study repeatable beside its sampler and its objective.
type Constants struct {
	Space Space  `json:"space"`
	Seed  uint64 `json:"seed"`
	Lag   int    `json:"lag"`
	Async bool   `json:"async"`
}

// Constants returns what the study was begun with; ok is false if another program has
// begun it.
func (s *StudyRecord) Constants() (c Constants, ok bool, err error) {
	raw, ok := s.UserAttrs[AttrStudy]
	if !ok {
		return c, false, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, false, fmt.Errorf("search: study %q: attribute %s: %w", s.Name, AttrStudy, err)
	}
	return c, true, nil
}

// check fills in the defaults and refuses what makes no sense.
func (o *StudyOptions) check() error {
	if o.Space.Len() == 0 {
		return errors.New("search: the space has no parameters")
	}
	if len(o.Directions) == 0 {
		o.Directions = []Direction{Minimize}
	}
	for _, d := range o.Directions {
		if d != Minimize && d != Maximize {
			return fmt.Errorf("search: unknown direction %v", d)
		}
	}
	if o.Pruner != nil && len(o.Directions) > 1 {
		return fmt.Errorf("search: a pruner looks at one objective (got %d directions)", len(o.Directions))
	}
	if v, ok := o.Pruner.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return err
		}
	}
	if o.Lag < 0 {
		return fmt.Errorf("search: the lag must be 1 or more (got %d)", o.Lag)
	}
	o.Lag = max(o.Lag, 1)
	if o.Sampler == nil {
		o.Sampler = Random{}
	}
	if o.Journal == nil {
		o.Journal = NewMemoryJournal()
	}
	if o.Name == "" {
		o.Name = defaultStudy
	}
	if o.Worker == "" {
		o.Worker = NewWorker()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return nil
}

// NewStudy returns a study without trials. Options with a Journal are for OpenStudy.
func NewStudy(o StudyOptions) (*Study, error) {
	if o.Journal != nil {
		return nil, errors.New("search: a study in a journal is opened with OpenStudy")
	}
	return OpenStudy(context.Background(), o)
}

// OpenStudy begins a study in its journal or, if the journal has one of that name, goes
// on with it: its seed, lag and directions must then be those of the options, and its
// space must be the same. Trials that a dead worker had begun are handed out first.
func OpenStudy(ctx context.Context, o StudyOptions) (*Study, error) {
	shared := o.Journal != nil
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Study{
		options: o, shared: shared, asking: make(chan struct{}, 1), changed: make(chan struct{}),
		local: make(map[int]*attempt), attrs: make(map[int][]Op), seen: make(map[string]time.Time),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.update(ctx, s.create); err != nil {
		return nil, err
	}
	s.record = s.replay.Study(o.Name)
	if s.record == nil {
		return nil, fmt.Errorf("search: study %q: it was deleted", o.Name)
	}
	return s, s.fits()
}

// create returns the operations that begin the study, those that make one of another
// program repeatable, or none.
func (s *Study) create() ([]Op, error) {
	o := &s.options
	var ops []Op
	id := s.replay.NextStudyID()
	there := s.replay.Study(o.Name)
	switch {
	case there == nil:
		ops = append(ops, Op{Code: CreateStudy, StudyName: o.Name, Directions: o.Directions})
	case there.UserAttrs[AttrStudy] != nil || !slices.Equal(there.Directions, o.Directions):
		return nil, nil
	default:
		id = there.ID
	}
	constants, err := json.Marshal(Constants{Space: o.Space, Seed: o.Seed, Lag: o.Lag, Async: o.Async})
	if err != nil {
		return nil, fmt.Errorf("search: study %q: %w", o.Name, err)
	}
	ops = append(ops, Op{Code: StudyUserAttr, StudyID: id, Key: AttrStudy, Value: constants})
	if len(o.Metrics) > 0 && there == nil {
		names, err := json.Marshal(o.Metrics)
		if err != nil {
			return nil, err
		}
		ops = append(ops, Op{Code: StudySystemAttr, StudyID: id, Key: metricsAttr, Value: names})
	}
	for _, key := range slices.Sorted(maps.Keys(o.Attrs)) {
		value, err := json.Marshal(o.Attrs[key])
		if err != nil {
			return nil, fmt.Errorf("search: study %q: attribute %q: %w", o.Name, key, err)
		}
		ops = append(ops, Op{Code: StudyUserAttr, StudyID: id, Key: key, Value: value})
	}
	return ops, nil
}

// ErrIncompatible says that a study in a journal is another one than was asked for.
var ErrIncompatible = errors.New("search: the study in the journal is another one")

// fits reports whether the options are those that the study was begun with.
func (s *Study) fits() error {
	o := &s.options
	differ := func(what string, got, want any) error {
		return fmt.Errorf("%w: study %q has %s %v, not %v", ErrIncompatible, o.Name, what, want, got)
	}
	if !slices.Equal(s.record.Directions, o.Directions) {
		return differ("the directions", o.Directions, s.record.Directions)
	}
	c, ok, err := s.record.Constants()
	if err != nil || !ok {
		return err
	}
	wanted, err := json.Marshal(o.Space)
	if err != nil {
		return err
	}
	there, err := json.Marshal(c.Space)
	if err != nil {
		return err
	}
	switch {
	case string(wanted) != string(there):
		return differ("the space", o.Space.Params(), c.Space.Params())
	case c.Seed != o.Seed:
		return differ("the seed", o.Seed, c.Seed)
	case c.Lag != o.Lag:
		return differ("the lag", o.Lag, c.Lag)
	case c.Async != o.Async:
		return differ("async", o.Async, c.Async)
	}
	return nil
}

// Attr returns a user attribute of the study as JSON, nil if there is none.
func (s *Study) Attr(key string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.UserAttrs[key])
}

// SetStudyAttr stores a value as a user attribute of the study, as JSON under a key. A
// finished trial takes no attributes, so what is learned of it later belongs here.
func (s *Study) SetStudyAttr(ctx context.Context, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("search: attribute %q of study %q: %w", key, s.options.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.update(ctx, func() ([]Op, error) {
		return []Op{{Code: StudyUserAttr, StudyID: s.record.ID, Key: key, Value: data}}, nil
	})
}

// Space returns what is searched.
func (s *Study) Space() Space { return s.options.Space }

// Directions returns what is good, one an objective.
func (s *Study) Directions() []Direction { return slices.Clone(s.options.Directions) }

// Waited returns how long asks and reports have waited for other trials so far.
func (s *Study) Waited() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited
}

// Refresh reads what others have written to the journal.
func (s *Study) Refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(ctx)
}

// RequestStop asks all searches of the study to begin no new trials, or takes that back.
func (s *Study) RequestStop(ctx context.Context, stop bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.update(ctx, func() ([]Op, error) {
		if s.stopRequested() == stop {
			return nil, nil
		}
		return []Op{{Code: StudyUserAttr, StudyID: s.record.ID, Key: AttrStop, Value: json.RawMessage(fmt.Sprint(stop))}}, nil
	})
}

// Trials returns all trials in the order of their numbers, as far as the journal has
// been read: own operations, those of others up to the last Ask, Report, Tell or
// Refresh.
func (s *Study) Trials() []Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Trial, len(s.record.Trials))
	for i, r := range s.record.Trials {
		out[i] = r.Public()
	}
	return out
}

// Public returns a copy of the trial as a Study hands it out: the sampler's attributes
// are among its Attrs, the study's own but for AttrImported are not; they fill Error and
// Seconds. The Params of a waiting trial are those that it was enqueued with.
func (t *TrialRecord) Public() Trial {
	out := t.Snapshot()
	if decided, err := t.decided(); err == nil && t.State == Waiting {
		out.Params = decided
	}
	t.publish(&out)
	return out
}

// publish gives a copy of the trial the attributes that a Study shows.
func (t *TrialRecord) publish(out *Trial) {
	out.Attrs = maps.Clone(t.SystemAttrs)
	if out.Attrs == nil {
		out.Attrs = make(map[string]json.RawMessage)
	}
	for key, raw := range t.Attrs {
		switch {
		case key == AttrError:
			_ = json.Unmarshal(raw, &out.Error) // not a text: no reason is known
		case key == AttrSeconds:
			_ = json.Unmarshal(raw, &out.Seconds) // not a number: the times of the log stand
		case key == AttrImported || !strings.HasPrefix(key, AttrPrefix) && t.SystemAttrs[key] == nil:
			out.Attrs[key] = raw
		}
	}
}

// score returns the first value of a complete trial; ok is false for other trials and for
// values of other programs that are not finite.
func (t *Trial) score() (value float64, ok bool) {
	value, ok = t.Value()
	return value, ok && t.State == Complete && !notFinite(value)
}

// progress returns the best feasible value and how many finished trials have come after it, those
// that came whole aside.
func (s *Study) progress() (best float64, later int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.options.Directions[0]
	for _, t := range s.record.Trials {
		value, has := t.score()
		has = has && t.feasible()
		switch {
		case has && (!ok || d.Better(value, best)):
			best, later, ok = value, 0, true
		case ok && t.State.Finished() && !t.Imported():
			later++
		}
	}
	return best, later, ok
}

// Best returns the complete trial with the best value of the first objective,
// ties to the lowest number; ok is false if no trial is complete.
func (s *Study) Best() (best Trial, ok bool) { return BestOf(s.options.Directions[0], s.Trials()) }

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
