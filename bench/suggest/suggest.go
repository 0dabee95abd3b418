package suggest

import (
	"context"
	"fmt"
	"time"

	"mnisttune/bayes"
	"mnisttune/bayes/tpe"
	"mnisttune/bench/problem"
	"mnisttune/search"
)

// Method is a way to search.
type Method struct {
	Name    string
	Sampler search.Sampler
	// Recommend chooses what counts as found. Nil: the best measurement.
	Recommend problem.Recommender
	// Finite says that the method makes sense on finite spaces only.
	Finite bool
}

// Methods lists every method there is.
func Methods() []Method {
	gp := &bayes.Sampler{}
	return []Method{
		{Name: "random", Sampler: search.Random{}},
		{Name: "sobol", Sampler: search.Sobol{}},
		{Name: "grid", Sampler: search.Grid{}, Finite: true},
		{Name: "tpe", Sampler: &tpe.Sampler{}},
		{Name: "bayes", Sampler: gp, Recommend: byMean(gp)},
	}
}

// byMean recommends, where measurements are noisy, the configuration with the best
// predicted mean, elsewhere the best measurement.
func byMean(s *bayes.Sampler) problem.Recommender {
	return func(p problem.Problem, trials []search.Trial) (search.Params, bool) {
		if !p.Noisy() {
			return problem.BestObserved(p, trials)
		}
		number, _, _, err := s.Recommend(search.Request{Space: p.Space, Directions: []search.Direction{p.Direction}, History: trials})
		if err != nil { // no trial is complete
			return nil, false
		}
		return trials[number].Params, true
	}
}

// Suits reports whether the method makes sense on the problem.
func (m Method) Suits(p problem.Problem) bool {
	_, finite := p.Space.Size()
	return finite || !m.Finite
}

// Result is what came of one search.
type Result struct {
	// Curve is the regret after every trial. Where the space is exhausted before, its
	// last value is repeated.
	Curve []float64
	// Solved is the number of trials after which the problem's target was reached, 0
	// if it was not or there is none.
	Solved int
	// PerSuggestion is the time of the search by its trials: that of the suggestions
	// and of keeping the study, the evaluations cost next to nothing.
	PerSuggestion time.Duration
}

// Measure searches a problem and recommends after every trial; o.Trials must be 1 or
// more. Only PerSuggestion depends on anything but the arguments.
func Measure(ctx context.Context, m Method, p problem.Problem, o problem.Options) (Result, error) {
	if o.Trials < 1 {
		return Result{}, fmt.Errorf("suggest: the number of trials must be 1 or more (got %d)", o.Trials)
	}
	start := time.Now()
	trials, err := problem.Run(ctx, m.Sampler, p, o)
	seconds := time.Since(start)
	if err != nil {
		return Result{}, fmt.Errorf("suggest: %s on %s, seed %d: %w", m.Name, p.Name, o.Seed, err)
	}
	r := Result{Curve: problem.Curve(p, trials, m.Recommend), PerSuggestion: seconds / time.Duration(len(trials))}
	r.Solved, _ = problem.Solved(p, r.Curve)
	for len(r.Curve) < o.Trials {
		r.Curve = append(r.Curve, r.Curve[len(r.Curve)-1])
	}
	return r, nil
}
