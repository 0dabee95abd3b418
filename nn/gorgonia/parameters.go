package gorgonia

import (
	"fmt"

	"gorgonia.org/tensor"

	"mnisttune/nn"
	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// parameters are the weights and biases of a network, row-major and side by side in one
// piece of memory, their gradients and moments in others of the same layout, so that an
// update is one pass. The pieces' lengths are multiples of kernel.Lane.
type parameters struct {
	sizes      []int // of the data, the hidden layers and the classes
	w, g, m, v []float32
	dense      []*tensor.Dense // views of w: weight [in, out] and bias [1, out] of each layer
}

func newParameters(sizes []int, start nn.State) (*parameters, error) {
	p := &parameters{sizes: sizes}
	total := 0
	for l := range p.layers() {
		total += (sizes[l] + 1) * sizes[l+1]
	}
	total = (total + kernel.Lane - 1) &^ (kernel.Lane - 1)
	p.w, p.g, p.m, p.v = kernel.Aligned(total), kernel.Aligned(total), kernel.Aligned(total), kernel.Aligned(total)
	for _, part := range []struct {
		name string
		into []float32
		from []nn.Tensor
	}{{"weights", p.w, start.Weights}, {"first moments", p.m, start.First}, {"second moments", p.v, start.Second}} {
		if err := p.set(part.into, part.from); err != nil {
			return nil, fmt.Errorf("the %s of the state: %w", part.name, err)
		}
	}
	p.each(func(i, lo, hi, in, out int) {
		p.dense = append(p.dense, tensor.New(tensor.WithShape(in, out), tensor.WithBacking(p.w[lo:hi:hi])))
	})
	return p, nil
}

func (p *parameters) layers() int { return len(p.sizes) - 1 }

// each visits the tensors in their order: number i is at lo to hi of the memory and has the
// shape [in, out], in being 1 for a bias.
func (p *parameters) each(visit func(i, lo, hi, in, out int)) {
	at := 0
	for l := range p.layers() {
		for kind, in := range []int{p.sizes[l], 1} {
			n := in * p.sizes[l+1]
			visit(2*l+kind, at, at+n, in, p.sizes[l+1])
			at += n
		}
	}
}

func tensorName(i int) string {
	return fmt.Sprintf("layers.%d.%s", i/2, [2]string{"weight", "bias"}[i%2])
}

// set copies tensors in; nil stands for zero.
func (p *parameters) set(into []float32, from []nn.Tensor) (err error) {
	if from == nil {
		return nil
	}
	if len(from) != 2*p.layers() {
		return fmt.Errorf("got %d tensors, the network has %d", len(from), 2*p.layers())
	}
	p.each(func(i, lo, hi, _, _ int) {
		if t := from[i]; t.Name != tensorName(i) || len(t.Data) != hi-lo {
			err = fmt.Errorf("got %q of %d values, want %q of %d", t.Name, len(t.Data), tensorName(i), hi-lo)
		}
		copy(into[lo:hi], from[i].Data)
	})
	return err
}

// state copies everything out.
func (p *parameters) state() nn.State {
	return nn.State{Weights: p.tensors(p.w), First: p.tensors(p.m), Second: p.tensors(p.v)}
}

func (p *parameters) tensors(from []float32) (out []nn.Tensor) {
	p.each(func(i, lo, hi, inputs, outputs int) {
		shape := []int{inputs, outputs}
		if i%2 == 1 {
			shape = shape[1:]
		}
		out = append(out, nn.Tensor{Name: tensorName(i), Shape: shape, Data: append([]float32(nil), from[lo:hi]...)})
	})
	return out
}

// update takes a step of the optimizer from the gradients in g, and leaves them zero. step
// counts from 1.
func (p *parameters) update(k *kernel.Set, o *graph.Optimizer, learningRate float64, step int) {
	rule := o.Numbers(learningRate, step)
	if o.ClipNorm > 0 {
		rule.GradScale = o.Clip(k.SumSquares(p.g))
	}
	k.Step(&rule, p.w, p.g, p.m, p.v)
}
