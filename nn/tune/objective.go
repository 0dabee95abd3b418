package tune

import (
	"context"
	"fmt"
	"path/filepath"

	"mnisttune/nn"
	"mnisttune/search"
)

// Attributes that an Objective stores with each trial.
const (
	AttrHistory          = "history"            // []nn.Epoch
	AttrBestEpoch        = "best_epoch"         // int, from 1
	AttrSamplesPerSecond = "samples_per_second" // float64, over all training steps
)

// Objective trains a network for each trial and returns the best epoch's metric
// on the validation set. All trials use the seed of Base, so that training with
// a trial's parameters and that seed gives the trial's history again. It is safe
// for concurrent use if the data sets are.
type Objective struct {
	Base       nn.Config // what the trial's parameters do not say
	Train, Val nn.Dataset
	// Metric is val_accuracy (default) or val_loss.
	Metric string
	// Options are those of every trial's trainer; its Hooks are the Objective's.
	Options nn.Options
	// Checkpoints is a folder for checkpoints of running trials, so that one that was
	// cut off goes on from its last epoch; it is made when it is needed. A checkpoint
	// stays until RemoveCheckpoint. Empty: no checkpoints.
	Checkpoints string
	// Key stands for the data, see nn.Checkpoint.
	Key string
	// OnEpoch, if set, is called after every epoch of a trial.
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
func (o *Objective) Direction() search.Direction {
	if o.metric() == "val_loss" {
		return search.Minimize
	}
	return search.Maximize
}

// Config returns what a trial of these parameters trains with.
func (o *Objective) Config(p search.Params) (nn.Config, error) {
	cfg, err := Apply(o.Base, p)
	cfg.Monitor = o.metric()
	return cfg, err
}

// Evaluate is a search.Objective. Each epoch's metric is reported; history, best
// epoch and samples/s become attributes, also of a training that was cut short.
func (o *Objective) Evaluate(ctx context.Context, e *search.Evaluation) (float64, error) {
	cfg, err := o.Config(e.Params)
	if err != nil {
		return 0, err
	}
	if m := o.metric(); m != "val_accuracy" && m != "val_loss" {
		return 0, fmt.Errorf("tune: metric %q (want val_accuracy or val_loss)", m)
	}
	if o.Val == nil {
		return 0, fmt.Errorf("tune: there is no validation set to measure %s on", o.metric())
	}
	options := o.Options
	options.Hooks = nn.Hooks{OnEpoch: func(ctx context.Context, epoch nn.Epoch) error {
		if o.OnEpoch != nil {
			o.OnEpoch(e.Number, epoch)
		}
		value, ok := epoch.Metric(o.metric())
		if !ok {
			return fmt.Errorf("tune: the backend measured no %s", o.metric())
		}
		return e.Report(ctx, epoch.Number, value)
	}}
	options.Checkpoint = o.checkpoint(e.Number)
	trainer, err := nn.New(cfg, options)
	if err != nil {
		return 0, err
	}
	result, err := trainer.Fit(ctx, o.Train, o.Val)
	if result != nil {
		if err := storeResult(e, result); err != nil {
			return 0, err
		}
	}
	if err != nil {
		return 0, err
	}
	best, ok := result.BestEpoch()
	if !ok {
		return 0, fmt.Errorf("tune: trial %d has no epoch", e.Number)
	}
	value, _ := best.Metric(o.metric()) // OnEpoch has seen it
	return value, nil
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

// RemoveCheckpoint removes what is kept of a running trial. Call it when the trial's
// outcome is safe, that is from search.OptimizeOptions.OnEvent when it was told.
func (o *Objective) RemoveCheckpoint(trial int) error {
	if o.Checkpoints == "" {
		return nil
	}
	return o.checkpoint(trial).Remove()
}

func storeResult(e *search.Evaluation, r *nn.Result) error {
	for _, a := range []struct {
		key   string
		value any
	}{{AttrHistory, r.History}, {AttrBestEpoch, r.Best}, {AttrSamplesPerSecond, r.SamplesPerSecond}} {
		if err := e.SetAttr(a.key, a.value); err != nil {
			return err
		}
	}
	return nil
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
