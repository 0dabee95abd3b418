package searchtest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// recorder is a reporter that keeps what is reported. It has less patience than a test.
type recorder struct {
	ctx      context.Context
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Context() context.Context  { return r.ctx }
func (r *recorder) patience() time.Duration   { return 200 * time.Millisecond }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }
func (r *recorder) Errorf(f string, a ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(f, a...))
}

// failures runs a check, as t.Run does, and returns what it reports.
func failures[S any](t *testing.T, c check[S], subject S) []string {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(r, subject)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.failures)
}

// wrong is an implementation with a fault that these checks must find.
type wrong[S any] struct {
	name    string
	subject func(t *testing.T) S
	checks  []string
}

// mustFail runs the checks on implementations that are wrong. Every check must find a
// fault in one of them.
func mustFail[S any](t *testing.T, checksOf func(S) []check[S], all []wrong[S]) {
	t.Helper()
	notices := map[string]bool{}
	for _, w := range all {
		found := 0
		for _, c := range checksOf(w.subject(t)) {
			notices[c.name] = notices[c.name] || slices.Contains(w.checks, c.name)
			if !slices.Contains(w.checks, c.name) {
				continue
			}
			found++
			if got := failures(t, c, w.subject(t)); len(got) == 0 {
				t.Errorf("the check %q does not notice that a subject is wrong: %s", c.name, w.name)
			} else {
				t.Logf("%s: %s: %.300s", w.name, c.name, got[0])
			}
		}
		if found != len(w.checks) || found == 0 {
			t.Errorf("%s: %d of the checks %q were there", w.name, found, w.checks)
		}
	}
	for name, ok := range notices {
		if !ok {
			t.Errorf("no wrong subject shows that the check %q can fail", name)
		}
	}
}
