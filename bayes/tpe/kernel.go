package tpe

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
)

// kernels are the factors that one parameter contributes to the K kernels of a
// mixture. The last kernel is the prior.
type kernels struct {
	axis axis
	// Of numbers: the normal distributions on the unit interval, truncated to it.
	centre []float64 // [K] in [0,1]
	width  []float64 // [K] standard deviations, 0.01 to 1
	norm   []float64 // [K] log of what the density or mass is divided by
	// Of words: the level of the trial, -1 for the prior and where the parameter does
	// not take part; and the weight of every word beside the 1 of the trial's own.
	own    []int // [K]
	smooth float64
	// rows keeps the logarithms of masses [K] of the levels that were asked for.
	rows map[int][]float64
}

// priorWidth is the standard deviation of the prior about the middle: nearly uniform.
const priorWidth = 1

// narrow is the width of a cell, in standard deviations, below which the density in
// its middle times its width stands for its mass; the difference of two distribution
// functions would lose its digits.
const narrow = 1e-4

// normalise computes norm from centre and width.
func (k *kernels) normalise() {
	k.norm = make([]float64, len(k.centre))
	for i, c := range k.centre {
		w := k.width[i]
		inside := mass(-c/w, (1-c)/w)
		if k.axis.levels == 0 {
			inside *= w * math.Sqrt(2*math.Pi)
		}
		k.norm[i] = math.Log(inside)
	}
}

// add adds the log densities at a place, or the log masses of a level, to sums [K].
func (k *kernels) add(sums []float64, u float64, level int) {
	if k.axis.levels == 0 {
		for i, c := range k.centre {
			z := (u - c) / k.width[i]
			sums[i] += -z*z/2 - k.norm[i]
		}
		return
	}
	row, ok := k.rows[level]
	if !ok {
		row = k.row(level)
		k.rows[level] = row
	}
	for i, v := range row {
		sums[i] += v
	}
}

// row returns the log masses [K] of a level.
func (k *kernels) row(level int) []float64 {
	if k.axis.word {
		return k.wordRow(level)
	}
	row := make([]float64, len(k.centre))
	from, to := k.axis.cell(level)
	for i, c := range k.centre {
		w := k.width[i]
		a, b := (from-c)/w, (to-c)/w
		if b-a > narrow {
			row[i] = math.Log(mass(a, b)) - k.norm[i]
			continue
		}
		z := (a + b) / 2
		step := max(b-a, math.SmallestNonzeroFloat64)
		row[i] = -z*z/2 - math.Log(2*math.Pi)/2 + math.Log(step) - k.norm[i]
	}
	return row
}

// wordRow is row for words: a kernel gives every word the weight smooth and the
// trial's own 1 more; the prior gives all the same.
func (k *kernels) wordRow(level int) []float64 {
	row := make([]float64, len(k.own))
	n := float64(k.axis.levels)
	for i, own := range k.own {
		switch own {
		case -1:
			row[i] = -math.Log(n)
		case level:
			row[i] = math.Log((1 + k.smooth) / (1 + n*k.smooth))
		default:
			row[i] = math.Log(k.smooth / (1 + n*k.smooth))
		}
	}
	return row
}

// draw returns a place drawn from kernel i.
func (k *kernels) draw(i int, rng *rand.Rand) float64 {
	q, other := rng.Float64(), rng.Float64()
	if k.axis.word {
		n := float64(k.axis.levels)
		if own := k.own[i]; own >= 0 && q*(1+n*k.smooth) < 1 {
			return (float64(own) + 0.5) / n
		}
		return other
	}
	c, w := k.centre[i], k.width[i]
	low, high := normalCDF(-c/w), normalCDF((1-c)/w)
	return min(max(c+w*mathext.NormalQuantile(low+q*(high-low)), 0), 1)
}

// normalCDF is the distribution function of the standard normal distribution.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// mass returns the mass of the standard normal distribution between a and b, a <= b,
// to full relative precision in both tails.
func mass(a, b float64) float64 {
	if a > 0 {
		a, b = -b, -a
	}
	return normalCDF(b) - normalCDF(a)
}
