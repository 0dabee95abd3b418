package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two objectives and two constraints: the front is right, configurations that are too big
// are never trained, and the study goes on with its objectives.
func TestObjectivesAndConstraints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	args := []string{"search", "--data", smallData(t), "--objective", "val_accuracy,parameters", "--constraint", "parameters<=600", "--constraint", "val_accuracy>=0.5",
		"--method", "random", "--param", "width=2..60", "--param", "learning_rate=1e-6..1e-2:log", "--epochs", "4", "--seed", "4", "--study", file}
	got := callJSON(t, append(args, "--trials", "20")...)
	type point struct{ accuracy, parameters float64 }
	var feasible []point
	for _, trial := range got["trials"].([]any) {
		m := trial.(map[string]any)
		values, broken := m["values"].([]any), m["constraints"].([]any)
		p := point{values[0].(float64), values[1].(float64)}
		if p.parameters > 600 {
			t.Errorf("%v was trained", m)
		}
		if len(broken) != 2 || broken[1].(float64) != 0.5-p.accuracy {
			t.Errorf("constraints %v of %v", broken, values)
		}
		if p.accuracy >= 0.5 {
			feasible = append(feasible, p)
		}
	}
	if len(feasible) == 20 {
		t.Error("no trial breaks the constraint: there is nothing to see")
	}
	front := got["front"].([]any)
	for _, f := range front {
		values := f.(map[string]any)["values"].([]any)
		for _, p := range feasible {
			if p.accuracy >= values[0].(float64) && p.parameters < values[1].(float64) {
				t.Errorf("%v on the front is worse than %v", values, p)
			}
		}
	}
	if len(front) < 2 || got["best"].(map[string]any)["value"].(float64) < 0.5 {
		t.Errorf("front %v, best %v", front, got["best"])
	}
	code, stdout, stderr := call(t, "search", "--data", smallData(t), "--study", file, "--trials", "22", "--constraint", "parameters<=50")
	if code != exitDone || !strings.Contains(stderr, "--constraint [parameters<=50]: the study was begun with [parameters<=600 val_accuracy>=0.5]") || !strings.Contains(stdout, "infeasible") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	if more := callJSON(t, "study", "show", file); len(more["trials"].([]any)) != 22 || len(more["front"].([]any)) < 2 {
		t.Errorf("study show: %v", more["front"])
	}
}

func TestObjectiveFlags(t *testing.T) {
	for _, c := range []struct{ flag, value, want string }{
		{"--metric", "val_accuracy,speed", "--metric speed: want parameters, samples_per_second, seconds, latency"},
		{"--objective", "parameters", "--metric parameters: want val_accuracy, val_loss"},
		{"--metric", "val_loss,parameters,parameters", "parameters is there twice"},
		{"--metric", "val_loss,val_accuracy", "--metric val_accuracy: want parameters"},
		{"--constraint", "width<=5", `no measure "width"`},
		{"--pruner", "asha", "looks at one objective, --metric has 2"},
		{"--patience", "3", "are for one objective"},
	} {
		args := []string{"search", "--data", smallData(t), c.flag, c.value}
		if c.flag != "--metric" && c.flag != "--objective" {
			args = append(args, "--metric", "val_loss,parameters")
		}
		if code, _, stderr := call(t, args...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d, %s", args[3:], code, stderr)
		}
	}
}

// A search ends by itself when there is nothing more to gain, and so does the same command
// again; told otherwise it goes on.
func TestStopAuto(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	args := []string{"search", "--exec", "sh -c 'echo value: $(($1 % 3))' sh {n}", "--direction", "minimize", "--param", "n=1..2000", "--trials", "60", "--seed", "1", "--jobs", "1", "--study", file}
	got := callJSON(t, append(args, "--stop", "auto")...)
	n := len(got["trials"].([]any))
	if got["ended"] != "nothing more to gain" || n < 20 || n == 60 {
		t.Fatalf("%d trials, ended by %v", n, got["ended"])
	}
	if again := callJSON(t, args...); len(again["trials"].([]any)) != n {
		t.Errorf("again: %d trials, then %d", n, len(again["trials"].([]any)))
	}
	if more := callJSON(t, append(args, "--stop", "never", "--trials", "30")...); len(more["trials"].([]any)) != max(n, 30) {
		t.Errorf("told to go on: %d trials", len(more["trials"].([]any)))
	}
	for _, args := range [][]string{{"--stop", "soon"}, {"--stop", "auto", "--method", "halving"}, {"--stop", "auto", "--metric", "val_loss,seconds"}} {
		if code, _, stderr := call(t, append([]string{"search", "--data", smallData(t)}, args...)...); code != exitUsage || !strings.Contains(stderr, "--stop") {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
}

// Old results keep what they break: through a table and --warm no infeasible trial becomes
// the best, and a table without it is refused where it is measured.
func TestConstraintsOfOldResults(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	args := func(study string, more ...string) []string {
		return append([]string{"search", "--data", dir, "--constraint", "val_loss>=1.0", "--method", "random", "--epochs", "3", "--seed", "2", "--param", "learning_rate=1e-5..1e-1:log",
			"--width", "8", "--jobs", "1", "--pruner", "none", "--study", file(study)}, more...)
	}
	old := callJSON(t, args("old", "--trials", "8")...)
	if best := old["best"].(map[string]any); best["number"] == nil {
		t.Fatal("nothing is feasible")
	}
	_, table, _ := call(t, "trials", "--study", file("old"), "--format", "csv")
	if err := os.WriteFile(file("old.csv"), []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	fresh := callJSON(t, args("new", "--trials", "1", "--warm", file("old.csv"))...)
	if number := fresh["best"].(map[string]any)["value"].(float64); number > old["best"].(map[string]any)["value"].(float64)+0.5 {
		t.Errorf("the best is %v, of the old study %v", fresh["best"], old["best"])
	}
	for _, trial := range fresh["trials"].([]any)[:8] {
		if m := trial.(map[string]any); m["constraints"] == nil {
			t.Errorf("%v does not say what it breaks", m)
		}
	}
	rows := tableOf(t, "--study", file("new"), "--sort", "rank_test_score", "--state", "complete")
	if strings.HasPrefix(rows[0]["constraint_0"], "-") == false && rows[0]["constraint_0"] != "0.0" {
		t.Errorf("rank 1 has %v", rows[0])
	}
	bare := "learning_rate,value\n0.01,0.9\n"
	if err := os.WriteFile(file("bare.csv"), []byte(bare), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, args("bare", "--trials", "1", "--warm", file("bare.csv"))...); code != exitUsage || !strings.Contains(stderr, "constraint_0") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := call(t, "search", "--data", dir, "--constraint", "parameters<=100", "--enqueue", "width=500", "--param", "width=2..500", "--study", file("big")); code != exitUsage || !strings.Contains(stderr, "it breaks a --constraint") {
		t.Errorf("%d %s", code, stderr)
	}
	if _, err := os.Stat(file("big")); err == nil {
		t.Error("a refused search has begun a study")
	}
}

// What does not bind a study is remembered, and what its method cannot do is refused, also
// when it is gone on with.
func TestResumedStudiesKeepAndRefuse(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	base := []string{"search", "--data", dir, "--study", file}
	callJSON(t, append(base, "--method", "halving", "--trials", "4", "--epochs", "2", "--seed", "1", "--width", "8")...)
	callJSON(t, append(base, "--retest", "2", "--retest-seeds", "2")...)
	again := callJSON(t, append(base, "--retest-seeds", "3")...)
	if n := len(again["retests"].([]any)); n != 2 {
		t.Errorf("%d retests, want 2: --retest was given before", n)
	}
	shown := callJSON(t, "study", "show", file)
	if len(shown["retests"].([]any)) != 2 {
		t.Errorf("study show: %v", shown["retests"])
	}
	for _, c := range []struct{ flags, want string }{
		{"--stop auto", "does not go with --method halving"},
		{"--method bayes --metric val_accuracy,parameters,seconds --study " + file + "3", "--method bayes takes 2 objectives at most (got 3"},
		{"--retest-seeds 3 --study " + file + "4", "--retest-seeds belongs to --retest"},
	} {
		args := append(base, strings.Fields(c.flags)...)
		if code, _, stderr := call(t, args...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %d %s", c.flags, code, stderr)
		}
	}
	if _, err := os.Stat(file + "3"); err == nil {
		t.Error("a refused search has begun a study")
	}
}
