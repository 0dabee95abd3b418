package bayes

import (
	"context"
	"fmt"
	"math"

	"mnisttune/search"
)

// stopAfter is how many complete trials there must be before a search may end.
const stopAfter = 20

// Stopping is a sampler that ends a search when there is nothing to gain: it returns
// search.ErrConverged when, with the greatest confidence, the best configuration that has
// no result yet is better than the best one that has by less than the measurements'
// noise (the regret bound of Makarova et al. 2022, with the width of UCB in place of their
// growing one), and there are 20 complete, feasible trials. Configurations that are more
// likely than not to break a measured constraint are none of those. The noise of a trial is the deviation of
// the mean of its scores, if it has several, else what the process makes of it. Until then
// its Sampler proposes.
//
// It reads results, so that a study waits for those that its lag lets it know, whatever
// the Sampler reads. Samplers that propose in stages do not go with it.
type Stopping struct {
	Sampler search.Sampler
}

var _ search.Sampler = (*Stopping)(nil)

// Sample returns what the Sampler does, or search.ErrConverged.
func (s *Stopping) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	if _, staged := s.Sampler.(search.Staged); staged {
		return nil, fmt.Errorf("bayes: the sampler %T proposes in stages and cannot be stopped by what it knows", s.Sampler)
	}
	if len(req.Directions) != 1 {
		return nil, fmt.Errorf("bayes: when to stop is known for one objective (got %d directions)", len(req.Directions))
	}
	if gain, noise, ok := expectedGain(req); ok && gain < noise {
		return nil, fmt.Errorf("%w (at most %.2g of the noise)", search.ErrConverged, gain/noise)
	}
	return s.Sampler.Sample(ctx, req)
}

// expectedGain returns the most that is to be gained and the noise of the incumbent, on the
// scale on which the process learns; ok is false while there is too little to tell.
func expectedGain(req search.Request) (gain, noise float64, ok bool) {
	e, err := newEncoder(req.Space)
	if err != nil {
		return 0, 0, false
	}
	h := recall(e, req)
	pending := h.pending
	h.pending = nil
	complete := 0
	for _, f := range h.finished {
		if f.complete && f.feasible {
			complete++
		}
	}
	if complete < stopAfter {
		return 0, 0, false
	}
	m := (&Sampler{Acquisition: UCB}).learn(e, h, req.Rand)
	if m == nil {
		return 0, 0, false
	}
	member := m.mixture.members[0]
	row, ok := m.incumbent()
	if !ok {
		return 0, 0, false
	}
	surest := math.Inf(1) // the upper end of the best trial
	lowest := math.Inf(1) // the lower end of what may be found
	for i, f := range m.trials {
		mean, sd := member.predict(m.obs.x[i])
		if !f.feasible {
			continue
		}
		lowest = min(lowest, mean-ucbWidth*sd)
		if f.complete {
			surest = min(surest, mean+ucbWidth*sd)
		}
	}
	for _, x := range pending {
		mean, sd := member.predict(x)
		lowest = min(lowest, mean-ucbWidth*sd)
	}
	look := &maximiser{encoder: e, landscape: m.mixture, seen: h.seen, feasible: likely(e, req.Feasible, learnConstraints(e, h, req.Rand))}
	if p, value := look.best(h.elite(), req.Rand); p != nil {
		lowest = min(lowest, -value)
	}
	return surest - lowest, math.Sqrt(m.obs.luck(m.hyper.Hyperparameters, row)), true
}

// likely returns feasible for configurations that break no constraint with the probability
// 1/2 at least, given its logarithm; both may be nil.
func likely(e *encoder, feasible func(search.Params) bool, probability func(u []float64) float64) func(search.Params) bool {
	if probability == nil {
		return feasible
	}
	return func(p search.Params) bool {
		if feasible != nil && !feasible(p) {
			return false
		}
		u, _ := e.space.Encode(p)
		return probability(u) >= -math.Ln2
	}
}
