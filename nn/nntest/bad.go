package nntest

import (
	"errors"
	"math"

	"mnisttune/nn"
)

// checkBadCalls: rows that are not there, no rows, more than a batch, and no room for the
// logits are errors; they change nothing and the program goes on as if they had not been.
func checkBadCalls(r reporter, s subject) {
	for _, data := range []nn.Dataset{newFloats(20, 7, 3), newPixels(20, 7, 3, 0.3)} {
		cfg := nn.Config{BatchSize: 6, Width: nn.Widths{5}, NumLayers: 1, Seed: 11}.WithDefaults()
		start := startState(cfg, 7, 3)
		p, good := s.build(r, cfg, data, start), s.build(r, cfg, data, start)
		a := nn.StepArgs{LearningRate: 0.01}
		for _, c := range []struct {
			name string
			rows []int32
		}{
			{"a step on row -1", []int32{0, -1}},
			{"a step on row 20 of 20", []int32{20}},
			{"a step on row 2^31-1", []int32{math.MaxInt32, 1}},
			{"a step on no rows", nil},
			{"a step on 7 rows, the batch size being 6", []int32{0, 1, 2, 3, 4, 5, 6}},
		} {
			mustErr(r, c.name, func() error { _, err := p.Step(c.rows, a); return err })
		}
		room := make([]float32, 6)
		mustErr(r, "logits of row -1", func() error { return p.Logits(room, data, []int32{0, -1}) })
		mustErr(r, "logits of row 20 of 20", func() error { return p.Logits(room, data, []int32{20, 1}) })
		mustErr(r, "logits without room", func() error { return p.Logits(room[:5], data, []int32{0, 1}) })
		mustErr(r, "logits with room for more", func() error { return p.Logits(room, data, []int32{0}) })
		mustErr(r, "logits of no data set", func() error { return p.Logits(room, nil, []int32{0, 1}) })
		mustErr(r, "logits of a data set of other rows", func() error { return p.Logits(room, newFloats(5, 8, 3), []int32{0, 1}) })
		if d := difference(nn.State{Weights: p.State().Weights}, start); d != "" {
			r.Errorf("calls that failed changed the %s", d)
		}
		rows := someRows(data, 0, 6)
		if x, y := step(r, p, rows, a), step(r, good, rows, a); x != y {
			r.Errorf("after calls that failed a step saw %+v, without them %+v", x, y)
		}
		if d := difference(p.State(), good.State()); d != "" {
			r.Errorf("calls that failed changed the next step's %s", d)
		}
	}
}

var errDisk = errors.New("the disk is gone")

// checkBadData: a data set that does not fit, lies about itself or cannot be read is an
// error, the reader's own one in its chain.
func checkBadData(r reporter, s subject) {
	cfg := nn.Config{BatchSize: 4, Width: nn.Widths{5}, NumLayers: 1, Seed: 12}.WithDefaults()
	start := startState(cfg, 8, 3)
	train := func(data nn.Dataset) error {
		p, err := s.backend.New(cfg, data, start, 1)
		if err == nil {
			_, err = p.Step([]int32{0, 1, 2}, nn.StepArgs{LearningRate: 0.01})
		}
		return err
	}
	if crash := guard(func() {
		if err := train(newFloats(10, 8, 3)); err != nil {
			r.Fatalf("a good data set: %v", err)
		}
	}); crash != nil {
		r.Fatalf("a good data set: %v", crash)
	}
	missing, label, late := newPixels(10, 8, 3, 0.5), newPixels(10, 8, 3, 0.5), newFloats(10, 8, 3)
	missing.bytes = missing.bytes[:79]
	label.labels[1] = 3
	late.y[2] = 200
	few := newPixels(10, 8, 3, 0.5)
	few.labels = few.labels[:2]
	for _, c := range []struct {
		name string
		data nn.Dataset
	}{
		{"a data set of rows of 9 values for a network of 8", newFloats(10, 9, 3)},
		{"an empty data set", newFloats(0, 8, 3)},
		{"a byte missing", missing},
		{"labels missing", few},
		{"bytes with a label that is no class", label},
		{"numbers with a label that is no class", late},
	} {
		mustErr(r, c.name, func() error { return train(c.data) })
	}
	gone := newFloats(10, 8, 3)
	gone.fail = errDisk
	var err error
	if crash := guard(func() { err = train(gone) }); crash != nil || !errors.Is(err, errDisk) {
		r.Errorf("a data set that cannot be read: %v (%v), want its own error in the chain", err, crash)
	}
	p := s.build(r, cfg, newFloats(10, 8, 3), start)
	if crash := guard(func() { err = p.Logits(make([]float32, 3), gone, []int32{0}) }); crash != nil || !errors.Is(err, errDisk) {
		r.Errorf("logits of a data set that cannot be read: %v (%v), want its own error in the chain", err, crash)
	}
}

// checkBadStates: weights or moments that are missing or of other shapes are an error.
func checkBadStates(r reporter, s subject) {
	cfg := nn.Config{BatchSize: 4, Width: nn.Widths{5}, NumLayers: 1, Seed: 13}.WithDefaults()
	for _, c := range []struct {
		name string
		harm func(*nn.State)
	}{
		{"a bias missing", func(s *nn.State) { s.Weights = s.Weights[:3] }},
		{"a layer missing", func(s *nn.State) { s.Weights = s.Weights[2:] }},
		{"a weight missing a number", func(s *nn.State) { s.Weights[2].Data = s.Weights[2].Data[1:] }},
		{"weights of other names", func(s *nn.State) { s.Weights[1].Name = "bias" }},
		{"half of the moments", func(s *nn.State) { s.First = copyTensors(s.Weights)[:2] }},
		{"moments of other shapes", func(s *nn.State) { s.Second = copyTensors(s.Weights); s.Second[0].Data = s.Second[0].Data[:3] }},
	} {
		state := startState(cfg, 8, 3)
		c.harm(&state)
		mustErr(r, c.name, func() error { _, err := s.backend.New(cfg, newFloats(10, 8, 3), state, 1); return err })
	}
}

// checkNotFinite: what leaves the finite numbers is no error and no panic: the loss says
// it, for Fit to see.
func checkNotFinite(r reporter, s subject) {
	data := newFloats(20, 8, 3)
	data.x[5] = float32(math.NaN())
	for _, name := range []string{"relu", "tanh", "sigmoid", "gelu"} {
		cfg := nn.Config{BatchSize: 4, Width: nn.Widths{6}, Activation: name, Seed: 14}.WithDefaults()
		p := s.build(r, cfg, data, startState(cfg, 8, 3))
		if loss := step(r, p, []int32{0, 1}, nn.StepArgs{LearningRate: 0.01}).Loss; !math.IsNaN(loss) {
			r.Errorf("%s: a row of the data is NaN, and the loss is %v", name, loss)
		}
		if z := logits(r, p, data, []int32{0}); !math.IsNaN(float64(z[0])) {
			r.Errorf("%s: a row is NaN, and its logits are %v", name, z)
		}
	}
	cfg := nn.Config{BatchSize: 4, Width: nn.Widths{6}, Optimizer: "sgd", Seed: 14}.WithDefaults()
	p := s.build(r, cfg, newFloats(20, 8, 3), startState(cfg, 8, 3))
	loss := 0.0
	for i := range 8 {
		loss = step(r, p, []int32{1, 2, 3}, nn.StepArgs{LearningRate: 1e30, Step: i}).Loss
	}
	if !math.IsNaN(loss) && !math.IsInf(loss, 0) {
		r.Errorf("after eight steps at a learning rate of 1e30 the loss is %v", loss)
	}
}
