package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is what --version prints; a release build sets it.
var version = "0.1.0-dev"

// app is what the commands share: where results and progress go.
type app struct {
	stdout, stderr io.Writer
	json           bool
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	a := &app{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "mnist-tune",
		Short: "Train small neural networks and find their hyperparameters",
		Long: `mnist-tune trains multi-layer perceptrons, finds their hyperparameters by grid,
random or Bayesian search, and measures how fast they train. The MNIST images
are in the binary; --data reads Fashion-MNIST, KMNIST, EMNIST or your own
images in the same files.

Results go to stdout (--json: as one JSON object), progress to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`,
		Example: `  mnist-tune search                          find a good network in a minute or two
  mnist-tune train --num-layers 3 --out model.safetensors
  mnist-tune eval --model model.safetensors
  mnist-tune bench --batch-size 32,128,512 --num-layers 1..3`,
		Version:       version + " (" + revision() + ")",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
				hint = fmt.Sprintf(": did you mean %q?", similar[0])
			}
			return usage(fmt.Errorf("unknown command %q%s", args[0], hint))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print the result as one JSON object")
	root.AddCommand(newTrain(a), newSearch(a), newCompare(a), newEval(a), newBench(a), newStudy(a), newTrials(a), newExplain(a), newAsk(a), newTell(a), newDoctor(a))
	return root
}

// revision returns the commit that the binary was built from, as far as the
// build recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown build"
	}
	out := info.GoVersion
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			out += " " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			out += " modified"
		}
	}
	return out
}

// noArgs refuses arguments that are not flags.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// printJSON writes the one object of --json.
func (a *app) printJSON(v any) error {
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
