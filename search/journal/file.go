package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mnisttune/search"
)

// DefaultGrace is how long the holder of a lock may be silent, as in Optuna.
const DefaultGrace = 30 * time.Second

// MaxLine is the size in bytes that a line of a log may have.
const MaxLine = 64 << 20

var (
	// ErrReplaced says that the file is another one than when it was opened:
	// repaired, deleted or overwritten. Positions in it mean nothing any more.
	ErrReplaced = errors.New("the log was replaced since it was opened: open it again")
	// ErrReadOnly says that the log was opened for reading.
	ErrReadOnly = errors.New("the log was opened for reading only")
)

// Options of a File. The zero value is the default.
type Options struct {
	// ReadOnly opens an existing log for reading; Update returns ErrReadOnly.
	// Otherwise a log that does not exist is created, empty.
	ReadOnly bool
	// Grace is how long a lock may stand without a sign of life before it is
	// broken. Default DefaultGrace.
	Grace time.Duration
	// Logger is told when a torn line is cut off, a lock is broken or waited for.
	// Default: nobody.
	Logger *slog.Logger
	// Clock tells the time that Grace is measured with. Default time.Now.
	Clock func() time.Time
}

// File is a study log in a file. It keeps nothing open between calls. It is safe
// for concurrent use.
type File struct {
	path     string
	options  Options
	identity fs.FileInfo
	updating chan struct{} // holds one token while an Update runs

	// wrap, if set, stands between an Update and the file; for tests.
	wrap func(appendTo) appendTo
}

var _ search.Journal = (*File)(nil)

// Open opens the log at path.
func Open(path string, o Options) (*File, error) {
	if o.Grace < 0 {
		return nil, fmt.Errorf("journal: the grace must not be negative (got %v)", o.Grace)
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("journal: create the log: %w", err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("journal: open the log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("journal: open the log: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("journal: open the log: %s is no regular file (%v)", path, info.Mode())
	}
	return &File{path: path, options: o, identity: info, updating: make(chan struct{}, 1)}, nil
}

// Path returns the log's path, absolute, symbolic links followed.
func (f *File) Path() string { return f.path }

// resolve makes a path absolute, and follows links if the file exists, so that
// all who mean the same file lock the same name.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("journal: open the log: %w", err)
	}
	info, err := os.Lstat(abs)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return abs, nil
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("journal: open the log: %w", err)
	}
	return abs, nil
}

// create makes an empty file, unless there is one, and the directory's entry for
// it durable.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// same reports whether an open file is the one that was opened at first.
func (f *File) same(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if !os.SameFile(info, f.identity) {
		return fmt.Errorf("journal: %s: %w", f.path, ErrReplaced)
	}
	return nil
}

// open opens the file and makes sure that it is still the same.
func (f *File) open(flag int) (*os.File, error) {
	file, err := os.OpenFile(f.path, flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("journal: %s: %w: %w", f.path, ErrReplaced, err)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: open the log: %w", err)
	}
	if err := f.same(file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Read implements search.Journal. Positions are offsets in bytes. A last line
// without its line feed is not there yet. It reads what is in the file when it
// begins.
func (f *File) Read(ctx context.Context, from int64) iter.Seq2[search.Op, error] {
	return func(yield func(search.Op, error) bool) {
		file, err := f.open(os.O_RDONLY)
		if err != nil {
			yield(search.Op{}, err)
			return
		}
		defer file.Close()
		f.ops(ctx, file, from)(yield)
	}
}

// ops yields the operations of the complete lines after a position.
func (f *File) ops(ctx context.Context, file *os.File, from int64) iter.Seq2[search.Op, error] {
	return func(yield func(search.Op, error) bool) {
		lines, err := f.linesFrom(file, from)
		if err != nil {
			yield(search.Op{}, err)
			return
		}
		var parser search.OpParser
		again := int64(-1) // where a line was read a second time
		for {
			if ctx.Err() != nil {
				yield(search.Op{}, fmt.Errorf("journal: %s: reading stopped: %w", f.path, context.Cause(ctx)))
				return
			}
			line, offset, err := lines.next()
			if err == nil && line == nil {
				return
			}
			var op search.Op
			if err == nil {
				op, err = parser.Parse(line)
			}
			if err != nil && offset != again {
				// A writer may have cut a torn line off while it was being read.
				again = offset
				if lines, err = f.linesFrom(file, offset); err == nil {
					continue
				}
			}
			if err != nil {
				yield(search.Op{}, damageAt(f.path, file, offset, line, err))
				return
			}
			op.Next = lines.offset
			if !yield(op, nil) {
				return
			}
		}
	}
}

// linesFrom starts to read lines at a position, which must be one.
func (f *File) linesFrom(file *os.File, from int64) (*lineReader, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if from < 0 || from > info.Size() {
		return nil, fmt.Errorf("journal: %s: %w (it has %d bytes, position %d was read)", f.path, ErrReplaced, info.Size(), from)
	}
	if from > 0 {
		var last [1]byte
		if _, err := file.ReadAt(last[:], from-1); err != nil {
			return nil, fmt.Errorf("journal: read %s: %w", f.path, err)
		}
		if last[0] != '\n' {
			return nil, fmt.Errorf("journal: %s: %w (no line ends at position %d)", f.path, ErrReplaced, from)
		}
	}
	return newLineReader(file, from, info.Size()), nil
}
