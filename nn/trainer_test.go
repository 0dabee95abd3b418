package nn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mnisttune/nn"
)

// blobs is a small classification problem as floats: one Gaussian a class.
type blobs struct {
	x        []float32
	y        []uint8
	features int
	classes  int
}

func newBlobs(n, features, classes int, seed uint64) *blobs {
	centres, r := rand.New(rand.NewPCG(99, uint64(features))), rand.New(rand.NewPCG(seed, 7))
	mean := make([]float64, features*classes)
	for i := range mean {
		mean[i] = 1.5 * centres.NormFloat64()
	}
	b := &blobs{features: features, classes: classes}
	for i := range n {
		y := i % classes
		for j := range features {
			b.x = append(b.x, float32(mean[y*features+j]+r.NormFloat64()))
		}
		b.y = append(b.y, uint8(y))
	}
	return b
}

func (b *blobs) Len() int         { return len(b.y) }
func (b *blobs) Dims() (int, int) { return b.features, b.classes }
func (b *blobs) Fill(x []float32, y []uint8, rows []int) error {
	for i, r := range rows {
		copy(x[i*b.features:(i+1)*b.features], b.x[r*b.features:])
		y[i] = b.y[r]
	}
	return nil
}

// byteSet is the same as bytes, most of them zero.
type byteSet struct {
	pixels   []byte
	labels   []uint8
	features int
	classes  int
}

const byteScale = float32(1. / 255)

func newByteSet(n, features, classes int, seed uint64) *byteSet {
	r := rand.New(rand.NewPCG(seed, 8))
	s := &byteSet{features: features, classes: classes}
	for i := range n {
		y := i % classes
		for j := range features {
			p := byte(0)
			if j%classes == y || r.IntN(10) == 0 {
				p = byte(r.IntN(256))
			}
			s.pixels = append(s.pixels, p)
		}
		s.labels = append(s.labels, uint8(y))
	}
	return s
}

func (s *byteSet) Len() int                          { return len(s.labels) }
func (s *byteSet) Dims() (int, int)                  { return s.features, s.classes }
func (s *byteSet) Bytes() ([]byte, []uint8, float32) { return s.pixels, s.labels, byteScale }
func (s *byteSet) Fill(x []float32, y []uint8, rows []int) error {
	for i, r := range rows {
		for j, p := range s.pixels[r*s.features : (r+1)*s.features] {
			x[i*s.features+j] = float32(p) * byteScale
		}
		y[i] = s.labels[r]
	}
	return nil
}

// onlyFill hides that a data set has bytes.
type onlyFill struct{ nn.Dataset }

func fit(t testing.TB, cfg nn.Config, train, val nn.Dataset) (*nn.Trainer, *nn.Result) {
	t.Helper()
	trainer, err := nn.New(cfg, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := trainer.Fit(context.Background(), train, val)
	if err != nil {
		t.Fatal(err)
	}
	return trainer, result
}

// Every feature of the trainer learns an easy problem.
func TestEveryFeatureLearns(t *testing.T) {
	train, val := newBlobs(300, 12, 4, 1), newBlobs(120, 12, 4, 2)
	base := nn.Config{Epochs: 8, BatchSize: 16, Width: nn.Widths{24}, Seed: 3}
	change := map[string]func(*nn.Config){
		"default":        func(c *nn.Config) {},
		"per-layer":      func(c *nn.Config) { c.Width = nn.Widths{20, 10, 70} },
		"tanh":           func(c *nn.Config) { c.Activation = "tanh" },
		"sigmoid":        func(c *nn.Config) { c.Activation = "sigmoid"; c.LearningRate = 0.01 },
		"gelu":           func(c *nn.Config) { c.Activation = "gelu" },
		"dropout":        func(c *nn.Config) { c.Dropout = 0.3 },
		"sgd":            func(c *nn.Config) { c.Optimizer = "sgd"; c.LearningRate = 0.05 },
		"momentum":       func(c *nn.Config) { c.Optimizer = "momentum" },
		"nesterov":       func(c *nn.Config) { c.Optimizer = "nesterov"; c.Momentum = new(0.8) },
		"rmsprop":        func(c *nn.Config) { c.Optimizer = "rmsprop" },
		"adamw":          func(c *nn.Config) { c.Optimizer = "adamw" },
		"weight decay":   func(c *nn.Config) { c.WeightDecay = new(0.1) },
		"smoothing":      func(c *nn.Config) { c.LabelSmoothing = 0.1 },
		"clip":           func(c *nn.Config) { c.ClipNorm = 0.5 },
		"cosine":         func(c *nn.Config) { c.Schedule = "cosine"; c.LearningRate = 0.005 },
		"step":           func(c *nn.Config) { c.Schedule = "step"; c.LearningRate = 0.005 },
		"one cycle":      func(c *nn.Config) { c.Schedule = "one_cycle"; c.LearningRate = 0.01 },
		"warm-up":        func(c *nn.Config) { c.WarmupEpochs = 1.5; c.LearningRate = 0.003 },
		"one big batch":  func(c *nn.Config) { c.BatchSize = 5000; c.Epochs = 60; c.LearningRate = 0.01 },
		"batch of one":   func(c *nn.Config) { c.BatchSize = 1; c.Epochs = 3 },
		"ragged batches": func(c *nn.Config) { c.BatchSize = 7 },
	}
	for name, f := range change {
		t.Run(name, func(t *testing.T) {
			cfg := base
			f(&cfg)
			_, r := fit(t, cfg, train, val)
			best, _ := r.BestEpoch()
			if best.Val.Accuracy < 0.93 {
				t.Errorf("validation accuracy %.3f, want at least 0.93", best.Val.Accuracy)
			}
			if len(r.History) != r.Config.Epochs {
				t.Errorf("%d epochs in the history, want %d", len(r.History), r.Config.Epochs)
			}
		})
	}
}

func weightsOf(t *testing.T, tr *nn.Trainer) []nn.Tensor {
	t.Helper()
	s, err := tr.State()
	if err != nil {
		t.Fatal(err)
	}
	return s.Weights
}

func sameWeights(a, b []nn.Tensor) bool {
	return slices.EqualFunc(a, b, func(x, y nn.Tensor) bool { return x.Name == y.Name && slices.Equal(x.Data, y.Data) })
}

// The same seed gives the same weights, also beside other trainings; another
// seed gives others.
func TestSameSeedSameWeights(t *testing.T) {
	train := newByteSet(200, 30, 3, 1)
	cfg := nn.Config{Epochs: 3, BatchSize: 16, Dropout: 0.2, Seed: 42}
	want, _ := fit(t, cfg, train, nil)
	var wg sync.WaitGroup
	got := make([]*nn.Trainer, 4)
	for i := range got {
		wg.Go(func() {
			trainer, err := nn.New(cfg, nn.Options{})
			if err == nil {
				_, err = trainer.Fit(t.Context(), train, train)
			}
			if err != nil {
				t.Error(err)
			}
			got[i] = trainer
		})
	}
	wg.Wait()
	for i, g := range got {
		if !sameWeights(weightsOf(t, g), weightsOf(t, want)) {
			t.Errorf("training %d of 4 in parallel has other weights than the one alone", i)
		}
	}
	cfg.Seed = 43
	other, _ := fit(t, cfg, train, nil)
	if sameWeights(weightsOf(t, other), weightsOf(t, want)) {
		t.Error("another seed gave the same weights")
	}
}

// A data set of bytes and the same one as floats train to the same network but
// for the order of additions.
func TestBytesAndFloatsAgree(t *testing.T) {
	train := newByteSet(100, 40, 4, 2)
	cfg := nn.Config{Epochs: 2, Seed: 1}
	_, a := fit(t, cfg, train, train)
	_, b := fit(t, cfg, onlyFill{train}, onlyFill{train})
	for i := range a.History {
		x, y := a.History[i], b.History[i]
		if math.Abs(x.Train.Loss-y.Train.Loss) > 1e-5 || math.Abs(x.Val.Loss-y.Val.Loss) > 1e-5 {
			t.Errorf("epoch %d: losses %v and %v as bytes, %v and %v as floats", x.Number, x.Train.Loss, x.Val.Loss, y.Train.Loss, y.Val.Loss)
		}
	}
}

func TestEvaluateAndPredictAgree(t *testing.T) {
	train, test := newBlobs(200, 8, 3, 1), newBlobs(1500, 8, 3, 5)
	trainer, result := fit(t, nn.Config{Epochs: 4, Seed: 1}, train, test)
	m, err := trainer.Evaluate(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	if last := result.History[3].Val; math.Abs(m.Loss-last.Loss) > 1e-9 || m.Accuracy != last.Accuracy {
		t.Errorf("Evaluate gives %+v, the last validation gave %+v", m, *last)
	}
	p, err := trainer.Predict(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	loss, correct := 0.0, 0
	for i, y := range test.y {
		row := p[i*3 : i*3+3]
		sum := float64(row[0]) + float64(row[1]) + float64(row[2])
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("row %d sums to %v", i, sum)
		}
		loss -= math.Log(float64(row[y])) / float64(test.Len())
		if slices.Max(row) == row[y] {
			correct++
		}
	}
	if math.Abs(loss-m.Loss) > 1e-5 || math.Abs(float64(correct)/1500-m.Accuracy) > 1e-9 {
		t.Errorf("the predictions have loss %v and %d right, Evaluate says %+v", loss, correct, m)
	}
}

func TestEarlyStoppingRestoresTheBestEpoch(t *testing.T) {
	// Few rows, many parameters: the validation loss soon rises again.
	train, val := newBlobs(40, 20, 4, 1), newBlobs(200, 20, 4, 2)
	for i := range 14 {
		train.y[i*3-i/2] = uint8(i % 4) // wrong labels, to overfit on
	}
	cfg := nn.Config{Epochs: 200, Patience: 3, Monitor: "val_loss", LearningRate: 0.01, Seed: 1}
	trainer, r := fit(t, cfg, train, val)
	if !r.StoppedEarly || len(r.History) != r.Best+3 {
		t.Fatalf("stopped early: %v after %d epochs, the best being %d; want 3 epochs after the best", r.StoppedEarly, len(r.History), r.Best)
	}
	best, _ := r.BestEpoch()
	for _, e := range r.History {
		if e.Val.Loss < best.Val.Loss {
			t.Errorf("epoch %d is better than the best epoch %d", e.Number, best.Number)
		}
	}
	m, err := trainer.Evaluate(t.Context(), val)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(m.Loss-best.Val.Loss) > 1e-9 {
		t.Errorf("the weights kept have validation loss %v, the best epoch's was %v", m.Loss, best.Val.Loss)
	}
}

func TestDivergenceIsATypedError(t *testing.T) {
	train := newBlobs(200, 8, 3, 1)
	trainer, err := nn.New(nn.Config{Optimizer: "sgd", LearningRate: 1e30, Epochs: 5}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = trainer.Fit(t.Context(), train, train)
	var diverged *nn.DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "smaller learning rate") {
		t.Fatalf("got %v, want a DivergedError that names the cure", err)
	}
	if _, err := trainer.State(); !errors.Is(err, nn.ErrUntrained) {
		t.Errorf("after a diverged training State gives %v, want ErrUntrained", err)
	}

	train.x[5] = float32(math.NaN())
	if _, err = trainer.Fit(t.Context(), train, nil); !errors.As(err, &diverged) {
		t.Errorf("NaN in the data: got %v, want a DivergedError", err)
	}
}

func TestCancelEndsWithinOneStep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	trainer, err := nn.New(nn.Config{Epochs: 5}, nn.Options{Hooks: nn.Hooks{OnStep: func(_ context.Context, _, step, _ int, _ nn.StepResult) error {
		if steps++; steps == 12 {
			cancel()
		}
		return nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := trainer.Fit(ctx, newBlobs(320, 8, 3, 1), nil)
	if !errors.Is(err, context.Canceled) || steps != 12 {
		t.Errorf("got %v after %d steps, want context.Canceled after 12", err, steps)
	}
	if len(r.History) != 1 {
		t.Errorf("the result has %d epochs, want the one that was finished", len(r.History))
	}
}

func TestHookErrorEndsFitUntouched(t *testing.T) {
	stop := errors.New("enough")
	var seen []int
	trainer, err := nn.New(nn.Config{Epochs: 5}, nn.Options{Hooks: nn.Hooks{OnEpoch: func(_ context.Context, e nn.Epoch) error {
		if seen = append(seen, e.Number); e.Number == 2 {
			return stop
		}
		return nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := trainer.Fit(t.Context(), newBlobs(50, 8, 3, 1), nil)
	if !errors.Is(err, stop) || !slices.Equal(seen, []int{1, 2}) || len(r.History) != 2 {
		t.Errorf("got %v after epochs %v", err, seen)
	}
}

// A clock of its own makes the times exact: one second a look.
func TestTimes(t *testing.T) {
	now := time.Unix(0, 0)
	trainer, err := nn.New(nn.Config{Epochs: 2}, nn.Options{Clock: func() time.Time { now = now.Add(time.Second); return now }})
	if err != nil {
		t.Fatal(err)
	}
	set := newBlobs(50, 8, 3, 1)
	r, err := trainer.Fit(t.Context(), set, set)
	if err != nil {
		t.Fatal(err)
	}
	if e := r.History[1]; e.Seconds != 2 || e.SamplesPerSecond != 50 || r.Seconds != 4 || r.SamplesPerSecond != 50 {
		t.Errorf("epoch %+v, result %v s, %v samples/s", e, r.Seconds, r.SamplesPerSecond)
	}
}

type badData struct {
	*blobs
	err error
}

func (b badData) Fill(x []float32, y []uint8, rows []int) error {
	if b.err != nil {
		return b.err
	}
	err := b.blobs.Fill(x, y, rows)
	y[0] = 200
	return err
}

func TestBadDataIsAnError(t *testing.T) {
	good, broken := newBlobs(50, 8, 3, 1), errors.New("disk gone")
	none := (*blobs)(nil)
	short := newByteSet(20, 8, 3, 1)
	short.labels = short.labels[:19]
	short.pixels = short.pixels[:8*20]
	for name, c := range map[string]struct {
		train, val nn.Dataset
		want       string
	}{
		"no train":        {nil, nil, "train is nil"},
		"typed nil":       {none, nil, "train is nil"},
		"empty":           {newBlobs(0, 8, 3, 1), nil, "empty"},
		"empty val":       {good, newBlobs(0, 8, 3, 1), "empty"},
		"other width":     {good, newBlobs(10, 9, 3, 1), "rows of 9 values, the network takes 8"},
		"one class":       {newBlobs(10, 8, 1, 1), nil, "1 classes"},
		"more classes":    {good, newBlobs(10, 8, 5, 1), "has the label 3"},
		"read error":      {badData{good, broken}, nil, "disk gone"},
		"label too large": {badData{good, nil}, nil, "has the label 200, want 0 to 2"},
		"bytes missing":   {short, nil, "want 19 rows of 8 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			trainer, err := nn.New(nn.Config{Epochs: 1}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = trainer.Fit(t.Context(), c.train, c.val)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, c.want)
			}
			if name == "read error" && !errors.Is(err, broken) {
				t.Error("the data set's error is not in the chain")
			}
		})
	}
}

// A data set that wraps another in a type that cannot be compared.
func TestWrappedData(t *testing.T) {
	type uncomparable struct {
		nn.Dataset
		_ []int
	}
	data := uncomparable{Dataset: newBlobs(200, 4, 2, 1)}
	type wrap struct{ nn.Dataset }
	trainer, err := nn.New(nn.Config{Epochs: 1}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Fit(t.Context(), wrap{data}, wrap{data}); err != nil {
		t.Error(err)
	}
}

func TestTrainerKeepsItsConfig(t *testing.T) {
	width := nn.Widths{8}
	trainer, err := nn.New(nn.Config{Width: width, Epochs: 1}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	width[0], *trainer.Config().Momentum = -5, 7
	if c := trainer.Config(); c.Width[0] != 8 || *c.Momentum != 0.9 {
		t.Errorf("the configuration was changed from outside: %v, %v", c.Width, *c.Momentum)
	}
	if got := (nn.Config{NumLayers: -1}).LayerWidths(); len(got) != 0 {
		t.Errorf("widths of -1 layers: %v", got)
	}
}

func TestPatienceNeedsWhatItWatches(t *testing.T) {
	trainer, err := nn.New(nn.Config{Patience: 2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = trainer.Fit(t.Context(), newBlobs(50, 8, 3, 1), nil); err == nil || !strings.Contains(err.Error(), "no validation set") {
		t.Errorf("got %v", err)
	}
}

func TestValidateNamesEveryBadField(t *testing.T) {
	bad := nn.Config{
		LearningRate: -1, BatchSize: -3, NumLayers: 99, Width: nn.Widths{0, 5}, Activation: "swish", Dropout: 1,
		Optimizer: "lion", Momentum: new(1.5), WeightDecay: new(math.NaN()), LabelSmoothing: -0.1, ClipNorm: math.Inf(1),
		Schedule: "zigzag", WarmupEpochs: -1, StepEpochs: -1, StepFactor: -1, Epochs: -1, Patience: -1, MinDelta: -1, Monitor: "f1",
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, field := range []string{"learning_rate", "batch_size", "num_layers", "width", "activation", "dropout", "optimizer", "momentum", "weight_decay",
		"label_smoothing", "clip_norm", "schedule", "warmup_epochs", "step_epochs", "step_factor", "epochs", "patience", "min_delta", "monitor"} {
		if !strings.Contains(err.Error(), "nn: "+field+": got") {
			t.Errorf("the error does not name %s:\n%v", field, err)
		}
	}
	if err := (nn.Config{}).Validate(); err != nil {
		t.Errorf("the zero Config is not valid: %v", err)
	}
	if _, err := nn.New(nn.Config{}, nn.Options{Backend: "abacus"}); err == nil || !strings.Contains(err.Error(), `unknown backend "abacus" (have: native)`) {
		t.Errorf("got %v", err)
	}
}

func TestConfigJSON(t *testing.T) {
	for text, want := range map[string][]int{
		`{"width": 128, "num_layers": 3}`: {128, 128, 128},
		`{"width": [32, 16]}`:             {32, 16},
		`{"num_layers": 1}`:               {64},
		`{}`:                              {64, 64},
	} {
		var c nn.Config
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		if got := c.LayerWidths(); !slices.Equal(got, want) {
			t.Errorf("%s: widths %v, want %v", text, got, want)
		}
		out, err := json.Marshal(c.WithDefaults())
		if err != nil {
			t.Fatal(err)
		}
		var back nn.Config
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(back.LayerWidths()); got != fmt.Sprint(want) {
			t.Errorf("%s: widths %v after a round trip, want %v", text, got, want)
		}
	}
}

func TestEpochJSON(t *testing.T) {
	e := nn.Epoch{Number: 2, Train: nn.Metrics{Loss: 0.5, Accuracy: 0.75}, Seconds: 1.5, SamplesPerSecond: 10}
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"epoch":2,"loss":0.5,"accuracy":0.75,"val_loss":null,"val_accuracy":null,"seconds":1.5,"samples_per_second":10}`; string(out) != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
	e.Val = &nn.Metrics{Loss: 0.25, Accuracy: 1}
	out, _ = json.Marshal(e)
	var back nn.Epoch
	if err := json.Unmarshal(out, &back); err != nil || *back.Val != *e.Val || back.Train != e.Train {
		t.Errorf("round trip: %+v, %v", back, err)
	}
}
