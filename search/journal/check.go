package journal

import (
	"errors"
	"fmt"
	"os"

	"mnisttune/search"
)

// maxListed bounds how many damages a Report lists.
const maxListed = 1000

// Report is what Check found.
type Report struct {
	Path    string
	Bytes   int64
	Ops     int // lines that are operations, those that a repair would keep included
	Ignored int // of them: without effect by the rules of search.Replay
	Studies int // not deleted
	Trials  int // of these studies
	// Torn is the size in bytes of a last line without its line feed. It may
	// still be being written; if it is not, the next writer cuts it off.
	Torn int64
	// Damaged is the number of damaged lines; Damage lists the first 1000.
	Damaged int
	Damage  []*DamageError
}

// Mendable reports whether Repair would leave no damage.
func (r *Report) Mendable() bool {
	for _, d := range r.Damage {
		if !d.Mendable {
			return false
		}
	}
	return r.Damaged == len(r.Damage)
}

// Check reads a log and lists all that is wrong with it. The error is that of
// reading the file; damage is in the report. It changes nothing and may run while
// others write.
func Check(path string) (Report, error) {
	path, err := resolve(path)
	if err != nil {
		return Report{}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return Report{}, fmt.Errorf("journal: check the log: %w", err)
	}
	defer file.Close()
	return check(path, file, func([]byte) error { return nil })
}

// check goes through the lines of a file; keep gets what a repair would keep.
func check(path string, file *os.File, keep func(line []byte) error) (Report, error) {
	info, err := file.Stat()
	if err != nil {
		return Report{}, fmt.Errorf("journal: check the log: %w", err)
	}
	c := checker{report: Report{Path: path, Bytes: info.Size()}, keep: keep}
	lines := newLineReader(file, 0, info.Size())
	for {
		line, offset, err := lines.next()
		if err == nil && line == nil {
			c.report.Torn = info.Size() - offset
			break
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return c.report, fmt.Errorf("journal: check %s: %w", path, err)
		}
		c.line++
		if err := c.check(line, offset, err); err != nil {
			return c.report, err
		}
	}
	for _, s := range c.replay.Studies() {
		c.report.Studies++
		c.report.Trials += len(s.Trials)
	}
	return c.report, nil
}

// checker is the state of a check.
type checker struct {
	report Report
	line   int
	parser search.OpParser
	replay search.Replay
	keep   func(line []byte) error
}

// check takes one line; reason says why it could not be read.
func (c *checker) check(line []byte, offset int64, reason error) error {
	var op search.Op
	if reason == nil {
		op, reason = c.parser.Parse(line)
	}
	if reason != nil {
		whole := salvage(line)
		c.damage(offset, reason, whole != nil)
		if whole == nil {
			return nil
		}
		line = whole
		op, reason = c.parser.Parse(whole)
	}
	if reason == nil {
		var applied bool
		if applied, reason = c.replay.Apply(op); reason != nil {
			c.damage(offset, reason, false)
			return nil
		}
		c.report.Ops++
		if !applied {
			c.report.Ignored++
		}
	}
	return c.keep(line)
}

func (c *checker) damage(offset int64, reason error, mendable bool) {
	if c.report.Damaged++; len(c.report.Damage) < maxListed {
		c.report.Damage = append(c.report.Damage, &DamageError{
			Path: c.report.Path, Line: c.line, Offset: offset, Err: reason, Mendable: mendable,
		})
	}
}
