package bayes

import (
	"context"
	"errors"
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
