//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"os"
	"syscall"
)

// trySystemLock takes the lock of an open file, which goes when it is closed.
func trySystemLock(f *os.File) lockState {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			return lockTaken
		case errors.Is(err, syscall.EWOULDBLOCK):
			return lockBusy
		case !errors.Is(err, syscall.EINTR):
			return lockNone
		}
	}
}
