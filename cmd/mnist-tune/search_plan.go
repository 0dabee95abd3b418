package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/mnist"
	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
)

// plan is a search that is ready to run.
type plan struct {
	place      *studyPlace
	settings   searchSettings
	constants  search.Constants
	known      bool // the study is in the file already, with its settings
	directions []search.Direction
	evaluate   search.MultiObjective // nil: trials are asked for and told by hand
	training   *tune.Objective       // what evaluate is of, where networks are trained
	study      *search.Study         // after open
	optimize   search.OptimizeOptions
	total      int // trials that there will be; 0: not known
	prior      prior
	earlier    int // trials that were there when it was opened
	jobs       int
	out        string
	options    nn.Options
	data       *dataFlags
}

// prunerNames lists what --pruner takes.
var prunerNames = []string{"none", "median", "percentile", "asha", "hyperband"}

// pruner returns the pruner of that name for trainings of so many epochs.
func pruner(name string, epochs int) search.Pruner {
	switch name {
	case "median":
		return search.Percentile{}
	case "percentile":
		return search.Percentile{Percent: 25}
	case "asha":
		return search.ASHA{}
	case "hyperband":
		return search.Hyperband{MaxSteps: epochs}
	}
	return nil
}

// prunedEpochs is how many epochs trainings must have for the default pruner to be one.
const prunedEpochs = 4

// plan checks the command line, and what it says of a study that is there, before
// anything expensive happens.
func (f *searchFlags) plan(cmd *cobra.Command, a *app, place *studyPlace) (*plan, error) {
	p := &plan{place: place, jobs: f.jobs, out: f.out, options: f.options, data: &f.data}
	cfg := f.config.cfg
	var err error
	if !f.manual {
		if cfg, err = f.config.config(cmd, f.options); err != nil {
			return nil, err
		}
	}
	p.settings = searchSettings{
		Objective: objectiveTraining, Method: f.method, Metric: f.objective.metric, Constraints: f.objective.constraints, Pruner: f.pruner, Config: cfg, Validation: f.data.validation, Build: nn.Build(), Seed: cfg.Seed,
		Folds: f.splits.folds, Seeds: f.splits.seeds, Retest: f.retest.top, RetestSeeds: f.retest.seeds, Backend: f.options.Backend,
	}
	if f.manual {
		p.settings = searchSettings{Objective: objectiveManual, Method: f.method, Metric: "value", Direction: f.direction, Pruner: "none", Seed: cfg.Seed}
	}
	if f.command.text != "" {
		p.settings = searchSettings{
			Objective: objectiveCommand, Method: f.method, Metric: "value", Direction: f.direction, Pruner: f.pruner,
			Exec: f.command.text, Shell: f.command.shell, Timeout: f.command.timeout, Resource: f.command.resource, Seed: cfg.Seed,
		}
	}
	if p.settings.Kernels, err = nn.Kernels(); err != nil {
		return nil, err
	}
	if err := p.takeOver(cmd, a.stderr); err != nil {
		return nil, err
	}
	p.options.Backend = p.settings.Backend
	if !f.manual && (!p.known || cmd.Flags().Changed("stop")) {
		p.settings.Stop = f.stop
	}
	if p.constants.Space, err = f.spaceFor(cmd, p); err != nil {
		return nil, usage(err)
	}
	if p.prior, err = f.prior.read(p.constants.Space, splitMetrics(p.settings.Metric)); err != nil {
		return nil, err
	}
	if err := p.setObjective(a.stderr); err != nil {
		return nil, err
	}
	if !p.known {
		a.drawSeed(cmd, &cfg)
		p.settings.Seed = cfg.Seed
		if p.training != nil {
			p.settings.Config.Seed, p.training.Base.Seed = cfg.Seed, cfg.Seed
		}
		p.complete(f)
	}
	f.budgets(cmd, p)
	return p, f.checkTogether(cmd, p)
}

// setObjective fills in what trials are evaluated with.
func (p *plan) setObjective(stderr io.Writer) error {
	s := &p.settings
	switch s.Objective {
	case objectiveTraining:
		if err := tune.CheckSpace(p.constants.Space, s.Config); err != nil {
			return usage(err)
		}
		if err := p.train(); err != nil {
			return err
		}
	case objectiveCommand:
		c, err := s.newCommand(p.constants.Space, stderr)
		if err != nil {
			return usage(err)
		}
		p.evaluate = single(c.Evaluate)
	}
	if p.training == nil {
		d, err := parseDirection(s.Direction)
		if err != nil {
			return err
		}
		p.directions = []search.Direction{d}
	}
	if r := p.place.record; r != nil && !slices.Equal(r.Directions, p.directions) {
		return usage(fmt.Errorf("study %q is to %v, %s is to %v: choose another --metric or --direction", p.place.name, joined(r.Directions), s.Metric, joined(p.directions)))
	}
	return nil
}

// takeOver replaces the settings by those of a study that is there.
func (p *plan) takeOver(cmd *cobra.Command, stderr io.Writer) error {
	if p.place.record == nil {
		return nil
	}
	old, ok, err := settingsOf(p.place.record)
	if err != nil || !ok {
		return err
	}
	if p.constants, p.known, err = p.place.record.Constants(); err != nil || !p.known {
		return err
	}
	fresh := p.settings
	if fresh.Pruner == "" {
		fresh.Pruner = old.Pruner
	}
	if fresh.Objective == objectiveCommand && old.Objective == objectiveTraining {
		return usage(fmt.Errorf("study %q trains networks: leave --exec out to go on with it", p.place.name))
	}
	if old.Objective == objectiveCommand {
		if err := refuseTrainingFlags(cmd); err != nil {
			return err
		}
	}
	if old.Objective == objectiveManual && fresh.Objective == objectiveCommand {
		old.Objective, old.Exec, old.Shell, old.Timeout, old.Resource = fresh.Objective, fresh.Exec, fresh.Shell, fresh.Timeout, fresh.Resource
	}
	old.announce(cmd, stderr, fresh)
	if lag, _ := cmd.Flags().GetInt("lag"); cmd.Flags().Changed("lag") && lag != p.constants.Lag {
		noteKept(stderr, "lag", lag, p.constants.Lag)
	}
	if async, _ := cmd.Flags().GetBool("async"); cmd.Flags().Changed("async") && async != p.constants.Async {
		noteKept(stderr, "async", async, p.constants.Async)
	}
	if cmd.Flags().Changed("retest") {
		old.Retest = fresh.Retest
	}
	if cmd.Flags().Changed("retest-seeds") || old.RetestSeeds == 0 {
		old.RetestSeeds = fresh.RetestSeeds
	}
	p.settings = old
	return nil
}

// complete fills in what a new study begins with.
func (p *plan) complete(f *searchFlags) {
	epochs := p.settings.Config.WithDefaults().Epochs
	if p.settings.Pruner == "" {
		p.settings.Pruner = "none"
		if p.settings.Objective == objectiveTraining && epochs >= prunedEpochs && len(p.directions) == 1 && p.settings.Method != "halving" {
			p.settings.Pruner = "asha"
		}
	}
	p.constants.Seed, p.constants.Async, p.constants.Lag = p.settings.Seed, f.async, f.lag
	if f.lag == 0 {
		p.constants.Lag = f.jobs
		if p.settings.Pruner != "none" {
			p.constants.Lag *= 2
		}
	}
}

// budgets works out when the search ends.
func (f *searchFlags) budgets(cmd *cobra.Command, p *plan) {
	trials := f.trials
	switch {
	case cmd.Flags().Changed("trials"):
	case p.known:
		trials = p.settings.Trials
	case p.settings.Method != "grid":
		trials = defaultTrials
	}
	p.settings.Trials = trials
	p.optimize = search.OptimizeOptions{Trials: trials, Jobs: f.jobs, Timeout: f.timeout, Patience: f.patience}
	if cmd.Flags().Changed("target") {
		p.optimize.Target = &f.target
	}
	p.total = trials
	size, finite := p.constants.Space.Size()
	if p.settings.Method == "grid" {
		size, finite = search.GridSize(p.constants.Space)
	}
	if finite && (p.total == 0 || size < p.total) {
		p.total = size
	}
}

// open begins the study or goes on with it.
func (p *plan) open(ctx context.Context, stderr io.Writer) (closePlan func() error, err error) {
	if p.training != nil {
		p.training.Options.Checkpoint.Logger = warnings(stderr)
	}
	if err := p.prior.constrain(p.training, p.constants.Space, p.feasible()); err != nil {
		return nil, err
	}
	study, closeStudy, err := p.place.open(ctx, stderr, search.StudyOptions{
		Space: p.constants.Space, Directions: p.directions, Metrics: splitMetrics(p.settings.Metric), Feasible: p.feasible(),
		Sampler: p.settings.sampler(), Pruner: pruner(p.settings.Pruner, p.epochs()), Detached: p.evaluate == nil,
		Seed: p.constants.Seed, Lag: p.constants.Lag, Async: p.constants.Async,
		Attrs: map[string]any{settingsAttr: p.settings},
	})
	if err != nil {
		return nil, err
	}
	p.study = study
	p.earlier = len(study.Trials())
	if err = p.sameSettings(); err == nil {
		err = p.keepSettings(ctx)
	}
	if err == nil {
		err = p.prior.write(ctx, study, stderr)
	}
	if err != nil {
		return nil, errors.Join(err, closeStudy())
	}
	return func() error {
		if p.training != nil && p.training.Checkpoints != "" {
			_ = os.Remove(p.training.Checkpoints) // stays while there are some in it
		}
		return closeStudy()
	}, nil
}

// keepSettings writes down what has changed of the settings that do not bind a study:
// trials, retests and when to stop.
func (p *plan) keepSettings(ctx context.Context) error {
	if !p.known || p.evaluate == nil {
		return nil
	}
	now, err := json.Marshal(p.settings)
	if err != nil || string(now) == string(p.study.Attr(settingsAttr)) {
		return err
	}
	return p.study.SetStudyAttr(ctx, settingsAttr, p.settings)
}

// sameSettings refuses a study that another search has begun in the meantime with other
// settings.
func (p *plan) sameSettings() error {
	raw := p.study.Attr(settingsAttr)
	if raw == nil || p.known {
		return nil
	}
	var theirs searchSettings
	if err := json.Unmarshal(raw, &theirs); err != nil {
		return fmt.Errorf("study %q: attribute %s: %w", p.place.name, settingsAttr, err)
	}
	mine := p.settings
	mine.Trials = theirs.Trials
	if a, b := fmt.Sprint(mine.flat(), mine.Objective, mine.Data), fmt.Sprint(theirs.flat(), theirs.Objective, theirs.Data); a != b {
		return fmt.Errorf("study %q was begun by another search just now, with other settings: go on with --study %s", p.place.name, p.place.file)
	}
	return nil
}

// epochs returns how many epochs a training has; 0 where none are trained.
func (p *plan) epochs() int {
	if p.settings.Objective != objectiveTraining {
		return 0
	}
	return p.settings.Config.WithDefaults().Epochs
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// execute searches, has the winner trained and judged if there is something to train, and
// prints what came of it, also when it is interrupted.
func (p *plan) execute(ctx context.Context, a *app, winner func(context.Context, *searchReport) error) error {
	if err := p.study.RequestStop(ctx, false); err != nil {
		return err
	}
	r := newSearchReport(p.place, p.settings, p.constants)
	r.Jobs = p.jobs
	if p.earlier > 0 {
		fmt.Fprintf(a.stderr, "going on with the study %q in %s (%d trials)\n", p.place.name, p.place.file, p.earlier)
	} else if p.place.file != "" {
		fmt.Fprintf(a.stderr, "the study is kept in %s\n", p.place.file)
	}
	progress := ui.New(a.stderr, isTerminal(a.stderr), ui.Options{
		Trials: p.planned(), Epochs: p.epochs(), Jobs: p.jobs, Metric: splitMetrics(r.Metric)[0], Direction: p.directions[0],
		Earlier: p.study.Trials(),
	})
	if p.training != nil {
		p.training.OnEpoch = progress.Epoch
	}
	p.optimize.OnEvent = func(e search.Event) {
		switch {
		case e.Kind == search.Ended:
			r.Ended = e.Reason
		case e.Kind == search.Told && p.training != nil:
			if err := p.training.RemoveCheckpoint(e.Trial.Number); err != nil {
				fmt.Fprintf(a.stderr, "note: %v\n", err)
			}
		}
		progress.Event(e)
	}
	err := search.OptimizeMulti(ctx, p.study, p.evaluate, p.optimize)
	progress.Close()
	r.addTrials(p.directions, p.study.Trials())
	err = errors.Join(err, p.refitImported(r))
	noteWaiting(a.stderr, p.study.Trials())
	if waited := p.study.Waited(); waited > time.Second {
		fmt.Fprintf(a.stderr, "waited %s for results of other trials, all jobs together (--async or a larger --lag waits less)\n", ui.Duration(waited))
	}
	if err != nil {
		if ctx.Err() != nil && p.place.file != "" {
			fmt.Fprintf(a.stderr, "the same command with --study %s goes on\n", p.place.file)
		}
		if ctx.Err() != nil || errors.Is(err, search.ErrAllFailed) {
			return errors.Join(err, r.print(a))
		}
		return err
	}
	if r.Best == nil {
		return errors.Join(r.nothing(), r.print(a))
	}
	if err = p.retest(ctx, a, r); err == nil && winner != nil {
		err = winner(ctx, r)
	}
	return errors.Join(err, r.print(a))
}

// refit trains the recommended parameters on all rows and judges the network
// once on the test images.
func (p *plan) refit(ctx context.Context, a *app, r *searchReport, all *mnist.Set, test func() (*mnist.Set, error)) error {
	fmt.Fprintf(a.stderr, "training the winner on all %d rows for %d epochs\n", all.Len(), r.refitEpochs)
	trainer, result, err := p.training.Refit(ctx, r.Recommended.Params, r.refitEpochs, all, p.options)
	if err != nil {
		return err
	}
	_, metrics, err := judge(ctx, trainer, test)
	if err != nil {
		return err
	}
	r.addRefit(result, metrics)
	r.command = trainCommand(result.Config, p.data)
	if p.out != "" {
		if err := trainer.Save(p.out); err != nil {
			return err
		}
		r.Model = &p.out
	}
	return p.study.SetStudyAttr(ctx, winnerAttr, winnerReport{
		Trial: r.Recommended.Number, Params: r.Recommended.Params, Epochs: r.refitEpochs, TestLoss: metrics.Loss, TestAccuracy: metrics.Accuracy, Model: r.Model,
	})
}

// winnerAttr is the study's user attribute that says what became of the recommended
// configuration, a winnerReport.
const winnerAttr = search.AttrPrefix + "winner"

type winnerReport struct {
	Trial        int           `json:"trial"`
	Params       search.Params `json:"params"`
	Epochs       int           `json:"epochs"`
	TestLoss     float64       `json:"test_loss"`
	TestAccuracy float64       `json:"test_accuracy"`
	Model        *string       `json:"model"`
}
