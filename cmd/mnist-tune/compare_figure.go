package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mnisttune/cmd/mnist-tune/internal/chart"
	"mnisttune/search"
	"mnisttune/search/compare"
)

// draw writes the figures that were asked for; of no finished study there is none.
func (c *comparison) draw(r *compare.Result) error {
	figure, ok := c.figure(r)
	if !ok {
		return nil
	}
	return errors.Join(writeFile(c.flags.png, figure.WritePNG), writeFile(c.flags.svg, figure.WriteSVG))
}

// figure shows medians and quartiles: means are dominated by the first trials that learn
// nothing.
func (c *comparison) figure(r *compare.Result) (figure *chart.Figure, ok bool) {
	var names []string
	for _, p := range c.spaces[0].Params() {
		names = append(names, p.Name)
	}
	figure = &chart.Figure{
		Title:       fmt.Sprintf("%s: %s; seeds %d, trials %d", c.flags.data.name(), strings.Join(names, ", "), c.flags.seeds, r.Trials),
		XLabel:      "trials",
		YLabel:      fmt.Sprintf("best %s so far (median, quartiles)", c.flags.metric),
		ScoreLabel:  "test accuracy, retrained (mean, 95 % interval)",
		SmallerBest: c.plan.directions[0] == search.Minimize,
	}
	for _, m := range r.Methods {
		out := chart.Method{Name: m.Name}
		for _, p := range m.Curve {
			ok = true
			out.Mid, out.Low, out.High = append(out.Mid, p.Median), append(out.Low, p.Q25), append(out.High, p.Q75)
		}
		for _, s := range m.Studies {
			if score, known := s.Score(); known {
				out.Scores = append(out.Scores, score)
			}
		}
		interval := compare.TInterval(out.Scores)
		out.Mean, out.From, out.To = interval.Mean, interval.Low, interval.High
		figure.Methods = append(figure.Methods, out)
	}
	return figure, ok
}

// name returns what a figure calls the data.
func (f *dataFlags) name() string {
	if f.dir == "" {
		return "MNIST"
	}
	return filepath.Base(f.dir)
}

// writeFile writes a file whole or not at all; an empty name is none.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".mnist-tune-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}

// checkFile refuses a place that no file can be written in, before hours are spent.
func checkFile(flag, name string) error {
	if name == "" {
		return nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return usage(fmt.Errorf("--%s %s: there is something that is not a file", flag, name))
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".mnist-tune-*")
	if err != nil {
		return usage(fmt.Errorf("--%s %s: cannot write there: %w", flag, name, errors.Unwrap(err)))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
