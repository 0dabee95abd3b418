package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mnisttune/bayes"
	"mnisttune/search"
	"mnisttune/search/report"
)

// trialsFlags is the command line of trials.
type trialsFlags struct {
	study   studyFlags
	format  string
	columns []string
	sort    string
	top     int
	states  []string
	why     bool
}

// trialsFormats are the values of --format.
var trialsFormats = []string{"table", "csv", "json", "md"}

// allColumns stands for all columns in --columns.
const allColumns = "all"

func newTrials(a *app) *cobra.Command {
	var f trialsFlags
	cmd := &cobra.Command{
		Use:   "trials",
		Short: "Show every trial of a study as a table, CSV, JSON or Markdown",
		Long: `Show every trial of a study with the columns of scikit-learn's cv_results_, whatever
the method. The file is only read: a search may be running on it.

  trial                                the trial's number
  mean_fit_time, std_fit_time          seconds of training, over its evaluations
  mean_score_time, std_score_time      seconds of measuring
  param_NAME                           a column for each parameter; params has all of them
  split0_test_score, ...               the evaluations (folds, seeds) that its value is the mean of
  mean_test_score, std_test_score      their mean and standard deviation (of a population)
  rank_test_score                      1 is the best; ties share a rank
  state, value, error, attempt, seconds, epochs, best_epoch, samples_per_second
  values_0, values_1, ...              of a study with several objectives; the first is scored
  constraint_0, ...                    by how much each constraint is broken, if it is above 0

A trial with one evaluation has it as split0 and a deviation of 0. Unlike scikit-learn's,
losses are not negated: where the study minimizes, the smallest mean has rank 1. Trials
without a mean rank last, pruned ones with the value they had, infeasible ones behind all
others. What is absent is empty in
CSV, null in JSON, - elsewhere. csv and json have exact numbers and all columns, table and
md rounded ones and the essential columns, unless --columns says otherwise; --columns and
--sort also take the short headings of a table.`,
		Example: `  mnist-tune trials --study mnist-tune.study
  mnist-tune trials --study mnist-tune.study --top 5 --state complete
  mnist-tune trials --study mnist-tune.study --columns trial,params,mean_test_score,error --sort -mean_test_score
  mnist-tune trials --study mnist-tune.study --format md --columns all
  mnist-tune trials --study mnist-tune.study --format csv > trials.csv   # pandas.read_csv("trials.csv")`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.trials(cmd, &f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	f.study.addShown(cmd)
	fs.StringVar(&f.format, "format", trialsFormats[0], strings.Join(trialsFormats, ", "))
	fs.StringSliceVar(&f.columns, "columns", nil, "names of columns in their order, or all (default: all, of table and md the essential ones)")
	fs.StringVar(&f.sort, "sort", "", "column to sort by, in ascending order; -COLUMN in descending order (default: by number)")
	fs.IntVar(&f.top, "top", 0, "show the first so many trials only, without --sort those of the best ranks (0: all)")
	fs.BoolVar(&f.why, "why", false, "add why each trial was chosen: what bayes expected of it, "+strings.Join(whyColumns, ", "))
	fs.StringSliceVar(&f.states, "state", nil, "show trials of these states only: complete, pruned, failed, running, waiting")
	return cmd
}

// trials shows the trials of a study.
func (a *app) trials(cmd *cobra.Command, f *trialsFlags) error {
	if err := f.check(cmd, a.json); err != nil {
		return err
	}
	record, err := theStudy(cmd, f.study.file, f.study.name)
	if err != nil {
		return err
	}
	table, err := report.FromRecord(record)
	if err != nil {
		return err
	}
	if f.why {
		addWhy(table, publicTrials(record))
	}
	if table, err = f.choose(table); err != nil {
		return err
	}
	switch f.format {
	case "csv":
		return table.WriteCSV(a.stdout)
	case "json":
		return table.WriteJSON(a.stdout)
	case "md":
		return table.WriteMarkdown(a.stdout)
	}
	return table.WriteText(a.stdout, terminalWidth(a.stdout))
}

// whyColumns are those of --why: where the suggestion comes from; the predicted mean, its
// deviation and the expected improvement, in the metric's units; and the trial to be
// improved on.
var whyColumns = []string{"source", "expected_mean", "expected_sd", "expected_improvement", "incumbent"}

// addWhy adds the columns of --why to a table whose rows are the trials.
func addWhy(t *report.Table, trials []search.Trial) {
	t.Columns = append(t.Columns, whyColumns...)
	for i := range t.Rows {
		cells := make([]any, len(whyColumns))
		if note, ok := bayes.Why(trials[i]); ok {
			cells[0] = string(note.Source)
			if p := note.Prediction; p != nil {
				cells[1], cells[2], cells[3], cells[4] = p.Mean, p.SD, p.ExpectedImprovement, p.Incumbent
			}
		}
		t.Rows[i] = append(t.Rows[i], cells...)
	}
}

// check refuses impossible flags before anything is read.
func (f *trialsFlags) check(cmd *cobra.Command, asJSON bool) error {
	if asJSON {
		if cmd.Flags().Changed("format") && f.format != "json" {
			return usage(fmt.Errorf("--json and --format %s exclude each other", f.format))
		}
		f.format = "json"
	}
	if !slices.Contains(trialsFormats, f.format) {
		return usage(fmt.Errorf("--format %s: want %s", f.format, strings.Join(trialsFormats, ", ")))
	}
	if f.top < 0 {
		return usage(fmt.Errorf("--top must not be negative (got %d)", f.top))
	}
	for _, name := range f.states {
		var s search.State
		if s.UnmarshalText([]byte(name)) != nil {
			return usage(fmt.Errorf("--state %s: want complete, pruned, failed, running or waiting", name))
		}
	}
	return nil
}

// choose returns the rows and columns of the table that the flags ask for.
func (f *trialsFlags) choose(t *report.Table) (*report.Table, error) {
	var err error
	if len(f.states) > 0 {
		t, err = t.Filter("state", func(cell any) bool {
			state, ok := cell.(string)
			return ok && slices.Contains(f.states, state)
		})
		if err != nil {
			return nil, err
		}
	}
	order := f.sort
	if order == "" && f.top > 0 {
		order = "rank_test_score"
	}
	if order != "" {
		if t, err = t.Sort(order); err != nil {
			return nil, columnError("sort", err)
		}
	}
	if f.top > 0 {
		t = t.Top(f.top)
	}
	columns := f.columns
	switch {
	case slices.Equal(columns, []string{allColumns}):
		columns = t.Columns
	case len(columns) == 0 && (f.format == "table" || f.format == "md"):
		if columns = t.Essential(); f.why {
			columns = append(columns, whyColumns...)
		}
	case len(columns) == 0:
		columns = t.Columns
	}
	for i, name := range columns {
		if slices.Contains(columns[:i], name) {
			return nil, usage(fmt.Errorf("--columns: %s is there twice", name))
		}
	}
	t, err = t.Select(columns...)
	return t, columnError("columns", err)
}

// columnError marks a column that is not there as a mistake in a flag.
func columnError(flag string, err error) error {
	if errors.Is(err, report.ErrColumn) {
		return usage(fmt.Errorf("--%s: %w", flag, err))
	}
	return err
}

// terminalWidth returns how many characters a line of a terminal has, 0 if w is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
