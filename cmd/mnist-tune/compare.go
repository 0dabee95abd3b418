package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
	"mnisttune/search/compare"
)

// compareFlags is the command line of compare.
type compareFlags struct {
	config    configFlags
	data      dataFlags
	methods   []string
	reference string
	trials    int
	seeds     int
	retrain   int
	jobs, lag int
	params    []string
	spaceFile string
	metric    string
	studies   string
	png, svg  string
	options   nn.Options
}

const compareHelp = `Search with every method and every seed, show how good the best trial so far is after
each trial, and judge what the methods recommend.

There is a study for each method and seed; all methods have the same seeds, which are
the samplers' and the trainings', and take turns seed by seed. Within a study trials
are evaluated one after the other; --jobs studies are done at a time, which changes
no result.

When all studies are done, each one's best trial is trained again on all training rows,
for as many epochs as its best epoch, with --retrain seeds that no study has had, and
measured on the test images. Nothing is selected by those measurements: they are the
judgement. A study counts with the mean of its retrainings; differences are taken
between studies of the same seed, with a 95 % interval by Student's t.

A grid takes learning_rate=0.001,0.01,0.1 of the default space; of --param and --space
it takes what search does (:n=K points of a range), in order, as far as --trials goes.
A study that has tried everything keeps its best. Trials of halving are of different
lengths: hold the epochs of a study against those of the other methods.

--studies DIR keeps the studies, METHOD-SEED.study, for search, study and trials to
look at: the same command goes on with a comparison that was cut off, and one with
more --seeds, --trials or --methods takes over what is there.`

const compareExamples = `  mnist-tune compare --studies default --png default.png
  mnist-tune compare --methods random,bayes --trials 8 --seeds 2 --epochs 1
  mnist-tune compare --trials 50 --seeds 20 --studies six --png six.png --json \
      --param learning_rate=1e-5..1e-1:log --param batch_size=32,64,128,256 --param num_layers=1..3 \
      --param width=16..128:log --param dropout=0.0..0.5 --param weight_decay=1e-6..1e-1:log > six.json`

func newCompare(a *app) *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:     "compare",
		Short:   "Hold search methods against each other over many seeds",
		Long:    compareHelp,
		Example: compareExamples,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, a) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.methods, "methods", comparedMethods(), "methods to compare, of "+methodList())
	fs.StringVar(&f.reference, "reference", "", "method that the others are held against (default random, or else the first)")
	fs.IntVar(&f.trials, "trials", 30, "trials of a study")
	fs.IntVar(&f.seeds, "seeds", 10, "studies of a method, each with a seed of its own")
	fs.IntVar(&f.retrain, "retrain", 3, "fresh seeds that each recommended configuration is trained again with (0: none)")
	fs.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "studies at a time")
	fs.IntVar(&f.lag, "lag", 1, "trials at a time that the methods are compared for: trial n is chosen from the results up to n-L")
	fs.StringArrayVar(&f.params, "param", nil, "a parameter and its values, NAME=RANGE; repeat for more (see search)")
	fs.StringVar(&f.spaceFile, "space", "", "YAML file with the parameters, in place of --param")
	fs.StringVar(&f.metric, "metric", "val_accuracy", "what is good: val_accuracy or val_loss, of the best epoch")
	fs.StringVar(&f.studies, "studies", "", "folder that keeps the studies; those that are there are gone on with")
	fs.StringVar(&f.png, "png", "", "file to draw the comparison in, as PNG")
	fs.StringVar(&f.svg, "svg", "", "file to draw the comparison in, as SVG")
	f.config.add(cmd, "stop-epochs")
	seed := fs.Lookup("seed") // the same command is to give the same comparison
	f.config.cfg.Seed, seed.DefValue, seed.Usage = 1, "1", "of the first studies; the others have the next ones"
	f.data.add(cmd)
	f.data.addSplit(cmd)
	addOptions(cmd, &f.options)
	return cmd
}

// comparedMethods are the methods whose trials are equally long.
func comparedMethods() (names []string) {
	for _, m := range methods {
		if _, ok := m.sampler.(search.Halving); !ok {
			names = append(names, m.name)
		}
	}
	return names
}

// check refuses flags that are wrong on their own.
func (f *compareFlags) check() error {
	errs := []error{checkMethods("methods", f.methods...), oneOf("metric", f.metric, "val_accuracy", "val_loss"), f.data.check()}
	if len(f.methods) == 0 {
		errs = append(errs, usage(errors.New("--methods names none")))
	}
	for i, m := range f.methods {
		if slices.Contains(f.methods[:i], m) {
			errs = append(errs, usage(fmt.Errorf("--methods names %s twice", m)))
		}
	}
	if f.reference != "" && !slices.Contains(f.methods, f.reference) {
		errs = append(errs, usage(fmt.Errorf("--reference %s is none of --methods", f.reference)))
	}
	for _, n := range []struct {
		flag       string
		got, least int
	}{{"trials", f.trials, 1}, {"seeds", f.seeds, 1}, {"retrain", f.retrain, 0}, {"jobs", f.jobs, 1}, {"lag", f.lag, 1}} {
		if n.got < n.least {
			errs = append(errs, usage(fmt.Errorf("--%s must be %d or more (got %d)", n.flag, n.least, n.got)))
		}
	}
	if f.spaceFile != "" && len(f.params) > 0 {
		errs = append(errs, usage(errors.New("--space and --param exclude each other")))
	}
	if f.data.validation == 0 {
		errs = append(errs, usage(errors.New("a search needs validation rows: --validation-split must be more than 0")))
	}
	return errors.Join(append(errs, checkFile("png", f.png), checkFile("svg", f.svg))...)
}

// run carries the command out.
func (f *compareFlags) run(cmd *cobra.Command, a *app) error {
	c, err := f.comparison(cmd, a)
	if err != nil {
		return err
	}
	start := time.Now()
	result, err := compare.Run(cmd.Context(), c.config)
	if err != nil && cmd.Context().Err() == nil {
		return err
	}
	if err != nil && f.studies != "" {
		fmt.Fprintf(a.stderr, "the same command goes on\n")
	}
	if err == nil {
		err = c.allFailed(result)
	}
	return errors.Join(err, c.draw(result), c.newReport(result, time.Since(start)).print(a))
}

// comparison is what a command line asks for, ready to run.
type comparison struct {
	flags  *compareFlags
	plan   *plan // what all its studies have in common
	spaces []search.Space
	config compare.Config
}

// comparison checks the command line, and what it finds in the folder of studies, before
// anything expensive happens.
func (f *compareFlags) comparison(cmd *cobra.Command, a *app) (*comparison, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c := &comparison{flags: f}
	var err error
	if c.plan, err = f.plan(cmd); err != nil {
		return nil, err
	}
	for _, method := range f.methods {
		space, err := (&searchFlags{method: method, params: f.params, spaceFile: f.spaceFile}).space(cmd)
		if err == nil {
			err = tune.CheckSpace(space, c.plan.settings.Config)
		}
		if err != nil {
			return nil, usage(err)
		}
		c.spaces = append(c.spaces, space)
	}
	all, test, err := f.data.load()
	if err != nil {
		return nil, err
	}
	if err := c.plan.setData(all); err != nil {
		return nil, err
	}
	if f.studies != "" {
		if err := os.MkdirAll(f.studies, 0o777); err != nil {
			return nil, fmt.Errorf("--studies: %w", err)
		}
		if err := c.checkStudies(cmd.Context(), a.stderr); err != nil {
			return nil, err
		}
	}
	c.configure(a, &judgement{all: all, test: sync.OnceValues(test)})
	return c, nil
}

// plan returns what the studies have in common.
func (f *compareFlags) plan(cmd *cobra.Command) (*plan, error) {
	cfg, err := f.config.config(cmd, f.options)
	if err != nil {
		return nil, err
	}
	p := &plan{place: &studyPlace{}, options: f.options, data: &f.data}
	p.settings = searchSettings{
		Objective: objectiveTraining, Metric: f.metric, Pruner: "none", Trials: f.trials, Config: cfg, Validation: f.data.validation, Seeds: 1, Build: nn.Build(), Backend: f.options.Backend,
	}
	if p.settings.Kernels, err = nn.Kernels(); err != nil {
		return nil, err
	}
	p.training = &tune.Objective{Base: cfg, Metric: f.metric, Options: f.options}
	p.directions = p.training.Directions()
	return p, nil
}
