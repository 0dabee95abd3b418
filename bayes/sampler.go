package bayes

import (
	"context"
	"fmt"

	"mnisttune/search"
)

// Sampler proposes the configuration of greatest expected improvement under a
// Gaussian process. The zero value is ready to use. It is stateless and safe
// for concurrent use; a suggestion depends on nothing but the request, not on
// the number of processors nor on how many trials there are to be.
//
// Trials that are running or waiting count as pending: their results are drawn
// from the process, and the improvement is averaged over the draws. Pruned
// trials count with the value they had, failed ones as worse than the worst.
// A configuration that has been proposed is never proposed again.
type Sampler struct {
	// InitialPoints is how many trials, running ones included, are spread evenly
	// over the space before the process decides; 0 means max(4, parameters+2).
	InitialPoints int `json:"initial_points,omitempty"`
	// Acquisition is what a suggestion maximises; empty means LogEI.
	Acquisition Acquisition `json:"acquisition,omitempty"`
}

var _ search.Sampler = (*Sampler)(nil)

// attr is the attribute under which a trial keeps its note.
const attr = "bayes"

// note is what a suggestion leaves in its trial's attributes.
type note struct {
	Source source   `json:"source"`
	Hyper  *hyper   `json:"hyperparameters,omitempty"`
	Value  *float64 `json:"acquisition,omitempty"` // in the sampler's own scale of outputs
}

// source says where a suggestion comes from.
type source string

const (
	fromDesign  source = "design"                  // spread evenly, without a look at the results
	fromFit     source = "fit"                     // the process with fitted hyperparameters
	fromLast    source = "last fit"                // the fit failed: those of an earlier trial
	fromDefault source = "default hyperparameters" // there were none: the mode of their prior
)

// Sample returns the parameters of trial req.Number. It returns
// search.ErrExhausted where every configuration has been proposed, ctx's error
// where that is done, and an error for a wrong option or a request that has not
// exactly one direction. Numerical trouble is no error: it falls back to the
// last fit, to default hyperparameters and to the start design.
func (s *Sampler) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	if err := s.validate(req); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := newEncoder(req.Space)
	if err != nil {
		return nil, fmt.Errorf("bayes: reading the space: %w", err)
	}
	h := recall(e, req)
	if n, finite := req.Space.Size(); finite && len(h.seen) >= n {
		return nil, search.ErrExhausted
	}
	initial := s.InitialPoints
	if initial == 0 {
		initial = max(4, req.Space.Len()+2)
	}
	if len(h.points) >= initial && len(h.x) > 0 {
		if p, n := suggest(e, h, s.Acquisition == EI, req.Rand); p != nil {
			req.Attrs[attr] = n
			return p, nil
		}
	}
	p := spread(e, h, req.Rand)
	if p == nil {
		return nil, search.ErrExhausted
	}
	req.Attrs[attr] = note{Source: fromDesign}
	return p, nil
}

func (s *Sampler) validate(req search.Request) error {
	switch {
	case s.InitialPoints < 0:
		return fmt.Errorf("bayes: the number of initial points must not be negative (got %d)", s.InitialPoints)
	case s.Acquisition != "" && s.Acquisition != LogEI && s.Acquisition != EI:
		return fmt.Errorf("bayes: unknown acquisition %q (have: %s, %s)", s.Acquisition, LogEI, EI)
	case len(req.Directions) != 1:
		return fmt.Errorf("bayes: the sampler takes one objective (got %d directions)", len(req.Directions))
	}
	return nil
}
