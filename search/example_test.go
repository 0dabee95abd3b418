package search_test

import (
	"context"
	"fmt"
	"math"

	"mnisttune/search"
)

// A Go function as the objective: parameters are the fields of a struct.
func Example() {
	type point struct {
		X    float64 `param:"x=-5.0..5.0"`
		Rate float64 `param:"rate=1e-4..1e0:log"`
		N    int     `param:"n=1..4"`
	}
	space, err := search.SpaceOf[point]()
	if err != nil {
		panic(err)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: space, Seed: 1})
	if err != nil {
		panic(err)
	}
	err = search.Optimize(context.Background(), study, func(_ context.Context, e *search.Evaluation) (float64, error) {
		p, err := search.Bind[point](e.Params)
		return math.Abs(p.X-1) + math.Abs(math.Log10(p.Rate)+2) + float64(p.N), err
	}, search.OptimizeOptions{Trials: 200, Jobs: 2})
	best, _ := study.Best()
	value, _ := best.Value()
	fmt.Println(len(study.Trials()), value < 2, err)
	// Output: 200 true <nil>
}

// Ask and Tell by hand: whoever evaluates a trial, and wherever.
func ExampleStudy_Ask() {
	space, _ := search.NewSpace(search.Int("x", 0, 9))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}, Directions: []search.Direction{search.Maximize}})
	for range 10 {
		trial, err := study.Ask(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		x, _ := trial.Params.Float("x")
		study.Tell(context.Background(), trial.Number, search.Outcome{Values: []float64{x * (7 - x)}})
	}
	best, _ := study.Best()
	fmt.Println(best.Number, best.Params, best.Values)
	// Output: 3 x=3 [12]
}

// nearBest is a sampler of one's own: it explores at random for ten trials and
// then perturbs the best point so far.
type nearBest struct{}

func (nearBest) Sample(_ context.Context, req search.Request) (search.Params, error) {
	u := make([]float64, req.Space.Len())
	for i := range u {
		u[i] = req.Rand.Float64()
	}
	if req.Number < 10 {
		return req.Space.Decode(u), nil
	}
	best, found := search.Trial{}, false
	for _, t := range req.History {
		if value, ok := t.Value(); ok {
			if old, _ := best.Value(); !found || req.Directions[0].Better(value, old) {
				best, found = t, true
			}
		}
	}
	if found {
		centre, _ := req.Space.Encode(best.Params)
		for i := range u {
			u[i] = centre[i] + 0.1*(u[i]-0.5)
		}
	}
	return req.Space.Decode(u), nil
}

func ExampleSampler() {
	space, _ := search.NewSpace(search.Float("x", -10, 10), search.Float("y", -10, 10))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: nearBest{}, Seed: 3})
	err := search.Optimize(context.Background(), study, func(_ context.Context, e *search.Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		y, _ := e.Params.Float("y")
		return x*x + y*y, nil
	}, search.OptimizeOptions{Trials: 150})
	best, _ := study.Best()
	value, _ := best.Value()
	fmt.Println(value < 0.1, err)
	// Output: true <nil>
}
