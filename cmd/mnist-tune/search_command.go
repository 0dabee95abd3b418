package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mnisttune/search"
	"mnisttune/search/command"
)

// commandFlags say which program search runs in place of a training.
type commandFlags struct {
	text     string
	shell    bool
	timeout  time.Duration
	resource string
}

func (f *commandFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.text, "exec", "", "command that is run for each trial, with {name} for a parameter's value, in place of a training")
	fs.BoolVar(&f.shell, "exec-shell", false, "have a shell run --exec")
	fs.DurationVar(&f.timeout, "exec-timeout", 0, "how long one run of --exec may take, such as 90s (0: for ever)")
	fs.StringVar(&f.resource, "resource", resourceName, "of --exec with halving: the parameter of which better trials get more")
}

// alsoWithExec lists the flags that mean something beside --exec.
var alsoWithExec = []string{
	"method", "trials", "timeout", "target", "patience", "stop", "jobs", "lag", "async", "study", "study-name", "param", "space", "enqueue", "warm", "pruner",
	"exec", "exec-shell", "exec-timeout", "resource", "direction", "seed", "json",
}

// checkCommand refuses flags that do not go together.
func (f *searchFlags) checkCommand(cmd *cobra.Command) error {
	if f.command.text == "" {
		for _, name := range []string{"exec-shell", "exec-timeout", "resource", "direction"} {
			if cmd.Flags().Changed(name) {
				return usage(fmt.Errorf("--%s belongs to --exec", name))
			}
		}
		return nil
	}
	err := refuseTrainingFlags(cmd)
	if f.command.timeout < 0 {
		err = errors.Join(err, usage(fmt.Errorf("--exec-timeout must not be negative (got %v)", f.command.timeout)))
	}
	return err
}

// refuseTrainingFlags refuses the flags that mean nothing where a command is run.
func refuseTrainingFlags(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(alsoWithExec, flag.Name) {
			errs = append(errs, usage(fmt.Errorf("--%s is about training, the study runs a command", flag.Name)))
		}
	})
	return errors.Join(errs...)
}

// parseDirection reads minimize or maximize.
func parseDirection(text string) (search.Direction, error) {
	for _, d := range []search.Direction{search.Minimize, search.Maximize} {
		if d.String() == text {
			return d, nil
		}
	}
	return 0, usage(fmt.Errorf("--direction %s: want minimize or maximize", text))
}

// newCommand returns the objective that runs the study's command.
func (s searchSettings) newCommand(space search.Space, stderr io.Writer) (*command.Command, error) {
	c := &command.Command{Args: []string{s.Exec}, Shell: s.Shell, Timeout: s.Timeout, Stderr: stderr}
	if !s.Shell {
		var err error
		if c.Args, err = command.Parse(s.Exec); err != nil {
			return nil, err
		}
	}
	return c, c.Validate(space)
}
