// Package compare holds methods of searching against each other: each searches the same
// space for the same objective with the same seeds, and what it recommends is judged
// anew with seeds that no search has seen.
//
//	result, err := compare.Run(ctx, compare.Config{
//		Space:     space,
//		Direction: search.Minimize,
//		Methods: []compare.Method{
//			{Name: "random", Sampler: search.Random{}},
//			{Name: "bayes", Sampler: &bayes.Sampler{}},
//		},
//		Objective: func(seed uint64) search.Objective { return train(seed) },
//		Score:     func(ctx context.Context, t search.Trial, seed uint64) (float64, error) { return judge(ctx, t.Params, seed) },
//		Trials:    30, Seeds: 10, Retrain: 3,
//	})
//
// How it is made fair:
//
//   - A study of every method is done for each seed. The seed is the sampler's and the
//     objective's, so differences between methods are taken within a seed (paired) and
//     what the seeds have in common falls out.
//   - Studies are done seed by seed, the methods in an order that moves on by one with
//     each seed, so that a machine that slows down or speeds up does so for all of them.
//   - Within a study trials are evaluated one after the other, and Jobs studies are done
//     at a time: the result, but for its times, is the same for any number of jobs.
//   - The best value of a study is the best of many noisy ones, and too good. So each
//     study's recommended trial is scored with fresh seeds, after all searching is done.
//
// The values of a curve are best so far: a failed or pruned trial is no improvement, and a
// study that has exhausted its space keeps its last best.
//
// With Config.Keep studies and scores are kept in journals; a comparison that was cut off
// goes on with the same Config, and one of more seeds or trials takes over what is there.
//
// The package imports the standard library and search.
package compare
