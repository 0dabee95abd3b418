package bayes

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"mnisttune/search"
)

// asksVariable says how many asks TestDegenerateHistories makes; the default is small.
const asksVariable = "BAYES_DEGENERATE_ASKS"

// oddValues are what degenerate objectives return.
var oddValues = []float64{1e300, -math.MaxFloat64, math.MaxFloat64, 5e-324, 0, 1, 1 + 0x1p-52, -1, 1e-300, math.NaN()}

// oddSpaces are spaces that leave hardly anything to compute with.
func oddSpaces(t testing.TB) []search.Space {
	huge := search.Int("n", 1, 1<<40)
	huge.Log = true
	return []search.Space{
		mixedSpace(t),
		space(t, search.LogFloat("x", 1e-300, 1e300)),
		space(t, search.Float("x", -1e308, 0), search.Float("y", 1, math.Nextafter(1, 2))),
		space(t, search.Int("n", -1<<53, 1<<53), search.Words("w", "a", "b")),
		space(t, search.Int("n", 1, 90), search.Int("m", 1, 90), search.OneOf("k", 0.5, 2, 100)),
		space(t, search.OneOf("a", 1, 2, 5), search.Words("b", "u", "v"), search.Int("c", 1, 4)),
		space(t, huge, search.Float("fixed", 2, 2), search.Float("z", 0, 1)),
	}
}

// oddTrial makes a trial of a history whose kind says what the values are like.
func oddTrial(sp search.Space, number, kind int, rng *rand.Rand) search.Trial {
	u := make([]float64, sp.Len())
	for j := range u {
		u[j] = rng.Float64()
		if kind%3 == 0 { // all close together
			u[j] = 0.5 + 1e-9*u[j]
		}
	}
	trial := search.Trial{Number: number, State: search.Complete, Params: sp.Decode(u), Attrs: map[string]json.RawMessage{}, Seconds: rng.Float64()}
	v := oddValues[rng.IntN(len(oddValues))]
	if kind%4 == 1 {
		v = oddValues[kind%len(oddValues)] // all equal
	}
	switch rng.IntN(8) {
	case 0:
		trial.State = search.Running
		return trial
	case 1:
		trial.State = search.Pruned
		trial.Reports = []search.Report{{Step: 1 + rng.IntN(2), Value: -v}}
	case 2:
		trial.Attrs[search.AttrScores] = json.RawMessage(`[1e308,-1e308,3]`)
		trial.Attrs[Attr] = json.RawMessage(`{"source":"fit","hyperparameters":{"length_scales":[1e-9],"scale":1,"noise":0}}`)
	}
	if math.IsNaN(v) {
		trial.State = search.Failed
		return trial
	}
	trial.Values = []float64{v}
	if trial.State == search.Complete {
		trial.Reports = []search.Report{{Step: 1, Value: -v}, {Step: 2, Value: v}}
	}
	return trial
}

// TestDegenerateHistories asks of histories that make no sense: no error but
// ErrExhausted, no repeat, nothing out of the space, nothing that is not finite.
func TestDegenerateHistories(t *testing.T) {
	asks, _ := strconv.Atoi(os.Getenv(asksVariable))
	asks = max(asks, 60)
	spaces := oddSpaces(t)
	kinds := []Acquisition{LogEI, EI, PI, UCB}
	exhausted := 0
	for done := 0; done < asks; {
		rng := rand.New(rand.NewPCG(uint64(done), 11))
		sp := spaces[rng.IntN(len(spaces))]
		s := &Sampler{Acquisition: kinds[rng.IntN(len(kinds))], Draws: rng.IntN(3), Warp: rng.IntN(2) == 0, InitialPoints: rng.IntN(3)}
		s.MeasuredCost = s.Acquisition != UCB && rng.IntN(2) == 0
		d := search.Direction(1 + rng.IntN(2))
		var history []search.Trial
		seen := map[string]bool{}
		for kind, n := rng.IntN(12), rng.IntN(25); len(history) < n; {
			trial := oddTrial(sp, len(history), kind, rng)
			seen[sp.Key(trial.Params)] = true
			history = append(history, trial)
		}
		for range 5 {
			trial, err := ask(s, sp, d, history, uint64(done))
			done++
			if errors.Is(err, search.ErrExhausted) {
				exhausted++
				break
			}
			if err != nil {
				t.Fatalf("%+v: %v", *s, err)
			}
			if seen[sp.Key(trial.Params)] {
				t.Fatalf("%+v: %v is proposed again", *s, trial.Params)
			}
			if n, ok := Why(trial); !ok || n.Prediction != nil && !(n.Prediction.SD >= 0 && n.Prediction.ExpectedImprovement >= 0) {
				t.Fatalf("%+v: the note is %s", *s, trial.Attrs[Attr])
			}
			seen[sp.Key(trial.Params)] = true
			trial.State, trial.Values = search.Complete, []float64{oddValues[rng.IntN(len(oddValues)-1)]}
			history = append(history, trial)
		}
		req := search.Request{Space: sp, Directions: []search.Direction{d}, History: history}
		complete := slices.ContainsFunc(history, func(t search.Trial) bool { return t.State == search.Complete })
		if _, mean, sd, err := s.Recommend(req); complete && (err != nil || !finite(mean, sd)) || !complete && !errors.Is(err, ErrNoTrials) {
			t.Fatalf("%+v: recommended %v +- %v, %v", *s, mean, sd, err)
		}
	}
	t.Logf("%d asks, exhausted %d times", asks, exhausted)
}
