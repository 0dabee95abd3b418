// Package command makes any program the objective of a search: each trial runs it
// once, with the trial's parameters among its arguments and in its environment, and
// takes the value that it prints.
//
//	args, err := command.Parse(`./train.sh --lr {learning_rate} --seed {trial}`)
//	...
//	c := &command.Command{Args: args, Timeout: time.Hour, Stderr: os.Stderr}
//	if err := c.Validate(space); err != nil {
//		...
//	}
//	err = search.Optimize(ctx, study, c.Evaluate, search.OptimizeOptions{Trials: 20})
//
// # What the program is given
//
// In every argument {name} is replaced by the value of the parameter of that name,
// {trial} by the trial's number, {{ and }} by a brace. Numbers are written in the
// shortest way that reads back as the same number: 32, 0.1, 1e-05. An argument is one
// argument whatever the value holds; there is no shell that could take it apart.
//
// An argument that names a parameter which takes no part in the trial (its condition
// does not hold) is left out as a whole. So an option and its value belong into one
// argument: --momentum={momentum}.
//
// Every parameter that takes part is also in the environment, as MNIST_TUNE_PARAM_
// and its name in upper case with _ for whatever is neither a letter nor a digit
// (MNIST_TUNE_PARAM_LEARNING_RATE), and the trial's number is MNIST_TUNE_TRIAL. The
// program's stdin is empty.
//
// # What the program prints
//
// Its stdout is read line by line, as it comes. These lines count, with any spaces
// and in upper or lower case; all others are ignored, as are lines above 1 MiB:
//
//	report: STEP VALUE              an intermediate value, such as one after an epoch
//	value: X                        the result; the last one counts
//	{"step": 3, "value": 0.91}      the same report as a JSON object
//	{"value": 0.93, "params": 51e3} the same result; its other keys become the
//	                                trial's attributes
//
// Numbers are those of strconv.ParseFloat, nan and inf included, in JSON also
// Python's NaN, Infinity and -Infinity; the study judges them. Many programs hold
// their output back when it goes to a pipe: reports that shall arrive in time must be
// flushed (Python: print(..., flush=True) or -u).
//
// The trial has the printed value if the program exits with code 0. Any other code or
// a signal, and code 0 without a value, are errors; they end with the last lines of
// stderr.
//
// # How a program is ended
//
// A program is ended when the trial is pruned (a report returns an error), at Timeout,
// and when the search is stopped: its process group is sent SIGTERM and, if anything of
// it is left after Grace, SIGKILL. Evaluate returns when the group is gone. When the
// program ends by itself, what it has left running in its group is killed. All of it
// also dies when this process does, even by kill -9: on Unix the leader of the group is
// a /bin/sh that waits for the end of a pipe which only this process holds open, and
// then kills its group. The program joins that group before it is executed, so there is
// no moment without a guard (ps shows a sleeping sh beside every running program). On
// Windows a job object with kill-on-close does the same, and CTRL_BREAK stands for
// SIGTERM.
//
// A process that leaves the group (setsid, the jobs of set -m) is out of reach on Unix.
// The group is never the terminal's foreground group: Ctrl-C reaches only the tuner.
//
// # With a shell
//
// With Shell, Args is one text that /bin/sh -c runs (cmd /C on Windows). On Unix values
// are never pasted into the text, so none can become code: {name} turns into a quoted
// reference to its variable, "${MNIST_TUNE_PARAM_NAME}", that fits the quotes around it:
//
//	./train.sh --lr {learning_rate} --run "run {trial}" > 'log of {trial}' && cat value.txt
//
// A $ before a brace belongs to the shell, so ${HOME} stays as it is, and
// ${MNIST_TUNE_PARAM_MOMENTUM+--momentum=$MNIST_TUNE_PARAM_MOMENTUM} is an option that is
// there only with its parameter. Other braces of the shell are doubled. The quotes inside
// $(...) inside quotes and here-documents are not followed: write the variables there.
// cmd has no quoting that holds for every value; on Windows, where values are pasted,
// those with other than letters, digits, spaces and . _ + , : / \ - @ are refused.
//
// Why Parse is written here: of "a > b" and "a | b" github.com/mattn/go-shellwords
// silently keeps only a, github.com/google/shlex and github.com/kballard/go-shellquote
// make the operators arguments; shlex drops what stands after #, and two of the three
// keep the newline of an escaped line end. Here what needs a shell is an error.
package command
