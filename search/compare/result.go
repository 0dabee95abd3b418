package compare

import (
	"math"

	"mnisttune/search"
)

// Result is a comparison. Where a number is not known (of no studies, or the deviation of
// one) it is NaN.
type Result struct {
	Reference string // the method that the others are held against
	Trials    int    // of a study
	Methods   []MethodResult
}

// MethodResult is what came of one method. Its summaries are over the finished studies.
type MethodResult struct {
	Name    string
	Space   search.Space
	Studies []Study // one a seed, in the order of the seeds, without those that have not begun
	// Curve has the best value after 1, 2, ... Trials trials; it is empty if no study is
	// finished.
	Curve []Point
	// Score is over the studies' scores, a study's being the mean of its fresh seeds'.
	Score Summary
	// BestDifference and ScoreDifference are this method's best values after all trials,
	// and its scores, minus the reference's of the same seeds.
	BestDifference, ScoreDifference Interval

	SearchSeconds  float64 // of a study, evaluations included, mean
	SuggestSeconds float64 // of a trial, mean: what the method itself costs
	Reports        float64 // of a study, mean: for networks the epochs trained
}

// Point is a curve's value at one number of trials. It is NaN but for Studies while a
// study has no complete trial.
type Point struct {
	Summary
	// The quartiles, between order statistics by linear interpolation (definition 7 of
	// Hyndman & Fan 1996, numpy's default).
	Q25, Median, Q75 float64
}

// result sums up the studies.
func (r *run) result() *Result {
	out := &Result{Reference: r.Reference, Trials: r.Trials}
	reference := 0
	for m, method := range r.Methods {
		out.Methods = append(out.Methods, r.method(m))
		if method.Name == r.Reference {
			reference = m
		}
	}
	for m := range out.Methods {
		var best, score []float64
		for seed := range r.Seeds {
			a, b := r.studies[m][seed], r.studies[reference][seed]
			if a != nil && b != nil && a.Finished && b.Finished {
				best = append(best, a.last()-b.last())
				mine, _ := a.Score() // NaN if there is none
				theirs, _ := b.Score()
				score = append(score, mine-theirs)
			}
		}
		out.Methods[m].BestDifference, out.Methods[m].ScoreDifference = TInterval(known(best)), TInterval(known(score))
	}
	return out
}

// method sums up the studies of one method.
func (r *run) method(m int) MethodResult {
	out := MethodResult{Name: r.Methods[m].Name, Space: r.spaceOf(r.Methods[m])}
	var finished []*Study
	for _, s := range r.studies[m] {
		if s == nil {
			continue
		}
		out.Studies = append(out.Studies, *s)
		if s.Finished {
			finished = append(finished, s)
		}
	}
	if len(finished) > 0 {
		for t := range r.Trials {
			var values []float64
			for _, s := range finished {
				values = append(values, s.after(t+1))
			}
			out.Curve = append(out.Curve, pointOf(values))
		}
	}
	var scores, search, reports []float64
	suggest, trials := 0.0, 0
	for _, s := range finished {
		score, _ := s.Score()
		scores, search = append(scores, score), append(search, s.SearchSeconds)
		if n := len(s.Reports); n > 0 {
			reports = append(reports, float64(s.Reports[n-1]))
		}
		suggest += s.SuggestSeconds
		trials += len(s.Trials)
	}
	out.Score, out.SearchSeconds, out.Reports = summarise(known(scores)), summarise(search).Mean, summarise(reports).Mean
	out.SuggestSeconds = suggest / float64(trials)
	return out
}

// pointOf sums up what the studies have reached; a NaN among them is one that has nothing
// yet.
func pointOf(values []float64) Point {
	return Point{summarise(values), quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)}
}

// known returns the values that are not NaN.
func known(values []float64) (out []float64) {
	for _, x := range values {
		if !math.IsNaN(x) {
			out = append(out, x)
		}
	}
	return out
}
