package bayes

import (
	"encoding/json"
	"math"

	"mnisttune/search"
)

// past is what the trials so far say.
type past struct {
	seen    map[string]bool // keys of all configurations, running ones included
	points  [][]float64     // [..][Len] their places in the unit cube
	tried   [][]float64     // [n][Len] those of the finished ones
	x       [][]float64     // [n][D] columns of the finished ones
	y       []float64       // [n] values, small is good; NaN for failed trials
	pending [][]float64     // [q][D] columns of those that have not finished
	last    *hyper          // of the latest trial that has noted them
}

// recall reads the history. A trial whose parameters do not belong to the space
// says nothing and is passed over.
func recall(e *encoder, req search.Request) *past {
	h := &past{seen: make(map[string]bool, len(req.History))}
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
		h.tried = append(h.tried, u)
		h.x = append(h.x, e.encode(p))
		h.y = append(h.y, outcome(t, req.Directions[0]))
	}
	for i := len(req.History) - 1; i >= 0 && h.last == nil; i-- {
		var n note
		if raw, ok := req.History[i].Attrs[attr]; ok && json.Unmarshal(raw, &n) == nil {
			h.last = n.Hyper
		}
	}
	return h
}

// outcome returns the value of a finished trial so that small is good, or NaN
// where it failed (or was pruned before it had one).
func outcome(t search.Trial, d search.Direction) float64 {
	v, ok := t.Value()
	if !ok || t.State == search.Failed || math.IsInf(v, 0) {
		return math.NaN()
	}
	if d == search.Maximize {
		return -v
	}
	return v
}
