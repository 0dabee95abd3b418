package search_test

import (
	"context"
	"fmt"

	"mnisttune/search"
)

// Nine configurations train for one epoch each, the best three of them for three, and the
// best of those for nine.
func ExampleHalving() {
	space, _ := search.NewSpace(search.LogFloat("rate", 1e-4, 1), search.Int("epochs", 1, 9))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Halving{Resource: "epochs"}, Seed: 1})
	train := func(_ context.Context, e *search.Evaluation) (float64, error) {
		rate, _ := e.Params.Float("rate")
		epochs, _ := e.Params.Float("epochs")
		return (rate-0.1)*(rate-0.1) + 1/epochs, nil
	}
	if err := search.Optimize(context.Background(), study, train, search.OptimizeOptions{Trials: 13, Jobs: 2}); err != nil {
		fmt.Println(err)
		return
	}
	epochs := map[int]int{}
	for _, trial := range study.Trials() {
		n, _ := trial.Params.Int("epochs")
		epochs[n]++
	}
	best, _ := study.Best()
	fmt.Println("trials by epochs:", epochs)
	fmt.Println("best: trial", best.Number, "from trial", string(best.Attrs["halving_from"]))
	// Output:
	// trials by epochs: map[1:9 3:3 9:1]
	// best: trial 12 from trial 9
}

// Eight trials have one value in each eighth of a parameter's range.
func ExampleSobol() {
	space, _ := search.NewSpace(search.Float("x", 0, 8), search.Words("rule", "sgd", "adam"))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Sobol{}, Seed: 1})
	eighths, rules := map[int]int{}, map[string]int{}
	for range 8 {
		trial, err := study.Ask(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		x, _ := trial.Params.Float("x")
		rule, _ := trial.Params.Text("rule")
		eighths[int(x)]++
		rules[rule]++
	}
	fmt.Println(eighths, rules)
	// Output: map[0:1 1:1 2:1 3:1 4:1 5:1 6:1 7:1] map[adam:4 sgd:4]
}
