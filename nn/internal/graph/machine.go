package graph

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/graph"
	G "gorgonia.org/gorgonia"

	"mnisttune/nn/internal/kernel"
)

// Options say how a network is compiled.
type Options struct {
	Kernels *kernel.Set // nil: the fastest that the processor runs
	Sparse  bool        // skip the zeros of the data; pays below a density of about a half
	Threads int         // 0 or 1: one; at most MaxThreads. The results are the same bit for bit
}

// MaxThreads is the most threads that a Machine uses.
const MaxThreads = 64

// Machine runs a network: it owns the memory of every node and a list of kernel
// calls. A Machine is used by one goroutine at a time; machines share nothing.
type Machine struct {
	net     *Network
	kernels *kernel.Set
	params  arena // parameters and what belongs to them, all of them in one piece each
	in      *batch
	values  map[*G.Node]kernel.Matrix

	forward  []call // data to logits
	backward []call // logits to gradients, those of weights excepted
	weights  []call // gradients of weights that nothing else reads
	fused    []call // the same with the updates of these weights
	update   call   // all parameters from their gradients
	rest     []int  // numbers of the parameters that are not in fused
	team     team
	training bool // dropout is on
	loss     float64
	correct  int
	rule     kernel.Rule // of the last update; here because a local one would escape
}

var _ G.VM = (*Machine)(nil)

// Compile gives every node of the network its memory and binds it to a kernel.
func Compile(net *Network, o Options) (*Machine, error) {
	if net.X.Dtype() != G.Float32 {
		return nil, fmt.Errorf("graph: a machine runs float32 (got %v)", net.X.Dtype())
	}
	if o.Kernels == nil {
		var err error
		if o.Kernels, err = kernel.Best(); err != nil {
			return nil, fmt.Errorf("graph: %w", err)
		}
	}
	m := &Machine{
		net: net, kernels: o.Kernels,
		in:     newBatch(net.X.Shape()[0], net.X.Shape()[1], o.Sparse),
		values: make(map[*G.Node]kernel.Matrix),
		team:   team{size: max(1, min(o.Threads, MaxThreads))},
	}
	m.params = newArena(net.Params)
	for i, p := range net.Params {
		m.values[p.Node] = m.params.weights[i]
		if _, taken := m.values[p.Deriv]; !taken {
			m.values[p.Deriv] = m.params.grads[i]
		}
	}
	sorted, err := G.Sort(net.Graph)
	if err != nil {
		return nil, fmt.Errorf("graph: sorting: %w", err)
	}
	slices.Reverse(sorted) // Sort puts the root first
	feedsLogits, fused := ancestors(net.Graph, net.Logits), make(map[int]bool)
	for _, n := range sorted {
		if n.Op() == nil {
			continue
		}
		if i, ok := m.lastRead(n); ok {
			g := m.weightGrad(n)
			m.weights = append(m.weights, g.alone())
			m.fused = append(m.fused, g.fused(m, i))
			fused[i] = true
			continue
		}
		calls, err := m.bind(n)
		if err != nil {
			return nil, err
		}
		if feedsLogits[n] {
			m.forward = append(m.forward, calls...)
		} else {
			m.backward = append(m.backward, calls...)
		}
	}
	m.bindUpdate(fused)
	return m, nil
}

// ancestors returns n and everything that it is computed from.
func ancestors(g *G.ExprGraph, n *G.Node) map[*G.Node]bool {
	seen := map[*G.Node]bool{n: true}
	for queue := []*G.Node{n}; len(queue) > 0; {
		next := queue[0]
		queue = queue[1:]
		for _, c := range children(g, next) {
			if !seen[c] {
				seen[c] = true
				queue = append(queue, c)
			}
		}
	}
	return seen
}

// children returns the inputs of n in their order.
func children(g *G.ExprGraph, n *G.Node) []*G.Node {
	nodes := graph.NodesOf(g.From(n.ID()))
	in := make([]*G.Node, len(nodes))
	for i := range nodes {
		in[i] = nodes[i].(*G.Node)
	}
	return in
}

// Train computes the mean loss over the rows of src, how many of them are
// classified right, and the gradients. step keys the dropout masks. At most
// Batch rows; fewer are a short last batch.
func (m *Machine) Train(src *Source, rows []int32, step int) (loss float64, correct int, err error) {
	if err := m.begin(src, rows, step); err != nil {
		return 0, 0, err
	}
	m.run()
	return m.loss, m.correct, nil
}

// begin gathers the rows of a training step.
func (m *Machine) begin(src *Source, rows []int32, step int) error {
	m.net.MaskKey.Step = step
	return m.in.gather(m.kernels, src, rows, true)
}

// run goes through the network forward and backward, to all gradients.
func (m *Machine) run() {
	m.runToWeights()
	m.runAll(m.weights)
}

// runToWeights stops before the gradients of weights that nothing else reads.
func (m *Machine) runToWeights() {
	m.training = true
	m.runAll(m.forward)
	m.runAll(m.backward)
}

func (m *Machine) runAll(calls []call) {
	for i := range calls {
		m.team.do(&calls[i])
	}
}

// Infer writes the logits of the rows, [len(rows), classes] row-major, without
// dropout.
func (m *Machine) Infer(dst []float32, src *Source, rows []int32) error {
	logits := m.values[m.net.Logits]
	for len(rows) > 0 {
		n := min(len(rows), logits.Rows)
		if err := m.in.gather(m.kernels, src, rows[:n], false); err != nil {
			return err
		}
		m.training = false
		m.runAll(m.forward)
		logits.RowMajor(dst[:n*logits.Cols])
		rows, dst = rows[n:], dst[n*logits.Cols:]
	}
	return nil
}

// RunAll runs one step on the values bound to the network's X, Y and parameter
// nodes (gorgonia.Let), like Gorgonia's own machines. Rows with a negative label
// must come last.
func (m *Machine) RunAll() error {
	for i, p := range m.net.Params {
		if v := p.Node.Value(); v != nil {
			m.params.weights[i].SetRowMajor(v.Data().([]float32))
		}
	}
	x, labels := m.net.X.Value().Data().([]float32), m.net.Y.Value().Data().([]float32)
	src := &Source{Features: m.in.features, Rows: len(labels), Fill: func(dst []float32, y []uint8, rows []int) error {
		copy(dst, x)
		for i := range rows {
			y[i] = uint8(labels[i])
		}
		return nil
	}}
	n := slices.IndexFunc(labels, func(y float32) bool { return y < 0 })
	if n < 0 {
		n = len(labels)
	}
	if err := m.in.gather(m.kernels, src, make([]int32, n), false); err != nil {
		return err
	}
	m.run()
	return nil
}

// Reset does nothing: a step leaves nothing behind that the next one reads.
func (m *Machine) Reset() {}

// Close does nothing: a Machine holds only memory.
func (m *Machine) Close() error { return nil }
