package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mnisttune/bayes"
	"mnisttune/search"
	"mnisttune/search/importance"
)

// explainFlags is the command line of explain.
type explainFlags struct {
	study  studyFlags
	points int
}

// explainReport is what explain prints with --json. Absent parts are null.
type explainReport struct {
	Study      string             `json:"study"`
	StudyName  string             `json:"study_name"`
	Metric     string             `json:"metric"`
	Direction  string             `json:"direction"`
	Complete   int                `json:"complete"`
	Pruned     int                `json:"pruned"` // that have a value; they count with it
	Importance []importanceReport `json:"importance"`
	Dependence []dependenceReport `json:"partial_dependence"`
	LeftOut    []bayes.LeftOut    `json:"leave_one_out"`
	Calibrated *calibrationReport `json:"calibration"`
}

// importanceReport has the shares of a parameter, 0 to 1.
type importanceReport struct {
	Parameter string  `json:"parameter"`
	PEDANOVA  float64 `json:"ped_anova"`
	FANOVA    float64 `json:"fanova"`
	FANOVASD  float64 `json:"fanova_sd"` // over the trees of the forest
}

type dependenceReport struct {
	Parameter string             `json:"parameter"`
	Points    []bayes.Dependence `json:"points"`
}

// calibrationReport sums the leave-one-out predictions up.
type calibrationReport struct {
	Within1 float64 `json:"within_1_sd"` // share of trials; 0.68 if the model is calibrated
	Within2 float64 `json:"within_2_sd"` // 0.95
	Error   float64 `json:"mean_absolute_error"`
	R2      float64 `json:"r2"` // share of the values' variance that the predictions explain
}

func newExplain(a *app) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say which parameters mattered in a study, and how",
		Long: `Say what the trials of a study have shown, whatever method chose them. The file is only
read: a search may be running on it.

  importance           near the top: which parameters one must choose well to be among the
                       best tenth, at least five (PED-ANOVA); overall: which share of the results' variance
                       each explains alone (fANOVA)
  partial dependence   what a Gaussian process expects of each value of a parameter, averaged
                       over the others, and a standard deviation of what it does not know
  leave one out        how well it predicts each complete trial from the others, so whether
                       to believe it

Pruned trials count with the value that they had.`,
		Example: `  mnist-tune explain --study mnist-tune.study
  mnist-tune explain --study mnist-tune.study --points 20 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.explain(cmd, &f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	f.study.addShown(cmd)
	fs.IntVar(&f.points, "points", 7, "values of a parameter at which its dependence is shown")
	return cmd
}

func (a *app) explain(cmd *cobra.Command, f *explainFlags) error {
	if f.points < 2 {
		return usage(fmt.Errorf("--points must be 2 or more (got %d)", f.points))
	}
	record, err := theStudy(cmd, f.study.file, f.study.name)
	if err != nil {
		return err
	}
	space, err := spaceOf(record)
	if err != nil {
		return err
	}
	settings, _, err := settingsOf(record)
	if err != nil {
		return err
	}
	r := explainReport{Study: f.study.file, StudyName: record.Name, Metric: "value", Direction: record.Directions[0].String()}
	if settings.Metric != "" {
		r.Metric = splitMetrics(settings.Metric)[0]
	}
	trials := publicTrials(record)
	var valued []search.Trial
	for _, t := range trials {
		if _, err := space.Check(t.Params); err != nil {
			continue // it says nothing of this space
		}
		if _, ok := t.Value(); ok && t.State == search.Pruned {
			r.Pruned++
			t.State = search.Complete
		} else if t.State == search.Complete {
			r.Complete++
		}
		valued = append(valued, t)
	}
	err = r.weigh(space, record.Directions[0], valued)
	if err == nil {
		err = r.model(space, record.Directions[0], trials, f.points)
	}
	if errors.Is(err, importance.ErrTooFewTrials) || errors.Is(err, bayes.ErrNoTrials) {
		return fmt.Errorf("study %q has %d complete and %d pruned trials, too few to explain anything", record.Name, r.Complete, r.Pruned)
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(r)
	}
	return r.print(a)
}

// spaceOf returns the space that a study was begun with or, if another program has begun
// it, that of its last trial.
func spaceOf(record *search.StudyRecord) (search.Space, error) {
	constants, known, err := record.Constants()
	if err != nil || known {
		return constants.Space, err
	}
	return foreignSpace(record)
}

// weigh adds the importance of the parameters.
func (r *explainReport) weigh(space search.Space, d search.Direction, trials []search.Trial) error {
	top, err := importance.PEDANOVA(space, d, trials, importance.Quantiles{Target: max(0.1, min(5/float64(max(1, r.Complete+r.Pruned)), 0.5))})
	if err != nil {
		return err
	}
	whole, err := importance.FANOVA(space, trials, importance.Forest{})
	if err != nil {
		return err
	}
	for _, share := range top {
		row := importanceReport{Parameter: share.Parameter, PEDANOVA: share.Value}
		for _, other := range whole {
			if other.Parameter == share.Parameter {
				row.FANOVA, row.FANOVASD = other.Value, other.SD
			}
		}
		r.Importance = append(r.Importance, row)
	}
	return nil
}

// model adds what a Gaussian process has learnt.
func (r *explainReport) model(space search.Space, d search.Direction, trials []search.Trial, points int) error {
	x, err := new(bayes.Sampler).Explain(search.Request{Space: space, Directions: []search.Direction{d}, History: trials, Number: len(trials)})
	if err != nil {
		return err
	}
	for _, row := range r.Importance {
		dependence, err := x.PartialDependence(row.Parameter, points)
		if err != nil {
			return err
		}
		r.Dependence = append(r.Dependence, dependenceReport{row.Parameter, dependence})
	}
	if r.LeftOut, err = x.LeaveOneOut(); err != nil {
		return err
	}
	r.calibrate()
	return nil
}

// calibrate sums the predictions up.
func (r *explainReport) calibrate() {
	n := float64(len(r.LeftOut))
	if n < 2 {
		return
	}
	var c calibrationReport
	mean, residual, total := 0.0, 0.0, 0.0
	for _, l := range r.LeftOut {
		mean += l.Value / n
	}
	for _, l := range r.LeftOut {
		if math.Abs(l.Z) <= 1 {
			c.Within1 += 1 / n
		}
		if math.Abs(l.Z) <= 2 {
			c.Within2 += 1 / n
		}
		c.Error += math.Abs(l.Value-l.Mean) / n
		residual += (l.Value - l.Mean) * (l.Value - l.Mean)
		total += (l.Value - mean) * (l.Value - mean)
	}
	if total > 0 {
		c.R2 = 1 - residual/total
	}
	r.Calibrated = &c
}

// barWidth is how many characters the longest bar of a dependence has.
const barWidth = 30

// extremes returns the least and the greatest mean of all dependences.
func (r *explainReport) extremes() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, d := range r.Dependence {
		for _, p := range d.Points {
			low, high = min(low, p.Mean), max(high, p.Mean)
		}
	}
	return low, high
}

func (r *explainReport) print(a *app) error {
	fmt.Fprintf(a.stdout, "what %d complete and %d pruned trials of the study %q say about %s (to %s)\n\n", r.Complete, r.Pruned, r.StudyName, r.Metric, r.Direction)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "importance\tnear the top\toverall\t")
	for _, row := range r.Importance {
		fmt.Fprintf(table, "%s\t%.0f %%\t%.0f %% ± %.0f\t\n", row.Parameter, 100*row.PEDANOVA, 100*row.FANOVA, 100*row.FANOVASD)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	low, high := r.extremes()
	for _, d := range r.Dependence {
		fmt.Fprintf(a.stdout, "\n%s: what to expect, averaged over the other parameters\n", d.Parameter)
		table = tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, p := range d.Points {
			length := barWidth
			if high > low {
				length = 1 + int(math.Round((barWidth-1)*(p.Mean-low)/(high-low)))
			}
			fmt.Fprintf(table, "%s\t%.4f ± %.4f\t  %s\n", cell(p.Value), p.Mean, (p.High-p.Low)/2, strings.Repeat("█", length))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if c := r.Calibrated; c != nil {
		fmt.Fprintf(a.stdout, "\nhow far to believe it: predicted from the others, %.0f %% of the %d complete trials lie within one standard deviation\n", 100*c.Within1, len(r.LeftOut))
		fmt.Fprintf(a.stdout, "(68 %% if it is calibrated) and %.0f %% within two (95 %%); the mean error is %.4f, R² %.2f\n", 100*c.Within2, c.Error, c.R2)
	}
	return nil
}
