package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mnisttune/search"
)

// Presence shows the other workers of this host that a worker is alive: it holds the
// system's lock of a file beside the log, which goes with the process however that ends.
type Presence struct {
	path string
	file *os.File
}

var _ search.Liveness = (*File)(nil)

// workerFile returns the file that a worker of this host locks; ok is false for one of
// another host.
func (f *File) workerFile(worker string) (path string, ok bool) {
	host, rest, found := strings.Cut(worker, "/")
	if mine, err := os.Hostname(); err != nil || !found || host != mine {
		return "", false
	}
	return f.path + workerPrefix(host) + strings.ReplaceAll(rest, "/", "-"), true
}

// workerPrefix comes between the log's name and the rest of the worker's: with the host,
// for on some network file systems a host sees its own locks only.
func workerPrefix(host string) string { return ".worker-" + url.PathEscape(host) + "-" }

// Enlist shows that a worker (search.NewWorker) of this process is alive, until Close. It
// removes what workers that died have left beside the log.
func (f *File) Enlist(worker string) (*Presence, error) {
	path, ok := f.workerFile(worker)
	if !ok {
		return nil, fmt.Errorf("journal: the worker %q is not of this host", worker)
	}
	f.sweep()
	for range 100 {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("journal: show that the worker is alive: %w", err)
		}
		// Before it was locked somebody may have taken it for a dead one's and removed it.
		if trySystemLock(file) != lockBusy && isNamed(file, path) {
			return &Presence{path: path, file: file}, nil
		}
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("journal: show that the worker is alive: %w", err)
		}
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("journal: the worker %q is there already", worker)
}

// isNamed reports whether a path leads to an open file.
func isNamed(file *os.File, path string) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// sweep removes the files of dead workers, and locks that somebody was killed over.
func (f *File) sweep() {
	host, _ := os.Hostname()
	entries, err := os.ReadDir(filepath.Dir(f.path))
	if err != nil {
		return // nothing depends on it
	}
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), filepath.Base(f.path)+".")
		path := filepath.Join(filepath.Dir(f.path), e.Name())
		switch {
		case !ok:
		case strings.HasPrefix("."+name, workerPrefix(host)):
			removeDead(path)
		case strings.HasPrefix(name, "lock") && strings.HasSuffix(name, ".rename"):
			if info, err := e.Info(); err == nil && f.options.Clock().Sub(info.ModTime()) > time.Minute {
				_ = os.Remove(path)
			}
		}
	}
}

// Close ends the presence.
func (p *Presence) Close() error { return removeOpen(p.file, p.path) }

// Dead implements search.Liveness: it knows the workers of this host that have enlisted.
func (f *File) Dead(worker string) (dead, known bool) {
	path, ok := f.workerFile(worker)
	if !ok {
		return false, false
	}
	return removeDead(path)
}

// removeDead removes a worker's file if nobody holds it.
func removeDead(path string) (dead, known bool) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrNotExist)
	}
	state := trySystemLock(file)
	if state == lockTaken {
		_ = removeOpen(file, path) // left by the dead; if it stays nothing is lost
		return true, true
	}
	_ = file.Close()
	return false, state == lockBusy
}
