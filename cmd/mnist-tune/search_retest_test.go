package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mnisttune/search"
	"mnisttune/search/journal"
)

// A trial of a cross-validated search has the scores of its networks, its value is their
// mean, and nothing depends on jobs and interruptions.
func TestFoldsAndSeeds(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	args := func(file, jobs string) []string {
		return []string{"search", "--data", dir, "--folds", "3", "--seeds-per-trial", "2", "--trials", "6", "--epochs", "30", "--jobs", jobs, "--lag", "2",
			"--width", "16", "--seed", "4", "--retest", "2", "--retest-seeds", "2", "--study", filepath.Join(folder, file)}
	}
	got := callJSON(t, args("one", "1")...)
	for _, trial := range got["trials"].([]any) {
		m := trial.(map[string]any)
		scores, _ := m["scores"].([]any)
		if len(scores) != 6 {
			t.Fatalf("scores %v of %v", scores, m["number"])
		}
		mean := 0.0
		for _, s := range scores {
			mean += s.(float64) / 6
		}
		if math.Abs(mean-m["value"].(float64)) > 1e-12 {
			t.Errorf("trial %v: the value %v is not the mean of %v", m["number"], m["value"], scores)
		}
	}
	if retests := got["retests"].([]any); len(retests) != 2 || got["recommended"].(map[string]any)["sd"] == nil || got["best"].(map[string]any)["sd"] == nil {
		t.Errorf("retests %v, recommended %v, best %v", retests, got["recommended"], got["best"])
	}
	want := essence(got)
	if again := essence(callJSON(t, args("two", "2")...)); !reflect.DeepEqual(again, want) {
		t.Error("two jobs: another study")
	}
	killAgainAndAgain(t, filepath.Join(folder, "one"), filepath.Join(folder, "killed"), args("killed", "2"))
	killed := callJSON(t, args("killed", "2")...)
	if !reflect.DeepEqual(essence(killed), want) || !reflect.DeepEqual(killed["retests"], got["retests"]) {
		t.Error("killed and resumed: another study")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*checkpoints*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	shown := callJSON(t, "study", "show", filepath.Join(folder, "one"))
	if !reflect.DeepEqual(shown["recommended"], got["recommended"]) {
		t.Errorf("study show recommends %v, the search %v", shown["recommended"], got["recommended"])
	}
}

// A lucky run is the best observed, but it is not recommended.
func TestRetestSeesThroughLuck(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	args := []string{"search", "--data", dir, "--method", "random", "--epochs", "4", "--seed", "5", "--width", "16", "--study", file,
		"--param", "learning_rate=1e-6..3e-2:log", "--pruner", "none", "--jobs", "1"}
	callJSON(t, append(args, "--trials", "6")...)
	plant(t, file, search.Params{"learning_rate": 1.5e-6}, 0.9999)
	got := callJSON(t, append(args, "--trials", "7", "--retest", "3")...)
	best, recommended := got["best"].(map[string]any), got["recommended"].(map[string]any)
	if best["number"] != 6.0 || best["value"] != 0.9999 {
		t.Errorf("the best observed is %v", best)
	}
	if recommended["number"] == 6.0 || recommended["mean"].(float64) > 0.9999 || !strings.Contains(recommended["why"].(string), "best observed, #6, came to 0.") {
		t.Errorf("recommended: %v", recommended)
	}
	if acc := got["test_accuracy"].(float64); acc < 0.7 {
		t.Errorf("the refitted network has a test accuracy of %v", acc)
	}
	without := callJSON(t, append(args, "--retest", "0")...)
	if r := without["recommended"].(map[string]any); r["number"] != 6.0 {
		t.Errorf("without a retest %v is recommended: the lucky run is no test", r)
	}
	var report winnerReport
	if err := json.Unmarshal(recordOf(t, file).UserAttrs[winnerAttr], &report); err != nil || report.Trial != 6 || report.TestAccuracy != without["test_accuracy"] {
		t.Errorf("the log's winner is %+v (%v)", report, err)
	}
}

// plant adds a complete trial to a study.
func plant(t *testing.T, file string, p search.Params, value float64) {
	t.Helper()
	log, err := journal.Open(file, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	record := recordOf(t, file)
	op := search.Op{Code: search.CreateTrial, Worker: "planted", StudyID: record.ID, State: search.Complete, Values: []float64{value}, Start: time.Now(), Complete: time.Now()}
	for _, q := range record.Trials[0].Distributions {
		internal, err := q.Distribution.Internal(p[q.Name])
		if err != nil {
			t.Fatal(err)
		}
		op.Params = append(op.Params, search.OpParam{Name: q.Name, Internal: internal, Distribution: q.Distribution.String()})
	}
	if err := log.Update(t.Context(), 0, func([]search.Op) ([]search.Op, error) { return []search.Op{op}, nil }); err != nil {
		t.Fatal(err)
	}
}

func recordOf(t *testing.T, file string) *search.StudyRecord {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	replay, err := readStudies(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return replay.Studies()[0]
}

func TestSplitFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--folds", "1"}, "--folds must be 2 or more"},
		{[]string{"--folds", "3", "--validation-split", "0.2"}, "exclude each other"},
		{[]string{"--seeds-per-trial", "0"}, "--seeds-per-trial must be 1 or more"},
		{[]string{"--retest", "-1"}, "--retest must be 0 or more"},
		{[]string{"--retest", "2", "--retest-seeds", "0"}, "--retest-seeds 1 or more"},
		{[]string{"--folds", "5", "--exec", "true {x}", "--param", "x=0.0..1.0", "--direction", "minimize"}, "--folds is about training"},
		{[]string{"--folds", "100000"}, "too few for 100000 folds"},
	} {
		if code, _, stderr := call(t, append([]string{"search", "--data", smallData(t)}, c.args...)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d, %s", c.args, code, stderr)
		}
	}
}
