package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mnisttune/search"
	"mnisttune/search/journal"
)

// listed proposes the values of x in a list, one after the other.
type listed []float64

func (l listed) Sample(_ context.Context, req search.Request) (search.Params, error) {
	if req.Number >= len(l) {
		return nil, search.ErrExhausted
	}
	return search.Params{"x": l[req.Number]}, nil
}

// greedy goes to half of the best x that it knows: it reads results.
type greedy struct{}

func (greedy) Sample(_ context.Context, req search.Request) (search.Params, error) {
	x := 1.0
	if best, ok := search.BestOf(req.Directions[0], req.History); ok {
		x, _ = best.Params.Float("x")
		x /= 2
	}
	return search.Params{"x": x}, nil
}

func line(t testing.TB) search.Space {
	t.Helper()
	s, err := search.NewSpace(search.Float("x", 0, 10))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shifted is x plus a hundredth of the seed; an x of 9 fails.
func shifted(seed uint64) search.Objective {
	return func(_ context.Context, e *search.Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		if x == 9 {
			return 0, errors.New("nine")
		}
		return x + float64(seed)/100, nil
	}
}

// scored is x plus an error that depends on the fresh seed.
func scored(_ context.Context, t search.Trial, seed uint64) (float64, error) {
	x, _ := t.Params.Float("x")
	return x + float64(seed%maxSeeds)/1000 + float64(seed/maxSeeds)/10, nil
}

// essence is a result without its times and counts of earlier trials.
func essence(r *Result) string {
	var b strings.Builder
	for _, m := range r.Methods {
		fmt.Fprintln(&b, m.Name, m.Curve, m.Score, m.BestDifference, m.ScoreDifference, m.Reports)
		for _, s := range m.Studies {
			fmt.Fprintln(&b, s.Seed, s.Best, s.Recommended.Number, s.Recommended.Params, s.Scores, s.Finished, s.Exhausted)
			for _, t := range s.Trials {
				fmt.Fprintln(&b, t.Number, t.State, t.Params, t.Values, t.Error)
			}
		}
	}
	return b.String()
}

// Three methods whose curves can be written down.
func TestCurves(t *testing.T) {
	r, err := Run(t.Context(), Config{
		Space: line(t), Objective: shifted, Trials: 5, Seeds: 3, FirstSeed: 1, Retrain: 2, Score: scored, Reference: "down",
		Methods: []Method{
			{Name: "failing", Sampler: listed{9, 4, 9, 3, 5}},
			{Name: "down", Sampler: listed{5, 4, 3, 2, 1}},
			{Name: "short", Sampler: listed{2, 8, 6}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for i, c := range []struct {
		name      string
		best      []float64 // less the seed's part
		curve     []float64 // means; the mean of the seeds' parts is 0.02
		score     float64   // x, seeds 1 to 3 (mean 0.002), fresh ones (mean 0.15)
		scoreDiff float64
		exhausted bool
	}{
		{"failing", []float64{nan, 4, 4, 3, 3}, []float64{nan, 4.02, 4.02, 3.02, 3.02}, 3.152, 2, false},
		{"down", []float64{5, 4, 3, 2, 1}, []float64{5.02, 4.02, 3.02, 2.02, 1.02}, 1.152, 0, false},
		{"short", []float64{2, 2, 2}, []float64{2.02, 2.02, 2.02, 2.02, 2.02}, 2.152, 1, true},
	} {
		m := r.Methods[i]
		if m.Name != c.name || len(m.Studies) != 3 || len(m.Curve) != 5 {
			t.Fatalf("%s: %d studies, %d points of method %s", c.name, len(m.Studies), len(m.Curve), m.Name)
		}
		for j, s := range m.Studies {
			if s.Seed != uint64(j+1) || !s.Finished || s.Exhausted != c.exhausted || len(s.Best) != len(c.best) {
				t.Errorf("%s: study %+v", c.name, s)
			}
			for k, want := range c.best {
				if !near(s.Best[k], want+float64(s.Seed)/100) {
					t.Errorf("%s, seed %d: best after %d trials is %v, want %v", c.name, s.Seed, k+1, s.Best[k], want+float64(s.Seed)/100)
				}
			}
			if len(s.Scores) != 2 || s.Scores[0].Seed != FreshSeed(s.Seed, 0) || s.Scores[1].Seed != FreshSeed(s.Seed, 1) {
				t.Errorf("%s: scores %v", c.name, s.Scores)
			}
		}
		for k, want := range c.curve {
			if p := m.Curve[k]; !near(p.Mean, want) || !near(p.Median, want) || p.N != 3 {
				t.Errorf("%s: point %d is %+v, want %v", c.name, k+1, p, want)
			}
		}
		if last := m.Curve[4]; !near(last.SE, 0.01/math.Sqrt(3)) || !near(last.Q25, last.Median-0.005) || !near(last.Q75, last.Median+0.005) {
			t.Errorf("%s: spread %+v", c.name, last)
		}
		if !near(m.Score.Mean, c.score) || m.Score.N != 3 {
			t.Errorf("%s: score %+v, want %v", c.name, m.Score, c.score)
		}
		for what, d := range map[string]Interval{"score": m.ScoreDifference, "best": m.BestDifference} {
			if !near(d.Mean, c.scoreDiff) || !near(d.Low, c.scoreDiff) || !near(d.High, c.scoreDiff) || d.N != 3 {
				t.Errorf("%s: difference of the %s %+v, want %v", c.name, what, d, c.scoreDiff)
			}
		}
	}
}

// Samplers of every kind (blind, reading results, in stages) give the same result for any
// number of jobs, and each study is the one that it is on its own.
func TestSameForAnyJobs(t *testing.T) {
	config := Config{
		Space: line(t), Objective: shifted, Trials: 6, Seeds: 4, Score: scored, Lag: 2,
		Methods: []Method{{Name: "random", Sampler: search.Random{}}, {Name: "greedy", Sampler: greedy{}}, {Name: "staged", Sampler: staged{}}},
	}
	want := ""
	for _, jobs := range []int{1, 2, 5} {
		config.Jobs = jobs
		r, err := Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		got := essence(r)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d jobs:\n%s\nwant\n%s", jobs, got, want)
		}
		for _, m := range r.Methods {
			alone, err := search.NewStudy(search.StudyOptions{Space: config.Space, Sampler: config.Methods[slices.IndexFunc(config.Methods, func(c Method) bool { return c.Name == m.Name })].Sampler, Seed: 3, Lag: 2})
			if err != nil {
				t.Fatal(err)
			}
			if err := search.Optimize(t.Context(), alone, shifted(3), search.OptimizeOptions{Trials: 6}); err != nil {
				t.Fatal(err)
			}
			for i, trial := range alone.Trials() {
				if got := m.Studies[3].Trials[i]; !reflect.DeepEqual(got.Params, trial.Params) || !reflect.DeepEqual(got.Values, trial.Values) {
					t.Errorf("%s: trial %d is %v, alone %v", m.Name, i, got.Params, trial.Params)
				}
			}
		}
	}
}

// staged is greedy by stages of three.
type staged struct{ greedy }

func (staged) Stage(_ search.Space, number int) int { return number / 3 * 3 }

// files keeps studies in a folder.
func files(dir string) func(context.Context, string, *search.StudyOptions) (func() error, error) {
	return func(_ context.Context, method string, o *search.StudyOptions) (func() error, error) {
		log, err := journal.Open(filepath.Join(dir, fmt.Sprintf("%s-%d", method, o.Seed)), journal.Options{})
		if err != nil {
			return nil, err
		}
		o.Journal, o.Workers, o.Worker = log, log, search.NewWorker()
		presence, err := log.Enlist(o.Worker)
		if err != nil {
			return nil, err
		}
		return presence.Close, nil
	}
}

// A comparison that is cut off while it searches, and again while it scores, goes on, does
// nothing twice and ends as one that was not; one of more seeds takes over what is there.
func TestGoesOn(t *testing.T) {
	var evaluated, scorings atomic.Int64
	searching, cutSearch := context.WithCancel(t.Context())
	defer cutSearch()
	scoring, cutScoring := context.WithCancel(t.Context())
	defer cutScoring()
	config := Config{
		Space: line(t), Trials: 4, Seeds: 3, Jobs: 2, Retrain: 2, Keep: files(t.TempDir()),
		Methods: []Method{{Name: "random", Sampler: search.Random{}}, {Name: "greedy", Sampler: greedy{}}},
		Objective: func(seed uint64) search.Objective {
			return func(ctx context.Context, e *search.Evaluation) (float64, error) {
				if evaluated.Add(1) == 10 {
					cutSearch()
				}
				if ctx.Err() != nil {
					evaluated.Add(-1)
					return 0, ctx.Err()
				}
				return shifted(seed)(ctx, e)
			}
		},
		Score: func(ctx context.Context, trial search.Trial, seed uint64) (float64, error) {
			if scorings.Add(1) == 5 {
				cutScoring()
			}
			if ctx.Err() != nil {
				scorings.Add(-1)
				return 0, ctx.Err()
			}
			return scored(ctx, trial, seed)
		},
	}
	r, err := Run(searching, config)
	if !errors.Is(err, context.Canceled) || r == nil || scorings.Load() != 0 {
		t.Fatalf("cut off while searching: %v, %d scorings", err, scorings.Load())
	}
	finished, trials := 0, 0
	for _, m := range r.Methods {
		for _, s := range m.Studies {
			trials += len(s.Trials)
			if s.Finished {
				finished++
			}
		}
	}
	if finished == 0 || finished > 3 || trials < 8 || trials > 10 {
		t.Errorf("cut off after 10 evaluations: %d studies finished, %d trials", finished, trials)
	}
	if _, err = Run(scoring, config); !errors.Is(err, context.Canceled) || evaluated.Load() != 24 {
		t.Fatalf("cut off while scoring: %v, %d evaluations", err, evaluated.Load())
	}
	if r, err = Run(t.Context(), config); err != nil || evaluated.Load() != 24 || scorings.Load() != 12 {
		t.Fatalf("%v, %d evaluations, %d scorings, want 24 and 12", err, evaluated.Load(), scorings.Load())
	}
	config.Keep = nil
	whole, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := essence(r), essence(whole); got != want {
		t.Errorf("cut off twice:\n%s\nwhole:\n%s", got, want)
	}
	for _, s := range r.Methods[1].Studies {
		if s.Earlier != 4 {
			t.Errorf("%d of 4 trials are from earlier", s.Earlier)
		}
	}
}

// More seeds keep what is there; more trials keep the trials and score again what is
// recommended now; fewer trials leave the others out.
func TestOtherSizes(t *testing.T) {
	var evaluated, scorings atomic.Int64
	config := Config{
		Space: line(t), Trials: 3, Seeds: 2, Retrain: 1, Keep: files(t.TempDir()), Methods: []Method{{Name: "down", Sampler: listed{5, 4, 3, 2, 1}}},
		Objective: func(seed uint64) search.Objective {
			return func(ctx context.Context, e *search.Evaluation) (float64, error) {
				evaluated.Add(1)
				return shifted(seed)(ctx, e)
			}
		},
		Score: func(ctx context.Context, trial search.Trial, seed uint64) (float64, error) {
			scorings.Add(1)
			return scored(ctx, trial, seed)
		},
	}
	for _, c := range []struct {
		trials, seeds       int
		evaluated, scorings int64 // all together
		best                float64
	}{{3, 2, 6, 2, 3}, {3, 3, 9, 3, 3}, {5, 3, 15, 6, 1}, {4, 3, 15, 9, 2}} {
		config.Trials, config.Seeds = c.trials, c.seeds
		r, err := Run(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		s := r.Methods[0].Studies[0]
		if evaluated.Load() != c.evaluated || scorings.Load() != c.scorings || s.Best[c.trials-1] != c.best || len(s.Best) != c.trials {
			t.Errorf("%d trials, %d seeds: %d evaluations, %d scorings, best %v", c.trials, c.seeds, evaluated.Load(), scorings.Load(), s.Best)
		}
	}
}

// A clock that moves with each look shows which time goes where; reports are counted.
func TestTimesAndReports(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(0, 0)
	r, err := Run(t.Context(), Config{
		Space: line(t), Trials: 4, Seeds: 2, Methods: []Method{{Name: "random", Sampler: search.Random{}}},
		Objective: func(uint64) search.Objective {
			return func(ctx context.Context, e *search.Evaluation) (float64, error) {
				for step := range e.Number + 1 {
					if err := e.Report(ctx, step, 1); err != nil {
						return 0, err
					}
				}
				return 1, nil
			}
		},
		Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Second)
			return now
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Methods[0]; m.SuggestSeconds != 1 || m.SearchSeconds != 8 || m.Studies[1].SuggestSeconds != 4 {
		t.Errorf("%v s a suggestion, %v s a search, %+v", m.SuggestSeconds, m.SearchSeconds, m.Studies[1])
	}
	if m := r.Methods[0]; m.Reports != 10 || !slices.Equal(m.Studies[0].Reports, []int{1, 3, 6, 10}) {
		t.Errorf("%v reports a study, %v", m.Reports, m.Studies[0].Reports)
	}
}

// Methods take turns at being first, and progress is told of every study.
func TestOrderAndProgress(t *testing.T) {
	var order []string
	_, err := Run(t.Context(), Config{
		Space: line(t), Objective: shifted, Trials: 1, Seeds: 3, Score: scored,
		Methods: []Method{{Name: "a", Sampler: search.Random{}}, {Name: "b", Sampler: search.Random{}}},
		OnProgress: func(p Progress) {
			order = append(order, fmt.Sprintf("%s%d %d/%d %t", p.Method, p.Study.Seed, p.Done, p.Total, p.Scored))
			if p.Scored != (len(p.Study.Scores) == 3) || !p.Study.Finished {
				t.Errorf("%+v", p)
			}
		},
	})
	want := "a0 1/6 false,b0 2/6 false,b1 3/6 false,a1 4/6 false,a2 5/6 false,b2 6/6 false," +
		"a0 1/6 true,b0 2/6 true,a1 3/6 true,b1 4/6 true,a2 5/6 true,b2 6/6 true"
	if got := strings.Join(order, ","); err != nil || got != want {
		t.Errorf("%v, %s, want %s", err, got, want)
	}
}

// Trials and scores that fail are counted out; a study without a complete trial stops
// nobody.
func TestFailures(t *testing.T) {
	r, err := Run(t.Context(), Config{
		Space: line(t), Objective: shifted, Trials: 2, Seeds: 2, FirstSeed: 1, Retrain: 3,
		Methods: []Method{{Name: "good", Sampler: listed{2, 1}}, {Name: "bad", Sampler: listed{9, 9}}},
		Score: func(_ context.Context, _ search.Trial, seed uint64) (float64, error) {
			switch seed {
			case FreshSeed(1, 0):
				return 0, errors.New("diverged")
			case FreshSeed(1, 1):
				return math.Inf(1), nil
			}
			return 7, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := r.Methods[0], r.Methods[1]
	if s := good.Studies[0].Scores; s[0].Error != "diverged" || s[1].Error != "the score is +Inf" || s[2].Value != 7 || good.Score.Mean != 7 || good.Score.N != 2 {
		t.Errorf("scores %+v, together %+v", s, good.Score)
	}
	if s := bad.Studies[1]; !s.Finished || s.Recommended != nil || len(s.Trials) != 2 || bad.Score.N != 0 || bad.ScoreDifference.N != 0 || !math.IsNaN(bad.Curve[1].Mean) {
		t.Errorf("%+v, %+v", s, bad)
	}
}

// What stops a study stops the comparison, and says which study it was.
func TestErrors(t *testing.T) {
	space := line(t)
	good := func() Config {
		return Config{Space: space, Objective: shifted, Trials: 2, Seeds: 2, Methods: []Method{{Name: "random", Sampler: search.Random{}}}}
	}
	for want, change := range map[string]func(*Config){
		"there is no objective":                    func(c *Config) { c.Objective = nil },
		"there are no methods":                     func(c *Config) { c.Methods = nil },
		"method 0 has no name":                     func(c *Config) { c.Methods[0].Name = "" },
		`two methods "random"`:                     func(c *Config) { c.Methods = append(c.Methods, c.Methods[0]) },
		`method "random" has no sampler`:           func(c *Config) { c.Methods[0].Sampler = nil },
		`space of method "random" has no`:          func(c *Config) { c.Space = search.Space{} },
		`reference "magic" is none of the methods`: func(c *Config) { c.Reference = "magic" },
		"must be positive":                         func(c *Config) { c.Trials = -1 },
		"compare: random, seed 0: no room": func(c *Config) {
			c.Keep = func(context.Context, string, *search.StudyOptions) (func() error, error) {
				return nil, errors.New("no room")
			}
		},
		"random, seed 0: search: parameter \"x\" is missing": func(c *Config) { c.Methods[0].Sampler = wrong{} },
		"random, seed 1: not closed": func(c *Config) {
			c.Keep = func(_ context.Context, _ string, o *search.StudyOptions) (func() error, error) {
				return func() error {
					if o.Seed == 1 {
						return errors.New("not closed")
					}
					return nil
				}, nil
			}
		},
	} {
		c := good()
		change(&c)
		if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := Run(t.Context(), good()); err != nil {
		t.Error(err)
	}
}

// wrong proposes nothing.
type wrong struct{}

func (wrong) Sample(context.Context, search.Request) (search.Params, error) {
	return search.Params{}, nil
}

// A method's own space takes the place of the common one.
func TestOwnSpace(t *testing.T) {
	own, err := search.NewSpace(search.OneOf("x", 1.0, 2.0))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Config{
		Space: line(t), Objective: shifted, Trials: 3, Seeds: 1, Direction: search.Maximize,
		Methods: []Method{{Name: "grid", Sampler: search.Grid{}, Space: own}, {Name: "random", Sampler: search.Random{}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Methods[0].Studies[0]; len(s.Trials) != 2 || !s.Exhausted || s.last() != 2 || r.Methods[0].Space.Len() != 1 {
		t.Errorf("%+v", s)
	}
	if s := r.Methods[1].Studies[0]; len(s.Trials) != 3 || s.Exhausted {
		t.Errorf("%+v", s)
	}
}
