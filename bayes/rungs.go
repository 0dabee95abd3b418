package bayes

import (
	"math"
	"slices"

	"mnisttune/search"
)

// leastPassed is how many complete trials must have reported at a step before they
// say anything about it.
const leastPassed = 3

// lift says what pruned trials would have come to: the complete trials have been
// where those stopped.
type lift struct {
	direction search.Direction
	complete  []search.Trial
	rungs     map[int]rung // by step
}

// rung is what complete trials had reached at a step and what they ended with, small
// being good. It is empty where too few have reported then.
type rung struct {
	reached, end []float64
	gain         float64 // median of end less reached
}

// newLift takes the complete trials of the space.
func newLift(space search.Space, d search.Direction, history []search.Trial) *lift {
	l := &lift{direction: d, rungs: map[int]rung{}}
	for _, t := range history {
		if t.State != search.Complete || len(t.Values) == 0 {
			continue
		}
		if _, err := space.Check(t.Params); err == nil {
			l.complete = append(l.complete, t)
		}
	}
	return l
}

// final returns the value that a pruned trial counts with, given the one it has,
// small being good: that, and what complete trials gained after the step of its last
// report, in the median; but no better than the worst end of those that were ahead
// of it at that step.
func (l *lift) final(t search.Trial, value float64) float64 {
	if len(t.Reports) == 0 {
		return value
	}
	step := t.Reports[len(t.Reports)-1].Step
	r, ok := l.rungs[step]
	if !ok {
		r = l.rung(step)
		l.rungs[step] = r
	}
	out := value + r.gain
	for i, ahead := range r.reached {
		if ahead <= value {
			out = max(out, r.end[i])
		}
	}
	if math.IsInf(out, 0) {
		return value
	}
	return out
}

func (l *lift) rung(step int) rung {
	var r rung
	var gains []float64
	for _, t := range l.complete {
		if v, ok := t.ReachedBy(l.direction, step); ok {
			reached, end := signed(v, l.direction), signed(t.Values[0], l.direction)
			r.reached, r.end = append(r.reached, reached), append(r.end, end)
			gains = append(gains, end-reached)
		}
	}
	n := len(gains)
	if n < leastPassed {
		return rung{}
	}
	slices.Sort(gains)
	r.gain = gains[(n-1)/2]/2 + gains[n/2]/2
	return r
}
