package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mnisttune/search"
)

// askReport is what ask prints.
type askReport struct {
	Study  string        `json:"study"`
	Number int           `json:"number"`
	Params search.Params `json:"params"`
}

func newAsk(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "ask",
		Short: "Ask a study for the parameters of a trial, as JSON",
		Long: `Ask a study for the parameters of a trial that somebody else evaluates, and print
them as JSON. tell says what came of it. The first ask begins the study and needs
--param and --direction; later ones need --study only.

Nobody waits for a trial that was asked for by hand, and nobody takes it over.

` + priorHelp,
		Example: `  mnist-tune ask --study s.study --direction minimize --param x=0.0..1.0
  mnist-tune tell --study s.study --trial 0 --value 0.25
  mnist-tune ask --study s.study`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.ask(cmd, &f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	f.study.add(cmd)
	fs.StringVar(&f.direction, "direction", "", "minimize or maximize the value")
	fs.StringArrayVar(&f.params, "param", nil, "a parameter and its values, NAME=RANGE; repeat for more")
	fs.StringVar(&f.spaceFile, "space", "", "YAML file with the parameters, in place of --param")
	f.prior.add(cmd)
	fs.StringVar(&f.method, "method", "bayes", methodList())
	fs.Uint64Var(&f.config.cfg.Seed, "seed", 0, "of every random draw (default: drawn and printed)")
	return cmd
}

func (a *app) ask(cmd *cobra.Command, f *searchFlags) error {
	f.jobs, f.manual = 1, true
	place, err := f.study.locateAny(cmd)
	if err != nil {
		return err
	}
	if place.file == "" {
		return usage(errors.New("ask and tell need a file: give --study"))
	}
	if err := checkMethods("method", f.method); err != nil {
		return err
	}
	if f.spaceFile != "" && len(f.params) > 0 {
		return usage(errors.New("--space and --param exclude each other"))
	}
	if place.record != nil && f.direction == "" {
		f.direction = place.record.Directions[0].String()
	}
	var t search.Trial
	err = f.byHand(cmd, a, place, func(s *search.Study) error {
		if err := s.RequestStop(cmd.Context(), false); err != nil {
			return err
		}
		t, err = s.Ask(cmd.Context())
		return err
	})
	if err != nil {
		return err
	}
	return a.printJSON(askReport{Study: place.file, Number: t.Number, Params: t.Params})
}

// byHand opens a study for somebody who asks and tells by hand.
func (f *searchFlags) byHand(cmd *cobra.Command, a *app, place *studyPlace, use func(*search.Study) error) error {
	p, err := f.plan(cmd, a, place)
	if err != nil {
		return err
	}
	p.evaluate = nil
	closeStudy, err := p.open(cmd.Context(), a.stderr)
	if err != nil {
		return err
	}
	return errors.Join(use(p.study), closeStudy())
}

// tellFlags is the command line of tell.
type tellFlags struct {
	study   studyFlags
	trial   int
	value   []float64
	fail    string
	prune   bool
	reports []string
	attrs   []string
}

// tellReport is what tell prints.
type tellReport struct {
	Study  string       `json:"study"`
	Number int          `json:"number"`
	State  search.State `json:"state"`
	Value  *float64     `json:"value"`
	Prune  bool         `json:"prune"` // a report has come to a rung, and the trial should stop
}

func newTell(a *app) *cobra.Command {
	var f tellFlags
	cmd := &cobra.Command{
		Use:   "tell",
		Short: "Tell a study what came of a trial",
		Long: `Tell a study what came of a trial: reports as it goes along, then a value, a failure
or that it was stopped early. The first outcome stays.`,
		Example: `  mnist-tune tell --study s.study --trial 3 --report 1=0.5 --report 2=0.4
  mnist-tune tell --study s.study --trial 3 --value 0.25
  mnist-tune tell --study s.study --trial 4 --fail "out of memory"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.tell(cmd, &f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	f.study.add(cmd)
	fs.IntVar(&f.trial, "trial", -1, "number of the trial")
	fs.Float64SliceVar(&f.value, "value", nil, "its value; of several objectives, their values with commas")
	fs.StringVar(&f.fail, "fail", "", "why it failed")
	fs.BoolVar(&f.prune, "pruned", false, "it was stopped early; its best report is its value")
	fs.StringArrayVar(&f.reports, "report", nil, "an intermediate value, STEP=VALUE; repeat for more")
	fs.StringArrayVar(&f.attrs, "attr", nil, "something to keep with the trial's outcome, NAME=JSON; repeat for more")
	return cmd
}

// outcome returns what the flags say, whether they say that the trial has ended.
func (f *tellFlags) outcome(cmd *cobra.Command) (o search.Outcome, ended bool, err error) {
	n := 0
	for _, name := range []string{"value", "fail", "pruned"} {
		if cmd.Flags().Changed(name) {
			n++
		}
	}
	switch {
	case n > 1:
		return o, false, usage(errors.New("--value, --fail and --pruned exclude each other"))
	case n == 0 && len(f.reports) == 0:
		return o, false, usage(errors.New("say what came of the trial: --value, --fail, --pruned or --report"))
	case n == 0 && len(f.attrs) > 0:
		return o, false, usage(errors.New("--attr goes with an outcome: --value, --fail or --pruned"))
	case cmd.Flags().Changed("fail"):
		o.Err = errors.New(f.fail)
	case f.prune:
		o.Err = search.ErrPruned
	default:
		o.Values = f.value
	}
	o.Seconds = math.NaN() // the log's times tell
	return o, n == 1, nil
}

func (a *app) tell(cmd *cobra.Command, f *tellFlags) error {
	o, ended, err := f.outcome(cmd)
	if err != nil {
		return err
	}
	if !cmd.Flags().Changed("trial") {
		return usage(errors.New("say which trial: --trial"))
	}
	for _, text := range f.reports {
		if _, _, err := parseReport(text); err != nil {
			return err
		}
	}
	place, err := f.study.locateAny(cmd)
	if err != nil {
		return err
	}
	if place.record == nil {
		return usage(fmt.Errorf("%s holds no study %q", f.study.file, place.name))
	}
	known := searchFlags{jobs: 1, manual: true, method: "bayes", direction: place.record.Directions[0].String()}
	var out tellReport
	err = known.byHand(cmd, a, place, func(s *search.Study) error {
		out, err = f.apply(cmd, s, o, ended)
		return err
	})
	if err != nil {
		return err
	}
	out.Study = place.file
	return a.printJSON(out)
}

// apply tells the study.
func (f *tellFlags) apply(cmd *cobra.Command, s *search.Study, o search.Outcome, ended bool) (tellReport, error) {
	out := tellReport{Number: f.trial, State: search.Running}
	for _, text := range f.reports {
		step, value, err := parseReport(text)
		if err != nil {
			return out, err
		}
		if err := s.Report(cmd.Context(), f.trial, step, value); errors.Is(err, search.ErrPruned) {
			out.Prune = true
		} else if err != nil {
			return out, err
		}
	}
	for _, text := range f.attrs {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !json.Valid([]byte(value)) {
			return out, usage(fmt.Errorf("--attr %s: want NAME=JSON", text))
		}
		if err := s.SetAttr(f.trial, name, json.RawMessage(value)); err != nil {
			return out, err
		}
	}
	if !ended {
		return out, nil
	}
	t, err := s.Tell(cmd.Context(), f.trial, o)
	if err != nil {
		return out, err
	}
	out.State = t.State
	if value, ok := t.Value(); ok {
		out.Value = &value
	}
	return out, nil
}

// parseReport reads STEP=VALUE.
func parseReport(text string) (step int, value float64, err error) {
	left, right, ok := strings.Cut(text, "=")
	if ok {
		step, err = strconv.Atoi(left)
	}
	if ok && err == nil {
		value, err = strconv.ParseFloat(right, 64)
	}
	if !ok || err != nil {
		return 0, 0, usage(fmt.Errorf("--report %s: want STEP=VALUE", text))
	}
	return step, value, nil
}
