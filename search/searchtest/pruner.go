package searchtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"mnisttune/search"
)

// Pruner checks that p keeps the contract of search.Pruner:
//
//   - Where its rungs are depends on a trial's number and on the step alone, for any of
//     both, and there is one among the first 100 steps.
//   - Whether a trial is pruned depends on the arguments alone, and they are only read.
//   - The first trial is never pruned, nor is one that is as good as the best at its rung.
//   - A trial that is far worse than 40 others is pruned at one of the first 100 steps;
//     whatever is pruned would be pruned with worse values too.
//   - Small values where small is good are large values where large is good.
//   - Values of any size, NaN and infinities are no reason to panic.
//   - A study is the same for any number of jobs and any budget.
//   - If p has a method Validate() error it accepts p and the zero value of p's type.
func Pruner(t *testing.T, p search.Pruner) {
	t.Helper()
	runAll(t, prunerChecks(), func(*testing.T) search.Pruner { return p })
}

func prunerChecks() []check[search.Pruner] {
	return []check[search.Pruner]{
		{"validate", checkValidate},
		{"rungs", checkRungs},
		{"requests", checkPruneRequests},
		{"first", checkFirst},
		{"best", checkBest},
		{"hopeless", checkHopeless},
		{"directions", checkMirrored},
		{"jobs", checkPrunerJobs},
	}
}

const (
	farthest = 100 // the last step that is looked at
	curves   = 40  // trials in a history
)

// verdict is a question to a pruner.
type verdict struct {
	direction search.Direction
	history   []search.Trial
	trial     search.Trial
}

// prune asks a pruner and checks that it only reads; ok is false if it did not or has
// panicked, which is reported.
func prune(r reporter, p search.Pruner, v verdict) (stop, ok bool) {
	r.Helper()
	before, history := snapshot(v.history), withRoom(v.history)
	own := []search.Trial{v.trial}
	ownBefore, own := snapshot(own), withRoom(own)
	err := guard(func() { stop = p.Prune(v.direction, history, own[0]) })
	switch {
	case err != nil:
		r.Errorf("%v: %v", v, err)
	case changed(history, before) != "":
		r.Errorf("%v: in the history, which is only to be read, %s", v, changed(history, before))
	case changed(own, ownBefore) != "":
		r.Errorf("%v: of the arguments, which are only to be read, %s", v, changed(own, ownBefore))
	default:
		return stop, true
	}
	return false, false
}

func (v verdict) String() string {
	last := v.trial.Reports[len(v.trial.Reports)-1]
	return fmt.Sprintf("%v, %d trials before, trial %d at %v after step %d", v.direction, len(v.history), v.trial.Number, last.Value, last.Step)
}

// at returns the question whether a trial with those values from step 1 on, or nothing
// yet, stops at a step.
func at(d search.Direction, history []search.Trial, number, step int, value func(step int) float64) verdict {
	v := verdict{direction: d, trial: search.Trial{Number: number, State: search.Running, Params: search.Params{"x": 0.5}}}
	for s := 1; s <= step && value != nil; s++ {
		v.trial.Reports = append(v.trial.Reports, search.Report{Step: s, Value: value(s)})
	}
	for _, t := range history {
		t.Reports = slices.Clip(t.Reports[:min(step, len(t.Reports))])
		v.history = append(v.history, t)
	}
	return v
}

// learners returns trials whose values get smaller from step to step, some of them only
// for a while, as if they had been pruned.
func learners(seed uint64) []search.Trial {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]search.Trial, curves)
	for i := range out {
		out[i] = search.Trial{Number: i, State: search.Running, Params: search.Params{"x": float64(i)}}
		end, level := farthest, r.Float64()
		if i%3 == 2 {
			end = 1 + r.IntN(farthest)
		}
		for step := 1; step <= end; step++ {
			out[i].Reports = append(out[i].Reports, search.Report{Step: step, Value: level + 1/float64(step) + 0.1*r.Float64()})
		}
	}
	return out
}

// someRungs returns rungsOf, the first and the last of them if there are many.
func someRungs(p search.Pruner, number int) []int {
	steps := rungsOf(p, number)
	if len(steps) > 6 {
		steps = append(steps[:4], steps[len(steps)/2], steps[len(steps)-1])
	}
	return steps
}

// rungsOf returns the steps where a trial may be pruned.
func rungsOf(p search.Pruner, number int) (steps []int) {
	for step := 1; step <= farthest; step++ {
		if p.Rung(number, step) {
			steps = append(steps, step)
		}
	}
	return steps
}

func checkValidate(r reporter, p search.Pruner) {
	type validator interface{ Validate() error }
	v, ok := p.(validator)
	if !ok {
		return
	}
	if err := v.Validate(); err != nil {
		r.Errorf("%+v: %v", p, err)
	}
	kind := reflect.TypeOf(p)
	zero := reflect.Zero(kind)
	if kind.Kind() == reflect.Pointer {
		zero = reflect.New(kind.Elem())
	}
	if err := zero.Interface().(validator).Validate(); err != nil {
		r.Errorf("the zero value %+v: %v", zero, err)
	}
}

// checkRungs asks for the rungs forwards, backwards, from several goroutines, and far out.
func checkRungs(r reporter, p search.Pruner) {
	numbers := []int{0, 1, 2, 3, 10, 48, 49, 1000, math.MaxInt}
	for _, step := range []int{math.MinInt, -1, 0, math.MaxInt - 1, math.MaxInt} {
		for _, number := range numbers {
			if err := guard(func() { p.Rung(number, step) }); err != nil {
				r.Fatalf("Rung(%d, %d): %v", number, step, err)
			}
		}
	}
	want, some := make([][]int, len(numbers)), false
	for i, number := range numbers {
		want[i] = rungsOf(p, number)
		some = some || len(want[i]) > 0
	}
	if !some {
		r.Errorf("there is no rung among %d steps", farthest)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := len(numbers) - 1; i >= 0; i-- {
				if got := rungsOf(p, numbers[i]); !slices.Equal(got, want[i]) {
					r.Errorf("the rungs of trial %d are %v, and another time %v", numbers[i], want[i], got)
					return
				}
			}
		})
	}
	all.Wait()
}

// questions are those that the other checks do not ask: about middling trials, with all
// kinds of values in the history.
func questions(p search.Pruner) (all []verdict) {
	wild := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e308, -1e308, 5e-324}
	for seed := range uint64(3) {
		history := learners(seed)
		if seed > 0 {
			for i := range history {
				for k := range history[i].Reports {
					if (i+k)%(3*int(seed)) == 0 {
						history[i].Reports[k].Value = wild[(i*k+i)%len(wild)]
					}
				}
			}
		}
		for number := 1; number < curves; number += 4 {
			for _, step := range someRungs(p, number) {
				for _, d := range []search.Direction{search.Minimize, search.Maximize} {
					level := float64(number%7) / 5
					all = append(all, at(d, history[:number], number, step, func(step int) float64 { return level + 1/float64(step) }))
				}
			}
		}
	}
	return all
}

// checkPruneRequests asks the same questions in their order, in the opposite order and
// from several goroutines.
func checkPruneRequests(r reporter, p search.Pruner) {
	all := questions(p)
	want := make([]bool, len(all))
	for i, q := range all {
		var ok bool
		if want[i], ok = prune(r, p, q); !ok {
			return // several goroutines would get into each other's way
		}
	}
	again := func(how string, order func(i int) int) {
		for i := range all {
			k := order(i)
			if got, ok := prune(r, p, all[k]); ok && got != want[k] {
				r.Errorf("%v: pruned %v, and %s %v", all[k], want[k], how, got)
				return
			}
		}
	}
	again("in the opposite order of calls", func(i int) int { return len(all) - 1 - i })
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { again("from several goroutines at once", func(i int) int { return i }) })
	}
	both.Wait()
}
