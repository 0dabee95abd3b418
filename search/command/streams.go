package command

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A process that has left its group may hold our pipes open for ever. So when a command
// has ended they are read until nothing comes for drainTime, and no further than
// drainBytes, which is more than a pipe holds.
const (
	drainTime  = 100 * time.Millisecond
	drainBytes = 4 << 20
)

// streams reads what a running command writes. (The goroutines of exec.Cmd would do,
// but its Wait tells of the end of the process only after the end of the pipes.)
type streams struct {
	pipes   [2]*os.File
	ended   chan struct{} // closed when the command has ended
	readers sync.WaitGroup
}

// start starts a command; stdout and stderr are called with what it writes, each in a
// goroutine of its own, and return at its end.
func start(cmd *exec.Cmd, stdout, stderr func(io.Reader)) (*streams, error) {
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		outRead.Close()
		outWrite.Close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = outWrite, errWrite
	err = cmd.Start()
	outWrite.Close()
	errWrite.Close()
	if err != nil {
		outRead.Close()
		errRead.Close()
		return nil, err
	}
	s := &streams{pipes: [2]*os.File{outRead, errRead}, ended: make(chan struct{})}
	s.readers.Go(func() { stdout(&stream{file: outRead, ended: s.ended, left: drainBytes}) })
	s.readers.Go(func() { stderr(&stream{file: errRead, ended: s.ended, left: drainBytes}) })
	return s, nil
}

// finish returns when all has been read that the command has written; it has ended.
func (s *streams) finish() {
	close(s.ended)
	for _, p := range s.pipes {
		_ = p.SetReadDeadline(time.Now()) // wakes a Read that waits; not on Windows, where a job leaves nobody
	}
	s.readers.Wait()
	for _, p := range s.pipes {
		p.Close()
	}
}

// stream is the reading end of a command's pipe.
type stream struct {
	file  *os.File
	ended <-chan struct{}
	left  int // bytes that may be read after the end
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	for {
		ended := false
		select {
		case <-s.ended:
			if s.left <= 0 {
				return 0, io.EOF
			}
			ended = true
			_ = s.file.SetReadDeadline(time.Now().Add(drainTime))
		default:
		}
		n, err := s.file.Read(p)
		if ended {
			s.left -= n
		}
		if n == 0 && !ended && errors.Is(err, os.ErrDeadlineExceeded) {
			continue // woken by finish
		}
		return n, err
	}
}
