package graph

import (
	"fmt"
	"math"

	"mnisttune/nn/internal/kernel"
)

// Optimizer is an update rule with its constants.
type Optimizer struct {
	Rule         kernel.Optimizer
	Beta1, Beta2 float64 // momentum, or Adam's; RMSprop's rho is Beta2
	Epsilon      float64
	WeightDecay  float64 // decoupled: w -= lr WeightDecay w before the step (Loshchilov & Hutter 2019)
	ClipNorm     float64 // largest norm of all gradients together; 0: no limit
}

// NewOptimizer returns the update rule of that name: sgd, momentum, nesterov, rmsprop,
// adam or adamw, with Keras's constants. momentum is that of momentum and nesterov.
func NewOptimizer(name string, momentum, weightDecay, clipNorm float64) (*Optimizer, error) {
	o := &Optimizer{WeightDecay: weightDecay, ClipNorm: clipNorm, Epsilon: 1e-7}
	switch name {
	case "sgd":
		o.Rule = kernel.SGD
	case "momentum":
		o.Rule, o.Beta1 = kernel.Momentum, momentum
	case "nesterov":
		o.Rule, o.Beta1 = kernel.Nesterov, momentum
	case "rmsprop":
		o.Rule, o.Beta2 = kernel.RMSprop, 0.9
	case "adam", "adamw":
		o.Rule, o.Beta1, o.Beta2 = kernel.Adam, 0.9, 0.999
	default:
		return nil, fmt.Errorf("graph: unknown optimizer %q", name)
	}
	return o, nil
}

// Numbers works out the numbers of an update; step counts updates from 1.
func (o *Optimizer) Numbers(learningRate float64, step int) kernel.Rule {
	r := kernel.Rule{
		Optimizer: o.Rule,
		Rate:      float32(learningRate),
		Beta1:     float32(o.Beta1),
		Beta2:     float32(o.Beta2),
		Epsilon:   float32(o.Epsilon),
		Decay:     float32(learningRate * o.WeightDecay),
		GradScale: 1,
	}
	if o.Rule == kernel.Adam {
		r.Rate = float32(learningRate * math.Sqrt(without(o.Beta2, step)) / without(o.Beta1, step))
	}
	return r
}

// Clip returns what the gradients are multiplied by, given the sum of the squares of all
// of them (Pascanu, Mikolov & Bengio 2013).
func (o *Optimizer) Clip(sumSquares float64) float32 {
	if norm := math.Sqrt(sumSquares); o.ClipNorm > 0 && norm > o.ClipNorm {
		return float32(o.ClipNorm / norm)
	}
	return 1
}

// arena holds all parameters in one piece, their gradients and moments in
// others of the same layout, so that an update is one pass over memory.
type arena struct {
	w, g, m, v     []float32
	weights, grads []kernel.Matrix
	first, second  []kernel.Matrix // moments
}

func newArena(params []Param) arena {
	total := 0
	for _, p := range params {
		total += len(newMatrix(p.Node.Shape()).Data)
	}
	a := arena{w: kernel.Aligned(total), g: kernel.Aligned(total), m: kernel.Aligned(total), v: kernel.Aligned(total)}
	at := 0
	for _, p := range params {
		like := newMatrix(p.Node.Shape())
		n := len(like.Data)
		view := func(buf []float32) kernel.Matrix {
			return kernel.Matrix{Rows: like.Rows, Cols: like.Cols, Data: buf[at : at+n]}
		}
		a.weights, a.grads = append(a.weights, view(a.w)), append(a.grads, view(a.g))
		a.first, a.second = append(a.first, view(a.m)), append(a.second, view(a.v))
		at += n
	}
	return a
}

// updateBlock is how many rows of Lane numbers a part of an update has.
const updateBlock = 1 << 10

// bindUpdate prepares the updates; the numbers of those parameters that have a fused
// one are given. Two parameters may have one gradient node: the second gets a copy.
func (m *Machine) bindUpdate(fused map[int]bool) {
	for i, p := range m.net.Params {
		if !fused[i] {
			m.rest = append(m.rest, i)
		}
		if src, dst := m.values[p.Deriv], m.params.grads[i]; &src.Data[0] != &dst.Data[0] {
			m.backward = append(m.backward, whole(kernel.Matrix{Rows: 1, Cols: 1}, func(int, kernel.Part) { copy(dst.Data, src.Data) }))
		}
	}
	a := &m.params
	rows := len(a.w) / kernel.Lane
	m.update = call{1, &rows, updateBlock, 10 * kernel.Lane, func(_ int, part kernel.Part) {
		lo, hi := part.Lo*kernel.Lane, part.Hi*kernel.Lane
		m.kernels.Step(&m.rule, a.w[lo:hi], a.g[lo:hi], a.m[lo:hi], a.v[lo:hi])
	}}
}

// without returns 1 - beta^n, in a third of the time of math.Pow.
func without(beta float64, n int) float64 { return -math.Expm1(float64(n) * math.Log(beta)) }

// Update applies the gradients of the last Train. step counts updates from 1.
func (m *Machine) Update(o *Optimizer, learningRate float64, step int) {
	m.rule = o.Numbers(learningRate, step)
	if o.ClipNorm > 0 {
		m.rule.GradScale = o.Clip(m.kernels.SumSquares(m.params.g))
	}
	m.team.do(&m.update)
}

// Step is Train and Update in one, with the same results bit for bit: where the rule
// allows it, a weight's gradient never leaves the first-level cache before it is
// used. step counts from 0.
func (m *Machine) Step(src *Source, rows []int32, o *Optimizer, learningRate float64, step int) (loss float64, correct int, err error) {
	if o.ClipNorm > 0 { // the norm of all gradients comes before the first update
		loss, correct, err = m.Train(src, rows, step)
		if err == nil {
			m.Update(o, learningRate, step+1)
		}
		return loss, correct, err
	}
	if err := m.begin(src, rows, step); err != nil {
		return 0, 0, err
	}
	m.rule = o.Numbers(learningRate, step+1)
	m.runToWeights()
	m.runAll(m.fused)
	for _, i := range m.rest {
		m.kernels.Step(&m.rule, m.params.weights[i].Data, m.params.grads[i].Data, m.params.first[i].Data, m.params.second[i].Data)
	}
	return m.loss, m.correct, nil
}

// Tensor is a named array in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Tensors copies out the parameters and their first and second moments, in the
// order of the layers.
func (m *Machine) Tensors() (weights, first, second []Tensor) {
	return m.export(m.params.weights), m.export(m.params.first), m.export(m.params.second)
}

// Gradients copies out the gradients of the last Train.
func (m *Machine) Gradients() []Tensor { return m.export(m.params.grads) }

func (m *Machine) export(from []kernel.Matrix) []Tensor {
	out := make([]Tensor, len(from))
	for i, p := range m.net.Params {
		data := make([]float32, from[i].Rows*from[i].Cols)
		from[i].RowMajor(data)
		out[i] = Tensor{Name: p.Name, Shape: p.Node.Shape(), Data: data}
	}
	return out
}

// SetTensors copies in the parameters and, where given, the moments.
func (m *Machine) SetTensors(weights, first, second []Tensor) error {
	for _, part := range []struct {
		into []kernel.Matrix
		from []Tensor
	}{{m.params.weights, weights}, {m.params.first, first}, {m.params.second, second}} {
		if part.from == nil {
			continue
		}
		if len(part.from) != len(part.into) {
			return fmt.Errorf("graph: got %d tensors, the network has %d", len(part.from), len(part.into))
		}
		for i, t := range part.from {
			dst := part.into[i]
			if name := m.net.Params[i].Name; t.Name != name || len(t.Data) != dst.Rows*dst.Cols {
				return fmt.Errorf("graph: tensor %q of %d values, want %q of %d", t.Name, len(t.Data), name, dst.Rows*dst.Cols)
			}
			dst.SetRowMajor(t.Data)
		}
	}
	return nil
}
