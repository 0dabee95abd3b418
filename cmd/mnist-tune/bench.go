package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mnisttune/bench"
	"mnisttune/nn"
	"mnisttune/search"
)

func newBench(a *app) *cobra.Command {
	var (
		sweep sweepFlags
		o     benchOptions
		data  dataFlags
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast networks train",
		Long: `Train every combination of what the flags list for a moment and print
the speed of its best epoch: shuffling, gathering, the update and the short last
batch included.

--format benchstat prints a line for each epoch but the first, as go test -bench
does, for benchstat. --compare FILE takes what bench --json printed before and shows
the change.`,
		Example: `  mnist-tune bench
  mnist-tune bench --batch-size 32,128,512 --num-layers 1..3 --width 64
  mnist-tune bench --activation relu,gelu --optimizer adam,adamw --dropout 0,0.2
  mnist-tune bench --json > before.json; mnist-tune bench --compare before.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cases, err := sweep.cases()
			if err != nil {
				return usage(err)
			}
			if err := errors.Join(data.check(), o.check(a.json)); err != nil {
				return err
			}
			return a.bench(cmd.Context(), cases, &data, &o)
		},
	}
	sweep.add(cmd)
	o.add(cmd)
	data.add(cmd)
	return cmd
}

// sweepFlags lists what bench combines.
type sweepFlags struct {
	batches, layers, widths, backend string
	threads                          []int
	activations, optimizers, inputs  []string
	dropouts                         []float64
}

func (f *sweepFlags) add(cmd *cobra.Command) {
	fs, d := cmd.Flags(), nn.Config{}.WithDefaults()
	fs.StringVar(&f.batches, "batch-size", "32,128,512", "batch sizes: a list or a range (16..64:step=16)")
	fs.StringVar(&f.layers, "num-layers", "2", "numbers of hidden layers: a list or a range (1..3)")
	fs.StringVar(&f.widths, "width", "64", "hidden units of every layer: a list or a range")
	fs.StringSliceVar(&f.activations, "activation", []string{d.Activation}, "activations: a list")
	fs.StringSliceVar(&f.optimizers, "optimizer", []string{d.Optimizer}, "optimizers: a list")
	fs.Float64SliceVar(&f.dropouts, "dropout", []float64{d.Dropout}, "dropout rates: a list")
	fs.StringSliceVar(&f.inputs, "input", []string{bench.InputMNIST}, "mnist: the data set's images; uniform: random ones without zeros; or both")
	fs.IntSliceVar(&f.threads, "threads", []int{1}, "processors that one training may use: a list")
	addBackend(cmd, &f.backend)
}

// cases combines the lists, the number of layers varying slowest.
func (f *sweepFlags) cases() ([]bench.Case, error) {
	var lists [3][]int
	for i, l := range []struct{ name, text string }{{"num-layers", f.layers}, {"batch-size", f.batches}, {"width", f.widths}} {
		var err error
		if lists[i], err = integers(l.name, l.text); err != nil {
			return nil, err
		}
	}
	cases := []bench.Case{{Backend: f.backend}}
	cases = combine(cases, lists[0], func(c *bench.Case, v int) { c.NumLayers = v })
	cases = combine(cases, lists[1], func(c *bench.Case, v int) { c.BatchSize = v })
	cases = combine(cases, lists[2], func(c *bench.Case, v int) { c.Width = v })
	cases = combine(cases, f.activations, func(c *bench.Case, v string) { c.Activation = v })
	cases = combine(cases, f.optimizers, func(c *bench.Case, v string) { c.Optimizer = v })
	cases = combine(cases, f.dropouts, func(c *bench.Case, v float64) { c.Dropout = v })
	cases = combine(cases, f.inputs, func(c *bench.Case, v string) { c.Input = v })
	cases = combine(cases, f.threads, func(c *bench.Case, v int) { c.Threads = v })
	for _, c := range cases {
		if c.NumLayers == 0 || c.BatchSize == 0 || c.Width == 0 || c.Threads == 0 {
			return nil, errors.New("batch size, number of layers, width and threads must not be 0")
		}
		if err := c.Validate(); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// combine returns every case with every value.
func combine[T any](cases []bench.Case, values []T, set func(*bench.Case, T)) []bench.Case {
	var out []bench.Case
	for _, c := range cases {
		for _, v := range values {
			set(&c, v)
			out = append(out, c)
		}
	}
	return out
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

func (a *app) bench(ctx context.Context, cases []bench.Case, data *dataFlags, o *benchOptions) error {
	all, _, err := data.load()
	if err != nil {
		return err
	}
	train, val, err := all.Split(0.1) // the rows that a training has
	if err != nil {
		return err
	}
	report := benchReport{CPU: cpuName(), Results: []benchResult{}}
	for i, c := range cases {
		fmt.Fprintf(a.stderr, "%d/%d %s\n", i+1, len(cases), c.Name())
		r, err := o.measure(ctx, c, train, val)
		if err != nil {
			if ctx.Err() != nil && len(report.Results) > 0 {
				return errors.Join(err, a.printBench(&report, o))
			}
			return err
		}
		report.Results = append(report.Results, r)
	}
	return a.printBench(&report, o)
}
