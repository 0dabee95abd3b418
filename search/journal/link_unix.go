//go:build !windows

package journal

import (
	"errors"
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
