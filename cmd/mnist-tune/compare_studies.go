package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"mnisttune/mnist"
	"mnisttune/nn/tune"
	"mnisttune/search"
	"mnisttune/search/compare"
	"mnisttune/search/journal"
)

// configure fills in what is run.
func (c *comparison) configure(a *app, j *judgement) {
	f := c.flags
	c.config = compare.Config{
		Direction: c.plan.directions[0], Reference: f.reference, Trials: f.trials, Seeds: f.seeds, FirstSeed: c.plan.settings.Config.Seed,
		Lag: f.lag, Jobs: f.jobs, Retrain: f.retrain,
		Objective: func(seed uint64) search.Objective { return c.objective(seed).Evaluate },
		Keep: func(_ context.Context, method string, o *search.StudyOptions) (func() error, error) {
			return c.keep(method, o, a.stderr)
		},
		OnProgress: newCompareProgress(a.stderr, f.metric).show,
	}
	for i, method := range f.methods {
		c.config.Methods = append(c.config.Methods, compare.Method{Name: method, Sampler: samplerOf(method), Space: c.spaces[i]})
	}
	if f.reference == "" && slices.Contains(f.methods, "random") {
		c.config.Reference = "random"
	}
	if f.retrain > 0 {
		c.config.Score = func(ctx context.Context, t search.Trial, seed uint64) (float64, error) {
			return j.score(ctx, c.objective(seed), t)
		}
	}
}

// objective returns the training with a seed.
func (c *comparison) objective(seed uint64) *tune.Objective {
	o := *c.plan.training
	o.Base.Seed = seed
	return &o
}

// settings returns what a study of a method stays with.
func (c *comparison) settings(method string, seed uint64) searchSettings {
	s := c.plan.settings
	s.Method, s.Seed, s.Config.Seed = method, seed, seed
	return s
}

// file returns where the study of a method is kept.
func (c *comparison) file(method string, seed uint64) string {
	return filepath.Join(c.flags.studies, fmt.Sprintf("%s-%d.study", method, seed))
}

// keep opens the file of a study, so that search and study can do with it what they do
// with those of their own.
func (c *comparison) keep(method string, o *search.StudyOptions, stderr io.Writer) (func() error, error) {
	o.Name, o.Metrics = defaultStudyName, []string{c.flags.metric}
	o.Attrs = map[string]any{settingsAttr: c.settings(method, o.Seed)}
	if c.flags.studies == "" {
		return nil, nil
	}
	log, err := journal.Open(c.file(method, o.Seed), journal.Options{Logger: warnings(stderr)})
	if err != nil {
		return nil, err
	}
	o.Journal, o.Workers, o.Worker = log, log, search.NewWorker()
	presence, err := log.Enlist(o.Worker)
	if err != nil {
		return nil, err
	}
	return presence.Close, nil
}

// checkStudies holds the studies that are in the folder against the command line.
func (c *comparison) checkStudies(ctx context.Context, stderr io.Writer) error {
	noted := false
	for i, method := range c.flags.methods {
		for k := range c.flags.seeds {
			seed := c.plan.settings.Config.Seed + uint64(k)
			file := c.file(method, seed)
			replay, err := readStudies(ctx, file)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			record := replay.Study(defaultStudyName)
			if record == nil {
				continue
			}
			theirs, err := c.sameStudy(record, c.settings(method, seed), c.spaces[i])
			if err != nil {
				return usage(fmt.Errorf("%s: %w: give the flags that it was begun with, or another --studies", file, err))
			}
			if mine := c.plan.settings; !noted && (theirs.Kernels != mine.Kernels || theirs.Build != mine.Build) {
				noted = true
				fmt.Fprintf(stderr, "note: %s was begun by another build or on other kernels (%s, %s): results may differ\n", file, theirs.Build, theirs.Kernels)
			}
		}
	}
	return nil
}

// sameStudy returns the settings of a study that is there, or an error if they are not
// those of the command line.
func (c *comparison) sameStudy(record *search.StudyRecord, mine searchSettings, space search.Space) (theirs searchSettings, err error) {
	theirs, known, err := settingsOf(record)
	if err != nil {
		return theirs, err
	}
	constants, ok, err := record.Constants()
	if err != nil {
		return theirs, err
	}
	if !known || !ok {
		return theirs, errors.New("another program has begun it")
	}
	var differences []string
	differ := func(what string, theirs, mine any) {
		if fmt.Sprint(theirs) != fmt.Sprint(mine) {
			differences = append(differences, fmt.Sprintf("%s %v, not %v", what, theirs, mine))
		}
	}
	a, b := theirs.flat(), mine.flat()
	for name := range b {
		differ(name, a[name], b[name])
	}
	differ("space", constants.Space.Params(), space.Params())
	differ("lag", constants.Lag, c.flags.lag)
	if theirs.Data != mine.Data {
		differences = append(differences, "other data")
	}
	if len(differences) == 0 {
		return theirs, nil
	}
	slices.Sort(differences)
	return theirs, fmt.Errorf("it was begun with %s", strings.Join(differences, ", with "))
}

// judgement trains what was recommended on all training rows and measures it on the test
// images.
type judgement struct {
	all  *mnist.Set
	test func() (*mnist.Set, error)
}

// score returns the accuracy on the test images.
func (j *judgement) score(ctx context.Context, o *tune.Objective, t search.Trial) (float64, error) {
	trainer, _, err := o.Refit(ctx, t.Params, refitEpochs(t), j.all, o.Options)
	if err != nil {
		return 0, err
	}
	_, metrics, err := judge(ctx, trainer, j.test)
	return metrics.Accuracy, err
}
