// Search measures how good mnist-tune's suggestions are, for the page bench/SEARCH.md,
// and says what the problems are to those who measure other programs on them. See
// README.md.
//
//	go run . -describe                          the problems, as one JSON object
//	go run . -methods bayes -seeds 20           a JSON object for every search
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"

	"mnisttune/bench/problem"
	"mnisttune/bench/suggest"
	"mnisttune/search"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.BoolVar(&o.describe, "describe", false, "print the problems instead of measuring")
	flag.StringVar(&o.methods, "methods", "", "only these methods, separated by commas (default all)")
	flag.StringVar(&o.problems, "problems", "", "only these problems, separated by commas (default all)")
	flag.StringVar(&o.tables, "tables", "", "a folder of further tables, which are then the problems")
	flag.IntVar(&o.seeds, "seeds", 20, "searches of every problem")
	flag.IntVar(&o.trials, "trials", 50, "trials of a search")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	describe                  bool
	methods, problems, tables string
	seeds, trials             int
}

func run(ctx context.Context, o options, out io.Writer) error {
	problems, err := o.selected()
	if err != nil {
		return err
	}
	if o.describe {
		return describe(problems, out)
	}
	if o.seeds < 1 || o.trials < 1 {
		return errors.New("-seeds and -trials must be 1 or more")
	}
	lines, names := json.NewEncoder(out), list(o.methods)
	for _, m := range suggest.Methods() {
		if names != nil && !slices.Contains(names, m.Name) {
			continue
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == m.Name })
		for _, p := range problems {
			if !m.Suits(p) {
				continue
			}
			for seed := range o.seeds {
				r, err := suggest.Measure(ctx, m, p, problem.Options{Trials: o.trials, Seed: uint64(seed)})
				if err != nil {
					return err
				}
				if err := lines.Encode(newLine(m, p, seed, r)); err != nil {
					return err
				}
			}
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("-methods: there is no method %s", strings.Join(names, ", "))
	}
	return nil
}

// list splits a flag; nil for an empty one.
func list(flag string) []string {
	if flag == "" {
		return nil
	}
	return strings.Split(flag, ",")
}

// selected returns the problems that the flags ask for.
func (o options) selected() (out []problem.Problem, err error) {
	if o.tables != "" {
		return furtherTables(o.tables)
	}
	names := problem.Names()
	if o.problems != "" {
		names = list(o.problems)
	}
	for _, name := range names {
		p, err := problem.Named(name)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// furtherTables returns the problems of the tables in a folder.
func furtherTables(folder string) (out []problem.Problem, err error) {
	tables, err := problem.TablesIn(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	for _, width := range []int{problem.Width, 0} {
		for _, noisy := range []bool{false, true} {
			for _, t := range tables {
				p, err := t.Problem(width, noisy)
				if err != nil {
					return nil, err
				}
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// line is what is printed of a search; rivals.py writes the same, and its version.
type line struct {
	Tool    string     `json:"tool"`
	Problem string     `json:"problem"`
	Seed    int        `json:"seed"`
	Curve   []*float64 `json:"curve"` // regret after every trial; null: nothing is found yet
	Solved  *int       `json:"solved"`
	MS      float64    `json:"ms"` // a suggestion
}

func newLine(m suggest.Method, p problem.Problem, seed int, r suggest.Result) line {
	l := line{Tool: m.Name, Problem: p.Name, Seed: seed, MS: 1e3 * r.PerSuggestion.Seconds()}
	for _, regret := range r.Curve {
		if math.IsNaN(regret) {
			l.Curve = append(l.Curve, nil)
		} else {
			l.Curve = append(l.Curve, new(regret))
		}
	}
	if r.Solved > 0 {
		l.Solved = &r.Solved
	}
	return l
}

// description is what is said of a problem.
type description struct {
	Name      string       `json:"name"`
	Direction string       `json:"direction"`
	Space     search.Space `json:"space"`
	Noisy     bool         `json:"noisy"`
	Best      float64      `json:"best"`
	Scale     float64      `json:"scale"`
	Target    float64      `json:"target"`
	// Random is the expected regret of random search without repeats by the number of
	// trials, where it can be computed.
	Random map[int]float64 `json:"random,omitempty"`
	Points []point         `json:"points"` // to hold other implementations against
}

type point struct {
	Params search.Params `json:"params"`
	Value  *float64      `json:"value"` // without noise; null: the evaluation fails
}

// describe prints the problems with 50 random points of each.
func describe(problems []problem.Problem, out io.Writer) error {
	all := []description{}
	for _, p := range problems {
		d := description{
			Name: p.Name, Direction: p.Direction.String(), Space: p.Space, Noisy: p.Noisy(),
			Best: p.Best, Scale: p.Scale, Target: p.Target, Random: map[int]float64{},
		}
		for _, n := range []int{15, 30, 50} {
			if regret, ok := problem.ExpectedRandom(p, n); ok && !p.Noisy() {
				d.Random[n] = regret
			}
		}
		r, u := rand.New(rand.NewPCG(1, 1)), make([]float64, p.Space.Len())
		for range 50 {
			for i := range u {
				u[i] = r.Float64()
			}
			c := p.Space.Decode(u)
			q := point{Params: c}
			if value := p.Value(c); !math.IsNaN(value) {
				q.Value = &value
			}
			d.Points = append(d.Points, q)
		}
		all = append(all, d)
	}
	return json.NewEncoder(out).Encode(map[string]any{"problems": all})
}
