package searchtest

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"mnisttune/search"
)

// pruner is made of two functions; what is nil is the median rule's.
type pruner struct {
	rung  func(number, step int) bool
	prune func(d search.Direction, history []search.Trial, t search.Trial) bool
}

var median = search.Percentile{}

func (p pruner) Rung(number, step int) bool {
	if p.rung == nil {
		return median.Rung(number, step)
	}
	return p.rung(number, step)
}

func (p pruner) Prune(d search.Direction, history []search.Trial, t search.Trial) bool {
	if p.prune == nil {
		return median.Prune(d, history, t)
	}
	return p.prune(d, history, t)
}

// nought is a pruner whose zero value is none.
type nought struct {
	pruner
	Steps int
}

func (p nought) Validate() error {
	if p.Steps == 0 {
		return errors.New("how many steps?")
	}
	return nil
}

func TestRightPrunersPass(t *testing.T) {
	t.Run("median", func(t *testing.T) { Pruner(t, pruner{}) })
	t.Run("pointer", func(t *testing.T) { Pruner(t, &search.ASHA{}) })
}

func wrongPruners() []wrong[search.Pruner] {
	one := func(name string, p search.Pruner, checks ...string) wrong[search.Pruner] {
		return wrong[search.Pruner]{name, func(*testing.T) search.Pruner { return p }, checks}
	}
	before := func(do func(history []search.Trial, t search.Trial)) pruner {
		return pruner{prune: func(d search.Direction, history []search.Trial, t search.Trial) bool {
			do(history, t)
			return median.Prune(d, history, t)
		}}
	}
	own := func(t search.Trial) float64 { return t.Reports[len(t.Reports)-1].Value }
	var asked, pruned atomic.Int64 // each counts its own subject's calls: the checks know nothing else of its phase
	return []wrong[search.Pruner]{
		one("its zero value", nought{}, "validate"),
		one("only its zero value is wrong", nought{Steps: 1}, "validate"),
		one("rungs that wander", pruner{rung: func(_, step int) bool { return (asked.Add(1)+int64(step))%7 == 0 }}, "rungs"),
		one("no rungs", pruner{rung: func(_, step int) bool { return step > farthest }}, "rungs", "hopeless"),
		one("rungs in a table", pruner{rung: func(_, step int) bool { return [1000]bool{1: true}[max(step, 0)] }}, "rungs"),
		one("by chance", pruner{prune: func(_ search.Direction, history []search.Trial, _ search.Trial) bool {
			return len(history) > 9 && rand.IntN(2) == 0
		}}, "requests", "jobs", "best"),
		one("every third", pruner{prune: func(search.Direction, []search.Trial, search.Trial) bool { return pruned.Add(1)%3 == 0 }}, "requests", "first"),
		one("sorts the history", before(func(history []search.Trial, _ search.Trial) { slices.Reverse(history) }), "requests"),
		one("writes into the history", before(func(history []search.Trial, _ search.Trial) {
			for _, t := range history {
				for i := range t.Reports {
					t.Reports[i].Step++
				}
			}
		}), "requests"),
		one("writes into the trial", before(func(_ []search.Trial, t search.Trial) { t.Reports[0].Value = 0 }), "requests"),
		one("appends to the history", before(func(history []search.Trial, t search.Trial) { _ = append(history, t) }), "requests"),
		one("wants numbers", before(func(history []search.Trial, t search.Trial) {
			for _, t := range append(slices.Clone(history), t) {
				for _, r := range t.Reports {
					if math.IsNaN(r.Value) {
						panic("NaN")
					}
				}
			}
		}), "requests", "first"),
		one("wants a history", before(func(history []search.Trial, _ search.Trial) { _ = history[0] }), "first"),
		one("a fixed limit", pruner{prune: func(d search.Direction, _ []search.Trial, t search.Trial) bool { return d.Better(0.9, own(t)) }}, "first", "directions"),
		one("who is no better", pruner{prune: func(d search.Direction, history []search.Trial, t search.Trial) bool {
			return slices.ContainsFunc(history, func(o search.Trial) bool {
				v, ok := o.ReachedBy(d, t.Reports[len(t.Reports)-1].Step)
				return ok && !d.Better(own(t), v)
			})
		}}, "best"),
		one("nobody", pruner{prune: func(search.Direction, []search.Trial, search.Trial) bool { return false }}, "hopeless"),
		one("the middling", pruner{prune: func(d search.Direction, h []search.Trial, t search.Trial) bool {
			return median.Prune(d, h, t) && own(t) < 3
		}}, "hopeless"),
		one("small is good", pruner{prune: func(_ search.Direction, h []search.Trial, t search.Trial) bool {
			return median.Prune(search.Minimize, h, t)
		}}, "directions"),
	}
}

func TestWrongPrunersFail(t *testing.T) {
	mustFail(t, func(search.Pruner) []check[search.Pruner] { return prunerChecks() }, wrongPruners())
}
