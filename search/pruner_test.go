package search

import (
	"math"
	"slices"
	"testing"
)

// curve makes trial number n with one report a step, from step 1.
func curve(n int, values ...float64) Trial {
	t := Trial{Number: n, State: Running}
	for i, v := range values {
		t.Reports = append(t.Reports, Report{Step: i + 1, Value: v})
	}
	return t
}

func TestReachedBy(t *testing.T) {
	c := curve(0, 3, 1, 2)
	for step, want := range []float64{1: 3, 2: 1, 3: 1} {
		if got, ok := c.ReachedBy(Minimize, step); step > 0 && (!ok || got != want) {
			t.Errorf("minimum up to step %d: %v, %v, want %v", step, got, ok, want)
		}
	}
	if got, ok := c.ReachedBy(Maximize, 3); !ok || got != 3 {
		t.Errorf("maximum: %v, %v", got, ok)
	}
	if _, ok := c.ReachedBy(Minimize, 4); ok {
		t.Error("step 4 was not reached")
	}
}

// The median of 1, 2, 3, 4, 5 is 3: a trial that is at 3 goes on, one at 3.1 is
// stopped; and the other way round where large values are good.
func TestMedian(t *testing.T) {
	var history []Trial
	for i := range 5 {
		history = append(history, curve(i, float64(i+1)))
	}
	p := Percentile{}
	for _, c := range []struct {
		d     Direction
		value float64
		want  bool
	}{{Minimize, 3, false}, {Minimize, 3.1, true}, {Maximize, 3, false}, {Maximize, 2.9, true}} {
		if got := p.Prune(c.d, history, curve(5, c.value)); got != c.want {
			t.Errorf("%v, %v: %v, want %v", c.d, c.value, got, c.want)
		}
	}
	// Trials that ended before count with what they had: the median at step 2 is 2.5.
	ended := slices.Concat(history[:4], []Trial{curve(4, 5, 2.5)})
	if p.Prune(Minimize, ended, curve(5, 9, 2.5)) || !p.Prune(Minimize, ended, curve(5, 9, 2.6)) {
		t.Error("at step 2 the values are 1, 2, 3, 4 and 2.5")
	}
	// Another program may have reported an infinity: the median of 1, 2, 3 and two of them is 3.
	infinite := slices.Concat(history[:3], []Trial{curve(3, math.Inf(1)), curve(4, math.Inf(1))})
	if p.Prune(Minimize, infinite, curve(5, 3)) || !p.Prune(Minimize, infinite, curve(5, 3.1)) {
		t.Error("two infinite values have moved the median")
	}
	if p.Prune(Minimize, history[:4], curve(5, 100)) {
		t.Error("stopped after 4 trials, before the 5 of the start")
	}
	if (Percentile{Percent: 25}).Prune(Minimize, history, curve(5, 2.5)) != true {
		t.Error("2.5 is not among the best quarter of 1 to 5")
	}
	if (Percentile{Warmup: 2}).Rung(0, 2) || !(Percentile{Warmup: 2}).Rung(0, 3) {
		t.Error("the rungs begin after the warm-up")
	}
	// A trial is judged by its best report, not by its last one.
	if p.Prune(Minimize, history, curve(5, 0.5)) {
		t.Error("the best of all was stopped")
	}
}

func TestASHA(t *testing.T) {
	p := ASHA{}
	var rungs []int
	for step := 1; step <= 30; step++ {
		if p.Rung(0, step) {
			rungs = append(rungs, step)
		}
	}
	if !slices.Equal(rungs, []int{1, 3, 9, 27}) {
		t.Errorf("rungs %v", rungs)
	}
	if !(ASHA{MinSteps: 2, Eta: 2}).Rung(0, 8) || (ASHA{MinSteps: 2, Eta: 2}).Rung(0, 6) || (ASHA{MinSteps: 2}).Rung(0, 1) {
		t.Error("rungs of 2, 4, 8")
	}
	history := []Trial{curve(0, 5), curve(1, 1)}
	if p.Prune(Minimize, history[:1], curve(2, 9)) {
		t.Error("two trials at a rung stop nobody")
	}
	if p.Prune(Minimize, history, curve(2, 0.5)) || !p.Prune(Minimize, history, curve(2, 2)) {
		t.Error("of three, the best one goes on")
	}
	for i := range 7 { // ten with itself: the best three go on
		history = append(history, curve(3+i, float64(10+i)))
	}
	if p.Prune(Minimize, history, curve(10, 5.5)) || !p.Prune(Minimize, history, curve(10, 10.5)) {
		t.Error("of ten, the best three go on")
	}
	if p.Prune(Minimize, history, curve(11, 30, 20, 15)) {
		t.Error("nobody else has come to step 3")
	}
}

// Hyperband with 27 steps and eta 3 has brackets of 27, 12, 6 and 4 configurations
// (Li et al. 2018, table 1 has 81 steps; these are the same formula's) that begin at
// steps 1, 3, 9 and 27.
func TestHyperband(t *testing.T) {
	p := Hyperband{MaxSteps: 27}
	count := map[int]int{}
	for n := range 49 {
		count[p.bracket(n)]++
	}
	if len(count) != 4 || count[0] != 27 || count[1] != 12 || count[2] != 6 || count[3] != 4 {
		t.Errorf("49 trials are in brackets %v", count)
	}
	if p.bracket(0) != 0 || p.bracket(1) != 1 || p.bracket(49) != 0 {
		t.Error("the brackets take turns")
	}
	if !p.Rung(0, 1) || p.Rung(1, 1) || !p.Rung(1, 3) || !p.Rung(1, 9) || p.Rung(3, 9) {
		t.Error("a bracket's rungs begin where it does")
	}
	// Trials of other brackets count for nothing: 4 and 8 are in bracket 0.
	history := []Trial{curve(0, 1), curve(1, 1), curve(2, 1), curve(3, 1), curve(4, 1)}
	if p.Prune(Minimize, history[:4], curve(4, 9)) || !p.Prune(Minimize, history, curve(8, 9)) {
		t.Error("a trial is held against its own bracket")
	}
}
