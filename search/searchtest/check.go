package searchtest

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"
)

// reporter is what a check needs of a *testing.T. The tests of the suite have another
// one, which takes failures for successes.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// check is one part of a contract.
type check[S any] struct {
	name string
	run  func(r reporter, subject S)
}

// runAll runs every check in a subtest of its own.
func runAll[S any](t *testing.T, checks []check[S], subject func(*testing.T) S) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(t, subject(t)) })
	}
}

// patience is how long a call may take that should return at once, unless the reporter
// has less.
const patience = 10 * time.Second

// inTime runs f and reports whether it has ended soon.
func inTime(r reporter, f func()) bool {
	limit := patience
	if hurried, ok := r.(interface{ patience() time.Duration }); ok {
		limit = hurried.patience()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

// guard calls f and returns its panic, if there was one, as an error.
func guard(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	f()
	return nil
}

// scaled returns n, or about half of it under -short.
func scaled(n int) int {
	if testing.Short() {
		return (n + 1) / 2
	}
	return n
}
