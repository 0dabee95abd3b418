package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"mnisttune/search"
)

// errAgain says that the lock was lost before anything was written.
var errAgain = errors.New("journal: the lock was lost")

// maxAttempts bounds how often an update is repeated.
const maxAttempts = 10

// Update implements search.Journal. Positions are offsets in bytes.
func (f *File) Update(ctx context.Context, from int64, decide func([]search.Op) ([]search.Op, error)) error {
	if f.options.ReadOnly {
		return fmt.Errorf("journal: %s: %w", f.path, ErrReadOnly)
	}
	select {
	case f.updating <- struct{}{}:
		defer func() { <-f.updating }()
	case <-ctx.Done():
		return fmt.Errorf("journal: lock %s: %w", f.path, context.Cause(ctx))
	}
	for range maxAttempts {
		err := f.update(ctx, from, decide)
		if !errors.Is(err, errAgain) {
			return err
		}
		f.options.Logger.Warn("the lock of the study log was taken away, going again", "log", f.path)
	}
	return fmt.Errorf("journal: lock %s: it was taken away %d times: is something slow, or removing %s?", f.path, maxAttempts, lockPath(f.path))
}

// update is one attempt.
func (f *File) update(ctx context.Context, from int64, decide func([]search.Op) ([]search.Op, error)) error {
	l, err := acquire(ctx, f.path, f.options)
	if err != nil {
		return err
	}
	defer l.release(f.options)
	if err := f.same(l.file); err != nil {
		return err
	}
	var tail []search.Op
	for op, err := range f.ops(ctx, l.file, from) {
		if err != nil {
			return err
		}
		tail = append(tail, op)
	}
	size, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("journal: %s: %w", f.path, err)
	}
	add, err := decide(tail)
	if err != nil || len(add) == 0 {
		return err
	}
	lines, err := encode(add)
	if err != nil {
		return err
	}
	if now, err := l.file.Seek(0, io.SeekEnd); err != nil || now != size || !l.held() {
		return errors.Join(errAgain, err)
	}
	if size, err = f.cutTorn(l.file, size); err != nil {
		return err
	}
	var to appendTo = logFile{l.file}
	if f.wrap != nil {
		to = f.wrap(to)
	}
	if err := appendAll(to, size, lines); err != nil {
		return fmt.Errorf("journal: append to %s: %w", f.path, err)
	}
	return nil
}

// encode writes the operations as lines.
func encode(ops []search.Op) (lines []byte, err error) {
	for i := range ops {
		start, n := len(lines), len(ops[i].Value)
		if n <= MaxLine {
			if lines, err = ops[i].AppendJSON(lines); err != nil {
				return nil, err
			}
			n = len(lines) - start
		}
		if n > MaxLine {
			return nil, fmt.Errorf("journal: the operation %q is too large for a line (got %d bytes, want at most %d MiB)", ops[i].Code, n, MaxLine>>20)
		}
		lines = append(lines, '\n')
	}
	return lines, nil
}

// cutTorn removes a last line that has no line feed and returns the new size. Only
// the holder of the lock knows that nobody is still writing it.
func (f *File) cutTorn(file *os.File, size int64) (int64, error) {
	end, err := lastLineEnd(file, size)
	if err != nil {
		return 0, fmt.Errorf("journal: read %s: %w", f.path, err)
	}
	if end == size {
		return size, nil
	}
	if err := truncate(file, end); err != nil {
		return 0, fmt.Errorf("journal: cut the torn last line off %s: %w", f.path, err)
	}
	f.options.Logger.Warn("the last line of the study log was torn: its writer died in the middle of it; it is cut off",
		"log", f.path, "offset", end, "bytes", size-end)
	return end, nil
}

// appendTo is what appending needs of a file.
type appendTo interface {
	io.Writer // at the end, wherever that is
	Truncate(size int64) error
	Sync() error
}

// logFile is a log that is open for appending.
type logFile struct{ *os.File }

func (f logFile) Truncate(size int64) error { return truncate(f.File, size) }

// appendAll writes lines at the end of a file of that size and makes them
// durable, or takes everything back.
func appendAll(to appendTo, size int64, lines []byte) error {
	n, err := to.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = to.Sync()
	}
	if err == nil {
		return nil
	}
	back := to.Truncate(size)
	if back == nil {
		back = to.Sync()
	}
	if back != nil {
		return fmt.Errorf("%w; and what was written could not be taken back: %w", err, back)
	}
	return fmt.Errorf("%w; nothing was appended", err)
}
