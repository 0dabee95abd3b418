package nntest

import (
	"math"

	"mnisttune/nn"
)

// checkDropout: a step drops the units of the configuration's masks (or, with masks of its
// own, as many), another step others; logits know no dropout.
func checkDropout(r reporter, s subject) {
	data := newFloats(60, 10, 3)
	cfg := nn.Config{BatchSize: 16, Width: nn.Widths{12, 9}, NumLayers: 2, Dropout: 0.4, Optimizer: "momentum", LearningRate: 0.02, Seed: 9}
	if s.ownMasks {
		checkDropoutMean(r, s, cfg.WithDefaults(), data)
		return
	}
	for _, name := range []string{"relu", "gelu"} {
		cfg.Activation = name
		c := lap("dropout, "+name, cfg, data)
		c.first = 3
		p, n := c.run(r, s)
		compareLogits(r, s, c.name, p, n, data, someRows(data, 0, 30))
	}
	// Bytes may be gathered in an order of the backend's own: only how much is dropped
	// can be said.
	checkDropoutMean(r, s, cfg.WithDefaults(), newPixels(60, 30, 3, 0.2))
}

// dropoutSteps is how many steps the mean of dropout is taken over.
const dropoutSteps = 400

// checkDropoutMean compares the loss of many steps that change nothing with that of the
// reference: its mean and its spread.
func checkDropoutMean(r reporter, s subject, cfg nn.Config, data nn.Dataset) {
	features, classes := data.Dims()
	start := startState(cfg, features, classes)
	p, n := s.build(r, cfg, data, start), newReference(cfg, features, classes, start)
	rows := someRows(data, 0, cfg.BatchSize)
	x, y := values(r, data, rows)
	var got, want moments
	for i := range dropoutSteps {
		a := nn.StepArgs{Step: i} // a learning rate of zero
		got.add(step(r, p, rows, a).Loss)
		want.add(n.step(x, y, a).loss)
	}
	g, gs := got.meanAndSpread()
	w, ws := want.meanAndSpread()
	if limit := 5 * ws * math.Sqrt(2./dropoutSteps); !(math.Abs(g-w) <= limit) {
		r.Errorf("with dropout the mean loss of %d steps is %.4f, want %.4f give or take %.4f", dropoutSteps, g, w, limit)
	}
	if !(gs > 0.7*ws && gs < 1.4*ws) {
		r.Errorf("with dropout the loss varies by %.4f from step to step, want about %.4f", gs, ws)
	}
}

// moments collects numbers.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	m.sum += x
	m.squares += x * x
}

func (m *moments) meanAndSpread() (mean, spread float64) {
	mean = m.sum / m.n
	return mean, math.Sqrt(math.Max(0, m.squares/m.n-mean*mean))
}
