package search

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

func TestParetoFront(t *testing.T) {
	ds := []Direction{Maximize, Minimize}
	trial := func(number int, state State, values ...float64) Trial {
		return Trial{Number: number, State: state, Values: values}
	}
	trials := []Trial{
		trial(0, Complete, 0.9, 100), trial(1, Complete, 0.8, 50), trial(2, Complete, 0.8, 60), trial(3, Complete, 0.95, 400),
		trial(4, Pruned, 1, 1), trial(5, Complete, 0.8, 50), trial(6, Complete, math.Inf(1), 1), trial(7, Complete, 1), {Number: 8, State: Failed},
		trial(9, Complete, 0.9, 120),
	}
	var got []int
	for _, u := range ParetoFront(ds, trials) {
		got = append(got, u.Number)
	}
	want := []int{0, 1, 3, 5}
	if len(got) != len(want) {
		t.Fatalf("the front is %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("the front is %v, want %v", got, want)
		}
	}
}

// The area of a staircase, and of random points by counting cells.
func TestHypervolume(t *testing.T) {
	both := []Direction{Minimize, Minimize}
	area, err := Hypervolume(both, [][]float64{{1, 3}, {2, 2}, {3, 1}, {2, 3}, {5, 0}, {4, 4}}, []float64{4, 4})
	if err != nil || area != 6 {
		t.Errorf("the staircase has %v (%v), want 6", area, err)
	}
	mirrored, _ := Hypervolume([]Direction{Maximize, Minimize}, [][]float64{{-1, 3}, {-2, 2}, {-3, 1}}, []float64{-4, 4})
	if mirrored != 6 {
		t.Errorf("mirrored it has %v, want 6", mirrored)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 40
	for range 20 {
		var points [][]float64
		for range 8 {
			points = append(points, []float64{float64(rng.IntN(n + 5)), float64(rng.IntN(n + 5))})
		}
		cells := 0
		for x := range n {
			for y := range n {
				for _, p := range points {
					if p[0] <= float64(x) && p[1] <= float64(y) {
						cells++
						break
					}
				}
			}
		}
		if area, err := Hypervolume(both, points, []float64{n, n}); err != nil || area != float64(cells) {
			t.Fatalf("%v: %v (%v), want %d", points, area, err, cells)
		}
	}
	if _, err := Hypervolume(both[:1], nil, []float64{1}); err == nil {
		t.Error("one objective has a hypervolume")
	}
	if _, err := Hypervolume(both, [][]float64{{1}}, []float64{4, 4}); err == nil {
		t.Error("a point of one value is taken")
	}
}

// A study of two objectives keeps both values, in its log too, and what is wrong with one
// of them fails the trial.
func TestTwoObjectives(t *testing.T) {
	space, err := ParseSpace([]string{"x=0..5"})
	if err != nil {
		t.Fatal(err)
	}
	ds := []Direction{Minimize, Maximize}
	study, err := NewStudy(StudyOptions{Space: space, Directions: ds, Sampler: Grid{}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(_ context.Context, e *Evaluation) ([]float64, error) {
		x, _ := e.Params.Float("x")
		if x == 5 {
			return []float64{0, math.NaN()}, nil
		}
		return []float64{(x - 2) * (x - 2), x}, nil
	}
	if err := OptimizeMulti(t.Context(), study, f, OptimizeOptions{Jobs: 2}); err != nil {
		t.Fatal(err)
	}
	trials := study.Trials()
	front := ParetoFront(ds, trials)
	if len(trials) != 6 || trials[5].State != Failed || len(front) != 3 || front[0].Number != 2 || front[2].Values[1] != 4 {
		t.Errorf("front %v of %v", front, trials)
	}
	target := 1.0
	if err := OptimizeMulti(t.Context(), study, f, OptimizeOptions{Target: &target}); err == nil {
		t.Error("a target for two objectives is taken")
	}
	if err := Optimize(t.Context(), study, func(context.Context, *Evaluation) (float64, error) { return 0, nil }, OptimizeOptions{}); err == nil {
		t.Error("one value for two objectives is taken")
	}
	if _, err := NewStudy(StudyOptions{Space: space, Directions: ds, Pruner: ASHA{}}); err == nil {
		t.Error("a pruner for two objectives is taken")
	}
}
