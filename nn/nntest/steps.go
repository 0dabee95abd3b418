package nntest

import (
	"fmt"
	"math"

	"mnisttune/nn"
)

// course is a few steps of a training, taken by a program and by the reference.
type course struct {
	name    string
	cfg     nn.Config
	data    nn.Dataset
	batches [][]int32
	first   int // number of the first step
}

// lap returns the course of a configuration on data: four batches, the third a short one.
func lap(name string, cfg nn.Config, data nn.Dataset) course {
	cfg = cfg.WithDefaults()
	n := min(cfg.BatchSize, data.Len())
	return course{name: name, cfg: cfg, data: data, batches: [][]int32{
		someRows(data, 0, n), someRows(data, n, n), someRows(data, 2*n, max(1, n/2-1)), someRows(data, 3*n, n),
	}}
}

// run takes the course and reports where the program and the reference are not of one
// mind; it returns both.
func (c course) run(r reporter, s subject) (nn.Program, *reference) {
	r.Helper()
	features, classes := c.data.Dims()
	start := startState(c.cfg, features, classes)
	n := newReference(c.cfg, features, classes, start)
	from := newReference(c.cfg, features, classes, start)
	p := s.build(r, c.cfg, c.data, start)
	for i, rows := range c.batches {
		a := nn.StepArgs{LearningRate: c.cfg.LearningRate / float64(1+i%2), Epoch: c.first / 10, Step: c.first + i}
		x, y := values(r, c.data, rows)
		want := n.step(x, y, a)
		got := step(r, p, rows, a)
		if d := math.Abs(got.Loss - want.loss); !(d <= s.tolerance*math.Max(1, math.Abs(want.loss))) {
			r.Errorf("%s, step %d: loss %.7f, want %.7f", c.name, i, got.Loss, want.loss)
		}
		if d := got.Correct - want.correct; d > want.close || -d > want.close {
			r.Errorf("%s, step %d: %d rows right, want %d (of %d)", c.name, i, got.Correct, want.correct, len(rows))
		}
	}
	c.compare(r, s, p.State(), n, from)
	return p, n
}

// compare holds a state against the reference, which started from another one.
func (c course) compare(r reporter, s subject, got nn.State, want, from *reference) {
	r.Helper()
	if len(got.Weights) != len(want.params) {
		r.Fatalf("%s: the state has %d tensors, want %d", c.name, len(got.Weights), len(want.params))
	}
	for i, t := range got.Weights {
		if name := tensorName(i); t.Name != name || size(t.Shape) != len(want.params[i]) || len(t.Data) != len(want.params[i]) {
			r.Fatalf("%s: tensor %d is %q of shape %v with %d numbers, want %q of %d", c.name, i, t.Name, t.Shape, len(t.Data), name, len(want.params[i]))
		}
		if d := distance(t.Data, want.params[i], from.params[i]); d > s.tolerance {
			r.Errorf("%s: %s has moved wrongly, by %.2g of its way", c.name, t.Name, d)
		}
	}
	momentOf := map[string][2]bool{"momentum": {true, false}, "nesterov": {true, false}, "rmsprop": {false, true}, "adam": {true, true}, "adamw": {true, true}}
	uses := momentOf[c.cfg.Optimizer]
	for k, moment := range []struct {
		name string
		got  []nn.Tensor
		want [][]float64
	}{{"first", got.First, want.first}, {"second", got.Second, want.second}} {
		if !uses[k] {
			continue
		}
		if len(moment.got) != len(moment.want) {
			r.Fatalf("%s: the state has %d tensors of %s moments, want %d", c.name, len(moment.got), moment.name, len(moment.want))
		}
		for i, t := range moment.got {
			if t.Name != tensorName(i) || len(t.Data) != len(moment.want[i]) {
				r.Fatalf("%s: %s moment %d is %q with %d numbers, want %q with %d", c.name, moment.name, i, t.Name, len(t.Data), tensorName(i), len(moment.want[i]))
			}
			if d := distance(t.Data, moment.want[i], nil); d > s.tolerance {
				r.Errorf("%s: the %s moments of %s are off by %.2g", c.name, moment.name, t.Name, d)
			}
		}
	}
}

func tensorName(i int) string {
	return fmt.Sprintf("layers.%d.%s", i/2, [2]string{"weight", "bias"}[i%2])
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// checkSteps: loss, rows classified right, weights and moments are the reference's, with
// every activation, optimizer and option, over steps of different learning rates and a
// short batch.
func checkSteps(r reporter, s subject) {
	data := newFloats(60, 13, 4)
	base := nn.Config{BatchSize: 8, Width: nn.Widths{11}, LearningRate: 0.01, Seed: 5}
	for _, c := range []struct {
		name   string
		change func(*nn.Config)
	}{
		{"relu, adam", func(c *nn.Config) {}},
		{"tanh", func(c *nn.Config) { c.Activation = "tanh" }},
		{"sigmoid", func(c *nn.Config) { c.Activation = "sigmoid" }},
		{"gelu", func(c *nn.Config) { c.Activation = "gelu" }},
		{"one hidden layer", func(c *nn.Config) { c.NumLayers = 1 }},
		{"layers of different widths", func(c *nn.Config) { c.Width, c.NumLayers = nn.Widths{9, 17, 5}, 3 }},
		{"sgd", func(c *nn.Config) { c.Optimizer = "sgd" }},
		{"sgd, weight decay", func(c *nn.Config) { c.Optimizer, c.WeightDecay = "sgd", new(0.5) }},
		{"momentum", func(c *nn.Config) { c.Optimizer = "momentum" }},
		{"momentum of 0.5", func(c *nn.Config) { c.Optimizer, c.Momentum = "momentum", new(0.5) }},
		{"nesterov", func(c *nn.Config) { c.Optimizer = "nesterov" }},
		{"rmsprop", func(c *nn.Config) { c.Optimizer = "rmsprop" }},
		{"adamw", func(c *nn.Config) { c.Optimizer, c.WeightDecay = "adamw", new(0.3) }},
		{"label smoothing", func(c *nn.Config) { c.LabelSmoothing = 0.2 }},
		{"clipped", func(c *nn.Config) { c.Optimizer, c.ClipNorm = "momentum", 0.1 }},
		{"clipped, decay, adam", func(c *nn.Config) { c.ClipNorm, c.WeightDecay = 0.05, new(0.2) }},
		{"a limit that is not reached", func(c *nn.Config) { c.Optimizer, c.ClipNorm = "sgd", 1e6 }},
		{"everything", func(c *nn.Config) {
			c.Activation, c.Optimizer, c.Width, c.NumLayers = "gelu", "nesterov", nn.Widths{9, 6}, 2
			c.LabelSmoothing, c.ClipNorm, c.WeightDecay = 0.1, 0.2, new(0.1)
		}},
	} {
		cfg := base
		c.change(&cfg)
		lap(c.name, cfg, data).run(r, s)
	}
}

// checkForms: what a data set is made of does not matter: numbers, bytes with many zeros
// or none, rows of another data set, rows of rows.
func checkForms(r reporter, s subject) {
	sparse, dense, numbers := newPixels(40, 30, 3, 0.2), newPixels(40, 30, 3, 1), newFloats(40, 30, 3)
	view := func(d nn.Dataset, step int) nn.Dataset {
		var rows []int
		for row := d.Len() - 1; row >= 0; row -= step {
			rows = append(rows, row)
		}
		v, err := nn.Rows(d, rows)
		if err != nil {
			r.Fatalf("nn.Rows: %v", err)
		}
		return v
	}
	cfg := nn.Config{BatchSize: 7, Width: nn.Widths{10}, Seed: 6}
	for _, c := range []struct {
		name string
		data nn.Dataset
	}{
		{"bytes, most of them zero", sparse},
		{"bytes, none of them zero", dense},
		{"bytes behind Fill", fillOnly{sparse}},
		{"numbers", numbers},
		{"rows of bytes", view(sparse, 2)},
		{"rows of dense bytes", view(dense, 3)},
		{"rows of numbers", view(numbers, 2)},
		{"rows of rows of bytes", view(view(sparse, 2), 2)},
	} {
		p, n := lap(c.name, cfg, c.data).run(r, s)
		compareLogits(r, s, c.name, p, n, c.data, someRows(c.data, 0, c.data.Len()))
	}
}

// checkSizes: networks and batches of every size, from one of everything to more than a
// kernel's tile, and a batch size above the number of rows.
func checkSizes(r reporter, s subject) {
	for _, c := range []struct {
		rows, features, classes, batch int
		widths                         nn.Widths
	}{
		{9, 1, 2, 4, nn.Widths{1}},
		{9, 5, 2, 1, nn.Widths{3, 1, 4}},
		{20, 17, 3, 64, nn.Widths{16}},
		{80, 33, 5, 65, nn.Widths{64, 65}},
		{40, 70, 11, 16, nn.Widths{130, 31}},
		{40, 6, 70, 20, nn.Widths{15}},
		{300, 4, 256, 33, nn.Widths{8}},
		{70, 20, 10, 32, nn.Widths{300}},
	} {
		name := fmt.Sprintf("%d rows of %d, %d classes, batches of %d, width %v", c.rows, c.features, c.classes, c.batch, c.widths)
		cfg := nn.Config{BatchSize: c.batch, Width: c.widths, NumLayers: len(c.widths), Activation: "tanh", Optimizer: "momentum", Seed: 7}
		lap(name, cfg, newFloats(c.rows, c.features, c.classes)).run(r, s)
	}
}

// checkStepNumbers: a step's number is that of its arguments, from the first one on: Adam's
// correction depends on it.
func checkStepNumbers(r reporter, s subject) {
	c := lap("steps from 5 on", nn.Config{BatchSize: 8, Width: nn.Widths{6}, Seed: 8}, newFloats(30, 9, 3))
	c.first = 5
	c.run(r, s)
}
