package journal

import (
	"bytes"
	"fmt"
	"io"

	"mnisttune/search"
)

// DamageError says that a line of a log is not one.
type DamageError struct {
	Path   string
	Line   int   // from 1
	Offset int64 // of the line, in bytes
	Err    error // what is wrong with it
	// Mendable says that Repair can mend it: it is the beginning of an operation
	// whose writer died, with a whole one behind it.
	Mendable bool
}

func (e *DamageError) Error() string {
	cure := ""
	if e.Mendable {
		cure = "; a whole operation stands behind a torn one: a repair keeps it"
	}
	return fmt.Sprintf("journal: %s: line %d (at byte %d) is damaged: %v%s", e.Path, e.Line, e.Offset, e.Err, cure)
}

// Unwrap returns what is wrong.
func (e *DamageError) Unwrap() error { return e.Err }

// damageAt makes a DamageError of the line at an offset.
func damageAt(path string, file io.ReaderAt, offset int64, text []byte, reason error) error {
	line, err := lineNumber(file, offset)
	if err != nil {
		return fmt.Errorf("journal: read %s: %w", path, err)
	}
	return &DamageError{Path: path, Line: line, Offset: offset, Err: reason, Mendable: salvage(text) != nil}
}

// opStart is how every operation begins.
const opStart = `{"op_code"`

// salvage returns the whole operation that a damaged line ends with, nil if there
// is none. Such a line comes about when a writer dies in the middle of a line and
// Optuna, which does not look, appends its own.
func salvage(line []byte) []byte {
	for end := len(line); ; {
		i := bytes.LastIndex(line[:end], []byte(opStart))
		if i <= 0 {
			return nil
		}
		if _, err := search.ParseOp(line[i:]); err == nil {
			return line[i:]
		}
		end = i
	}
}
