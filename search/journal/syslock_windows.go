package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// trySystemLock takes the lock of an open file, which goes when it is closed. The
// byte that is locked lies far behind the end, so that nobody's reading and
// writing meets it.
func trySystemLock(f *os.File) lockState {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	switch {
	case err == nil:
		return lockTaken
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING):
		return lockBusy
	}
	return lockNone
}
