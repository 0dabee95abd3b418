package search_test

import (
	"context"
	"fmt"
	"math"

	"mnisttune/search"
)

// onePlusOne is a sampler of one's own: a (1+1) evolution strategy. Each trial is the best
// one so far with a normal step to every side; steps get longer with a success and shorter
// without, so that one in five succeeds (Rechenberg 1973). It keeps nothing between
// calls: the length of the step follows from the history.
type onePlusOne struct{}

// Sample implements search.Sampler.
func (onePlusOne) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	best, parent, step := math.Inf(1), []float64(nil), 0.3
	seen := make(map[string]bool, len(req.History))
	for _, t := range req.History {
		p, err := req.Space.Check(t.Params)
		if err != nil {
			continue // somebody else's, of another space
		}
		seen[req.Space.Key(p)] = true
		value, ok := t.Value()
		if req.Directions[0] == search.Maximize {
			value = -value
		}
		switch {
		case ok && t.State == search.Complete && value < best:
			best, step = value, min(1.5*step, 0.5)
			parent, _ = req.Space.Encode(p)
		case t.State.Finished():
			step = max(0.9*step, 1e-4) // 0.9 is about 1.5^(-1/4)
		}
	}
	for try := 0; parent != nil && try < 100; try++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		u := make([]float64, len(parent))
		for i := range u {
			u[i] = parent[i] + step*req.Rand.NormFloat64()
		}
		if p := req.Space.Decode(u); !seen[req.Space.Key(p)] {
			return p, nil
		}
	}
	return search.Random{}.Sample(ctx, req) // the first one, and where all around is known
}

func ExampleSampler() {
	space, _ := search.NewSpace(search.Float("x", -10, 10), search.Float("y", -10, 10))
	valley := func(_ context.Context, e *search.Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		y, _ := e.Params.Float("y")
		return (x-1)*(x-1) + 9*(y-x)*(y-x), nil
	}
	for name, sampler := range map[string]search.Sampler{"onePlusOne": onePlusOne{}, "search.Random": search.Random{}} {
		study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: sampler, Seed: 3})
		err := search.Optimize(context.Background(), study, valley, search.OptimizeOptions{Trials: 200})
		best, _ := study.Best()
		fmt.Printf("%s: %.5f (%v)\n", name, best.Values[0], err)
	}
	// Unordered output:
	// onePlusOne: 0.00000 (<nil>)
	// search.Random: 1.84063 (<nil>)
}
