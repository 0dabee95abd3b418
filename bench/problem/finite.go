package problem

import (
	"iter"
	"maps"
	"math"
	"slices"

	"mnisttune/search"
)

// cells yields every configuration of a finite space without conditions, the first
// parameter varying slowest.
func cells(s search.Space) iter.Seq[search.Params] {
	params := s.Params()
	return func(yield func(search.Params) bool) {
		var walk func(i int, c search.Params) bool
		walk = func(i int, c search.Params) bool {
			if i == len(params) {
				return yield(maps.Clone(c))
			}
			for _, v := range levels(params[i]) {
				c[params[i].Name] = v
				if !walk(i+1, c) {
					return false
				}
			}
			return true
		}
		walk(0, search.Params{})
	}
}

// levels returns the values of a parameter that has finitely many.
func levels(p search.Param) []any {
	var out []any
	switch {
	case len(p.Values) > 0:
		return p.Values
	case p.Log && p.Kind == search.Integer: // without a step, not equally wide
		for x := int(p.Low); x <= int(p.High); x++ {
			out = append(out, x)
		}
		return out
	}
	alone, err := search.NewSpace(p)
	if err != nil {
		return nil // p is of a space and has no condition
	}
	n, _ := alone.Size()
	for k := range n {
		out = append(out, alone.Decode([]float64{(float64(k) + 0.5) / float64(n)})[p.Name])
	}
	return out
}

// ExpectedRandom returns the expected regret of the best of n different
// configurations, drawn at random without noise and all equally likely; ok is false where the
// space is not finite, has conditions, or has fewer than n. Of N configurations with
// the regrets r_1 <= r_2 <= ... the best drawn is number i with the probability
// C(N-i, n-1) / C(N, n).
func ExpectedRandom(p Problem, n int) (regret float64, ok bool) {
	size, finite := p.Space.Size()
	conditional := slices.ContainsFunc(p.Space.Params(), func(q search.Param) bool { return q.When != nil })
	if !finite || conditional || n < 1 || n > size {
		return 0, false
	}
	regrets := make([]float64, 0, size)
	for c := range cells(p.Space) {
		regrets = append(regrets, p.Regret(c))
	}
	slices.Sort(regrets)
	chance := float64(n) / float64(size) // that the best drawn is number i
	for i, r := range regrets[:size-n+1] {
		regret += chance * r
		left := float64(size - i - 1) // after number i
		chance *= (left - float64(n) + 1) / left
	}
	return regret, !math.IsNaN(regret)
}
