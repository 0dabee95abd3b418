package nn_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mnisttune/nn"
)

var errCut = errors.New("the power is cut")

// cutOff trains until after an epoch, or to the end if that is 0, with checkpoints
// after every epoch; it returns the numbers of the epochs that the hook has seen.
func cutOff(t *testing.T, cfg nn.Config, c nn.Checkpoint, train, val nn.Dataset, after int) (*nn.Trainer, *nn.Result, []int) {
	t.Helper()
	var seen []int
	c.Every = 1
	trainer, err := nn.New(cfg, nn.Options{Checkpoint: c, Hooks: nn.Hooks{
		OnEpoch: func(_ context.Context, e nn.Epoch) error { seen = append(seen, e.Number); return nil },
		OnStep: func(_ context.Context, epoch, step, _ int, _ nn.StepResult) error {
			if epoch == after+1 && after > 0 && step == 2 {
				return errCut
			}
			return nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := trainer.Fit(t.Context(), train, val)
	if after == 0 && err != nil || after > 0 && !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	return trainer, result, seen
}

func sameHistory(t *testing.T, got, want *nn.Result) {
	t.Helper()
	if len(got.History) != len(want.History) || got.Best != want.Best || got.StoppedEarly != want.StoppedEarly {
		t.Fatalf("%d epochs, best %d, stopped %v; want %d, %d, %v", len(got.History), got.Best, got.StoppedEarly, len(want.History), want.Best, want.StoppedEarly)
	}
	for i, w := range want.History {
		if g := got.History[i]; g.Number != w.Number || g.Train != w.Train || *g.Val != *w.Val {
			t.Errorf("epoch %d: %+v, want %+v", i+1, g, w)
		}
	}
}

// A training that is cut off twice ends with the weights and the record of one that was
// not, and does not repeat what it had done.
func TestCheckpointChangesNoBit(t *testing.T) {
	train, val := newByteSet(200, 30, 3, 1), newByteSet(60, 30, 3, 2)
	for name, cfg := range map[string]nn.Config{
		"adam":     {Epochs: 7, BatchSize: 16, Dropout: 0.2, Seed: 3, Schedule: "cosine"},
		"sgd":      {Epochs: 7, BatchSize: 16, Optimizer: "sgd", Seed: 4},
		"momentum": {Epochs: 7, BatchSize: 32, Optimizer: "momentum", Seed: 5, ClipNorm: 0.5},
		"patience": {Epochs: 30, BatchSize: 16, Seed: 6, Patience: 3, MinDelta: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			want, wantResult, _ := cutOff(t, cfg, nn.Checkpoint{}, train, val, 0)
			c := nn.Checkpoint{Path: filepath.Join(t.TempDir(), "checkpoint"), Key: "data"}
			cutOff(t, cfg, c, train, val, 2)
			_, partial, seen := cutOff(t, cfg, c, train, val, 3)
			if len(seen) != 1 || seen[0] != 3 || len(partial.History) != 3 {
				t.Errorf("the second run did the epochs %v, want 3 only; its record has %d", seen, len(partial.History))
			}
			got, gotResult, _ := cutOff(t, cfg, c, train, val, 0)
			sameHistory(t, gotResult, wantResult)
			if !sameWeights(weightsOf(t, got), weightsOf(t, want)) {
				t.Error("the weights differ")
			}
			if err := c.Remove(); err != nil {
				t.Error(err)
			}
			if err := c.Remove(); err != nil {
				t.Errorf("removing what is not there: %v", err)
			}
		})
	}
}

// A checkpoint that is damaged or of another training is not used.
func TestUselessCheckpoints(t *testing.T) {
	train, val := newByteSet(200, 30, 3, 1), newByteSet(60, 30, 3, 2)
	cfg := nn.Config{Epochs: 4, BatchSize: 16, Seed: 3}
	c := nn.Checkpoint{Path: filepath.Join(t.TempDir(), "checkpoint"), Key: "data"}
	cutOff(t, cfg, c, train, val, 2)
	whole, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-100] ^= 1
	otherSeed, otherKey := cfg, c
	otherSeed.Seed++
	otherKey.Key = "other data"
	for name, k := range map[string]struct {
		data []byte
		cfg  nn.Config
		c    nn.Checkpoint
	}{
		"empty":     {nil, cfg, c},
		"cut off":   {whole[:len(whole)/2], cfg, c},
		"one bit":   {damaged, cfg, c},
		"noise":     {bytes.Repeat([]byte{0x7b}, 1000), cfg, c},
		"seed":      {whole, otherSeed, c},
		"other key": {whole, cfg, otherKey},
	} {
		if err := os.WriteFile(c.Path, k.data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, result, seen := cutOff(t, k.cfg, k.c, train, val, 0); len(seen) != 4 || len(result.History) != 4 {
			t.Errorf("%s: the epochs %v were trained, want all four", name, seen)
		}
	}
	if err := os.WriteFile(c.Path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, seen := cutOff(t, cfg, c, train, val, 0); len(seen) != 2 {
		t.Errorf("the whole checkpoint: the epochs %v were trained, want 3 and 4", seen)
	}
	// A place that cannot be written to costs nothing but the checkpoint.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	nowhere := nn.Checkpoint{Path: filepath.Join(file, "no", "such", "folder")}
	cutOff(t, cfg, nowhere, train, val, 0)
}
