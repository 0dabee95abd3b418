package importance

import (
	"math"

	"mnisttune/search"
)

// maxCells is the most cells that a parameter's range is divided into.
const maxCells = 50

// cells returns how many cells a parameter is counted in, and the cell of a value.
func cells(p search.Param) (n int, of func(v any) int) {
	if listed(p) {
		return len(p.Values), func(v any) int { return choice(p, v) }
	}
	n = maxCells
	switch width := p.High - p.Low; {
	case width == 0:
		n = 1
	case p.Kind == search.Integer && p.Log:
		n = min(n, int(math.Ceil(math.Log2(width+1)))+1)
	case p.Kind == search.Integer && p.Step == 0:
		n = min(n, int(width)+1)
	case p.Step > 0:
		n = min(n, int(math.Round(width/p.Step))+1)
	}
	return n, func(v any) int { // a value half-way between two cells is in the lower one
		return min(max(int(math.Ceil(position(p, v)*float64(n-1)-0.5)), 0), n-1)
	}
}

// parzen returns the probability of every cell by a Parzen estimator with Gaussian
// kernels about the counted cells and a wide one for the prior, each truncated to the
// cells; nominal has kernels that know equal and different only.
func parzen(counts []int, nominal bool) []float64 {
	n, total := len(counts), 0
	for _, c := range counts {
		total += c
	}
	out := make([]float64, n)
	if nominal {
		kinds := 1.0 // kernels: the values that occur, and the prior
		for _, c := range counts {
			if c > 0 {
				kinds++
			}
		}
		rest := 1 / kinds // what a kernel gives each value beside its own
		for i := range out {
			out[i] = (float64(total)*rest/(1+float64(n)*rest) + 1/float64(n)) / float64(total+1)
			out[i] += float64(counts[i]) / (1 + float64(n)*rest) / float64(total+1)
		}
		return out
	}
	width := bandwidth(counts, total)
	for centre, c := range counts {
		if c > 0 {
			addKernel(out, float64(centre), width, float64(c)/float64(total+1))
		}
	}
	addKernel(out, float64(n-1)/2, float64(n), 1/float64(total+1))
	return out
}

// bandwidth is Scott's rule on the counted cells, at least so wide that nine tenths of a
// kernel are in its cell.
func bandwidth(counts []int, total int) float64 {
	const least = 0.5 / 1.64
	mean, spread := 0.0, 0.0
	for i, c := range counts {
		mean += float64(i*c) / float64(total)
	}
	for i, c := range counts {
		spread += float64(c) * (float64(i) - mean) * (float64(i) - mean)
	}
	sd := math.Sqrt(spread / float64(max(1, total-1)))
	quartiles := float64(quantileCell(counts, total*3/4, true) - quantileCell(counts, total/4, false))
	return max(least, 1.059*min(quartiles/1.34, sd)*math.Pow(float64(total), -0.2))
}

// quantileCell returns the first counted cell up to which at least rank observations lie,
// or more than rank; the last one if there is none.
func quantileCell(counts []int, rank int, more bool) int {
	sum, last := 0, 0
	for i, c := range counts {
		if c == 0 {
			continue
		}
		sum, last = sum+c, i
		if sum > rank || sum == rank && !more {
			return i
		}
	}
	return last
}

// addKernel adds a Gaussian kernel, integrated over the cells and truncated to them.
func addKernel(out []float64, centre, width, weight float64) {
	phi := func(x float64) float64 { return 0.5 * math.Erfc(-(x-centre)/width/math.Sqrt2) }
	norm := phi(float64(len(out))-0.5) - phi(-0.5)
	for i := range out {
		out[i] += weight * (phi(float64(i)+0.5) - phi(float64(i)-0.5)) / norm
	}
}
