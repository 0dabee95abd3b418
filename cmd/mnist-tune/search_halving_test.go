package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// epochsOf returns the epochs of a report's trials.
func epochsOf(report map[string]any) (out []float64) {
	for _, trial := range report["trials"].([]any) {
		n, _ := trial.(map[string]any)["params"].(map[string]any)["epochs"].(float64)
		out = append(out, n)
	}
	return out
}

// Halving searches the epochs too, up to --epochs, and the winner is trained for those of
// its trial.
func TestSearchHalving(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	args := []string{"search", "--method", "halving", "--data", dir, "--study", file, "--epochs", "4", "--seed", "5", "--width", "8"}
	callJSON(t, append(args, "--trials", "3")...)
	got := callJSON(t, "search", "--data", dir, "--study", file, "--trials", "6") // 4 at 1 epoch, 2 at 3; then again 1
	for i, want := range []float64{1, 1, 1, 1, 3, 3} {
		if epochs := epochsOf(got); len(epochs) != 6 || epochs[i] != want {
			t.Fatalf("epochs %v, want trial %d to have %v", epochs, i, want)
		}
	}
	if n, ok := got["refit_epochs"].(float64); !ok || n < 1 || n > 3 {
		t.Errorf("the winner was trained for %v epochs", got["refit_epochs"])
	}
	// The parameters of the study may be given again, and epochs of one's own.
	params := []string{"--param", "learning_rate=1e-5..1e-1:log", "--param", "batch_size=32,64,128", "--param", "num_layers=1..3"}
	again := callJSON(t, append(append(args, "--trials", "7"), params...)...)
	if epochs := epochsOf(again); len(epochs) != 7 || epochs[6] != 1 {
		t.Errorf("epochs %v", epochs)
	}
	own := callJSON(t, "search", "--method", "halving", "--data", dir, "--trials", "4", "--seed", "5", "--width", "8", "--param", "learning_rate=1e-3..1e-1:log", "--param", "epochs=2..6")
	for i, want := range []float64{2, 2, 2, 6} { // three at 2, one at 6
		if epochs := epochsOf(own); epochs[i] != want {
			t.Errorf("epochs %v, want trial %d to have %v", epochs, i, want)
		}
	}
	for line, want := range map[string]string{
		"--exec prog --direction minimize --param x=0.0..1.0":                                        `the resource must be a parameter of the space (got "epochs", have: x)`,
		"--data " + dir + " --param epochs=1,2 --param num_layers=1..2":                              "must be a range of integers (got a choice)",
		"--data " + dir + " --param epochs=1..3 --param num_layers=1..2 --epochs 3":                  "searched and also fixed by --epochs",
		"--data " + dir + " --param epochs=1..3 --param momentum=0.1..0.9:when=epochs>=2 --width 10": "no parameter may depend on the resource",
	} {
		code, _, stderr := call(t, append([]string{"search", "--method", "halving"}, strings.Fields(line)...)...)
		if code != exitUsage || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, want %q", line, code, stderr, want)
		}
	}
}

// A command names the parameter of which better trials get more; the study keeps it.
func TestHalvingOfACommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	args := []string{"search", "--method", "halving", "--exec", "echo value: {x}", "--direction", "minimize", "--resource", "rounds",
		"--param", "x=0.0..1.0", "--param", "rounds=1..3", "--seed", "1", "--study", file}
	callJSON(t, append(args, "--trials", "2")...)
	got := callJSON(t, "search", "--study", file, "--trials", "4")
	for i, want := range []float64{1, 1, 1, 3} {
		if p := got["trials"].([]any)[i].(map[string]any)["params"].(map[string]any); p["rounds"] != want {
			t.Errorf("trial %d has %v, want %v rounds", i, p, want)
		}
	}
	if got["pruner"] != "none" {
		t.Errorf("the pruner is %v", got["pruner"])
	}
	if code, _, stderr := call(t, "search", "--resource", "rounds"); code != exitUsage || !strings.Contains(stderr, "--resource belongs to --exec") {
		t.Errorf("%d %s", code, stderr)
	}
}
