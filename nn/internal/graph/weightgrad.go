package graph

import (
	G "gorgonia.org/gorgonia"

	"mnisttune/nn/internal/kernel"
)

// weightGrad is the gradient of a weight, computed in parts that fit into the
// first-level cache.
type weightGrad struct {
	dw      kernel.Matrix
	block   int  // rows of a part
	work    int  // of a row of a panel
	adds    bool // compute adds to dst, else it overwrites dst
	compute func(dst []float32, part kernel.Part)
}

// weightGrad binds n, a linearGradW.
func (m *Machine) weightGrad(n *G.Node) weightGrad {
	in := children(m.net.Graph, n)
	k, b := m.kernels, m.in
	dz := m.matrix(in[1])
	g := weightGrad{dw: m.matrix(n), block: kernel.BlockColumns}
	first := n.Op().(*linearGradW).first
	g.work = b.products(first, dz.Rows)
	if first {
		g.adds = b.sparse != nil
		g.compute = func(dst []float32, part kernel.Part) {
			if b.isSparse {
				k.LinearGradWSparse(dst, b.sparse, dz, part)
			} else {
				k.LinearGradWDense(dst, b.dense, g.dw.Rows, dz, part, b.rows)
			}
		}
		return g
	}
	x := m.matrix(in[0])
	g.block = kernel.PanelWidth
	g.compute = func(dst []float32, part kernel.Part) { k.LinearGradW(dst, x, dz, part, b.rows) }
	return g
}

func (g *weightGrad) call(run func(worker int, part kernel.Part)) call {
	return call{g.dw.Panels(), &g.dw.Rows, g.block, g.work, run}
}

// alone returns the call that keeps the gradient.
func (g weightGrad) alone() call {
	return g.call(func(_ int, part kernel.Part) {
		dst, _ := g.dw.Part(part)
		if g.adds {
			clear(dst)
		}
		g.compute(dst, part)
	})
}

// fused returns the call that updates parameter number i and forgets the gradient. Its
// scratch is zero before and after.
func (g weightGrad) fused(m *Machine, i int) call {
	w, first, second := m.params.weights[i], m.params.first[i], m.params.second[i]
	scratch := make([][]float32, m.team.size)
	for worker := range scratch {
		scratch[worker] = kernel.Aligned(g.block * kernel.PanelWidth)
	}
	return g.call(func(worker int, part kernel.Part) {
		lo, hi, _ := w.Range(part)
		dst := scratch[worker][:hi-lo]
		g.compute(dst, part)
		m.kernels.Step(&m.rule, w.Data[lo:hi], dst, first.Data[lo:hi], second.Data[lo:hi])
	})
}

// lastRead returns the number of the parameter whose weight has the gradient n, if n
// is a linearGradW that nothing reads but the update of this one parameter: its
// update may be fused. ok is false for other nodes.
func (m *Machine) lastRead(n *G.Node) (param int, ok bool) {
	if _, is := n.Op().(*linearGradW); !is || m.net.Graph.To(n.ID()).Len() > 0 {
		return 0, false
	}
	for i, p := range m.net.Params {
		if p.Deriv == n {
			if ok {
				return 0, false // of two parameters
			}
			param, ok = i, true
		}
	}
	return param, ok
}
