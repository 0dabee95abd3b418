package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/bench"
	"mnisttune/mnist"
)

// benchOptions say how bench measures and prints.
type benchOptions struct {
	seconds  float64
	target   float64
	format   string
	compare  string
	previous map[string]float64 // samples/s by name, of --compare
}

// benchReport is what bench prints with --json.
type benchReport struct {
	CPU     string        `json:"cpu"`
	Results []benchResult `json:"results"`
}

// benchResult is a result and what this command adds.
type benchResult struct {
	bench.Result
	SecondsToTarget *float64 `json:"seconds_to_target"` // null without --target-accuracy and where it was not reached
	EpochsToTarget  *int     `json:"epochs_to_target"`
	Previous        *float64 `json:"previous_samples_per_second"` // of --compare
}

// maxTargetEpochs is how long a training has to reach --target-accuracy.
const maxTargetEpochs = 50

func (o *benchOptions) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Float64Var(&o.seconds, "seconds", 2, "how long each combination is trained at least, after two epochs")
	fs.Float64Var(&o.target, "target-accuracy", 0, fmt.Sprintf("also train until this validation accuracy, such as 0.975, at most %d epochs, and say how long it took", maxTargetEpochs))
	fs.StringVar(&o.format, "format", "table", "table, or benchstat: a line an epoch in Go's benchmark format")
	fs.StringVar(&o.compare, "compare", "", "file that bench --json wrote before: show the change")
}

// check returns wrong usage, and reads the file to compare with.
func (o *benchOptions) check(asJSON bool) error {
	switch {
	case !(o.seconds >= 0 && o.seconds <= 3600):
		return usage(fmt.Errorf("--seconds must be 0 to 3600 (got %v)", o.seconds))
	case !(o.target >= 0 && o.target <= 1):
		return usage(fmt.Errorf("--target-accuracy must be 0 to 1 (got %v)", o.target))
	case o.format != "table" && o.format != "benchstat":
		return usage(fmt.Errorf("--format %s: want table or benchstat", o.format))
	case o.format != "table" && (asJSON || o.compare != ""):
		return usage(fmt.Errorf("--format %s goes with neither --json nor --compare", o.format))
	case o.compare == "":
		return nil
	}
	text, err := os.ReadFile(o.compare)
	if err != nil {
		return fmt.Errorf("--compare %s: %w", o.compare, errors.Unwrap(err))
	}
	var report benchReport
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("--compare %s: this is not what bench --json prints: %w", o.compare, err)
	}
	o.previous = map[string]float64{}
	for _, r := range report.Results {
		if r.Name != "" && r.SamplesPerSecond > 0 {
			o.previous[r.Name] = r.SamplesPerSecond
		}
	}
	if len(o.previous) == 0 {
		return fmt.Errorf("--compare %s: there are no results in it", o.compare)
	}
	return nil
}

func (o *benchOptions) measure(ctx context.Context, c bench.Case, train, val *mnist.Set) (benchResult, error) {
	r, err := bench.Measure(ctx, c, train, time.Duration(o.seconds*float64(time.Second)))
	if err != nil {
		return benchResult{}, err
	}
	out := benchResult{Result: r}
	if old, ok := o.previous[r.Name]; ok {
		out.Previous = &old
	}
	if o.target > 0 && r.Input == bench.InputMNIST {
		seconds, epochs, err := bench.TimeTo(ctx, c, train, val, o.target, maxTargetEpochs)
		if err != nil {
			return benchResult{}, err
		}
		if epochs > 0 {
			out.SecondsToTarget, out.EpochsToTarget = &seconds, &epochs
		}
	}
	return out, nil
}

func (a *app) printBench(r *benchReport, o *benchOptions) error {
	switch {
	case a.json:
		return a.printJSON(r)
	case o.format == "benchstat":
		return a.printBenchstat(r)
	}
	fmt.Fprintf(a.stdout, "cpu: %s\n\n", r.CPU)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := strings.Split("backend kernels num_layers batch_size width threads activation optimizer dropout input samples/s us/step GFLOPS B/op MB", " ")
	if o.target > 0 {
		columns = append(columns, fmt.Sprintf("s to %g", o.target), "epochs")
	}
	if o.previous != nil {
		columns = append(columns, "before", "change")
	}
	fmt.Fprintln(table, strings.Join(columns, "\t")+"\t")
	for _, x := range r.Results {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%g\t%s\t%.0f\t%.1f\t%.1f\t%.0f\t%.1f\t",
			cmp.Or(x.Backend, "-"), cmp.Or(x.Kernels, "-"), x.NumLayers, x.BatchSize, x.Width, x.Threads, x.Activation, x.Optimizer, x.Dropout, x.Input,
			x.SamplesPerSecond, x.MicrosPerStep, x.GFLOPS, x.BytesPerStep, float64(x.MemoryBytes)/1e6)
		switch {
		case o.target > 0 && x.EpochsToTarget != nil:
			fmt.Fprintf(table, "%.2f\t%d\t", *x.SecondsToTarget, *x.EpochsToTarget)
		case o.target > 0:
			fmt.Fprint(table, "-\t-\t")
		}
		switch {
		case x.Previous != nil:
			fmt.Fprintf(table, "%.0f\t%+.1f%%\t", *x.Previous, 100*(x.SamplesPerSecond / *x.Previous - 1))
		case o.previous != nil:
			fmt.Fprint(table, "-\t-\t")
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// printBenchstat prints every epoch but the first as a benchmark of one iteration
// a step (https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md).
func (a *app) printBenchstat(r *benchReport) error {
	fmt.Fprintf(a.stdout, "goos: %s\ngoarch: %s\npkg: mnisttune/bench\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, r.CPU)
	for _, x := range r.Results {
		for _, speed := range x.Epochs[1:] {
			micros := x.MicrosPerStep * x.SamplesPerSecond / speed
			_, err := fmt.Fprintf(a.stdout, "BenchmarkTrain/%s\t%d\t%.0f ns/op\t%.0f samples/s\t%.2f us/step\t%.2f GFLOPS\t%.0f B/op\n",
				x.Name, x.Steps, 1e3*micros, speed, micros, x.GFLOPS*speed/x.SamplesPerSecond, x.BytesPerStep)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// cpuName names the processor as the operating system does, else by its
// architecture.
func cpuName() string {
	if name := processorModel(); name != "" {
		return name
	}
	return runtime.GOARCH
}
