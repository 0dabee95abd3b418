package searchtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"mnisttune/search"
)

// log is a journal with faults. Without one it is right.
type log struct {
	fault string

	lock chan struct{}
	mu   sync.Mutex
	ops  []search.Op
}

func newLog(fault string) *log { return &log{fault: fault, lock: make(chan struct{}, 1)} }

func (l *log) Update(ctx context.Context, from int64, decide func([]search.Op) ([]search.Op, error)) error {
	done := ctx.Done()
	if l.fault == "waits without looking at the context" || l.fault == "updates without looking at the context" {
		done = nil
	}
	if l.fault != "no lock" {
		select {
		case l.lock <- struct{}{}:
			defer func() { <-l.lock }()
		case <-done:
			return context.Cause(ctx)
		}
	}
	if ctx.Err() != nil && l.fault != "updates without looking at the context" {
		return context.Cause(ctx)
	}
	tail, err := l.after(from)
	if err != nil {
		return err
	}
	switch {
	case l.fault == "decide sees everything":
		tail, _ = l.after(0)
	case l.fault == "decide does not see the last operation" && len(tail) > 0:
		tail = tail[:len(tail)-1]
	}
	add, err := decide(tail)
	if l.fault == "no lock" {
		time.Sleep(time.Millisecond) // so that somebody else is in between
	}
	switch {
	case err != nil && l.fault == "appends what decide refuses":
		return errors.Join(l.add(add), err)
	case err != nil && l.fault == "wraps decide's error":
		return fmt.Errorf("updating: %w", err)
	case err != nil:
		return err
	}
	return l.add(add)
}

// add appends operations, if they can be written.
func (l *log) add(ops []search.Op) error {
	piece := slices.Clone(ops)
	if l.fault != "appends one by one" {
		for i := range piece {
			if _, err := piece[i].AppendJSON(nil); err != nil {
				return err
			}
		}
	}
	for _, op := range piece {
		line, err := op.AppendJSON(nil)
		if err != nil {
			return err
		}
		if l.fault != "keeps its caller's memory" {
			if op, err = search.ParseOp(line); err != nil {
				return err
			}
		}
		l.mu.Lock()
		op.Next = int64(len(l.ops)) + 1
		switch {
		case l.fault == "positions that stand still":
			op.Next = 1
		case l.fault == "takes Next from its caller" && ops[0].Next != 0:
			op.Next = ops[0].Next
		case l.fault == "loses what is not finite":
			op.Values = slices.DeleteFunc(slices.Clone(op.Values), math.IsNaN)
		case l.fault == "loses workers":
			op.Worker = ""
		case l.fault == "cuts attributes" && len(op.Value) > 1000:
			op.Value = json.RawMessage(`"..."`)
		case l.fault == "rounds times":
			op.Start = op.Start.Truncate(time.Millisecond)
		}
		l.ops = append(l.ops, op)
		l.mu.Unlock()
		if l.fault == "lets go of the lock in the middle" {
			<-l.lock
			time.Sleep(time.Millisecond)
			l.lock <- struct{}{}
		}
	}
	return nil
}

func (l *log) after(from int64) ([]search.Op, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from < 0 || from > int64(len(l.ops)) {
		if l.fault == "any position" {
			return nil, nil
		}
		return nil, errors.New("no such position")
	}
	return slices.Clone(l.ops[from:]), nil
}

func (l *log) Read(ctx context.Context, from int64) iter.Seq2[search.Op, error] {
	return func(yield func(search.Op, error) bool) {
		if l.fault == "reads under the lock" {
			l.lock <- struct{}{}
			defer func() { <-l.lock }()
		}
		if l.fault == "reads from the beginning" {
			from = 0
		}
		ops, err := l.after(from)
		if l.fault == "skips the fourth" && len(ops) > 3 {
			ops = slices.Delete(ops, 3, 4)
		}
		for i := 0; ; i++ {
			if ctx.Err() != nil && l.fault != "reads without looking at the context" {
				err = context.Cause(ctx)
			}
			if err != nil {
				if yield(search.Op{}, err) && l.fault == "goes on after an error" {
					yield(search.Op{}, nil)
				}
				return
			}
			if i == len(ops) || !yield(ops[i], nil) {
				return
			}
		}
	}
}

func TestRightJournalPasses(t *testing.T) {
	Journal(t, func(*testing.T) (j, other search.Journal) {
		l := newLog("")
		return l, l
	})
}

func TestWrongJournalsFail(t *testing.T) {
	var all []wrong[journals]
	for fault, checks := range map[string][]string{
		"positions that stand still":             {"positions"},
		"any position":                           {"positions"},
		"reads from the beginning":               {"positions", "readers"},
		"decide sees everything":                 {"positions", "writers"},
		"decide does not see the last operation": {"positions", "decide", "writers"},
		"appends what decide refuses":            {"decide"},
		"wraps decide's error":                   {"decide"},
		"takes Next from its caller":             {"decide"},
		"appends one by one":                     {"all or nothing"},
		"loses what is not finite":               {"round trip"},
		"loses workers":                          {"round trip"},
		"cuts attributes":                        {"round trip"},
		"rounds times":                           {"round trip"},
		"keeps its caller's memory":              {"ownership"},
		"no lock":                                {"writers"},
		"lets go of the lock in the middle":      {"writers"},
		"skips the fourth":                       {"readers"},
		"reads under the lock":                   {"reading under the lock"},
		"updates without looking at the context": {"context"},
		"reads without looking at the context":   {"context"},
		"goes on after an error":                 {"context"},
		"waits without looking at the context":   {"waiting for the lock"},
	} {
		all = append(all, wrong[journals]{fault, func(*testing.T) journals {
			l := newLog(fault)
			return journals{l, l}
		}, checks})
	}
	all = append(all, wrong[journals]{"two journals", func(*testing.T) journals {
		return journals{newLog(""), newLog("")}
	}, []string{"positions", "round trip"}})
	mustFail(t, func(journals) []check[journals] { return journalChecks() }, all)
}
