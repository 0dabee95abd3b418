package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// A study of a function that one parameter decides is explained by that one.
func TestExplain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	callJSON(t, "search", "--exec", "echo value: {x}", "--direction", "maximize", "--param", "x=0.0..2.0", "--param", "idle=0.0..1.0", "--param", "w=a,b",
		"--method", "sobol", "--trials", "24", "--seed", "1", "--study", file)
	got := callJSON(t, "explain", "--study", file, "--points", "5")
	if got["complete"] != 24.0 || got["direction"] != "maximize" {
		t.Errorf("%v trials to %v", got["complete"], got["direction"])
	}
	first := got["importance"].([]any)[0].(map[string]any)
	if first["parameter"] != "x" || first["ped_anova"].(float64) < 0.5 || first["fanova"].(float64) < 0.8 {
		t.Errorf("the most important parameter is %v", first)
	}
	dependence := got["partial_dependence"].([]any)[0].(map[string]any)
	points := dependence["points"].([]any)
	if dependence["parameter"] != "x" || len(points) != 5 {
		t.Fatalf("%v", dependence)
	}
	for _, p := range points {
		m := p.(map[string]any)
		if math.Abs(m["mean"].(float64)-m["value"].(float64)) > 0.15 {
			t.Errorf("%v is expected of x = %v", m["mean"], m["value"])
		}
	}
	if left := got["leave_one_out"].([]any); len(left) != 24 {
		t.Errorf("%d trials were left out", len(left))
	}
	if c := got["calibration"].(map[string]any); c["r2"].(float64) < 0.95 {
		t.Errorf("calibration %v", c)
	}
	code, stdout, stderr := call(t, "explain", "--study", file)
	if code != exitDone || !strings.Contains(stdout, "importance  near the top") || !strings.Contains(stdout, "how far to believe it") {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
}

func TestExplainRefuses(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "study")
	callJSON(t, "search", "--exec", "echo value: {x}", "--direction", "maximize", "--param", "x=0.0..2.0", "--trials", "1", "--seed", "1", "--study", file)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--study", file}, exitFailed, "has 1 complete and 0 pruned trials, too few"},
		{[]string{"--study", file, "--points", "1"}, exitUsage, "--points must be 2 or more"},
		{[]string{"--study", filepath.Join(folder, "none")}, exitFailed, "none"},
	} {
		if code, _, stderr := call(t, append([]string{"explain"}, c.args...)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s", c.args, code, stderr)
		}
	}
}

// The table says what bayes expected of each trial.
func TestTrialsWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	callJSON(t, "search", "--exec", "echo value: {x}", "--direction", "maximize", "--param", "x=0.0..2.0", "--trials", "6", "--seed", "1", "--jobs", "1", "--study", file)
	rows := tableOf(t, "--study", file, "--why")
	if rows[0]["source"] != "design" || rows[0]["expected_mean"] != "" {
		t.Errorf("%v", rows[0])
	}
	if last := rows[5]; last["source"] != "fit" || last["expected_mean"] == "" || last["expected_sd"] == "" || last["expected_improvement"] == "" || last["incumbent"] == "" {
		t.Errorf("%v", last)
	}
	code, stdout, _ := call(t, "trials", "--study", file, "--why", "--sort", "-expected_improvement")
	if code != exitDone || !strings.Contains(stdout, "expected_improvement") {
		t.Errorf("%d\n%s", code, stdout)
	}
}
