package graph

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/kernel"
)

// matrix returns the memory of a node, new on first use. Vectors are matrices
// of one row.
func (m *Machine) matrix(n *G.Node) kernel.Matrix {
	if v, ok := m.values[n]; ok {
		return v
	}
	v := newMatrix(n.Shape())
	m.values[n] = v
	return v
}

func newMatrix(shape tensor.Shape) kernel.Matrix {
	if len(shape) == 1 {
		return kernel.NewMatrix(1, shape[0])
	}
	return kernel.NewMatrix(shape[0], shape[1])
}

// bind returns the call that computes node n, nil for what needs no computing.
func (m *Machine) bind(n *G.Node) (func(), error) {
	in := children(m.net.Graph, n)
	k, b := m.kernels, m.in
	switch op := n.Op().(type) {
	case *linear:
		w, c, z := m.matrix(in[1]), m.matrix(in[2]), m.matrix(n)
		if op.first {
			if b.sparse != nil {
				return func() { k.LinearForwardSparse(z, b.sparse, w, c) }, nil
			}
			return func() { k.LinearForwardDense(z, b.dense, w, c, b.rows) }, nil
		}
		x := m.matrix(in[0])
		return func() { k.LinearForward(z, x, w, c, b.rows) }, nil
	case *activation:
		y, z := m.matrix(n), m.matrix(in[0])
		return func() { k.ActivationForward(op.f, y, z, b.rows) }, nil
	case *dropout:
		y, x := m.matrix(n), m.matrix(in[0])
		return func() { m.dropout(op, y, x) }, nil
	case *crossEntropy:
		return nil, nil // computed with its gradient
	case *crossEntropyGrad:
		if in[2].Op() == nil || in[2].Op().String() != "const 1" {
			return nil, fmt.Errorf("graph: the cross-entropy must be what is differentiated (got the upstream gradient %v)", in[2])
		}
		z, dz := m.matrix(in[0]), m.matrix(n)
		return func() { m.loss, m.correct = k.CrossEntropy(dz, z, b.labels[:b.rows], op.smoothing) }, nil
	case *linearGradX:
		dz, w, dx := m.matrix(in[0]), m.matrix(in[1]), m.matrix(n)
		wt := kernel.NewMatrix(w.Cols, w.Rows)
		return func() { k.TransposeMatrix(wt, w); k.LinearGradX(dx, dz, wt, b.rows) }, nil
	case *linearGradW:
		dz, dw := m.matrix(in[1]), m.matrix(n)
		if op.first {
			if b.sparse != nil {
				return func() { k.LinearGradWSparse(dw, b.sparse, dz) }, nil
			}
			return func() { k.LinearGradWDense(dw, b.dense, dz, b.rows) }, nil
		}
		x := m.matrix(in[0])
		return func() { k.LinearGradW(dw, x, dz, b.rows) }, nil
	case *linearGradB:
		dz, db := m.matrix(in[0]), m.matrix(n)
		return func() { k.LinearGradB(db, dz, b.rows) }, nil
	case *activationGrad:
		dz, dy, saved := m.matrix(n), m.matrix(in[0]), m.matrix(in[1])
		return func() { k.ActivationGrad(op.f, dz, dy, saved, b.rows) }, nil
	}
	return m.bindStock(n, in)
}

// bindStock binds what Gorgonia itself puts into a graph: constants, and the
// sums at branches, forward and backward.
func (m *Machine) bindStock(n *G.Node, in []*G.Node) (func(), error) {
	name := n.Op().String()
	switch {
	case strings.HasPrefix(name, "const "):
		return nil, nil
	case strings.HasPrefix(name, "+ ") && len(in) == 2 && in[0].Shape().Eq(in[1].Shape()) && !n.Shape().IsScalar():
		z, x, y := m.matrix(n), m.matrix(in[0]), m.matrix(in[1])
		if n.Shape()[0] != m.net.X.Shape()[0] {
			return func() { kernel.Add(z, x, y, z.Rows) }, nil
		}
		b := m.in
		return func() { kernel.Add(z, x, y, b.rows) }, nil
	}
	return nil, fmt.Errorf("graph: no kernel for the operation %q of shape %v", name, n.Shape())
}

// dropout masks x while training, else passes it through.
func (m *Machine) dropout(op *dropout, y, x kernel.Matrix) {
	mask := kernel.Mask{Scale: 1}
	if m.training {
		mask = op.mask()
	}
	m.kernels.DropoutForward(y, x, mask, m.in.rows)
}
