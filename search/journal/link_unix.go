//go:build !windows

package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// makeLink makes the lock as Optuna's JournalFileSymlinkLock does or, where the
// file system has no links, as its JournalFileOpenLock. Optuna's waiting writers
// look through the link at the log, so the target must lead there. marked says
// that the system's lock goes with it.
func makeLink(path string, marked bool) error {
	target := filepath.Base(path)
	if marked {
		target = ourSpelling(path)
	}
	err := os.Symlink(target, lockPath(path))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		return makeFileLock(path, marked)
	}
	return err
}

// removeOpen removes a file and closes it, in this order: nobody finds it without its
// lock.
func removeOpen(f *os.File, path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// takePlace gives an open file, which is locked, the name of the log, and holds it instead.
func (l *lock) takePlace(file *os.File) error {
	if err := os.Rename(file.Name(), l.path); err != nil {
		return err
	}
	old := l.file
	l.file = file
	_ = old.Close() // nobody writes to it any more
	return nil
}

// secondName gives a file a name that must not exist.
func secondName(path, name string) error { return os.Link(path, name) }

// truncate cuts an open file to a size.
func truncate(f *os.File, size int64) error { return f.Truncate(size) }

// syncDir makes the entries of a directory durable, where that can be done.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
