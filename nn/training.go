package nn

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Training is a Fit that is done epoch by epoch, for those who train several networks
// in step. It belongs to its Trainer, which trains nothing else meanwhile.
type Training struct {
	trainer           *Trainer
	features, classes int
	program           Program
	val               *evaluation // nil: no validation set
	order             []int32     // the epoch's order of the training rows
	result            *Result
	watch             Watch
	bestState         State // kept only if Patience is set
	trainSeconds      float64
	checkpoint        Checkpoint
	saved             time.Time // when the last checkpoint was written
	failed            error     // of the epoch that ended it
}

// Begin prepares what Fit does: a training from newly drawn weights or, where
// Options.Checkpoint has some of the same training, from those, with the epochs before
// them in its Result.
func (t *Trainer) Begin(train, val Dataset) (*Training, error) {
	return t.begin(train, val, t.options.Checkpoint)
}

func (t *Trainer) begin(train, val Dataset, c Checkpoint) (*Training, error) {
	if isNone(train) {
		return nil, errors.New("nn: no training data: train is nil")
	}
	features, classes := train.Dims()
	if features < 1 || classes < 2 || classes > 256 {
		return nil, fmt.Errorf("nn: the training set has %d values a row and %d classes, want at least 1 and 2 to 256", features, classes)
	}
	if n := t.cfg.ParameterCount(features, classes); n > maxParameters {
		return nil, fmt.Errorf("nn: the network has %d parameters, more than %d: use a smaller width", n, maxParameters)
	}
	f := &Training{
		trainer: t, features: features, classes: classes, watch: t.cfg.watch(), checkpoint: c, order: make([]int32, train.Len()),
		result: &Result{Config: t.cfg, Parameters: t.cfg.ParameterCount(features, classes)},
	}
	if !isNone(val) {
		var err error
		if f.val, err = newEvaluation(val, features, classes); err != nil {
			return nil, fmt.Errorf("%w (in the validation set)", err)
		}
	} else if _, ok := (Epoch{}).Metric(t.cfg.Monitor); !ok && t.cfg.Patience > 0 {
		return nil, fmt.Errorf("nn: patience watches %s, but there is no validation set: give one, or set monitor to loss", t.cfg.Monitor)
	}
	start, ok := f.resume()
	if !ok {
		start = InitialState(t.cfg, features, classes)
	}
	f.saved = t.options.Clock()
	var err error
	f.program, err = t.backend.New(t.cfg, train, start, t.options.Threads)
	return f, err
}

// Result returns the record so far; it grows with every epoch.
func (f *Training) Result() *Result { return f.result }

// Done reports whether all epochs are trained or patience has run out.
func (f *Training) Done() bool {
	return len(f.result.History) >= f.trainer.cfg.Epochs || f.result.StoppedEarly
}

// Epoch trains and validates the next epoch, adds it to the Result and returns it. After
// an error there is no going on: from then on, and when the training is Done, it returns an
// error and trains nothing.
func (f *Training) Epoch(ctx context.Context) (Epoch, error) {
	switch {
	case f.failed != nil:
		return Epoch{}, fmt.Errorf("nn: the training has ended with an error: %w", f.failed)
	case f.Done():
		return Epoch{}, fmt.Errorf("nn: the training is done after %d epochs", len(f.result.History))
	}
	var e Epoch
	e, f.failed = f.epoch(ctx)
	return e, f.failed
}

func (f *Training) epoch(ctx context.Context) (Epoch, error) {
	clock := f.trainer.options.Clock
	start := clock()
	e := Epoch{Number: len(f.result.History) + 1}
	if err := f.train(ctx, &e); err != nil {
		return e, err
	}
	trained := clock().Sub(start).Seconds()
	f.trainSeconds += trained
	e.SamplesPerSecond = throughput(len(f.order), trained)
	if f.val != nil {
		m, err := f.val.run(ctx, f.program)
		if err != nil {
			return e, err
		}
		if notFinite(m.Loss) {
			return e, &DivergedError{Epoch: e.Number, What: "val_loss", Value: m.Loss}
		}
		e.Val = &m
	}
	e.Seconds = clock().Sub(start).Seconds()
	if f.record(e) && f.trainer.cfg.Patience > 0 {
		f.bestState = State{Weights: f.program.State().Weights}
	}
	if hook := f.trainer.options.Hooks.OnEpoch; hook != nil {
		if err := hook(ctx, e); err != nil {
			return e, fmt.Errorf("nn: stopped after epoch %d: %w", e.Number, err)
		}
	}
	f.save()
	return e, nil
}

// Finish ends the training and gives its weights to the trainer: those of the best epoch
// where Patience is set, else the last ones. It returns an error before the first epoch, and
// a *DivergedError where the weights are not finite; the trainer then keeps what it had.
func (f *Training) Finish() error {
	if len(f.result.History) == 0 {
		return errors.New("nn: no epoch is trained: there is nothing to finish")
	}
	state := f.bestState
	if f.trainer.cfg.Patience == 0 {
		state = f.program.State()
	}
	if err := checkFinite(state, len(f.result.History)); err != nil {
		return err
	}
	f.trainer.state = state
	f.trainer.features, f.trainer.classes = f.features, f.classes
	return nil
}

// train runs the steps of one epoch.
func (f *Training) train(ctx context.Context, e *Epoch) error {
	shuffled(f.order, f.trainer.cfg.Seed, e.Number-1)
	size := min(f.trainer.cfg.BatchSize, len(f.order))
	steps := (len(f.order) + size - 1) / size
	loss, correct := 0.0, 0
	for s := range steps {
		if ctx.Err() != nil {
			return fmt.Errorf("nn: stopped in epoch %d: %w", e.Number, context.Cause(ctx))
		}
		rows := f.order[s*size : min((s+1)*size, len(f.order))]
		step := (e.Number-1)*steps + s
		r, err := f.program.Step(rows, StepArgs{LearningRate: f.trainer.cfg.rate(step, steps), Epoch: e.Number - 1, Step: step})
		if err != nil {
			return err
		}
		if notFinite(r.Loss) {
			return &DivergedError{Epoch: e.Number, Step: s + 1, What: "loss", Value: r.Loss}
		}
		loss += r.Loss * float64(len(rows))
		correct += r.Correct
		if hook := f.trainer.options.Hooks.OnStep; hook != nil {
			if err := hook(ctx, e.Number, s+1, steps, r); err != nil {
				return fmt.Errorf("nn: stopped in epoch %d: %w", e.Number, err)
			}
		}
	}
	n := float64(len(f.order))
	e.Train = Metrics{Loss: loss / n, Accuracy: float64(correct) / n}
	return nil
}

// record appends the epoch, keeps the result's summary up to date, and reports
// whether the epoch is the best one.
func (f *Training) record(e Epoch) (best bool) {
	r := f.result
	r.History = append(r.History, e)
	r.Seconds += e.Seconds
	r.SamplesPerSecond = throughput(len(f.order)*len(r.History), f.trainSeconds)
	best, stop := f.watch.See(e)
	r.Best = f.watch.Best
	r.StoppedEarly = stop && e.Number < f.trainer.cfg.Epochs
	return best
}

// throughput returns n a second, 0 if the clock did not move.
func throughput(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}
