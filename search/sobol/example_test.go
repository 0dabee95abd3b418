package sobol_test

import (
	"fmt"

	"mnisttune/search/sobol"
)

// Eight points of a scrambled sequence: one in each eighth of both axes.
func Example() {
	s := sobol.New(2, 1)
	for i := range uint32(8) {
		u := s.Point(i)
		fmt.Printf("%.3f %.3f\n", u[0], u[1])
	}
	// Output:
	// 0.284 0.583
	// 0.717 0.450
	// 0.982 0.842
	// 0.058 0.182
	// 0.180 0.887
	// 0.803 0.023
	// 0.544 0.727
	// 0.435 0.291
}
