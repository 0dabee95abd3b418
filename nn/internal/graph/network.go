package graph

import (
	"fmt"
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/kernel"
)

// Spec describes a multi-layer perceptron: features -> Widths, each followed by
// the activation and dropout -> classes, with softmax cross-entropy as the loss.
type Spec struct {
	Batch, Features, Classes int
	Widths                   []int // hidden units a layer; may be empty
	Activation               kernel.Activation
	Dropout                  float64 // rate after every hidden layer, 0 <= rate < 1
	LabelSmoothing           float64 // 0 <= eps < 1
	Float64                  bool    // build in float64 (for gradient checks; a Machine runs float32)
}

// Network is an expression graph with its gradients.
type Network struct {
	Graph   *G.ExprGraph
	X, Y    *G.Node // data [B, features], class indices [B] (negative: padding)
	Logits  *G.Node // [B, classes]
	Loss    *G.Node // scalar
	Params  []Param
	MaskKey *MaskKey // seeds dropout; shared with the graph's operations
}

// Param is a trainable node and its gradient.
type Param struct {
	Name        string // layers.I.weight [in, out] or layers.I.bias [out]
	Node, Deriv *G.Node
}

// building serialises the construction of graphs.
var building sync.Mutex

// Building runs f, which builds a Gorgonia graph and differentiates it, while nobody else
// does: Gorgonia keeps the constants that Grad starts from in package variables and writes
// to them. A panic out of Gorgonia becomes an error.
func Building(f func() error) (err error) {
	building.Lock()
	defer building.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("graph: building the network: %v", r)
		}
	}()
	return f()
}

// Build makes the network of the spec and differentiates it.
func Build(spec Spec) (*Network, error) {
	b, err := newBuilder(spec.Batch, spec.Features, spec.Float64)
	if err != nil {
		return nil, err
	}
	return b.finish(spec.LabelSmoothing, func() *G.Node {
		h, in := b.net.X, spec.Features
		for i, width := range spec.Widths {
			h = b.apply(newActivation(spec.Activation), b.linear(h, in, width))
			if spec.Dropout > 0 {
				h = b.apply(newDropout(spec.Dropout, i, b.net.MaskKey), h)
			}
			in = width
		}
		return b.linear(h, in, spec.Classes)
	})
}

// builder adds layers to a graph and keeps the first error.
type builder struct {
	net   *Network
	dtype tensor.Dtype
	err   error
}

func newBuilder(batch, features int, float64s bool) (*builder, error) {
	if batch < 1 || features < 1 {
		return nil, fmt.Errorf("graph: batch and features must be positive (got %d, %d)", batch, features)
	}
	dtype := tensor.Float32
	if float64s {
		dtype = tensor.Float64
	}
	g := G.NewGraph()
	return &builder{dtype: dtype, net: &Network{
		Graph:   g,
		X:       G.NewMatrix(g, dtype, G.WithShape(batch, features), G.WithName("x")),
		Y:       G.NewVector(g, dtype, G.WithShape(batch), G.WithName("y")),
		MaskKey: new(MaskKey),
	}}, nil
}

// apply adds an operation; after an error it does nothing.
func (b *builder) apply(op G.Op, in ...*G.Node) *G.Node {
	if b.err != nil {
		return nil
	}
	out, err := G.ApplyOp(op, in...)
	if err != nil {
		b.err = fmt.Errorf("graph: adding %v: %w", op, err)
	}
	return out
}

// linear adds a dense layer with parameters of its own.
func (b *builder) linear(x *G.Node, in, out int) *G.Node {
	layer := len(b.net.Params) / 2
	weight, bias := fmt.Sprintf("layers.%d.weight", layer), fmt.Sprintf("layers.%d.bias", layer)
	w := G.NewMatrix(b.net.Graph, b.dtype, G.WithShape(in, out), G.WithName(weight))
	c := G.NewVector(b.net.Graph, b.dtype, G.WithShape(out), G.WithName(bias))
	b.net.Params = append(b.net.Params, Param{Name: weight, Node: w}, Param{Name: bias, Node: c})
	return b.apply(newLinear(x == b.net.X), x, w, c)
}

// finish runs layers, which returns the logits, adds the loss and takes the
// gradients.
func (b *builder) finish(smoothing float64, layers func() *G.Node) (*Network, error) {
	err := Building(func() error {
		b.net.Logits = layers()
		b.net.Loss = b.apply(newCrossEntropy(smoothing), b.net.Logits, b.net.Y)
		if b.err != nil {
			return b.err
		}
		var nodes G.Nodes
		for _, p := range b.net.Params {
			nodes = append(nodes, p.Node)
		}
		derivs, err := G.Grad(b.net.Loss, nodes...)
		if err != nil {
			return fmt.Errorf("graph: differentiating the loss: %w", err)
		}
		for i, d := range derivs {
			b.net.Params[i].Deriv = d
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b.net, nil
}
