package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mnisttune/search"
)

// TestMain lets the test binary be a process of its own: see helper_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(helper(role, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func newLog(t testing.TB, o Options) *File {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "study.log"), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// attr is an operation that says k = n.
func attr(worker, key string, n int) search.Op {
	return search.Op{Code: search.StudyUserAttr, Worker: worker, Key: key, Value: json.RawMessage(fmt.Sprint(n))}
}

func add(t testing.TB, j search.Journal, ops ...search.Op) {
	t.Helper()
	if err := appendOps(j, ops...); err != nil {
		t.Fatal(err)
	}
}

func appendOps(j search.Journal, ops ...search.Op) error {
	return j.Update(context.Background(), 0, func([]search.Op) ([]search.Op, error) { return ops, nil })
}

func readAll(t testing.TB, j search.Journal, from int64) []search.Op {
	t.Helper()
	ops, err := collect(j, from)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

func collect(j search.Journal, from int64) (ops []search.Op, err error) {
	for op, err := range j.Read(context.Background(), from) {
		if err != nil {
			return ops, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func keys(ops []search.Op) (out []string) {
	for _, op := range ops {
		out = append(out, op.Key)
	}
	return out
}

// logged returns options that log to a buffer.
func logged() (Options, *bytes.Buffer) {
	var b bytes.Buffer
	return Options{Logger: slog.New(slog.NewTextHandler(&b, nil))}, &b
}

func appendText(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What comes out of a memory journal is what comes out of a file.
func TestMemoryIsLikeAFile(t *testing.T) {
	ops := []search.Op{
		{Code: search.CreateStudy, StudyName: "s", Directions: []search.Direction{search.Maximize}},
		{Code: search.CreateTrial, Worker: "w", Start: time.Now(), UserAttrs: map[string]json.RawMessage{"a": json.RawMessage(" [ 1 ]")}},
	}
	file, memory := newLog(t, Options{}), search.NewMemoryJournal()
	add(t, file, ops...)
	add(t, memory, ops...)
	a, b := readAll(t, file, 0), readAll(t, memory, 0)
	for i := range a {
		a[i].Next, b[i].Next = 0, 0
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("file\n%+v\nmemory\n%+v", a, b)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "a.log"), Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading a log that is not there: %v", err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none", "a.log"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	f, err := Open(filepath.Join(dir, "a.log"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	add(t, f, attr("w", "a", 1))
	link := filepath.Join(t.TempDir(), "link.log")
	if err := os.Symlink(f.Path(), link); err == nil {
		g, err := Open(link, Options{ReadOnly: true})
		if err != nil || g.Path() != f.Path() || len(readAll(t, g, 0)) != 1 {
			t.Errorf("through a link: %v, %v", g, err)
		}
		if err := appendOps(g, attr("w", "b", 1)); !errors.Is(err, ErrReadOnly) {
			t.Errorf("writing a log that is open for reading: %v", err)
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 1 {
		t.Errorf("beside the log stay %v", names)
	}
}

func TestReplacedLog(t *testing.T) {
	f := newLog(t, Options{})
	add(t, f, attr("w", "a", 1))
	if _, err := collect(f, 5); !errors.Is(err, ErrReplaced) {
		t.Errorf("in the middle of a line: %v", err)
	}
	if err := os.Rename(f.Path(), f.Path()+".old"); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"deleted", "another"} {
		if _, err := collect(f, 0); !errors.Is(err, ErrReplaced) {
			t.Errorf("%s: reading: %v", state, err)
		}
		if err := appendOps(f, attr("w", "b", 1)); !errors.Is(err, ErrReplaced) {
			t.Errorf("%s: writing: %v", state, err)
		}
		if err := os.WriteFile(f.Path(), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTornLastLine(t *testing.T) {
	o, log := logged()
	f := newLog(t, o)
	add(t, f, attr("w", "a", 1))
	whole := content(t, f.Path())
	appendText(t, f.Path(), `{"op_code":2,"worker_id":"w`)
	if got := keys(readAll(t, f, 0)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a reader sees %v", got)
	}
	report, err := Check(f.Path())
	if err != nil || report.Torn != 27 || report.Ops != 1 || report.Damaged != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if err := f.Update(t.Context(), 0, func([]search.Op) ([]search.Op, error) { return nil, nil }); err != nil || log.Len() > 0 {
		t.Errorf("who writes nothing cuts nothing: %v, %s", err, log)
	}
	add(t, f, attr("w", "b", 1))
	if got := content(t, f.Path()); !strings.HasPrefix(got, whole+`{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"b"`) {
		t.Errorf("the log is\n%s", got)
	}
	if !strings.Contains(log.String(), "torn") || !strings.Contains(log.String(), "bytes=27") {
		t.Errorf("the log of warnings is %s", log)
	}
}

func TestDamage(t *testing.T) {
	f := newLog(t, Options{})
	add(t, f, attr("w", "a", 1), attr("w", "b", 1))
	before := int64(len(content(t, f.Path())))
	appendText(t, f.Path(), "{\"op_code\":2,,}\n")
	add2 := `{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"c":1}}` + "\n"
	appendText(t, f.Path(), add2)
	for _, from := range []int64{0, before} {
		_, err := collect(f, from)
		var d *DamageError
		if !errors.As(err, &d) || d.Line != 3 || d.Offset != before || d.Mendable || !strings.Contains(err.Error(), f.Path()+": line 3 (at byte ") {
			t.Errorf("from %d: %v", from, err)
		}
	}
	if err := appendOps(f, attr("w", "d", 1)); !errors.As(err, new(*DamageError)) {
		t.Errorf("a damaged log was written: %v", err)
	}
	if got := keys(readAll(t, f, before+16)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("behind the damage: %v", got)
	}
	report, err := Check(f.Path())
	if err != nil || report.Damaged != 1 || report.Ops != 3 || report.Ignored != 3 || report.Damage[0].Line != 3 || report.Mendable() {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := Repair(t.Context(), f.Path(), Options{}); !errors.Is(err, ErrNotMendable) || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("repair: %v", err)
	}
	if got := content(t, f.Path()); !strings.HasSuffix(got, ",,}\n"+add2) {
		t.Errorf("a repair that cannot be changed the log to\n%s", got)
	}
}

func TestRepair(t *testing.T) {
	f := newLog(t, Options{})
	add(t, f, attr("w", "a", 1))
	first := content(t, f.Path())
	// A torn line that Optuna has appended to; the operation holds one in a value.
	second := `{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"k":{"op_code":1}}}` + "\n"
	appendText(t, f.Path(), `{"op_code":2,"worker_id":"w","study`+second+second+`{"op_code":2,"work`)
	damaged := content(t, f.Path())
	if _, err := collect(f, 0); err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "repair") {
		t.Errorf("got %v", err)
	}
	for n := 1; n <= 2; n++ {
		report, err := Repair(t.Context(), f.Path(), Options{})
		kept := fmt.Sprintf("%s.damaged-%d", f.Path(), n)
		if err != nil || report.Damaged != 1 || report.Ops != 3 || report.Torn != 18 || report.Kept != kept || content(t, kept) != damaged {
			t.Fatalf("%+v, %v", report, err)
		}
		if got := content(t, f.Path()); got != first+second+second {
			t.Errorf("repaired to\n%s", got)
		}
		if n == 1 {
			if _, err := collect(f, 0); !errors.Is(err, ErrReplaced) {
				t.Errorf("who had it open reads: %v", err)
			}
			if err := os.WriteFile(f.Path(), []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	report, err := Repair(t.Context(), f.Path(), Options{})
	if err != nil || report.Kept != "" || report.Damaged != 0 {
		t.Errorf("a sound log: %+v, %v", report, err)
	}
	names, _ := filepath.Glob(filepath.Dir(f.Path()) + "/*")
	if len(names) != 3 {
		t.Errorf("beside the log stay %v", names)
	}
}

// Where a file system has no second names, the damaged log is copied.
func TestCopyTo(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(from, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := copyTo(to, from); err != nil || content(t, to) != "text" {
		t.Errorf("%v", err)
	}
	if err := copyTo(to, from); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
}

// faulty is a file that fails at one of its calls.
type faulty struct {
	appendTo
	writes int // bytes that a write takes; -1: all
	sync   error
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.writes < 0 {
		return f.appendTo.Write(p)
	}
	n, err := f.appendTo.Write(p[:min(f.writes, len(p))])
	return n, errors.Join(err, errors.New("no space left on device"))
}

func (f *faulty) Sync() error { return errors.Join(f.appendTo.Sync(), f.sync) }

func TestFailedWriteLeavesNothing(t *testing.T) {
	for name, fault := range map[string]faulty{
		"nothing written": {writes: 0}, "half a line": {writes: 30}, "a line and a half": {writes: 100}, "sync": {writes: -1, sync: errors.New("input/output error")},
	} {
		f := newLog(t, Options{})
		add(t, f, attr("w", "a", 1))
		before := content(t, f.Path())
		f.wrap = func(to appendTo) appendTo { fault.appendTo = to; return &fault }
		err := appendOps(f, attr("w", "b", 1), attr("w", "c", 1))
		if err == nil || !strings.Contains(err.Error(), "append to "+f.Path()) || fault.sync != nil && !errors.Is(err, fault.sync) {
			t.Errorf("%s: %v", name, err)
		}
		if got := content(t, f.Path()); got != before {
			t.Errorf("%s: the log is\n%s", name, got)
		}
		f.wrap = nil
		add(t, f, attr("w", "d", 1))
		if got := keys(readAll(t, f, 0)); !slices.Equal(got, []string{"a", "d"}) {
			t.Errorf("%s: afterwards %v", name, got)
		}
	}
}

func TestLongLines(t *testing.T) {
	f := newLog(t, Options{})
	long := search.Op{Code: search.StudyUserAttr, Key: "long", Value: json.RawMessage(`"` + strings.Repeat("x", 3<<20) + `"`)}
	add(t, f, attr("w", "a", 1), long, attr("w", "b", 1))
	if got := keys(readAll(t, f, 0)); !slices.Equal(got, []string{"a", "long", "b"}) {
		t.Errorf("%v", got)
	}
	long.Value = make(json.RawMessage, MaxLine+1)
	if err := appendOps(f, long); err == nil || !strings.Contains(err.Error(), "at most 64 MiB") {
		t.Errorf("%v", err)
	}
	file, err := os.OpenFile(f.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := file.Seek(0, io.SeekEnd)
	if _, err := file.WriteAt([]byte("\n"), size+MaxLine+5); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(f, 0); err == nil || !strings.Contains(err.Error(), "line 4") || !strings.Contains(err.Error(), "longer than 64 MiB") {
		t.Errorf("%v", err)
	}
	appendText(t, f.Path(), `{"op_code":1,"worker_id":"w","study_id":0}`+"\n")
	if report, err := Check(f.Path()); err != nil || report.Ops != 4 || report.Damaged != 1 || report.Damage[0].Line != 4 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Readers run while torn lines are cut off and lines are appended: nobody sees
// damage, everybody sees the lines in their order.
func TestReadWhileOthersWrite(t *testing.T) {
	f := newLog(t, Options{})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			n := 0
			for from, last := int64(0), false; ; {
				select {
				case <-done:
					last = true
				default:
				}
				for op, err := range f.Read(context.Background(), from) {
					if err != nil || op.Key != fmt.Sprint(n) {
						t.Errorf("line %d: %+v, %v", n, op, err)
						return
					}
					n++
					from = op.Next
				}
				if last {
					break
				}
			}
			if n != 300 {
				t.Errorf("%d lines were read", n)
			}
		})
	}
	for i := range 300 {
		if i%3 == 0 {
			appendText(t, f.Path(), `{"op_code":2,"worker_id":"`+strings.Repeat("torn", i))
		}
		add(t, f, attr("w", fmt.Sprint(i), i))
	}
	close(done)
	readers.Wait()
}
