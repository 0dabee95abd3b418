package tune_test

import (
	"context"
	"fmt"
	"log"

	"mnisttune/mnist"
	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
)

// Embedding: search on the first 2,000 images, train the winner, judge it.
func Example() {
	ctx := context.Background()
	all, test, err := mnist.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	small, _ := all.Slice(0, 2000)
	train, val, _ := small.Split(0.1)

	objective := &tune.Objective{Base: nn.Config{Epochs: 3, Seed: 1}, Train: train, Val: val}
	study, err := search.NewStudy(search.StudyOptions{
		Space: tune.DefaultSpace(), Directions: []search.Direction{objective.Direction()}, Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := search.Optimize(ctx, study, objective.Evaluate, search.OptimizeOptions{Trials: 6, Jobs: 2}); err != nil {
		log.Fatal(err)
	}
	best, _ := study.Best()
	winner, _, err := objective.Refit(ctx, best.Params, 3, small, nn.Options{})
	if err != nil {
		log.Fatal(err)
	}
	metrics, err := winner.Evaluate(ctx, test)
	fmt.Println(len(study.Trials()), metrics.Accuracy > 0.8, err)
	// Output: 6 true <nil>
}
