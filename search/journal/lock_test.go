package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mnisttune/search"
)

// Goroutines with one File, goroutines with their own, and processes append at
// the same time; every operation says how many it saw before it, under the lock.
func TestManyWriters(t *testing.T) {
	const each = 40
	f := newLog(t, Options{})
	other, err := Open(f.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	names := []string{}
	start := func(name string, run func() error) {
		names = append(names, name)
		writers.Go(func() {
			if err := run(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for i := range 2 {
		start(fmt.Sprint("same", i), func() error { return appendCounted(f, fmt.Sprint("same", i), each) })
		start(fmt.Sprint("own", i), func() error { return appendCounted(other, fmt.Sprint("own", i), each) })
		start(fmt.Sprint("process", i), process(t, "append", f.Path(), fmt.Sprint("process", i), fmt.Sprint(each)).Run)
	}
	writers.Wait()
	count := map[string]int{}
	for i, op := range readAll(t, f, 0) {
		if string(op.Value) != fmt.Sprint(i) {
			t.Fatalf("operation %d was decided after %s", i, op.Value)
		}
		count[op.Worker]++
	}
	for _, name := range names {
		if count[name] != each {
			t.Errorf("%s: %d of %d operations are there", name, count[name], each)
		}
	}
	if _, err := os.Lstat(lockPath(f.Path())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock stays: %v", err)
	}
}

// A holder that is killed does not keep the next writer of this host waiting.
func TestKilledHolder(t *testing.T) {
	o, log := logged()
	f := newLog(t, o)
	cmd := process(t, "hold", f.Path())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("%q, %v", line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.Update(ctx, 0, func([]search.Op) ([]search.Op, error) { return nil, nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if _, err := os.Lstat(lockPath(f.Path())); err != nil {
		t.Fatalf("it left no lock: %v", err)
	}
	start := time.Now()
	add(t, f, attr("w", "a", 1))
	if took := time.Since(start); took > time.Second {
		t.Errorf("the next writer waited for %v", took)
	}
	if !strings.Contains(log.String(), "died") {
		t.Errorf("the warnings are %s", log)
	}
}

// Writers are killed at any moment; the others go on at once, and no operation
// that was told to be there is lost.
func TestKilledWriters(t *testing.T) {
	f := newLog(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	told, seen := 0, 0
	var from int64
	for round := range 6 {
		cmd := process(t, "append", f.Path(), fmt.Sprint("killed", round), "1000000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("killed", round)
		var kill time.Time // set when it has begun to write
		for left := -1; left != 0; left-- {
			if left < 0 && !kill.IsZero() && time.Now().After(kill) {
				_ = cmd.Process.Kill() // it runs for longer than the test
				left = 3               // and now we go on
			}
			start := time.Now()
			err := f.Update(t.Context(), from, func(tail []search.Op) ([]search.Op, error) {
				seen += len(tail)
				for _, op := range tail {
					from = op.Next
					if op.Worker == name && kill.IsZero() {
						kill = time.Now().Add(time.Duration(random.IntN(30)) * time.Millisecond)
					}
				}
				return []search.Op{attr("living", "n", seen)}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			told++
			time.Sleep(500 * time.Microsecond)
			if took := time.Since(start); left > 0 && took > time.Second {
				t.Errorf("round %d: an update after the kill took %v", round, took)
			}
		}
		_ = cmd.Wait() // killed
	}
	living, workers := 0, map[string]int{}
	for i, op := range readAll(t, f, 0) {
		if string(op.Value) != fmt.Sprint(i) {
			t.Fatalf("operation %d was decided after %s", i, op.Value)
		}
		if workers[op.Worker]++; op.Worker == "living" {
			living++
		}
	}
	if living != told || len(workers) != 7 {
		t.Errorf("%d operations were told, %d are there; by worker: %v", told, living, workers)
	}
}

// fastClock is a clock that runs too fast.
func fastClock(times time.Duration) func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(times * time.Since(start)) }
}

// A lock of Optuna or of another host is broken when it has been silent for 30 s.
func TestSilentHolder(t *testing.T) {
	for name, target := range map[string]string{"Optuna's": "study.log", "dangling": "sub/study.log"} {
		o, log := logged()
		o.Clock = fastClock(1000)
		f := newLog(t, o)
		if err := os.Symlink(target, lockPath(f.Path())); err != nil {
			t.Skip(err)
		}
		start := o.Clock()
		add(t, f, attr("w", "a", 1))
		if took := o.Clock().Sub(start); took < DefaultGrace {
			t.Errorf("%s: it was broken after %v", name, took)
		}
		if !strings.Contains(log.String(), "no sign of life") {
			t.Errorf("%s: the warnings are %s", name, log)
		}
	}
}

// A holder who still writes is not silent.
func TestBusyHolderIsNotBroken(t *testing.T) {
	o, _ := logged()
	o.Clock = fastClock(50) // 30 s are 600 ms
	f := newLog(t, o)
	if err := os.Symlink("study.log", lockPath(f.Path())); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for i := range 120 {
			now := time.Now().Add(time.Duration(i) * time.Millisecond)
			_ = os.Chtimes(f.Path(), now, now) // a failure fails the test below
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	err := f.Update(ctx, 0, func([]search.Op) ([]search.Op, error) { return []search.Op{attr("w", "a", 1)}, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a living holder's lock was broken: %v", err)
	}
}

// A lock that is taken away while its holder decides: nothing is written over.
func TestLostLock(t *testing.T) {
	f := newLog(t, Options{})
	calls := 0
	err := f.Update(t.Context(), 0, func(tail []search.Op) ([]search.Op, error) {
		if calls++; calls == 1 {
			if err := os.Remove(lockPath(f.Path())); err != nil {
				t.Fatal(err)
			}
			appendText(t, f.Path(), `{"op_code":2,"worker_id":"optuna","study_id":0,"user_attr":{"theirs":1}}`+"\n")
		} else if len(tail) != 1 {
			t.Errorf("the second time decide sees %+v", tail)
		}
		return []search.Op{attr("w", "ours", 1)}, nil
	})
	if ops := readAll(t, f, 0); err != nil || calls != 2 || len(ops) != 2 || ops[1].Key != "ours" {
		t.Errorf("%v, %d calls, %+v", err, calls, ops)
	}
}

// Optuna's waiting writer looks through the link at the log.
func TestLinkLeadsToTheLog(t *testing.T) {
	f := newLog(t, Options{})
	err := f.Update(t.Context(), 0, func([]search.Op) ([]search.Op, error) {
		through, err := os.Stat(lockPath(f.Path()))
		if err != nil {
			return nil, err
		}
		log, err := os.Stat(f.Path())
		if err == nil && !os.SameFile(through, log) && filepath.Separator == '/' {
			t.Error("the lock does not lead to the log")
		}
		return nil, err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestUnwritableDirectory(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root writes everywhere, and Windows does not go by the bits of a directory")
	}
	f := newLog(t, Options{})
	if err := os.Chmod(filepath.Dir(f.Path()), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(f.Path()), 0o700)
	if err := appendOps(f, attr("w", "a", 1)); err == nil || !strings.Contains(err.Error(), "must be writable") {
		t.Errorf("%v", err)
	}
}

// Where there are no links, the lock is a file; ours is known there as well.
func TestFileLock(t *testing.T) {
	f := newLog(t, Options{})
	if err := makeFileLock(f.Path(), true); err != nil {
		t.Fatal(err)
	}
	if err := makeFileLock(f.Path(), true); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second lock: %v", err)
	}
	start := time.Now()
	add(t, f, attr("w", "a", 1)) // nobody has the system's lock, so its maker is dead
	if took := time.Since(start); took > time.Second {
		t.Errorf("the next writer waited for %v", took)
	}
}
