package journal

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mnisttune/search"
)

// pythonVariable names an interpreter that can import optuna.
const pythonVariable = "MNIST_TUNE_OPTUNA_PYTHON"

// python runs a script of testdata with Optuna.
func python(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	interpreter := os.Getenv(pythonVariable)
	if interpreter == "" {
		t.Skipf("%s names no Python interpreter that has optuna", pythonVariable)
	}
	cmd := exec.CommandContext(t.Context(), interpreter, append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// checkSame fails unless Optuna and we read a log alike; it returns our reading.
func checkSame(t testing.TB, f *File) *search.Replay {
	t.Helper()
	out, err := python(t, "dump.py", f.Path()).Output()
	if err != nil {
		t.Fatalf("Optuna does not read the log: %v", err)
	}
	r := replay(t, f)
	checkDumps(t, f.Path(), dump(t, r), optunaDump(t, out))
	return r
}

func TestOptunaReadsOurs(t *testing.T) {
	f := newLog(t, Options{})
	add(t, f, goldenOps(t)...)
	out, err := python(t, "dump.py", f.Path()).Output()
	if err != nil {
		t.Fatal(err)
	}
	checkDumps(t, "golden.json", optunaDump(t, []byte(content(t, "testdata/golden.json"))), optunaDump(t, out))
}

func TestWeReadOptunas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "optuna.log")
	if err := python(t, "write.py", path).Run(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := checkSame(t, f); r.NextTrialID() < 12 {
		t.Errorf("there are %d trials", r.NextTrialID())
	}
	// We go on with it, then Optuna does.
	if err := appendTrials(t.Context(), f, "many", 3, 0); err != nil {
		t.Fatal(err)
	}
	if err := python(t, "work.py", path, "gone", "3").Run(); err != nil {
		t.Fatal(err)
	}
	if r := checkSame(t, f); len(r.Study("many").Trials) != 6 || len(r.Study("gone").Trials) != 4 {
		t.Errorf("%d and %d trials", len(r.Study("many").Trials), len(r.Study("gone").Trials))
	}
}

func TestBothWriteAtOnce(t *testing.T) {
	const each = 200
	f := newLog(t, Options{})
	add(t, f, search.Op{Code: search.CreateStudy, StudyName: "s", Directions: []search.Direction{search.Minimize}})
	cmd := python(t, "work.py", f.Path(), "s", strconv.Itoa(each))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	err = errors.Join(appendTrials(t.Context(), f, "s", each, 5*time.Millisecond), cmd.Wait())
	if err != nil {
		t.Fatal(err)
	}
	count, turns, last := map[bool]int{}, 0, false
	for _, trial := range checkSame(t, f).Study("s").Trials {
		if trial.State != search.Complete || len(trial.Reports) != 1 || len(trial.Params) == 0 {
			t.Errorf("trial %d is %+v", trial.Number, trial.Trial)
		}
		ours := trial.Creator == "ours"
		if count[ours]++; ours != last {
			turns++
		}
		last = ours
	}
	if count[true] != each || count[false] != each {
		t.Errorf("of %d trials of each there are %v", each, count)
	}
	if turns < 10 {
		t.Errorf("the writers took turns %d times only", turns)
	}
	t.Logf("the writers took turns %d times", turns)
}

// A writer is killed in the middle of a line, then we write, or Optuna does.
func TestTornByAKilledWriter(t *testing.T) {
	const torn = `{"op_code":4,"worker_id":"killed","study_id":0,"datetime_start":"2026-`
	f := newLog(t, Options{})
	add(t, f, search.Op{Code: search.CreateStudy, StudyName: "s", Directions: []search.Direction{search.Minimize}})
	appendText(t, f.Path(), torn)
	if err := appendTrials(t.Context(), f, "s", 1, 0); err != nil {
		t.Fatal(err)
	}
	if err := python(t, "work.py", f.Path(), "s", "1").Run(); err != nil {
		t.Fatal(err)
	}
	checkSame(t, f)

	appendText(t, f.Path(), torn)
	// Optuna makes one line of it and stops at it when another follows.
	failing := python(t, "work.py", f.Path(), "s", "1")
	failing.Stderr = nil
	_ = failing.Run()
	if _, err := collect(f, 0); err == nil || !strings.Contains(err.Error(), "repair") {
		t.Fatalf("the merged line: %v", err)
	}
	report, err := Repair(t.Context(), f.Path(), Options{})
	if err != nil || report.Damaged != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if f, err = Open(f.Path(), Options{}); err != nil {
		t.Fatal(err)
	}
	checkSame(t, f)
	if err := appendTrials(t.Context(), f, "s", 1, 0); err != nil {
		t.Fatal(err)
	}
	if err := python(t, "work.py", f.Path(), "s", "1").Run(); err != nil {
		t.Fatal(err)
	}
	checkSame(t, f)
}
