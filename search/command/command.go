package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mnisttune/search"
)

// Command is a program that is run for every trial. Its fields must not be changed
// while Evaluate runs; Evaluate is safe for concurrent use. Do not copy a Command.
type Command struct {
	// Args are the program and its arguments, with {name} for the value of a
	// parameter and {trial} for the trial's number. A program without a slash is
	// looked for in PATH, a relative path with one is relative to Dir.
	Args []string
	// Shell has /bin/sh (cmd on Windows) run Args[0], the only one, as a text.
	Shell bool
	// Dir is where the program runs. Default: the current directory.
	Dir string
	// Env has more environment variables, NAME=value.
	Env []string
	// Timeout is how long one run may take, waiting in reports included. 0: for ever.
	Timeout time.Duration
	// Stderr gets what the program writes to its stderr, as it comes, by one Write at a
	// time; errors of Write are ignored. Default: nobody.
	Stderr io.Writer
	// Grace is how long the program has to end after SIGTERM. Default 5 s.
	Grace time.Duration

	stderr sync.Mutex // held while Stderr is written to
}

// ErrTimeout is wrapped by the error of a run that took longer than Timeout.
var ErrTimeout = errors.New("timeout")

var _ search.Objective = (*Command)(nil).Evaluate

// Validate checks the command, and that it fits the parameters of a space: that every
// placeholder is one of them, that their environment variables can be told apart, and
// that the program is there. It joins the errors of all fields.
func (c *Command) Validate(space search.Space) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("command: "+format, args...)) }
	switch {
	case len(c.Args) == 0 || c.Args[0] == "":
		fail("there is no program to run (Args is empty)")
	case c.Shell && len(c.Args) != 1:
		fail("with Shell, Args is one text (got %d)", len(c.Args))
	default:
		for _, err := range c.checkArgs(space) {
			fail("%w", err)
		}
		if err := c.lookUp(); err != nil {
			fail("%w", err)
		}
	}
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil {
			fail("the directory: %w", err)
		} else if !info.IsDir() {
			fail("%s is not a directory", c.Dir)
		}
	}
	for _, entry := range c.Env {
		if strings.IndexByte(entry, '=') <= 0 || strings.IndexByte(entry, 0) >= 0 {
			fail("the environment has NAME=value entries (got %q)", entry)
		}
	}
	if c.Timeout < 0 || c.Grace < 0 {
		fail("timeout and grace must not be negative (got %v, %v)", c.Timeout, c.Grace)
	}
	variables := map[string]string{}
	for _, p := range space.Params() {
		variable := envParam + envSuffix(p.Name)
		if other, dup := variables[variable]; dup {
			fail("the parameters %q and %q have the same environment variable %s: rename one", other, p.Name, variable)
		}
		variables[variable] = p.Name
	}
	return errors.Join(errs...)
}

// checkArgs checks the placeholders.
func (c *Command) checkArgs(space search.Space) (errs []error) {
	for i, arg := range c.Args {
		t, err := compile(arg, c.Shell)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		err = t.names(func(name string) error {
			p, known := space.Param(name)
			switch {
			case name == trialName && known:
				return fmt.Errorf("{%s} is the trial's number, and a parameter of the space: rename the parameter", name)
			case !known && name != trialName:
				return fmt.Errorf("{%s} is no parameter of the space (have: %s, %s); write {{ for a brace", name, paramNames(space), trialName)
			case c.Shell || !known:
				return c.checkShellValues(p)
			case p.When != nil && i == 0:
				return fmt.Errorf("the program %s depends on %q, which takes part only where %s", arg, name, p.When)
			case p.When != nil && len(t) == 1 && i > 1 && isOption(c.Args[i-1]):
				return fmt.Errorf("%q takes part only where %s, and elsewhere {%s} is left out: write %s={%s} as one argument",
					name, p.When, name, c.Args[i-1], name)
			}
			return nil
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// isOption reports whether an argument may be an option that is followed by its value.
func isOption(arg string) bool {
	return strings.HasPrefix(arg, "-") && strings.Trim(arg, "-") != "" && !strings.ContainsAny(arg, "={")
}

// checkShellValues checks that a shell can be given all values of a parameter.
func (c *Command) checkShellValues(p search.Param) error {
	if !c.Shell {
		return nil
	}
	for _, v := range p.Values {
		if _, err := shellReference(p.Name, formatValue(v), unquoted); err != nil {
			return err
		}
	}
	return nil
}

func paramNames(space search.Space) string {
	var names []string
	for _, p := range space.Params() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// lookUp returns an error if the program is not there or not executable.
func (c *Command) lookUp() error {
	program := c.Args[0]
	if c.Shell || strings.ContainsAny(program, "{}") {
		return nil // only known at a trial
	}
	if filepath.Base(program) != program && !filepath.IsAbs(program) && c.Dir != "" {
		program = c.Dir + string(filepath.Separator) + program
	}
	_, err := exec.LookPath(program)
	return err
}

// Evaluate implements search.Objective: it runs the program for a trial and returns the
// value that it printed. Errors name the program and say what happened: it could not be
// started, exited with another code than 0 or by a signal (they wrap an
// *exec.ExitError), printed no value, took longer than Timeout (ErrTimeout); a report or
// an attribute was refused, as when the trial is pruned (they wrap what refused it); or
// ctx is done (they wrap its cause). In every case the program and its process group are
// gone when it returns.
func (c *Command) Evaluate(ctx context.Context, e *search.Evaluation) (float64, error) {
	cmd, err := c.build(e.Number, e.Params)
	if err != nil {
		return 0, fmt.Errorf("command: %w", err)
	}
	value, err := c.run(ctx, cmd, e)
	if err != nil {
		return 0, fmt.Errorf("command: %s: %w", c.name(cmd), err)
	}
	return value, nil
}

// name is what errors call the program.
func (c *Command) name(cmd *exec.Cmd) string {
	if c.Shell {
		return fmt.Sprintf("%.60q", c.Args[0])
	}
	return cmd.Args[0]
}

// build returns the command of a trial.
func (c *Command) build(number int, params search.Params) (*exec.Cmd, error) {
	if len(c.Args) == 0 || c.Shell && len(c.Args) != 1 {
		return nil, fmt.Errorf("want a program to run, or one text with Shell (Args is %q)", c.Args)
	}
	v := newValues(number, params)
	var args []string
	for i, arg := range c.Args {
		t, err := compile(arg, c.Shell)
		if err != nil {
			return nil, err
		}
		text, ok := "", true
		if c.Shell {
			text, err = t.expandShell(v)
		} else {
			text, ok = t.expand(v)
		}
		switch {
		case err != nil:
			return nil, err
		case ok:
			args = append(args, text)
		case i == 0:
			return nil, fmt.Errorf("the program %q names a parameter that the trial does not have", arg)
		}
	}
	var cmd *exec.Cmd
	if c.Shell {
		cmd = shellCommand(args[0])
	} else {
		cmd = exec.Command(args[0], args[1:]...)
	}
	cmd.Dir, cmd.Env = c.Dir, c.environ(number, params)
	return cmd, nil
}

// environ returns the environment of a trial's command.
func (c *Command) environ(number int, params search.Params) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool { // those of a tuner that runs us
		return strings.HasPrefix(entry, envParam) || strings.HasPrefix(entry, envTrial+"=")
	})
	env = append(env, c.Env...)
	for name, value := range params {
		env = append(env, envParam+envSuffix(name)+"="+formatValue(value))
	}
	return append(env, fmt.Sprintf("%s=%d", envTrial, number))
}
