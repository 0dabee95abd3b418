package tune

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mnisttune/search"
)

// Measures lists what can be measured of a trial beside its metric, as a further objective
// or under a constraint: parameters (weights and biases of one network), samples_per_second
// (of the training steps), seconds (of training and validation, all networks), latency (the
// median time to judge one row, in seconds; a trial whose last weights are not finite has
// none and fails where it is asked for); val_accuracy and val_loss of the best epoch
// under a constraint only. All but parameters and the last two depend on the machine and on
// what else it does: a study that uses them cannot be repeated bit for bit.
var Measures = []string{"parameters", "samples_per_second", "seconds", "latency", "val_accuracy", "val_loss"}

// latencyRows is how many rows the latency is measured on.
const latencyRows = 101

// directionOf returns whether large or small values of a metric or measure are good.
func directionOf(name string) search.Direction {
	if name == "val_accuracy" || name == "samples_per_second" {
		return search.Maximize
	}
	return search.Minimize
}

// measure returns a measure of trained networks, which is taken once.
func (g *group) measure(ctx context.Context, name string) (float64, error) {
	if value, ok := g.measured[name]; ok {
		return value, nil
	}
	value, err := g.take(ctx, name)
	if err != nil {
		return 0, err
	}
	g.measured[name] = value
	return value, nil
}

func (g *group) take(ctx context.Context, name string) (float64, error) {
	switch name {
	case "parameters":
		return float64(g.trainings[0].Result().Parameters), nil
	case "samples_per_second":
		return g.samplesPerSecond(), nil
	case "seconds":
		sum := 0.0
		for _, t := range g.trainings {
			sum += t.Result().Seconds
		}
		return sum, nil
	case "latency":
		if err := g.trainings[0].Finish(); err != nil {
			return 0, err
		}
		return g.trainers[0].Latency(ctx, g.val, min(latencyRows, g.val.Len()))
	case "val_accuracy", "val_loss":
		value, _ := g.history[g.watch.Best-1].Metric(name) // the group has validated
		return value, nil
	}
	return 0, fmt.Errorf("tune: no measure %q (have: %s)", name, strings.Join(Measures, ", "))
}

// Constraint is a bound on a measure.
type Constraint struct {
	Measure string  `json:"measure"`
	Least   bool    `json:"least"` // Bound is the least that is allowed; else the most
	Bound   float64 `json:"bound"`
}

// ParseConstraint reads MEASURE<=BOUND or MEASURE>=BOUND.
func ParseConstraint(text string) (Constraint, error) {
	for _, sign := range []string{"<=", ">="} {
		name, bound, ok := strings.Cut(text, sign)
		if !ok {
			continue
		}
		c := Constraint{Measure: strings.TrimSpace(name), Least: sign == ">="}
		if !slices.Contains(Measures, c.Measure) {
			return c, fmt.Errorf("tune: constraint %q: no measure %q (have: %s)", text, c.Measure, strings.Join(Measures, ", "))
		}
		var err error
		if c.Bound, err = strconv.ParseFloat(strings.TrimSpace(bound), 64); err != nil || math.IsNaN(c.Bound) || math.IsInf(c.Bound, 0) {
			return c, fmt.Errorf("tune: constraint %q: the bound %q is no number", text, strings.TrimSpace(bound))
		}
		return c, nil
	}
	return Constraint{}, fmt.Errorf("tune: constraint %q: want MEASURE<=BOUND or MEASURE>=BOUND", text)
}

// String returns what ParseConstraint reads.
func (c Constraint) String() string {
	sign := "<="
	if c.Least {
		sign = ">="
	}
	return fmt.Sprintf("%s%s%v", c.Measure, sign, c.Bound)
}

// excess returns by how much a value breaks the constraint; at most 0 if it does not.
func (c Constraint) excess(value float64) float64 {
	if c.Least {
		return c.Bound - value
	}
	return value - c.Bound
}

// storeConstraints measures and stores by how much each constraint is broken.
func (o *Objective) storeConstraints(ctx context.Context, e *search.Evaluation, g *group) error {
	var out []float64
	for _, c := range o.Constraints {
		value, err := g.measure(ctx, c.Measure)
		if err != nil {
			return err
		}
		out = append(out, c.excess(value))
	}
	return e.SetConstraints(out...)
}
