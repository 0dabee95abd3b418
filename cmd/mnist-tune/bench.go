package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/bench"
	"mnisttune/search"
)

// benchReport is what bench prints with --json.
type benchReport struct {
	CPU     string         `json:"cpu"`
	Threads int            `json:"threads"`
	Results []bench.Result `json:"results"`
}

func newBench(a *app) *cobra.Command {
	var (
		batches, layers, widths string
		backend                 string
		seconds                 float64
		data                    dataFlags
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast networks train",
		Long: `Train every combination of batch size, number of layers and width for a moment on
one thread and print the speed of its best epoch: shuffling, gathering, the update
and the short last batch included.`,
		Example: `  mnist-tune bench
  mnist-tune bench --batch-size 32,128,512 --num-layers 1..3 --width 64
  mnist-tune bench --width 16,64,256 --seconds 5 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cases, err := benchCases(batches, layers, widths, backend)
			if err != nil {
				return usage(err)
			}
			if err := data.check(); err != nil {
				return err
			}
			if !(seconds >= 0 && seconds <= 3600) {
				return usage(fmt.Errorf("--seconds must be 0 to 3600 (got %v)", seconds))
			}
			return a.bench(cmd.Context(), cases, &data, time.Duration(seconds*float64(time.Second)))
		},
	}
	cmd.Flags().StringVar(&batches, "batch-size", "32,128,512", "batch sizes: a list or a range (16..64:step=16)")
	cmd.Flags().StringVar(&layers, "num-layers", "2", "numbers of hidden layers: a list or a range (1..3)")
	cmd.Flags().StringVar(&widths, "width", "64", "hidden units of every layer: a list or a range")
	cmd.Flags().Float64Var(&seconds, "seconds", 2, "how long each combination is trained at least, after two epochs")
	data.add(cmd)
	addBackend(cmd, &backend)
	return cmd
}

// benchCases combines the three lists, in the order of the flags.
func benchCases(batches, layers, widths, backend string) ([]bench.Case, error) {
	var lists [3][]int
	for i, f := range []struct{ name, text string }{{"batch-size", batches}, {"num-layers", layers}, {"width", widths}} {
		var err error
		if lists[i], err = integers(f.name, f.text); err != nil {
			return nil, err
		}
	}
	var cases []bench.Case
	for _, l := range lists[1] {
		for _, b := range lists[0] {
			for _, w := range lists[2] {
				c := bench.Case{Backend: backend, NumLayers: l, BatchSize: b, Width: w}
				if l == 0 || b == 0 || w == 0 {
					return nil, errors.New("batch size, number of layers and width must not be 0")
				}
				if err := c.Config().Validate(); err != nil {
					return nil, err
				}
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

// maxIntegers bounds what one flag of bench may list.
const maxIntegers = 1000

// integers reads a list or a range of integers in the form of search's --param.
func integers(name, text string) ([]int, error) {
	p, err := search.ParseParam(name + "=" + text)
	if err != nil {
		return nil, err
	}
	if p.Kind == search.Integer && p.GridPoints == 0 {
		p.GridPoints = maxIntegers // all of them
	}
	space, err := search.NewSpace(p)
	if err != nil {
		return nil, err
	}
	if n, ok := space.Size(); !ok || n > maxIntegers {
		return nil, fmt.Errorf("--%s %s: want a list or a range of at most %d integers", name, text, maxIntegers)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}})
	if err != nil {
		return nil, err
	}
	var out []int
	for {
		t, err := study.Ask(context.Background())
		if errors.Is(err, search.ErrExhausted) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		n, ok := t.Params.Int(name)
		if !ok {
			return nil, fmt.Errorf("--%s %s: want integers", name, text)
		}
		out = append(out, n)
	}
}

func (a *app) bench(ctx context.Context, cases []bench.Case, data *dataFlags, atLeast time.Duration) error {
	all, _, err := data.load()
	if err != nil {
		return err
	}
	train, _, err := all.Split(0.1) // the rows that a training has
	if err != nil {
		return err
	}
	report := benchReport{CPU: cpuName(), Threads: 1, Results: []bench.Result{}}
	for i, c := range cases {
		fmt.Fprintf(a.stderr, "%d/%d %s\n", i+1, len(cases), c.Name())
		r, err := bench.Measure(ctx, c, train, atLeast)
		if err != nil {
			if ctx.Err() != nil && len(report.Results) > 0 {
				return errors.Join(err, a.printBench(report))
			}
			return err
		}
		report.Results = append(report.Results, r)
	}
	return a.printBench(report)
}

func (a *app) printBench(r benchReport) error {
	if a.json {
		return a.printJSON(r)
	}
	fmt.Fprintf(a.stdout, "cpu: %s, %d thread\n\n", r.CPU, r.Threads)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "backend\tkernels\tnum_layers\tbatch_size\twidth\tsamples/s\tus/step\tGFLOPS\t")
	for _, x := range r.Results {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%.0f\t%.1f\t%.1f\t\n", x.Backend, x.Kernels, x.NumLayers, x.BatchSize, x.Width, x.SamplesPerSecond, x.MicrosPerStep, x.GFLOPS)
	}
	return table.Flush()
}

// cpuName names the processor as the operating system does, else by its
// architecture.
func cpuName() string {
	if name := processorModel(); name != "" {
		return name
	}
	return runtime.GOARCH
}
