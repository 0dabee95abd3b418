package bayes_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

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

// training reports how accuracy comes near its value in nine epochs, each of which takes
// a while that differs from run to run.
func training(ctx context.Context, e *search.Evaluation) (float64, error) {
	value, err := accuracy(ctx, e)
	if err != nil || math.IsNaN(value) {
		return value, err
	}
	for epoch := 1; epoch <= 9; epoch++ {
		time.Sleep(time.Duration(rand.IntN(400)) * time.Microsecond)
		if err := e.Report(ctx, epoch, value-0.3/float64(epoch)); err != nil {
			return 0, err
		}
	}
	return value - 0.3/9, nil
}

// A study with a lag of 4 is the same for 1, 2 and 4 jobs, whatever ends first, with trials
// that are pruned in between and trials that fail.
func TestJobsDoNotMatter(t *testing.T) {
	space, err := search.NewSpace(search.LogFloat("learning_rate", 1e-5, 1), search.Int("num_layers", 1, 4))
	if err != nil {
		t.Fatal(err)
	}
	for name, pruner := range map[string]search.Pruner{"none": nil, "asha": search.ASHA{}} {
		t.Run(name, func(t *testing.T) {
			var want []search.Trial
			for _, jobs := range []int{1, 2, 4} {
				study, err := search.NewStudy(search.StudyOptions{
					Space: space, Directions: []search.Direction{search.Maximize}, Sampler: &bayes.Sampler{}, Pruner: pruner, Seed: 1, Lag: 4,
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := search.Optimize(t.Context(), study, training, search.OptimizeOptions{Trials: 20, Jobs: jobs}); err != nil {
					t.Fatal(err)
				}
				trials, states, fits := study.Trials(), map[search.State]int{}, 0
				for i := range trials {
					trials[i].Seconds = 0
					states[trials[i].State]++
					if strings.Contains(string(trials[i].Attrs["bayes"]), `"fit"`) {
						fits++
					}
				}
				if fits < 10 || states[search.Failed] == 0 || (states[search.Pruned] > 2) != (pruner != nil) {
					t.Errorf("%d jobs: %d trials come from a fit, states %v", jobs, fits, states)
				}
				if want == nil {
					want = trials
				} else if !reflect.DeepEqual(trials, want) {
					t.Errorf("with %d jobs the trials are others", jobs)
				}
			}
		})
	}
}
