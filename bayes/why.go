package bayes

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/mathext"

	"mnisttune/search"
)

// Attr is the attribute under which a trial keeps its [Note].
const Attr = "bayes"

// Note is what a suggestion leaves in its trial's attributes:
//
//	{"source":"fit","acquisition":-2.31,
//	 "prediction":{"mean":0.976,"sd":0.004,"expected_improvement":0.0009,"incumbent":17,"incumbent_mean":0.978},
//	 "hyperparameters":{"length_scales":[0.31,2.6],"scale":1.2,"noise":0.004}}
//
// A trial of the start design has a source only.
type Note struct {
	Source Source `json:"source"`
	// Acquisition is its value at the suggestion, in the sampler's own scale of
	// outputs, where a standard deviation of all trials' values is 1.
	Acquisition *float64 `json:"acquisition,omitempty"`
	// Prediction says what was expected of the trial.
	Prediction *Prediction `json:"prediction,omitempty"`
	// Hyperparameters are those of greatest posterior density; the next fit starts
	// from them.
	Hyperparameters *Hyperparameters `json:"hyperparameters,omitempty"`
	// Second are those of the second objective.
	Second *Hyperparameters `json:"second_hyperparameters,omitempty"`
}

// Prediction is what the process said of a configuration before it was tried, in
// the objective's own units.
type Prediction struct {
	Mean float64 `json:"mean"`
	// SD is the standard deviation of the objective there, noise apart.
	SD float64 `json:"sd"`
	// ExpectedImprovement over IncumbentMean is never negative, whatever the direction.
	ExpectedImprovement float64 `json:"expected_improvement"`
	// Incumbent is the number of the trial with the best predicted mean so far.
	Incumbent     int     `json:"incumbent"`
	IncumbentMean float64 `json:"incumbent_mean"`
}

// Source says where a suggestion comes from.
type Source string

const (
	FromDesign  Source = "design"                  // spread evenly, without a look at the results
	FromFit     Source = "fit"                     // the process with fitted hyperparameters
	FromLast    Source = "last fit"                // the fit failed: those of an earlier trial
	FromDefault Source = "default hyperparameters" // there were none: the mode of their prior
)

// Why returns the note of a trial that this package has suggested; ok is false for
// others.
func Why(t search.Trial) (n Note, ok bool) {
	raw, ok := t.Attrs[Attr]
	if !ok || json.Unmarshal(raw, &n) != nil || n.Source == "" {
		return Note{}, false
	}
	return n, true
}

// quantiles is how many equally probable points of a prediction are taken to the
// objective's own units, where it is no longer a normal distribution.
const quantiles = 32

// spectrum returns quantiles of the prediction at the columns x under all draws of
// the hyperparameters, in the objective's own units, small being good.
func (m *model) spectrum(x []float64) []float64 {
	var out []float64
	for _, a := range m.mixture.members {
		mean, sd := a.predict(x)
		for q := range quantiles {
			z := mathext.NormalQuantile((float64(q) + 0.5) / quantiles)
			out = append(out, m.outputs.inverse(mean+sd*z))
		}
	}
	return out
}

// predict returns the prediction at the columns x and the incumbent's; nil where it
// is not finite or where no trial is complete.
func (m *model) predict(x []float64, d search.Direction) *Prediction {
	i, ok := m.incumbent()
	if !ok {
		return nil
	}
	best, _ := moments(m.spectrum(m.obs.x[i]))
	points := m.spectrum(x)
	p := &Prediction{Incumbent: m.trials[i].number, IncumbentMean: signed(best, d)}
	for _, v := range points {
		p.ExpectedImprovement += max(0, best-v) / float64(len(points))
	}
	p.Mean, p.SD = moments(points)
	p.Mean = signed(p.Mean, d)
	if !finite(p.Mean, p.SD, p.ExpectedImprovement, p.IncumbentMean) {
		return nil
	}
	return p
}

func moments(x []float64) (mean, sd float64) {
	top := 0.0 // divided out, so that no square overflows
	for _, v := range x {
		mean += v / float64(len(x))
		top = max(top, math.Abs(v))
	}
	if top == 0 {
		return mean, 0
	}
	for _, v := range x {
		sd += (v - mean) / top * (v - mean) / top / float64(len(x))
	}
	return mean, top * math.Sqrt(sd)
}
