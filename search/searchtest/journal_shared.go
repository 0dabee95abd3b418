package searchtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"mnisttune/search"
)

// writers is how many write at the same time.
const writers = 8

// writer appends pairs of operations, each after having looked at all that was there.
type writer struct {
	name string
	j    search.Journal
	from int64
	seen []search.Op
}

// write makes n updates. Every operation says how many were there before its update.
func (w *writer) write(ctx context.Context, n int) error {
	for range n {
		var tail []search.Op
		err := w.j.Update(ctx, w.from, func(t []search.Op) ([]search.Op, error) {
			tail = slices.Clone(t) // it may be called again, with more
			before := len(w.seen) + len(tail)
			return []search.Op{attr(w.name, "first", before), attr(w.name, "second", before)}, nil
		})
		if err != nil {
			return err
		}
		w.seen = append(w.seen, tail...)
		if len(tail) > 0 {
			w.from = tail[len(tail)-1].Next
		}
	}
	return nil
}

// checkWriters has 8 writers make updates at the same time, through both holders.
func checkWriters(r reporter, js journals) {
	updates := scaled(10)
	all := make([]writer, writers)
	var busy sync.WaitGroup
	for i := range all {
		all[i] = writer{name: strconv.Itoa(i), j: []search.Journal{js.j, js.other}[i%2]}
		busy.Go(func() {
			if err := all[i].write(r.Context(), updates); err != nil {
				r.Errorf("writer %d: %v", i, err)
			}
		})
	}
	busy.Wait()
	ops := read(r, js.j, 0)
	if diff := sameOps(read(r, js.other, 0), ops); diff != "" {
		r.Errorf("two readers see two orders: %s", diff)
	}
	if want := 2 * writers * updates; len(ops) != want {
		r.Fatalf("%d operations are there, %d were written", len(ops), want)
	}
	for i := 0; i < len(ops); i += 2 {
		first, second := ops[i], ops[i+1]
		if string(first.Value) != strconv.Itoa(i) || first.Key != "first" {
			r.Fatalf("operation %d was appended by who had seen %s operations: it is not directly behind what decide had seen", i, first.Value)
		}
		if second.Key != "second" || second.Worker != first.Worker {
			r.Fatalf("operations %d and %d are of one update, and not beside each other", i, i+1)
		}
	}
	for i, w := range all {
		if diff := sameOps(w.seen, ops[:min(len(w.seen), len(ops))]); diff != "" {
			r.Errorf("writer %d has seen another order, or some operations twice or not at all: %s", i, diff)
		}
	}
}

// checkReaders reads while somebody writes: every reader sees whole operations in their
// order, and at last all of them.
func checkReaders(r reporter, js journals) {
	updates := scaled(40)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for i, j := range []search.Journal{js.j, js.other, js.j} {
		readers.Go(func() {
			if n, err := follow(r.Context(), j, done); err != nil || n != updates {
				r.Errorf("reader %d saw %d operations (%v), %d were written", i, n, err, updates)
			}
		})
	}
	defer readers.Wait()
	defer close(done)
	for i := range updates {
		add(r, js.j, attr("w", strconv.Itoa(i), i))
	}
}

// follow reads on, a few operations at a time, until done is closed and nothing is left.
func follow(ctx context.Context, j search.Journal, done <-chan struct{}) (n int, err error) {
	for from := int64(0); ; {
		last, before := false, n
		select {
		case <-done:
			last = true
		default:
		}
		for op, err := range j.Read(ctx, from) {
			if err != nil {
				return n, err
			}
			if op.Key != strconv.Itoa(n) || op.Next <= from {
				return n, fmt.Errorf("got the key %q and the position %d, want %d and one above %d", op.Key, op.Next, n, from)
			}
			n++
			from = op.Next
			if n%5 == 0 {
				break
			}
		}
		if last && n == before {
			return n, nil
		}
	}
}

// checkReadUnderLock reads while somebody decides.
func checkReadUnderLock(r reporter, js journals) {
	add(r, js.j, attr("w", "a", 1))
	for _, reader := range []search.Journal{js.j, js.other} {
		var ops []search.Op
		var readErr error
		inside := false
		err := js.j.Update(r.Context(), 0, func([]search.Op) ([]search.Op, error) {
			inside = inTime(r, func() { ops, readErr = collect(r.Context(), reader, 0) })
			return nil, nil
		})
		switch {
		case !inside:
			r.Fatalf("reading waits for the lock")
		case err != nil || readErr != nil || len(ops) != 1:
			r.Errorf("while somebody decides, %q are read: %v, %v", keys(ops), err, readErr)
		}
	}
}

// checkJournalContext updates and reads when there is no time, and when it ends in the
// middle.
func checkJournalContext(r reporter, js journals) {
	cause := errors.New("the power is going down")
	add(r, js.j, attr("w", "a", 1), attr("w", "b", 2), attr("w", "c", 3))
	ctx, cancel := context.WithCancelCause(r.Context())
	cancel(cause)
	err := js.j.Update(ctx, 0, func([]search.Op) ([]search.Op, error) {
		r.Errorf("decide is called with a context that is done")
		return []search.Op{attr("w", "d", 4)}, nil
	})
	if !errors.Is(err, cause) {
		r.Errorf("an update with a context that is done: got the error %v, want one that wraps the context's cause", err)
	}
	if ops, err := collect(ctx, js.j, 0); !errors.Is(err, cause) {
		r.Errorf("a reader with a context that is done: got %q, %v, want the context's cause", keys(ops), err)
	}
	ctx, cancel = context.WithCancelCause(r.Context())
	defer cancel(nil)
	err = nil
	for _, e := range js.j.Read(ctx, 0) {
		cancel(cause)
		err = e
	}
	if !errors.Is(err, cause) {
		r.Errorf("a reader whose context ends while it reads: the last pair has the error %v, want the context's cause", err)
	}
	if got := keys(read(r, js.other, 0)); !slices.Equal(got, []string{"a", "b", "c"}) {
		r.Errorf("after that the journal holds %q", got)
	}
}

// checkLockContext waits for the lock until the context is done.
func checkLockContext(r reporter, js journals) {
	cause := errors.New("the power is going down")
	for _, j := range []search.Journal{js.j, js.other} {
		var waiting error
		ended := false
		err := js.j.Update(r.Context(), 0, func([]search.Op) ([]search.Op, error) {
			ctx, cancel := context.WithCancelCause(r.Context())
			ended = inTime(r, func() {
				var one sync.WaitGroup
				one.Go(func() {
					waiting = j.Update(ctx, 0, func([]search.Op) ([]search.Op, error) { return []search.Op{attr("w", "b", 2)}, nil })
				})
				cancel(cause)
				one.Wait()
			})
			return []search.Op{attr("w", "a", 1)}, nil
		})
		switch {
		case !ended:
			r.Fatalf("who waits for the lock does not end with its context")
		case err != nil || !errors.Is(waiting, cause):
			r.Errorf("who waits for the lock: got the error %v, want one that wraps the context's cause (who had it: %v)", waiting, err)
		}
	}
	if got := keys(read(r, js.j, 0)); !slices.Equal(got, []string{"a", "a"}) {
		r.Errorf("after that the journal holds %q", got)
	}
}
