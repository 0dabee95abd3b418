package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
)

// searchReport is what search prints with --json. Absent numbers are null.
type searchReport struct {
	Study        *string            `json:"study"` // the file
	StudyName    string             `json:"study_name"`
	Method       string             `json:"method"`
	Pruner       string             `json:"pruner"`
	Ended        string             `json:"ended"` // why the search ended; empty if it was interrupted
	Metric       string             `json:"metric"`
	Space        []string           `json:"space"` // in the form of --param
	Seed         uint64             `json:"seed"`
	Jobs         int                `json:"jobs"` // 0 where a study is only shown
	Lag          int                `json:"lag"`
	Trials       []trialReport      `json:"trials"`
	Best         *bestReport        `json:"best"`
	Recommended  *recommendedReport `json:"recommended"`
	Retests      []tune.Retested    `json:"retests"` // best trial first
	RefitEpochs  *int               `json:"refit_epochs"`
	TestLoss     *float64           `json:"test_loss"`
	TestAccuracy *float64           `json:"test_accuracy"`
	Seconds      float64            `json:"seconds"`
	Model        *string            `json:"model"`

	start       time.Time
	refitEpochs int
	command     string // that trains the winner again
}

type trialReport struct {
	Number           int           `json:"number"`
	State            search.State  `json:"state"`
	Params           search.Params `json:"params"`
	Value            *float64      `json:"value"`
	Seconds          *float64      `json:"seconds"`
	SamplesPerSecond *float64      `json:"samples_per_second"`
	Scores           []float64     `json:"scores"` // that the value is the mean of; null if there is none
	BestEpoch        *int          `json:"best_epoch"`
	History          []nn.Epoch    `json:"history"`
	Error            *string       `json:"error"`
}

// bestReport is the best value that was observed.
type bestReport struct {
	Number int           `json:"number"`
	Params search.Params `json:"params"`
	Value  float64       `json:"value"`
	SD     *float64      `json:"sd"` // of the scores that the value is the mean of
}

// recommendedReport is what is refitted, with the mean and the sample standard
// deviation of its evaluations, those of the retest if there was one; of a single one
// there is no deviation.
type recommendedReport struct {
	Number int           `json:"number"`
	Params search.Params `json:"params"`
	Mean   float64       `json:"mean"`
	SD     *float64      `json:"sd"`
	Scores []float64     `json:"scores"`
	Why    string        `json:"why"`
}

func newSearchReport(place *studyPlace, s searchSettings, c search.Constants) *searchReport {
	r := &searchReport{
		StudyName: place.name, Method: s.Method, Pruner: s.Pruner, Metric: s.Metric,
		Seed: s.Seed, Lag: c.Lag, Trials: []trialReport{}, Retests: []tune.Retested{}, start: time.Now(),
	}
	if place.file != "" {
		r.Study = &place.file
	}
	for _, p := range c.Space.Params() {
		r.Space = append(r.Space, p.String())
	}
	return r
}

// addTrials takes over the study's trials and its best one.
func (r *searchReport) addTrials(d search.Direction, trials []search.Trial) {
	for _, t := range trials {
		r.Trials = append(r.Trials, newTrialReport(t))
	}
	r.Seconds = time.Since(r.start).Seconds()
	best, ok := search.BestOf(d, trials)
	if !ok {
		return
	}
	value, _ := best.Value()
	r.Best = &bestReport{Number: best.Number, Params: best.Params, Value: value}
	r.Recommended = &recommendedReport{Number: best.Number, Params: best.Params, Mean: value, Scores: best.Scores(), Why: "the best observed"}
	if variance, ok := best.NoiseVariance(); ok {
		r.Best.SD = new(math.Sqrt(variance * float64(len(best.Scores()))))
		r.Recommended.SD = r.Best.SD
	}
	r.refitEpochs = len(best.Reports)
	if epoch := r.Trials[best.Number].BestEpoch; epoch != nil {
		r.refitEpochs = *epoch
	}
	r.refitEpochs = max(r.refitEpochs, 1)
}

// newTrialReport leaves out what JSON cannot hold (infinite values of other programs) and
// attributes that have our names but are something else.
func newTrialReport(t search.Trial) trialReport {
	row := trialReport{Number: t.Number, State: t.State, Params: t.Params, Scores: t.Scores(), History: []nn.Epoch{}}
	if value, ok := t.Value(); ok && !math.IsInf(value, 0) && !math.IsNaN(value) {
		row.Value = &value
	}
	if t.State.Finished() {
		row.Seconds = &t.Seconds
	}
	if t.Error != "" {
		row.Error = &t.Error
	}
	for key, into := range map[string]any{tune.AttrHistory: &row.History, tune.AttrBestEpoch: &row.BestEpoch, tune.AttrSamplesPerSecond: &row.SamplesPerSecond} {
		if raw, ok := t.Attrs[key]; ok {
			_ = json.Unmarshal(raw, into)
		}
	}
	if row.History == nil {
		row.History = []nn.Epoch{}
	}
	return row
}

// addRefit takes over what became of the winner.
func (r *searchReport) addRefit(result *nn.Result, test nn.Metrics) {
	r.RefitEpochs = new(len(result.History))
	r.TestLoss, r.TestAccuracy = &test.Loss, &test.Accuracy
	r.Seconds = time.Since(r.start).Seconds()
}

func (r *searchReport) print(a *app) error {
	if a.json {
		return a.printJSON(r)
	}
	if err := r.printTable(a); err != nil {
		return err
	}
	if r.Best == nil {
		_, err := fmt.Fprintln(a.stdout, "\nno trial is complete")
		return err
	}
	fmt.Fprintf(a.stdout, "\nbest trial     #%d of %d (%s)\n%-14s %s\n", r.Best.Number, len(r.Trials), r.Method, r.Metric, withSD(r.Best.Value, r.Best.SD))
	if r.Recommended.Number != r.Best.Number || len(r.Retests) > 0 {
		fmt.Fprintf(a.stdout, "recommended    #%d, %s\n%-14s %s\n", r.Recommended.Number, r.Recommended.Why, r.Metric, withSD(r.Recommended.Mean, r.Recommended.SD))
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

// printTable prints a row a trial.
func (r *searchReport) printTable(a *app) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	var names []string
	for _, text := range r.Space {
		name, _, _ := strings.Cut(text, "=")
		names = append(names, name)
	}
	fmt.Fprintf(table, "trial\t%s\t%s\tbest epoch\tseconds\tsamples/s\tstate\t\n", strings.Join(names, "\t"), r.Metric)
	for _, t := range r.Trials {
		row := []string{fmt.Sprint(t.Number)}
		for _, name := range names {
			row = append(row, cell(t.Params[name]))
		}
		value, epoch, seconds, speed, mark := "-", "-", "-", "-", ""
		if t.Value != nil {
			value = fmt.Sprintf("%.4f", *t.Value)
		}
		if t.BestEpoch != nil && *t.BestEpoch > 0 {
			epoch = fmt.Sprint(*t.BestEpoch)
		}
		if t.Seconds != nil {
			seconds = fmt.Sprintf("%.1f", *t.Seconds)
		}
		if t.SamplesPerSecond != nil {
			speed = thousands(*t.SamplesPerSecond)
		}
		if r.Best != nil && r.Best.Number == t.Number {
			mark = " *"
		}
		row = append(row, value, epoch, seconds, speed, t.State.String()+mark)
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	return table.Flush()
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
