package compare

import (
	"context"
	"errors"
	"time"

	"mnisttune/search"
)

// AttrSuggestSeconds is the attribute of a trial that says how long its sampler took.
const AttrSuggestSeconds = "suggest_seconds"

// timer is a sampler that notes how long another one takes, and whether that has nothing
// left. A study asks one trial after the other.
type timer struct {
	search.Sampler
	clock     func() time.Time
	exhausted bool
}

// Sample implements search.Sampler.
func (t *timer) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	start := t.clock()
	p, err := t.Sampler.Sample(ctx, req)
	req.Attrs[AttrSuggestSeconds] = t.clock().Sub(start).Seconds()
	t.exhausted = errors.Is(err, search.ErrExhausted)
	return p, err
}

// like returns the timer with those optional methods that its sampler has.
func (t *timer) like() search.Sampler {
	switch s := t.Sampler.(type) {
	case search.ValueBlind:
		return blindTimer{t}
	case search.Staged:
		return stagedTimer{t, s}
	}
	return t
}

// blindTimer is the timer of a sampler that reads no results.
type blindTimer struct{ *timer }

// ValueBlind implements search.ValueBlind.
func (blindTimer) ValueBlind() {}

// stagedTimer is the timer of a sampler that proposes in stages.
type stagedTimer struct {
	*timer
	staged search.Staged
}

// Stage implements search.Staged.
func (t stagedTimer) Stage(space search.Space, number int) (first int) {
	return t.staged.Stage(space, number)
}

var (
	_ search.Sampler    = (*timer)(nil)
	_ search.ValueBlind = blindTimer{}
	_ search.Staged     = stagedTimer{}
)
