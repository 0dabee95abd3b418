package bayes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"mnisttune/search"
)

// backgroundPoints is how many configurations, evenly spread over the space, a partial
// dependence is averaged over.
const backgroundPoints = 64

// Dependence is what the process expects of the objective where one parameter has a
// value, averaged over the others, in the objective's own units.
type Dependence struct {
	Value any `json:"value"`
	// Mean is the expected average, and Low and High are a standard deviation of what
	// the process does not know on either side of it.
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Explanation is what the process has learnt from a study's finished trials.
type Explanation struct {
	sampler *Sampler
	encoder *encoder
	model   *model
	request search.Request
}

// Explain has the process learn from the finished trials of a request, as it would before
// the next suggestion. The errors are Sample's, and ErrNoTrials when no trial is complete.
// Neither req.Number nor req.Attrs is used; req.Rand may be nil. An Explanation is used by
// one goroutine at a time.
func (s *Sampler) Explain(req search.Request) (*Explanation, error) {
	if err := s.validateOne(req); err != nil {
		return nil, err
	}
	e, err := newEncoder(req.Space)
	if err != nil {
		return nil, fmt.Errorf("bayes: reading the space: %w", err)
	}
	if req.Rand == nil {
		req.Rand = rand.New(rand.NewPCG(req.Seed, uint64(len(req.History))))
	}
	h := recall(e, req)
	h.pending = nil
	if !slices.ContainsFunc(h.finished, func(f finished) bool { return f.complete }) {
		return nil, ErrNoTrials
	}
	m := s.learn(e, h, req.Rand)
	if m == nil {
		return nil, fmt.Errorf("bayes: explaining: the process cannot be conditioned on the %d trials", len(h.finished))
	}
	return &Explanation{s, e, m, req}, nil
}

// PartialDependence returns the dependence on a parameter at so many values from end to end
// of its range, or at all its values if they are fewer or words (Friedman 2001, eq. 51); at
// fewer where several are of one integer on a log scale. The
// average is over configurations that are evenly spread over the space and in which the
// parameter takes part. Its deviation is of first order: what the process does not know on
// the scale where it learns, times the slopes with which that is brought back.
func (x *Explanation) PartialDependence(parameter string, points int) ([]Dependence, error) {
	i := -1
	for k, p := range x.encoder.params {
		if p.Name == parameter {
			i = k
		}
	}
	if i < 0 {
		return nil, fmt.Errorf("bayes: partial dependence: no parameter %q", parameter)
	}
	if points < 1 {
		return nil, fmt.Errorf("bayes: partial dependence: want 1 point or more (got %d)", points)
	}
	var out []Dependence
	background := sobol(backgroundPoints, len(x.encoder.params), rand.New(rand.NewPCG(x.request.Seed, 0x706470)))
	for _, u := range x.places(i, points) {
		var rows [][]float64
		var value any
		for _, b := range background {
			b[i] = u
			if p := x.request.Space.Decode(b); p[parameter] != nil {
				value = p[parameter]
				rows = append(rows, x.encoder.encode(p))
			}
		}
		if rows == nil || len(out) > 0 && out[len(out)-1].Value == value {
			continue // it takes part in none of them, or two places are of one value
		}
		mean, sd := x.model.average(rows)
		mean = signed(mean, x.request.Directions[0])
		out = append(out, Dependence{Value: value, Mean: mean, Low: mean - sd, High: mean + sd})
	}
	return out, nil
}

// places returns coordinates of a parameter from end to end of its range.
func (x *Explanation) places(i, points int) []float64 {
	n := x.encoder.levels[i]
	if n > 0 && (n <= points || x.encoder.params[i].Kind == search.Category) {
		out := make([]float64, n)
		for k := range out {
			out[k] = x.encoder.place(i, k)
		}
		return out
	}
	out := make([]float64, points)
	for k := range out {
		out[k] = 0.5
		if points > 1 {
			out[k] = float64(k) / float64(points-1)
		}
	}
	return out
}

// average returns the mean and the standard deviation of the average of the objective over
// rows of columns, small being good. Draws of the hyperparameters are mixed.
func (m *model) average(rows [][]float64) (mean, sd float64) {
	n := float64(len(m.mixture.members))
	means, variance := make([]float64, len(m.mixture.members)), 0.0 // in units of outputs.unit
	for k, a := range m.mixture.members {
		slopes := make([]float64, len(rows))
		for i, x := range rows {
			t, _ := a.predict(x)
			v := m.outputs.inverseUnits(t)
			means[k] += v / float64(len(rows))
			if s := m.outputs.slopeUnits(v); s > 0 {
				slopes[i] = 1 / s / float64(len(rows))
			}
		}
		variance += a.gp.combined(a.gp.warpRows(rows, a.gp.nominal), slopes) / n
		mean += means[k] / n
	}
	for _, mu := range means {
		variance += (mu - mean) * (mu - mean) / n
	}
	return mean * m.outputs.unit, math.Sqrt(variance) * m.outputs.unit
}

// combined returns the posterior variance of the sum of f at rows, as the kernel sees them,
// times weights.
func (g *gp) combined(rows [][]float64, weights []float64) float64 {
	sum, k := make([]float64, len(g.x)), make([]float64, len(g.x))
	prior := 0.0
	for i, row := range rows {
		g.cross(row, k, nil)
		for j, c := range k {
			sum[j] += weights[i] * c
		}
		for j, other := range rows {
			c, _ := matern52(g.distance(row, other))
			prior += weights[i] * weights[j] * g.Scale * c
		}
	}
	g.l.forward(sum)
	return max(0, prior-dot(sum, sum))
}

// LeftOut is what the process says of a trial that it has not seen, having learnt from all
// others with the same hyperparameters, in the objective's own units.
type LeftOut struct {
	Trial int     `json:"trial"`
	Value float64 `json:"value"`
	Mean  float64 `json:"mean"`
	// Low and High are a standard deviation on either side, noise included.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Z is how many standard deviations the value is off, on the scale on which the
	// process learns: of a calibrated process two thirds lie between -1 and 1.
	Z float64 `json:"z"`
}

// LeaveOneOut returns the prediction of every complete trial with a finite value from the others (Rasmussen &
// Williams 2006, eq. 5.12), in the order of their numbers.
func (x *Explanation) LeaveOneOut() ([]LeftOut, error) {
	m := x.model
	g, ok := m.obs.condition(m.hyper.Hyperparameters)
	if !ok {
		return nil, fmt.Errorf("bayes: leave one out: the process cannot be conditioned on the %d trials", len(m.trials))
	}
	inverse, ok := g.l.inverse()
	if !ok {
		return nil, fmt.Errorf("bayes: leave one out: the covariance of the %d trials has no inverse", len(m.trials))
	}
	alpha := append([]float64(nil), g.white...)
	g.l.backward(alpha)
	// The constant mean is learnt too: K + meanVariance 1 1ᵀ takes the place of K, whose
	// inverse follows from K's by Sherman and Morrison's formula.
	ones := make([]float64, len(m.trials))
	for i := range ones {
		ones[i] = 1
	}
	g.l.forward(ones)
	information := dot(ones, ones) + 1/meanVariance
	g.l.backward(ones)
	d := x.request.Directions[0]
	at := func(t float64) float64 { return signed(m.outputs.inverse(t), d) }
	var out []LeftOut
	for i, f := range m.trials {
		if !f.complete || !finite(f.value) {
			continue
		}
		precision := inverse[i*len(m.trials)+i] - ones[i]*ones[i]/information
		mean, sd := m.obs.y[i]-alpha[i]/precision, 1/math.Sqrt(precision)
		low, high := at(mean-sd), at(mean+sd)
		out = append(out, LeftOut{
			Trial: f.number, Value: signed(f.value, d), Mean: at(mean), Low: min(low, high), High: max(low, high), Z: (m.obs.y[i] - mean) / sd,
		})
	}
	return out, nil
}
