package tune

import (
	"context"
	"fmt"

	"mnisttune/nn"
	"mnisttune/search"
)

// group is the networks of one trial, which are trained in step.
type group struct {
	trainers  []*nn.Trainer
	trainings []*nn.Training
	val       nn.Dataset // the first one's
	rows      []int      // of each one's training set
	epochs    int
	metric    string
	watch     nn.Watch
	history   []nn.Epoch // the means
	measured  map[string]float64
}

// group prepares networks with the parameters on every split, with so many seeds from
// the first on.
func (o *Objective) group(p search.Params, first uint64, seeds int, c nn.Checkpoint) (*group, error) {
	cfg, err := o.Config(p)
	if err != nil {
		return nil, err
	}
	m := o.metric()
	if m != "val_accuracy" && m != "val_loss" {
		return nil, fmt.Errorf("tune: metric %q (want val_accuracy or val_loss)", m)
	}
	splits := o.Splits
	if len(splits) == 0 {
		splits = []Split{{o.Train, o.Val}}
	}
	full := cfg.WithDefaults()
	g := &group{metric: m, measured: map[string]float64{}, epochs: full.Epochs, val: splits[0].Val, watch: nn.Watch{Monitor: m, Patience: full.Patience, MinDelta: full.MinDelta}}
	cfg.Patience = 0
	for i, split := range splits {
		if split.Val == nil {
			return nil, fmt.Errorf("tune: there is no validation set to measure %s on", m)
		}
		for k := range seeds {
			cfg.Seed = first + uint64(k)
			options := o.Options
			options.Checkpoint = o.member(c, i*seeds+k)
			trainer, err := nn.New(cfg, options)
			if err != nil {
				return nil, err
			}
			training, err := trainer.Begin(split.Train, split.Val)
			if err != nil {
				return nil, err
			}
			g.trainers, g.trainings, g.rows = append(g.trainers, trainer), append(g.trainings, training), append(g.rows, split.Train.Len())
		}
	}
	return g, nil
}

// train trains epoch by epoch and hands the means to report. Epochs that all networks
// had trained before an interruption are not reported again, but for the last of them,
// whose report may have been lost.
func (g *group) train(ctx context.Context, report func(nn.Epoch) error) error {
	reported := g.epochs
	for _, t := range g.trainings {
		reported = min(reported, len(t.Result().History)-1)
	}
	for n := 1; n <= g.epochs; n++ {
		stop, err := g.epoch(ctx, n)
		if err != nil {
			return err
		}
		if n > reported {
			if err := report(g.history[n-1]); err != nil {
				return fmt.Errorf("tune: stopped after epoch %d: %w", n, err)
			}
		}
		if stop {
			break
		}
	}
	return nil
}

// epoch brings every network to epoch n and takes the mean in; stop says that patience
// has run out.
func (g *group) epoch(ctx context.Context, n int) (stop bool, err error) {
	epochs := make([]nn.Epoch, len(g.trainings))
	for i, t := range g.trainings {
		if history := t.Result().History; len(history) >= n { // before an interruption
			epochs[i] = history[n-1]
		} else if epochs[i], err = t.Epoch(ctx); err != nil {
			return false, err
		}
		if _, ok := epochs[i].Metric(g.metric); !ok {
			return false, fmt.Errorf("tune: the backend measured no %s", g.metric)
		}
	}
	mean := g.mean(epochs)
	g.history = append(g.history, mean)
	_, stop = g.watch.See(mean)
	return stop, nil
}

// mean returns the mean of one epoch over the networks; times are their sums.
func (g *group) mean(epochs []nn.Epoch) nn.Epoch {
	if len(epochs) == 1 {
		return epochs[0]
	}
	out := nn.Epoch{Number: epochs[0].Number, Val: new(nn.Metrics)}
	rows, seconds, n := 0, 0.0, float64(len(epochs))
	for i, e := range epochs {
		out.Train.Loss += e.Train.Loss
		out.Train.Accuracy += e.Train.Accuracy
		out.Val.Loss += e.Val.Loss
		out.Val.Accuracy += e.Val.Accuracy
		out.Seconds += e.Seconds
		rows += g.rows[i]
		seconds += trainSeconds(g.rows[i], e.SamplesPerSecond)
	}
	for _, sum := range []*float64{&out.Train.Loss, &out.Train.Accuracy, &out.Val.Loss, &out.Val.Accuracy} {
		*sum /= n
	}
	out.SamplesPerSecond = perSecond(rows, seconds)
	return out
}

func perSecond(rows int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(rows) / seconds
}

// trainSeconds is the inverse of perSecond.
func trainSeconds(rows int, perSecond float64) float64 {
	if perSecond <= 0 {
		return 0
	}
	return float64(rows) / perSecond
}

// scores returns each network's metric at the best epoch of the mean, nothing where there
// is none.
func (g *group) scores() []float64 {
	var out []float64
	for _, t := range g.trainings {
		if g.watch.Best > 0 {
			value, _ := t.Result().History[g.watch.Best-1].Metric(g.metric)
			out = append(out, value)
		}
	}
	return out
}

// times returns how long each network was trained and measured, in seconds.
func (g *group) times() (fit, score []float64) {
	for i, t := range g.trainings {
		r := t.Result()
		trained := trainSeconds(g.rows[i]*len(r.History), r.SamplesPerSecond)
		fit, score = append(fit, trained), append(score, max(0, r.Seconds-trained))
	}
	return fit, score
}

// samplesPerSecond returns the speed of all networks' training steps.
func (g *group) samplesPerSecond() float64 {
	rows, seconds := 0, 0.0
	fit, _ := g.times()
	for i, t := range g.trainings {
		rows, seconds = rows+g.rows[i]*len(t.Result().History), seconds+fit[i]
	}
	return perSecond(rows, seconds)
}

// store keeps what the trial has given.
func (g *group) store(e *search.Evaluation) error {
	if len(g.history) == 0 {
		return nil
	}
	fit, score := g.times()
	for _, a := range []struct {
		key   string
		value any
	}{
		{AttrHistory, g.history}, {AttrBestEpoch, g.watch.Best}, {AttrSamplesPerSecond, g.samplesPerSecond()},
		{search.AttrScores, g.scores()}, {search.AttrFitSeconds, fit}, {search.AttrScoreSeconds, score},
	} {
		if err := e.SetAttr(a.key, a.value); err != nil {
			return err
		}
	}
	return nil
}
