package search_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"mnisttune/search"
)

// How far can a ball be thrown? The fields of a struct are what is searched: the angle,
// the ball's mass, and its surface. A light ball leaves the hand fast and is slowed down
// by the air, a heavy one leaves it slowly.
func Example() {
	type throw struct {
		Angle   float64 `param:"0..90"`        // degrees
		Mass    float64 `param:"0.01..10:log"` // kg
		Surface string  `param:"smooth,dimpled"`
	}
	distance := func(_ context.Context, t throw, _ *search.Evaluation) (float64, error) {
		drag := map[string]float64{"smooth": 0.5, "dimpled": 0.25}[t.Surface] * 1.2 / 2 * math.Pi * 0.03 * 0.03 / t.Mass
		speed := math.Sqrt(2 * 300 / (t.Mass + 0.7)) // 300 J for the ball and the arm
		sin, cos := math.Sincos(t.Angle * math.Pi / 180)
		x, y, vx, vy := 0.0, 1.8, speed*cos, speed*sin
		for dt := 1e-3; y > 0; x, y = x+vx*dt, y+vy*dt {
			v := math.Hypot(vx, vy)
			vx, vy = vx-drag*v*vx*dt, vy-(9.81+drag*v*vy)*dt
		}
		return x, nil
	}
	best, err := search.OptimizeStruct(context.Background(), distance,
		search.StudyOptions{Directions: []search.Direction{search.Maximize}, Sampler: search.Sobol{}, Seed: 1},
		search.OptimizeOptions{Trials: 1024, Jobs: 2})
	fmt.Printf("%.0f m, %s, %.0f degrees, %.2f kg (%v)\n", best.Value, best.Params.Surface, best.Params.Angle, best.Params.Mass, err)
	// Output: 64 m, dimpled, 42 degrees, 0.15 kg (<nil>)
}

// An objective that reports can be pruned: descents whose rate is too small or too large
// are stopped after three steps.
func ExampleOptimizeStruct() {
	type config struct {
		Rate float64 `param:"1e-4..1:log"`
	}
	descend := func(ctx context.Context, c config, e *search.Evaluation) (float64, error) {
		x, y := 1.0, 1.0
		for step := 1; step <= 8; step++ {
			x, y = x-c.Rate*x, y-c.Rate*4*y // the gradient of x^2/2 + 2y^2
			if err := e.Report(ctx, step, x*x/2+2*y*y); err != nil {
				return 0, err
			}
		}
		return x*x/2 + 2*y*y, nil
	}
	best, err := search.OptimizeStruct(context.Background(), descend, search.StudyOptions{Pruner: search.ASHA{MinSteps: 3}, Seed: 1}, search.OptimizeOptions{Trials: 30, Jobs: 2})
	pruned := 0
	for _, t := range best.Study.Trials() {
		if t.State == search.Pruned {
			pruned++
		}
	}
	fmt.Printf("rate %.1f, %d of 30 pruned, %v\n", best.Params.Rate, pruned, err)
	// Output: rate 0.4, 23 of 30 pruned, <nil>
}

// Ask and Tell by hand: whoever evaluates a trial, wherever, and as long as it takes.
func ExampleStudy_Ask() {
	ctx := context.Background()
	space, _ := search.NewSpace(search.Int("x", 0, 9))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}, Directions: []search.Direction{search.Maximize}})
	for range 10 {
		trial, err := study.Ask(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		x, _ := trial.Params.Float("x")
		if _, err := study.Tell(ctx, trial.Number, search.Outcome{Values: []float64{x * (7 - x)}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	best, _ := study.Best()
	fmt.Println(best.Number, best.Params, best.Values)
	// Output: 3 x=3 [12]
}

// The events of a search in a log of its caller's.
func ExampleLogEvents() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // so that the output is always the same
			return slog.Attr{}
		}
		return a
	}}))
	space, _ := search.NewSpace(search.Words("shape", "flat", "round", "square"))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}})
	still := time.Now()
	err := search.Optimize(context.Background(), study, func(_ context.Context, e *search.Evaluation) (float64, error) {
		shape, _ := e.Params.Text("shape")
		if shape == "square" {
			return 0, fmt.Errorf("no wheel is %s", shape)
		}
		return float64(len(shape)), nil
	}, search.OptimizeOptions{OnEvent: search.LogEvents(logger), Clock: func() time.Time { return still }})
	fmt.Println(err)
	// Output:
	// level=INFO msg="trial ends" trial=0 state=complete value=4 seconds=0 params.shape=flat
	// level=INFO msg="trial ends" trial=1 state=complete value=5 seconds=0 params.shape=round
	// level=WARN msg="trial ends" trial=2 state=failed error="no wheel is square" seconds=0 params.shape=square
	// level=INFO msg="search ends" reason="space exhausted"
	// <nil>
}
