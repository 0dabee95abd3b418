package search

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Only feasible configurations are tried, by every sampler, and none twice; when they are
// used up the space is exhausted. What is feasible is the same whoever asks.
func TestFeasibleConfigurations(t *testing.T) {
	space, err := ParseSpace([]string{"a=1..6", "b=1..6", "c=x,y:when=a>=4"})
	if err != nil {
		t.Fatal(err)
	}
	feasible := func(p Params) bool {
		a, _ := p.Int("a")
		b, _ := p.Int("b")
		return a*b <= 6
	}
	const want = 6 + 3 + 2 + 3*2 // for a from 1 to 3; from 4 on, b is 1, and there are two words
	for name, sampler := range map[string]Sampler{"grid": Grid{}, "random": Random{}, "sobol": Sobol{}} {
		study, err := NewStudy(StudyOptions{Space: space, Sampler: sampler, Feasible: feasible, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		err = Optimize(t.Context(), study, func(_ context.Context, e *Evaluation) (float64, error) {
			if !feasible(e.Params) {
				t.Errorf("%s: %v is tried", name, e.Params)
			}
			return 1, nil
		}, OptimizeOptions{})
		tried := make(map[string]bool)
		for _, trial := range study.Trials() {
			tried[space.Key(trial.Params)] = true
		}
		if err != nil || len(study.Trials()) != want || len(tried) != want {
			t.Errorf("%s: %d trials of %d configurations, want %d (%v)", name, len(study.Trials()), len(tried), want, err)
		}
	}
}

func TestNothingFeasible(t *testing.T) {
	space, err := ParseSpace([]string{"x=0.0..1.0"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := NewStudy(StudyOptions{Space: space, Feasible: func(Params) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := study.Ask(t.Context()); err == nil || !strings.Contains(err.Error(), "not feasible") {
		t.Errorf("got %v", err)
	}
}

// An infeasible trial is neither the best nor on the front.
func TestConstraintValues(t *testing.T) {
	space, err := ParseSpace([]string{"x=0..9"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := NewStudy(StudyOptions{Space: space, Sampler: Grid{}})
	if err != nil {
		t.Fatal(err)
	}
	err = Optimize(t.Context(), study, func(_ context.Context, e *Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		return x, e.SetConstraints(2.5-x, -1)
	}, OptimizeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	trials := study.Trials()
	if best, _ := study.Best(); best.Number != 3 || !best.Feasible() || trials[2].Feasible() {
		t.Errorf("the best is %+v", best)
	}
	if c := trials[4].Constraints(); len(c) != 2 || c[0] != -1.5 || c[1] != -1 {
		t.Errorf("constraints %v", c)
	}
	if top := Top(Minimize, trials, 2); len(top) != 2 || top[0].Number != 3 {
		t.Errorf("the top is %v", top)
	}
	if front := ParetoFront(study.Directions(), trials); len(front) != 1 || front[0].Number != 3 {
		t.Errorf("the front is %v", front)
	}
	if err := study.SetConstraints(0, 1); !errors.Is(err, ErrFinished) {
		t.Errorf("of a finished trial: %v", err)
	}
}

// A target is not reached by a trial that is not feasible.
func TestInfeasibleTrialsReachNoTarget(t *testing.T) {
	space, err := ParseSpace([]string{"x=0..9"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := NewStudy(StudyOptions{Space: space, Sampler: Grid{}})
	if err != nil {
		t.Fatal(err)
	}
	target := 5.0
	err = Optimize(t.Context(), study, func(_ context.Context, e *Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		return x, e.SetConstraints(3.5 - x)
	}, OptimizeOptions{Target: &target})
	if err != nil || len(study.Trials()) != 5 {
		t.Errorf("%d trials (%v), want 5: number 4 is the first that may reach it", len(study.Trials()), err)
	}
}
