package search

import (
	"context"
	"errors"
	"math/rand/v2"
)

// ErrExhausted is what a Sampler returns when the space holds no configuration
// that it has not proposed yet. It ends a study; it is not a failure.
var ErrExhausted = errors.New("search: space exhausted: every configuration has been tried")

// ErrConverged is what a Sampler returns when nothing more is to be gained. It ends a study;
// it is not a failure.
var ErrConverged = errors.New("search: nothing more is to be gained")

// Sampler proposes parameters. It is stateless: what it may know comes in with
// the request, so a study that is resumed goes on as if it had never stopped.
// Implementations must be safe for concurrent use and must depend on nothing
// but the request.
type Sampler interface {
	// Sample returns the parameters of trial req.Number: a configuration of the space
	// that no trial in the history has, or ErrExhausted where there is none. Nothing in
	// the history is an error: other programs write trials of other spaces, values that
	// are not finite, and attributes of any name. When ctx is done Sample returns an
	// error that wraps its cause.
	Sample(ctx context.Context, req Request) (Params, error)
}

// ValueBlind is implemented by samplers that read the parameters in the history
// but never the results. A study does not make them wait for results.
type ValueBlind interface {
	ValueBlind()
}

// Staged is implemented by samplers that propose in stages: all trials of a stage are
// chosen from the results of the trials before the stage. A study makes them wait for
// those, whatever its lag, and for no others.
type Staged interface {
	// Stage returns the number of the first trial of the stage that trial number is
	// in. It depends on its arguments only.
	Stage(space Space, number int) (first int)
}

// Request is what a Sampler knows when it proposes trial Number.
type Request struct {
	Space      Space
	Directions []Direction
	// History holds trials 0 to Number-1 in that order. A trial whose result
	// the sampler may not know yet (the study's lag, or its stage) is Running and
	// has no values and no reports, whatever has really happened to it. The trials
	// are shared: they must not be changed.
	History []Trial
	Number  int
	Rand    *rand.Rand // seeded from (Seed, Number)
	Seed    uint64     // the study's, the same for all its trials
	// Feasible, if it is not nil, says whether a configuration may be tried. A sampler
	// that proposes others is asked again, with those as failed trials behind the
	// History.
	Feasible func(Params) bool
	// Attrs takes what the sampler wants to remember or explain. The study
	// stores it as JSON among the trial's attributes. Never nil.
	Attrs map[string]any
}
