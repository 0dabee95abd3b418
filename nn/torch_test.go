package nn

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// The first steps of trainings, against PyTorch in float64 (its version is in
// the file; testdata/torch_steps.py wrote it). Data, weights, loss, gradients and
// updates all enter.
func TestStepsEqualPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/torch_steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Program string
		Cases   []struct {
			Config Config
			Losses []float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range golden.Cases {
		cfg := c.Config.WithDefaults()
		p, err := native{}.New(cfg, formulaSet{}, formulaState(cfg), 1)
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]int32, formulaSet{}.Len())
		for i := range rows {
			rows[i] = int32(i)
		}
		for step, want := range c.Losses {
			r, err := p.Step(rows, StepArgs{LearningRate: cfg.LearningRate, Step: step})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(r.Loss-want) > 1e-5 {
				t.Errorf("%s %v %s, step %d: loss %.8f, %s has %.8f", cfg.Optimizer, cfg.Width, cfg.Activation, step, r.Loss, golden.Program, want)
			}
		}
	}
}

// unit returns n numbers in [-1, 1), as testdata/torch_steps.py does.
func unit(n int, salt uint32) []float64 {
	out := make([]float64, n)
	for i := range out {
		h := (uint32(i) + salt) * 2654435761
		h ^= h >> 15
		h *= 2246822519
		h ^= h >> 13
		out[i] = float64(h>>8)/(1<<23) - 1
	}
	return out
}

func formulaState(cfg Config) State {
	s := InitialState(cfg, 784, 10)
	for i, w := range s.Weights {
		for j, u := range unit(len(w.Data), uint32(1000*(i/2)+500*(i%2))) {
			w.Data[j] = float32(u / 16)
		}
	}
	return s
}

// formulaSet is the batch of testdata/torch_steps.py.
type formulaSet struct{}

func (formulaSet) Len() int         { return 32 }
func (formulaSet) Dims() (int, int) { return 784, 10 }
func (s formulaSet) Bytes() (pixels []byte, labels []uint8, scale float32) {
	for _, u := range unit(32*784, 77) {
		p := byte(0)
		if u > 0.6 {
			p = byte(256 * (u + 1) / 2)
		}
		pixels = append(pixels, p)
	}
	for i := range 32 {
		labels = append(labels, uint8(i*7%10))
	}
	return pixels, labels, 1. / 255
}

func (s formulaSet) Fill([]float32, []uint8, []int) error { panic("has bytes") }
