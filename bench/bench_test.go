package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// embedded returns the rows that a training has, and those kept for validation.
func embedded(b *testing.B) (train, val *mnist.Set) {
	b.Helper()
	all, err := mnist.EmbeddedTrain()
	if err != nil {
		b.Fatal(err)
	}
	if train, val, err = all.Split(0.1); err != nil {
		b.Fatal(err)
	}
	return train, val
}

// BenchmarkTrain runs one step an iteration.
func BenchmarkTrain(b *testing.B) {
	train, _ := embedded(b)
	var cases []Case
	for _, layers := range []int{1, 2, 3} {
		for _, batch := range []int{32, 128, 512} {
			for _, width := range []int{64, 256} {
				cases = append(cases, Case{NumLayers: layers, BatchSize: batch, Width: width})
			}
		}
	}
	for _, c := range []Case{{Activation: "tanh"}, {Activation: "gelu"}, {Optimizer: "adamw"}, {Optimizer: "sgd"}, {Dropout: 0.2}, {Input: InputUniform}} {
		c.NumLayers, c.BatchSize, c.Width = 2, 128, 64
		cases = append(cases, c)
	}
	cases = append(cases, Case{NumLayers: 2, BatchSize: 512, Width: 256, Threads: 2})
	for _, c := range cases {
		b.Run(c.Name(), func(b *testing.B) { benchmarkSteps(b, c, c.data(train)) })
	}
}

// BenchmarkTimeTo975 trains until 97.5 % of the validation rows are classified
// right.
func BenchmarkTimeTo975(b *testing.B) {
	train, val := embedded(b)
	for _, batch := range []int{32, 128} {
		c := Case{NumLayers: 2, BatchSize: batch, Width: 64}
		b.Run(c.Name(), func(b *testing.B) {
			total, epochs := 0.0, 0
			for b.Loop() {
				seconds, n, err := TimeTo(b.Context(), c, train, val, 0.975, 50)
				if err != nil || n == 0 {
					b.Fatalf("not reached in 50 epochs (%v)", err)
				}
				total, epochs = total+seconds, epochs+n
			}
			b.ReportMetric(total/float64(b.N), "s-to-97.5%")
			b.ReportMetric(float64(epochs)/float64(b.N), "epochs")
		})
	}
}

func benchmarkSteps(b *testing.B, c Case, data *mnist.Set) {
	cfg := c.Config()
	trainer, err := nn.New(cfg, c.options())
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
	if r.Threads != 1 || r.Activation != "relu" || r.Optimizer != "adam" || r.Input != "mnist" || r.Steps != 8 || len(r.Epochs) < 2 {
		t.Errorf("%+v", r)
	}
	if want := "/num_layers=2/batch_size=64/width=16/threads=1"; !strings.HasSuffix(r.Name, want) {
		t.Errorf("name %s, want one that ends in %s", r.Name, want)
	}
	c := Case{NumLayers: 1, BatchSize: 50, Width: 8, Activation: "gelu", Optimizer: "adamw", Dropout: 0.5, Input: InputUniform}
	if r, err = Measure(t.Context(), c, smallSet(t), 0); err != nil {
		t.Fatal(err)
	}
	if want := "/threads=1/activation=gelu/optimizer=adamw/dropout=0.5/input=uniform"; !strings.HasSuffix(r.Name, want) || r.Activation != "gelu" || r.Dropout != 0.5 || r.Input != "uniform" {
		t.Errorf("%+v, want a name that ends in %s", r, want)
	}
	if _, err := Measure(t.Context(), Case{Input: "noise"}, smallSet(t), 0); err == nil || !strings.Contains(err.Error(), "noise") {
		t.Errorf("input noise: %v", err)
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

func TestTimeTo(t *testing.T) {
	c := Case{NumLayers: 1, BatchSize: 16, Width: 16}
	if seconds, epochs, err := TimeTo(t.Context(), c, smallSet(t), smallSet(t), 0.7, 50); err != nil || epochs < 1 || seconds <= 0 && runtime.GOOS != "windows" { // whose time.Now is coarse
		t.Errorf("%v s, %d epochs, %v", seconds, epochs, err)
	}
	if _, epochs, err := TimeTo(t.Context(), c, smallSet(t), smallSet(t), 1, 1); err != nil || epochs != 0 {
		t.Errorf("perfection in one epoch: %d, %v", epochs, err)
	}
}

// 784-64-10: 2 x (50176 + 640) forward, as many for the weights' gradients, and
// 2 x 640 back through the last layer.
func TestFLOP(t *testing.T) {
	if got := FLOP(nn.Config{NumLayers: 1}, 784, 10); got != 4*(50176+640)+2*640 {
		t.Errorf("got %v", got)
	}
}
