package bayes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"mnisttune/search"
)

// Sampler proposes the configuration of greatest expected improvement under a
// Gaussian process. The zero value is ready to use. It is stateless and safe
// for concurrent use; a suggestion depends on nothing but the request, not on
// the number of processors nor on how many trials there are to be.
//
// Trials that are running or waiting count as pending: their results are drawn
// from the process, and the improvement is averaged over the draws. Pruned
// trials count with what trials that were not pruned gained from the same step on,
// failed ones as worse than the worst. A trial whose value is a mean of scores
// brings the variance of that mean with it (search.Trial.NoiseVariance). A
// configuration that has been proposed is never proposed again, nor is one that the
// request says is not feasible.
//
// A trial keeps what was expected of it in its attributes: see [Why].
type Sampler struct {
	// InitialPoints is how many trials, running ones included, are spread evenly
	// over the space before the process decides; 0 means twice the parameters, at
	// least 4 and at most 3 more than there are parameters.
	InitialPoints int `json:"initial_points,omitempty"`
	// Acquisition is what a suggestion maximises; empty means LogEI.
	Acquisition Acquisition `json:"acquisition,omitempty"`
	// Draws, if more than 1, is over how many draws from the posterior distribution of
	// the hyperparameters the acquisition is averaged, in place of taking it at their
	// mode; with n trials at most 400/n. With two objectives it is the mode, whatever
	// Draws is.
	Draws int `json:"draws,omitempty"`
	// Warp bends numeric parameters by Kumaraswamy's function, which is fitted with the
	// other hyperparameters, once there are four trials for each.
	Warp bool `json:"warp,omitempty"`
	// Cost, if not nil, says what an evaluation costs, best counted in operations: the
	// acquisition is divided by cost^CostExponent. Values that are not positive and
	// finite count as 1. It must be safe for concurrent use and depend on its argument
	// only. Not with UCB.
	Cost func(search.Params) float64 `json:"-"`
	// MeasuredCost takes the seconds that the trials so far took in place of Cost,
	// predicted by a process of their own. It makes a study unrepeatable.
	MeasuredCost bool `json:"measured_cost,omitempty"`
	// CostExponent is 1 where it is 0.
	CostExponent float64 `json:"cost_exponent,omitempty"`
}

var _ search.Sampler = (*Sampler)(nil)

// Sample returns the parameters of trial req.Number. It returns
// search.ErrExhausted where every feasible configuration has been proposed, ctx's cause
// where that is done, an error where it finds no feasible one in a space that is too large
// to look at whole, and an error for a wrong option or a request that has not
// one or two directions. Numerical trouble is no error: it falls back to the
// last fit, to default hyperparameters and to the start design.
func (s *Sampler) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	if err := s.validate(req); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
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
		initial = designSize(req.Space.Len())
	}
	if len(h.points) >= initial {
		if p, n := s.suggest(e, h, req); p != nil {
			req.Attrs[Attr] = n
			return p, nil
		}
	}
	p, err := spread(ctx, e, h, req.Feasible, req.Rand)
	if err != nil {
		return nil, err
	}
	req.Attrs[Attr] = Note{Source: FromDesign}
	return p, nil
}

// suggest returns the configuration of greatest acquisition, and what to note about
// it; nil where there is none.
func (s *Sampler) suggest(e *encoder, h *past, req search.Request) (search.Params, Note) {
	look := &maximiser{encoder: e, seen: h.seen, plain: s.Acquisition == EI, feasible: req.Feasible}
	var m *model
	var n Note
	if len(req.Directions) == 2 {
		var ok bool
		if look.landscape, n, ok = s.learnFront(e, req); !ok {
			return nil, Note{}
		}
	} else {
		if m = s.learn(e, h, req.Rand); m == nil {
			return nil, Note{}
		}
		look.landscape, n = m.mixture, Note{Source: m.hyper.source, Hyperparameters: &m.hyper.Hyperparameters}
	}
	look.cost = s.cost(e, h, req.Rand)
	look.allow(learnConstraints(e, h, req.Rand))
	p, value := look.best(h.elite(), req.Rand)
	if p == nil {
		return nil, Note{}
	}
	if m != nil {
		n.Prediction = m.predict(e.encode(p), req.Directions[0])
	}
	if finite(value) {
		n.Acquisition = &value
	}
	return p, n
}

func (s *Sampler) validate(req search.Request) error {
	switch {
	case s.InitialPoints < 0 || s.Draws < 0:
		return fmt.Errorf("bayes: the numbers of initial points and of draws must not be negative (got %d, %d)", s.InitialPoints, s.Draws)
	case !slices.Contains([]Acquisition{"", LogEI, EI, PI, UCB}, s.Acquisition):
		return fmt.Errorf("bayes: unknown acquisition %q (have: %s, %s, %s, %s)", s.Acquisition, LogEI, EI, PI, UCB)
	case !(s.CostExponent >= 0) || math.IsInf(s.CostExponent, 0):
		return fmt.Errorf("bayes: the exponent of the cost must be finite and not negative (got %v)", s.CostExponent)
	case s.Acquisition == UCB && (s.Cost != nil || s.MeasuredCost):
		return fmt.Errorf("bayes: the acquisition %s is not an amount that could be divided by a cost", UCB)
	case s.Cost != nil && s.MeasuredCost:
		return errors.New("bayes: the cost is either given or measured, not both")
	case len(req.Directions) != 1 && len(req.Directions) != 2:
		return fmt.Errorf("bayes: the sampler takes one or two objectives (got %d directions)", len(req.Directions))
	case len(req.Directions) == 2 && s.Acquisition != "" && s.Acquisition != LogEI:
		return fmt.Errorf("bayes: the acquisition %s is of one objective", s.Acquisition)
	}
	return nil
}

// validateOne is validate for what there is for one objective only.
func (s *Sampler) validateOne(req search.Request) error {
	if len(req.Directions) != 1 {
		return fmt.Errorf("bayes: this takes one objective (got %d directions)", len(req.Directions))
	}
	return s.validate(req)
}
