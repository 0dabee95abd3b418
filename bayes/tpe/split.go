package tpe

import (
	"math"
	"slices"
)

const (
	goodShare = 0.2 // of the finished trials, rounded up
	mostGood  = 25  // as in Optuna
	// The weights of the prior among the trials, which weigh 1 on average.
	goodPrior = 0.5
	badPrior  = 1.0
	// wordSmoothing is the weight that n kernels and the prior give to every word
	// beside the trial's own, times n+1.
	wordSmoothing = 1.0
	// bandwidth is the standard deviation of a kernel as a part of the gap beside it.
	bandwidth = 0.5
)

// split returns the good trials with their weights, and the bad ones: the rest, and
// those that have not finished, so that another trial keeps away from them. Both are
// in the order of the history.
func split(h *past) (good []point, weights []float64, bad []point) {
	ranked := slices.Clone(h.finished)
	slices.SortStableFunc(ranked, better)
	usable := 0
	for _, r := range ranked {
		if r.class != failed {
			usable++
		}
	}
	n := min(int(math.Ceil(goodShare*float64(len(ranked)))), mostGood, usable)
	of := make(map[int]float64, n)
	for i, w := range improvements(ranked, n) {
		of[ranked[i].at] = w
	}
	for at, x := range h.points {
		if w, ok := of[at]; ok {
			good, weights = append(good, x), append(weights, w)
		} else {
			bad = append(bad, x)
		}
	}
	return good, weights, bad
}

// improvements returns the weights of the n best, of mean 1: how much each is better
// than the first that is not among them (Watanabe 2023, weights by expected
// improvement). They are all 1 where that cannot be said, because the values are
// equal or some of these trials have none that compare.
func improvements(ranked []result, n int) []float64 {
	w := slices.Repeat([]float64{1}, n)
	if n == 0 || n == len(ranked) || ranked[n].class != valued {
		return w
	}
	top := ranked[n].order/2 - ranked[0].order/2 // halves: their difference is finite
	if !(top > 0) {
		return w
	}
	sum := 0.0
	for i := range w {
		w[i] = (ranked[n].order/2 - ranked[i].order/2) / top
		sum += w[i]
	}
	for i := range w {
		w[i] *= float64(n) / sum
	}
	return w
}
