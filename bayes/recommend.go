package bayes

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"mnisttune/search"
)

// ErrNoTrials is what Recommend and Explain return when no trial is complete.
var ErrNoTrials = errors.New("bayes: no trial is complete")

// Recommend returns the number of the complete trial with the best predicted mean,
// and that mean and the standard deviation of the objective there, in its own units,
// noise apart. With a noisy objective this is a better choice than the trial with the
// best value, which is often a lucky one. Trials that have not finished are left out;
// req.Number and req.Attrs are not used, and req.Rand may be nil. The errors are
// Sample's, and ErrNoTrials when no trial is complete. It is safe for concurrent use.
func (s *Sampler) Recommend(req search.Request) (trial int, mean, sd float64, err error) {
	if err := s.validateOne(req); err != nil {
		return 0, 0, 0, err
	}
	e, err := newEncoder(req.Space)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("bayes: reading the space: %w", err)
	}
	rng := req.Rand
	if rng == nil {
		rng = rand.New(rand.NewPCG(req.Seed, uint64(len(req.History))))
	}
	h := recall(e, req)
	h.pending = nil
	d := req.Directions[0]
	if m := s.learn(e, h, rng); m != nil {
		if i, ok := m.incumbent(); ok {
			if p := m.predict(m.obs.x[i], d); p != nil {
				return p.Incumbent, p.Mean, p.SD, nil
			}
		}
	}
	best := -1
	for i, f := range h.finished {
		if !f.complete {
			continue
		}
		if best < 0 || f.feasible && !h.finished[best].feasible || f.feasible == h.finished[best].feasible && f.value < h.finished[best].value {
			best = i
		}
	}
	if best < 0 {
		return 0, 0, 0, ErrNoTrials
	}
	return h.finished[best].number, signed(h.finished[best].value, d), 0, nil
}
