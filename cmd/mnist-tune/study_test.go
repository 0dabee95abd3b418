package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// program returns a command line of the program as a process of its own.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asBinary+"=1")
	return cmd
}

// killAgainAndAgain runs a search and kills it with SIGKILL when its study has grown to some
// share of the same one that was left alone, six times; so it is always killed before its
// end, however fast the machine. It returns how often it was.
func killAgainAndAgain(t *testing.T, alone, study string, args []string) (kills int) {
	t.Helper()
	whole, err := os.Stat(alone)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 6 {
		cmd := program(t.Context(), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		enough := int64((float64(i) + r.Float64()) / 8 * float64(whole.Size()))
		for over := false; !over; {
			select {
			case <-ended:
				over = true
			case <-time.After(time.Millisecond):
				if info, err := os.Stat(study); err == nil && info.Size() > enough {
					_ = cmd.Process.Kill() // it may have ended just now
					if over = true; <-ended != nil {
						kills++
					}
				}
			}
		}
	}
	if kills == 0 {
		t.Fatal("the search was over before it could be killed")
	}
	return kills
}

// A search that is killed again and again ends as one that was left alone, with every
// method and pruner, and leaves nothing but its log behind.
func TestKilledSearchGoesOn(t *testing.T) {
	dir := smallData(t)
	for _, c := range []struct{ method, pruner string }{{"random", "none"}, {"random", "asha"}, {"bayes", "hyperband"}} {
		t.Run(c.method+"/"+c.pruner, func(t *testing.T) {
			folder := t.TempDir()
			args := func(file string) []string {
				return []string{"search", "--data", dir, "--method", c.method, "--pruner", c.pruner, "--trials", "10", "--epochs", "150", "--jobs", "2", "--lag", "4",
					"--seed", "3", "--width", "32", "--study", filepath.Join(folder, file), "--json"}
			}
			want := essence(callJSON(t, args("alone")[:len(args("alone"))-1]...))
			kills := killAgainAndAgain(t, filepath.Join(folder, "alone"), filepath.Join(folder, "killed"), args("killed"))
			var stderr bytes.Buffer
			cmd := program(t.Context(), "search", "--study", filepath.Join(folder, "killed"), "--data", dir, "--jobs", "2", "--json")
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			if got := essence(object(t, string(out))); !reflect.DeepEqual(got, want) {
				a, _ := json.Marshal(got)
				b, _ := json.Marshal(want)
				t.Errorf("after %d kills: another study\ngot  %s\nwant %s", kills, a, b)
			}
			entries, err := os.ReadDir(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if name := e.Name(); name != "alone" && name != "killed" && !strings.HasSuffix(name, ".rename") { // a minute old, the next search removes it
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}

// Two processes work on one study at a time; together they make the study of one.
func TestTwoSearchesOnOneStudy(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	args := func(file string) []string {
		return []string{"search", "--data", dir, "--method", "bayes", "--trials", "12", "--epochs", "40", "--jobs", "1", "--lag", "3", "--seed", "3", "--width", "16", "--study", filepath.Join(folder, file)}
	}
	want := essence(callJSON(t, args("alone")...))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if out, err := program(t.Context(), args("shared")...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	both.Wait()
	if got := essence(callJSON(t, args("shared")...)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestSearchGoesOnWithItsSettings(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	first := []string{"search", "--data", dir, "--study", file, "--trials", "4", "--epochs", "2", "--seed", "5", "--width", "8", "--method", "random"}
	got := callJSON(t, first...)
	again := callJSON(t, first...)
	if !reflect.DeepEqual(essence(again), essence(got)) {
		t.Error("the same command again: another result")
	}
	if again["study"] != file || again["study_name"] != "search" || again["ended"] != "4 trials" {
		t.Errorf("%v, %v, %v", again["study"], again["study_name"], again["ended"])
	}
	code, stdout, stderr := call(t, "search", "--data", dir, "--study", file, "--trials", "6", "--epochs", "7", "--method", "grid", "--seed", "9", "--lag", "7", "--json")
	if code != exitDone {
		t.Fatalf("%d: %s", code, stderr)
	}
	for _, note := range []string{"--epochs 7: the study was begun with 2", "--method grid: the study was begun with random", "--seed 9: the study was begun with 5", "--lag 7: the study was begun with"} {
		if !strings.Contains(stderr, note) {
			t.Errorf("stderr does not say %q: %s", note, stderr)
		}
	}
	more := object(t, stdout)
	if trials := more["trials"].([]any); len(trials) != 6 || !reflect.DeepEqual(essence(more)[:4], essence(got)[:4]) {
		t.Errorf("%d trials, or the first four changed", len(trials))
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--param", "learning_rate=0.1..0.2"}, `study "search" has another space`},
		{[]string{"--data", smallData(t), "--validation-split", "0.1"}, ""}, // the same data elsewhere
		{[]string{"--metric", "val_loss"}, ""},                              // said aloud
	} {
		code, _, stderr := call(t, append([]string{"search", "--data", dir, "--study", file}, c.args...)...)
		if c.want == "" && code != exitDone || c.want != "" && (code != exitUsage || !strings.Contains(stderr, c.want)) {
			t.Errorf("%v: %d, %s", c.args, code, stderr)
		}
	}
	if code, _, stderr := call(t, "search", "--study", file); code != exitUsage || !strings.Contains(stderr, "begun with other data") {
		t.Errorf("other data: %d, %s", code, stderr)
	}
	// A second study in the file; then the name must be said.
	callJSON(t, "search", "--data", dir, "--study", file, "--study-name", "other", "--trials", "2", "--epochs", "1", "--seed", "1")
	if code, _, stderr := call(t, "search", "--data", dir, "--study", file); code != exitUsage || !strings.Contains(stderr, "say which with --study-name") {
		t.Errorf("two studies: %d, %s", code, stderr)
	}
}

// A bare search never touches a study that is there.
func TestBareSearchRefusesToMix(t *testing.T) {
	dir := smallData(t)
	t.Chdir(t.TempDir())
	bare := []string{"search", "--data", dir, "--trials", "2", "--epochs", "1", "--seed", "1"}
	var out, errs bytes.Buffer
	if code := run(t.Context(), bare, &out, &errs); code != exitDone || !strings.Contains(errs.String(), "the study is kept in "+defaultStudyFile) {
		t.Fatalf("%d, %s", code, errs.String())
	}
	before, err := os.ReadFile(defaultStudyFile)
	if err != nil {
		t.Fatal(err)
	}
	errs.Reset()
	if code := run(t.Context(), bare, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "2 of 2 trials finished") || !strings.Contains(errs.String(), "--study "+defaultStudyFile) {
		t.Errorf("%d, %s", code, errs.String())
	}
	if after, err := os.ReadFile(defaultStudyFile); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed (%v)", err)
	}
}

func TestStudyCommands(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	searched := callJSON(t, "search", "--data", dir, "--study", file, "--trials", "5", "--epochs", "2", "--seed", "5")
	list := callJSON(t, "study", "list", file)["studies"].([]any)
	if s := list[0].(map[string]any); len(list) != 1 || s["name"] != "search" || s["trials"].(map[string]any)["complete"] != 5.0 || s["seed"] != 5.0 {
		t.Errorf("%v", list)
	}
	shown := callJSON(t, "study", "show", file)
	if !reflect.DeepEqual(shown["best"], searched["best"]) || len(shown["trials"].([]any)) != 5 {
		t.Errorf("shown: %v, want %v", shown["best"], searched["best"])
	}
	if code, stdout, _ := call(t, "study", "show", file); code != exitDone || !strings.Contains(stdout, "best trial     #") {
		t.Errorf("%d, %s", code, stdout)
	}
	if got := callJSON(t, "study", "check", file); got["sound"] != true || got["trials"] != 5.0 {
		t.Errorf("%v", got)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	// A line that was cut off, to which Optuna has added a whole one.
	merged := bytes.Join([][]byte{bytes.Join(lines[:10], nil), lines[10][:20], bytes.Join(lines[11:], nil)}, nil)
	if err := os.WriteFile(file, merged, 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "study", "check", file)
	if code != exitFailed || !strings.Contains(stdout+stderr, "line 11") || !strings.Contains(stderr, "mnist-tune study repair") {
		t.Errorf("%d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr := call(t, "search", "--data", dir, "--study", file); code != exitFailed || !strings.Contains(stderr, "line 11") {
		t.Errorf("a search on a damaged log: %d, %s", code, stderr)
	}
	if got := callJSON(t, "study", "repair", file); got["damaged_lines"] != 1.0 || got["kept"] != file+".damaged-1" {
		t.Errorf("%v", got)
	}
	if got := callJSON(t, "study", "check", file); got["sound"] != true {
		t.Errorf("%v", got)
	}
	if code, _, stderr := call(t, "study", "check", filepath.Join(t.TempDir(), "none")); code != exitFailed || strings.Count(stderr, "\n") != 1 {
		t.Errorf("no file: %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "study", "stop", file); code != exitDone {
		t.Errorf("%d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "study", "show", file, "--study-name", "x"); code != exitUsage || !strings.Contains(stderr, fmt.Sprintf("no study %q", "x")) {
		t.Errorf("%d, %s", code, stderr)
	}
}

// Ask and tell by hand, and a command: the same study may be driven by either.
func TestAskAndTell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	ask := func(args ...string) map[string]any {
		return callJSON(t, append([]string{"ask", "--study", file}, args...)...)
	}
	tell := func(args ...string) map[string]any {
		return callJSON(t, append([]string{"tell", "--study", file}, args...)...)
	}
	first := ask("--direction", "minimize", "--param", "x=0.0..1.0", "--seed", "1")
	second := ask()
	if first["number"] != 0.0 || second["number"] != 1.0 || first["params"].(map[string]any)["x"] == second["params"].(map[string]any)["x"] {
		t.Errorf("%v, %v", first, second)
	}
	tell("--trial", "0", "--report", "1=0.5", "--report", "2=0.4")
	if got := tell("--trial", "0", "--value", "0.25", "--attr", `note="hi"`); got["state"] != "complete" || got["value"] != 0.25 {
		t.Errorf("%v", got)
	}
	if got := tell("--trial", "1", "--fail", "out of memory"); got["state"] != "failed" {
		t.Errorf("%v", got)
	}
	for args, want := range map[string]string{
		"tell --trial 1 --value 1":           "trial is finished",
		"tell --trial 9 --value 1":           "no trial 9",
		"tell --trial 0":                     "say what came of the trial",
		"tell --trial 0 --value 1 --pruned":  "exclude each other",
		"tell --trial 0 --report x":          "want STEP=VALUE",
		"ask --param x=1..2":                 "another space",
		"search --exec false --param x=1..2": "--direction",
	} {
		words := strings.Fields(args)
		target := file
		if words[0] == "search" {
			target = filepath.Join(t.TempDir(), "new")
		}
		code, _, stderr := call(t, append(words, "--study", target)...)
		if (code == exitDone) != (want == "") || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s; want %q", args, code, stderr, want)
		}
	}
	shown := callJSON(t, "study", "show", file)["trials"].([]any)
	if shown[1].(map[string]any)["error"] != "out of memory" || shown[0].(map[string]any)["value"] != 0.25 {
		t.Errorf("%v", shown)
	}
	// The command goes on where people left off.
	if runtime.GOOS == "windows" {
		return
	}
	got := callJSON(t, "search", "--study", file, "--exec", `sh -c 'echo report: 1 "$1"; echo value: "$1"' sh {x}`, "--direction", "minimize", "--trials", "5")
	trials := got["trials"].([]any)
	last := trials[4].(map[string]any)
	if len(trials) != 5 || last["value"] != last["params"].(map[string]any)["x"] || last["state"] != "complete" {
		t.Errorf("%v", trials)
	}
	code, _, stderr := call(t, "search", "--exec", "no-such-program {x}", "--direction", "minimize", "--param", "x=0.0..1.0")
	if code != exitUsage || !strings.Contains(stderr, "no-such-program") {
		t.Errorf("%d, %s", code, stderr)
	}
}
