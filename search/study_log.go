package search

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// SilenceLimit is how long a worker of whom nothing else is known may write nothing
// before the others take his trials over.
const SilenceLimit = 60 * time.Second

// pollInterval is how often a study that waits for another process looks at the journal.
const pollInterval = 100 * time.Millisecond

// Liveness tells whether a worker of another process is at work.
type Liveness interface {
	// Dead reports whether a worker is known to be dead; known is false if nothing
	// can be said of him, such as one on another host.
	Dead(worker string) (dead, known bool)
}

// NewWorker returns a name for this process that no other one has.
func NewWorker() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// update appends what decide returns, under the journal's lock and with the replay up to
// date, and takes it over; s.mu is held. decide must have no effect.
func (s *Study) update(ctx context.Context, decide func() ([]Op, error)) error {
	var refused error
	err := s.options.Journal.Update(ctx, s.position, func(tail []Op) (ops []Op, err error) {
		refused = nil
		for _, op := range tail {
			if err := s.apply(op); err != nil {
				return nil, err
			}
		}
		if s.record != nil && s.record.Deleted {
			return nil, fmt.Errorf("study %q was deleted", s.options.Name)
		}
		ops, refused = decide()
		for i := range ops {
			ops[i].Worker = s.options.Worker
		}
		return ops, refused
	})
	switch {
	case refused != nil:
		return refused
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return s.read(ctx)
}

// ErrJournal says that the journal could not be read or written. What was to be written
// is not in it; the trial that it is about is not at fault.
var ErrJournal = errors.New("search: the study's journal")

// read takes over what is new in the journal; s.mu is held.
func (s *Study) read(ctx context.Context) error {
	for op, err := range s.options.Journal.Read(ctx, s.position) {
		if err == nil {
			err = s.apply(op)
		}
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", ErrJournal, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// apply takes over an operation that it has not seen.
func (s *Study) apply(op Op) error {
	if op.Next <= s.position {
		return nil
	}
	if _, err := s.replay.Apply(op); err != nil {
		return err
	}
	s.position = op.Next
	s.seen[op.Worker] = s.options.Clock()
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// wait returns when ready does, looking at it whenever the journal has something new;
// s.mu is held, but for the time of waiting, if there was any.
func (s *Study) wait(ctx context.Context, ready func() bool) (waited bool, err error) {
	var start time.Time
	for !ready() {
		if start.IsZero() {
			start, waited = s.options.Clock(), true
			defer func() { s.waited += s.options.Clock().Sub(start) }()
		}
		var poll <-chan time.Time
		if s.shared {
			poll = time.After(pollInterval)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-poll:
		case <-ctx.Done():
			err = stopped(ctx)
		}
		s.mu.Lock()
		if err == nil && s.shared {
			err = s.read(ctx)
		}
		if err != nil {
			return waited, err
		}
	}
	return waited, nil
}

func stopped(ctx context.Context) error {
	return fmt.Errorf("search: stopped: %w", context.Cause(ctx))
}

// worker returns who evaluates a trial; empty if it was handed out by hand or by another
// program, so that nobody may wait for it or take it over.
func (t *TrialRecord) worker() string {
	var name string
	if json.Unmarshal(t.Attrs[AttrWorker], &name) != nil {
		return ""
	}
	return name
}

// Attempt returns how often the trial was begun, 0 for one of another program.
func (t *TrialRecord) Attempt() int {
	var n int
	_ = json.Unmarshal(t.Attrs[AttrAttempt], &n) // no number: none of ours
	return n
}

// pending reports whether a trial will be finished by a worker of the study.
func (t *TrialRecord) pending() bool { return !t.State.Finished() && t.worker() != "" }

// orphan reports whether a running trial has lost its worker.
func (s *Study) orphan(t *TrialRecord) bool {
	if t.State != Running {
		return false
	}
	switch w := t.worker(); {
	case w == "":
		return false
	case w == s.options.Worker:
		return s.local[t.Number] == nil
	default:
		return s.dead(w)
	}
}

func (s *Study) dead(worker string) bool {
	if s.options.Workers != nil {
		if dead, known := s.options.Workers.Dead(worker); known {
			return dead
		}
	}
	last, ok := s.seen[worker]
	return ok && s.options.Clock().Sub(last) > SilenceLimit
}

// beat writes a sign of life, if this process evaluates a trial.
func (s *Study) beat(ctx context.Context, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.update(ctx, func() ([]Op, error) {
		for number := range s.local {
			if t := s.record.Trials[number]; t.State == Running && t.worker() == s.options.Worker {
				return []Op{userAttr(t, AttrAlive, n)}, nil
			}
		}
		return nil, nil
	})
}

// userAttr returns the operation that sets an attribute of a trial. The value is one
// that JSON can hold.
func userAttr(t *TrialRecord, key string, value any) Op {
	return Op{Code: TrialUserAttr, TrialID: t.ID, Key: key, Value: mustJSON(value)}
}

// mustJSON returns a value that JSON can hold.
func mustJSON(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("search: %T is no JSON: %v", value, err))
	}
	return raw
}

// RequestStop asks all searches of a study in a journal to begin no new trials. Whoever
// does not work on the study himself uses it; a Study has a method of that name.
func RequestStop(ctx context.Context, j Journal, study string) error {
	replay, err := ReadJournal(ctx, j)
	if err != nil {
		return err
	}
	record := replay.Study(study)
	if record == nil {
		return fmt.Errorf("search: there is no study %q", study)
	}
	// The number of a study never changes, so nothing is to be looked up under the lock.
	return j.Update(ctx, 0, func([]Op) ([]Op, error) {
		return []Op{{Code: StudyUserAttr, StudyID: record.ID, Key: AttrStop, Value: json.RawMessage("true")}}, nil
	})
}

// ReadJournal returns the state that a journal leads to.
func ReadJournal(ctx context.Context, j Journal) (*Replay, error) {
	replay := new(Replay)
	for op, err := range j.Read(ctx, 0) {
		if err == nil {
			_, err = replay.Apply(op)
		}
		if err != nil {
			return nil, err
		}
	}
	return replay, nil
}
