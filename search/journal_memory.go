package search

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// MemoryJournal is a Journal that ends with the process. Positions are numbers of
// operations. What comes out of it is what a file would give: it passed through
// its line.
type MemoryJournal struct {
	updating chan struct{} // holds one token while an Update runs

	mu     sync.Mutex
	ops    []Op // appended to, never changed
	parser OpParser
}

var _ Journal = (*MemoryJournal)(nil)

// NewMemoryJournal returns an empty journal.
func NewMemoryJournal() *MemoryJournal {
	return &MemoryJournal{updating: make(chan struct{}, 1)}
}

// Update implements Journal.
func (j *MemoryJournal) Update(ctx context.Context, from int64, decide func([]Op) ([]Op, error)) error {
	select {
	case j.updating <- struct{}{}:
		defer func() { <-j.updating }()
	case <-ctx.Done():
		return stopped(ctx)
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	all, err := j.after(from)
	if err != nil {
		return err
	}
	add, err := decide(all)
	if err != nil {
		return err
	}
	var line []byte
	kept := make([]Op, 0, len(add))
	for i := range add {
		if line, err = add[i].AppendJSON(line[:0]); err != nil {
			return err
		}
		op, err := j.parser.Parse(line)
		if err != nil {
			return err
		}
		kept = append(kept, op)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, op := range kept {
		op.Next = int64(len(j.ops)) + 1
		j.ops = append(j.ops, op)
	}
	return nil
}

// after returns the operations from a position on.
func (j *MemoryJournal) after(from int64) ([]Op, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if from < 0 || from > int64(len(j.ops)) {
		return nil, fmt.Errorf("search: the journal has no position %d (want 0 to %d)", from, len(j.ops))
	}
	return slices.Clip(j.ops[from:]), nil
}

// Read implements Journal.
func (j *MemoryJournal) Read(ctx context.Context, from int64) iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		for {
			ops, err := j.after(from)
			if err == nil && ctx.Err() != nil {
				err = stopped(ctx)
			}
			if err != nil {
				yield(Op{}, err)
				return
			}
			if len(ops) == 0 {
				return
			}
			for _, op := range ops {
				if !yield(op, nil) {
					return
				}
			}
			from = ops[len(ops)-1].Next
		}
	}
}
