package bayes

import (
	"errors"
	"math"
	"testing"

	"mnisttune/search"
)

// explained is what the process has learnt of f at n even points.
func explained(t *testing.T, sp search.Space, d search.Direction, n int, f func(search.Params) float64) *Explanation {
	t.Helper()
	var trials []search.Trial
	for i, u := range sobol(n, sp.Len(), nil) {
		for j := range u {
			u[j] = math.Mod(u[j]+0.31, 1)
		}
		p := sp.Decode(u)
		trials = append(trials, search.Trial{Number: i, State: search.Complete, Params: p, Values: []float64{f(p)}})
	}
	x, err := (&Sampler{}).Explain(search.Request{Space: sp, Directions: []search.Direction{d}, History: trials, Number: n})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Of 2a + b² - w the dependences are known: each is the term itself and the means of the
// others.
func TestPartialDependence(t *testing.T) {
	sp := space(t, search.Float("a", 0, 1), search.Float("b", -1, 1), search.Words("w", "no", "yes"))
	for _, d := range []search.Direction{search.Minimize, search.Maximize} {
		x := explained(t, sp, d, 60, func(p search.Params) float64 {
			y := 2*number(p, "a") + number(p, "b")*number(p, "b")
			if p["w"] == "yes" {
				y--
			}
			return y
		})
		for name, want := range map[string]func(v any) float64{
			"a": func(v any) float64 { return 2*v.(float64) + 1.0/3 - 0.5 },
			"b": func(v any) float64 { return 1 + v.(float64)*v.(float64) - 0.5 },
			"w": func(v any) float64 { return 1 + 1.0/3 - map[any]float64{"no": 0, "yes": 1}[v] },
		} {
			got, err := x.PartialDependence(name, 5)
			if err != nil {
				t.Fatal(err)
			}
			if n := map[string]int{"a": 5, "b": 5, "w": 2}[name]; len(got) != n {
				t.Errorf("%s: %d points, want %d", name, len(got), n)
			}
			for _, p := range got {
				if math.Abs(p.Mean-want(p.Value)) > 0.08 || p.Low > p.Mean || p.High < p.Mean || p.High-p.Low > 0.3 {
					t.Errorf("%v, %s = %v: %.3f in [%.3f, %.3f], want %.3f", d, name, p.Value, p.Mean, p.Low, p.High, want(p.Value))
				}
			}
		}
	}
}

func TestPartialDependenceOfConditionalParameters(t *testing.T) {
	sp := mixedSpace(t)
	x := explained(t, sp, search.Minimize, 40, func(p search.Params) float64 { return float64(len(p)) })
	for _, p := range sp.Params() {
		got, err := x.PartialDependence(p.Name, 3)
		if err != nil || len(got) == 0 {
			t.Errorf("%s: %v, %v", p.Name, got, err)
		}
		for _, point := range got {
			if !finite(point.Mean, point.Low, point.High) {
				t.Errorf("%s: %+v", p.Name, point)
			}
		}
	}
	if _, err := x.PartialDependence("nobody", 3); err == nil {
		t.Error("a parameter that is not there has a dependence")
	}
	if _, err := x.PartialDependence(sp.Params()[0].Name, 0); err == nil {
		t.Error("no points are a dependence")
	}
}

// The prediction of each trial is that of a process which is conditioned on the others
// only.
func TestLeaveOneOut(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	x := explained(t, sp, search.Minimize, 25, branin)
	got, err := x.LeaveOneOut()
	if err != nil || len(got) != 25 {
		t.Fatal(len(got), err)
	}
	m := x.model
	outside := 0
	for i, left := range got {
		var o observations = *m.obs
		o.x = append(append([][]float64(nil), m.obs.x[:i]...), m.obs.x[i+1:]...)
		o.y = append(append([]float64(nil), m.obs.y[:i]...), m.obs.y[i+1:]...)
		g, ok := o.condition(m.hyper.Hyperparameters)
		if !ok {
			t.Fatal("the others cannot be learnt from")
		}
		mean, variance := g.posterior(g.warpRows(m.obs.x[i:i+1], g.nominal)[0], make([]float64, 24), nil)
		near(t, "mean", left.Mean, m.outputs.inverse(mean), 1e-6*(1+math.Abs(left.Mean)))
		// The process itself does not count what it does not know of its mean.
		if sd, least := math.Abs(m.obs.y[i]-mean)/math.Abs(left.Z), math.Sqrt(variance+m.hyper.Noise); sd < least*(1-1e-6) || sd > 1.5*least {
			t.Errorf("trial %d: deviation %v, that of the process is %v", i, sd, least)
		}
		if left.Value != branin(x.request.History[i].Params) || left.Low > left.Mean || left.High < left.Mean {
			t.Errorf("%+v", left)
		}
		if math.Abs(left.Z) > 2 {
			outside++
		}
	}
	if outside > 4 {
		t.Errorf("%d of 25 trials are more than two deviations off", outside)
	}
}

func TestExplainNothing(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	if _, err := (&Sampler{}).Explain(search.Request{Space: sp, Directions: []search.Direction{search.Minimize}}); !errors.Is(err, ErrNoTrials) {
		t.Errorf("got %v", err)
	}
	if _, err := (&Sampler{}).Explain(search.Request{Space: sp}); err == nil {
		t.Error("no direction is taken")
	}
}

// Values of any size are explained as small ones are.
func TestExplainHugeValues(t *testing.T) {
	sp := space(t, search.Float("a", 0, 1))
	f := func(p search.Params) float64 { return 2*number(p, "a") - 1 }
	small, huge := explained(t, sp, search.Minimize, 12, f), explained(t, sp, search.Minimize, 12, func(p search.Params) float64 { return math.Ldexp(f(p), 1000) })
	want, err := small.PartialDependence("a", 4)
	if err != nil {
		t.Fatal(err)
	}
	got, err := huge.PartialDependence("a", 4)
	if err != nil || len(got) != 4 || len(want) != 4 {
		t.Fatal(got, want, err)
	}
	for i := range got {
		near(t, "mean", math.Ldexp(got[i].Mean, -1000), want[i].Mean, 1e-9)
		near(t, "low", math.Ldexp(got[i].Low, -1000), want[i].Low, 1e-9)
		if got[i].Low >= got[i].Mean {
			t.Errorf("%+v has no width", got[i])
		}
	}
}

// Integers on a log scale are named once.
func TestPartialDependenceNamesValuesOnce(t *testing.T) {
	n := search.Int("n", 1, 300)
	n.Log = true
	x := explained(t, space(t, n, search.Float("a", 0, 1)), search.Minimize, 12, func(p search.Params) float64 { return number(p, "n") })
	got, err := x.PartialDependence("n", 40)
	if err != nil || len(got) < 10 {
		t.Fatal(got, err)
	}
	for i := range got[1:] {
		if got[i].Value.(int) >= got[i+1].Value.(int) {
			t.Errorf("%v comes before %v", got[i].Value, got[i+1].Value)
		}
	}
}

// Complete trials without a finite value are not left out in turn, and a study of failures
// has nothing to explain.
func TestExplainOddTrials(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	var trials []search.Trial
	for i := range 8 {
		trials = append(trials, search.Trial{Number: i, State: search.Complete, Params: search.Params{"x": float64(i) / 10}, Values: []float64{float64(i)}})
	}
	trials[3].Values = []float64{math.Inf(1)}
	req := search.Request{Space: sp, Directions: []search.Direction{search.Minimize}, History: trials, Number: 8}
	x, err := (&Sampler{}).Explain(req)
	if err != nil {
		t.Fatal(err)
	}
	left, err := x.LeaveOneOut()
	if err != nil || len(left) != 7 {
		t.Errorf("%d predictions, %v", len(left), err)
	}
	for i := range trials {
		trials[i].State = search.Failed
	}
	if _, err := (&Sampler{}).Explain(req); !errors.Is(err, ErrNoTrials) {
		t.Errorf("of failures: %v", err)
	}
}
