package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
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

// removeOpen closes a file and removes it: Windows removes none that is open. One that
// somebody else has open stays, and is that one's to remove.
func removeOpen(f *os.File, path string) error {
	if err := f.Close(); err != nil {
		return err
	}
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return nil
	}
	return err
}

// takePlace gives an open file the name of the log, and holds it instead. Windows renames
// neither what is open nor over it, so both are closed meanwhile. Who opens the log before
// it is replaced prevents that; who does it afterwards finds a log that is whole.
func (l *lock) takePlace(file *os.File) error {
	err := errors.Join(file.Close(), l.file.Close())
	if err == nil {
		err = os.Rename(file.Name(), l.path)
	}
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		err = fmt.Errorf("%w (another program has it open: end it first)", err)
	}
	log, errOpen := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND, 0)
	if errOpen != nil {
		return errors.Join(err, errOpen)
	}
	l.file = log
	trySystemLock(log)
	return err
}

// secondName does nothing: of a file that is open Windows removes no name.
func secondName(string, string) error { return errors.ErrUnsupported }

// truncate cuts an open file to a size. A handle for appending may not do that.
func truncate(f *os.File, size int64) error { return os.Truncate(f.Name(), size) }

// syncDir does nothing: Windows has no such call.
func syncDir(string) error { return nil }
