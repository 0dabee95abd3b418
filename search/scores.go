package search

import (
	"encoding/json"
	"math"
)

// Names of attributes that an objective stores when a trial's value is the mean of
// several evaluations, such as folds of a cross-validation or trainings with different
// seeds. All are lists of numbers, in the same order.
const (
	AttrScores       = "scores"        // the evaluations' values
	AttrFitSeconds   = "fit_seconds"   // time to train each
	AttrScoreSeconds = "score_seconds" // time to measure each on its validation rows
)

// Scores returns the evaluations that the trial's value is the mean of, nothing if they
// are not known.
func (t Trial) Scores() []float64 { return t.numbers(AttrScores) }

// numbers returns an attribute that is a list of finite numbers; one that is something
// else is no such list.
func (t Trial) numbers(key string) []float64 {
	raw, ok := t.Attrs[key]
	var list []*float64
	if !ok || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	out := make([]float64, len(list))
	for i, v := range list {
		if v == nil {
			return nil
		}
		out[i] = *v
	}
	return out
}

// NoiseVariance returns the variance of the trial's value as a mean of its Scores, their
// sample variance by their number; ok is false where there are fewer than two.
func (t Trial) NoiseVariance() (variance float64, ok bool) {
	scores := t.Scores()
	n := float64(len(scores))
	if n < 2 {
		return 0, false
	}
	mean, sum := 0.0, 0.0
	for _, x := range scores {
		mean += x
	}
	mean /= n
	for _, x := range scores {
		sum += (x - mean) * (x - mean)
	}
	variance = sum / (n - 1) / n
	return variance, !math.IsInf(variance, 0)
}
