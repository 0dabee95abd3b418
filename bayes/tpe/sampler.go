package tpe

import (
	"context"
	"fmt"

	"mnisttune/search"
)

// Sampler proposes configurations by a multivariate tree-structured Parzen
// estimator. The zero value is ready to use. It is stateless and safe for concurrent
// use; a suggestion depends on nothing but the request, not on how many trials there
// are to be.
//
// Trials that are running or waiting count among the bad, so that others keep away
// from them. Pruned trials rank behind complete ones, by the step that they reached
// and the value there; infeasible ones behind those, by how much they violate; failed
// ones are bad. A known variance of a value makes no difference. A configuration that
// has been proposed is never proposed again, nor is one that the request says is not
// feasible, as long as chance finds others.
type Sampler struct {
	// InitialPoints is how many trials, running ones included, are spread evenly over
	// the space before the densities decide; 0 means 4 more than there are parameters,
	// at least 6 and at most 10.
	InitialPoints int `json:"initial_points,omitempty"`
	// Candidates is how many configurations are drawn from the density of the good
	// trials, of which the best is proposed; 0 means 64.
	Candidates int `json:"candidates,omitempty"`
}

var _ search.Sampler = (*Sampler)(nil)

const defaultCandidates = 64

// attr is the attribute under which a trial keeps its note.
const attr = "tpe"

// note is what a suggestion leaves in its trial's attributes.
type note struct {
	Source   source  `json:"source"`
	Good     int     `json:"good,omitempty"`      // how many trials counted as good
	LogRatio float64 `json:"log_ratio,omitempty"` // of the densities, natural logarithm
}

// source says where a suggestion comes from.
type source string

const (
	fromDesign    source = "design"    // spread evenly, without a look at the results
	fromDensities source = "densities" // of the good and of the bad trials
	fromChance    source = "chance"    // the densities had nothing new: any configuration that is left
)

// Sample returns the parameters of trial req.Number. It returns search.ErrExhausted
// where every configuration has been proposed, the cause of ctx where that is done, and
// an error for a wrong option or a request that has not exactly one direction. No
// history is an error: where the densities have nothing new to propose, what is left
// is drawn at random.
func (s *Sampler) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	if err := s.validate(req); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	axes, err := newAxes(req.Space)
	if err != nil {
		return nil, fmt.Errorf("tpe: reading the space: %w", err)
	}
	h := recall(axes, req)
	if n, finite := req.Space.Size(); finite && len(h.seen) >= n {
		return nil, search.ErrExhausted
	}
	allowed := req.Feasible
	if allowed == nil {
		allowed = func(search.Params) bool { return true }
	}
	var p search.Params
	n := note{Source: fromDesign}
	if h.begun < s.initialPoints(len(axes)) {
		p = start(axes, h, req.Space, allowed, req.Rand)
	} else {
		p, n = suggest(axes, h, s.candidates(), allowed, req)
	}
	if p == nil {
		n = note{Source: fromChance}
		if p, err = (search.Random{}).Sample(ctx, req); err != nil {
			return nil, err
		}
	}
	req.Attrs[attr] = n
	return p, nil
}

func (s *Sampler) initialPoints(params int) int {
	if s.InitialPoints > 0 {
		return s.InitialPoints
	}
	return min(max(6, params+4), 10)
}

func (s *Sampler) candidates() int {
	if s.Candidates > 0 {
		return s.Candidates
	}
	return defaultCandidates
}

func (s *Sampler) validate(req search.Request) error {
	switch {
	case s.InitialPoints < 0:
		return fmt.Errorf("tpe: the number of initial points must not be negative (got %d)", s.InitialPoints)
	case s.Candidates < 0:
		return fmt.Errorf("tpe: the number of candidates must not be negative (got %d)", s.Candidates)
	case len(req.Directions) != 1:
		return fmt.Errorf("tpe: the sampler takes one objective (got %d directions)", len(req.Directions))
	}
	return nil
}
