package bayes

import (
	"cmp"
	"math"
	"slices"
)

// staircase is the region that no point of a front dominates, below a reference point,
// with two objectives of which small values are good. It lies in strips side by side: from
// edges[i-1] (-Inf for the first) to edges[i] in the first objective, and up to tops[i] in
// the second.
type staircase struct{ edges, tops []float64 }

// newStaircase takes points [..][2]; those that are dominated, or that do not dominate the
// reference, change nothing.
func newStaircase(points [][2]float64, reference [2]float64) staircase {
	sorted := slices.Clone(points)
	slices.SortFunc(sorted, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	s := staircase{tops: []float64{reference[1]}}
	for _, p := range sorted {
		if p[0] < reference[0] && p[1] < s.tops[len(s.tops)-1] {
			s.edges, s.tops = append(s.edges, p[0]), append(s.tops, p[1])
		}
	}
	s.edges = append(s.edges, reference[0])
	return s
}

// normal is a predicted objective.
type normal struct{ mean, sd float64 }

// logGain returns the logarithm of E[max(0, t - y)] and its derivatives by mean and sd:
// sd h((t - mean)/sd).
func (n normal) logGain(t float64) (value, byMean, bySD float64) {
	u := (t - n.mean) / n.sd
	slope := slopeLogH(u)
	return math.Log(n.sd) + logH(u), -slope / n.sd, (1 - slope*u) / n.sd
}

// logEHVI returns the logarithm of the expected area that a point with two independent
// normal objectives adds to what the front dominates, and its derivatives by their means
// and deviations. The expectation of the area is the sum over the strips of
//
//	(E[max(0, b - y1)] - E[max(0, a - y1)]) E[max(0, top - y2)]
//
// from a to b in the first objective (the exact formula for two objectives of Emmerich,
// Yang, Deutz, Wang and Fonseca 2016; its logarithm after Ament et al. 2023).
func (s staircase) logEHVI(y1, y2 normal) (value float64, byMean, bySD [2]float64) {
	type term struct {
		value        float64
		byMean, bySD [2]float64
	}
	terms := make([]term, len(s.edges))
	before := term{value: math.Inf(-1)} // of the gain up to the strip's left edge
	top := math.Inf(-1)
	for i, edge := range s.edges {
		var up, t term
		up.value, up.byMean[0], up.bySD[0] = y1.logGain(edge)
		width := up
		if !math.IsInf(before.value, -1) {
			ratio := before.value - up.value // of the gains, below 0
			width.value = up.value + log1mexp(ratio)
			share := math.Exp(ratio)
			width.byMean[0] = (up.byMean[0] - share*before.byMean[0]) / (1 - share)
			width.bySD[0] = (up.bySD[0] - share*before.bySD[0]) / (1 - share)
		}
		height, byMean2, bySD2 := y2.logGain(s.tops[i])
		t.value = width.value + height
		t.byMean = [2]float64{width.byMean[0], byMean2}
		t.bySD = [2]float64{width.bySD[0], bySD2}
		if !finite(t.value, t.byMean[0], t.bySD[0]) { // too narrow a strip for its gain to show
			t = term{value: math.Inf(-1)}
		}
		terms[i], before = t, up
		top = max(top, t.value)
	}
	sum := 0.0
	for _, t := range terms {
		sum += math.Exp(t.value - top)
	}
	for _, t := range terms {
		share := math.Exp(t.value-top) / sum
		if share == 0 {
			continue
		}
		for k := range 2 {
			byMean[k] += share * t.byMean[k]
			bySD[k] += share * t.bySD[k]
		}
	}
	return top + math.Log(sum), byMean, bySD
}
