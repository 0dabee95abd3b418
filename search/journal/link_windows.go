package journal

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// makeLink makes the lock as Optuna's JournalFileOpenLock does: links need a
// privilege on Windows.
func makeLink(path string, marked bool) error {
	err := makeFileLock(path, marked)
	if errors.Is(err, syscall.ERROR_ACCESS_DENIED) {
		if _, there := os.Lstat(lockPath(path)); there == nil { // it is being deleted
			return fs.ErrExist
		}
	}
	return err
}

// truncate cuts an open file to a size. A handle for appending may not do that.
func truncate(f *os.File, size int64) error { return os.Truncate(f.Name(), size) }

// syncDir does nothing: Windows has no such call.
func syncDir(string) error { return nil }
