package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// smallCompare is a comparison of two methods, two seeds and three trials.
func smallCompare(dir string, more ...string) []string {
	return append([]string{"compare", "--data", dir, "--methods", "random,grid", "--seeds", "2", "--trials", "3", "--retrain", "2", "--epochs", "2", "--width", "8"}, more...)
}

// timeless leaves out of a comparison's result what may depend on time and jobs.
func timeless(result map[string]any) map[string]any {
	delete(result, "seconds")
	delete(result, "jobs")
	for _, m := range result["methods"].([]any) {
		for _, key := range []string{"search_seconds", "ms_per_suggestion"} {
			delete(m.(map[string]any), key)
		}
		for _, s := range m.(map[string]any)["studies"].([]any) {
			for _, key := range []string{"search_seconds", "suggest_seconds"} {
				delete(s.(map[string]any), key)
			}
		}
	}
	return result
}

func TestCompare(t *testing.T) {
	dir, out := smallData(t), t.TempDir()
	picture, studies := filepath.Join(out, "figure.png"), filepath.Join(out, "studies")
	got := callJSON(t, smallCompare(dir, "--jobs", "1", "--png", picture, "--svg", filepath.Join(out, "figure.svg"), "--studies", studies)...)
	wantKeys(t, "compare", got, "metric", "trials", "seed", "seeds", "reference", "params", "methods", "kernels", "build", "seconds")
	for i, name := range []string{"random", "grid"} {
		m := got["methods"].([]any)[i].(map[string]any)
		wantKeys(t, name, m, "space", "curve", "test_accuracy", "best_difference", "test_difference", "search_seconds", "ms_per_suggestion")
		if m["method"] != name || m["finished"] != 2.0 || len(m["curve"].([]any)) != 3 || len(m["studies"].([]any)) != 2 || (m["cells"] == 27.0) != (name == "grid") {
			t.Errorf("%s: %v", name, m)
		}
		wantKeys(t, "curve", m["curve"].([]any)[2], "trial", "n", "mean", "sd", "se", "q25", "median", "q75")
		for j, s := range m["studies"].([]any) {
			s := s.(map[string]any)
			best := s["best"].([]any)
			if s["seed"] != float64(j+1) || s["trials"] != 3.0 || !reflect.DeepEqual(s["epochs"], []any{2.0, 4.0, 6.0}) || len(best) != 3 || best[2] != s["recommended"].(map[string]any)["value"] || len(s["retrained"].([]any)) != 2 {
				t.Errorf("%s: study %v", name, s)
			}
		}
	}
	text, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(text)); err != nil || img.Bounds().Dx() < 1000 {
		t.Errorf("the figure: %v", err)
	}
	want := timeless(got)
	for what, args := range map[string][]string{"two jobs": smallCompare(dir, "--jobs", "2"), "the studies in the folder": smallCompare(dir, "--studies", studies)} {
		if got := timeless(callJSON(t, args...)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s give another result:\n%v\nwant\n%v", what, got, want)
		}
	}
	// What is kept are studies like those of search.
	shown := callJSON(t, "study", "show", filepath.Join(studies, "random-2.study"))
	if shown["method"] != "random" || shown["seed"] != 2.0 || len(shown["trials"].([]any)) != 3 {
		t.Errorf("a study of the folder: %v", shown)
	}
	if left, _ := filepath.Glob(filepath.Join(out, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A retraining is what train does with the recommended parameters and the fresh seed.
func TestCompareRetrainingCanBeRepeated(t *testing.T) {
	dir := smallData(t)
	got := callJSON(t, smallCompare(dir)...)
	s := got["methods"].([]any)[0].(map[string]any)["studies"].([]any)[1].(map[string]any)
	args := []string{"train", "--data", dir, "--validation-split", "0", "--width", "8", "--epochs", fmt.Sprint(s["refit_epochs"])}
	for name, value := range s["recommended"].(map[string]any)["params"].(map[string]any) {
		args = append(args, "--"+strings.ReplaceAll(name, "_", "-"), fmt.Sprint(value))
	}
	score := s["retrained"].([]any)[1].(map[string]any)
	if score["seed"] != 2_000_000_002.0 {
		t.Errorf("the second fresh seed of the study 2 is %v", score["seed"])
	}
	again := callJSON(t, append(args, "--seed", fmt.Sprintf("%.0f", score["seed"]))...)
	if again["test_accuracy"] != score["test_accuracy"] {
		t.Errorf("%v, %v gives %v", score, args, again["test_accuracy"])
	}
}

// The table has a row a method, and says what is to be known about it.
func TestCompareTable(t *testing.T) {
	dir := smallData(t)
	code, stdout, stderr := call(t, smallCompare(dir)...)
	if code != exitDone {
		t.Fatal(stderr)
	}
	for _, want := range []string{"val_accuracy after 1", "minus random (95 %)", "\n  random ", "\n    grid ", " ± ", " to +", "seeds 1 to 2", "fresh seeds (2 each)", "grid has 27 cells; a study tries the first 3 in their order", "\ntime "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if n := strings.Count(stderr, "\n"); n != 8 || !strings.Contains(stderr, "study 4/4  ") || !strings.Contains(stderr, "retrained 4/4  ") {
		t.Errorf("progress:\n%s", stderr)
	}
	code, stdout, stderr = call(t, smallCompare(dir, "--retrain", "0", "--seeds", "1", "--metric", "val_loss", "--trials", "1")...)
	if code != exitDone || strings.Contains(stdout, "±  ") || strings.Contains(stdout, "fresh") || strings.Contains(stdout, "NaN") {
		t.Errorf("one study: %d\n%s%s", code, stdout, stderr)
	}
}

// An interrupted comparison prints what it has, and goes on.
func TestCompareIsInterrupted(t *testing.T) {
	dir, studies := smallData(t), filepath.Join(t.TempDir(), "studies")
	args := smallCompare(dir, "--jobs", "1", "--json", "--seeds", "30", "--studies", studies)
	ctx, cancel := context.WithCancel(t.Context())
	out, errs := &bytes.Buffer{}, &watcher{after: 3, then: cancel}
	if code := run(ctx, args, out, errs); code != exitInterrupted || !strings.Contains(errs.text.String(), "the same command goes on\n") {
		t.Fatalf("exit code %d, %s", code, errs.text.String())
	}
	finished := func(result map[string]any) (n float64) {
		for _, m := range result["methods"].([]any) {
			n += m.(map[string]any)["finished"].(float64)
		}
		return n
	}
	if n := finished(object(t, out.String())); n < 3 || n > 5 {
		t.Errorf("%v studies finished after 3 lines", n)
	}
	args[slices.Index(args, "30")] = "2"
	code, stdout, stderr := call(t, args...)
	if code != exitDone || finished(object(t, stdout)) != 4 || strings.Count(stderr, "(from earlier)") != 3 {
		t.Errorf("gone on: %d\n%s\n%s", code, stdout, stderr)
	}
}

// A folder of studies is gone on with by the command that began it only.
func TestCompareRefusesOtherStudies(t *testing.T) {
	dir, studies := smallData(t), filepath.Join(t.TempDir(), "studies")
	if code, _, stderr := call(t, smallCompare(dir, "--studies", studies)...); code != exitDone {
		t.Fatal(stderr)
	}
	for want, more := range map[string][]string{
		"random-1.study: it was begun with epochs 2, not 3: give the flags":  {"--epochs", "3"},
		"random-1.study: it was begun with lag 1, not 2":                     {"--lag", "2"},
		"random-1.study: it was begun with other data":                       {"--data", otherData(t)},
		"random-1.study: it was begun with space [learning_rate=1e-05..0.1:": {"--param", "num_layers=1..2"},
	} {
		code, stdout, stderr := call(t, smallCompare(dir, append([]string{"--studies", studies}, more...)...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d %s; want %q", more, code, stderr, want)
		}
	}
}

// otherData is smallData with another first label.
func otherData(t testing.TB) string {
	t.Helper()
	dir := smallData(t)
	name := filepath.Join(dir, "train-labels-idx1-ubyte")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text[8] = 3
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCompareErrors(t *testing.T) {
	out := t.TempDir()
	for line, want := range map[string]string{
		"compare --methods magic":                   "--methods magic: want grid, ",
		"compare --methods random,random":           "names random twice",
		"compare --methods grid --reference bayes":  "--reference bayes is none of --methods",
		"compare --trials 0":                        "--trials must be 1 or more",
		"compare --seeds 0":                         "--seeds must be 1 or more",
		"compare --retrain -1":                      "--retrain must be 0 or more",
		"compare --validation-split 0":              "needs validation rows",
		"compare --png " + out:                      "--png " + out + ": there is something that is not a file",
		"compare --svg /none/such/a.svg":            "--svg /none/such/a.svg: cannot write there",
		"compare --param x=1..2":                    `no parameter "x" of the trainer`,
		"compare --param num_layers=1..2 --space a": "exclude each other",
	} {
		if code, stdout, stderr := call(t, strings.Fields(line)...); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %q", line, code, stdout, stderr, want)
		}
	}
	if left, _ := os.ReadDir(out); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	code, stdout, stderr := call(t, smallCompare(smallData(t), "--optimizer", "sgd", "--param", "learning_rate=1e29,1e30")...)
	if code != exitFailed || !strings.Contains(stderr, "every trial of every study failed; the first, random, seed 1, trial 0 (learning_rate=") || !strings.Contains(stdout, "\n  random ") {
		t.Errorf("nothing but failures: %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, _ = call(t, "compare", "--help")
	if code != exitDone || !strings.Contains(stdout, "Examples:") {
		t.Errorf("help: %d", code)
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 150 {
			t.Errorf("help: a line of %d characters: %s", len(line), line)
		}
	}
}
