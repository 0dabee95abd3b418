package bayes

import (
	"math"

	"mnisttune/search"
)

// past is what the trials so far say.
type past struct {
	seen     map[string]bool // keys of all configurations, running ones included
	points   [][]float64     // [..][Len] their places in the unit cube
	finished []finished
	pending  [][]float64      // [q][D] columns of those that have not finished
	last     *Hyperparameters // of the latest trial that has noted them
}

// finished is a trial with a result.
type finished struct {
	number   int
	u        []float64 // [Len] its place in the unit cube
	x        []float64 // [D] its columns
	value    float64   // small is good; NaN if it failed
	variance float64   // of value, as far as it is known
	scores   int       // how many it is known from; 0 if it is not
	complete bool
	seconds  float64
	broken   []float64 // constraint values, above 0 where one is broken; nil if it has none
	feasible bool
}

// recall reads the history. A trial whose parameters do not belong to the space
// says nothing and is passed over.
func recall(e *encoder, req search.Request) *past {
	h := &past{seen: make(map[string]bool, len(req.History))}
	d := req.Directions[0]
	lift := newLift(e.space, d, req.History)
	for _, t := range req.History {
		p, err := e.space.Check(t.Params)
		if err != nil {
			continue
		}
		u, _ := e.space.Encode(p)
		h.seen[e.space.Key(p)] = true
		h.points = append(h.points, u)
		if !t.State.Finished() {
			h.pending = append(h.pending, e.encode(p))
			continue
		}
		f := finished{number: t.Number, u: u, x: e.encode(p), value: outcome(t, d), complete: t.State == search.Complete, seconds: t.Seconds}
		f.broken, f.feasible = t.Constraints(), t.Feasible()
		if v, ok := t.NoiseVariance(); ok && finite(f.value) {
			f.variance, f.scores = v, len(t.Scores())
		}
		if t.State == search.Pruned {
			f.value = lift.final(t, f.value)
		}
		h.finished = append(h.finished, f)
	}
	for i := len(req.History) - 1; i >= 0 && h.last == nil; i-- {
		if n, ok := Why(req.History[i]); ok {
			h.last = n.Hyperparameters
		}
	}
	return h
}

// objective returns a request that knows objective k only.
func objective(req search.Request, k int) search.Request {
	out := req
	out.Directions = req.Directions[k : k+1]
	out.History = make([]search.Trial, len(req.History))
	for i, t := range req.History {
		if len(t.Values) > k {
			t.Values = t.Values[k : k+1]
		} else {
			t.Values = nil
		}
		out.History[i] = t
	}
	return out
}

// outcome returns the value of a finished trial so that small is good, or NaN
// where it failed (or was pruned before it had one).
func outcome(t search.Trial, d search.Direction) float64 {
	v, ok := t.Value()
	if !ok || t.State == search.Failed || math.IsInf(v, 0) {
		return math.NaN()
	}
	return signed(v, d)
}

// signed turns values of the objective into such that small is good, and back.
func signed(v float64, d search.Direction) float64 {
	if d == search.Maximize {
		return -v
	}
	return v
}

// values returns one number of every finished trial.
func (h *past) values(of func(finished) float64) []float64 {
	out := make([]float64, len(h.finished))
	for i, f := range h.finished {
		out[i] = of(f)
	}
	return out
}
