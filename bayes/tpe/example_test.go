package tpe_test

import (
	"context"
	"fmt"
	"math"

	"mnisttune/bayes/tpe"
	"mnisttune/search"
)

// accuracy stands for the training of a network: it is best at a learning rate of
// 0.003 with 2 layers.
func accuracy(_ context.Context, e *search.Evaluation) (float64, error) {
	rate, _ := e.Params.Float("learning_rate")
	layers, _ := e.Params.Float("num_layers")
	return 0.98 - 0.02*math.Pow(math.Log10(rate/0.003), 2) - 0.01*math.Abs(layers-2), nil
}

func ExampleSampler() {
	space, err := search.NewSpace(search.LogFloat("learning_rate", 1e-5, 1), search.Int("num_layers", 1, 4))
	if err != nil {
		fmt.Println(err)
		return
	}
	study, err := search.NewStudy(search.StudyOptions{
		Space: space, Directions: []search.Direction{search.Maximize}, Sampler: &tpe.Sampler{}, Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := search.Optimize(context.Background(), study, accuracy, search.OptimizeOptions{Trials: 40}); err != nil {
		fmt.Println(err)
		return
	}
	best, _ := study.Best()
	value, _ := best.Value()
	fmt.Printf("%.2f with %v layers\n", value, best.Params["num_layers"])
	// Output: 0.98 with 2 layers
}
