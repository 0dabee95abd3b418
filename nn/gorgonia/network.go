package gorgonia

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// spec says what a network is made of beside its sizes.
type spec struct {
	activation kernel.Activation
	dropout    bool
	gemm       Gemm
}

// network is a graph for a fixed number of rows, the machine that runs it, and the memory
// of its inputs.
type network struct {
	machine G.VM
	rows    int
	x       []float32   // [rows, features]
	masks   [][]float32 // of each hidden layer, [rows, units]: what dropout multiplies by
	targets []float32   // [rows, classes]: the share of each class; zero in rows of padding
	share   []float32   // [rows]: what a row counts in the mean; zero in rows of padding
	params  G.Nodes
	out     *outputs
}

// outputs are what a run leaves. They are a piece of memory of their own: the machine's
// graph points to them, and a machine that can be reached from itself is never let go of,
// for it has a finalizer.
type outputs struct {
	logits G.Value // [rows, classes]
	loss   G.Value // a number
}

// leastRows is the least number of rows of a graph: of one row Gorgonia makes vectors.
const leastRows = 2

// newNetwork builds the network for so many rows, to be trained or, without a loss and
// dropout, to be asked.
func newNetwork(p *parameters, s spec, rows int, train bool) (*network, error) {
	n := &network{rows: max(leastRows, rows), out: new(outputs)}
	err := graph.Building(func() error { return n.build(p, s, train) })
	return n, err
}

func (n *network) build(p *parameters, s spec, train bool) error {
	b := builder{graph: G.NewGraph()}
	var roots G.Nodes
	logits := n.layers(&b, p, s, train)
	if b.err == nil {
		roots = append(roots, G.Read(logits, &n.out.logits))
	}
	options := []G.VMOpt{}
	if s.gemm != nil {
		options = append(options, G.WithEngine(engine{gemm: s.gemm}))
	}
	if train {
		loss := n.addLoss(&b, logits, p.sizes[p.layers()])
		if b.err != nil {
			return b.err
		}
		gradients, err := G.Grad(loss, n.params...)
		if err != nil {
			return fmt.Errorf("differentiating the loss: %w", err)
		}
		roots = append(append(roots, G.Read(loss, &n.out.loss)), gradients...)
		options = append(options, G.BindDualValues(n.params...))
	}
	if b.err != nil {
		return b.err
	}
	// The whole graph also has the gradient of the data, a product as large as the
	// largest of the others.
	n.machine = G.NewTapeMachine(b.graph.ExactSubgraphRoots(roots...), options...)
	return nil
}

// layers adds the layers and returns the logits.
func (n *network) layers(b *builder, p *parameters, s spec, train bool) *G.Node {
	n.x = make([]float32, n.rows*p.sizes[0])
	h := b.input("x", n.x, n.rows, p.sizes[0])
	for l := range p.layers() {
		if l > 0 {
			h = b.activate(s.activation, h)
			if s.dropout && train {
				mask := make([]float32, n.rows*p.sizes[l])
				n.masks = append(n.masks, mask)
				h = b.do(G.HadamardProd(h, b.input(fmt.Sprint("mask", l), mask, n.rows, p.sizes[l])))
			}
		}
		weight, bias := b.parameter(p, 2*l), b.parameter(p, 2*l+1)
		n.params = append(n.params, weight, bias)
		if b.err == nil {
			h = b.do(G.Mul(h, weight))
		}
		if b.err == nil {
			h = b.do(G.BroadcastAdd(h, bias, nil, []byte{0}))
		}
	}
	return h
}

// addLoss adds the cross-entropy: the mean over the rows of log sum exp(logits) -
// sum targets logits, both less the row's largest logit, which no exponential exceeds.
func (n *network) addLoss(b *builder, logits *G.Node, classes int) *G.Node {
	n.targets, n.share = make([]float32, n.rows*classes), make([]float32, n.rows)
	if b.err != nil {
		return nil
	}
	targets := b.input("targets", n.targets, n.rows, classes)
	share := G.NewVector(b.graph, tensor.Float32, G.WithName("share"), G.WithShape(n.rows),
		G.WithValue(tensor.New(tensor.WithShape(n.rows), tensor.WithBacking(n.share))))
	shifted := G.Must(G.BroadcastSub(logits, G.Must(G.Max(logits, 1)), nil, []byte{1}))
	logSum := G.Must(G.Log(G.Must(G.Sum(G.Must(G.Exp(shifted)), 1))))
	target := G.Must(G.Sum(G.Must(G.HadamardProd(shifted, targets)), 1))
	return G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.Sub(logSum, target)), share))))
}

// builder adds nodes to a graph and keeps the first error.
type builder struct {
	graph *G.ExprGraph
	err   error
}

// do takes what an operation returns.
func (b *builder) do(n *G.Node, err error) *G.Node {
	if b.err == nil {
		b.err = err
	}
	return n
}

// input adds a node that reads memory as a matrix.
func (b *builder) input(name string, data []float32, rows, cols int) *G.Node {
	return b.matrix(name, tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data)))
}

func (b *builder) parameter(p *parameters, i int) *G.Node {
	return b.matrix(tensorName(i), p.dense[i])
}

func (b *builder) matrix(name string, value *tensor.Dense) *G.Node {
	return G.NewMatrix(b.graph, tensor.Float32, G.WithName(name), G.WithShape(value.Shape()...), G.WithValue(value))
}

func (b *builder) activate(f kernel.Activation, h *G.Node) *G.Node {
	if b.err != nil {
		return nil
	}
	switch f {
	case kernel.ReLU:
		return b.do(G.Rectify(h))
	case kernel.Tanh:
		return b.do(G.Tanh(h))
	case kernel.Sigmoid:
		return b.do(G.Sigmoid(h))
	}
	return b.do(G.ApplyOp(graph.NewActivation(f), h))
}
