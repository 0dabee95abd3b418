package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// BenchmarkTrain runs one step an iteration.
func BenchmarkTrain(b *testing.B) {
	train, err := mnist.EmbeddedTrain()
	if err != nil {
		b.Fatal(err)
	}
	if train, _, err = train.Split(0.1); err != nil {
		b.Fatal(err)
	}
	for _, layers := range []int{1, 2, 3} {
		for _, batch := range []int{32, 128, 512} {
			for _, width := range []int{64, 256} {
				c := Case{NumLayers: layers, BatchSize: batch, Width: width}
				b.Run(c.Name(), func(b *testing.B) { benchmarkSteps(b, c, train) })
			}
		}
	}
}

func benchmarkSteps(b *testing.B, c Case, data nn.Dataset) {
	cfg := c.Config()
	trainer, err := nn.New(cfg, nn.Options{Backend: c.Backend})
	if err != nil {
		b.Fatal(err)
	}
	program, err := trainer.Program(data)
	if err != nil {
		b.Fatal(err)
	}
	order, r := make([]int32, data.Len()), rand.New(rand.NewPCG(1, 2))
	for i := range order {
		order[i] = int32(i)
	}
	samples, at, step := 0, len(order), 0
	b.ReportAllocs()
	for b.Loop() {
		if at >= len(order) {
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			at = 0
		}
		rows := order[at:min(at+c.BatchSize, len(order))]
		if _, err := program.Step(rows, nn.StepArgs{LearningRate: 0.001, Step: step}); err != nil {
			b.Fatal(err)
		}
		samples, at, step = samples+len(rows), at+len(rows), step+1
	}
	seconds := b.Elapsed().Seconds()
	features, classes := data.Dims()
	b.ReportMetric(float64(samples)/seconds, "samples/s")
	b.ReportMetric(1e6*seconds/float64(b.N), "us/step")
	b.ReportMetric(float64(samples)*FLOP(cfg, features, classes)/seconds/1e9, "GFLOPS")
}

func smallSet(t *testing.T) *mnist.Set {
	t.Helper()
	train, err := mnist.EmbeddedTrain()
	if err != nil {
		t.Fatal(err)
	}
	small, err := train.Slice(0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return small
}

func TestMeasure(t *testing.T) {
	r, err := Measure(t.Context(), Case{NumLayers: 2, BatchSize: 64, Width: 16}, smallSet(t), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	steps := 500 / r.SamplesPerSecond * 1e6 / r.MicrosPerStep
	if r.SamplesPerSecond <= 0 || steps < 7.99 || steps > 8.01 || r.GFLOPS <= 0 || r.Backend != "native" {
		t.Errorf("%+v: %v steps an epoch, want 8", r, steps)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, Case{NumLayers: 1, BatchSize: 32, Width: 8}, smallSet(t), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Measure(t.Context(), Case{NumLayers: 1, BatchSize: 32, Width: -8}, smallSet(t), 0); err == nil || !strings.Contains(err.Error(), "width") {
		t.Errorf("width -8: %v", err)
	}
}

// 784-64-10: 2 x (50176 + 640) forward, as many for the weights' gradients, and
// 2 x 640 back through the last layer.
func TestFLOP(t *testing.T) {
	if got := FLOP(nn.Config{NumLayers: 1}, 784, 10); got != 4*(50176+640)+2*640 {
		t.Errorf("got %v", got)
	}
}
