package search

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"
)

// OpCode says what a line of a study log does. The numbers are those of
// Optuna's journal format.
type OpCode int

const (
	CreateStudy     OpCode = 0
	DeleteStudy     OpCode = 1
	StudyUserAttr   OpCode = 2
	StudySystemAttr OpCode = 3
	CreateTrial     OpCode = 4
	SetParam        OpCode = 5
	SetState        OpCode = 6
	SetIntermediate OpCode = 7
	TrialUserAttr   OpCode = 8
	TrialSystemAttr OpCode = 9
	// DiscardTrials is written by other programs only. Readers skip it, Optuna's
	// older ones stop at it: it is read and never written.
	DiscardTrials OpCode = 10
)

var opNames = [...]string{
	"create study", "delete study", "study user attribute", "study system attribute", "create trial", "parameter",
	"state", "intermediate value", "trial user attribute", "trial system attribute", "discard trials",
}

// String returns the operation in words.
func (c OpCode) String() string {
	if c < 0 || int(c) >= len(opNames) {
		return fmt.Sprintf("OpCode(%d)", int(c))
	}
	return opNames[c]
}

// Op is one line of a study log: a change that somebody made. Code says which of
// the fields count:
//
//	CreateStudy      StudyName, Directions
//	DeleteStudy      StudyID
//	StudyUserAttr    StudyID, Key, Value; StudySystemAttr the same
//	CreateTrial      StudyID, Start, and for a trial that comes with more than its
//	                 number: State, Params, UserAttrs, SystemAttrs, Reports,
//	                 Values, Complete
//	SetParam         TrialID, Params[0]
//	SetState         TrialID, State, Values, Start (Running), Complete (finished)
//	SetIntermediate  TrialID, Reports[0]
//	TrialUserAttr    TrialID, Key, Value; TrialSystemAttr the same
//
// Studies and trials are numbered by their order of appearance in the whole log;
// [Replay] counts them. The slices, maps and texts of an Op that a Journal hands
// out are shared: they must not be changed.
type Op struct {
	Code   OpCode
	Worker string // who wrote it

	StudyID    int
	StudyName  string
	Directions []Direction

	TrialID int
	State   State     // of CreateTrial: 0 is Running
	Values  []float64 // one a direction; may be infinite or NaN in the logs of others
	Params  []OpParam
	Reports []Report
	// Start and Complete are kept to the microsecond; the zero time is none.
	Start, Complete time.Time

	Key   string
	Value json.RawMessage // as it was written, see RawMessage below
	// UserAttrs and SystemAttrs of a new trial. A RawMessage that Python wrote
	// may hold NaN, Infinity and -Infinity, which encoding/json refuses;
	// StandardJSON makes them readable.
	UserAttrs, SystemAttrs map[string]json.RawMessage

	// Next is the position in the journal after this operation; a Journal sets
	// it. It is not part of the line.
	Next int64
}

// OpParam is a parameter's value as a log keeps it.
type OpParam struct {
	Name string
	// Internal is the value itself, for a categorical distribution the index of
	// the choice.
	Internal float64
	// Distribution is the JSON text that ParseDistribution reads.
	Distribution string
}

// Journal is an append-only list of operations that several goroutines,
// processes or machines share. Positions in it are numbers that only the journal
// itself can read (a byte offset, a line number): 0 is the beginning, every other
// one is the Next of an operation that the same journal handed out.
// Implementations are safe for concurrent use.
type Journal interface {
	// Update appends under the journal's lock: decide sees every operation after
	// the position from, in order, and returns what is to be appended after
	// them, at most nothing. It is appended in one write and is on stable
	// storage before Update returns nil; then the operations stand directly
	// behind the tail. If decide returns an error, Update returns it as it is
	// and nothing is appended. If Update fails otherwise, nothing of it
	// stays in the journal.
	//
	// While decide runs everybody else waits, so it must be quick and must not
	// use the journal. It may be called more than once: if the lock was lost in
	// the meantime (its holder was taken for dead) nothing is appended, and decide
	// is called again with everything after from. The Worker of an operation is
	// the caller's to set; Next is not read.
	Update(ctx context.Context, from int64, decide func(tail []Op) ([]Op, error)) error

	// Read yields the operations after the position from that are there when it
	// begins, and perhaps later ones. It takes no lock and never sees half an
	// operation. An error ends it, as the last pair.
	Read(ctx context.Context, from int64) iter.Seq2[Op, error]
}

// validate says why Optuna's reader would stop at an operation.
func (op *Op) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("search: cannot write the operation %q: %s", op.Code, fmt.Sprintf(format, args...))
	}
	if op.StudyID < 0 || op.TrialID < 0 {
		return fail("the study and trial ids must not be negative (got %d, %d)", op.StudyID, op.TrialID)
	}
	switch op.Code {
	case CreateStudy:
		if len(op.Directions) == 0 {
			return fail("a study needs a direction")
		}
		for _, d := range op.Directions {
			if d != Minimize && d != Maximize {
				return fail("unknown direction %v", d)
			}
		}
	case DeleteStudy, StudyUserAttr, StudySystemAttr, TrialUserAttr, TrialSystemAttr:
	case CreateTrial:
		if op.State > Waiting {
			return fail("unknown state %v", op.State)
		}
	case SetParam:
		if len(op.Params) != 1 {
			return fail("it holds one parameter (got %d)", len(op.Params))
		}
	case SetState:
		switch {
		case op.State < Running || op.State > Waiting:
			return fail("unknown state %v", op.State)
		case op.State == Running && op.Start.IsZero():
			return fail("a trial that begins needs the time of its start")
		case op.State.Finished() && op.Complete.IsZero():
			return fail("a finished trial needs the time of its end")
		}
	case SetIntermediate:
		if len(op.Reports) != 1 {
			return fail("it holds one value (got %d)", len(op.Reports))
		}
	default:
		return fail("the code %d is not among 0 to 9", int(op.Code))
	}
	return nil
}
