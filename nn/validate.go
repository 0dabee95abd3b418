package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"mnisttune/nn/internal/kernel"
)

const (
	maxBatchSize  = 1 << 16
	maxWidth      = 1 << 14
	maxLayers     = 64
	maxParameters = 1 << 28
)

// Validate checks every field, defaults filled in, and joins what is wrong with
// them into one error. Each part names the field, what it is and what it may be.
func (c Config) Validate() error {
	c = c.WithDefaults()
	var errs []error
	check := func(ok bool, field string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("nn: %s: got %v, want %s", field, got, want))
		}
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	check(finite(c.LearningRate) && c.LearningRate > 0, "learning_rate", c.LearningRate, "a positive number")
	check(c.BatchSize >= 1 && c.BatchSize <= maxBatchSize, "batch_size", c.BatchSize, fmt.Sprintf("1 to %d", maxBatchSize))
	check(c.NumLayers >= 1 && c.NumLayers <= maxLayers, "num_layers", c.NumLayers, fmt.Sprintf("1 to %d", maxLayers))
	for _, w := range c.Width {
		check(w >= 1 && w <= maxWidth, "width", w, fmt.Sprintf("1 to %d", maxWidth))
	}
	check(len(c.Width) == 1 || len(c.Width) == c.NumLayers, "width", []int(c.Width), fmt.Sprintf("one number, or one for each of the %d layers", c.NumLayers))
	check(slices.Contains(kernel.ActivationNames(), c.Activation), "activation", c.Activation, oneOf(kernel.ActivationNames()))
	check(c.Dropout >= 0 && c.Dropout < 1, "dropout", c.Dropout, "0 or more and less than 1")
	check(slices.Contains(optimizers, c.Optimizer), "optimizer", c.Optimizer, oneOf(optimizers))
	check(*c.Momentum >= 0 && *c.Momentum < 1, "momentum", *c.Momentum, "0 or more and less than 1")
	check(finite(*c.WeightDecay) && *c.WeightDecay >= 0, "weight_decay", *c.WeightDecay, "0 or more")
	check(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1, "label_smoothing", c.LabelSmoothing, "0 or more and less than 1")
	check(finite(c.ClipNorm) && c.ClipNorm >= 0, "clip_norm", c.ClipNorm, "0 (no limit) or more")
	check(slices.Contains(schedules, c.Schedule), "schedule", c.Schedule, oneOf(schedules))
	check(finite(c.WarmupEpochs) && c.WarmupEpochs >= 0, "warmup_epochs", c.WarmupEpochs, "0 or more")
	check(c.StepEpochs >= 1, "step_epochs", c.StepEpochs, "1 or more")
	check(finite(c.StepFactor) && c.StepFactor > 0, "step_factor", c.StepFactor, "a positive number")
	check(c.Epochs >= 1, "epochs", c.Epochs, "1 or more")
	check(c.Patience >= 0, "patience", c.Patience, "0 (off) or more")
	check(finite(c.MinDelta) && c.MinDelta >= 0, "min_delta", c.MinDelta, "0 or more")
	check(slices.Contains(monitors, c.Monitor), "monitor", c.Monitor, oneOf(monitors))
	return errors.Join(errs...)
}

func oneOf(names []string) string { return "one of " + strings.Join(names, ", ") }
