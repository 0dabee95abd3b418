package bench

import (
	"context"
	"errors"
	"math"
	"runtime"
	"time"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// Result is the speed of a case.
type Result struct {
	Backend          string  `json:"backend"`
	Kernels          string  `json:"kernels"`
	NumLayers        int     `json:"num_layers"`
	BatchSize        int     `json:"batch_size"`
	Width            int     `json:"width"`
	Threads          int     `json:"threads"`
	Activation       string  `json:"activation"`
	Optimizer        string  `json:"optimizer"`
	Dropout          float64 `json:"dropout"`
	Input            string  `json:"input"`
	SamplesPerSecond float64 `json:"samples_per_second"` // of the best epoch
	MicrosPerStep    float64 `json:"us_per_step"`        // of the best epoch
	GFLOPS           float64 `json:"gflops"`             // by FLOP
	BytesPerStep     float64 `json:"bytes_per_step"`     // allocated, from the second epoch on
	MemoryBytes      uint64  `json:"memory_bytes"`       // that the training holds beside the data

	Name  string `json:"name"` // Case.Name
	Steps int    `json:"steps_per_epoch"`
	// Epochs holds the samples/s of every epoch.
	Epochs []float64 `json:"epochs_samples_per_second"`
}

// errEnough ends a training that has been measured long enough.
var errEnough = errors.New("bench: measured long enough")

// heap returns the bytes that are reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Measure trains on set, or on random images of its shape, without validation,
// for at least the duration and two epochs. Case.Validate says which cases are
// errors.
func Measure(ctx context.Context, c Case, set *mnist.Set, atLeast time.Duration) (Result, error) {
	if err := c.Validate(); err != nil {
		return Result{}, err
	}
	cfg := c.Config()
	cfg.Epochs = math.MaxInt32
	data := c.data(set)
	held := heap()
	r := Result{Name: c.Name(), Backend: c.backend(), Kernels: c.kernels(), Threads: c.threads(), Input: c.input()}
	var first, last runtime.MemStats
	start := time.Now()
	options := c.options()
	options.Hooks.OnEpoch = func(_ context.Context, e nn.Epoch) error {
		r.Epochs = append(r.Epochs, e.SamplesPerSecond)
		r.SamplesPerSecond = max(r.SamplesPerSecond, e.SamplesPerSecond)
		if e.Number == 1 {
			r.MemoryBytes = max(held, heap()) - held
			runtime.ReadMemStats(&first)
		}
		if e.Number >= 2 && time.Since(start) >= atLeast {
			runtime.ReadMemStats(&last)
			return errEnough
		}
		return nil
	}
	trainer, err := nn.New(cfg, options)
	if err != nil {
		return Result{}, err
	}
	if _, err = trainer.Fit(ctx, data, nil); !errors.Is(err, errEnough) {
		return Result{}, err
	}
	cfg = trainer.Config()
	features, classes := data.Dims()
	steps := (data.Len() + cfg.BatchSize - 1) / cfg.BatchSize
	r.Steps = steps
	r.NumLayers, r.BatchSize, r.Width = cfg.NumLayers, cfg.BatchSize, cfg.Width[0]
	r.Activation, r.Optimizer, r.Dropout = cfg.Activation, cfg.Optimizer, cfg.Dropout
	r.MicrosPerStep = 1e6 * float64(data.Len()) / r.SamplesPerSecond / float64(steps)
	r.GFLOPS = r.SamplesPerSecond * FLOP(cfg, features, classes) / 1e9
	r.BytesPerStep = float64(last.TotalAlloc-first.TotalAlloc) / float64(steps*(len(r.Epochs)-1))
	return r, nil
}

// TimeTo trains until an epoch's validation accuracy reaches target and returns
// the seconds until then, validation included, and the number of epochs. After
// maxEpochs without that both are 0.
func TimeTo(ctx context.Context, c Case, train, val *mnist.Set, target float64, maxEpochs int) (seconds float64, epochs int, err error) {
	if err := c.Validate(); err != nil {
		return 0, 0, err
	}
	cfg := c.Config()
	cfg.Epochs = maxEpochs
	start := time.Now()
	options := c.options()
	options.Hooks.OnEpoch = func(_ context.Context, e nn.Epoch) error {
		if accuracy, _ := e.Metric("val_accuracy"); accuracy >= target {
			seconds, epochs = time.Since(start).Seconds(), e.Number
			return errEnough
		}
		return nil
	}
	trainer, err := nn.New(cfg, options)
	if err != nil {
		return 0, 0, err
	}
	if _, err = trainer.Fit(ctx, c.data(train), val); err != nil && !errors.Is(err, errEnough) {
		return 0, 0, err
	}
	return seconds, epochs, nil
}
