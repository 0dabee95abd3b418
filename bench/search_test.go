package bench

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"mnisttune/bench/problem"
	"mnisttune/bench/suggest"
)

// BenchmarkSearch runs every method on every problem of bench/problem, some seeds of
// each an iteration, and reports means over the seeds: the regret after 15, 30, ...
// trials, and where the problem has a target the median number of trials to it (one
// more than there were for a search that did not get there).
//
// MNIST_TUNE_SEARCH_SEEDS (default 2) and MNIST_TUNE_SEARCH_TRIALS (default 30) say how
// many seeds and how long. MNIST_TUNE_SEARCH_TABLES is a folder of further tables: then
// those are the problems.
func BenchmarkSearch(b *testing.B) {
	seeds, trials := fromEnv(b, "MNIST_TUNE_SEARCH_SEEDS", 2), fromEnv(b, "MNIST_TUNE_SEARCH_TRIALS", 30)
	for _, p := range searchProblems(b) {
		for _, m := range suggest.Methods() {
			if !m.Suits(p) {
				continue
			}
			b.Run(fmt.Sprintf("problem=%s/method=%s", p.Name, m.Name), func(b *testing.B) {
				var results []suggest.Result
				for b.Loop() {
					results = results[:0]
					for seed := range seeds {
						r, err := suggest.Measure(b.Context(), m, p, problem.Options{Trials: trials, Seed: uint64(seed)})
						if err != nil {
							b.Fatal(err)
						}
						results = append(results, r)
					}
				}
				reportSearch(b, p, results, trials)
			})
		}
	}
}

func reportSearch(b *testing.B, p problem.Problem, results []suggest.Result, trials int) {
	n, ms := float64(len(results)), 0.0
	var solved []int
	for _, r := range results {
		ms += 1e3 * r.PerSuggestion.Seconds() / n
		if r.Solved == 0 {
			r.Solved = trials + 1
		}
		solved = append(solved, r.Solved)
	}
	for _, after := range []int{15, 30, 50, 100, 200} {
		if after > trials {
			break
		}
		regret := 0.0
		for _, r := range results {
			regret += r.Curve[after-1] / n
		}
		if !math.IsNaN(regret) { // nothing was found yet
			b.ReportMetric(regret, fmt.Sprintf("regret@%d", after))
		}
	}
	if p.Target > 0 {
		slices.Sort(solved)
		b.ReportMetric(float64(solved[(len(solved)-1)/2]+solved[len(solved)/2])/2, "trials-to-target")
	}
	b.ReportMetric(ms, "ms/suggestion")
}

// searchProblems returns the problems of the benchmark.
func searchProblems(b *testing.B) []problem.Problem {
	b.Helper()
	var out []problem.Problem
	add := func(p problem.Problem, err error) {
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, p)
	}
	folder, further := os.LookupEnv("MNIST_TUNE_SEARCH_TABLES")
	if !further {
		for _, name := range problem.Names() {
			add(problem.Named(name))
		}
		return out
	}
	tables, err := problem.TablesIn(os.DirFS(folder))
	if err != nil {
		b.Fatal(err)
	}
	for _, width := range []int{problem.Width, 0} {
		for _, t := range tables {
			add(t.Problem(width, false))
			add(t.Problem(width, true))
		}
	}
	return out
}

// fromEnv returns a positive integer of the environment.
func fromEnv(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s: want a number of 1 or more (got %q)", name, text)
	}
	return n
}
