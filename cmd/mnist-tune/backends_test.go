package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// Every backend in the binary trains, saves, judges, searches and is measured, by its name.
func TestBackends(t *testing.T) {
	data, model := smallData(t), filepath.Join(t.TempDir(), "model")
	losses := map[string]float64{}
	for _, name := range []string{"native", "gorgonia"} {
		r := callJSON(t, "train", "--backend", name, "--data", data, "--epochs", "2", "--width", "12", "--dropout", "0.2", "--seed", "1", "--out", model)
		losses[name] = r["test_loss"].(float64)
		if e := callJSON(t, "eval", "--backend", name, "--data", data, "--model", model); math.Abs(e["test_loss"].(float64)-losses[name]) > 1e-6 {
			t.Errorf("%s: test loss %v after training, %v from the file", name, losses[name], e["test_loss"])
		}
	}
	if d := losses["native"] - losses["gorgonia"]; math.Abs(d) > 0.02 { // masks fall on other rows
		t.Errorf("test losses %v: the backends train other networks", losses)
	}
	callJSON(t, "search", "--backend", "gorgonia", "--data", data, "--trials", "2", "--epochs", "1", "--width", "8", "--seed", "1")
	r := callJSON(t, "bench", "--backend", "gorgonia", "--data", data, "--seconds", "0", "--batch-size", "32")
	if b := r["results"].([]any)[0].(map[string]any)["backend"]; b != "gorgonia" {
		t.Errorf("bench measured %v", b)
	}
	for _, command := range [][]string{{"train"}, {"search"}, {"bench"}, {"eval", "--model", model}} {
		code, _, stderr := call(t, append(command, "--backend", "abacus", "--data", data)...)
		if code == exitDone || !strings.Contains(stderr, `unknown backend "abacus" (have: gorgonia, `) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", command, code, stderr)
		}
	}
}
