package suggest

import (
	"strings"
	"testing"

	"mnisttune/bench/problem"
)

func named(t *testing.T, name string) problem.Problem {
	t.Helper()
	p, err := problem.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryMethodOnEveryKindOfSpace(t *testing.T) {
	for _, name := range []string{"branin", "rosenbrock4int", "func2c", "conditional", "descent", "car", "car4-noisy"} {
		p, measured := named(t, name), 0
		for _, m := range Methods() {
			if !m.Suits(p) {
				continue
			}
			measured++
			r, err := Measure(t.Context(), m, p, problem.Options{Trials: 12, Seed: 1})
			if err != nil {
				t.Error(err)
				continue
			}
			if last := r.Curve[11]; len(r.Curve) != 12 || !(last >= 0) || r.PerSuggestion <= 0 {
				t.Errorf("%s on %s: %+v", m.Name, name, r)
			}
		}
		if want := map[bool]int{true: len(Methods()), false: len(Methods()) - 1}[strings.Contains(name, "car") || name == "rosenbrock4int"]; measured != want {
			t.Errorf("%s: %d methods, want %d", name, measured, want)
		}
	}
}

func TestMeasureAnExhaustedSpace(t *testing.T) {
	p := named(t, "car")
	grid := Methods()[2]
	r, err := Measure(t.Context(), grid, p, problem.Options{Trials: 310})
	if err != nil || len(r.Curve) != 310 || r.Curve[309] != 0 || r.Solved < 1 || r.Solved > 300 || r.Curve[r.Solved-1] > p.Target {
		t.Errorf("%d values, solved after %d, %v", len(r.Curve), r.Solved, err)
	}
	if _, err := Measure(t.Context(), grid, p, problem.Options{}); err == nil {
		t.Error("no trials: want an error")
	}
}
