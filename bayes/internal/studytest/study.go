// Package studytest runs studies of samplers that are known by nothing but their requests,
// for the tests of bayes and of tpe.
package studytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mnisttune/search"
)

// Suggest makes one suggestion, whose random source depends on the seed and the number, and
// returns it as a running trial.
func Suggest(s search.Sampler, space search.Space, ds []search.Direction, history []search.Trial, seed uint64) (search.Trial, error) {
	n := len(history)
	req := search.Request{
		Space: space, Directions: ds, History: history, Number: n,
		Rand: rand.New(rand.NewPCG(seed, uint64(n))), Seed: seed, Attrs: map[string]any{},
	}
	p, err := s.Sample(context.Background(), req)
	if err != nil {
		return search.Trial{}, err
	}
	if _, err := space.Check(p); err != nil {
		return search.Trial{}, fmt.Errorf("not a configuration of the space: %w", err)
	}
	t := search.Trial{Number: n, State: search.Running, Params: p, Attrs: map[string]json.RawMessage{}}
	for k, v := range req.Attrs {
		raw, err := json.Marshal(v)
		if err != nil {
			return search.Trial{}, fmt.Errorf("attribute %s: %w", k, err)
		}
		t.Attrs[k] = raw
	}
	return t, nil
}

// Ask is Suggest for one direction.
func Ask(s search.Sampler, space search.Space, d search.Direction, history []search.Trial, seed uint64) (search.Trial, error) {
	return Suggest(s, space, []search.Direction{d}, history, seed)
}

// Study runs n trials; trial i is chosen from the results of those up to i-lag. A NaN fails
// the trial; a repetition fails the test. It ends early where the space is exhausted.
func Study(t testing.TB, s search.Sampler, space search.Space, d search.Direction, f func(search.Params) float64, n, lag int, seed uint64) []search.Trial {
	t.Helper()
	var done []search.Trial
	keys := map[string]bool{}
	for i := range n {
		known := slices.Clone(done)
		for j := max(0, i-lag+1); j < i; j++ {
			known[j].State, known[j].Values = search.Running, nil
		}
		trial, err := Ask(s, space, d, known, seed)
		if errors.Is(err, search.ErrExhausted) {
			return done
		}
		if err != nil {
			t.Fatalf("trial %d: %v", i, err)
		}
		if key := space.Key(trial.Params); keys[key] {
			t.Fatalf("trial %d repeats %v", i, trial.Params)
		} else {
			keys[key] = true
		}
		if v := f(trial.Params); math.IsNaN(v) {
			trial.State = search.Failed
		} else {
			trial.State, trial.Values = search.Complete, []float64{v}
		}
		done = append(done, trial)
	}
	return done
}
