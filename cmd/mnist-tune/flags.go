package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// configFlags holds what the flags say of a nn.Config. Flags have the Config's
// JSON names with dashes.
type configFlags struct {
	cfg                   nn.Config
	widths                []int
	momentum, weightDecay float64
}

// add declares the flags on a command; patience is the name of that which is about a
// training's epochs.
func (f *configFlags) add(cmd *cobra.Command, patience string) {
	d, c, fs := nn.Config{}.WithDefaults(), &f.cfg, cmd.Flags()
	fs.Float64Var(&c.LearningRate, "learning-rate", 0, "step size, the largest one under a schedule (default 0.001; 0.01 for sgd, momentum, nesterov)")
	fs.IntVar(&c.BatchSize, "batch-size", d.BatchSize, "rows a step")
	fs.IntVar(&c.NumLayers, "num-layers", d.NumLayers, "number of hidden layers")
	fs.IntSliceVar(&f.widths, "width", d.Width, "hidden units: one number, or one for each layer (128,64)")
	fs.StringVar(&c.Activation, "activation", d.Activation, "relu, tanh, sigmoid or gelu")
	fs.Float64Var(&c.Dropout, "dropout", 0, "share of hidden units set to zero in a step")
	fs.StringVar(&c.Optimizer, "optimizer", d.Optimizer, "sgd, momentum, nesterov, rmsprop, adam or adamw")
	fs.Float64Var(&f.momentum, "momentum", *d.Momentum, "of momentum and nesterov")
	fs.Float64Var(&f.weightDecay, "weight-decay", 0, "decoupled weight decay (default 0; 0.004 for adamw)")
	fs.Float64Var(&c.LabelSmoothing, "label-smoothing", 0, "share of the target that goes to all classes alike")
	fs.Float64Var(&c.ClipNorm, "clip-norm", 0, "largest norm of all gradients together (0: no limit)")
	fs.StringVar(&c.Schedule, "schedule", d.Schedule, "of the learning rate: constant, cosine, step or one_cycle")
	fs.Float64Var(&c.WarmupEpochs, "warmup-epochs", 0, "epochs over which the learning rate rises from 0")
	fs.IntVar(&c.StepEpochs, "step-epochs", 0, "epochs between the drops of --schedule step (default a third of the epochs)")
	fs.Float64Var(&c.StepFactor, "step-factor", d.StepFactor, "what --schedule step multiplies by")
	fs.IntVar(&c.Epochs, "epochs", d.Epochs, "how often the training rows are gone through")
	fs.IntVar(&c.Patience, patience, 0, "end a training after so many epochs without an improvement and keep the best one (0: off)")
	fs.Float64Var(&c.MinDelta, "min-delta", 0, "least change that --"+patience+" counts as an improvement")
	fs.Uint64Var(&c.Seed, "seed", 0, "of every random draw (default: drawn and printed)")
}

// config returns the configuration, held against the backend that is to run it.
// A zero given on the command line is a zero, not the default.
func (f *configFlags) config(cmd *cobra.Command, o nn.Options) (nn.Config, error) {
	c, fs := f.cfg, cmd.Flags()
	for _, name := range []string{"learning-rate", "batch-size", "num-layers", "step-epochs", "step-factor", "epochs"} {
		if fs.Changed(name) && (fs.Lookup(name).Value.String() == "0") {
			return c, usage(fmt.Errorf("--%s must not be 0", name))
		}
	}
	if c.Width = f.widths; slices.Contains(f.widths, 0) {
		return c, usage(fmt.Errorf("--width must not be 0"))
	}
	if len(c.Width) > 1 && !fs.Changed("num-layers") {
		c.NumLayers = len(c.Width)
	}
	if fs.Changed("momentum") {
		c.Momentum = &f.momentum
	}
	if fs.Changed("weight-decay") {
		c.WeightDecay = &f.weightDecay
	}
	_, err := nn.New(c, o)
	return c, usage(err)
}

// drawSeed gives c a seed if the command line gave none, and says so.
func (a *app) drawSeed(cmd *cobra.Command, c *nn.Config) {
	if cmd.Flags().Changed("seed") {
		return
	}
	var b [8]byte
	rand.Read(b[:])                                           // never fails
	c.Seed = binary.LittleEndian.Uint64(b[:]) % 1_000_000_000 // small enough to be typed again
	fmt.Fprintf(a.stderr, "seed %d (drawn; --seed %d repeats this run)\n", c.Seed, c.Seed)
}

// trainCommand writes the command line that trains a network of cfg on all rows:
// the flags whose values are not the defaults.
func trainCommand(cfg nn.Config, data *dataFlags) string {
	got, usual := flagValues(cfg), flagValues(nn.Config{Optimizer: cfg.Optimizer})
	usual["optimizer"] = nn.Config{}.WithDefaults().Optimizer
	usual["step-epochs"] = flagValues(nn.Config{Epochs: cfg.Epochs})["step-epochs"]
	line := "mnist-tune train --validation-split 0"
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if value := fmt.Sprint(got[name]); name == "seed" || value != fmt.Sprint(usual[name]) {
			value = strings.ReplaceAll(strings.Trim(value, "[]"), " ", ",")
			line += fmt.Sprintf(" --%s %s", name, value)
		}
	}
	if data.dir != "" {
		line += fmt.Sprintf(" --data %q", data.dir)
	}
	if data.classes != 0 {
		line += fmt.Sprintf(" --classes %d", data.classes)
	}
	return line
}

// flagValues returns a configuration by the names of its flags, defaults filled in.
func flagValues(c nn.Config) map[string]any {
	fields, out := make(map[string]any), make(map[string]any)
	text, err := json.Marshal(c.WithDefaults())
	if err == nil {
		in := json.NewDecoder(bytes.NewReader(text))
		in.UseNumber() // a seed is no float
		err = in.Decode(&fields)
	}
	if err != nil { // a Config is plain numbers and words
		panic(err)
	}
	for name, value := range fields {
		out[strings.ReplaceAll(name, "_", "-")] = value
	}
	return out
}

// dataFlags say which data set is used and how it is split.
type dataFlags struct {
	dir        string
	classes    int
	validation float64
}

func (f *dataFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "data", "", "folder of a data set in MNIST's form (default: the MNIST in the binary)")
	cmd.Flags().IntVar(&f.classes, "classes", 0, "number of classes of --data (default: the largest training label + 1)")
	_ = cmd.MarkFlagDirname("data")
}

func (f *dataFlags) addSplit(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.validation, "validation-split", 0.1, "last share of the training rows that is kept for validation")
}

// check refuses impossible values before anything is read.
func (f *dataFlags) check() error {
	switch {
	case f.classes != 0 && (f.classes < 2 || f.classes > 256):
		return usage(fmt.Errorf("--classes must be 2 to 256 (got %d)", f.classes))
	case f.classes != 0 && f.dir == "":
		return usage(fmt.Errorf("--classes belongs to --data"))
	case !(f.validation >= 0 && f.validation < 1):
		return usage(fmt.Errorf("--validation-split must be 0 or more and less than 1 (got %v)", f.validation))
	}
	return nil
}

// train returns all training rows and a function that returns the test rows,
// which nobody unpacks before they are judged on.
func (f *dataFlags) load() (train *mnist.Set, test func() (*mnist.Set, error), err error) {
	if f.dir == "" {
		train, err = mnist.EmbeddedTrain()
		return train, mnist.EmbeddedTest, err
	}
	train, t, err := mnist.Load(f.dir, mnist.Options{Classes: f.classes})
	return train, func() (*mnist.Set, error) { return t, nil }, err
}

// dataset turns a part that may be missing into a data set that may be nil.
func dataset(s *mnist.Set) nn.Dataset {
	if s == nil {
		return nil
	}
	return s
}
