package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/nn"
	"mnisttune/search"
	"mnisttune/search/compare"
)

// compareReport is what compare prints with --json. Absent numbers are null: those of no
// finished study, and deviations of one.
type compareReport struct {
	Metric    string         `json:"metric"`
	Trials    int            `json:"trials"` // of a study
	Seed      uint64         `json:"seed"`   // of the first studies
	Seeds     int            `json:"seeds"`  // studies of a method
	Retrain   int            `json:"retrain"`
	Lag       int            `json:"lag"`
	Jobs      int            `json:"jobs"`
	Reference string         `json:"reference"`
	Params    nn.Config      `json:"params"` // what the spaces do not say
	Methods   []methodReport `json:"methods"`
	Build     string         `json:"build"`
	Kernels   string         `json:"kernels"`
	CPU       string         `json:"cpu"`
	Seconds   float64        `json:"seconds"` // of this run
}

// methodReport is one method. Curve, scores, differences and times are over its finished
// studies.
type methodReport struct {
	Method         string               `json:"method"`
	Space          []string             `json:"space"` // in the form of --param
	Cells          *int                 `json:"cells"` // of a grid: how many it has
	Finished       int                  `json:"finished"`
	Curve          []pointReport        `json:"curve"` // best so far after trial 1, 2, ...
	TestAccuracy   summaryReport        `json:"test_accuracy"`
	BestDifference intervalReport       `json:"best_difference"`
	TestDifference intervalReport       `json:"test_difference"`
	Epochs         *float64             `json:"epochs"`            // trained in a study, mean
	SearchSeconds  *float64             `json:"search_seconds"`    // of a study, mean
	SuggestMillis  *float64             `json:"ms_per_suggestion"` // mean
	Studies        []compareStudyReport `json:"studies"`
}

type pointReport struct {
	Trial int `json:"trial"`
	summaryReport
	Q25    *float64 `json:"q25"`
	Median *float64 `json:"median"`
	Q75    *float64 `json:"q75"`
}

type summaryReport struct {
	N    int      `json:"n"`
	Mean *float64 `json:"mean"`
	SD   *float64 `json:"sd"`
	SE   *float64 `json:"se"`
}

// intervalReport is a mean difference from the reference with its 95 % interval.
type intervalReport struct {
	N    int      `json:"n"`
	Mean *float64 `json:"mean"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

type compareStudyReport struct {
	Seed           uint64        `json:"seed"`
	Finished       bool          `json:"finished"`
	Exhausted      bool          `json:"exhausted"`
	Trials         int           `json:"trials"`
	Failed         int           `json:"failed"`
	Best           []*float64    `json:"best"` // so far, after each trial
	Recommended    *bestReport   `json:"recommended"`
	RefitEpochs    *int          `json:"refit_epochs"`
	TestAccuracy   *float64      `json:"test_accuracy"` // mean of the retrainings
	Retrained      []scoreReport `json:"retrained"`
	SearchSeconds  float64       `json:"search_seconds"`
	SuggestSeconds float64       `json:"suggest_seconds"`
	Epochs         []int         `json:"epochs"` // trained so far, after each trial
}

type scoreReport struct {
	Seed         uint64   `json:"seed"`
	TestAccuracy *float64 `json:"test_accuracy"`
	Error        *string  `json:"error"`
}

// finite returns a number for JSON, nil for one that JSON does not have.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func newSummaryReport(s compare.Summary) summaryReport {
	return summaryReport{s.N, finite(s.Mean), finite(s.SD), finite(s.SE)}
}

func newIntervalReport(i compare.Interval) intervalReport {
	return intervalReport{i.N, finite(i.Mean), finite(i.Low), finite(i.High)}
}

func (c *comparison) newReport(r *compare.Result, took time.Duration) *compareReport {
	s := c.plan.settings
	out := &compareReport{
		Metric: s.Metric, Trials: r.Trials, Seed: s.Config.Seed, Seeds: c.flags.seeds, Retrain: c.flags.retrain, Lag: c.flags.lag, Jobs: c.flags.jobs,
		Reference: r.Reference, Params: s.Config.WithDefaults(), Build: s.Build, Kernels: s.Kernels, CPU: processorModel(), Seconds: took.Seconds(),
	}
	for _, m := range r.Methods {
		out.Methods = append(out.Methods, newMethodReport(&m))
	}
	return out
}

func newMethodReport(m *compare.MethodResult) methodReport {
	out := methodReport{
		Method: m.Name, TestAccuracy: newSummaryReport(m.Score), Curve: []pointReport{}, Studies: []compareStudyReport{},
		BestDifference: newIntervalReport(m.BestDifference), TestDifference: newIntervalReport(m.ScoreDifference),
		Epochs: finite(m.Reports), SearchSeconds: finite(m.SearchSeconds), SuggestMillis: finite(1000 * m.SuggestSeconds),
	}
	for _, p := range m.Space.Params() {
		out.Space = append(out.Space, p.String())
	}
	if _, grid := samplerOf(m.Name).(search.Grid); grid {
		if n, ok := search.GridSize(m.Space); ok {
			out.Cells = &n
		}
	}
	for i, p := range m.Curve {
		out.Curve = append(out.Curve, pointReport{i + 1, newSummaryReport(p.Summary), finite(p.Q25), finite(p.Median), finite(p.Q75)})
	}
	for i := range m.Studies {
		s := newCompareStudyReport(&m.Studies[i])
		out.Studies = append(out.Studies, s)
		if s.Finished {
			out.Finished++
		}
	}
	return out
}

func newCompareStudyReport(s *compare.Study) compareStudyReport {
	out := compareStudyReport{
		Seed: s.Seed, Finished: s.Finished, Exhausted: s.Exhausted, Trials: len(s.Trials), Best: []*float64{}, Retrained: []scoreReport{},
		SearchSeconds: s.SearchSeconds, SuggestSeconds: s.SuggestSeconds, Epochs: append([]int{}, s.Reports...),
	}
	for _, t := range s.Trials {
		if t.State == search.Failed {
			out.Failed++
		}
	}
	for _, x := range s.Best {
		out.Best = append(out.Best, finite(x))
	}
	if t := s.Recommended; t != nil {
		value, _ := t.Value()
		out.Recommended, out.RefitEpochs = &bestReport{Number: t.Number, Params: t.Params, Value: value}, new(refitEpochs(*t))
	}
	if mean, ok := s.Score(); ok {
		out.TestAccuracy = &mean
	}
	for _, x := range s.Scores {
		row := scoreReport{Seed: x.Seed, TestAccuracy: finite(x.Value)}
		if x.Error != "" {
			row.Error = &x.Error
		}
		out.Retrained = append(out.Retrained, row)
	}
	return out
}

// allFailed returns an error if no trial of any study is complete.
func (c *comparison) allFailed(r *compare.Result) error {
	reason := ""
	for _, m := range r.Methods {
		for _, s := range m.Studies {
			if s.Recommended != nil {
				return nil
			}
			for _, t := range s.Trials {
				if reason == "" {
					reason = fmt.Sprintf("%s, seed %d, trial %d (%v): %s", m.Name, s.Seed, t.Number, t.Params, t.Error)
				}
			}
		}
	}
	return errors.New("every trial of every study failed; the first, " + reason)
}

func (r *compareReport) print(a *app) error {
	if a.json {
		return a.printJSON(r)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	after := milestones(r.Trials)
	header := "method\tstudies"
	for i, n := range after {
		if header += fmt.Sprintf("\t%d", n); i == 0 {
			header = strings.TrimSuffix(header, fmt.Sprint(n)) + fmt.Sprintf("%s after %d", r.Metric, n)
		}
	}
	fmt.Fprintln(table, header+"\ttest accuracy\tminus "+r.Reference+" (95 %)\tepochs\tsearch s\tms/suggestion\t")
	for _, m := range r.Methods {
		row := []string{m.Method, fmt.Sprint(m.Finished)}
		for _, n := range after {
			text := "-"
			if len(m.Curve) >= n {
				text = m.Curve[n-1].text()
			}
			row = append(row, text)
		}
		row = append(row, m.TestAccuracy.text(), m.TestDifference.text(m.Method == r.Reference), decimals(m.Epochs, 0), decimals(m.SearchSeconds, 1), decimals(m.SuggestMillis, 2))
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return r.printNotes(a)
}

// printNotes says what the table means, and what is to be known about it.
func (r *compareReport) printNotes(a *app) error {
	fmt.Fprintf(a.stdout, "\nmean ± standard error over the studies (seeds %d to %d)", r.Seed, r.Seed+uint64(r.Seeds)-1)
	if r.Retrain > 0 {
		fmt.Fprintf(a.stdout, "; test accuracy: the best trial of each\ntrained again on all rows with fresh seeds (%d each), difference within a seed", r.Retrain)
	}
	fmt.Fprintln(a.stdout)
	failures := 0
	for _, m := range r.Methods {
		if m.Cells != nil {
			fmt.Fprintf(a.stdout, "%s has %d cells; a study tries the first %d in their order\n", m.Method, *m.Cells, min(*m.Cells, r.Trials))
		}
		if m.Finished < r.Seeds {
			fmt.Fprintf(a.stdout, "%s: %d of %d studies are finished and counted\n", m.Method, m.Finished, r.Seeds)
		}
		for _, s := range m.Studies {
			failures += len(slices.DeleteFunc(slices.Clone(s.Retrained), func(x scoreReport) bool { return x.Error == nil }))
		}
	}
	if failures > 0 {
		fmt.Fprintf(a.stdout, "%d retrainings failed and are not counted\n", failures)
	}
	_, err := fmt.Fprintf(a.stdout, "time           %s\n", ui.Duration(time.Duration(r.Seconds*float64(time.Second))))
	return err
}

// milestones returns after how many trials the table shows the curves: a third, two
// thirds and all.
func milestones(trials int) []int {
	return slices.Compact([]int{max(1, trials/3), max(1, 2*trials/3), trials})
}

func decimals(x *float64, n int) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", n, *x)
}

// text renders a mean and its standard error.
func (s summaryReport) text() string {
	if s.SE == nil {
		return decimals(s.Mean, 4)
	}
	return fmt.Sprintf("%.4f ± %.4f", *s.Mean, *s.SE)
}

// text renders a difference and its interval; that of the reference from itself is none.
func (i intervalReport) text(reference bool) string {
	switch {
	case reference || i.Mean == nil:
		return "-"
	case i.Low == nil:
		return fmt.Sprintf("%+.4f", *i.Mean)
	}
	return fmt.Sprintf("%+.4f (%+.4f to %+.4f)", *i.Mean, *i.Low, *i.High)
}
