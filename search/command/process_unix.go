//go:build unix

package command

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// guardScript waits until its stdin ends, which is when we are gone, and kills the
// process group $1. It says when it is ready: from then on no signal but SIGKILL ends
// it. (-s KILL -- is the form that dash takes, too.)
const guardScript = `trap '' HUP INT QUIT PIPE ALRM TERM USR1 USR2 TSTP TTIN TTOU; echo; read -r line; kill -s KILL -- "$1"`

// closeTime bounds how long close waits for processes that were killed; one that the
// kernel does not let go, as in a read from a dead file server, would hang us.
const closeTime = 2 * time.Second

// guard is a process that kills a group when this process dies in whatever way.
type guard struct {
	cmd  *exec.Cmd
	pipe *os.File // its stdin; every other process closes its copy when it is executed
}

// startGuard starts a guard of a group, 0 for its own, in a process group of its own,
// which a Ctrl-C in the terminal does not reach.
func startGuard(target int) (*guard, error) {
	stdin, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	ready, stdout, err := os.Pipe()
	if err != nil {
		pipe.Close()
		return nil, err
	}
	defer ready.Close()
	cmd := exec.Command("/bin/sh", "-c", guardScript, "sh", strconv.Itoa(target))
	cmd.Stdin, cmd.Stdout, cmd.Env, cmd.Dir = stdin, stdout, []string{}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	stdout.Close()
	if err != nil {
		pipe.Close()
		return nil, err
	}
	g := &guard{cmd: cmd, pipe: pipe}
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		g.stop()
		return nil, errors.New("/bin/sh ended early")
	}
	return g, nil
}

// stop ends the guard.
func (g *guard) stop() {
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
	g.pipe.Close()
}

// group is the process group of a command.
//
// Its leader is its guard, which is there before the command: so the command is never
// without one, for a fork of us holds the guard's pipe open until it is executed, and
// then it is in the group. And as long as the guard is not waited for nobody else can
// get the group's id. Only to learn whether all others have ended after a SIGTERM, a
// guard outside of the group takes over.
type group struct {
	id     int
	guard  *guard
	inside bool // the guard is the group's leader
}

// newGroup returns a group without a command.
func newGroup() (*group, error) {
	guard, err := startGuard(0)
	if err != nil {
		return nil, err
	}
	return &group{id: guard.cmd.Process.Pid, guard: guard, inside: true}, nil
}

// prepare has a command start in the group.
func (g *group) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: g.id}
}

// add does nothing: the command has started in the group.
func (g *group) add(*os.Process) error { return nil }

// interrupt asks all processes of the group to end.
func (g *group) interrupt() {
	if outside, err := startGuard(-g.id); err == nil {
		g.guard.stop()
		g.guard, g.inside = outside, false
	}
	_ = syscall.Kill(-g.id, syscall.SIGTERM)
}

// alive reports whether the group is known to have processes, after interrupt.
func (g *group) alive() bool { return !g.inside && hasMembers(g.id) }

// kill kills all processes of the group.
func (g *group) kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// close kills the group and returns when it is gone. The command was waited for.
func (g *group) close() {
	if g.inside || g.alive() {
		g.kill()
	}
	g.guard.stop()
	end := time.Now().Add(closeTime)
	for wait := pollTime / 4; hasMembers(g.id) && time.Now().Before(end); wait = nextPoll(wait) {
		time.Sleep(wait)
	}
	for { // what was inherited, if we are init or a subreaper
		if id, err := syscall.Wait4(-g.id, nil, syscall.WNOHANG, nil); err != nil || id <= 0 {
			return
		}
	}
}

// shellCommand returns a shell that runs a text.
func shellCommand(text string) *exec.Cmd { return exec.Command("/bin/sh", "-c", text) }

// shellReference returns what stands for a parameter in a shell's text: a reference to
// its variable, in quotes that fit those around it.
func shellReference(name, _ string, q quotes) (string, error) {
	reference := "${" + envName(name) + "}"
	switch q {
	case doubleQuoted:
		return reference, nil
	case singleQuoted:
		return `'"` + reference + `"'`, nil
	}
	return `"` + reference + `"`, nil
}
