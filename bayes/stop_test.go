package bayes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"mnisttune/search"
)

// A noisy parabola is given up when its noise is all that is left; the same one without
// noise is refined.
func TestStopping(t *testing.T) {
	sp := space(t, search.Float("x", -1, 1), search.Float("y", -1, 1))
	run := func(noise float64) (trials []search.Trial, reason string) {
		study, err := search.NewStudy(search.StudyOptions{Space: sp, Sampler: &Stopping{&Sampler{}}, Seed: 4})
		if err != nil {
			t.Fatal(err)
		}
		err = search.Optimize(t.Context(), study, func(_ context.Context, e *search.Evaluation) (float64, error) {
			x, y := number(e.Params, "x"), number(e.Params, "y")
			return x*x + (y-0.3)*(y-0.3) + noise*rand.New(rand.NewPCG(9, uint64(e.Number))).NormFloat64(), nil
		}, search.OptimizeOptions{Trials: 45, OnEvent: func(e search.Event) {
			if e.Kind == search.Ended {
				reason = e.Reason
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return study.Trials(), reason
	}
	if trials, reason := run(0.1); reason != "nothing more to gain" || len(trials) < stopAfter || len(trials) == 45 {
		t.Errorf("with noise: %d trials, ended by %q", len(trials), reason)
	}
	trials, reason := run(0)
	best, _ := search.BestOf(search.Minimize, trials)
	if value, _ := best.Value(); reason != "45 trials" && value > 1e-4 {
		t.Errorf("without noise: ended by %q at %v after %d trials", reason, value, len(trials))
	}
}

func TestStoppingRefuses(t *testing.T) {
	sp := space(t, search.Int("x", 1, 9))
	one := []search.Direction{search.Minimize}
	for name, c := range map[string]struct {
		s search.Sampler
		d []search.Direction
	}{"stages": {search.Halving{Resource: "x"}, one}, "two objectives": {search.Random{}, append(one, one...)}} {
		req := search.Request{Space: sp, Directions: c.d, Rand: rand.New(rand.NewPCG(1, 1)), Attrs: map[string]any{}}
		if _, err := (&Stopping{c.s}).Sample(t.Context(), req); err == nil || errors.Is(err, search.ErrConverged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// slope is trials 1 to n of the values -1, -2 and so on.
func slope(n int) (trials []search.Trial) {
	for i := range n {
		trials = append(trials, search.Trial{Number: i, State: search.Complete, Params: search.Params{"n": i + 1}, Values: []float64{-float64(i + 1)}})
	}
	return trials
}

func gainOf(t *testing.T, sp search.Space, trials []search.Trial) float64 {
	t.Helper()
	gain, _, ok := expectedGain(search.Request{Space: sp, Directions: []search.Direction{search.Minimize}, History: trials, Rand: rand.New(rand.NewPCG(1, 1))})
	if !ok {
		t.Fatal("there is too little to tell")
	}
	return gain
}

// What pending trials may give is still to be gained.
func TestStoppingWaitsForPendingTrials(t *testing.T) {
	sp := space(t, search.Int("n", 1, 30))
	trials := slope(30)
	open := gainOf(t, sp, trials[:24])
	for i := range 6 {
		trials[24+i].State, trials[24+i].Values = search.Running, nil
	}
	if got := gainOf(t, sp, trials); open < 0.1 || got < 0.9*open {
		t.Errorf("with the last 6 pending %v is to be gained, with them open %v", got, open)
	}
}

// What breaks a measured constraint, or is likely to, is nothing to be gained.
func TestStoppingKnowsConstraints(t *testing.T) {
	sp := space(t, search.Int("n", 1, 40))
	trials := slope(30)
	free := gainOf(t, sp, trials)
	for i := range trials {
		trials[i].Attrs = map[string]json.RawMessage{search.AttrConstraints: json.RawMessage(fmt.Sprintf("[%v]", float64(i)-22.5))}
	}
	if got := gainOf(t, sp, trials); free < 0.1 || got > free/4 {
		t.Errorf("under a constraint %v is to be gained, without it %v", got, free)
	}
}
