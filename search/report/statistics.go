package report

import (
	"math"
	"slices"

	"mnisttune/search"
)

// moments are the mean and the standard deviation of a population, NaN of an empty one.
type moments struct{ mean, std float64 }

// momentsOf computes them as scikit-learn 1.9 does (BaseSearchCV._format_results): the
// root of the mean of squared distances from the mean.
func momentsOf(xs []float64) moments {
	n := float64(len(xs))
	if n == 0 {
		return moments{math.NaN(), math.NaN()}
	}
	mean := sum(xs) / n
	squares := make([]float64, len(xs))
	for i, x := range xs {
		squares[i] = (x - mean) * (x - mean)
	}
	return moments{mean, math.Sqrt(sum(squares) / n)}
}

// sum adds in the order of NumPy's reduction of a contiguous axis (pairwise_sum in
// numpy/_core/src/umath/loops_utils.h.src): up to 7 numbers one after the other, up to 128
// in 8 columns, more in two halves.
func sum(xs []float64) float64 {
	n := len(xs)
	if n > 128 {
		half := n / 2
		half -= half % 8
		return sum(xs[:half]) + sum(xs[half:])
	}
	total, rest := 0.0, xs
	if n >= 8 {
		var s [8]float64
		for ; len(rest) >= 8; rest = rest[8:] {
			for j := range s {
				s[j] += rest[j]
			}
		}
		total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
	}
	for _, x := range rest {
		total += x
	}
	return total
}

// ranks returns the places of the means in a competition: 1 is the best in direction d,
// equal ones share the lowest place, and NaN comes behind all others.
func ranks(means []float64, d search.Direction) []int {
	order := make([]int, len(means))
	for i := range order {
		order[i] = i
	}
	before := func(i, j int) bool {
		a, b := means[i], means[j]
		return d.Better(a, b) || math.IsNaN(b) && !math.IsNaN(a)
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case before(i, j):
			return -1
		case before(j, i):
			return 1
		}
		return 0
	})
	out := make([]int, len(means))
	for place, i := range order {
		out[i] = place + 1
		if place > 0 && !before(order[place-1], i) {
			out[i] = out[order[place-1]]
		}
	}
	return out
}
