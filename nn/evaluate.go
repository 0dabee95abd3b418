package nn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"mnisttune/nn/internal/kernel"
)

// chunk is how many rows are judged between two looks at the context.
const chunk = 1024

// evaluation judges programs on one data set.
type evaluation struct {
	data    Dataset
	labels  []uint8
	classes int
	rows    []int32
	logits  []float32     // [chunk, classes]
	panel   kernel.Matrix // the same, for the loss
	kernels *kernel.Set
}

func newEvaluation(data Dataset, features, classes int) (*evaluation, error) {
	labels, err := labelsOf(data, features, classes)
	if err != nil {
		return nil, err
	}
	kernels, err := kernel.Best()
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	n := min(chunk, len(labels))
	return &evaluation{
		data: data, labels: labels, classes: classes,
		rows: make([]int32, n), logits: make([]float32, n*classes), panel: kernel.NewMatrix(n, classes),
		kernels: kernels,
	}, nil
}

// each computes the logits of all rows, chunk by chunk, and hands them to visit
// with the number of the first row.
func (e *evaluation) each(ctx context.Context, p Program, visit func(first int, logits []float32)) error {
	for first := 0; first < len(e.labels); first += chunk {
		if ctx.Err() != nil {
			return fmt.Errorf("nn: evaluation stopped: %w", context.Cause(ctx))
		}
		n := min(chunk, len(e.labels)-first)
		for i := range n {
			e.rows[i] = int32(first + i)
		}
		logits := e.logits[:n*e.classes]
		if err := p.Logits(logits, e.data, e.rows[:n]); err != nil {
			return err
		}
		visit(first, logits)
	}
	return nil
}

func (e *evaluation) run(ctx context.Context, p Program) (Metrics, error) {
	loss, correct := 0.0, 0
	err := e.each(ctx, p, func(first int, logits []float32) {
		labels := e.labels[first : first+len(logits)/e.classes]
		e.panel.SetRowMajor(logits)
		l, c := e.kernels.CrossEntropy(kernel.Matrix{}, e.panel, labels, 0)
		loss += l * float64(len(labels))
		correct += c
	})
	n := float64(len(e.labels))
	return Metrics{Loss: loss / n, Accuracy: float64(correct) / n}, err
}

// program returns the trained network, ready to read data.
func (t *Trainer) program(data Dataset) (Program, *evaluation, error) {
	if t.state.Weights == nil {
		return nil, nil, ErrUntrained
	}
	if isNone(data) {
		return nil, nil, fmt.Errorf("nn: no data to judge: data is nil")
	}
	e, err := newEvaluation(data, t.features, t.classes)
	if err != nil {
		return nil, nil, err
	}
	cfg := t.cfg
	cfg.BatchSize = min(chunk, data.Len())
	p, err := t.backend.New(cfg, data, State{Weights: t.state.Weights}, t.options.Threads)
	return p, e, err
}

// Evaluate judges the trained network on data. Its labels must be below the
// number of classes that the network was trained for.
func (t *Trainer) Evaluate(ctx context.Context, data Dataset) (Metrics, error) {
	p, e, err := t.program(data)
	if err != nil {
		return Metrics{}, err
	}
	return e.run(ctx, p)
}

// Predict returns the probability of every class for every row of data,
// [Len, classes] row-major; each row sums to 1.
func (t *Trainer) Predict(ctx context.Context, data Dataset) ([]float32, error) {
	p, e, err := t.program(data)
	if err != nil {
		return nil, err
	}
	out := make([]float32, data.Len()*t.classes)
	err = e.each(ctx, p, func(first int, logits []float32) {
		for i := range len(logits) / t.classes {
			softmax(out[(first+i)*t.classes:(first+i+1)*t.classes], logits[i*t.classes:])
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func softmax(p, z []float32) {
	z = z[:len(p)]
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(float64(v) - top)
	}
	for j, v := range z {
		p[j] = float32(math.Exp(float64(v)-top) / sum)
	}
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// checkFinite returns a *DivergedError if a weight is not finite.
func checkFinite(s State, epoch int) error {
	for _, t := range s.Weights {
		for _, w := range t.Data {
			if notFinite(float64(w)) {
				return &DivergedError{Epoch: epoch, What: "weights", Value: float64(w)}
			}
		}
	}
	return nil
}

// Latency returns the median time, in seconds, in which the trained network judges one row
// of data, measured on n rows from the first on, one by one.
func (t *Trainer) Latency(ctx context.Context, data Dataset, n int) (float64, error) {
	p, e, err := t.program(data)
	if err != nil {
		return 0, err
	}
	if n < 1 || n > data.Len() {
		return 0, fmt.Errorf("nn: latency is measured on 1 to %d rows (got %d)", data.Len(), n)
	}
	times := make([]float64, n)
	for i := range times {
		if ctx.Err() != nil {
			return 0, fmt.Errorf("nn: evaluation stopped: %w", context.Cause(ctx))
		}
		e.rows[0] = int32(i)
		start := t.options.Clock()
		if err := p.Logits(e.logits[:e.classes], data, e.rows[:1]); err != nil {
			return 0, err
		}
		times[i] = t.options.Clock().Sub(start).Seconds()
	}
	slices.Sort(times)
	return times[n/2], nil
}
