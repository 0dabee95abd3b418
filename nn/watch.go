package nn

import "math"

// Watch follows a metric from epoch to epoch: which epoch is the best, and whether it
// has stopped improving, by the rule of Keras's EarlyStopping. The fields up to MinDelta
// are set by the user, the others by See; all of them are its state.
type Watch struct {
	// Monitor, Patience and MinDelta are as in a Config, and Monitor has the same default.
	Monitor  string
	Patience int
	MinDelta float64

	// Best is the number of the best epoch, ties to the earlier; the last one where
	// Monitor needs a validation set and there is none; 0 before the first.
	Best int
	// Value is the best epoch's metric.
	Value float64
	// Reference is the metric of the last epoch that counted as an improvement, and
	// WithoutChange how many have come after it.
	Reference     float64
	WithoutChange int
}

// watch returns the Watch that a configuration asks for.
func (c *Config) watch() Watch {
	return Watch{Monitor: c.Monitor, Patience: c.Patience, MinDelta: c.MinDelta}
}

// See takes the next epoch in. best says whether it is the best one so far, stop whether
// Patience has run out.
func (w *Watch) See(e Epoch) (best, stop bool) {
	setDefault(&w.Monitor, "val_accuracy")
	first := w.Best == 0
	value, ok := e.Metric(w.Monitor)
	if !ok {
		w.Best = e.Number
		return true, false
	}
	if best = first || w.better(value, w.Value); best {
		w.Best, w.Value = e.Number, value
	}
	if w.Patience == 0 {
		return best, false
	}
	if first || w.better(value, w.Reference) && math.Abs(value-w.Reference) > w.MinDelta {
		w.Reference, w.WithoutChange = value, 0
	} else {
		w.WithoutChange++
	}
	return best, w.WithoutChange >= w.Patience
}

func (w *Watch) better(a, b float64) bool {
	if w.Monitor == "val_loss" || w.Monitor == "loss" {
		return a < b
	}
	return a > b
}
