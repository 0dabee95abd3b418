package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallData writes a data set of 6x5 images with four classes.
func smallData(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for part, n := range map[string]int{"train": 400, "t10k": 120} {
		r := rand.New(rand.NewPCG(1, uint64(n))) // its own numbers: a map has no order
		images := header(0x803, n, 6, 5)
		labels := header(0x801, n)
		for i := range n {
			y := i % 4
			labels = append(labels, byte(y))
			for j := range 30 {
				p := 0
				if j%4 == y || r.IntN(5) == 0 {
					p = r.IntN(256)
				}
				images = append(images, byte(p))
			}
		}
		for name, data := range map[string][]byte{part + "-images-idx3-ubyte": images, part + "-labels-idx1-ubyte": labels} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func header(numbers ...int) []byte {
	var out []byte
	for _, n := range numbers {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return out
}

// call runs a command line.
func call(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), withStudy(t, args), &out, &errs)
	return code, out.String(), errs.String()
}

// withStudy gives a search that names no study one of its own.
func withStudy(t testing.TB, args []string) []string {
	t.Helper()
	if len(args) == 0 || args[0] != "search" || slices.Contains(args, "--study") || slices.Contains(args, "--help") {
		return args
	}
	return append(slices.Clone(args), "--study", filepath.Join(t.TempDir(), "study"))
}

// callJSON runs a command line with --json and wants success and one object.
func callJSON(t testing.TB, args ...string) map[string]any {
	t.Helper()
	code, stdout, stderr := call(t, append(args, "--json")...)
	if code != exitDone {
		t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
	}
	return object(t, stdout)
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(text))
	var v map[string]any
	if err := in.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if in.More() {
		t.Fatalf("more than one object in %q", text)
	}
	return v
}

func wantKeys(t *testing.T, what string, v any, keys ...string) {
	t.Helper()
	m, ok := v.(map[string]any)
	for _, k := range keys {
		if _, has := m[k]; !ok || !has {
			t.Errorf("%s lacks the key %s", what, k)
		}
	}
}

// asBinary names the environment variable that makes this test binary the program.
const asBinary = "MNIST_TUNE_TEST_AS_BINARY"

func TestMain(m *testing.M) {
	if os.Getenv(asBinary) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestTrainAndEval(t *testing.T) {
	dir, model := smallData(t), filepath.Join(t.TempDir(), "model.safetensors")
	args := []string{"train", "--data", dir, "--epochs", "3", "--seed", "5", "--width", "16,8", "--learning-rate", "0.01", "--out", model}
	got := callJSON(t, args...)
	wantKeys(t, "train", got, "params", "history", "test_loss", "test_accuracy", "samples_per_second", "seed", "model")
	wantKeys(t, "params", got["params"], "learning_rate", "batch_size", "num_layers", "width", "epochs", "optimizer")
	history := got["history"].([]any)
	if len(history) != 3 {
		t.Fatalf("%d epochs", len(history))
	}
	wantKeys(t, "history", history[0], "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "samples_per_second")
	if acc := got["test_accuracy"].(float64); acc < 0.7 {
		t.Errorf("test accuracy %v on an easy problem", acc)

	}
	again := callJSON(t, args...)
	for _, key := range []string{"test_loss", "test_accuracy"} {
		if got[key] != again[key] {
			t.Errorf("%s is %v and then %v with the same seed", key, got[key], again[key])
		}
	}
	eval := callJSON(t, "eval", "--model", model, "--data", dir)
	if eval["test_accuracy"] != got["test_accuracy"] || eval["rows"] != 120.0 {
		t.Errorf("eval: %v, train: %v", eval["test_accuracy"], got["test_accuracy"])
	}
	right, total := 0.0, 0.0
	for i, row := range eval["confusion"].([]any) {
		for j, n := range row.([]any) {
			total += n.(float64)
			if i == j {
				right += n.(float64)
			}
		}
	}
	if total != 120 || math.Abs(right/total-eval["test_accuracy"].(float64)) > 1e-12 {
		t.Errorf("the confusion matrix has %v of %v right", right, total)
	}
	if code, stdout, _ := call(t, "eval", "--model", model, "--data", dir); code != exitDone || !strings.Contains(stdout, "precision") {
		t.Errorf("eval: %d\n%s", code, stdout)
	}
	if code, _, stderr := call(t, "eval", "--model", model); code != exitFailed || !strings.Contains(stderr, "rows of 784 values, the network takes 30") {
		t.Errorf("eval on other images: %d %s", code, stderr)
	}
	noVal := callJSON(t, "train", "--data", dir, "--epochs", "1", "--seed", "1", "--validation-split", "0")
	if e := noVal["history"].([]any)[0].(map[string]any); e["val_loss"] != nil || e["val_accuracy"] != nil {
		t.Errorf("without validation rows: %v", e)
	}
}

// essence leaves out of a search's result what may depend on time.
func essence(result map[string]any) []any {
	trials := result["trials"].([]any)
	for _, trial := range trials {
		m := trial.(map[string]any)
		delete(m, "seconds")
		delete(m, "samples_per_second")
		for _, e := range m["history"].([]any) {
			delete(e.(map[string]any), "seconds")
			delete(e.(map[string]any), "samples_per_second")
		}
	}
	return append(trials, result["best"], result["recommended"], result["test_accuracy"], result["test_loss"])
}

// On the default space every method gives the same study for the same seed with
// one job and with two.
func TestSearchIsTheSameForAnyJobs(t *testing.T) {
	dir := smallData(t)
	for _, method := range []string{"grid", "random", "bayes"} {
		var want []any
		for _, jobs := range []string{"1", "2"} {
			args := []string{"search", "--data", dir, "--method", method, "--epochs", "2", "--jobs", jobs, "--lag", "2", "--seed", "3"}
			if method != "grid" {
				args = append(args, "--trials", "12")
			}
			result := callJSON(t, args...)
			n := len(result["trials"].([]any))
			if method == "grid" && n != 27 || method != "grid" && n != 12 {
				t.Errorf("%s: %d trials", method, n)
			}
			got := essence(result)
			if want == nil {
				want = got
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: two jobs give another study than one", method)
			}
		}
	}
}

func TestSearchJSON(t *testing.T) {
	dir, model := smallData(t), filepath.Join(t.TempDir(), "best.safetensors")
	got := callJSON(t, "search", "--data", dir, "--method", "random", "--trials", "4", "--epochs", "2", "--seed", "1", "--metric", "val_loss", "--out", model,
		"--param", "learning_rate=1e-3..1e-1:log", "--param", "optimizer=sgd,adam", "--param", "momentum=0.5..0.9:when=optimizer=sgd", "--width", "8")
	wantKeys(t, "search", got, "method", "metric", "trials", "best", "recommended", "seed", "test_accuracy", "seconds")
	wantKeys(t, "best", got["best"], "number", "params", "value")
	wantKeys(t, "recommended", got["recommended"], "params", "mean", "sd")
	best := got["best"].(map[string]any)
	for _, trial := range got["trials"].([]any) {
		wantKeys(t, "trial", trial, "number", "state", "params", "value", "seconds", "samples_per_second")
		m := trial.(map[string]any)
		if m["state"] != "complete" || m["value"].(float64) < best["value"].(float64) {
			t.Errorf("trial %v against the best %v", m, best)
		}
		params := m["params"].(map[string]any)
		if _, has := params["momentum"]; has != (params["optimizer"] == "sgd") {
			t.Errorf("params %v", params)
		}
	}
	if eval := callJSON(t, "eval", "--model", model, "--data", dir); eval["test_accuracy"] != got["test_accuracy"] {
		t.Errorf("the saved winner has %v, the search says %v", eval["test_accuracy"], got["test_accuracy"])
	}
}

// The command that a search prints at its end trains the very network again.
func TestPrintedCommandRepeatsTheWinner(t *testing.T) {
	dir := smallData(t)
	code, stdout, stderr := call(t, "search", "--data", dir, "--trials", "3", "--epochs", "3", "--seed", "650976134", "--width", "12", "--optimizer", "adamw", "--schedule", "cosine", "--patience", "2")
	if code != exitDone {
		t.Fatal(stderr)
	}
	var command, accuracy string
	for line := range strings.Lines(stdout) {
		if text, ok := strings.CutPrefix(line, "train it again with: mnist-tune "); ok {
			command = strings.TrimSpace(strings.ReplaceAll(text, `"`, ""))
		}
		if text, ok := strings.CutPrefix(line, "test accuracy  "); ok {
			accuracy = text[:6]
		}
	}
	code, stdout, stderr = call(t, strings.Fields(command)...)
	if code != exitDone || accuracy == "" || !strings.Contains(stdout, "test accuracy  "+accuracy) {
		t.Errorf("%s\ngives %d\n%s%s\nwant test accuracy %s", command, code, stdout, stderr, accuracy)
	}
}

func TestSpaceFileAndGridBudget(t *testing.T) {
	dir := smallData(t)
	file := filepath.Join(t.TempDir(), "space.yaml")
	if err := os.WriteFile(file, []byte("num_layers: 1..2\nlearning_rate: [0.01, 0.1]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := callJSON(t, "search", "--data", dir, "--space", file, "--method", "grid", "--epochs", "1", "--seed", "1")
	if n := len(got["trials"].([]any)); n != 4 {
		t.Errorf("%d trials, want the 4 cells", n)
	}
	got = callJSON(t, "search", "--data", dir, "--space", file, "--method", "bayes", "--trials", "9", "--epochs", "1", "--seed", "1")
	if n := len(got["trials"].([]any)); n != 4 {
		t.Errorf("%d trials, want all 4 configurations and no repeats", n)
	}
	got = callJSON(t, "search", "--data", dir, "--method", "random", "--trials", "2", "--epochs", "1", "--seed", "1", "--learning-rate", "0.02")
	if space := fmt.Sprint(got["space"]); strings.Contains(space, "learning_rate") {
		t.Errorf("a flag fixes the learning rate, the space is %s", space)
	}
}

// The kernels agree on the mean loss of the first epoch at a learning rate of
// 0.001. Which ones run is decided once a process, so each set has its own.
func TestKernelsAgree(t *testing.T) {
	loss := map[string]float64{}
	for _, kernels := range []string{"avx512", "avx2", "go"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "train", "--epochs", "1", "--batch-size", "128", "--seed", "1", "--json")
		cmd.Env = append(os.Environ(), asBinary+"=1", "MNIST_TUNE_KERNELS="+kernels)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			if strings.Contains(stderr.String(), "no such kernels for this processor") {
				t.Logf("this processor or build has no %s kernels", kernels)
				continue
			}
			t.Fatalf("%s: %v\n%s", kernels, err, &stderr)
		}
		first := object(t, stdout.String())["history"].([]any)[0].(map[string]any)
		loss[kernels] = first["loss"].(float64)
	}
	for kernels, l := range loss {
		if math.Abs(l-loss["go"]) > 1e-3 {
			t.Errorf("%s: loss %v, plain Go %v", kernels, l, loss["go"])
		}
	}
}

func TestBench(t *testing.T) {
	dir := smallData(t)
	got := callJSON(t, "bench", "--data", dir, "--batch-size", "16,64", "--num-layers", "1..2", "--width", "8", "--seconds", "0")
	wantKeys(t, "bench", got, "results", "cpu")
	results := got["results"].([]any)
	if len(results) != 4 {
		t.Fatalf("%d results", len(results))
	}
	wantKeys(t, "result", results[0], "backend", "kernels", "num_layers", "batch_size", "width", "samples_per_second", "us_per_step", "gflops", "threads", "activation", "optimizer", "dropout", "input", "bytes_per_step", "memory_bytes")
	before := filepath.Join(t.TempDir(), "before.json")
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(before, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want []string
	}{
		{"--compare " + before + " --batch-size 16,32", []string{"samples/s", "before", "change", "%"}},
		{"--format benchstat --activation relu,gelu --dropout 0.2", []string{"\nBenchmarkTrain/backend=native/", "/activation=gelu/dropout=0.2\t", " ns/op\t", " samples/s\t"}},
		{"--input uniform --optimizer sgd --target-accuracy 0.1", []string{"uniform", "sgd", "s to 0.1"}},
	} {
		args := append([]string{"bench", "--data", dir, "--width", "8", "--seconds", "0"}, strings.Fields(c.args)...)
		code, stdout, stderr := call(t, args...)
		for _, want := range c.want {
			if code != exitDone || !strings.Contains(stdout, want) {
				t.Errorf("%s: %d, want %q in\n%s%s", c.args, code, want, stdout, stderr)
			}
		}
	}
	if code, _, stderr := call(t, "bench", "--compare", filepath.Join(dir, "nothing")); code != exitFailed || strings.Count(stderr, "\n") != 1 {
		t.Errorf("no file to compare with: %d\n%s", code, stderr)
	}
}

// Wrong usage is one line and exit code 2, before any data is read or any file
// is written.
func TestUsageErrors(t *testing.T) {
	out := t.TempDir()
	for line, want := range map[string]string{
		"tarin":                                         `unknown command "tarin": did you mean "train"?`,
		"frobnicate":                                    `unknown command "frobnicate"`,
		"train --learning-rat 1":                        "unknown flag: --learning-rat",
		"train extra":                                   `unexpected argument "extra"`,
		"train --epochs ten":                            `invalid argument "ten"`,
		"train --epochs 0":                              "--epochs must not be 0",
		"train --epochs -1":                             "epochs: got -1",
		"train --batch-size 0":                          "--batch-size must not be 0",
		"train --learning-rate 0":                       "--learning-rate must not be 0",
		"train --learning-rate NaN":                     "learning_rate: got NaN",
		"train --width 0":                               "--width must not be 0",
		"train --width 8,9 --num-layers 3":              "width: got [8 9]",
		"train --dropout 1":                             "dropout: got 1",
		"train --optimizer lion":                        "optimizer: got lion",
		"train --monitor f1":                            "monitor: got f1",
		"train --validation-split 1":                    "--validation-split must be",
		"train --classes 4":                             "--classes belongs to --data",
		"train --backend abacus":                        `unknown backend "abacus" (have: gorgonia, native)`,
		"train --out /none/such/m.st":                   "--out /none/such/m.st: cannot write there",
		"train --out " + out:                            "there is something that is not a file",
		"search --method magic":                         "--method magic: want grid, random",
		"search --metric f1":                            "--metric f1: want val_accuracy, val_loss",
		"search --pruner magic":                         "--pruner magic: want none, median",
		"search --trials 0":                             "--trials must be 1 or more",
		"search --jobs 0":                               "--jobs must be 1 or more",
		"search --lag 0":                                "--lag must be 1 or more",
		"search --param x":                              `"x": there is no =`,
		"search --param x=1..2":                         `no parameter "x" of the trainer`,
		"search --param dropout=0.0..2.0":               "dropout: got 2",
		"search --param learning_rate=1..0":             "empty (low is above high)",
		"search --param num_layers=1..2 --num-layers 2": "searched and also fixed by --num-layers",
		"search --param num_layers=1..2 --space a":      "exclude each other",
		"search --space /none":                          "/none: " + syscall.ENOENT.Error(),
		"search --validation-split 0":                   "a search needs validation rows",
		"search --learning-rate 0.1 --batch-size 8 --num-layers 1": "every parameter of the default space is fixed",
		"eval":                   "--model FILE is required",
		"bench --batch-size 0":   "must not be 0",
		"bench --batch-size a":   "want integers",
		"bench --width 0.5..1.0": "want a list or a range",
		"bench --seconds -1":     "--seconds must be",
	} {
		t.Run(line, func(t *testing.T) {
			code, stdout, stderr := call(t, strings.Fields(line)...)
			if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "mnist-tune: ") || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 2, nothing, one line with %q", code, stdout, stderr, want)
			}
		})
	}
	if entries, _ := os.ReadDir(out); len(entries) != 0 {
		t.Errorf("files left behind: %v", entries)
	}
}

// What fails while running is one line and exit code 1.
func TestFailures(t *testing.T) {
	dir := smallData(t)
	empty, model := t.TempDir(), filepath.Join(t.TempDir(), "m")
	for line, want := range map[string]string{
		"train --seed 1 --data " + empty: "lacks train-images-idx3-ubyte",
		"train --seed 1 --data /none":    "no data set in /none",
		"train --seed 1 --optimizer sgd --learning-rate 1e30 --out " + model + " --data " + dir: "training diverged at epoch 1",
		"eval --model " + empty: "not a regular file",
		"eval --model /none":    syscall.ENOENT.Error(),
	} {
		code, stdout, stderr := call(t, strings.Fields(line)...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 1, nothing, one line with %q", line, code, stdout, stderr, want)
		}
	}
	if _, err := os.Stat(model); err == nil {
		t.Error("a diverged training saved a model")
	}
	code, stdout, stderr := call(t, "search", "--seed", "1", "--data", dir, "--trials", "2", "--epochs", "1", "--optimizer", "sgd", "--param", "learning_rate=1e29,1e30", "--json")
	if code != exitFailed || !strings.Contains(stderr, "every trial failed: all 2; the first, trial 0") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if got := object(t, stdout); got["best"] != nil || len(got["trials"].([]any)) != 2 || got["test_accuracy"] != nil {
		t.Errorf("a search without a complete trial: %v", got)
	}
}

// An interrupted search prints what it has and ends with 130.
func TestInterrupt(t *testing.T) {
	dir := smallData(t)
	for _, asJSON := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		out, errs := &bytes.Buffer{}, &watcher{after: 4, then: cancel} // a line about the study, three trials
		args := []string{"search", "--study", filepath.Join(t.TempDir(), "study"), "--data", dir, "--method", "random", "--trials", "100000", "--epochs", "1", "--seed", "1"}
		if asJSON {
			args = append(args, "--json")
		}
		start := time.Now()
		if code := run(ctx, args, out, errs); code != exitInterrupted {
			t.Fatalf("exit code %d, %s", code, errs.text.String())
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("it took %v", d)
		}
		if !strings.HasSuffix(errs.text.String(), "interrupted\n") {
			t.Errorf("stderr ends with %q", errs.text.String())
		}
		if !asJSON {
			if !strings.Contains(out.String(), "best trial     #") {
				t.Errorf("stdout: %s", out)
			}
			continue
		}
		got := object(t, out.String())
		best, _ := got["best"].(map[string]any)
		if best == nil || got["test_accuracy"] != nil {
			t.Errorf("best %v, test accuracy %v", best, got["test_accuracy"])
		}
		states := map[any]int{}
		for _, trial := range got["trials"].([]any) {
			states[trial.(map[string]any)["state"]]++
		}
		if states["complete"] < 3 || states["failed"] != 0 {
			t.Errorf("states: %v", states)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, errs := &bytes.Buffer{}, &watcher{after: 2, then: cancel}
	if code := run(ctx, []string{"train", "--data", dir, "--epochs", "1000000", "--seed", "1", "--json"}, out, errs); code != exitInterrupted {
		t.Fatalf("exit code %d", code)
	}
	if got := object(t, out.String()); len(got["history"].([]any)) < 2 || got["test_accuracy"] != nil {
		t.Errorf("an interrupted training: %d epochs", len(got["history"].([]any)))
	}
}

// watcher is a writer that acts after so many lines. Writes come one at a time.
type watcher struct {
	text  bytes.Buffer
	after int
	then  func()
}

func (w *watcher) Write(p []byte) (int, error) {
	w.text.Write(p)
	if bytes.Count(w.text.Bytes(), []byte("\n")) >= w.after {
		w.then()
	}
	return len(p), nil
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"train", "--help"}, {"search", "--help"}, {"eval", "--help"}, {"bench", "--help"}, {"help", "search"}} {
		code, stdout, stderr := call(t, args...)
		if code != exitDone || !strings.Contains(stdout, "Examples:") || stderr != "" {
			t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
		}
		for line := range strings.Lines(stdout) {
			if len(line) > 180 {
				t.Errorf("%v: a line of %d characters: %s", args, len(line), line)
			}
		}
	}
	if code, stdout, _ := call(t, "--version"); code != exitDone || !strings.Contains(stdout, version) {
		t.Errorf("--version: %d %s", code, stdout)
	}
	if code, stdout, _ := call(t, "completion", "bash"); code != exitDone || !strings.Contains(stdout, "mnist-tune") {
		t.Errorf("completion: %d", code)
	}
}

// A seed that was not given is printed and repeats the run.
func TestDrawnSeedIsPrinted(t *testing.T) {
	dir := smallData(t)
	code, stdout, stderr := call(t, "train", "--data", dir, "--epochs", "1", "--json")
	if code != exitDone {
		t.Fatal(stderr)
	}
	var seed uint64
	if _, err := fmt.Sscanf(stderr, "seed %d", &seed); err != nil {
		t.Fatalf("%v in %q", err, stderr)
	}
	first, again := object(t, stdout), callJSON(t, "train", "--data", dir, "--epochs", "1", "--seed", fmt.Sprint(seed))
	if first["test_loss"] != again["test_loss"] {
		t.Errorf("test loss %v, with its seed %v", first["test_loss"], again["test_loss"])
	}
}

func TestIntegers(t *testing.T) {
	for text, want := range map[string][]int{"32,128,512": {32, 128, 512}, "1..3": {1, 2, 3}, "16..64:step=16": {16, 32, 48, 64}, "64": {64}, "1..200": nil} {
		got, err := integers("x", text)
		if err != nil || want != nil && !slices.Equal(got, want) || want == nil && len(got) != 200 {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
