package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"mnisttune/nn"
)

// Case is one network and how it is trained.
type Case struct {
	Backend   string // empty: nn.DefaultBackend
	NumLayers int
	BatchSize int
	Width     int
}

// Name returns the case as key=value pairs, as benchmarks are named.
func (c Case) Name() string {
	return fmt.Sprintf("backend=%s/kernels=%s/num_layers=%d/batch_size=%d/width=%d", c.backend(), c.kernels(), c.NumLayers, c.BatchSize, c.Width)
}

func (c Case) backend() string {
	if c.Backend == "" {
		return nn.DefaultBackend
	}
	return c.Backend
}

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
	return nn.Config{NumLayers: c.NumLayers, BatchSize: c.BatchSize, Width: nn.Widths{c.Width}, Seed: 1}
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

// Result is the speed of a case.
type Result struct {
	Backend          string  `json:"backend"`
	Kernels          string  `json:"kernels"`
	NumLayers        int     `json:"num_layers"`
	BatchSize        int     `json:"batch_size"`
	Width            int     `json:"width"`
	SamplesPerSecond float64 `json:"samples_per_second"`
	MicrosPerStep    float64 `json:"us_per_step"`
	GFLOPS           float64 `json:"gflops"` // by FLOP
}

// errEnough ends a training that has been measured long enough.
var errEnough = errors.New("bench: measured long enough")

// Measure trains on data, without validation, for at least the duration and two
// epochs, and returns the speed of the best epoch.
func Measure(ctx context.Context, c Case, data nn.Dataset, atLeast time.Duration) (Result, error) {
	cfg := c.Config()
	cfg.Epochs = math.MaxInt32
	start, best := time.Now(), 0.0
	trainer, err := nn.New(cfg, nn.Options{Backend: c.backend(), Hooks: nn.Hooks{OnEpoch: func(_ context.Context, e nn.Epoch) error {
		best = max(best, e.SamplesPerSecond)
		if e.Number >= 2 && time.Since(start) >= atLeast {
			return errEnough
		}
		return nil
	}}})
	if err != nil {
		return Result{}, err
	}
	if _, err = trainer.Fit(ctx, data, nil); !errors.Is(err, errEnough) {
		return Result{}, err
	}
	features, classes := data.Dims()
	n := data.Len()
	steps := (n + c.BatchSize - 1) / c.BatchSize
	return Result{
		Backend: c.backend(), Kernels: c.kernels(), NumLayers: c.NumLayers, BatchSize: c.BatchSize, Width: c.Width,
		SamplesPerSecond: best,
		MicrosPerStep:    1e6 * float64(n) / best / float64(steps),
		GFLOPS:           best * FLOP(cfg, features, classes) / 1e9,
	}, nil
}
