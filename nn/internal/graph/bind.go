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

// rowBlock is how many rows of a batch the parts of a call have that may be shared
// out.
const rowBlock = 64

// byRows returns a call that computes out from the rows of the batch; work is that of
// a row of a full panel.
func (m *Machine) byRows(out kernel.Matrix, work int, run func(worker int, part kernel.Part)) call {
	block := rowBlock
	if m.team.size == 1 {
		block = out.Rows
	}
	return call{out.Panels(), &m.in.rows, block, work, run}
}

// whole returns a call for each panel of out, small enough to be run by one thread.
func whole(out kernel.Matrix, run func(worker int, part kernel.Part)) call {
	return call{out.Panels(), &out.Rows, out.Rows, 1, run}
}

// elementwise is the work of a row of a panel in calls that compute element by
// element. They are bound by memory.
const elementwise = 10 * kernel.PanelWidth

// products returns the work of a row of a panel that is the sum of so many products.
func products(depth int) int { return 2 * depth * kernel.PanelWidth }

// sparseShare is about what skipping zeros leaves of the work.
const sparseShare = 3

// products is products of a sum over the inputs of a layer, the first one or another.
func (b *batch) products(first bool, depth int) int {
	if first && b.sparse != nil {
		return products(depth) / sparseShare
	}
	return products(depth)
}

// bind returns the calls that compute node n, none for what needs no computing.
func (m *Machine) bind(n *G.Node) ([]call, error) {
	in := children(m.net.Graph, n)
	k, b := m.kernels, m.in
	switch op := n.Op().(type) {
	case *linear:
		w, c, z := m.matrix(in[1]), m.matrix(in[2]), m.matrix(n)
		run := func(_ int, part kernel.Part) {
			if b.isSparse {
				k.LinearForwardSparse(z, b.sparse, w, c, part)
			} else {
				k.LinearForwardDense(z, b.dense, w, c, part)
			}
		}
		if !op.first {
			x := m.matrix(in[0])
			run = func(_ int, part kernel.Part) { k.LinearForward(z, x, w, c, part) }
		}
		return []call{m.byRows(z, b.products(op.first, w.Rows), run)}, nil
	case *activation:
		y, z := m.matrix(n), m.matrix(in[0])
		return []call{m.byRows(y, elementwise, func(_ int, part kernel.Part) { k.ActivationForward(op.f, y, z, part) })}, nil
	case *dropout:
		y, x := m.matrix(n), m.matrix(in[0])
		return []call{m.byRows(y, elementwise, func(_ int, part kernel.Part) { m.dropout(op, y, x, part) })}, nil
	case *crossEntropy:
		return nil, nil // computed with its gradient
	case *crossEntropyGrad:
		if in[2].Op() == nil || in[2].Op().String() != "const 1" {
			return nil, fmt.Errorf("graph: the cross-entropy must be what is differentiated (got the upstream gradient %v)", in[2])
		}
		z, dz := m.matrix(in[0]), m.matrix(n)
		one := kernel.Matrix{Rows: 1, Cols: 1} // the sum of the losses is one part
		return []call{whole(one, func(int, kernel.Part) { m.loss, m.correct = k.CrossEntropy(dz, z, b.labels[:b.rows], op.smoothing) })}, nil
	case *linearGradX:
		dz, w, dx := m.matrix(in[0]), m.matrix(in[1]), m.matrix(n)
		wt := kernel.NewMatrix(w.Cols, w.Rows)
		return []call{
			{wt.Panels(), &wt.Rows, kernel.PanelWidth, elementwise, func(_ int, part kernel.Part) { k.TransposeMatrix(wt, w, part) }},
			m.byRows(dx, products(w.Cols), func(_ int, part kernel.Part) { k.LinearGradX(dx, dz, wt, part) }),
		}, nil
	case *linearGradW:
		return []call{m.weightGrad(n).alone()}, nil
	case *linearGradB:
		dz, db := m.matrix(in[0]), m.matrix(n)
		return []call{whole(db, func(_ int, part kernel.Part) { k.LinearGradB(db, dz, part, b.rows) })}, nil
	case *activationGrad:
		dz, dy, saved := m.matrix(n), m.matrix(in[0]), m.matrix(in[1])
		return []call{m.byRows(dz, elementwise, func(_ int, part kernel.Part) { k.ActivationGrad(op.f, dz, dy, saved, part) })}, nil
	}
	return m.bindStock(n, in)
}

// bindStock binds what Gorgonia itself puts into a graph: constants, and the
// sums at branches, forward and backward.
func (m *Machine) bindStock(n *G.Node, in []*G.Node) ([]call, error) {
	name := n.Op().String()
	switch {
	case strings.HasPrefix(name, "const "):
		return nil, nil
	case strings.HasPrefix(name, "+ ") && len(in) == 2 && in[0].Shape().Eq(in[1].Shape()) && !n.Shape().IsScalar():
		z, x, y := m.matrix(n), m.matrix(in[0]), m.matrix(in[1])
		run := func(_ int, part kernel.Part) { kernel.Add(z, x, y, part) }
		if n.Shape()[0] != m.net.X.Shape()[0] {
			return []call{whole(z, run)}, nil
		}
		return []call{m.byRows(z, elementwise, run)}, nil
	}
	return nil, fmt.Errorf("graph: no kernel for the operation %q of shape %v", name, n.Shape())
}

// dropout masks x while training, else passes it through.
func (m *Machine) dropout(op *dropout, y, x kernel.Matrix, part kernel.Part) {
	mask := kernel.Mask{Scale: 1}
	if m.training {
		mask = op.mask()
	}
	m.kernels.DropoutForward(y, x, mask, part)
}
