package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// Inputs a case can train on.
const (
	// InputMNIST is the data set's own images, of which most pixels are zero.
	InputMNIST = "mnist"
	// InputUniform is random images, every pixel uniform in 0 to 255, with the
	// data set's labels: data without zeros to skip.
	InputUniform = "uniform"
)

// Inputs lists the values of Case.Input.
func Inputs() []string { return []string{InputMNIST, InputUniform} }

// Case is one network, how it is trained and on what. Empty fields stand for the
// defaults: nn.DefaultBackend, InputMNIST, one thread and those of nn.Config.
type Case struct {
	Backend    string
	NumLayers  int
	BatchSize  int
	Width      int
	Activation string
	Optimizer  string
	Dropout    float64
	Input      string
	Threads    int
}

// Name returns the case as key=value pairs, as benchmarks are named: always the
// backend, the kernels, the sizes and the threads, of the rest what is not the
// default.
func (c Case) Name() string {
	cfg := c.Config().WithDefaults()
	pairs := []string{
		"backend=" + c.backend(), "kernels=" + c.kernels(),
		fmt.Sprintf("num_layers=%d/batch_size=%d/width=%d/threads=%d", cfg.NumLayers, cfg.BatchSize, cfg.Width[0], c.threads()),
	}
	standard := nn.Config{}.WithDefaults()
	if cfg.Activation != standard.Activation {
		pairs = append(pairs, "activation="+cfg.Activation)
	}
	if cfg.Optimizer != standard.Optimizer {
		pairs = append(pairs, "optimizer="+cfg.Optimizer)
	}
	if cfg.Dropout != standard.Dropout {
		pairs = append(pairs, fmt.Sprintf("dropout=%g", cfg.Dropout))
	}
	if c.input() != InputMNIST {
		pairs = append(pairs, "input="+c.input())
	}
	return strings.Join(pairs, "/")
}

func (c Case) backend() string { return cmp.Or(c.Backend, nn.DefaultBackend) }

func (c Case) threads() int { return cmp.Or(c.Threads, 1) }

func (c Case) options() nn.Options { return nn.Options{Backend: c.backend(), Threads: c.threads()} }

func (c Case) input() string { return cmp.Or(c.Input, InputMNIST) }

// kernels returns the name of the kernels that the case runs on, empty for
// backends that have none to choose from.
func (c Case) kernels() string {
	if c.backend() != nn.DefaultBackend {
		return ""
	}
	name, err := nn.Kernels()
	if err != nil {
		return "" // Measure says what is wrong
	}
	return name
}

// Config returns what the case trains with.
func (c Case) Config() nn.Config {
	cfg := nn.Config{
		NumLayers: c.NumLayers, BatchSize: c.BatchSize, Activation: c.Activation, Optimizer: c.Optimizer,
		Dropout: c.Dropout, LearningRate: 0.001, Seed: 1,
	}
	if c.Width != 0 {
		cfg.Width = nn.Widths{c.Width}
	}
	return cfg
}

// Validate returns an error that names what is wrong with the case.
func (c Case) Validate() error {
	if !slices.Contains(Inputs(), c.input()) {
		return fmt.Errorf("bench: input: got %s, want one of %s", c.Input, strings.Join(Inputs(), ", "))
	}
	_, err := nn.New(c.Config(), c.options())
	return err
}

// data returns the rows that the case trains on: those of set, or as many random
// ones. The latter are the same for the same shape.
func (c Case) data(set *mnist.Set) *mnist.Set {
	if c.input() == InputMNIST {
		return set
	}
	noise := *set
	noise.Pixels = make([]uint8, len(set.Pixels))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise.Pixels) // never fails
	return &noise
}

// FLOP returns the floating-point operations of training on one row: two for
// each weight forward, two for its gradient, and two for passing the gradient on
// to every layer but the data. Zeros in the data count, so that figures can be
// held against other programs.
func FLOP(cfg nn.Config, features, classes int) float64 {
	total, in := 0., features
	for i, width := range append(cfg.LayerWidths(), classes) {
		products := float64(in * width)
		if total += 4 * products; i > 0 {
			total += 2 * products
		}
		in = width
	}
	return total
}
