package searchtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"mnisttune/search"
)

// Journal checks that a journal keeps the contract of search.Journal. open returns a new,
// empty journal twice: as two processes hold it that have both opened it, or, for one that
// lives in a process, twice the same. What it holds is to be closed with t.Cleanup.
//
//   - Positions: Next rises from operation to operation; from each position, also long
//     after, Read and Update see what follows and nothing else. Another journal's position
//     is an error.
//   - Update appends what decide returns as one piece and directly behind what decide has
//     seen, or nothing: if decide fails, its error comes back as it is; if an operation
//     cannot be written, the ones beside it are not either.
//   - With 8 writers none of whose updates is lost there is one order for all readers.
//   - Read takes no lock, may be broken off, and sees whole operations.
//   - When the context is done its cause comes back, also from who waits for the lock.
//   - Every operation comes back as it was written: numbers that are not finite, texts of
//     any characters, large values, times to the microsecond.
func Journal(t *testing.T, open func(t *testing.T) (j, other search.Journal)) {
	t.Helper()
	runAll(t, journalChecks(), func(t *testing.T) journals {
		j, other := open(t)
		return journals{j, other}
	})
}

// journals are two holders of one journal.
type journals struct{ j, other search.Journal }

func journalChecks() []check[journals] {
	return []check[journals]{
		{"positions", checkPositions},
		{"decide", checkDecide},
		{"all or nothing", checkAllOrNothing},
		{"round trip", checkRoundTrip},
		{"ownership", checkOwnership},
		{"writers", checkWriters},
		{"readers", checkReaders},
		{"reading under the lock", checkReadUnderLock},
		{"context", checkJournalContext},
		{"waiting for the lock", checkLockContext},
	}
}

// attr is an operation that says key = n.
func attr(worker, key string, n int) search.Op {
	return search.Op{Code: search.StudyUserAttr, Worker: worker, Key: key, Value: json.RawMessage(strconv.Itoa(n))}
}

// add appends operations, or ends the check.
func add(r reporter, j search.Journal, ops ...search.Op) {
	r.Helper()
	if err := j.Update(r.Context(), 0, func([]search.Op) ([]search.Op, error) { return ops, nil }); err != nil {
		r.Fatalf("appending %d operations: %v", len(ops), err)
	}
}

// read returns what is in a journal after a position, or ends the check.
func read(r reporter, j search.Journal, from int64) []search.Op {
	r.Helper()
	ops, err := collect(r.Context(), j, from)
	if err != nil {
		r.Fatalf("reading from position %d: %v", from, err)
	}
	return ops
}

// collect returns what is in a journal after a position, and the error that ended it.
func collect(ctx context.Context, j search.Journal, from int64) (ops []search.Op, err error) {
	for op, e := range j.Read(ctx, from) {
		if err != nil {
			return ops, fmt.Errorf("the error %q was not the last pair", err)
		}
		if err = e; e == nil {
			ops = append(ops, op)
		}
	}
	return ops, err
}

// keys returns the keys of operations, for failures to be read.
func keys(ops []search.Op) []string {
	out := make([]string, len(ops))
	for i, op := range ops {
		out[i] = op.Key
	}
	return out
}

// sameOps returns how two lists of operations differ, positions included; empty if they
// do not.
func sameOps(got, want []search.Op) string {
	if len(got) != len(want) {
		return fmt.Sprintf("got the operations %q, want %q", keys(got), keys(want))
	}
	for i := range got {
		if got[i].Next != want[i].Next {
			return fmt.Sprintf("after operation %d the position is %d, and elsewhere %d", i, got[i].Next, want[i].Next)
		}
		if g, w := line(got[i]), line(want[i]); g != w {
			return fmt.Sprintf("operation %d is\n%.300s, want\n%.300s", i, g, w)
		}
	}
	return ""
}

// line returns an operation as one text that has all of it, but for its position.
func line(op search.Op) string {
	b, err := op.AppendJSON(nil)
	if err != nil {
		return fmt.Sprintf("%+v (%v)", op, err)
	}
	return string(b)
}
