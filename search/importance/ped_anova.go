package importance

import (
	"fmt"
	"math"
	"slices"

	"mnisttune/search"
)

// Quantiles say what PEDANOVA compares. The zero value is ready to use.
type Quantiles struct {
	// Target is the share of the best trials, above 0; default 0.1. At least five
	// trials should be in it.
	Target float64
	// Region is the share of the best trials that they are held against, above Target
	// and at most 1; default 1, all trials.
	Region float64
}

// leastInRegime is how many trials must have a parameter for it to count.
const leastInRegime = 2

// PEDANOVA returns the importance of each parameter for being among the best trials, the
// greatest first: the Pearson divergence of its density in them from that in the region,
// by Parzen estimators on at most 50 cells. Only complete trials of the space count;
// fewer than two are ErrTooFewTrials.
func PEDANOVA(space search.Space, d search.Direction, trials []search.Trial, q Quantiles) ([]Share, error) {
	if q.Target == 0 {
		q.Target = 0.1
	}
	if q.Region == 0 {
		q.Region = 1
	}
	if !(q.Target > 0 && q.Target < q.Region && q.Region <= 1) {
		return nil, fmt.Errorf("importance: quantiles: want 0 < target < region <= 1 (got %v, %v)", q.Target, q.Region)
	}
	o, err := observe(space, trials)
	if err != nil {
		return nil, err
	}
	target, region := o.better(d, q.Target), o.better(d, q.Region)
	values := make([]float64, len(o.params))
	for i, p := range o.params {
		top, nTop := o.count(p, target)
		all, nAll := o.count(p, region)
		if nAll < leastInRegime || nTop == 0 || len(top) == 1 {
			continue
		}
		// Conditional parameters: the divergence within the trials that have them, times
		// how much their share has grown.
		shareTop, shareAll := float64(nTop)/float64(len(target)), float64(nAll)/float64(len(region))
		values[i] = shareTop * shareTop / shareAll * pearson(parzen(top, p.Kind == search.Category), parzen(all, p.Kind == search.Category))
	}
	return o.share(values, nil), nil
}

// better returns the trials whose values are among the best share of all, ties included.
func (o *observed) better(d search.Direction, share float64) []int {
	losses := slices.Clone(o.values)
	if d == search.Maximize {
		for i := range losses {
			losses[i] = -losses[i]
		}
	}
	sorted := slices.Sorted(slices.Values(losses))
	last := sorted[int(math.Ceil(share*float64(len(sorted))))-1]
	var out []int
	for i, loss := range losses {
		if loss <= last {
			out = append(out, i)
		}
	}
	return out
}

// count counts the values of a parameter in some trials by cells.
func (o *observed) count(p search.Param, trials []int) (counts []int, n int) {
	size, of := cells(p)
	counts = make([]int, size)
	for _, i := range trials {
		if v, ok := o.trials[i][p.Name]; ok {
			counts[of(v)]++
			n++
		}
	}
	return counts, n
}

// pearson returns the Pearson divergence of p from q.
func pearson(p, q []float64) float64 {
	const least = 1e-12
	sum := 0.0
	for i := range p {
		ratio := (p[i] + least) / (q[i] + least)
		sum += (q[i] + least) * (ratio - 1) * (ratio - 1)
	}
	return sum
}
