package problem

import (
	"errors"
	"math"
	"math/rand/v2"

	"mnisttune/search"
)

// ErrFailed is what Measure returns where an evaluation fails.
var ErrFailed = errors.New("problem: the evaluation fails here")

// Problem is an objective with a known optimum. It is safe for concurrent use.
type Problem struct {
	Name      string
	Space     search.Space
	Direction search.Direction
	// Value returns the noise-free value of a configuration of Space, NaN where an
	// evaluation fails.
	Value func(search.Params) float64
	// Draw returns one noisy measurement. Nil: measurements are exact.
	Draw func(search.Params, *rand.Rand) float64
	// Best is the optimum of Value.
	Best float64
	// Scale divides the regret.
	Scale float64
	// Target is the regret that counts as having solved the problem. 0: none does.
	Target float64
	// Optima are configurations with the value Best: all of them, or one.
	Optima []search.Params
}

// Noisy reports whether measurements have an error.
func (p Problem) Noisy() bool { return p.Draw != nil }

// Measure evaluates a configuration as a search sees it: with noise where the
// problem has some, for which r must then be given. It returns ErrFailed where
// the evaluation fails.
func (p Problem) Measure(c search.Params, r *rand.Rand) (float64, error) {
	value := 0.0
	if p.Draw != nil {
		value = p.Draw(c, r)
	} else {
		value = p.Value(c)
	}
	if math.IsNaN(value) {
		return 0, ErrFailed
	}
	return value, nil
}

// Regret returns how much worse than the optimum a configuration is without
// noise, divided by Scale; NaN where an evaluation fails.
func (p Problem) Regret(c search.Params) float64 {
	return math.Abs(p.Value(c)-p.Best) / p.Scale
}

// WithNoise returns the problem with a normal error of standard deviation sd on
// every measurement, under the name NAME-noisy. It has no target.
func (p Problem) WithNoise(sd float64) Problem {
	exact := p.Value
	p.Draw = func(c search.Params, r *rand.Rand) float64 { return exact(c) + sd*r.NormFloat64() }
	p.Name, p.Target = p.Name+"-noisy", 0
	return p
}
