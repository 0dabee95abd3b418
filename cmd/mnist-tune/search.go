package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/nn"
	"mnisttune/nn/tune"
)

// searchFlags is the command line of search.
type searchFlags struct {
	config    configFlags
	data      dataFlags
	splits    splitFlags
	retest    retestFlags
	study     studyFlags
	prior     priorFlags
	method    string
	trials    int
	jobs, lag int
	async     bool
	params    []string
	spaceFile string
	objective objectiveFlags
	pruner    string
	timeout   time.Duration
	target    float64
	patience  int
	stop      string
	command   commandFlags
	manual    bool // trials are asked for by hand
	direction string
	out       string
	options   nn.Options
}

// defaultTrials is how many trials a search has that is not told.
const defaultTrials = 20

// searchHelp explains search.
var searchHelp = `Try configurations on the validation rows, take the best one, train it again on
all training rows for as many epochs as its best epoch, and judge it once on the
test images.

--param NAME=RANGE replaces the default space (learning_rate=1e-5..1e-1:log,
batch_size=32,64,128, num_layers=1..3; a grid takes learning_rate=0.001,0.01,0.1).
A range is LOW..HIGH: integers if both ends are written as integers, with :log,
:step=K and :n=K (points of a grid). A list of numbers is an ordered choice, a
list of words a choice without order. :when=PARAM>=VALUE makes a parameter take
part only there. train's flags fix everything else.

What can be tuned: ` + wrapNames(tune.Names()) + `

--exec COMMAND searches the parameters of any program instead: it is run for each
trial with {name} replaced by a parameter's value, and prints "value: X", and
"report: STEP VALUE" as it goes along.

--method halving begins with many configurations and one epoch, and gives the best
third three times as many, up to --epochs; --exec names the parameter to be given
more of with --resource.

` + priorHelp + `

The study is kept in a file (--study), trial by trial; a search that was cut off
goes on with the same command. Several searches may work on one file at a time.
The file is in Optuna's journal format.

The same seed gives the same trials for any --jobs; with bayes, for any --jobs up
to --lag.`

const searchExamples = `  mnist-tune search
  mnist-tune search --study mnist-tune.study             # go on
  mnist-tune search --method grid --epochs 5 --study grid.study
  mnist-tune search --method bayes --trials 20 --epochs 10 --jobs 2 --seed 1 --study bayes.study \
      --param learning_rate=1e-5..1e-1:log --param batch_size=32,64,128 --param num_layers=1..3
  mnist-tune search --param optimizer=sgd,adam --param learning_rate=1e-4..1:log \
      --param momentum=0.5..0.99:when=optimizer=sgd --width 128 --study optimizers.study
  mnist-tune search --enqueue 'learning_rate=0.001 batch_size=64 num_layers=2' --enqueue num_layers=3 --study mine.study
  mnist-tune search --warm old.csv --study new.study     # mnist-tune trials --format csv --study old.study > old.csv
  mnist-tune search --exec './train.sh --lr {lr} --bs {bs}' --direction maximize --param lr=1e-4..1:log --param bs=32,64
  mnist-tune search --space space.yaml --metric val_loss --out best.safetensors --study none`

func newSearch(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:     "search",
		Short:   "Find good hyperparameters, train the winner on all rows and judge it once",
		Long:    searchHelp,
		Example: searchExamples,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, a) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.method, "method", "bayes", methodList())
	fs.IntVar(&f.trials, "trials", 0, fmt.Sprintf("trials of the whole study (default %d; grid: all cells)", defaultTrials))
	fs.DurationVar(&f.timeout, "timeout", 0, "begin no new trials after this time, such as 90s, 20m or 8h")
	fs.Float64Var(&f.target, "target", 0, "begin no new trials when one has reached this value")
	fs.IntVar(&f.patience, "patience", 0, "begin no new trials when so many in a row have not improved the best (0: off)")
	fs.StringVar(&f.stop, "stop", "never", "auto: begin no new trials when the expected gain is below the noise (20 trials or more); never")
	fs.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "trials at a time")
	fs.IntVar(&f.lag, "lag", 0, "bayes chooses trial n from the results of trials up to n-L (default: --jobs, twice that with a pruner)")
	fs.BoolVar(&f.async, "async", false, "wait for no result; the study then depends on time")
	f.study.add(cmd)
	fs.StringArrayVar(&f.params, "param", nil, "a parameter and its values, NAME=RANGE; repeat for more")
	fs.StringVar(&f.spaceFile, "space", "", "YAML file with the parameters, in place of --param")
	f.prior.add(cmd)
	f.objective.add(cmd)
	fs.StringVar(&f.pruner, "pruner", "", "how bad trials are stopped early: "+strings.Join(prunerNames, ", ")+" (default: asha from 4 epochs on, none with halving)")
	f.command.add(cmd)
	fs.StringVar(&f.direction, "direction", "", "of --exec: minimize or maximize the value")
	fs.StringVar(&f.out, "out", "", "file to save the refitted winner in (safetensors)")
	f.config.add(cmd, "stop-epochs")
	f.data.add(cmd)
	f.data.addSplit(cmd)
	f.splits.add(cmd)
	f.retest.add(cmd)
	addOptions(cmd, &f.options)
	return cmd
}

// wrapNames lists names on lines that fit a terminal.
func wrapNames(names []string) string {
	var b strings.Builder
	line := len("What can be tuned: ")
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if line += len(name) + 2; line > 79 {
			b.WriteString("\n")
			line = len(name) + 2
		}
		b.WriteString(name)
	}
	return strings.ReplaceAll(b.String(), ", \n", ",\n") + "."
}

// run carries the command out.
func (f *searchFlags) run(cmd *cobra.Command, a *app) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	place, err := f.study.locate(cmd)
	if err != nil {
		return err
	}
	p, err := f.plan(cmd, a, place)
	if err != nil {
		return err
	}
	if p.evaluate == nil {
		return usage(fmt.Errorf("study %q is driven by hand: mnist-tune ask and tell, or give --exec", place.name))
	}
	var winner func(context.Context, *searchReport) error // trains it and judges it
	if p.training != nil {
		all, test, err := f.data.load()
		if err != nil {
			return err
		}
		if err := p.setData(all); err != nil {
			return err
		}
		winner = func(ctx context.Context, r *searchReport) error { return p.refit(ctx, a, r, all, test) }
	}
	closeStudy, err := p.open(cmd.Context(), a.stderr)
	if err != nil {
		return err
	}
	return errors.Join(p.execute(cmd.Context(), a, winner), closeStudy())
}

// oneOf refuses a flag whose value is not in a list.
func oneOf(flag, got string, want ...string) error {
	if slices.Contains(want, got) {
		return nil
	}
	return usage(fmt.Errorf("--%s %s: want %s", flag, got, strings.Join(want, ", ")))
}

// check refuses flags that are wrong on their own.
func (f *searchFlags) check(cmd *cobra.Command) error {
	var errs []error
	errs = append(errs, checkMethods("method", f.method), f.objective.check(f.pruner), oneOf("pruner", f.pruner, append(prunerNames, "")...), oneOf("stop", f.stop, stopNever, stopAuto))
	if cmd.Flags().Changed("trials") && f.trials < 1 {
		errs = append(errs, usage(fmt.Errorf("--trials must be 1 or more (got %d)", f.trials)))
	}
	if f.jobs < 1 {
		errs = append(errs, usage(fmt.Errorf("--jobs must be 1 or more (got %d)", f.jobs)))
	}
	if f.lag < 0 || cmd.Flags().Changed("lag") && f.lag < 1 {
		errs = append(errs, usage(fmt.Errorf("--lag must be 1 or more (got %d)", f.lag)))
	}
	if math.IsNaN(f.target) || math.IsInf(f.target, 0) {
		errs = append(errs, usage(fmt.Errorf("--target must be a number (got %v)", f.target)))
	}
	if f.timeout < 0 || f.patience < 0 {
		errs = append(errs, usage(fmt.Errorf("--timeout and --patience must not be negative (got %v, %d)", f.timeout, f.patience)))
	}
	if f.spaceFile != "" && len(f.params) > 0 {
		errs = append(errs, usage(errors.New("--space and --param exclude each other")))
	}
	if f.command.text == "" && f.data.validation == 0 && f.splits.folds == 0 {
		errs = append(errs, usage(errors.New("a search needs validation rows: --validation-split must be more than 0")))
	}
	errs = append(errs, f.checkCommand(cmd), f.splits.check(cmd), f.retest.check())
	return errors.Join(append(errs, f.data.check(), checkOut(f.out))...)
}

// Values of --stop.
const (
	stopNever = "never"
	stopAuto  = "auto"
)
