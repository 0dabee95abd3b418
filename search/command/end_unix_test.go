//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mnisttune/search"
	"mnisttune/search/command"
)

// family is a script that has a child and a grandchild and notes the process ids of all
// three in the file "pids" of its directory.
const family = `
	sh -c 'sleep 300 & echo $$ $! >> pids; wait' &
	while [ ! -s pids ]; do sleep 0.01; done
	echo $$ >> pids
`

// killings is how often TestKill9AtAnyMoment kills; 300 were tried.
const killings = 10

// stubborn is the same with processes that ignore SIGTERM.
const stubborn = `trap '' TERM;` + family

// script returns a command that has /bin/sh run a text in a directory of its own.
func script(t *testing.T, text string) *command.Command {
	t.Helper()
	return &command.Command{Args: []string{text}, Shell: true, Dir: t.TempDir()}
}

// pids returns the ids in the file, once there are n.
func pids(t *testing.T, dir string, n int) []int {
	t.Helper()
	var ids []int
	waitFor(t, 5*time.Second, "the process ids", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pids"))
		ids = nil
		for field := range strings.FieldsSeq(string(text)) {
			id, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return len(ids) >= n && strings.HasSuffix(string(text), "\n")
	})
	return ids
}

func waitFor(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v", what, limit)
		}
	}
}

// running reports whether a process is there and no zombie.
func running(id int) bool {
	if syscall.Kill(id, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return runtime.GOOS != "linux"
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func wantGone(t *testing.T, ids []int) {
	t.Helper()
	for _, id := range ids {
		if running(id) {
			t.Errorf("process %d is there", id)
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	}
}

// pruneAt prunes every trial at a step.
type pruneAt int

func (p pruneAt) Rung(_, step int) bool { return step == int(p) }

func (p pruneAt) Prune(search.Direction, []search.Trial, search.Trial) bool { return true }

func TestReportsArriveBeforeTheEnd(t *testing.T) {
	c := script(t, `echo report: 1 0.5; while [ ! -e go ]; do sleep 0.01; done; echo value: 2`)
	c.Timeout = 10 * time.Second
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, func(e search.Event) {
		if e.Kind == search.Reported { // only then does the script go on
			if err := os.WriteFile(filepath.Join(c.Dir, "go"), nil, 0o644); err != nil {
				t.Error(err)
			}
		}
	})
	if r.err != nil || r.value != 2 {
		t.Errorf("value %v, error %v", r.value, r.err)
	}
}

func TestPruning(t *testing.T) {
	c := script(t, family+`echo report: 1 0.5; echo report: 2 0.4; echo report: 3 0.3; sleep 300`)
	r := evaluate(t.Context(), t, c, search.StudyOptions{Pruner: pruneAt(2)}, nil)
	if !errors.Is(r.err, search.ErrPruned) || r.trial.State != search.Pruned || len(r.trial.Reports) != 2 || r.elapsed > 4*time.Second {
		t.Errorf("state %v, reports %v after %v: %v", r.trial.State, r.trial.Reports, r.elapsed, r.err)
	}
	wantGone(t, pids(t, c.Dir, 3))
}

func TestTimeout(t *testing.T) {
	c := script(t, family+`echo late >&2; echo value: 1; sleep 300`)
	c.Timeout = 300 * time.Millisecond
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	wantError(t, r.err, "timeout: ended after 300ms", "late")
	if !errors.Is(r.err, command.ErrTimeout) || r.elapsed < c.Timeout || r.elapsed > c.Timeout+4*time.Second {
		t.Errorf("after %v: %v", r.elapsed, r.err)
	}
	wantGone(t, pids(t, c.Dir, 3))
}

func TestCancel(t *testing.T) {
	c := script(t, family+`echo report: 1 0.5; sleep 300`)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("the user has had enough")
	r := evaluate(ctx, t, c, search.StudyOptions{}, func(e search.Event) {
		if e.Kind == search.Reported {
			cancel(reason)
		}
	})
	if !errors.Is(r.err, reason) || r.trial.State != search.Running || r.elapsed > 4*time.Second {
		t.Errorf("state %v after %v: %v", r.trial.State, r.elapsed, r.err)
	}
	wantGone(t, pids(t, c.Dir, 3))
}

func TestKillAfterGrace(t *testing.T) {
	c := script(t, stubborn+`echo report: 1 0.5; while :; do sleep 0.1; done`)
	c.Grace = 300 * time.Millisecond
	r := evaluate(t.Context(), t, c, search.StudyOptions{Pruner: pruneAt(1)}, nil)
	if !errors.Is(r.err, search.ErrPruned) || r.elapsed < c.Grace || r.elapsed > c.Grace+4*time.Second {
		t.Errorf("after %v: %v", r.elapsed, r.err)
	}
	wantGone(t, pids(t, c.Dir, 3))
}

// A shell dies of SIGTERM at once; what it runs has its grace all the same.
func TestGraceOfGrandchildren(t *testing.T) {
	c := script(t, `sh -c 'trap "sleep 0.3; echo saved > saved; exit" TERM; echo report: 1 0.5; while :; do sleep 0.05; done'; echo not reached`)
	r := evaluate(t.Context(), t, c, search.StudyOptions{Pruner: pruneAt(1)}, nil)
	if _, err := os.Stat(filepath.Join(c.Dir, "saved")); err != nil || r.elapsed < 300*time.Millisecond || r.elapsed > 4*time.Second {
		t.Errorf("after %v: %v, %v", r.elapsed, r.err, err)
	}
}

func TestBackgroundChildrenAreKilledAtTheEnd(t *testing.T) {
	c := script(t, stubborn+`echo value: 3`) // they hold stdout and stderr open
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	if r.err != nil || r.value != 3 || r.elapsed > 4*time.Second {
		t.Errorf("value %v after %v: %v", r.value, r.elapsed, r.err)
	}
	wantGone(t, pids(t, c.Dir, 3))
}

// A process that has left the group cannot be ended, but must not hang us either.
func TestEscapedProcessHoldsStdout(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("there is no setsid here")
	}
	c := script(t, `setsid sh -c 'echo $$ > pids; exec sleep 300' & while [ ! -s pids ]; do sleep 0.01; done; echo value: 4`)
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	for _, id := range pids(t, c.Dir, 1) {
		_ = syscall.Kill(id, syscall.SIGKILL)
	}
	if r.err != nil || r.value != 4 || r.elapsed > 4*time.Second {
		t.Errorf("value %v after %v: %v", r.value, r.elapsed, r.err)
	}
}

func TestSignalAndStderr(t *testing.T) {
	c := script(t, `echo broken >&2; kill -SEGV $$`)
	var stderr lockedBuffer
	c.Stderr = &stderr
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	wantError(t, r.err, "signal: segmentation fault", "broken")
	if stderr.String() != "broken\n" {
		t.Errorf("stderr has %q", stderr.String())
	}
}

// A program that signals its own group (kill 0) does not end its guard.
func TestGroupSignalsItself(t *testing.T) {
	c := script(t, `trap 'echo value: 5; exit 0' TERM; kill -s TERM 0; sleep 300`)
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	if r.err != nil || r.value != 5 {
		t.Errorf("value %v, error %v", r.value, r.err)
	}
}

func TestShellQuoting(t *testing.T) {
	hostile := `a'b"c $(touch injected) ` + "`touch injected`" + ` $HOME \ ; touch injected # * {x}`
	s := space(t, search.Words("word", hostile), search.Float("rate", 0.5, 0.5))
	for text, want := range map[string]string{
		`{word}`:              hostile,
		`--word={word}`:       "--word=" + hostile,
		`"<{word}>"`:          "<" + hostile + ">",
		`'<{word}>'`:          "<" + hostile + ">",
		`"'{word}'"`:          "'" + hostile + "'",
		`'"'{word}\"`:         `"` + hostile + `"`,
		`"{rate}"{trial}{{}}`: "0.50{}",
		`${MNIST_TUNE_PARAM_RATE}${NOT_SET:-{trial}}`:         "0.50",
		`"$MNIST_TUNE_PARAM_WORD"`:                            hostile,
		"{rate} # it's\nprintf '%s' {word}":                   "0.5" + hostile,
		`"${MNIST_TUNE_PARAM_RATE+--rate=$MNIST_TUNE_TRIAL}"`: "--rate=0",
	} {
		c := script(t, `printf '%s' `+text+` > got; echo value: 1`)
		if strings.Contains(text, "#") {
			c = script(t, `{{ printf '%s' `+text+"\n}} > got; echo value: 1")
		}
		r := evaluate(t.Context(), t, c, search.StudyOptions{Space: s}, nil)
		got, err := os.ReadFile(filepath.Join(c.Dir, "got"))
		if r.err != nil || err != nil || string(got) != want {
			t.Errorf("%s: got %q, want %q (%v, %v)", text, got, want, r.err, err)
		}
		if _, err := os.Stat(filepath.Join(c.Dir, "injected")); err == nil {
			t.Errorf("%s: a value was executed", text)
		}
	}
}

func TestRelativeProgram(t *testing.T) {
	c := &command.Command{Args: []string{"./train.sh", "{x}"}, Dir: t.TempDir()}
	wantError(t, c.Validate(anySpace(t)), "train.sh")
	if err := os.WriteFile(filepath.Join(c.Dir, "train.sh"), []byte("#!/bin/sh\necho value: $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	if x, _ := r.trial.Params.Float("x"); r.err != nil || r.value != x {
		t.Errorf("value %v, error %v", r.value, r.err)
	}
}

func init() { helpers["tuner"] = tuner }

// tuner is a helper: a process that evaluates the script args[1] in the directory
// args[0], twenty times, and prunes it at its first report.
func tuner(args []string) {
	s, err := search.NewSpace(search.Float("x", 0, 1))
	if err == nil {
		c := &command.Command{Args: args[1:], Shell: true, Dir: args[0], Grace: time.Minute}
		var study *search.Study
		if study, err = search.NewStudy(search.StudyOptions{Space: s, Pruner: pruneAt(1)}); err == nil {
			err = search.Optimize(context.Background(), study, c.Evaluate, search.OptimizeOptions{Trials: 20})
		}
	}
	fmt.Println("the tuner ended:", err)
}

// startTuner starts one.
func startTuner(t *testing.T, dir, text string, out io.Writer) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, dir, text)
	cmd.Env = append(os.Environ(), helperEnv+"=tuner")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, out, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestKill9(t *testing.T) {
	for name, text := range map[string]string{
		"running":                   stubborn + `echo ready; sleep 300`,
		"in its grace":              stubborn + `echo report: 1 0.5; while :; do sleep 0.1; done`,
		"after a signal of its own": `trap '' TERM; kill -s TERM 0;` + family + `echo ready; sleep 300`,
		"without the leader":        `sh -c "trap '' TERM; ` + strings.ReplaceAll(family, "$", `\$`) + `echo report: 1 0.5; sleep 300"; :`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var out lockedBuffer
			cmd := startTuner(t, dir, text, &out)
			ids := pids(t, dir, 3)
			t.Cleanup(func() { wantGone(t, ids) })
			time.Sleep(200 * time.Millisecond) // into the grace
			group, err := syscall.Getpgid(ids[0])
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if err != nil || group == syscall.Getpgrp() || out.String() != "" {
				t.Errorf("group %d, error %v; the tuner printed %q", group, err, out.String())
			}
			waitFor(t, 2*time.Second, "the end of all processes", func() bool {
				return !running(ids[0]) && !running(ids[1]) && !running(ids[2])
			})
		})
	}
}

// Also at the moments between two steps of starting and ending a command.
func TestKill9AtAnyMoment(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range killings {
		dir := t.TempDir()
		cmd := startTuner(t, dir, `trap '' TERM; sleep 300 & echo x >> begun; echo report: 1 0.5; sleep 0.002`, io.Discard)
		waitFor(t, 5*time.Second, "the first trial", func() bool { _, err := os.Stat(filepath.Join(dir, "begun")); return err == nil })
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		waitFor(t, 2*time.Second, "the end of all processes", func() bool {
			links, _ := filepath.Glob("/proc/[0-9]*/cwd")
			return !slices.ContainsFunc(links, func(link string) bool { at, _ := os.Readlink(link); return at == dir })
		})
	}
}
