package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mnisttune/bayes"
	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/mnist"
	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
	"mnisttune/search/spacefile"
)

// searchFlags is the command line of search.
type searchFlags struct {
	config    configFlags
	data      dataFlags
	method    string
	trials    int
	jobs, lag int
	params    []string
	spaceFile string
	metric    string
	pruner    string
	out       string
	options   nn.Options
}

// defaultTrials is how many trials a search has that is not told.
const defaultTrials = 20

func newSearch(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Find good hyperparameters, train the winner on all rows and judge it once",
		Long: `Try configurations on the validation rows, take the best one, train it again on
all training rows for as many epochs as its best epoch, and judge it once on the
test images.

--param NAME=RANGE replaces the default space (learning_rate=1e-5..1e-1:log,
batch_size=32,64,128, num_layers=1..3; a grid takes learning_rate=0.001,0.01,0.1).
A range is LOW..HIGH: integers if both ends are written as integers, with :log,
:step=K and :n=K (points of a grid). A list of numbers is an ordered choice, a
list of words a choice without order. :when=PARAM>=VALUE makes a parameter take
part only there. train's flags fix everything else.

What can be tuned: ` + wrapNames(tune.Names()) + `

The same seed gives the same trials for any --jobs; with bayes, for any --jobs up
to --lag.`,
		Example: `  mnist-tune search
  mnist-tune search --method grid --epochs 5
  mnist-tune search --method bayes --trials 20 --epochs 10 --jobs 2 --seed 1 \
      --param learning_rate=1e-5..1e-1:log --param batch_size=32,64,128 --param num_layers=1..3
  mnist-tune search --param optimizer=sgd,adam --param learning_rate=1e-4..1:log \
      --param momentum=0.5..0.99:when=optimizer=sgd --width 128
  mnist-tune search --space space.yaml --metric val_loss --out best.safetensors`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, a) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.method, "method", "bayes", "grid, random or bayes")
	fs.IntVar(&f.trials, "trials", 0, fmt.Sprintf("trials of the whole study (default %d; grid: all cells)", defaultTrials))
	fs.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "trials at a time")
	fs.IntVar(&f.lag, "lag", 0, "bayes chooses trial n from the results of trials up to n-L (default: --jobs)")
	fs.StringArrayVar(&f.params, "param", nil, "a parameter and its values, NAME=RANGE; repeat for more")
	fs.StringVar(&f.spaceFile, "space", "", "YAML file with the parameters, in place of --param")
	fs.StringVar(&f.metric, "metric", "val_accuracy", "what is good: val_accuracy or val_loss, of the best epoch")
	fs.StringVar(&f.pruner, "pruner", "none", "how bad trials are stopped early: none")
	fs.StringVar(&f.out, "out", "", "file to save the refitted winner in (safetensors)")
	f.config.add(cmd)
	f.data.add(cmd)
	f.data.addSplit(cmd)
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
	plan, err := f.plan(cmd, a)
	if err != nil {
		return err
	}
	all, test, err := f.data.load()
	if err != nil {
		return err
	}
	train, val, err := all.Split(f.data.validation)
	if err != nil {
		return usage(err)
	}
	plan.objective.Train, plan.objective.Val = train, dataset(val)
	return plan.execute(cmd.Context(), a, all, test)
}

// plan is a search that is ready to run but for its data.
type plan struct {
	method    string
	study     *search.Study
	objective *tune.Objective
	trials    int // 0: until the space is exhausted
	total     int // trials that there will be; 0: not known
	jobs, lag int
	out       string
	options   nn.Options
	data      *dataFlags
}

// plan checks the command line before anything expensive happens.
func (f *searchFlags) plan(cmd *cobra.Command, a *app) (*plan, error) {
	if err := f.check(cmd); err != nil {
		return nil, err
	}
	space, err := f.space(cmd)
	if err != nil {
		return nil, usage(err)
	}
	cfg, err := f.config.config(cmd, f.options)
	if err != nil {
		return nil, err
	}
	if err := tune.CheckSpace(space, cfg); err != nil {
		return nil, usage(err)
	}
	a.drawSeed(cmd, &cfg)
	p := &plan{method: f.method, trials: f.trials, total: f.trials, jobs: f.jobs, lag: f.lag, out: f.out, options: f.options, data: &f.data}
	if p.lag == 0 {
		p.lag = p.jobs
	}
	if !cmd.Flags().Changed("trials") && f.method != "grid" {
		p.trials, p.total = defaultTrials, defaultTrials
	}
	size, finite := space.Size()
	if f.method == "grid" {
		size, finite = search.GridSize(space)
	}
	if finite && (p.total == 0 || size < p.total) {
		p.total = size
	}
	p.objective = &tune.Objective{Base: cfg, Metric: f.metric, Options: f.options}
	sampler := map[string]search.Sampler{"grid": search.Grid{}, "random": search.Random{}, "bayes": &bayes.Sampler{}}[f.method]
	p.study, err = search.NewStudy(search.StudyOptions{
		Space: space, Directions: []search.Direction{p.objective.Direction()}, Sampler: sampler, Seed: cfg.Seed, Lag: p.lag,
	})
	return p, err
}

// check refuses flags that are wrong on their own.
func (f *searchFlags) check(cmd *cobra.Command) error {
	oneOf := func(flag, got string, want ...string) error {
		for _, w := range want {
			if got == w {
				return nil
			}
		}
		return usage(fmt.Errorf("--%s %s: want %s", flag, got, strings.Join(want, ", ")))
	}
	var errs []error
	errs = append(errs, oneOf("method", f.method, "grid", "random", "bayes"), oneOf("metric", f.metric, "val_accuracy", "val_loss"), oneOf("pruner", f.pruner, "none"))
	if cmd.Flags().Changed("trials") && f.trials < 1 {
		errs = append(errs, usage(fmt.Errorf("--trials must be 1 or more (got %d)", f.trials)))
	}
	if f.jobs < 1 {
		errs = append(errs, usage(fmt.Errorf("--jobs must be 1 or more (got %d)", f.jobs)))
	}
	if f.lag < 0 || cmd.Flags().Changed("lag") && f.lag < 1 {
		errs = append(errs, usage(fmt.Errorf("--lag must be 1 or more (got %d)", f.lag)))
	}
	if f.spaceFile != "" && len(f.params) > 0 {
		errs = append(errs, usage(errors.New("--space and --param exclude each other")))
	}
	if f.data.validation == 0 {
		errs = append(errs, usage(errors.New("a search needs validation rows: --validation-split must be more than 0")))
	}
	return errors.Join(append(errs, f.data.check(), checkOut(f.out))...)
}

// space returns what is searched: the file's or the command line's parameters,
// or the default ones less those that a flag fixes.
func (f *searchFlags) space(cmd *cobra.Command) (search.Space, error) {
	flagOf := func(name string) string { return strings.ReplaceAll(name, "_", "-") }
	var space search.Space
	var err error
	switch {
	case f.spaceFile != "":
		space, err = spacefile.Load(f.spaceFile)
	case len(f.params) > 0:
		space, err = search.ParseSpace(f.params)
	default:
		space = tune.DefaultSpace()
		if f.method == "grid" {
			space = tune.DefaultGrid()
		}
		var kept []search.Param
		for _, p := range space.Params() {
			if !cmd.Flags().Changed(flagOf(p.Name)) {
				kept = append(kept, p)
			}
		}
		if len(kept) == 0 {
			return space, errors.New("every parameter of the default space is fixed by a flag: say what to search with --param")
		}
		return search.NewSpace(kept...)
	}
	if err != nil {
		return space, err
	}
	for _, p := range space.Params() {
		if flag := flagOf(p.Name); cmd.Flags().Lookup(flag) != nil && cmd.Flags().Changed(flag) {
			return space, fmt.Errorf("%s is searched and also fixed by --%s: leave one out", p.Name, flag)
		}
	}
	return space, nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// execute searches, refits and judges, and prints what came of it, also when it
// is interrupted.
func (p *plan) execute(ctx context.Context, a *app, all *mnist.Set, test func() (*mnist.Set, error)) error {
	r := newSearchReport(p)
	progress := ui.New(a.stderr, isTerminal(a.stderr), ui.Options{
		Trials: p.total, Epochs: p.objective.Base.WithDefaults().Epochs, Jobs: p.jobs, Metric: r.Metric, Direction: p.objective.Direction(),
	})
	p.objective.OnEpoch = progress.Epoch
	err := search.Optimize(ctx, p.study, p.objective.Evaluate, search.OptimizeOptions{Trials: p.trials, Jobs: p.jobs, OnEvent: progress.Event})
	progress.Close()
	if err = errors.Join(err, r.addTrials(p.study)); err != nil {
		if ctx.Err() != nil || errors.Is(err, search.ErrAllFailed) {
			return errors.Join(err, r.print(a))
		}
		return err
	}
	return errors.Join(p.refit(ctx, a, r, all, test), r.print(a))
}

// refit trains the recommended parameters on all rows and judges the network
// once on the test images.
func (p *plan) refit(ctx context.Context, a *app, r *searchReport, all *mnist.Set, test func() (*mnist.Set, error)) error {
	fmt.Fprintf(a.stderr, "training the winner on all %d rows for %d epochs\n", all.Len(), r.refitEpochs)
	trainer, result, err := p.objective.Refit(ctx, r.Recommended.Params, r.refitEpochs, all, p.options)
	if err != nil {
		return err
	}
	set, err := test()
	if err != nil {
		return err
	}
	metrics, err := trainer.Evaluate(ctx, set)
	if err != nil {
		return err
	}
	r.addRefit(result, metrics)
	r.command = trainCommand(result.Config, p.data)
	if p.out == "" {
		return nil
	}
	if err := trainer.Save(p.out); err != nil {
		return err
	}
	r.Model = &p.out
	return nil
}
