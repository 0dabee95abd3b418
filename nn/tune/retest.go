package tune

import (
	"context"
	"math"

	"mnisttune/nn"
	"mnisttune/search"
)

// Retested is what fresh trainings of a configuration have given.
type Retested struct {
	Trial int `json:"trial"` // whose parameters were trained
	// Seeds are the first and the last one of the trainings.
	Seeds [2]uint64 `json:"seeds"`
	// Scores are the networks' metrics at BestEpoch, split by split and seed by seed;
	// none if a training failed.
	Scores []float64 `json:"scores"`
	// Mean and SD are of Scores; SD is the sample standard deviation, 0 of one score.
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	// BestEpoch is the best one of the mean over the networks.
	BestEpoch int    `json:"best_epoch"`
	Error     string `json:"error,omitempty"` // why there are no scores
}

// Retest trains a trial's configuration with n seeds that no trial has used, on the
// splits of the search. A training that fails is a result, with its Error; only the end
// of ctx is an error.
func (o *Objective) Retest(ctx context.Context, t search.Trial, n int) (Retested, error) {
	first := o.Base.Seed + uint64(max(1, o.Seeds))
	out := Retested{Trial: t.Number, Seeds: [2]uint64{first, first + uint64(max(1, n)) - 1}}
	g, err := o.group(t.Params, first, max(1, n), nn.Checkpoint{})
	if err == nil {
		err = g.train(ctx, func(nn.Epoch) error { return nil })
	}
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	if err != nil {
		out.Error = err.Error()
		return out, nil
	}
	out.Scores, out.BestEpoch = g.scores(), g.watch.Best
	out.Mean, out.SD = meanSD(out.Scores)
	return out, nil
}

// meanSD returns the mean and the sample standard deviation.
func meanSD(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	if len(x) < 2 {
		return mean, 0
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(len(x)-1))
}
