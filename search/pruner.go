package search

import (
	"fmt"
	"math"
	"slices"
)

// Pruner decides whether a running trial is worth going on with. It stops trials;
// it never pauses them and never brings them back. Implementations must be safe
// for concurrent use and must depend on nothing but their arguments.
//
// What counts for a trial at a step is the best value that it has reported up to
// that step, for that is what the trial would be told with.
type Pruner interface {
	// Rung reports whether the trial of that number may be pruned after step. The
	// study asks Prune there and nowhere else, and only there does it make trials
	// wait for each other.
	Rung(number, step int) bool
	// Prune reports whether t, whose last report is at a rung, should stop. history
	// holds the trials of lower numbers in that order, with their reports up to that
	// step and no later ones: a trial that was told or pruned before it has fewer.
	// They are shared and must not be changed. A trial that is as good as the best of
	// them goes on.
	Prune(d Direction, history []Trial, t Trial) bool
}

// ReachedBy returns the best value that a trial has reported up to a step, and
// whether it has come as far as that step.
func (t Trial) ReachedBy(d Direction, step int) (best float64, ok bool) {
	best = math.NaN()
	for _, r := range t.Reports {
		if r.Step > step {
			continue
		}
		if math.IsNaN(best) || d.Better(r.Value, best) {
			best = r.Value
		}
		ok = ok || r.Step == step
	}
	return best, ok
}

// lastStep returns the step of a trial's last report, 0 if it has none.
func (t Trial) lastStep() int {
	if len(t.Reports) == 0 {
		return 0
	}
	return t.Reports[len(t.Reports)-1].Step
}

// reached returns what the trials that keep accepts had reached at a step.
func reached(d Direction, history []Trial, step int, keep func(Trial) bool) []float64 {
	var values []float64
	for _, t := range history {
		if v, ok := t.ReachedBy(d, step); ok && keep(t) {
			values = append(values, v)
		}
	}
	return values
}

func everyTrial(Trial) bool { return true }

// Percentile stops a trial that is not among the best Percent of the trials before
// it at the same step (Golovin et al. 2017, the median rule of section 3.2.2, for 50).
// Trials that ended earlier count with the best that they had reached, so that those
// which are left do not get stricter from step to step.
type Percentile struct {
	Percent float64 // 0 to 100; 0 means 50, the median
	// Startup is how many trials must have come as far before any is stopped.
	// Default 5.
	Startup int
	// Warmup is the last step after which no trial is stopped.
	Warmup int
}

// Rung implements Pruner: every step after Warmup.
func (p Percentile) Rung(_, step int) bool { return step > p.Warmup }

// Prune implements Pruner.
func (p Percentile) Prune(d Direction, history []Trial, t Trial) bool {
	step := t.lastStep()
	var values []float64
	for _, other := range history {
		if v, _ := other.ReachedBy(d, step); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) < orDefault(p.Startup, 5) {
		return false
	}
	own, _ := t.ReachedBy(d, step)
	return d.Better(percentile(d, values, orDefault(p.Percent, 50)), own)
}

// percentile returns the value that so many per cent of the values are better than
// or equal to, interpolated between neighbours.
func percentile(d Direction, values []float64, percent float64) float64 {
	slices.Sort(values)
	if d == Maximize {
		slices.Reverse(values)
	}
	at := percent / 100 * float64(len(values)-1)
	i := min(int(at), len(values)-1)
	if at == float64(i) { // also where the next one is infinite
		return values[i]
	}
	next := values[min(i+1, len(values)-1)]
	return values[i] + (at-float64(i))*(next-values[i])
}

// ASHA is successive halving without waiting for whole rungs, in its stopping form: a
// trial goes on at a rung if it is among the best 1/Eta of all trials that have come
// there, itself included; fewer than Eta of them stop nobody. Rungs are at the steps
// MinSteps, MinSteps*Eta, MinSteps*Eta^2, ... (Li et al. 2020, "A system for massively
// parallel hyperparameter tuning").
type ASHA struct {
	MinSteps int // default 1
	Eta      int // default 3
}

// Rung implements Pruner.
func (p ASHA) Rung(_, step int) bool {
	return isRung(step, orDefault(p.MinSteps, 1), orDefault(p.Eta, 3))
}

// Prune implements Pruner.
func (p ASHA) Prune(d Direction, history []Trial, t Trial) bool {
	return halve(d, history, t, orDefault(p.Eta, 3), everyTrial)
}

func isRung(step, first, eta int) bool {
	for ; step > first && step%eta == 0; step /= eta {
	}
	return step == first
}

// halve reports whether t is not among the best 1/eta of the trials that keep accepts
// and of itself.
func halve(d Direction, history []Trial, t Trial, eta int, keep func(Trial) bool) bool {
	step := t.lastStep()
	own, _ := t.ReachedBy(d, step)
	values := reached(d, history, step, keep)
	if len(values)+1 < eta {
		return false
	}
	better := 0
	for _, v := range values {
		if d.Better(v, own) {
			better++
		}
	}
	return better >= (len(values)+1)/eta
}

// Hyperband runs several ASHAs beside each other, the brackets, whose first rungs are
// at MinSteps, MinSteps*Eta, ... up to MaxSteps, so that trials which begin slowly are
// not all lost. A trial's bracket follows from its number, brackets with an early first
// rung taking as many times more trials as Hyperband's do; trials are held against those
// of their own bracket (Li et al. 2018, "Hyperband", algorithm 1).
type Hyperband struct {
	MinSteps int // default 1
	MaxSteps int // the steps of a whole trial; default 27
	Eta      int // default 3
}

// Validate refuses numbers that make no sense.
func (p Percentile) Validate() error {
	if !(p.Percent >= 0 && p.Percent <= 100) || p.Startup < 0 {
		return fmt.Errorf("search: percentile: percent must be 0 to 100 and startup not negative (got %v, %d)", p.Percent, p.Startup)
	}
	return nil
}

// Validate refuses numbers that make no sense.
func (p ASHA) Validate() error { return validateRungs("asha", p.MinSteps, p.Eta) }

// Validate refuses numbers that make no sense.
func (p Hyperband) Validate() error {
	if p.MaxSteps < 0 {
		return fmt.Errorf("search: hyperband: the steps must be positive (got %d)", p.MaxSteps)
	}
	return validateRungs("hyperband", p.MinSteps, p.Eta)
}

func validateRungs(name string, first, eta int) error {
	if first < 0 || eta < 0 || eta == 1 {
		return fmt.Errorf("search: %s: the first step must be positive and eta 2 or more (got %d, %d)", name, first, eta)
	}
	return nil
}

// brackets returns how many brackets there are.
func (p Hyperband) brackets() int {
	n := 1
	for r := orDefault(p.MinSteps, 1) * orDefault(p.Eta, 3); r <= orDefault(p.MaxSteps, 27); r *= orDefault(p.Eta, 3) {
		n++
	}
	return n
}

// bracket returns the bracket of a trial, 0 for the one with the earliest first rung:
// of the trials of a round, bracket s gets the share that Hyperband gives the bracket of
// as many rungs, ceil((smax+1)/(k+1) eta^k) configurations with k = smax-s.
func (p Hyperband) bracket(number int) int {
	n, eta := p.brackets(), float64(orDefault(p.Eta, 3))
	sizes, round := make([]int, n), 0
	for s := range sizes {
		k := n - 1 - s
		sizes[s] = int(math.Ceil(float64(n) / float64(k+1) * math.Pow(eta, float64(k))))
		round += sizes[s]
	}
	// Within a round the brackets take turns, each as long as it has room.
	at := number % round
	for taken := 0; ; taken++ {
		for s := range sizes {
			if taken >= sizes[s] {
				continue
			}
			if at == 0 {
				return s
			}
			at--
		}
	}
}

// first returns the step of a bracket's first rung.
func (p Hyperband) first(bracket int) int {
	step := orDefault(p.MinSteps, 1)
	for range bracket {
		step *= orDefault(p.Eta, 3)
	}
	return step
}

// Rung implements Pruner.
func (p Hyperband) Rung(number, step int) bool {
	first := p.first(p.bracket(number))
	return step >= first && isRung(step, first, orDefault(p.Eta, 3))
}

// Prune implements Pruner.
func (p Hyperband) Prune(d Direction, history []Trial, t Trial) bool {
	bracket := p.bracket(t.Number)
	return halve(d, history, t, orDefault(p.Eta, 3), func(other Trial) bool { return p.bracket(other.Number) == bracket })
}

// orDefault returns x, or the default if x is zero.
func orDefault[T int | float64](x, def T) T {
	if x == 0 {
		return def
	}
	return x
}

var (
	_ Pruner = Percentile{}
	_ Pruner = ASHA{}
	_ Pruner = Hyperband{}
)
