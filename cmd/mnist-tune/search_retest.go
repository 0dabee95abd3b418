package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"mnisttune/nn/tune"
	"mnisttune/search"
)

// retestFlags say which configurations are trained again before one is recommended.
type retestFlags struct{ top, seeds int }

// defaultRetestSeeds is how many trainings of a configuration a retest has by default.
const defaultRetestSeeds = 3

func (f *retestFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.top, "retest", 0, "train the best K configurations again with fresh seeds and recommend the best of those, not the luckiest trial")
	cmd.Flags().IntVar(&f.seeds, "retest-seeds", defaultRetestSeeds, "fresh seeds of a configuration for --retest")
}

func (f *retestFlags) check() error {
	if f.top < 0 || f.seeds < 1 {
		return usage(fmt.Errorf("--retest must be 0 or more and --retest-seeds 1 or more (got %d, %d)", f.top, f.seeds))
	}
	return nil
}

// retestAttr is the study's user attribute with the retests so far, a list of
// tune.Retested.
const retestAttr = search.AttrPrefix + "retest"

// parseRetests reads the attribute; a study without it has none.
func parseRetests(raw json.RawMessage) ([]tune.Retested, error) {
	if raw == nil {
		return nil, nil
	}
	var done []tune.Retested
	if err := json.Unmarshal(raw, &done); err != nil {
		return nil, fmt.Errorf("attribute %s: %w", retestAttr, err)
	}
	return done, nil
}

// retest trains the best configurations again, but for those that were, and has the
// report recommend one.
func (p *plan) retest(ctx context.Context, a *app, r *searchReport) error {
	if p.training == nil || p.settings.Retest == 0 {
		return nil
	}
	done, err := parseRetests(p.study.Attr(retestAttr))
	if err != nil {
		return err
	}
	candidates := search.Top(p.directions[0], p.study.Trials(), p.settings.Retest)
	todo := slices.DeleteFunc(slices.Clone(candidates), func(t search.Trial) bool {
		_, ok := retestOf(done, t.Number, p.settings.RetestSeeds)
		return ok
	})
	if len(todo) > 0 {
		fmt.Fprintf(a.stderr, "training the best %d configurations again, with %d fresh seeds each\n", len(todo), p.settings.RetestSeeds)
	}
	if done, err = p.retestAll(ctx, todo, done); err != nil {
		return err
	}
	r.recommend(p.directions[0], candidates, done, p.settings.RetestSeeds)
	return nil
}

// retestOf returns the retest of a trial with so many seeds.
func retestOf(done []tune.Retested, trial, seeds int) (tune.Retested, bool) {
	i := slices.IndexFunc(done, func(r tune.Retested) bool { return r.Trial == trial && r.Seeds[1]-r.Seeds[0]+1 == uint64(seeds) })
	if i < 0 {
		return tune.Retested{}, false
	}
	return done[i], true
}

// retestAll retests trials, jobs at a time, and writes each result down when it is there.
func (p *plan) retestAll(ctx context.Context, trials []search.Trial, done []tune.Retested) ([]tune.Retested, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var workers sync.WaitGroup
	queue := make(chan search.Trial, len(trials))
	for _, t := range trials {
		queue <- t
	}
	close(queue)
	work := func() error {
		for t := range queue {
			result, err := p.training.Retest(ctx, t, p.settings.RetestSeeds)
			if err != nil {
				return err
			}
			mu.Lock()
			done = append(done, result)
			slices.SortFunc(done, func(a, b tune.Retested) int { return a.Trial - b.Trial })
			err = p.study.SetStudyAttr(ctx, retestAttr, done)
			mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, min(p.jobs, len(trials)))
	for i := range errs {
		workers.Go(func() {
			if errs[i] = work(); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return done, fmt.Errorf("retest: %w", err)
		}
	}
	return done, nil
}

// recommend takes over the retests of the candidates (the best trials, best first) and
// recommends the one of the best mean, ties to the one that was better before.
func (r *searchReport) recommend(d search.Direction, candidates []search.Trial, done []tune.Retested, seeds int) {
	var leader *search.Trial
	var best tune.Retested
	for i, t := range candidates {
		result, ok := retestOf(done, t.Number, seeds)
		if !ok {
			continue
		}
		r.Retests = append(r.Retests, result)
		if result.Error == "" && (leader == nil || d.Better(result.Mean, best.Mean)) {
			leader, best = &candidates[i], result
		}
	}
	if leader == nil {
		if len(r.Retests) > 0 && r.Recommended != nil {
			r.Recommended.Why = "every retest failed; it is the best observed"
		}
		return
	}
	r.Recommended = &recommendedReport{Number: leader.Number, Params: maps.Clone(leader.Params), Mean: best.Mean, Scores: best.Scores}
	if len(best.Scores) > 1 {
		r.Recommended.SD = &best.SD
	}
	r.refitEpochs = best.BestEpoch
	r.Recommended.Why = fmt.Sprintf("the best mean of %d fresh trainings among %d retested configurations", len(best.Scores), len(r.Retests))
	if first, ok := retestOf(done, candidates[0].Number, seeds); ok && leader.Number != candidates[0].Number {
		r.Recommended.Why += fmt.Sprintf(": %.4f; the best observed, #%d, came to %s", best.Mean, candidates[0].Number, retestOutcome(first))
	}
}

func retestOutcome(r tune.Retested) string {
	if r.Error != "" {
		return "nothing: " + r.Error
	}
	return fmt.Sprintf("%.4f", r.Mean)
}
