package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mnisttune/nn/tune"
	"mnisttune/search"
)

// objectiveFlags say what is good, and what is allowed.
type objectiveFlags struct {
	metric      string
	constraints []string
}

func (f *objectiveFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.metric, "metric", "val_accuracy", "what is good: val_accuracy or val_loss; with commas also "+strings.Join(otherMeasures(), ", "))
	fs.StringArrayVar(&f.constraints, "constraint", nil, "what is allowed, such as 'parameters<=50000' or 'latency<=1e-4'; repeat for more")
	fs.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "objective" {
			name = "metric"
		}
		return pflag.NormalizedName(name)
	})
}

// splitMetrics returns the objectives of a --metric, the one of the epochs first.
func splitMetrics(text string) []string { return strings.Split(text, ",") }

// check refuses what cannot be measured.
func (f *objectiveFlags) check(pruner string) error {
	names := splitMetrics(f.metric)
	errs := []error{oneOf("metric", names[0], "val_accuracy", "val_loss")}
	for i, name := range names[1:] {
		errs = append(errs, oneOf("metric", name, otherMeasures()...))
		if slices.Contains(names[:i+1], name) {
			errs = append(errs, usage(fmt.Errorf("--metric %s: %s is there twice", f.metric, name)))
		}
	}
	if len(names) > 1 && pruner != "" && pruner != "none" {
		errs = append(errs, usage(fmt.Errorf("--pruner %s looks at one objective, --metric has %d: leave it out", pruner, len(names))))
	}
	_, err := parseConstraints(f.constraints)
	return errors.Join(append(errs, err)...)
}

// otherMeasures are the measures that may be further objectives.
func otherMeasures() []string {
	return slices.DeleteFunc(slices.Clone(tune.Measures), func(name string) bool { return strings.HasPrefix(name, "val_") })
}

func parseConstraints(texts []string) ([]tune.Constraint, error) {
	var out []tune.Constraint
	for _, text := range texts {
		c, err := tune.ParseConstraint(text)
		if err != nil {
			return nil, usage(err)
		}
		out = append(out, c)
	}
	return out, nil
}

// checkTogether refuses flags that do not go with what the study is, whether it is a new
// one or gone on with.
func (f *searchFlags) checkTogether(cmd *cobra.Command, p *plan) error {
	s, given := &p.settings, cmd.Flags().Changed
	several := len(p.directions) > 1
	switch most := mostObjectives(s.Method); {
	case most > 0 && len(p.directions) > most:
		return usage(fmt.Errorf("--method %s takes %d objectives at most (got %d: %s)", s.Method, most, len(p.directions), s.Metric))
	case several && (given("target") || given("patience") && f.patience > 0 || s.Retest > 0):
		return usage(errors.New("--target, --patience and --retest are for one objective: leave them out, or give --metric one"))
	case several && s.Stop == stopAuto:
		return usage(errors.New("--stop auto is for one objective: leave it out, or give --metric one"))
	case s.Stop == stopAuto && (s.Method == "halving" || s.Method == "grid"):
		return usage(fmt.Errorf("--stop auto does not go with --method %s", s.Method))
	case given("resource") && s.Method != "halving":
		return usage(fmt.Errorf("--resource belongs to --method halving (the study's is %s)", s.Method))
	case given("retest-seeds") && s.Retest == 0:
		return usage(errors.New("--retest-seeds belongs to --retest"))
	}
	return nil
}

// train has the plan's trials train networks.
func (p *plan) train() error {
	s := &p.settings
	names := splitMetrics(s.Metric)
	constraints, err := parseConstraints(s.Constraints)
	if err != nil {
		return err
	}
	p.training = &tune.Objective{Base: s.Config, Metric: names[0], Others: names[1:], Constraints: constraints, Options: p.options}
	p.training.Features, p.training.Classes = s.Features, s.Classes
	p.directions = p.training.Directions()
	p.evaluate = search.MultiObjective(p.training.EvaluateAll)
	if len(names) == 1 {
		p.evaluate = single(p.training.Evaluate)
	}
	return nil
}

// single makes a MultiObjective of an Objective.
func single(f search.Objective) search.MultiObjective {
	return func(ctx context.Context, e *search.Evaluation) ([]float64, error) {
		value, err := f(ctx, e)
		return []float64{value}, err
	}
}

// feasible returns which configurations may be tried, nil if all may.
func (p *plan) feasible() func(search.Params) bool {
	if p.training == nil || len(p.training.Constraints) == 0 {
		return nil
	}
	return p.training.Feasible
}

// joined renders directions.
func joined(ds []search.Direction) string {
	var words []string
	for _, d := range ds {
		words = append(words, d.String())
	}
	return strings.Join(words, ", ")
}
