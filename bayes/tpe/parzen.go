package tpe

import (
	"math"
	"math/rand/v2"
	"slices"
)

// parzen is a Parzen estimator: a mixture with one kernel for every trial and one
// for the prior. A kernel is a product over the parameters.
//
// On a space with conditions a kernel says how a configuration comes about parameter
// by parameter: one that takes part is drawn about the trial's value if it took part
// in the trial too, else from the prior. So every kernel is a probability
// distribution over all configurations, whatever takes part in them, and trials in
// different branches inform each other about what they share.
type parzen struct {
	params  []kernels // [Len]
	weights []float64 // [K], sum 1; none is 0
	logs    []float64 // [K] of weights
	sums    []float64 // [K] scratch
}

// estimator returns the mixture of the points with these weights (which are at least
// 0 and of mean 1) and of the prior, which has the weight prior, or all of it where
// there are no points.
func estimator(axes []axis, points []point, weights []float64, prior float64) *parzen {
	kept := make([]point, 0, len(points))
	var w []float64
	for i, x := range points {
		if weights[i] > 0 {
			kept, w = append(kept, x), append(w, weights[i])
		}
	}
	w = append(w, prior)
	total := 0.0
	for _, v := range w {
		total += v
	}
	e := &parzen{params: make([]kernels, len(axes)), weights: w, logs: make([]float64, len(w)), sums: make([]float64, len(w))}
	for i := range w {
		w[i] /= total
		e.logs[i] = math.Log(w[i])
	}
	for j, a := range axes {
		e.params[j] = newKernels(a, j, kept)
	}
	return e
}

// newKernels returns the factors of parameter j about the points and of the prior.
func newKernels(a axis, j int, points []point) kernels {
	n := len(points)
	k := kernels{axis: a, rows: make(map[int][]float64)}
	if a.word {
		k.own = slices.Repeat([]int{-1}, n+1)
		for i, x := range points {
			if x.active[j] {
				k.own[i] = x.level[j]
			}
		}
		k.smooth = wordSmoothing / float64(n+1)
		return k
	}
	k.centre, k.width = slices.Repeat([]float64{0.5}, n+1), slices.Repeat([]float64{priorWidth}, n+1)
	var at []int
	for i, x := range points {
		if x.active[j] {
			k.centre[i] = x.u[j]
			at = append(at, i)
		}
	}
	centres := make([]float64, len(at))
	for r, i := range at {
		centres[r] = k.centre[i]
	}
	least := 1 / min(100, float64(len(at)+2)) // Optuna's magic clip
	for r, gap := range gaps(centres) {
		k.width[at[r]] = min(max(bandwidth*gap, least), priorWidth)
	}
	k.normalise()
	return k
}

// gaps returns of every place in [0,1] the distance to its further neighbour. The
// ends of the interval are neighbours only of a place that is alone (Optuna's rule;
// Bergstra et al. 2011 count them always).
func gaps(places []float64) []float64 {
	n := len(places)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case places[a] < places[b]:
			return -1
		case places[a] > places[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, n)
	for r, i := range order {
		u := places[i]
		if n == 1 {
			out[i] = max(u, 1-u)
			continue
		}
		if r > 0 {
			out[i] = u - places[order[r-1]]
		}
		if r < n-1 {
			out[i] = max(out[i], places[order[r+1]]-u)
		}
	}
	return out
}

// logDensity returns the logarithm of the density of a point, where discrete
// parameters count with their mass. It is finite: the prior reaches everywhere.
func (e *parzen) logDensity(x point) float64 {
	copy(e.sums, e.logs)
	for j := range e.params {
		if x.active[j] {
			e.params[j].add(e.sums, x.u[j], x.level[j])
		}
	}
	top := slices.Max(e.sums)
	sum := 0.0
	for _, v := range e.sums {
		if v > top-40 { // the others are lost in rounding
			sum += math.Exp(v - top)
		}
	}
	return top + math.Log(sum)
}

// draw returns a point [Len] of the unit cube that is drawn from the mixture, for
// search.Space to decode: what does not take part is drawn too, and left out there.
func (e *parzen) draw(rng *rand.Rand) []float64 {
	i, r := 0, rng.Float64()
	for ; i < len(e.weights)-1; i++ {
		if r -= e.weights[i]; r < 0 {
			break
		}
	}
	u := make([]float64, len(e.params))
	for j := range e.params {
		u[j] = e.params[j].draw(i, rng)
	}
	return u
}
