package nn

import (
	"math"
	"testing"
)

func TestScheduleFormulas(t *testing.T) {
	const stepsPerEpoch, epochs = 10, 10
	for _, c := range []struct {
		cfg  Config
		step int
		want float64
	}{
		{Config{}, 0, 1}, {Config{}, 99, 1},
		{Config{Schedule: "cosine"}, 0, 1}, {Config{Schedule: "cosine"}, 50, 0.5}, {Config{Schedule: "cosine"}, 25, (1 + math.Sqrt2/2) / 2},
		{Config{Schedule: "step"}, 39, 1}, {Config{Schedule: "step"}, 40, 0.1}, {Config{Schedule: "step"}, 80, 0.01}, // every 4 epochs
		{Config{Schedule: "step", StepEpochs: 1, StepFactor: 0.5}, 35, 0.125},
		{Config{Schedule: "one_cycle"}, 0, 1. / 25}, {Config{Schedule: "one_cycle"}, 15, (1 + 1./25) / 2}, {Config{Schedule: "one_cycle"}, 30, 1},
		{Config{Schedule: "one_cycle"}, 65, (1 + 4e-6) / 2},
		{Config{WarmupEpochs: 2}, 0, 1. / 20}, {Config{WarmupEpochs: 2}, 9, 0.5}, {Config{WarmupEpochs: 2}, 19, 1}, {Config{WarmupEpochs: 2}, 20, 1},
		{Config{WarmupEpochs: 0.5, Schedule: "cosine"}, 1, 0.4 * (1 + math.Cos(math.Pi*0.01)) / 2},
	} {
		cfg := c.cfg
		cfg.LearningRate, cfg.Epochs = 3, epochs
		cfg = cfg.WithDefaults()
		if got := cfg.rate(c.step, stepsPerEpoch); math.Abs(got-3*c.want) > 1e-12 {
			t.Errorf("%s, warm-up %g, step %d: got %v, want %v", cfg.Schedule, cfg.WarmupEpochs, c.step, got, 3*c.want)
		}
	}
}

// No schedule leaves (0, LearningRate] at any step.
func TestScheduleBounds(t *testing.T) {
	for _, schedule := range schedules {
		cfg := Config{Schedule: schedule, Epochs: 7, WarmupEpochs: 1.3, LearningRate: 0.2}.WithDefaults()
		for step := range 7 * 13 {
			if r := cfg.rate(step, 13); !(r > 0 && r <= 0.2) {
				t.Errorf("%s: step %d has the rate %v", schedule, step, r)
			}
		}
	}
}

func TestShuffleIsAPermutationOfItsOwn(t *testing.T) {
	a, b := make([]int32, 1000), make([]int32, 1000)
	shuffled(a, 5, 0)
	shuffled(b, 5, 1)
	seen, same := make([]bool, 1000), 0
	for i := range a {
		seen[a[i]] = true
		if a[i] == b[i] {
			same++
		}
	}
	for i, s := range seen {
		if !s {
			t.Fatalf("row %d is missing", i)
		}
	}
	if same > 20 { // expected 1
		t.Errorf("two epochs share %d places of 1000", same)
	}
}

// Glorot uniform: within the limit, with the variance that it is named for.
func TestInitialWeights(t *testing.T) {
	s := InitialState(Config{Width: Widths{300}, NumLayers: 1, Seed: 1}, 200, 10)
	limit := math.Sqrt(6. / 500)
	sum, squares := 0.0, 0.0
	for _, w := range s.Weights[0].Data {
		if math.Abs(float64(w)) > limit {
			t.Fatalf("%v is beyond %v", w, limit)
		}
		sum += float64(w)
		squares += float64(w) * float64(w)
	}
	n := float64(len(s.Weights[0].Data))
	if mean := sum / n; math.Abs(mean) > 5*limit/math.Sqrt(3*n) {
		t.Errorf("mean %v", mean)
	}
	if v := squares / n; math.Abs(v/(2./500)-1) > 0.02 {
		t.Errorf("variance %v, want %v", v, 2./500)
	}
	for _, b := range s.Weights[1].Data {
		if b != 0 {
			t.Fatal("a bias is not zero")
		}
	}
}
