package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotMendable says that a log has damage that nobody can mend without
// guessing: leaving a line out would renumber what comes after it.
var ErrNotMendable = errors.New("the log cannot be repaired without guessing")

// RepairReport is what Repair found and did.
type RepairReport struct {
	Report        // of the log before
	Kept   string // where the damaged original is; empty if nothing was changed
}

// Repair mends a log: of a line where a torn operation is followed by a whole one
// it keeps the whole one, and it cuts a torn last line off. The torn ones were
// never acknowledged to whoever wrote them. The new log takes the old one's place
// in one step, and the old one stays as FILE.damaged-N. Other damage makes it
// return an error that wraps ErrNotMendable, and changes nothing. A sound log is
// left as it is.
//
// Repair holds the lock meanwhile. A File that had the log open must be opened
// again; it answers ErrReplaced.
func Repair(ctx context.Context, path string, o Options) (RepairReport, error) {
	f, err := Open(path, Options{ReadOnly: true, Grace: o.Grace, Logger: o.Logger, Clock: o.Clock})
	if err != nil {
		return RepairReport{}, err
	}
	l, err := acquire(ctx, f.path, f.options)
	if err != nil {
		return RepairReport{}, err
	}
	defer l.release(f.options)
	var out RepairReport
	out.Report, err = check(f.path, l.file, func([]byte) error { return nil })
	switch {
	case err != nil || out.Damaged == 0 && out.Torn == 0:
		return out, err
	case !out.Mendable():
		return out, fmt.Errorf("journal: repair %s: %w: %w", f.path, ErrNotMendable, firstNotMendable(out.Report))
	}
	if out.Kept, err = rewrite(l); err != nil {
		return out, fmt.Errorf("journal: repair %s: %w", f.path, err)
	}
	return out, nil
}

func firstNotMendable(r Report) error {
	for _, d := range r.Damage {
		if !d.Mendable {
			return d
		}
	}
	return fmt.Errorf("%d lines are damaged", r.Damaged)
}

// rewrite puts a log without its damage in the place of the one that is locked
// and returns where the old one is kept.
func rewrite(l *lock) (kept string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(l.path), filepath.Base(l.path)+".repair-*")
	if err != nil {
		return "", err
	}
	if kept, err = replace(l, temp); err != nil {
		_ = temp.Close()
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	if err := syncDir(filepath.Dir(l.path)); err != nil {
		return kept, fmt.Errorf("the repaired log is in place, but: %w", err)
	}
	return kept, nil
}

// replace fills temp and gives it the log's name; after an error the log is what it was.
func replace(l *lock, temp *os.File) (kept string, err error) {
	if err := fill(temp, l); err != nil {
		return "", err
	}
	trySystemLock(temp) // whoever opens the new log next must find it locked, as the old one is
	if kept, err = keepOriginal(l.path); err != nil {
		return "", err
	}
	if l.held() {
		err = l.takePlace(temp)
	} else {
		err = errors.New("the lock was taken away")
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(kept))
	}
	return kept, nil
}

// fill writes what is to be kept of a log and makes it durable.
func fill(temp *os.File, l *lock) error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(temp, 1<<20)
	_, err = check(l.path, l.file, func(line []byte) error {
		if _, err := w.Write(line); err != nil {
			return err
		}
		return w.WriteByte('\n')
	})
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = temp.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = temp.Sync()
	}
	return err
}

// keepOriginal gives the log a second name, FILE.damaged-N with the first N that
// is free.
func keepOriginal(path string) (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.damaged-%d", path, n)
		err := secondName(path, name)
		if err == nil {
			return name, nil
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		err = copyTo(name, path) // no links here
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
}

// copyTo copies a file to a name that must not exist.
func copyTo(name, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
