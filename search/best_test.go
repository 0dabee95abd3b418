package search

import (
	"math"
	"testing"
)

func TestTop(t *testing.T) {
	trial := func(number int, state State, x, value float64) Trial {
		return Trial{Number: number, State: state, Params: Params{"x": x}, Values: []float64{value}}
	}
	trials := []Trial{
		trial(0, Complete, 1, 0.5), trial(1, Pruned, 2, 0.1), trial(2, Complete, 3, 0.2), trial(3, Complete, 4, 0.5),
		trial(4, Complete, 3, 0.3), trial(5, Complete, 5, math.Inf(-1)), {Number: 6, State: Failed}, trial(7, Complete, 6, 0.9),
	}
	for _, c := range []struct {
		d    Direction
		n    int
		want []int
	}{{Minimize, 3, []int{2, 0, 3}}, {Maximize, 9, []int{7, 0, 3, 4}}, {Minimize, 0, nil}} {
		got := Top(c.d, trials, c.n)
		if len(got) != len(c.want) {
			t.Fatalf("%v, %d: %d trials, want %v", c.d, c.n, len(got), c.want)
		}
		for i := range got {
			if got[i].Number != c.want[i] {
				t.Errorf("%v, %d: place %d is trial %d, want %v", c.d, c.n, i, got[i].Number, c.want)
			}
		}
	}
}
