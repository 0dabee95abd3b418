package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"mnisttune/search"
)

const (
	// defaultGrace is how long a command has to end after SIGTERM.
	defaultGrace = 5 * time.Second
	// pollTime is between the first two looks whether a group is empty.
	pollTime = 4 * time.Millisecond
)

// nextPoll returns how long to wait before looking again: looking costs a walk through
// all processes on Linux.
func nextPoll(wait time.Duration) time.Duration { return min(wait*3/2, 100*time.Millisecond) }

// errRefused is the cause with which a run is ended after a report or an attribute was
// refused.
var errRefused = errors.New("refused")

// run runs a command, and returns its value when its process group is gone.
func (c *Command) run(parent context.Context, cmd *exec.Cmd, e *search.Evaluation) (float64, error) {
	ctx, end := context.WithCancelCause(parent)
	defer end(nil)
	if c.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, c.Timeout, ErrTimeout)
		defer stop()
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
	out, stderr := &output{
		report:  func(step int, value float64) error { return e.Report(ctx, step, value) },
		setAttr: e.SetAttr,
		end:     func() { end(errRefused) },
	}, &tail{}
	ended, err := c.execute(ctx, cmd, out, stderr)
	cause := context.Cause(ctx)
	switch {
	case ended && cause == ErrTimeout:
		return 0, fmt.Errorf("%w: ended after %v%v", cause, c.Timeout, stderr)
	case ended && cause != errRefused:
		return 0, fmt.Errorf("stopped: %w", cause)
	case out.err != nil:
		return 0, out.err
	case err != nil:
		return 0, fmt.Errorf("%w%v", err, stderr)
	case out.has:
		return out.value, nil
	case out.bad != "":
		return 0, fmt.Errorf("it printed no 'value: X' line on its stdout (%s)%v", out.bad, stderr)
	}
	return 0, fmt.Errorf("it printed no 'value: X' line on its stdout%v", stderr)
}

// execute runs a command to its end or, when ctx is done, to the end of its grace;
// ended says that it did not end by itself.
func (c *Command) execute(ctx context.Context, cmd *exec.Cmd, out *output, stderr *tail) (ended bool, err error) {
	g, err := newGroup()
	if err != nil {
		return false, fmt.Errorf("it is not started, for nothing could guard it: %w", err)
	}
	g.prepare(cmd)
	s, err := start(cmd, func(r io.Reader) { readLines(r, maxLine, out.line) }, func(r io.Reader) { c.copyStderr(r, stderr) })
	if err != nil {
		g.close()
		return false, fmt.Errorf("it could not be started: %w", err)
	}
	defer s.finish()
	defer g.close()              // with what the command has left running, so that its pipes end
	addErr := g.add(cmd.Process) // before Wait, which gives the process away
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if addErr != nil {
		_ = cmd.Process.Kill()
		<-exited
		return false, fmt.Errorf("it is ended, for nothing could guard it: %w", addErr)
	}
	select {
	case err = <-exited:
	case <-ctx.Done():
		select {
		case err = <-exited:
		default:
			ended, err = true, c.terminate(g, exited)
		}
	}
	return ended, err
}

// terminate ends a group: at once all of it is asked to, after the grace it is made to.
// It returns what exited has to say.
func (c *Command) terminate(g *group, exited <-chan error) error {
	wait := c.Grace
	if wait == 0 {
		wait = defaultGrace
	}
	grace := time.NewTimer(wait)
	defer grace.Stop()
	g.interrupt()
	select {
	case err := <-exited:
		for poll := pollTime; g.alive(); poll = nextPoll(poll) { // what it started has its grace, too
			select {
			case <-time.After(poll):
			case <-grace.C:
				return err
			}
		}
		return err
	case <-grace.C:
		g.kill()
		return <-exited
	}
}

// copyStderr reads a command's stderr to its end.
func (c *Command) copyStderr(r io.Reader, t *tail) {
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		_, _ = t.Write(buf[:n])
		if c.Stderr != nil && n > 0 {
			c.stderr.Lock()
			_, _ = c.Stderr.Write(buf[:n])
			c.stderr.Unlock()
		}
		if err != nil {
			return
		}
	}
}
