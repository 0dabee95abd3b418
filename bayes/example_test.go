package bayes_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"mnisttune/bayes"
	"mnisttune/search"
)

// accuracy stands for the training of a network: it is best at a learning rate
// of 0.003 with 2 layers, and diverges above 0.3.
func accuracy(_ context.Context, e *search.Evaluation) (float64, error) {
	rate, _ := e.Params.Float("learning_rate")
	layers, _ := e.Params.Float("num_layers")
	if rate > 0.3 {
		return math.NaN(), nil
	}
	return 0.98 - 0.02*math.Pow(math.Log10(rate/0.003), 2) - 0.01*math.Abs(layers-2), nil
}

func run(jobs int) (*search.Study, error) {
	space, err := search.NewSpace(search.LogFloat("learning_rate", 1e-5, 1), search.Int("num_layers", 1, 4))
	if err != nil {
		return nil, err
	}
	study, err := search.NewStudy(search.StudyOptions{
		Space: space, Directions: []search.Direction{search.Maximize}, Sampler: &bayes.Sampler{}, Seed: 1, Lag: 2,
	})
	if err != nil {
		return nil, err
	}
	return study, search.Optimize(context.Background(), study, accuracy, search.OptimizeOptions{Trials: 20, Jobs: jobs})
}

func ExampleSampler() {
	study, err := run(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, _ := study.Best()
	value, _ := best.Value()
	fmt.Printf("%.3f with %v layers\n", value, best.Params["num_layers"])
	// Output: 0.980 with 2 layers
}

func TestJobsDoNotMatter(t *testing.T) {
	var want []search.Trial
	for _, jobs := range []int{1, 2} {
		study, err := run(jobs)
		if err != nil {
			t.Fatal(err)
		}
		trials := study.Trials()
		for i := range trials {
			trials[i].Seconds = 0
		}
		if want == nil {
			want = trials
		} else if !reflect.DeepEqual(trials, want) {
			t.Errorf("with %d jobs the trials are others", jobs)
		}
	}
}
