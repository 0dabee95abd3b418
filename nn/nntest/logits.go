package nntest

import (
	"math"
	"slices"

	"mnisttune/nn"
)

// compareLogits holds the logits of rows against the reference's.
func compareLogits(r reporter, s subject, name string, p nn.Program, n *reference, data nn.Dataset, rows []int32) {
	r.Helper()
	x, _ := values(r, data, rows)
	want := n.logits(x, len(rows))
	top := 1.0
	for _, v := range want {
		top = math.Max(top, math.Abs(v))
	}
	for i, got := range logits(r, p, data, rows) {
		if d := math.Abs(float64(got) - want[i]); !(d <= s.tolerance*top) {
			r.Errorf("%s: logit %d of row %d is %v, want %v", name, i%n.sizes[len(n.sizes)-1], rows[i/n.sizes[len(n.sizes)-1]], got, want[i])
			return
		}
	}
}

// checkLogits: Logits says of any number of rows, of the program's data set or another,
// what the reference says; it changes nothing, and what was asked before does not matter.
func checkLogits(r reporter, s subject) {
	data, other, more := newFloats(40, 12, 4), newPixels(70, 12, 4, 0.3), newFloats(500, 12, 4)
	c := lap("after four steps", nn.Config{BatchSize: 8, Width: nn.Widths{10}, Dropout: 0.5, Optimizer: "sgd", Seed: 10}, data)
	if s.ownMasks {
		c.cfg.Dropout = 0
	}
	p, n := c.run(r, s)
	before := p.State()
	for range 2 {
		compareLogits(r, s, "the data set of the training", p, n, data, someRows(data, 0, 8))
		compareLogits(r, s, "another data set", p, n, other, someRows(other, 0, 70))
		compareLogits(r, s, "a larger data set", p, n, more, someRows(more, 0, 500))
		compareLogits(r, s, "one row", p, n, more, []int32{499})
		compareLogits(r, s, "rows twice", p, n, other, []int32{3, 3, 3})
	}
	if d := difference(p.State(), before); d != "" {
		r.Errorf("Logits changed the %s", d)
	}
	whole := logits(r, p, other, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8})
	if again := logits(r, p, other, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8}); !slices.Equal(again, whole) {
		r.Errorf("the logits of the same rows are %v and then %v", whole[:4], again[:4])
	}
	// Steps between are not disturbed.
	alone, beside := s.build(r, c.cfg, data, before), s.build(r, c.cfg, data, before)
	for i, rows := range c.batches {
		a := nn.StepArgs{LearningRate: 0.05, Step: i}
		x, y := step(r, alone, rows, a), step(r, beside, rows, a)
		if x != y {
			r.Errorf("step %d saw %+v, with Logits between the steps %+v", i, x, y)
		}
		logits(r, beside, other, []int32{1, 2, 3})
	}
}
