package importance

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Forest says how FANOVA's random forest is grown: by bootstrap samples, on all
// parameters, down to single trials (Breiman 2001, in the form that scikit-learn's
// RandomForestRegressor has by default). The zero value is ready to use.
type Forest struct {
	Trees int // default 64
	Seed  uint64
}

// box is a part of the space: an interval of [0,1] for each number, a set for each word.
type box struct {
	low, high []float64
	words     [][]bool // nil for a number
}

// share returns how much of the range of parameter i the box covers.
func (b box) share(i int) float64 {
	if b.words[i] == nil {
		return b.high[i] - b.low[i]
	}
	n := 0
	for _, in := range b.words[i] {
		if in {
			n++
		}
	}
	return float64(n) / float64(len(b.words[i]))
}

// volume returns the share of the space that the box covers, parameter except aside.
func (b box) volume(except int) float64 {
	v := 1.0
	for i := range b.low {
		if i != except {
			v *= b.share(i)
		}
	}
	return v
}

// leaf is a box in which a tree has one value.
type leaf struct {
	box
	value float64
}

// grower grows one tree.
type grower struct {
	x      [][]float64 // [n][parameters] places in [0,1], or indices of words
	y      []float64
	leaves []leaf
}

// split divides rows in two: by place, or by whether they have a word.
type split struct {
	param     int
	threshold float64 // of a number: the left part is at most it
	word      int     // of a word: the left part has it
	gain      float64
}

func (s split) left(b box, x []float64) bool {
	if b.words[s.param] == nil {
		return x[s.param] <= s.threshold
	}
	return int(x[s.param]) == s.word
}

// grow adds the leaves that the rows in a box make.
func (g *grower) grow(rows []int, b box) {
	best := g.best(rows, b)
	if best.gain <= 0 {
		g.leaves = append(g.leaves, leaf{b, g.mean(rows)})
		return
	}
	var left, right []int
	for _, r := range rows {
		if best.left(b, g.x[r]) {
			left = append(left, r)
		} else {
			right = append(right, r)
		}
	}
	lower, upper := b.divide(best)
	g.grow(left, lower)
	g.grow(right, upper)
}

// divide returns the two parts of a box.
func (b box) divide(s split) (left, right box) {
	left = box{slices.Clone(b.low), slices.Clone(b.high), slices.Clone(b.words)}
	right = box{slices.Clone(b.low), slices.Clone(b.high), slices.Clone(b.words)}
	if b.words[s.param] == nil {
		left.high[s.param], right.low[s.param] = s.threshold, s.threshold
		return left, right
	}
	only := make([]bool, len(b.words[s.param]))
	others := slices.Clone(b.words[s.param])
	only[s.word], others[s.word] = true, false
	left.words[s.param], right.words[s.param] = only, others
	return left, right
}

func (g *grower) mean(rows []int) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += g.y[r]
	}
	return sum / float64(len(rows))
}

// best returns the split that lowers the sum of squares most, the first of equal ones.
func (g *grower) best(rows []int, b box) split {
	best := split{}
	first := g.y[rows[0]]
	if !slices.ContainsFunc(rows, func(r int) bool { return g.y[r] != first }) {
		return best
	}
	for i := range b.low {
		if b.words[i] == nil {
			g.byPlace(rows, i, &best)
		} else {
			g.byWord(rows, i, b, &best)
		}
	}
	return best
}

// byPlace looks for a better split between neighbouring places.
func (g *grower) byPlace(rows []int, param int, best *split) {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b int) int {
		switch x, y := g.x[a][param], g.x[b][param]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	mean := g.mean(rows)
	sum, n := 0.0, float64(len(rows))
	for k := 0; k+1 < len(sorted); k++ {
		sum += g.y[sorted[k]] - mean
		here, next := g.x[sorted[k]][param], g.x[sorted[k+1]][param]
		threshold := here + (next-here)/2
		if here == next || threshold <= here || threshold >= next {
			continue
		}
		left := float64(k + 1)
		if gain := sum * sum * n / (left * (n - left)); gain > best.gain {
			*best = split{param: param, threshold: threshold, gain: gain}
		}
	}
}

// byWord looks for a better split of one word from the others.
func (g *grower) byWord(rows []int, param int, b box, best *split) {
	mean, n := g.mean(rows), float64(len(rows))
	for word, in := range b.words[param] {
		if !in {
			continue
		}
		sum, left := 0.0, 0.0
		for _, r := range rows {
			if int(g.x[r][param]) == word {
				sum, left = sum+g.y[r]-mean, left+1
			}
		}
		if left == 0 || left == n {
			continue
		}
		if gain := sum * sum * n / (left * (n - left)); gain > best.gain {
			*best = split{param: param, word: word, gain: gain}
		}
	}
}

// bootstrap draws as many rows as there are, with repetition.
func bootstrap(n int, rng *rand.Rand) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = rng.IntN(n)
	}
	return rows
}

// variance returns that of the leaves' values over the space.
func variance(leaves []leaf) float64 {
	mean, square := 0.0, 0.0
	for _, l := range leaves {
		mean += l.value * l.volume(-1)
	}
	for _, l := range leaves {
		square += (l.value - mean) * (l.value - mean) * l.volume(-1)
	}
	return square
}

// marginalVariance returns the variance of a tree's mean as a function of one parameter.
func marginalVariance(leaves []leaf, param int) float64 {
	var shares, means []float64
	if words := leaves[0].words[param]; words != nil {
		for word := range words {
			mean := 0.0
			for _, l := range leaves {
				if l.words[param][word] {
					mean += l.value * l.volume(param)
				}
			}
			shares, means = append(shares, 1/float64(len(words))), append(means, mean)
		}
	} else {
		shares, means = pieces(leaves, param)
	}
	mean, square := 0.0, 0.0
	for i, m := range means {
		mean += shares[i] * m
	}
	for i, m := range means {
		square += shares[i] * (m - mean) * (m - mean)
	}
	return square
}

// pieces returns the intervals on which the mean over the other parameters is constant.
func pieces(leaves []leaf, param int) (shares, means []float64) {
	ends := []float64{0, 1}
	for _, l := range leaves {
		ends = append(ends, l.low[param], l.high[param])
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	steps := make([]float64, len(ends)) // what the mean rises by where a piece begins
	at := func(x float64) int { i, _ := slices.BinarySearch(ends, x); return i }
	for _, l := range leaves {
		v := l.value * l.volume(param)
		steps[at(l.low[param])] += v
		steps[at(l.high[param])] -= v
	}
	mean := 0.0
	for i := 0; i+1 < len(ends); i++ {
		mean += steps[i]
		shares, means = append(shares, ends[i+1]-ends[i]), append(means, mean)
	}
	return shares, means
}

// spread returns the mean and the standard deviation.
func spread(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(sd)
}
