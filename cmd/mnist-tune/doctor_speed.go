package main

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"time"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// speedReport says how fast the reference network trains: 2 x 64, batch 128, Adam, one
// thread, on the images in the binary.
type speedReport struct {
	SamplesPerSecond float64 `json:"samples_per_second"`
	Reference        float64 `json:"reference"` // the README's figure for these kernels, on one core of Zen 4
	Ratio            float64 `json:"ratio"`
	LoadAverage      float64 `json:"load_average"` // before the measurement
}

// referenceSpeed holds the README's samples/s by kernels.
func referenceSpeed(kernels string) float64 {
	return map[string]float64{"avx512": 853e3, "avx2": 747e3, "go": 82e3}[kernels]
}

// measureSpeed trains for so long, unless there is nothing to train with. The error is
// that of an interruption or of the training.
func (r *doctorReport) measureSpeed(ctx context.Context, root fs.FS, atLeast time.Duration) error {
	all, err := mnist.EmbeddedTrain()
	if err != nil || r.Kernels.Name == "" {
		return nil // said already
	}
	train, _, err := all.Split(0.1)
	if err != nil {
		return err
	}
	s := &speedReport{Reference: referenceSpeed(r.Kernels.Name), LoadAverage: loadAverage(root)}
	if s.SamplesPerSecond, err = trainingSpeed(ctx, train, atLeast); err != nil {
		return err
	}
	s.Ratio = s.SamplesPerSecond / s.Reference
	r.Speed = s
	if s.Ratio >= 0.5 {
		return nil
	}
	if s.LoadAverage > float64(runtime.NumCPU()) {
		r.hint("speed: the machine is busy: %.1f programs want its %d processors", s.LoadAverage, runtime.NumCPU())
	} else {
		r.hint("speed: if this processor should do better, look whether it is slowed down: heat, power saving, a virtual machine's neighbours, emulation")
	}
	return nil
}

// errMeasured ends a training that has been measured long enough.
var errMeasured = errors.New("measured long enough")

// trainingSpeed trains at least so long, but not to the end of an epoch, and returns the
// samples/s of the best epoch or, if none was finished, of all steps after the first one.
func trainingSpeed(ctx context.Context, set *mnist.Set, atLeast time.Duration) (float64, error) {
	const batch = 128
	best, steps := 0.0, 0
	start := time.Now()
	var first time.Time
	options := nn.Options{Hooks: nn.Hooks{
		OnStep: func(context.Context, int, int, int, nn.StepResult) error {
			now := time.Now()
			if steps++; steps == 1 {
				first = now
			}
			if now.Sub(start) < atLeast || !now.After(first) {
				return nil // a second step, and that the clock has moved, are needed too
			}
			if best == 0 {
				best = float64(batch*(steps-1)) / now.Sub(first).Seconds()
			}
			return errMeasured
		},
		OnEpoch: func(_ context.Context, e nn.Epoch) error {
			best = max(best, e.SamplesPerSecond)
			return nil
		},
	}}
	trainer, err := nn.New(nn.Config{NumLayers: 2, Width: nn.Widths{64}, BatchSize: batch, LearningRate: 0.001, Epochs: 1 << 30, Seed: 1}, options)
	if err != nil {
		return 0, err
	}
	if _, err := trainer.Fit(ctx, set, nil); !errors.Is(err, errMeasured) {
		return 0, err
	}
	return best, nil
}
