package graph

import (
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// problem is a batch and parameters for a network, in float64.
type problem struct {
	x      []float64
	labels []float64 // negative: padding
	params [][]float64
}

// newProblem draws a problem; about half of x is zero, and the last padding rows
// are padding.
func newProblem(net *Network, classes, padding int, seed uint64) problem {
	r := rand.New(rand.NewPCG(seed, 1))
	shape := net.X.Shape()
	p := problem{x: make([]float64, shape.TotalSize()), labels: make([]float64, shape[0])}
	for i := range p.x {
		if r.IntN(2) == 0 {
			p.x[i] = r.Float64()
		}
	}
	for i := range p.labels {
		p.labels[i] = float64(r.IntN(classes))
		if i >= shape[0]-padding {
			p.labels[i] = -1
		}
	}
	for _, q := range net.Params {
		w := make([]float64, q.Node.Shape().TotalSize())
		for i := range w {
			w[i] = r.NormFloat64() / math.Sqrt(float64(q.Node.Shape()[0]))
		}
		p.params = append(p.params, w)
	}
	return p
}

// rounded returns a copy of the problem that float32 holds exactly.
func (p problem) rounded() problem {
	round := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = float64(float32(v))
		}
		return out
	}
	q := problem{x: round(p.x), labels: p.labels}
	for _, w := range p.params {
		q.params = append(q.params, round(w))
	}
	return q
}

func let(t testing.TB, n *G.Node, data []float64) {
	t.Helper()
	var backing any = data
	if n.Dtype() == G.Float32 {
		f := make([]float32, len(data))
		for i, v := range data {
			f[i] = float32(v)
		}
		backing = f
	}
	if err := G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(backing))); err != nil {
		t.Fatal(err)
	}
}

func (p problem) bind(t testing.TB, net *Network) {
	t.Helper()
	let(t, net.X, p.x)
	let(t, net.Y, p.labels)
	for i, q := range net.Params {
		let(t, q.Node, p.params[i])
	}
}

// outcome is what a step computes.
type outcome struct {
	loss   float64
	logits []float64
	grads  [][]float64
}

func floats(v G.Value) []float64 {
	switch d := v.Data().(type) {
	case []float64:
		return append([]float64(nil), d...)
	case []float32:
		return widen(d)
	case float64:
		return []float64{d}
	case float32:
		return []float64{float64(d)}
	}
	panic("not a float")
}

func widen(d []float32) []float64 {
	out := make([]float64, len(d))
	for i, x := range d {
		out[i] = float64(x)
	}
	return out
}

// tape runs the network on Gorgonia's own machine. It may be called once a
// network: it adds nodes that read the results.
type tape struct {
	vm           G.VM
	net          *Network
	loss, logits G.Value
	grads        []G.Value
}

func newTape(net *Network) *tape {
	tp := &tape{net: net, grads: make([]G.Value, len(net.Params))}
	G.Read(net.Loss, &tp.loss)
	G.Read(net.Logits, &tp.logits)
	for i, p := range net.Params {
		G.Read(p.Deriv, &tp.grads[i])
	}
	tp.vm = G.NewTapeMachine(net.Graph)
	return tp
}

func (tp *tape) run(t testing.TB, p problem) outcome {
	t.Helper()
	p.bind(t, tp.net)
	tp.vm.Reset()
	if err := tp.vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	o := outcome{loss: floats(tp.loss)[0], logits: floats(tp.logits)}
	for _, g := range tp.grads {
		o.grads = append(o.grads, floats(g))
	}
	return o
}

// runMachine runs the same step on a Machine, as a gorgonia.VM.
func runMachine(t testing.TB, net *Network, p problem, o Options) outcome {
	t.Helper()
	m, err := Compile(net, o)
	if err != nil {
		t.Fatal(err)
	}
	p.bind(t, net)
	var vm G.VM = m
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	vm.Reset()
	out := outcome{loss: m.loss}
	logits := m.values[net.Logits]
	flat := make([]float32, m.in.rows*logits.Cols)
	logits.RowMajor(flat)
	out.logits = widen(flat)
	for _, g := range m.Gradients() {
		out.grads = append(out.grads, widen(g.Data))
	}
	return out
}

// compare fails unless got is within tol of want, relative to want's largest
// element, array by array. got may leave out rows of padding at the end.
func (want outcome) compare(t *testing.T, got outcome, tol float64) {
	t.Helper()
	if d := math.Abs(got.loss - want.loss); !(d <= tol*math.Max(1, math.Abs(want.loss))) {
		t.Errorf("loss: got %v, want %v", got.loss, want.loss)
	}
	near(t, "logits", got.logits, want.logits[:len(got.logits)], tol)
	for i := range want.grads {
		near(t, "gradient", got.grads[i], want.grads[i], tol)
	}
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	scale := 0.0
	for _, v := range want {
		scale = math.Max(scale, math.Abs(v))
	}
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= tol*scale) {
			t.Errorf("%s[%d]: got %v, want %v (scale %v)", what, i, got[i], want[i], scale)
			return
		}
	}
}
