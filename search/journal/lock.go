package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockPath returns the name of the lock that Optuna uses too.
func lockPath(path string) string { return path + ".lock" }

const (
	// systemPause is the pause between two attempts at the system's lock. It does
	// not grow: others of ours are gone in a moment, and who asks more rarely than
	// they come back would never get it.
	systemPause = 200 * time.Microsecond
	// The pauses between two looks at Optuna's lock grow from the first to the
	// longest.
	firstPause   = 200 * time.Microsecond
	longestPause = 10 * time.Millisecond
	warnAfter    = 10 * time.Second
)

// lock is the right to write a log.
type lock struct {
	path string
	file *os.File    // the log, with the system's lock if there is one
	link fs.FileInfo // of the link that is ours
}

// acquire waits for the lock of the log at path.
func acquire(ctx context.Context, path string, o Options) (*lock, error) {
	w := waiter{path: path, options: o, since: o.Clock()}
	file, system, err := w.openLocked(ctx)
	if err != nil {
		return nil, fmt.Errorf("journal: lock %s: %w", path, err)
	}
	link, err := w.link(ctx, system)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal: lock %s: %w", path, err), file.Close())
	}
	return &lock{path: path, file: file, link: link}, nil
}

// held reports whether nobody has taken the lock away.
func (l *lock) held() bool {
	now, err := os.Lstat(lockPath(l.path))
	return err == nil && sameLink(now, l.link)
}

// release gives the lock back. What was done under it stands, so a failure is no
// more than a warning: the next who wants the lock will break it.
func (l *lock) release(o Options) {
	var err error
	if l.held() {
		err = removeLink(l.path)
	}
	if err = errors.Join(err, l.file.Close()); err != nil { // which ends the system's lock
		o.Logger.Warn("the lock of the study log could not be given back", "log", l.path, "error", err)
	}
}

// sameLink reports whether two looks at the lock saw the same. Numbers of files
// are used again, so the time counts too.
func sameLink(a, b fs.FileInfo) bool { return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) }

// removeLink removes the lock by renaming it first: of two who do it, one fails.
func removeLink(path string) error {
	away := lockPath(path) + rand.Text() + ".rename"
	if err := os.Rename(lockPath(path), away); err != nil {
		return err
	}
	return os.Remove(away)
}

// waiter is somebody who wants the lock.
type waiter struct {
	path    string
	options Options
	pause   time.Duration // before the next look at Optuna's lock
	since   time.Time     // when the waiting began
	warned  bool

	// What was last seen of a lock that stands in the way, and since when.
	seen     fs.FileInfo
	activity time.Time // the log's time of change
	silent   time.Time
}

// openLocked opens the log and takes the system's lock on it; system is false if
// the file system has none.
func (w *waiter) openLocked(ctx context.Context) (file *os.File, system bool, err error) {
	for {
		file, err := os.OpenFile(w.path, os.O_RDWR|os.O_APPEND, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, false, fmt.Errorf("%w: %w", ErrReplaced, err)
		}
		if err != nil {
			return nil, false, err
		}
		state := trySystemLock(file)
		for state == lockBusy {
			if err := w.wait(ctx, systemPause); err != nil {
				return nil, false, errors.Join(err, file.Close())
			}
			state = trySystemLock(file)
		}
		// A repair may have put another file in its place meanwhile.
		mine, err := file.Stat()
		if err == nil {
			var there fs.FileInfo
			if there, err = os.Stat(w.path); err == nil && os.SameFile(mine, there) {
				return file, state == lockTaken, nil
			}
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, false, err
		}
	}
}

// link makes the lock that Optuna sees.
func (w *waiter) link(ctx context.Context, system bool) (fs.FileInfo, error) {
	w.pause = firstPause
	for {
		err := makeLink(w.path, system)
		if err == nil {
			return os.Lstat(lockPath(w.path))
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%w (a file %s is made beside the log: the directory must be writable)", err, filepath.Base(lockPath(w.path)))
		}
		if err := w.inspect(system); err != nil {
			return nil, err
		}
		if err := w.wait(ctx, w.pause); err != nil {
			return nil, err
		}
		w.pause = min(2*w.pause, longestPause)
	}
}

// inspect looks at a lock that stands in the way and removes it if its holder is
// dead.
func (w *waiter) inspect(system bool) error {
	now, err := os.Lstat(lockPath(w.path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if system && isOurLock(w.path) { // whoever made it had the lock that we have
		w.options.Logger.Warn("the lock of the study log was left by a process of this host that died; it is removed", "log", w.path)
		return w.breakLink(now)
	}
	var activity time.Time
	if log, err := os.Stat(w.path); err == nil {
		activity = log.ModTime()
	}
	if w.seen == nil || !sameLink(now, w.seen) || !activity.Equal(w.activity) {
		w.seen, w.activity, w.silent = now, activity, w.options.Clock()
		return nil
	}
	if w.options.Clock().Sub(w.silent) <= w.options.Grace {
		return nil
	}
	w.options.Logger.Warn("the lock of the study log has shown no sign of life; it is broken", "log", w.path, "grace", w.options.Grace)
	return w.breakLink(now)
}

// breakLink removes a lock, unless it is another one than was seen.
func (w *waiter) breakLink(seen fs.FileInfo) error {
	w.seen, w.pause = nil, firstPause
	now, err := os.Lstat(lockPath(w.path))
	if err == nil && sameLink(now, seen) {
		err = removeLink(w.path)
	}
	if errors.Is(err, fs.ErrNotExist) { // somebody else was faster
		return nil
	}
	return err
}

// wait waits for that long.
func (w *waiter) wait(ctx context.Context, pause time.Duration) error {
	if !w.warned && w.options.Clock().Sub(w.since) > warnAfter {
		w.warned = true
		w.options.Logger.Warn("waiting for the lock of the study log", "log", w.path, "lock", filepath.Base(lockPath(w.path)))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
