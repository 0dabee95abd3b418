package journal

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"mnisttune/search"
)

// roleVariable makes the test binary run as a helper in a role.
const roleVariable = "MNIST_TUNE_JOURNAL_TEST_ROLE"

// process returns the test binary as a process in a role.
func process(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// helper is what main is in such a process.
func helper(role string, args []string) int {
	f, err := Open(args[0], Options{})
	if err == nil {
		switch role {
		case "append":
			err = helpAppend(f, args[1], args[2])
		case "hold":
			err = helpHold(f)
		case "limited":
			err = helpLimited(f, args[1])
		default:
			err = fmt.Errorf("unknown role %q", role)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// helpAppend appends count operations, each after looking at all before it.
func helpAppend(f *File, worker, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	return appendCounted(f, worker, n)
}

// appendCounted appends n operations whose value is how many there were before.
func appendCounted(f *File, worker string, n int) error {
	var from int64
	seen := 0
	for range n {
		err := f.Update(context.Background(), from, func(tail []search.Op) ([]search.Op, error) {
			if len(tail) > 0 {
				from = tail[len(tail)-1].Next
			}
			seen += len(tail)
			return []search.Op{attr(worker, "n", seen)}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// helpHold takes the lock, says so on stdout and keeps it.
func helpHold(f *File) error {
	return f.Update(context.Background(), 0, func([]search.Op) ([]search.Op, error) {
		fmt.Println("locked")
		time.Sleep(time.Minute)
		return nil, nil
	})
}
