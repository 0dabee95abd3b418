//go:build linux || darwin

package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mnisttune/search"
)

// helpLimited appends until the file has its largest size, as on a full disk.
func helpLimited(f *File, limit string) error {
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	text := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	for i := range 100 {
		op := search.Op{Code: search.StudyUserAttr, Key: fmt.Sprint(i), Value: text}
		if err := appendOps(f, op); err != nil {
			if errors.Is(err, syscall.EFBIG) && strings.Contains(err.Error(), "nothing was appended") {
				fmt.Print(i)
				return nil
			}
			return err
		}
	}
	return errors.New("the limit was not met")
}

// The kernel cuts a write short: what was told before is there, no half line is.
func TestFullDisk(t *testing.T) {
	f := newLog(t, Options{})
	out, err := process(t, "limited", f.Path(), "10500").Output()
	if err != nil || string(out) != "9" {
		t.Fatalf("%q, %v", out, err)
	}
	if text := content(t, f.Path()); strings.Count(text, "\n") != 9 || !strings.HasSuffix(text, "\n") {
		t.Errorf("the log is\n%s", text)
	}
	add(t, f, attr("w", "a", 1))
	if ops := readAll(t, f, 0); len(ops) != 10 {
		t.Errorf("afterwards there are %d operations", len(ops))
	}
}
