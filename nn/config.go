package nn

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Config says what network is trained and how. The zero value of every field
// means its default. JSON names are the names of the command line's flags and
// of the parameters of a search, with underscores.
type Config struct {
	// LearningRate is the step size, the largest one if a schedule or a
	// warm-up varies it. Default 0.001; 0.01 for sgd, momentum and nesterov.
	LearningRate float64 `json:"learning_rate"`
	// BatchSize is the number of rows a step, 1 to 65536. Default 32.
	BatchSize int `json:"batch_size"`
	// NumLayers is the number of hidden layers, 1 to 64. Default: the number of
	// entries in Width, 2 where Width does not say.
	NumLayers int `json:"num_layers"`
	// Width is the number of hidden units: one entry for all layers or one a
	// layer, each 1 to 16384. Default 64.
	Width Widths `json:"width"`
	// Activation after each hidden layer: relu (default), tanh, sigmoid, gelu.
	Activation string `json:"activation"`
	// Dropout is the share of hidden units set to zero in each step, 0 <= d < 1.
	Dropout float64 `json:"dropout"`

	// Optimizer is sgd, momentum, nesterov, rmsprop, adam (default) or adamw.
	// The update rules are Keras's: Adam's epsilon stands beside the
	// uncorrected root, RMSprop's stands under it.
	Optimizer string `json:"optimizer"`
	// Momentum of momentum and nesterov, 0 <= m < 1. Default (nil) 0.9.
	Momentum *float64 `json:"momentum"`
	// WeightDecay is decoupled, as AdamW's (Loshchilov & Hutter 2019), with any
	// optimizer: all weights and biases shrink by LearningRate*WeightDecay
	// before each step. The reported loss does not contain it. Default (nil) 0;
	// 0.004 for adamw.
	WeightDecay *float64 `json:"weight_decay"`
	// LabelSmoothing moves this share of the target to all classes alike,
	// 0 <= s < 1. It enters the training loss, not the validation loss.
	LabelSmoothing float64 `json:"label_smoothing"`
	// ClipNorm limits the norm of all gradients together. 0: no limit.
	ClipNorm float64 `json:"clip_norm"`

	// Schedule of the learning rate: constant (default), cosine, step or
	// one_cycle; see rate in schedule.go for the formulas.
	Schedule string `json:"schedule"`
	// WarmupEpochs, which may be a fraction, raise the rate linearly from 0 to
	// what the schedule says. Default 0.
	WarmupEpochs float64 `json:"warmup_epochs"`
	// StepEpochs and StepFactor: the step schedule multiplies the rate by
	// StepFactor every StepEpochs epochs. Defaults: a third of the epochs
	// (rounded up), 0.1.
	StepEpochs int     `json:"step_epochs"`
	StepFactor float64 `json:"step_factor"`

	// Epochs is how often the training rows are gone through. Default 10.
	Epochs int `json:"epochs"`
	// Patience stops the training after so many epochs without an improvement
	// of Monitor, and restores the best epoch's weights at the end. 0: train
	// all epochs and keep the last one's weights.
	Patience int `json:"patience"`
	// MinDelta is the least change of Monitor that counts as an improvement
	// for Patience. Default 0.
	MinDelta float64 `json:"min_delta"`
	// Monitor is the metric that says which epoch is the best: val_accuracy
	// (default), val_loss, accuracy or loss.
	Monitor string `json:"monitor"`

	// Seed decides the initial weights, the order of the rows and the dropout
	// masks.
	Seed uint64 `json:"seed"`
}

// Names that the fields of a Config take.
var (
	optimizers = []string{"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"}
	schedules  = []string{"constant", "cosine", "step", "one_cycle"}
	monitors   = []string{"val_accuracy", "val_loss", "accuracy", "loss"}
)

// Widths is the number of hidden units of each layer; one entry stands for all
// layers. In JSON one entry is a plain number.
type Widths []int

// MarshalJSON writes a number for one entry, a list for several.
func (w Widths) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]int(w))
}

// UnmarshalJSON reads a number or a list of numbers.
func (w *Widths) UnmarshalJSON(data []byte) error {
	var one int
	if json.Unmarshal(data, &one) == nil && string(data) != "null" {
		*w = Widths{one}
		return nil
	}
	var list []int
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("width: want a number or a list of numbers (got %s)", data)
	}
	*w = list
	return nil
}

// WithDefaults returns the configuration with every default filled in. It shares
// no memory with c.
func (c Config) WithDefaults() Config {
	c.Width = slices.Clone(c.Width)
	setDefault(&c.Optimizer, "adam")
	if slices.Contains([]string{"sgd", "momentum", "nesterov"}, c.Optimizer) {
		setDefault(&c.LearningRate, 0.01)
	}
	setDefault(&c.LearningRate, 0.001)
	setDefault(&c.BatchSize, 32)
	if len(c.Width) > 1 {
		setDefault(&c.NumLayers, len(c.Width))
	}
	setDefault(&c.NumLayers, 2)
	if len(c.Width) == 0 {
		c.Width = Widths{64}
	}
	setDefault(&c.Activation, "relu")
	momentum, decay := 0.9, 0.0
	if c.Optimizer == "adamw" {
		decay = 0.004
	}
	if c.Momentum != nil {
		momentum = *c.Momentum
	}
	if c.WeightDecay != nil {
		decay = *c.WeightDecay
	}
	c.Momentum, c.WeightDecay = &momentum, &decay
	setDefault(&c.Schedule, "constant")
	setDefault(&c.Epochs, 10)
	setDefault(&c.StepEpochs, c.Epochs/3+min(1, c.Epochs%3))
	setDefault(&c.StepFactor, 0.1)
	setDefault(&c.Monitor, "val_accuracy")
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// LayerWidths returns the width of each hidden layer, NumLayers entries.
func (c Config) LayerWidths() []int {
	c = c.WithDefaults()
	if len(c.Width) != 1 {
		return slices.Clone(c.Width)
	}
	return slices.Repeat([]int(c.Width), max(0, c.NumLayers))
}

// ParameterCount returns the number of weights and biases of the network.
func (c Config) ParameterCount(features, classes int) int {
	n, in := 0, features
	for _, width := range append(c.LayerWidths(), classes) {
		n += (in + 1) * width
		in = width
	}
	return n
}
