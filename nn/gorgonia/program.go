package gorgonia

import (
	"fmt"
	"math/bits"

	"mnisttune/nn"
	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// program is a network on its data set.
type program struct {
	cfg       nn.Config
	spec      spec
	reader    *nn.Reader
	other     *nn.Reader // of the data set that Logits read last, if it is another one
	params    *parameters
	optimizer *graph.Optimizer
	kernels   *kernel.Set
	batch     int
	train     *network         // of batch rows; nil before the first step
	forward   map[int]*network // by number of rows, a power of two
	labels    []uint8
}

// Step runs the graph and updates the parameters. A short batch is padded with rows that
// count for nothing.
func (p *program) Step(rows []int32, a nn.StepArgs) (nn.StepResult, error) {
	if len(rows) < 1 || len(rows) > p.batch {
		return nn.StepResult{}, fmt.Errorf("gorgonia: a batch of %d rows does not fit (want 1 to %d)", len(rows), p.batch)
	}
	n := p.train
	if n == nil {
		var err error
		if n, err = newNetwork(p.params, p.spec, p.batch, true); err != nil {
			return nn.StepResult{}, fmt.Errorf("gorgonia: %w", err)
		}
		p.train = n
	}
	labels := p.labels[:len(rows)]
	if err := n.gather(p.reader, labels, rows); err != nil {
		return nn.StepResult{}, err
	}
	n.setTargets(labels, float32(p.cfg.LabelSmoothing))
	for l, mask := range n.masks {
		p.cfg.Mask(l, a.Step).Fill(mask, n.rows)
	}
	if err := n.run(); err != nil {
		return nn.StepResult{}, err
	}
	if err := n.takeGradients(p.params); err != nil {
		return nn.StepResult{}, err
	}
	p.params.update(p.kernels, p.optimizer, a.LearningRate, a.Step+1)
	return nn.StepResult{Loss: float64(n.out.loss.Data().(float32)), Correct: correct(n.out.logits.Data().([]float32), n.rows, labels)}, nil
}

// gather reads rows into the first ones of x and clears the rest.
func (n *network) gather(r *nn.Reader, labels []uint8, rows []int32) error {
	used := len(rows) * len(n.x) / n.rows
	clear(n.x[used:])
	return r.Read(n.x, labels, rows)
}

func (n *network) setTargets(labels []uint8, smoothing float32) {
	clear(n.targets)
	clear(n.share)
	classes := len(n.targets) / n.rows
	for i, label := range labels {
		n.share[i] = 1 / float32(len(labels))
		row := n.targets[i*classes : (i+1)*classes]
		for j := range row {
			row[j] = smoothing / float32(classes)
		}
		row[label] += 1 - smoothing
	}
}

func (n *network) run() error {
	err := n.machine.RunAll()
	n.machine.Reset()
	if err != nil {
		return fmt.Errorf("gorgonia: running the graph: %w", err)
	}
	return nil
}

// takeGradients moves the gradients to the parameters: Gorgonia adds each step's to what is
// there.
func (n *network) takeGradients(p *parameters) (err error) {
	p.each(func(i, lo, hi, _, _ int) {
		value, e := n.params[i].Grad()
		if e != nil {
			err = fmt.Errorf("gorgonia: the gradient of %s: %w", tensorName(i), e)
			return
		}
		g := value.Data().([]float32)
		copy(p.g[lo:hi], g)
		clear(g)
	})
	return err
}

// correct returns how many of the first rows of logits [rows, classes] have their largest
// value, the first of equal ones, at the label.
func correct(logits []float32, rows int, labels []uint8) (count int) {
	classes := len(logits) / rows
	for i, label := range labels {
		row, best := logits[i*classes:(i+1)*classes], 0
		for j, v := range row {
			if v > row[best] {
				best = j
			}
		}
		if best == int(label) {
			count++
		}
	}
	return count
}

// maxRows is the most rows that logits are computed of at a time.
const maxRows = 1024

// Logits runs a graph without loss and dropout.
func (p *program) Logits(dst []float32, data nn.Dataset, rows []int32) error {
	classes := p.params.sizes[p.params.layers()]
	if len(dst) != len(rows)*classes {
		return fmt.Errorf("gorgonia: logits of %d rows take room for %d values (got room for %d)", len(rows), len(rows)*classes, len(dst))
	}
	reader, err := p.readerOf(data)
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		some := rows[:min(len(rows), maxRows)]
		n, err := p.forwardOf(len(some))
		if err != nil {
			return err
		}
		if err := n.gather(reader, p.labels[:], some); err != nil {
			return err
		}
		if err := n.run(); err != nil {
			return err
		}
		copy(dst[:len(some)*classes], n.out.logits.Data().([]float32))
		rows, dst = rows[len(some):], dst[len(some)*classes:]
	}
	return nil
}

// forwardOf returns the graph for at least so many rows. There are few: their sizes are
// powers of two.
func (p *program) forwardOf(rows int) (*network, error) {
	size := 1 << bits.Len(uint(rows-1))
	if n := p.forward[size]; n != nil {
		return n, nil
	}
	n, err := newNetwork(p.params, p.spec, size, false)
	if err != nil {
		return nil, fmt.Errorf("gorgonia: %w", err)
	}
	p.forward[size] = n
	return n, nil
}

// readerOf returns the reader of a data set and keeps the last one.
func (p *program) readerOf(data nn.Dataset) (*nn.Reader, error) {
	if p.reader.Reads(data) {
		return p.reader, nil
	}
	if p.other == nil || !p.other.Reads(data) {
		r, err := nn.NewReader(data, p.params.sizes[0], p.params.sizes[p.params.layers()])
		if err != nil {
			return nil, err
		}
		p.other = r
	}
	return p.other, nil
}

// State copies the parameters and moments.
func (p *program) State() nn.State { return p.params.state() }
