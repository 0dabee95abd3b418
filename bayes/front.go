package bayes

import (
	"math"
	"slices"

	"mnisttune/search"
)

// front is the logarithm of the expected hypervolume improvement with two objectives, each
// with a process of its own.
type front struct {
	objectives [2]*expected
	stairs     staircase
	part       []float64 // [D]
}

var _ landscape = (*front)(nil)

// learnFront learns both objectives. What has been found so far is the posterior means of
// the complete, feasible trials, and of the pending ones, as if these had come out as
// expected.
func (s *Sampler) learnFront(e *encoder, req search.Request) (*front, Note, bool) {
	f := &front{part: make([]float64, len(e.nominal))}
	n := Note{}
	var points [2][]expectation
	pasts := [2]*past{recall(e, objective(req, 0)), recall(e, objective(req, 1))}
	keep := limitFront(pasts[0].finished, pasts[1].finished, observationLimit)
	for k, h := range pasts {
		if k == 1 {
			h.last = nil
			for i := range h.finished { // scores are of the first objective
				h.finished[i].variance, h.finished[i].scores = 0, 0
			}
			for i := len(req.History) - 1; i >= 0 && h.last == nil; i-- {
				if n, ok := Why(req.History[i]); ok {
					h.last = n.Second
				}
			}
		}
		pending := h.pending
		h.pending = nil
		single := Sampler{Warp: s.Warp}
		m := single.learnFrom(e, h, keep, req.Rand)
		if m == nil {
			return nil, n, false
		}
		member := m.mixture.members[0]
		a, ok := expect(member.gp, m.obs, pending, [][]float64{make([]float64, len(pending))}, LogEI)
		if !ok {
			return nil, n, false
		}
		f.objectives[k] = a
		for i, mean := range member.gp.means(m.obs) {
			if t := m.trials[i]; t.complete {
				points[k] = append(points[k], expectation{t.number, mean, t.feasible})
			}
		}
		for i, x := range pending {
			mean, _ := a.predict(x)
			points[k] = append(points[k], expectation{-1 - i, mean, true})
		}
		if k == 0 {
			n.Source, n.Hyperparameters = m.hyper.source, &m.hyper.Hyperparameters
		} else {
			n.Second = &m.hyper.Hyperparameters
		}
	}
	found, all := together(points)
	f.stairs = newStaircase(found, referencePoint(found, all))
	return f, n, finite(f.stairs.edges...) && finite(f.stairs.tops...)
}

// limitFront returns, in their order, at most n of the trials, which are the same in both
// lists: the complete, feasible ones that no other dominates, then the latest.
func limitFront(first, second []finished, n int) []int {
	order := make([]int, 0, len(first))
	if len(first) > n {
		value := func(i int) []float64 { return []float64{first[i].value, second[i].value} }
		var met []int
		for i, f := range first {
			if f.complete && f.feasible && finite(value(i)...) {
				met = append(met, i)
			}
		}
		for _, i := range slices.Backward(met) {
			if !slices.ContainsFunc(met, func(j int) bool { return search.Dominates(smallIsGood, value(j), value(i)) }) {
				order = append(order, i)
			}
		}
	}
	best := slices.Clone(order)
	slices.Sort(best)
	for i := len(first) - 1; i >= 0; i-- {
		if _, in := slices.BinarySearch(best, i); !in {
			order = append(order, i)
		}
	}
	order = order[:min(n, len(order))]
	slices.Sort(order)
	return order
}

// expectation is what a trial is expected to have given in one objective.
type expectation struct {
	trial    int // negative: a pending one
	mean     float64
	feasible bool
}

// together returns the trials that both objectives' processes know: the feasible ones, and
// all. Both lists are in the same order.
func together(points [2][]expectation) (found, all [][2]float64) {
	second := make(map[int]float64, len(points[1]))
	for _, p := range points[1] {
		second[p.trial] = p.mean
	}
	for _, p := range points[0] {
		other, ok := second[p.trial]
		if !ok {
			continue
		}
		all = append(all, [2]float64{p.mean, other})
		if p.feasible {
			found = append(found, [2]float64{p.mean, other})
		}
	}
	return found, all
}

// smallIsGood are the directions of values as a past has them.
var smallIsGood = []search.Direction{search.Minimize, search.Minimize}

const (
	// margin is how far beyond the worst of the front the reference point lies, in units of
	// the front's range, as in BoTorch, or of a deviation of all values if that is more.
	margin = 0.1
	// equalMeans is how far apart the means of one and the same result may come out.
	equalMeans = 1e-6
)

// referencePoint returns the point that the area is measured from: a little beyond the
// worst values of the front; where that has but one point, the worst of all. Points that
// are equal as far as the process can tell count as one.
func referencePoint(found, all [][2]float64) (reference [2]float64) {
	var best [][2]float64
	for _, p := range found {
		dominated := false
		for _, q := range found {
			dominated = dominated || search.Dominates(smallIsGood, q[:], p[:])
		}
		if !dominated && !slices.ContainsFunc(best, func(q [2]float64) bool { return distance(p[:], q[:]) < equalMeans }) {
			best = append(best, p)
		}
	}
	if len(best) < 2 {
		best = all
	}
	for k := range reference {
		low, high := math.Inf(1), math.Inf(-1)
		for _, p := range best {
			low, high = min(low, p[k]), max(high, p[k])
		}
		if reference[k] = high + margin*max(high-low, 1); math.IsInf(high, -1) { // nothing is complete
			reference[k] = 1
		}
	}
	return reference
}

// at returns the acquisition at the columns x [D] and its derivatives.
func (f *front) at(x, grad []float64) float64 {
	var y [2]normal
	var variances [2]float64
	for k, a := range f.objectives {
		var dk, dx []float64
		if grad != nil {
			dk, dx = a.dk, a.dx
		}
		a.gp.warp(a.x, dx, x, a.gp.nominal)
		y[k].mean, variances[k] = a.gp.posterior(a.x, a.v, dk)
		y[k].sd = math.Sqrt(variances[k])
	}
	value, byMean, bySD := f.stairs.logEHVI(y[0], y[1])
	if grad == nil {
		return value
	}
	clear(grad)
	for k, a := range f.objectives {
		a.byMean[0] = byMean[k]
		a.slope(f.part, variances[k], bySD[k])
		add(grad, 1, f.part)
	}
	return value
}

// screen is at: there is one way to look.
func (f *front) screen(_ int, x []float64) float64 { return f.at(x, nil) }

func (f *front) looks() int { return 1 }
