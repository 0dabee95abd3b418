package graph

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"mnisttune/nn/internal/kernel"
)

// specs covers every activation, dropout, smoothing, widths that fill a panel,
// overfill it and leave it ragged, and networks without a hidden layer.
var specs = []Spec{
	{Batch: 6, Features: 13, Classes: 4, Widths: []int{7}, Activation: kernel.ReLU},
	{Batch: 5, Features: 9, Classes: 3, Widths: []int{8, 5}, Activation: kernel.Tanh},
	{Batch: 5, Features: 9, Classes: 3, Widths: []int{8, 5}, Activation: kernel.Sigmoid, LabelSmoothing: 0.1},
	{Batch: 7, Features: 10, Classes: 5, Widths: []int{6, 6, 6}, Activation: kernel.GELU},
	{Batch: 8, Features: 11, Classes: 3, Widths: []int{9, 8}, Activation: kernel.ReLU, Dropout: 0.4},
	{Batch: 8, Features: 11, Classes: 3, Widths: []int{9}, Activation: kernel.Sigmoid, Dropout: 0.5, LabelSmoothing: 0.2},
	{Batch: 4, Features: 70, Classes: 3, Widths: []int{64, 130, 16}, Activation: kernel.ReLU},
	{Batch: 3, Features: 5, Classes: 70, Widths: []int{65}, Activation: kernel.Tanh},
	{Batch: 4, Features: 6, Classes: 2},
	{Batch: 1, Features: 3, Classes: 2, Widths: []int{1}, Activation: kernel.Tanh},
}

func (s Spec) name() string {
	return fmt.Sprintf("%v/%dx%d/%v/dropout=%g/smoothing=%g/classes=%d", s.Activation, s.Batch, s.Features, s.Widths, s.Dropout, s.LabelSmoothing, s.Classes)
}

func build(t testing.TB, s Spec) *Network {
	t.Helper()
	net, err := Build(s)
	if err != nil {
		t.Fatal(err)
	}
	net.MaskKey.Seed, net.MaskKey.Step = 5, 3
	return net
}

func init() {
	// The zero Activation has no name; a network without hidden layers needs none.
	for i := range specs {
		if specs[i].Activation == 0 {
			specs[i].Activation = kernel.ReLU
		}
	}
}

// The machine computes what Gorgonia's own machine computes on the same graph.
func TestMachineEqualsTapeMachine(t *testing.T) {
	for _, s := range specs {
		for _, padding := range []int{0, s.Batch / 2} {
			for _, sparse := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/padding=%d/sparse=%v", s.name(), padding, sparse), func(t *testing.T) {
					p := newProblem(build(t, s), s.Classes, padding, 1).rounded()
					want := newTape(build(t, s)).run(t, p)
					want.compare(t, runMachine(t, build(t, s), p, Options{Sparse: sparse}), 2e-6)
				})
			}
		}
	}
}

// The gradients of the whole network, against central differences of its loss.
func TestGradientsAgainstDifferences(t *testing.T) {
	for _, s := range specs {
		if s.Features > 20 || s.Classes > 20 {
			continue // thousands of parameters: the smaller networks have the same operations
		}
		t.Run(s.name(), func(t *testing.T) {
			p := newProblem(build(t, s), s.Classes, s.Batch/3, 2).rounded()
			s64 := s
			s64.Float64 = true
			tp := newTape(build(t, s64))
			analytic := tp.run(t, p)
			numeric := make([][]float64, len(p.params))
			for i, w := range p.params {
				for j := range w {
					numeric[i] = append(numeric[i], difference(t, tp, p, &w[j]))
				}
			}
			for i := range numeric {
				near(t, "float64 gradient of "+tp.net.Params[i].Name, analytic.grads[i], numeric[i], 1e-6)
			}
			single := runMachine(t, build(t, s), p, Options{})
			for i := range numeric {
				near(t, "float32 gradient of "+tp.net.Params[i].Name, single.grads[i], numeric[i], 1e-4)
			}
		})
	}
}

// difference is the fourth-order central difference of the loss in *x.
func difference(t *testing.T, tp *tape, p problem, x *float64) float64 {
	const h = 1e-4
	at := *x
	defer func() { *x = at }()
	loss := func(d float64) float64 { *x = at + d; return tp.run(t, p).loss }
	return (8*(loss(h)-loss(-h)) - (loss(2*h) - loss(-2*h))) / (12 * h)
}

// The same network made of Gorgonia's stock operations, differentiated and run
// by Gorgonia: an oracle that shares no operation with ours.
func TestMachineEqualsStockGorgonia(t *testing.T) {
	for _, f := range []kernel.Activation{kernel.ReLU, kernel.Tanh, kernel.Sigmoid} {
		s := Spec{Batch: 6, Features: 20, Classes: 4, Widths: []int{10, 7}, Activation: f}
		p := newProblem(build(t, s), s.Classes, 0, 3).rounded()
		want := stock(t, s, p)
		want.compare(t, runMachine(t, build(t, s), p, Options{Sparse: true}), 5e-6)
	}
}

func stock(t *testing.T, s Spec, p problem) outcome {
	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float64, G.WithShape(s.Batch, s.Features), G.WithName("x"))
	let(t, x, p.x)
	target := G.NewMatrix(g, G.Float64, G.WithShape(s.Batch, s.Classes), G.WithName("y"))
	hot := make([]float64, s.Batch*s.Classes)
	for i, y := range p.labels {
		hot[i*s.Classes+int(y)] = 1
	}
	let(t, target, hot)
	stockActivation := map[kernel.Activation]func(*G.Node) (*G.Node, error){kernel.ReLU: G.Rectify, kernel.Tanh: G.Tanh, kernel.Sigmoid: G.Sigmoid}[s.Activation]
	var params G.Nodes
	h, in := x, s.Features
	for i, out := range append(append([]int(nil), s.Widths...), s.Classes) {
		w := G.NewMatrix(g, G.Float64, G.WithShape(in, out), G.WithName(fmt.Sprint("w", i)))
		b := G.NewMatrix(g, G.Float64, G.WithShape(1, out), G.WithName(fmt.Sprint("b", i)))
		let(t, w, p.params[2*i])
		let(t, b, p.params[2*i+1])
		params = append(params, w, b)
		h = G.Must(G.BroadcastAdd(G.Must(G.Mul(h, w)), b, nil, []byte{0}))
		if i < len(s.Widths) {
			h = G.Must(stockActivation(h))
		}
		in = out
	}
	logSum := G.Must(G.Log(G.Must(G.Sum(G.Must(G.Exp(h)), 1))))
	picked := G.Must(G.Sum(G.Must(G.HadamardProd(h, target)), 1))
	loss := G.Must(G.Mean(G.Must(G.Sub(logSum, picked))))
	if _, err := G.Grad(loss, params...); err != nil {
		t.Fatal(err)
	}
	var lossValue, logits G.Value
	G.Read(loss, &lossValue)
	G.Read(h, &logits)
	vm := G.NewTapeMachine(g, G.BindDualValues(params...))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	o := outcome{loss: floats(lossValue)[0], logits: floats(logits)}
	for _, n := range params {
		v, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		o.grads = append(o.grads, floats(v))
	}
	return o
}

// residual is a network that is no plain chain: a hidden layer whose input is
// added to its output, by Gorgonia's own addition.
func residual(t *testing.T, float64s bool) *Network {
	b, err := newBuilder(6, 12, float64s)
	if err != nil {
		t.Fatal(err)
	}
	net, err := b.finish(0, func() *G.Node {
		h := b.apply(newActivation(kernel.Tanh), b.linear(b.net.X, 12, 9))
		branch := b.apply(newActivation(kernel.ReLU), b.linear(h, 9, 9))
		return b.linear(G.Must(G.Add(h, branch)), 9, 4)
	})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func TestResidualBranch(t *testing.T) {
	p := newProblem(residual(t, false), 4, 2, 4).rounded()
	want := newTape(residual(t, true)).run(t, p)
	net := residual(t, false)
	want.compare(t, runMachine(t, net, p, Options{Sparse: true}), 5e-6)

	m, err := Compile(net, Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := problemSource(p, 4)
	rows := []int32{0, 1, 2, 3}
	for i := range m.params.weights {
		m.params.weights[i].SetRowMajor(narrow(p.params[i]))
	}
	first, last := 0.0, 0.0
	for step := 1; step <= 300; step++ {
		loss, _, err := m.Train(src, rows, step)
		if err != nil {
			t.Fatal(err)
		}
		if step == 1 {
			first = loss
		}
		last = loss
		m.Update(&Optimizer{Rule: kernel.Adam, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}, 0.01, step)
	}
	if !(last < first/20) {
		t.Errorf("300 steps took the loss from %v to %v, want less than a twentieth", first, last)
	}
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// problemSource offers the rows of a problem that are not padding.
func problemSource(p problem, classes int) *Source {
	features := len(p.x) / len(p.labels)
	return &Source{Features: features, Classes: classes, Rows: len(p.labels), Fill: func(x []float32, y []uint8, rows []int) error {
		for i, r := range rows {
			copy(x[i*features:(i+1)*features], narrow(p.x[r*features:(r+1)*features]))
			y[i] = uint8(p.labels[r])
		}
		return nil
	}}
}

// Bytes and floats, sparse and dense: the same rows give the same numbers.
func TestSourcesAgree(t *testing.T) {
	s := Spec{Batch: 4, Features: 10, Classes: 3, Widths: []int{5}, Activation: kernel.ReLU}
	pixels, labels := make([]byte, 60), []uint8{0, 1, 2, 0, 1, 2}
	for i := range pixels {
		if i%3 == 0 {
			pixels[i] = byte(7 * i)
		}
	}
	bytes := &Source{Features: 10, Classes: 3, Rows: 6, Pixels: pixels, Labels: labels}
	bytes.SetScale(1. / 255)
	floats := &Source{Features: 10, Classes: 3, Rows: 6, Fill: func(x []float32, y []uint8, rows []int) error {
		for i, r := range rows {
			for j := range 10 {
				x[i*10+j] = float32(pixels[r*10+j]) * (1. / 255)
			}
			y[i] = labels[r]
		}
		return nil
	}}
	rows := []int32{5, 0, 3}
	var want []Tensor
	for _, c := range []struct {
		src    *Source
		sparse bool
	}{{bytes, true}, {bytes, false}, {floats, true}, {floats, false}} {
		net := build(t, s)
		m, err := Compile(net, Options{Sparse: c.sparse})
		if err != nil {
			t.Fatal(err)
		}
		p := newProblem(net, 3, 0, 6)
		for i := range m.params.weights {
			m.params.weights[i].SetRowMajor(narrow(p.params[i]))
		}
		if _, _, err := m.Train(c.src, rows, 0); err != nil {
			t.Fatal(err)
		}
		got := m.Gradients()
		if want == nil {
			want = got
		}
		for i := range got {
			near(t, got[i].Name, widen(got[i].Data), widen(want[i].Data), 1e-6)
		}
	}
}

// trained returns everything that a few steps on the rows of src leave behind, the
// last batch a short one, and the logits of all rows.
func trained(t *testing.T, s Spec, o Options, src *Source, opt *Optimizer, step func(m *Machine, rows []int32, step int) error) []Tensor {
	t.Helper()
	net := build(t, s)
	m, err := Compile(net, o)
	if err != nil {
		t.Fatal(err)
	}
	p := newProblem(net, s.Classes, 0, 9)
	for i := range m.params.weights {
		m.params.weights[i].SetRowMajor(narrow(p.params[i]))
	}
	rows := make([]int32, src.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	for i := range 5 {
		lo := i * s.Batch % src.Rows
		if err := step(m, rows[lo:min(lo+s.Batch, src.Rows)], i); err != nil {
			t.Fatal(err)
		}
	}
	weights, first, second := m.Tensors()
	logits := make([]float32, src.Rows*s.Classes)
	if err := m.Infer(logits, src, rows); err != nil {
		t.Fatal(err)
	}
	return slices.Concat(weights, first, second, []Tensor{{Name: "logits", Data: logits}})
}

func sameBits(t *testing.T, what string, got, want []Tensor) {
	t.Helper()
	for i := range want {
		for j, w := range want[i].Data {
			if g := got[i].Data[j]; math.Float32bits(g) != math.Float32bits(w) {
				t.Fatalf("%s: %s[%d] is %v, want %v bit for bit", what, want[i].Name, j, g, w)
			}
		}
	}
}

func fusedStep(src *Source, o *Optimizer) func(m *Machine, rows []int32, step int) error {
	return func(m *Machine, rows []int32, step int) error {
		_, _, err := m.Step(src, rows, o, 0.01, step)
		return err
	}
}

// A step is Train and Update bit for bit, whatever is fused.
func TestFusionChangesNoBit(t *testing.T) {
	rules := []kernel.Optimizer{kernel.SGD, kernel.Momentum, kernel.Nesterov, kernel.RMSprop, kernel.Adam}
	for i, s := range specs {
		for _, sparse := range []bool{false, true} {
			o := &Optimizer{Rule: rules[i%len(rules)], Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: float64(i%3) * 0.1, ClipNorm: float64(i % 2)}
			src := byteSource(3*s.Batch-1, s.Features, s.Classes)
			t.Run(fmt.Sprintf("%s/sparse=%v/rule=%d", s.name(), sparse, o.Rule), func(t *testing.T) {
				want := trained(t, s, Options{Sparse: sparse}, src, o, func(m *Machine, rows []int32, step int) error {
					_, _, err := m.Train(src, rows, step)
					m.Update(o, 0.01, step+1)
					return err
				})
				sameBits(t, "fused", trained(t, s, Options{Sparse: sparse}, src, o, fusedStep(src, o)), want)
			})
		}
	}
}

// The number of threads changes no bit, also where calls are large enough to be
// shared out.
func TestThreadsChangeNoBit(t *testing.T) {
	large := []Spec{
		{Batch: 200, Features: 500, Classes: 10, Widths: []int{300, 130}, Activation: kernel.GELU, Dropout: 0.2},
		{Batch: 300, Features: 256, Classes: 3, Widths: []int{256, 256}, Activation: kernel.ReLU},
	}
	for _, s := range append(large, specs[4], specs[6]) {
		for _, sparse := range []bool{false, true} {
			for _, clip := range []float64{0, 1} {
				o := &Optimizer{Rule: kernel.Adam, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, ClipNorm: clip}
				src := byteSource(3*s.Batch-1, s.Features, s.Classes)
				want := trained(t, s, Options{Sparse: sparse}, src, o, fusedStep(src, o))
				for _, threads := range []int{2, 3, 8} {
					what := fmt.Sprintf("%s, sparse=%v, clip=%g, %d threads", s.name(), sparse, clip, threads)
					sameBits(t, what, trained(t, s, Options{Sparse: sparse, Threads: threads}, src, o, fusedStep(src, o)), want)
				}
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	src := byteSource(16, 30, 4)
	rules := []kernel.Optimizer{kernel.SGD, kernel.Momentum, kernel.Nesterov, kernel.RMSprop, kernel.Adam}
	for i, activation := range []kernel.Activation{kernel.ReLU, kernel.Tanh, kernel.Sigmoid, kernel.GELU, kernel.ReLU} {
		s := Spec{Batch: 8, Features: 30, Classes: 4, Widths: []int{20, 70}, Activation: activation, Dropout: 0.3, LabelSmoothing: 0.1}
		for _, sparse := range []bool{true, false} {
			m, err := Compile(build(t, s), Options{Sparse: sparse})
			if err != nil {
				t.Fatal(err)
			}
			o := &Optimizer{Rule: rules[i], Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, ClipNorm: 1}
			rows, short, logits := []int32{0, 1, 2, 3, 4, 5, 6, 7}, []int32{8, 9, 10}, make([]float32, 3*4)
			if n := testing.AllocsPerRun(50, func() {
				m.Step(src, rows, o, 0.001, 0)
				m.Step(src, short, o, 0.001, 1)
				m.Train(src, rows, 2)
				m.Update(o, 0.001, 3)
				m.Infer(logits, src, short)
			}); n != 0 {
				t.Errorf("%v, rule %d, sparse=%v: three steps and an inference allocate %v times, want 0", activation, rules[i], sparse, n)
			}
		}
	}
}

// byteSource returns rows of bytes, most of them not zero.
func byteSource(rows, features, classes int) *Source {
	pixels := make([]byte, features*rows)
	for i := range pixels {
		pixels[i] = byte(i % 5)
	}
	src := &Source{Features: features, Classes: classes, Rows: rows, Pixels: pixels, Labels: make([]uint8, rows)}
	src.SetScale(1)
	return src
}

// BenchmarkExecutor runs steps of kernels that do nothing: what is left is the
// executor's own cost, and that of the copies of biases.
func BenchmarkExecutor(b *testing.B) {
	nothing := &kernel.Set{
		Name:          "none",
		Gemm:          func(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {},
		Compress:      func(entries []uint32, start []int32, base int, pair, ahead kernel.BytePair) int { return 0 },
		Widen:         func(dst []float32, src []byte, table *[256]float32) {},
		Transpose:     func(dst, src []float32, rows, cols, dstStride, srcStride int) {},
		SparseForward: func(z []float32, x *kernel.Sparse, lo, hi int, w []float32, stride int) {},
		SparseGradW:   func(dw []float32, x *kernel.Sparse, block int, dz []float32, stride int) {},
		Activate:      func(f kernel.Activation, y, z []float32) {},
		ActivateGrad:  func(f kernel.Activation, dz, dy, saved []float32) {},
		Dropout:       func(dst, src []float32, lo, hi, stride, column int, mask kernel.Mask) {},
		CrossEntropy:  func(dz, z kernel.Matrix, labels []uint8, eps float64) (float64, int) { return 0, 0 },
		Step:          func(rule *kernel.Rule, w, g, m, v []float32) {},
		SumSquares:    func(x []float32) float64 { return 0 },
	}
	src := byteSource(2, 784, 10)
	rows := []int32{0, 1}
	o := &Optimizer{Rule: kernel.Adam, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}
	for layers := 1; layers <= 3; layers++ {
		b.Run(fmt.Sprintf("num_layers=%d", layers), func(b *testing.B) {
			widths := []int{64, 64, 64}[:layers]
			m, err := Compile(build(b, Spec{Batch: 2, Features: 784, Classes: 10, Widths: widths, Activation: kernel.ReLU}), Options{Kernels: nothing, Sparse: true})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for step := 0; b.Loop(); step++ {
				if _, _, err := m.Step(src, rows, o, 0.001, step); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Inference leaves dropout out: its logits are those of the network without it.
func TestInferenceHasNoDropout(t *testing.T) {
	s := Spec{Batch: 4, Features: 8, Classes: 3, Widths: []int{6}, Activation: kernel.ReLU, Dropout: 0.5}
	plain := s
	plain.Dropout = 0
	p := newProblem(build(t, s), 3, 0, 7)
	var got [2][]float32
	for i, s := range []Spec{s, plain} {
		m, err := Compile(build(t, s), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range m.params.weights {
			m.params.weights[j].SetRowMajor(narrow(p.params[j]))
		}
		got[i] = make([]float32, 6*3)
		if err := m.Infer(got[i], problemSource(p, 3), []int32{0, 1, 2, 3, 1, 0}); err != nil {
			t.Fatal(err)
		}
	}
	near(t, "logits", widen(got[0]), widen(got[1]), 0)
}

func TestCompileRefusesWhatItCannotRun(t *testing.T) {
	b, err := newBuilder(2, 3, false)
	if err != nil {
		t.Fatal(err)
	}
	net, err := b.finish(0, func() *G.Node { return G.Must(G.Cube(b.linear(b.net.X, 3, 2))) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(net, Options{}); err == nil {
		t.Error("a graph with a stock cube compiled; there is no kernel for it")
	}
	if _, err := Compile(build(t, Spec{Batch: 1, Features: 1, Classes: 2, Float64: true}), Options{}); err == nil {
		t.Error("a float64 graph compiled")
	}
	if _, err := Build(Spec{Batch: 0, Features: 3, Classes: 2}); err == nil {
		t.Error("a batch of 0 rows was built")
	}
}

// Optimizers against their formulas in float64, written out for one parameter.
func TestOptimizers(t *testing.T) {
	const lr, beta, rho, eps, decay = 0.1, 0.9, 0.95, 1e-7, 0.2
	grads := []float64{0.5, -0.25, 2, 0, 0.125}
	rules := map[kernel.Optimizer]func(w, g float64, m, v *float64, step int) float64{
		kernel.SGD: func(w, g float64, m, v *float64, _ int) float64 { return w - lr*g },
		kernel.Momentum: func(w, g float64, m, v *float64, _ int) float64 {
			*m = beta**m - lr*g
			return w + *m
		},
		kernel.Nesterov: func(w, g float64, m, v *float64, _ int) float64 {
			*m = beta**m - lr*g
			return w + beta**m - lr*g
		},
		kernel.RMSprop: func(w, g float64, m, v *float64, _ int) float64 {
			*v = rho**v + (1-rho)*g*g
			return w - lr*g/math.Sqrt(*v+eps)
		},
		kernel.Adam: func(w, g float64, m, v *float64, step int) float64 {
			*m = beta**m + (1-beta)*g
			*v = rho**v + (1-rho)*g*g
			alpha := lr * math.Sqrt(1-math.Pow(rho, float64(step))) / (1 - math.Pow(beta, float64(step)))
			return w - alpha**m/(math.Sqrt(*v)+eps)
		},
	}
	for rule, want := range rules {
		for _, clip := range []float64{0, 0.75} {
			m, err := Compile(build(t, Spec{Batch: 1, Features: 1, Classes: 2}), Options{})
			if err != nil {
				t.Fatal(err)
			}
			o := &Optimizer{Rule: rule, Beta1: beta, Beta2: rho, Epsilon: eps, WeightDecay: decay, ClipNorm: clip}
			w, mom, vel := 1.0, 0.0, 0.0
			m.params.weights[0].Set(0, 0, 1)
			for i, g := range grads {
				m.params.grads[0].Set(0, 0, float32(g))
				m.Update(o, lr, i+1)
				if clip > 0 && math.Abs(g) > clip {
					g = math.Copysign(clip, g)
				}
				w = want(w*(1-lr*decay), g, &mom, &vel, i+1)
				if got := float64(m.params.weights[0].At(0, 0)); math.Abs(got-w) > 2e-6 {
					t.Fatalf("rule %d, clip %v, step %d: got %v, want %v", rule, clip, i+1, got, w)
				}
			}
		}
	}
}
