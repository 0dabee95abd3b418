package journal

import (
	"errors"
	"io/fs"
	"os"
)

// makeFileLock makes the lock as Optuna's JournalFileOpenLock does: a file that
// is created exclusively. marked says that the system's lock goes with it.
func makeFileLock(path string, marked bool) error {
	f, err := os.OpenFile(lockPath(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if marked {
		if _, err := f.WriteString(ourSpelling(path)); err != nil {
			return errors.Join(err, f.Close(), os.Remove(lockPath(path)))
		}
	}
	return f.Close()
}

// isOurLock reports whether a process of ours on this host made the lock, be it a
// link or a file.
func isOurLock(path string) bool {
	info, err := os.Lstat(lockPath(path))
	if err != nil {
		return false
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(lockPath(path))
		return err == nil && target == ourSpelling(path)
	}
	text, err := os.ReadFile(lockPath(path))
	return err == nil && string(text) == ourSpelling(path)
}
