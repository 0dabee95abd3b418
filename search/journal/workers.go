package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

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
	return f.path + ".worker-" + strings.ReplaceAll(rest, "/", "-"), true
}

// Enlist shows that a worker (search.NewWorker) of this process is alive, until Close.
func (f *File) Enlist(worker string) (*Presence, error) {
	path, ok := f.workerFile(worker)
	if !ok {
		return nil, fmt.Errorf("journal: the worker %q is not of this host", worker)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("journal: show that the worker is alive: %w", err)
	}
	if trySystemLock(file) == lockBusy {
		return nil, errors.Join(fmt.Errorf("journal: the worker %q is there already", worker), file.Close())
	}
	return &Presence{path: path, file: file}, nil
}

// Close ends the presence.
func (p *Presence) Close() error {
	err := os.Remove(p.path)
	return errors.Join(err, p.file.Close())
}

// Dead implements search.Liveness: it knows the workers of this host that have enlisted.
func (f *File) Dead(worker string) (dead, known bool) {
	path, ok := f.workerFile(worker)
	if !ok {
		return false, false
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrNotExist)
	}
	defer file.Close()
	switch trySystemLock(file) {
	case lockTaken:
		_ = os.Remove(path) // left by the dead; if it stays nothing is lost
		return true, true
	case lockBusy:
		return false, true
	}
	return false, false
}
