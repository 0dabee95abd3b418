package problem

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"mnisttune/search"
)

// Options say how a problem is searched.
type Options struct {
	Trials int    // 0: until the space is exhausted
	Seed   uint64 // of the study and of the noise
	// Lag is how many of the latest trials the sampler does without, as in
	// search.StudyOptions. Default 1: it knows all.
	Lag int
}

// Run searches a problem with a sampler, one trial after the other in memory, and
// returns the trials in their order: fewer than asked for where the space is exhausted.
// The noise of trial n depends on (Seed, n) only, the same for every sampler. Nothing
// depends on time. On an error, such as the sampler's or that of ctx, it returns the
// trials so far with it; that all trials fail is no error.
func Run(ctx context.Context, s search.Sampler, p Problem, o Options) ([]search.Trial, error) {
	never := func() time.Time { return time.Unix(0, 0) }
	study, err := search.NewStudy(search.StudyOptions{
		Space: p.Space, Directions: []search.Direction{p.Direction}, Sampler: s, Seed: o.Seed, Lag: o.Lag, Clock: never,
	})
	if err != nil {
		return nil, err
	}
	objective := func(_ context.Context, e *search.Evaluation) (float64, error) {
		return p.Measure(e.Params, rand.New(rand.NewPCG(o.Seed, uint64(e.Number))))
	}
	err = search.Optimize(ctx, study, objective, search.OptimizeOptions{Trials: o.Trials, Clock: never})
	if errors.Is(err, search.ErrAllFailed) {
		err = nil
	}
	return study.Trials(), err
}

// Recommender chooses the configuration that a search would hand to its user after
// these trials; ok is false where there is none yet. It sees what was measured, not
// what is true.
type Recommender func(p Problem, trials []search.Trial) (c search.Params, ok bool)

// BestObserved recommends the configuration with the best measurement.
func BestObserved(p Problem, trials []search.Trial) (search.Params, bool) {
	best, ok := search.BestOf(p.Direction, trials)
	return best.Params, ok
}

// RegretOf returns the regret of what is recommended after these trials, NaN if
// nothing is. A nil Recommender is BestObserved.
func RegretOf(p Problem, trials []search.Trial, recommend Recommender) float64 {
	if recommend == nil {
		recommend = BestObserved
	}
	c, ok := recommend(p, trials)
	if !ok {
		return math.NaN()
	}
	return p.Regret(c)
}

// Curve returns RegretOf after every trial: curve[i] after trials 0 to i. Without noise
// and with BestObserved it never rises.
func Curve(p Problem, trials []search.Trial, recommend Recommender) []float64 {
	curve := make([]float64, len(trials))
	for i := range trials {
		curve[i] = RegretOf(p, trials[:i+1], recommend)
	}
	return curve
}

// Solved returns the number of trials after which the regret of the curve is Target or
// less for the first time; ok is false if it never is, or the problem has no target.
func Solved(p Problem, curve []float64) (trials int, ok bool) {
	for i, regret := range curve {
		if p.Target > 0 && regret <= p.Target {
			return i + 1, true
		}
	}
	return 0, false
}
