package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Halving is successive halving with a growing budget (Jamieson & Talwalkar 2016,
// "Non-stochastic best arm identification and hyperparameter optimization"), on
// scikit-learn's schedule of HalvingRandomSearchCV: many random configurations get a
// small budget, the best of them Factor times as much, and so on.
//
// The budget is a parameter of the space, such as a number of epochs. A bracket is a row
// of rungs, and all trials of a rung have the same budget: Min in the first, Min*Factor
// in the next, up to the largest Min*Factor^k that is not above Max. The first rung has
// Candidates random configurations, which differ in the other parameters from each other
// and from all trials before. Each further one has a Factor-th of the rung before it,
// rounded up: the best of its configurations. There are at most 1 + log_Factor(Candidates)
// rungs, rounded down. Then the next bracket begins, with new configurations, until there
// are as many trials as are wanted. A bracket of 1 to 27 epochs has 27 + 9 + 3 + 1 trials.
//
// Where a trial stands follows from its number. A rung begins when the trials of the one
// before are finished; only the first rung of a bracket does not wait for the last one of
// the bracket before. The first direction decides what is good, and among equals the
// lower number. Pruned trials come after complete ones; failed and infeasible ones do not
// go on. Where fewer than a rung has places are left, new random configurations get the
// rest. A trial that somebody else has made takes the place of its number, and if it has
// the budget of its rung, it competes.
//
// In a finite space a bracket has no more candidates than there are configurations left.
// ErrExhausted comes where a place calls for a new configuration and there is none, which
// happens in the middle of a bracket if trials of others, failed ones or
// StudyOptions.Feasible have left too few.
//
// A configuration that goes on has the number of its trial in the rung before as its
// attribute "halving_from".
type Halving struct {
	// Resource names the parameter that is the budget: an Integer without condition on
	// which no other parameter depends.
	Resource string `json:"resource"`
	// Min and Max are the budgets of the first rung and, at most, the last. Default: the
	// parameter's Low, which must be positive, and its High.
	Min int `json:"min,omitempty"`
	Max int `json:"max,omitempty"`
	// Factor is how many times more budget, and fewer trials, a rung has than the one
	// before. Default 3.
	Factor int `json:"factor,omitempty"`
	// Candidates is how many configurations a bracket begins with. Default: Max/Min,
	// rounded down, so that a bracket ends with less than Factor of them at the largest
	// budget.
	Candidates int `json:"candidates,omitempty"`
}

var (
	_ Sampler = Halving{}
	_ Staged  = Halving{}
)

const halvingFrom = "halving_from"

// maxCandidates keeps the numbers of trials in an int.
const maxCandidates = 1 << 53

// Validate refuses a resource that the space does not have or that cannot be one, and
// numbers that make no sense.
func (h Halving) Validate(space Space) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("search: halving: "+format, args...)
	}
	resource, ok := space.Param(h.Resource)
	if !ok {
		return fail("the resource must be a parameter of the space (got %q, have: %s)", h.Resource, strings.Join(space.names(), ", "))
	}
	dependent := slices.IndexFunc(space.params, func(p Param) bool { return p.When != nil && p.When.Param == h.Resource })
	lo, hi, factor := h.numbers(resource)
	switch {
	case resource.Kind != Integer:
		return fail("the resource %q must be a range of integers (got a %v)", h.Resource, resource.Kind)
	case resource.When != nil:
		return fail("the resource %q must not have a condition (got %s)", h.Resource, resource.When)
	case dependent >= 0:
		return fail("no parameter may depend on the resource %q (%q does: %s)", h.Resource, space.params[dependent].Name, space.params[dependent].When)
	case lo < 1 || lo > hi:
		return fail("the resource %q must be at least 1, its smallest value not above its largest (got %d..%d)", h.Resource, lo, hi)
	case float64(hi) > resource.High:
		return fail("the largest resource %d is above the range of %q (%g..%g)", hi, h.Resource, resource.Low, resource.High)
	case factor < 2:
		return fail("the factor must be 2 or more (got %d)", factor)
	case h.Candidates < 0 || h.Candidates > maxCandidates:
		return fail("the candidates must be 1 to 2^53 (got %d)", h.Candidates)
	}
	for _, r := range rungs(maxCandidates, lo, hi, factor) {
		if _, err := resource.canonical(r.resource); err != nil {
			return fmt.Errorf("%w (a budget of halving with factor %d)", err, factor)
		}
	}
	return nil
}

// numbers returns Min, Max and Factor or their defaults.
func (h Halving) numbers(resource Param) (lo, hi, factor int) {
	return orDefault(h.Min, int(resource.Low)), orDefault(h.Max, int(resource.High)), orDefault(h.Factor, 3)
}

// Stage implements Staged: a stage is a rung. The first rung of a bracket, which needs no
// results, belongs to the stage before it.
func (h Halving) Stage(space Space, number int) (first int) {
	if h.Validate(space) != nil {
		return 0 // Sample will say what is wrong
	}
	p := h.schedule(space).place(number)
	if p.rung == 0 {
		return p.before
	}
	return p.start
}

// Sample returns the best configuration of the rung before that has not gone on yet, or a
// new one. It returns ErrExhausted where there is no new one, what Validate says, and an
// error for a request without a direction.
func (h Halving) Sample(ctx context.Context, req Request) (Params, error) {
	if err := h.Validate(req.Space); err != nil {
		return nil, err
	}
	if len(req.Directions) == 0 {
		return nil, errors.New("search: halving: the study has no direction")
	}
	p := h.schedule(req.Space).place(req.Number)
	if p.rung == 0 {
		return h.draw(ctx, req, p.resource)
	}
	order := func(a, b *Trial) int { return byOutcome(req.Directions[0], a, b) }
	for left := h.candidates(req, p); len(left) > 0; {
		best := slices.MinFunc(left, order)
		params := maps.Clone(best.Params)
		params[h.Resource] = p.resource
		if params, err := req.Space.Check(params); err == nil && !seen(req, params) {
			req.Attrs[halvingFrom] = best.Number
			return params, nil
		}
		left = slices.DeleteFunc(left, func(t *Trial) bool { return t == best })
	}
	return h.draw(ctx, req, p.resource)
}

// candidates returns the trials that may go on to a place, in the order of their numbers.
// Those that this rung has from the sampler already are left out: there may be many.
func (h Halving) candidates(req Request, p place) (out []*Trial) {
	gone := make(map[int]bool)
	for _, t := range span(req.History, p.start, req.Number) {
		var from int
		if raw, ok := t.Attrs[halvingFrom]; ok && json.Unmarshal(raw, &from) == nil {
			gone[from] = true
		}
	}
	before := span(req.History, p.before, p.start)
	for i := range before {
		t := &before[i]
		value, ok := t.Value()
		resource, _ := t.Params.Float(h.Resource)
		if ok && !notFinite(value) && (t.State == Complete || t.State == Pruned) && t.Feasible() && resource == float64(p.resourceBefore) && !gone[t.Number] {
			out = append(out, t)
		}
	}
	return out
}

// byOutcome orders trials that have a value: complete ones first, better ones before worse.
func byOutcome(d Direction, a, b *Trial) int {
	switch x, y := a.Values[0], b.Values[0]; {
	case a.State != b.State && a.State == Complete, a.State == b.State && d.Better(x, y):
		return -1
	case a.State != b.State || d.Better(y, x):
		return 1
	}
	return 0
}

// span returns the trials from number first to before end.
func span(history []Trial, first, end int) []Trial {
	return history[min(first, len(history)):min(end, len(history))]
}

// draw returns a random configuration whose other parameters are not in the history.
func (h Halving) draw(ctx context.Context, req Request, resource int) (Params, error) {
	history := make([]Trial, 0, len(req.History))
	for _, t := range req.History {
		if _, again := t.Attrs[halvingFrom]; again { // the trial that it goes on from counts
			continue
		}
		if value, ok := t.Params.Int(h.Resource); ok && value != resource {
			t.Params = maps.Clone(t.Params)
			t.Params[h.Resource] = resource
		}
		history = append(history, t)
	}
	return Random{}.Sample(ctx, Request{Space: h.fixed(req.Space, resource), History: history, Rand: req.Rand})
}

// fixed returns the space with one value for the resource, on which nothing depends.
func (h Halving) fixed(space Space, value int) Space {
	i := space.index[h.Resource]
	space.size /= max(1, space.params[i].levels())
	space.params = slices.Clone(space.params)
	p := &space.params[i]
	p.Low, p.High, p.Log, p.Step = float64(value), float64(value), false, 0
	return space
}
