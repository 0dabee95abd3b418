package tune

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mnisttune/nn"
	"mnisttune/search"
)

// Attributes that an Objective stores with each trial.
const (
	AttrHistory          = "history"            // []nn.Epoch, the mean over the networks
	AttrBestEpoch        = "best_epoch"         // int, from 1
	AttrSamplesPerSecond = "samples_per_second" // float64, over all training steps
	// search.AttrScores, AttrFitSeconds and AttrScoreSeconds: []float64, of every network
	// split by split and seed by seed, the scores at the best epoch
)

// Split is one division of the data.
type Split struct{ Train, Val nn.Dataset }

// Objective trains a network for each trial and returns the best epoch's metric
// on the validation set. All trials use the seed of Base, so that training with
// a trial's parameters and that seed gives the trial's history again. It is safe
// for concurrent use if the data sets are.
//
// With several Splits (cross-validation) or Seeds a trial trains as many networks in
// step. Its reports and its value are the means over them, the best epoch is that of the
// mean, and Patience watches the mean.
type Objective struct {
	Base       nn.Config // what the trial's parameters do not say
	Train, Val nn.Dataset
	// Features and Classes are the size of the data, for Feasible where there are none.
	Features, Classes int
	// Splits, if there are any, take the place of Train and Val.
	Splits []Split
	// Seeds is how many networks are trained on each split, with the seeds Base.Seed,
	// Base.Seed+1 and so on. Default 1.
	Seeds int
	// Metric is val_accuracy (default) or val_loss.
	Metric string
	// Others are further objectives: measures (see Measures) of the trained networks. A
	// study with some is searched with EvaluateAll and does not report.
	Others []string
	// Constraints on measures. A trial that breaks one is told all the same, and not
	// feasible.
	Constraints []Constraint
	// Options are those of every trial's trainer; its Hooks are called in every training.
	Options nn.Options
	// Checkpoints is a folder for checkpoints of running trials, so that one that was
	// cut off goes on from its last epoch; it is made when it is needed. A checkpoint
	// stays until RemoveCheckpoint. Empty: no checkpoints.
	Checkpoints string
	// Key stands for the data, see nn.Checkpoint.
	Key string
	// OnEpoch, if set, is called after every epoch of a trial with the mean over its
	// networks.
	OnEpoch func(trial int, e nn.Epoch)
}

// metric returns Metric or its default.
func (o *Objective) metric() string {
	if o.Metric == "" {
		return "val_accuracy"
	}
	return o.Metric
}

// Direction returns whether large or small values of the metric are good.
func (o *Objective) Direction() search.Direction { return directionOf(o.metric()) }

// Directions returns the directions of the metric and of the Others.
func (o *Objective) Directions() []search.Direction {
	out := []search.Direction{o.Direction()}
	for _, name := range o.Others {
		out = append(out, directionOf(name))
	}
	return out
}

// Config returns what a trial of these parameters trains with.
func (o *Objective) Config(p search.Params) (nn.Config, error) {
	cfg, err := Apply(o.Base, p)
	cfg.Monitor = o.metric()
	return cfg, err
}

// Evaluate is a search.Objective. Each epoch's metric is reported; history, best
// epoch, samples/s, scores and times become attributes, also of a training that was cut
// short.
func (o *Objective) Evaluate(ctx context.Context, e *search.Evaluation) (float64, error) {
	g, err := o.evaluate(ctx, e, func(epoch nn.Epoch, value float64) error { return e.Report(ctx, epoch.Number, value) })
	if err != nil {
		return 0, err
	}
	return g.watch.Value, nil
}

// EvaluateAll is a search.MultiObjective: the metric of the best epoch, then the Others.
func (o *Objective) EvaluateAll(ctx context.Context, e *search.Evaluation) ([]float64, error) {
	g, err := o.evaluate(ctx, e, func(nn.Epoch, float64) error { return nil })
	if err != nil {
		return nil, err
	}
	values := []float64{g.watch.Value}
	for _, name := range o.Others {
		value, err := g.measure(ctx, name)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// evaluate trains a trial's networks and stores what is not its value.
func (o *Objective) evaluate(ctx context.Context, e *search.Evaluation, report func(nn.Epoch, float64) error) (*group, error) {
	g, err := o.group(e.Params, o.Base.Seed, max(1, o.Seeds), o.checkpoint(e.Number))
	if err != nil {
		return nil, err
	}
	err = g.train(ctx, func(epoch nn.Epoch) error {
		if o.OnEpoch != nil {
			o.OnEpoch(e.Number, epoch)
		}
		value, _ := epoch.Metric(o.metric()) // g has seen it
		return report(epoch, value)
	})
	err = errors.Join(err, g.store(e))
	if err == nil && len(o.Constraints) > 0 {
		err = o.storeConstraints(ctx, e, g)
	}
	return g, err
}

// checkpoint returns where a trial is kept while it runs.
func (o *Objective) checkpoint(trial int) nn.Checkpoint {
	c := o.Options.Checkpoint
	if o.Checkpoints == "" {
		return c
	}
	c.Key, c.Path = o.Key, filepath.Join(o.Checkpoints, fmt.Sprintf("trial-%d", trial))
	return c
}

// member returns the checkpoint of network i of a trial. Its key says on which of the
// splits it is trained; its seed is in its configuration.
func (o *Objective) member(c nn.Checkpoint, i int) nn.Checkpoint {
	if c.Path == "" {
		return c
	}
	if n := len(o.Splits); n > 0 {
		c.Key = fmt.Sprintf("%s/split %d of %d", c.Key, i/max(1, o.Seeds), n)
	}
	if i > 0 {
		c.Path = fmt.Sprintf("%s.%d", c.Path, i)
	}
	return c
}

// RemoveCheckpoint removes what is kept of a running trial. Call it when the trial's
// outcome is safe, that is from search.OptimizeOptions.OnEvent when it was told.
func (o *Objective) RemoveCheckpoint(trial int) error {
	if o.Checkpoints == "" {
		return nil
	}
	var errs []error
	for i := range max(1, len(o.Splits)) * max(1, o.Seeds) {
		errs = append(errs, o.member(o.checkpoint(trial), i).Remove())
	}
	return errors.Join(errs...)
}

// Refit trains a network with a trial's parameters on data, for as many epochs
// as the trial's best one, without validation and early stopping. A schedule is
// laid over those epochs.
func (o *Objective) Refit(ctx context.Context, p search.Params, epochs int, data nn.Dataset, options nn.Options) (*nn.Trainer, *nn.Result, error) {
	cfg, err := o.Config(p)
	if err != nil {
		return nil, nil, err
	}
	if epochs < 1 {
		return nil, nil, fmt.Errorf("tune: a refit takes 1 epoch or more (got %d)", epochs)
	}
	cfg.Epochs, cfg.Patience = epochs, 0
	trainer, err := nn.New(cfg, options)
	if err != nil {
		return nil, nil, err
	}
	result, err := trainer.Fit(ctx, data, nil)
	return trainer, result, err
}
