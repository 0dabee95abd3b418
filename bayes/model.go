package bayes

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

const (
	// observationLimit is how many finished trials the process learns from; the
	// cost of a suggestion grows with their cube.
	observationLimit = 500
	// fantasies is how many draws of the pending trials' results the acquisition
	// is averaged over.
	fantasies = 32
	// warpAfter is how many trials for every numeric column there must be before
	// these are warped.
	warpAfter = 4
	// drawBudget is how many trials times draws of the hyperparameters there are at
	// most, for the sake of time.
	drawBudget = 400
)

// draws returns how many draws of the hyperparameters there are with n trials.
func (s *Sampler) draws(n int) int { return max(1, min(s.Draws, drawBudget/n)) }

// model is what the process has learnt from the finished trials.
type model struct {
	trials  []finished // [n] those it has learnt from
	outputs outputs
	obs     *observations
	hyper   candidate // of greatest posterior density
	mixture *mixture
}

// learn fits the process to at least one finished trial; nil where it cannot, which
// is when even the defaults fail.
func (s *Sampler) learn(e *encoder, h *past, rng *rand.Rand) *model {
	_, y := fitOutputs(h.values(func(f finished) float64 { return f.value }))
	return s.learnFrom(e, h, limit(ranked(y), observationLimit), rng)
}

// learnFrom is learn from some of the finished trials, whose indices keep are.
func (s *Sampler) learnFrom(e *encoder, h *past, keep []int, rng *rand.Rand) *model {
	if len(keep) == 0 {
		return nil
	}
	scale, y := fitOutputs(h.values(func(f finished) float64 { return f.value }))
	m := &model{trials: pick(h.finished, keep), outputs: scale}
	x := make([][]float64, len(keep))
	for i, f := range m.trials {
		x[i] = f.x
	}
	m.obs = observe(x, pick(y, keep), e.nominal)
	m.obs.known, m.obs.barred = knownNoise(m.trials, scale), barred(m.trials)
	m.obs.warped = s.Warp && len(keep) >= warpAfter*m.obs.numeric()
	normals := drawNormals(len(h.pending), rng)
	for _, c := range m.obs.hypers(h.last, rng) {
		draws := m.obs.draws(c.Hyperparameters, s.draws(len(keep)), rng)
		if m.mixture = mix(m.obs, draws, h.pending, normals, s.Acquisition); m.mixture != nil {
			m.hyper = c
			return m
		}
	}
	return nil
}

// barred returns which trials are nothing to improve on, being infeasible; nil where none is
// or where no complete trial is feasible.
func barred(trials []finished) []bool {
	out, some, left := make([]bool, len(trials)), false, false
	for i, f := range trials {
		out[i] = !f.feasible
		some = some || !f.feasible
		left = left || f.feasible && f.complete
	}
	if !some || !left {
		return nil
	}
	return out
}

// pooledDegrees is the weight, in degrees of freedom, of all trials' variance in
// that of one: the variance of a few scores says little by itself.
const pooledDegrees = 10

// knownNoise returns the variances of the outputs [n] as far as they are known,
// brought to the process's scale by the slope of the transform there (the delta
// method); nil where none is. Each is drawn towards the mean of all, the more the
// fewer scores it comes from. One that is NaN is not known; one beyond maxNoise counts as
// that and does not go into the mean.
func knownNoise(trials []finished, scale outputs) []float64 {
	out := make([]float64, len(trials))
	known := make([]bool, len(trials))
	mean, n := 0.0, 0.0
	for i, f := range trials {
		slope := scale.slope(f.value)
		v := f.variance * slope * slope
		if f.scores < 2 || math.IsNaN(v) {
			continue
		}
		known[i], out[i] = true, min(v, maxNoise)
		if v < maxNoise {
			mean += v
			n++
		}
	}
	if !slices.Contains(known, true) {
		return nil
	}
	pool := 0.0
	if n > 0 {
		pool, mean = pooledDegrees, mean/n
	}
	for i, f := range trials {
		if own := float64(f.scores) - 1; known[i] {
			out[i] = max((own*out[i]+pool*mean)/(own+pool), minNoise)
		}
	}
	return out
}

// incumbent returns the row of the complete trial, a feasible one if there is one, with the best posterior mean,
// averaged over the draws of the hyperparameters; ok is false where there is none.
func (m *model) incumbent() (row int, ok bool) {
	means := make([]float64, len(m.trials))
	for _, a := range m.mixture.members {
		for i, v := range a.gp.means(m.obs) {
			means[i] += v
		}
	}
	for i, f := range m.trials {
		if f.complete && (m.obs.barred == nil || !m.obs.barred[i]) && (!ok || means[i] < means[row]) {
			row, ok = i, true
		}
	}
	return row, ok
}

// elite returns the places of the trials, best first.
func (h *past) elite() [][]float64 {
	_, y := fitOutputs(h.values(func(f finished) float64 { return f.value }))
	var out [][]float64
	for _, i := range ranked(y) {
		out = append(out, h.finished[i].u)
	}
	return out
}

// drawNormals returns the standard normals [S][q] behind the fantasies of q
// pending trials, evenly spread. With none pending one empty row does.
func drawNormals(q int, rng *rand.Rand) [][]float64 {
	if q == 0 {
		return [][]float64{{}}
	}
	z := sobol(fantasies, q, rng)
	for _, row := range z {
		for i, u := range row {
			row[i] = mathext.NormalQuantile(u)
		}
	}
	return z
}

// ranked returns the indices of y, least first, ties in their order.
func ranked(y []float64) []int {
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	return order
}

// limit returns, in their order, at most n of the trials that are ranked: half
// of them the best, the others the latest of the rest.
func limit(ranked []int, n int) []int {
	keep := slices.Clone(ranked)
	if len(keep) > n {
		slices.Sort(keep[n/2:])
		keep = append(keep[:n/2], keep[len(keep)-(n-n/2):]...)
	}
	slices.Sort(keep)
	return keep
}

func pick[T any](from []T, indices []int) []T {
	out := make([]T, len(indices))
	for i, k := range indices {
		out[i] = from[k]
	}
	return out
}
