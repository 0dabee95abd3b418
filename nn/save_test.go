package nn_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mnisttune/nn"
)

func TestSaveAndLoad(t *testing.T) {
	data := newByteSet(90, 21, 3, 1)
	trainer, _ := fit(t, nn.Config{Epochs: 2, Width: nn.Widths{70, 9}, Dropout: 0.1, Optimizer: "adamw", Seed: 9}, data, nil)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := trainer.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Load(path, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !sameWeights(weightsOf(t, loaded), weightsOf(t, trainer)) {
		t.Error("the loaded weights differ")
	}
	a, err := trainer.Evaluate(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := loaded.Evaluate(t.Context(), data); err != nil || a != b {
		t.Errorf("the loaded network has %+v (%v), the trained one %+v", b, err, a)
	}
	if c := loaded.Config(); c.Seed != 9 || *c.WeightDecay != 0.004 || len(c.Width) != 2 {
		t.Errorf("the loaded config is %+v", c)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("Save left %v behind", entries)
	}
}

func TestSaveNeedsWeightsAndAPlace(t *testing.T) {
	trainer, err := nn.New(nn.Config{}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := trainer.Save(path); !errors.Is(err, nn.ErrUntrained) {
		t.Errorf("got %v, want ErrUntrained", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was left behind")
	}
	trainer, _ = fit(t, nn.Config{Epochs: 1}, newBlobs(20, 4, 2, 1), nil)
	if err := trainer.Save(filepath.Join(t.TempDir(), "no", "such", "folder", "m")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a missing folder", err)
	}
}

// modelFile returns the bytes of a small saved network.
func modelFile(t testing.TB) []byte {
	t.Helper()
	trainer, _ := fit(t, nn.Config{Epochs: 1, NumLayers: 1, Width: nn.Widths{3}}, newBlobs(20, 4, 2, 1), nil)
	path := filepath.Join(t.TempDir(), "m")
	if err := trainer.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func loadBytes(t testing.TB, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := nn.Load(path, nn.Options{})
	return err
}

func TestLoadDamaged(t *testing.T) {
	good := modelFile(t)
	header := int(binary.LittleEndian.Uint64(good))
	edit := func(old, new string) []byte { // same length, so that offsets hold
		if len(old) != len(new) || !bytes.Contains(good, []byte(old)) {
			t.Fatalf("cannot replace %q by %q", old, new)
		}
		return bytes.Replace(bytes.Clone(good), []byte(old), []byte(new), 1)
	}
	nan := bytes.Clone(good)
	binary.LittleEndian.PutUint32(nan[len(nan)-4:], 0x7fc00000)
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint64(huge, 1<<62)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":              {nil, "not a safetensors file"},
		"text":               {[]byte("hello, world, this is no model"), "not a safetensors file"},
		"cut in the header":  {good[:8+header/2], "not a safetensors file"},
		"cut in the weights": {good[:len(good)-5], "damaged"},
		"trailing bytes":     {append(bytes.Clone(good), 1, 2, 3), "damaged"},
		"huge header":        {huge, "not a safetensors file"},
		"another program's":  {edit("mnist-tune/1", "other-tool/9"), "not a mnist-tune model"},
		"another network":    {edit(`\"width\":3`, `\"width\":4`), "does not fit the config"},
		"other layers":       {edit(`\"num_layers\":1`, `\"num_layers\":2`), "need 6"},
		"bad config":         {edit(`\"relu\"`, `\"swis\"`), "activation"},
		"other names":        {edit("layers.0.bias", "layers.7.bias"), "layers.0.bias is missing"},
		"not finite":         {nan, "not finite"},
	} {
		t.Run(name, func(t *testing.T) {
			err := loadBytes(t, c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "nn: loading "+os.TempDir()) {
				t.Errorf("got %v, want an error with the file and %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
		})
	}
	if _, err := nn.Load(t.TempDir(), nn.Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: got %v", err)
	}
	if _, err := nn.Load(filepath.Join(t.TempDir(), "none"), nn.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
	if err := loadBytes(t, good); err != nil {
		t.Errorf("the undamaged file: %v", err)
	}
}
