package tpe_test

import (
	"testing"

	"mnisttune/bayes/tpe"
	"mnisttune/bench/problem"
	"mnisttune/search"
)

// regret returns the mean regret after n trials over so many seeds.
func regret(t *testing.T, s search.Sampler, name string, n, lag, seeds int) float64 {
	t.Helper()
	p, err := problem.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for seed := range uint64(seeds) {
		trials, err := problem.Run(t.Context(), s, p, problem.Options{Trials: n, Seed: seed, Lag: lag})
		if err != nil {
			t.Fatal(err)
		}
		mean += problem.RegretOf(p, trials, nil) / float64(seeds)
	}
	return mean
}

// Regrets after 50 trials, within what doc.go says of them; random search is far above.
func TestRegretAfter50(t *testing.T) {
	seeds := 10
	if testing.Short() {
		seeds = 5
	}
	for _, c := range []struct {
		name  string
		lag   int
		limit float64
	}{
		{"branin", 1, 0.2}, {"hartmann6", 1, 0.7}, {"australian", 1, 0.06}, {"vehicle", 1, 0.014},
		{"conditional", 1, 0.2}, {"descent", 1, 0.02}, {"branin", 4, 0.35}, {"vehicle", 4, 0.016},
	} {
		ours := regret(t, &tpe.Sampler{}, c.name, 50, c.lag, seeds)
		random := regret(t, search.Random{}, c.name, 50, 1, seeds)
		t.Logf("%s, lag %d: %.4f, random search %.4f", c.name, c.lag, ours, random)
		if ours > c.limit || random < c.limit {
			t.Errorf("%s, lag %d: the mean regret is %.4f (random search: %.4f), want at most %.4f", c.name, c.lag, ours, random, c.limit)
		}
	}
}
