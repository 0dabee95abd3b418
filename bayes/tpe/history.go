package tpe

import (
	"cmp"
	"math"

	"mnisttune/search"
)

// past is what the trials so far say.
type past struct {
	seen     map[string]bool // keys of all configurations, running ones included
	points   []point         // of all trials, in their order
	begun    int             // how many of points the study has begun: not those it has refused
	finished []result
}

// result is a finished trial with what it is ranked by.
type result struct {
	at    int // its place in points
	class class
	// order ranks within a class, small is good: the value of a complete trial, the
	// value that a pruned one has reported last, the sum of the constraint values
	// above 0 of an infeasible one.
	order float64
	step  int // of a pruned trial's last report
}

// class ranks trials before their values do.
type class int

const (
	valued     class = iota // complete, with a finite value
	pruned                  // the later, the better
	infeasible              // the smaller the violation, the better
	failed                  // never among the good
)

// recall reads the history. A trial whose parameters do not belong to the space
// says nothing and is passed over.
func recall(axes []axis, req search.Request) *past {
	h := &past{seen: make(map[string]bool, len(req.History))}
	for i, t := range req.History {
		p, err := req.Space.Check(t.Params)
		if err != nil {
			continue
		}
		x := place(req.Space, axes, p)
		h.seen[req.Space.Key(p)] = true
		h.points = append(h.points, x)
		if i < req.Number {
			h.begun++
		}
		if t.State.Finished() {
			r := judge(t, req.Directions[0])
			r.at = len(h.points) - 1
			h.finished = append(h.finished, r)
		}
	}
	return h
}

// judge ranks a finished trial as Optuna does, and failed ones behind all others.
func judge(t search.Trial, d search.Direction) result {
	r := result{class: failed}
	if t.State == search.Failed {
		return r
	}
	violation := 0.0
	for _, c := range t.Constraints() {
		violation += max(c, 0)
	}
	v, ok := t.Value()
	switch {
	case violation > 0:
		r.class, r.order = infeasible, violation
	case t.State == search.Pruned:
		r.class, r.order, r.step = pruned, math.Inf(1), math.MinInt
		for _, report := range t.Reports {
			if report.Step >= r.step {
				r.step, r.order = report.Step, signed(report.Value, d)
			}
		}
		if math.IsNaN(r.order) {
			r.order = math.Inf(1)
		}
	case ok && !math.IsNaN(v) && !math.IsInf(v, 0):
		r.class, r.order = valued, signed(v, d)
	}
	return r
}

// signed turns values of the objective into such that small is good.
func signed(v float64, d search.Direction) float64 {
	if d == search.Maximize {
		return -v
	}
	return v
}

// better orders results, the best first.
func better(a, b result) int {
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(b.step, a.step), cmp.Compare(a.order, b.order))
}
