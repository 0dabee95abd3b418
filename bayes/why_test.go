package bayes

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mnisttune/search"
)

func TestWhySaysWhatWasExpected(t *testing.T) {
	sp := space(t, search.Float("x", -5, 10), search.Float("y", 0, 15))
	for _, d := range []search.Direction{search.Minimize, search.Maximize} {
		f := func(p search.Params) float64 { return signed(branin(p), d) }
		trials := study(t, &Sampler{}, sp, d, f, 25, 1, 4)
		off, best := 0.0, math.Inf(1)
		for i, trial := range trials {
			n, ok := Why(trial)
			if !ok {
				t.Fatalf("trial %d has no note", i)
			}
			if p := n.Prediction; p != nil {
				off += math.Abs(p.Mean-trial.Values[0]) / p.SD
				if p.SD <= 0 || p.ExpectedImprovement < 0 || p.Incumbent >= i {
					t.Errorf("trial %d: %+v", i, *p)
				}
				if shift := math.Abs(signed(p.IncumbentMean, d) - best); shift > 1+0.05*best {
					t.Errorf("trial %d: the incumbent's mean is %v, the best value %v", i, p.IncumbentMean, signed(best, d))
				}
			} else if n.Source != FromDesign {
				t.Errorf("trial %d, from %s, has no prediction", i, n.Source)
			}
			best = min(best, signed(trial.Values[0], d))
		}
		if off /= 21; off > 4 {
			t.Errorf("the values are %v predicted deviations off", off)
		}
	}
}

func TestWhyOfOtherTrials(t *testing.T) {
	for _, attrs := range []map[string]json.RawMessage{nil, {Attr: nil}, {Attr: json.RawMessage(`{}`)}, {Attr: json.RawMessage(`[1]`)}} {
		if n, ok := Why(search.Trial{Attrs: attrs}); ok {
			t.Errorf("%v: got %+v", attrs, n)
		}
	}
}

func TestMoments(t *testing.T) {
	for _, c := range []struct {
		x        []float64
		mean, sd float64
	}{
		{[]float64{1, 3}, 2, 1},
		{[]float64{0, 0}, 0, 0},
		{[]float64{1e300, -1e300}, 0, 1e300},
	} {
		mean, sd := moments(c.x)
		near(t, "mean", mean, c.mean, 1e-15)
		near(t, "sd", sd, c.sd, 1e-15)
	}
}

// parabola has its best value, 1, at x = 0.3.
func parabola(x float64) float64 { return 1 - 4*(x-0.3)*(x-0.3) }

// noisy makes n trials over x whose values are means of three scores.
func noisy(n int, sd float64, seed uint64) []search.Trial {
	rng := rand.New(rand.NewPCG(seed, 1))
	var trials []search.Trial
	for i := range n {
		x := (float64(i) + 0.5) / float64(n)
		scores, mean := make([]float64, 3), 0.0
		for k := range scores {
			scores[k] = parabola(x) + sd*rng.NormFloat64()
			mean += scores[k] / 3
		}
		raw, _ := json.Marshal(scores)
		trials = append(trials, search.Trial{Number: i, State: search.Complete, Params: search.Params{"x": x},
			Values: []float64{mean}, Attrs: map[string]json.RawMessage{search.AttrScores: raw}})
	}
	return trials
}

func recommend(s *Sampler, sp search.Space, history []search.Trial) (int, float64, float64, error) {
	return s.Recommend(search.Request{Space: sp, Directions: []search.Direction{search.Maximize}, History: history})
}

func TestRecommendIsNotTheLuckiest(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	lucky, recommended := 0.0, 0.0
	const runs = 20
	for seed := range uint64(runs) {
		trials := noisy(20, 0.3, seed)
		top := 0
		for i, trial := range trials {
			if trial.Values[0] > trials[top].Values[0] {
				top = i
			}
		}
		i, mean, sd, err := recommend(&Sampler{}, sp, trials)
		if err != nil || !(sd > 0) || math.Abs(mean-parabola(trials[i].Params["x"].(float64))) > 0.6 {
			t.Fatalf("trial %d, %v +- %v, %v", i, mean, sd, err)
		}
		lucky += parabola(trials[top].Params["x"].(float64)) / runs
		recommended += parabola(trials[i].Params["x"].(float64)) / runs
	}
	t.Logf("mean true value of the recommended trial %.3f, of the luckiest %.3f", recommended, lucky)
	if recommended < lucky || recommended < 0.93 {
		t.Errorf("the recommended trial is worth %v, the luckiest %v", recommended, lucky)
	}
}

func TestRecommendTakesCompleteTrials(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	trials := noisy(8, 0.01, 1)
	best, _, _, err := recommend(&Sampler{}, sp, trials)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []search.State{search.Pruned, search.Failed, search.Running} {
		other := append([]search.Trial(nil), trials...)
		other[best].State = state
		if i, _, _, err := recommend(&Sampler{}, sp, other); err != nil || i == best {
			t.Errorf("%v: got trial %d, %v", state, i, err)
		}
	}
	if i, mean, _, err := recommend(&Sampler{}, sp, trials[:1]); err != nil || i != 0 || math.Abs(mean-trials[0].Values[0]) > 0.5 {
		t.Errorf("of one trial: %d, %v, %v", i, mean, err)
	}
	for _, history := range [][]search.Trial{nil, {{State: search.Failed, Params: search.Params{"x": 0.1}}}} {
		if _, _, _, err := recommend(&Sampler{}, sp, history); !errors.Is(err, ErrNoTrials) {
			t.Errorf("of %v: got %v, want ErrNoTrials", history, err)
		}
	}
}

func TestKnownNoiseIsBroughtToScale(t *testing.T) {
	// A measurement moved by a small error moves its output by that of the delta method.
	trials := []finished{{value: 1}, {value: 2}, {value: 3}, {value: 4}, {value: 10, variance: 1e-8, scores: 2}, {value: 2.5, variance: 1e-8, scores: 2}}
	var y []float64
	for _, f := range trials {
		y = append(y, f.value)
	}
	scale, _ := fitOutputs(y)
	known := knownNoise(trials, scale)
	if known[0] != 0 {
		t.Errorf("a trial without scores has the variance %v", known[0])
	}
	up, down := scale.transform(2.5+1e-4), scale.transform(2.5-1e-4)
	// The other one's variance is pooled with it.
	near(t, "variance", known[5]-pooledDegrees*known[4], (1-pooledDegrees)*(up-down)*(up-down)/4, 1e-6)
	if known := knownNoise(trials[:4], scale); known != nil {
		t.Errorf("without scores: %v", known)
	}
}

func ExampleWhy() {
	trial := search.Trial{Attrs: map[string]json.RawMessage{Attr: json.RawMessage(
		`{"source":"fit","prediction":{"mean":0.976,"sd":0.004,"expected_improvement":0.0009,"incumbent":17,"incumbent_mean":0.978}}`)}}
	if n, ok := Why(trial); ok {
		p := n.Prediction
		fmt.Printf("%s: %.3f +- %.3f, to gain %.4f on trial %d\n", n.Source, p.Mean, p.SD, p.ExpectedImprovement, p.Incumbent)
	}
	// Output: fit: 0.976 +- 0.004, to gain 0.0009 on trial 17
}

// Neither a failed trial nor one whose noise is beyond all bounds says anything about the
// noise of the others.
func TestNoiseOfFailedTrials(t *testing.T) {
	sp := space(t, search.Float("x", 0, 1))
	var trials []search.Trial
	for i := range 8 {
		trials = append(trials, search.Trial{Number: i, State: search.Complete, Params: search.Params{"x": float64(i) / 10}, Values: []float64{float64(i)},
			Attrs: map[string]json.RawMessage{search.AttrScores: json.RawMessage(fmt.Sprintf("[%d.01, %d, %d.99]", i, i, i-1))}})
	}
	known := func(trials []search.Trial) []float64 {
		e, err := newEncoder(sp)
		if err != nil {
			t.Fatal(err)
		}
		h := recall(e, search.Request{Space: sp, Directions: []search.Direction{search.Minimize}, History: trials})
		scale, _ := fitOutputs([]float64{0, 1, 2, 3, 4, 5, 6, 7})
		return knownNoise(h.finished, scale)
	}
	want := known(trials)
	for name, change := range map[string]func(*search.Trial){
		"failed":    func(t *search.Trial) { t.State = search.Failed },
		"no number": func(t *search.Trial) { t.Values = []float64{math.NaN()} },
		"very noisy": func(t *search.Trial) {
			t.Attrs = map[string]json.RawMessage{search.AttrScores: json.RawMessage("[-900, 0, 921]")}
		},
	} {
		odd := slices.Clone(trials)
		change(&odd[7])
		for i, v := range known(odd)[:7] {
			if want[i] == 0 || v > 1.5*want[i] || v < want[i]/1.5 {
				t.Errorf("%s: trial %d has the noise %v, want about %v", name, i, v, want[i])
			}
		}
	}
}
