package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/search"
)

func (r *searchReport) print(a *app) error {
	if a.json {
		return a.printJSON(r)
	}
	if err := r.printTable(a); err != nil {
		return err
	}
	if r.Best == nil {
		_, err := fmt.Fprintf(a.stdout, "\n%v\n", r.nothing())
		return err
	}
	metric := splitMetrics(r.Metric)[0]
	if len(r.Front) > 0 {
		fmt.Fprintf(a.stdout, "\nno trial is better in %s at once than those marked *\n", strings.ReplaceAll(r.Metric, ",", " and "))
	}
	fmt.Fprintf(a.stdout, "\nbest trial     #%d of %d (%s)\n%-14s %s\n", r.Best.Number, len(r.Trials), r.Method, metric, withSD(r.Best.Value, r.Best.SD))
	if r.Recommended.Number != r.Best.Number || len(r.Retests) > 0 {
		fmt.Fprintf(a.stdout, "recommended    #%d, %s\n%-14s %s\n", r.Recommended.Number, r.Recommended.Why, metric, withSD(r.Recommended.Mean, r.Recommended.SD))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Recommended.Params)) {
		fmt.Fprintf(a.stdout, "  %-16s %v\n", name, r.Recommended.Params[name])
	}
	if r.TestAccuracy != nil {
		fmt.Fprintf(a.stdout, "test accuracy  %.4f (trained on all rows for %d epochs)\n", *r.TestAccuracy, *r.RefitEpochs)
	}
	if r.Jobs > 0 { // it was searched just now
		fmt.Fprintf(a.stdout, "time           %s (seed %d)\n", ui.Duration(time.Duration(r.Seconds*float64(time.Second))), r.Seed)
	}
	if r.Model != nil {
		fmt.Fprintf(a.stdout, "saved          %s\n", *r.Model)
	} else if r.TestAccuracy != nil {
		fmt.Fprintf(a.stdout, "train it again with: %s\n", r.command)
	}
	return nil
}

// nothing says why there is no best trial.
func (r *searchReport) nothing() error {
	for _, t := range r.Trials {
		if t.State == search.Complete {
			return errors.New("no complete trial keeps the constraints")
		}
	}
	return errors.New("no trial is complete")
}

// printTable prints a row a trial.
func (r *searchReport) printTable(a *app) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	var names []string
	for _, text := range r.Space {
		name, _, _ := strings.Cut(text, "=")
		names = append(names, name)
	}
	metrics := splitMetrics(r.Metric)
	fmt.Fprintf(table, "trial\t%s\t%s\tbest epoch\tseconds\tsamples/s\tstate\t\n", strings.Join(names, "\t"), strings.Join(metrics, "\t"))
	for _, t := range r.Trials {
		row := []string{fmt.Sprint(t.Number)}
		for _, name := range names {
			row = append(row, cell(t.Params[name]))
		}
		row = append(row, t.valueCells(len(metrics))...)
		epoch, seconds, speed := "-", "-", "-"
		if t.BestEpoch != nil && *t.BestEpoch > 0 {
			epoch = fmt.Sprint(*t.BestEpoch)
		}
		if t.Seconds != nil {
			seconds = fmt.Sprintf("%.1f", *t.Seconds)
		}
		if t.SamplesPerSecond != nil {
			speed = thousands(*t.SamplesPerSecond)
		}
		row = append(row, epoch, seconds, speed, r.stateCell(t))
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	return table.Flush()
}

// valueCells renders the values of a trial, one an objective.
func (t trialReport) valueCells(objectives int) []string {
	cells := slices.Repeat([]string{"-"}, objectives)
	if t.Value != nil {
		cells[0] = fmt.Sprintf("%.4f", *t.Value)
	}
	for i := 1; i < min(objectives, len(t.Values)); i++ {
		if cells[i] = cell(t.Values[i]); t.Values[i] == math.Trunc(t.Values[i]) && math.Abs(t.Values[i]) < 1e9 { // a count
			cells[i] = fmt.Sprintf("%.0f", t.Values[i])
		}
	}
	return cells
}

// stateCell renders the state of a trial, whether it is allowed, and whether it is among
// the best.
func (r *searchReport) stateCell(t trialReport) string {
	text := t.State.String()
	if slices.ContainsFunc(t.Constraints, func(c float64) bool { return c > 0 }) {
		text = "infeasible"
	}
	best := r.Best != nil && r.Best.Number == t.Number
	if len(r.Front) > 0 {
		best = slices.ContainsFunc(r.Front, func(f frontReport) bool { return f.Number == t.Number })
	}
	if best {
		text += " *"
	}
	return text
}

// withSD renders a mean and the deviation of what it is of, if that is known.
func withSD(mean float64, sd *float64) string {
	if sd == nil {
		return fmt.Sprintf("%.4f", mean)
	}
	return fmt.Sprintf("%.4f (sd %.4f)", mean, *sd)
}

// cell renders a parameter's value; inactive parameters have none.
func cell(v any) string {
	switch x := v.(type) {
	case nil:
		return "-"
	case float64:
		return fmt.Sprintf("%.4g", x)
	}
	return fmt.Sprint(v)
}
