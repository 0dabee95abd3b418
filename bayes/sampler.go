package bayes

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"mnisttune/search"
)

// Sampler proposes the configuration of greatest expected improvement under a
// Gaussian process. The zero value is ready to use. It is stateless and safe
// for concurrent use; a suggestion depends on nothing but the request.
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

// observationLimit is how many finished trials the process learns from; the cost
// of a suggestion grows with their cube.
const observationLimit = 500

// fantasies is how many draws of the pending trials' results the acquisition is
// averaged over.
const fantasies = 32

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
		if p, n := s.model(e, h, req.Rand); p != nil {
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

// model returns the suggestion of the process, nil where it has none.
func (s *Sampler) model(e *encoder, h *past, rng *rand.Rand) (search.Params, note) {
	y := transform(h.y)
	keep := limit(y, observationLimit)
	obs := observe(pick(h.x, keep), pick(y, keep), e.nominal)
	normals := sobol(fantasies, len(h.pending), rng)
	if len(h.pending) == 0 {
		normals = normals[:1]
	}
	for _, z := range normals {
		for i := range z {
			z[i] = mathext.NormalQuantile(z[i])
		}
	}
	var hy hyper
	var from source
	var a *expected
	for _, c := range obs.hypers(h.last, rng) {
		g, ok := obs.condition(c.hyper)
		if !ok {
			continue
		}
		if a, ok = expect(g, obs, h.pending, normals, s.Acquisition == EI); ok {
			hy, from = c.hyper, c.source
			break
		}
	}
	if from == "" {
		return nil, note{}
	}
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	m := &maximiser{encoder: e, at: a.at, seen: h.seen}
	p, value := m.best(pick(h.tried, order), rng)
	return p, note{Source: from, Hyper: &hy, Value: &value}
}

// limit returns the indices of at most n outputs in their order: the better
// half of n by value and the latest of the others.
func limit(y []float64, n int) []int {
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	if len(y) <= n {
		return order
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	rest := order[n/2:]
	slices.Sort(rest)
	keep := append(order[:n/2:n/2], rest[len(rest)-(n-n/2):]...)
	slices.Sort(keep)
	return keep
}

func pick[T any](from []T, indices []int) []T {
	out := make([]T, len(indices))
	for i, k := range indices {
		out[i] = from[k]
	}
	return out
}
