package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/kernel"
)

// base is what all operations of this package share: they read their inputs,
// return a fresh output, and are told apart by their name (parameters included).
type base struct {
	name  string
	arity int
	typ   hm.Type
}

func (b *base) Arity() int            { return b.arity }
func (b *base) Type() hm.Type         { return b.typ }
func (b *base) ReturnsPtr() bool      { return true }
func (b *base) CallsExtern() bool     { return false }
func (b *base) OverwritesInput() int  { return -1 }
func (b *base) WriteHash(h hash.Hash) { fmt.Fprint(h, b.name) }
func (b *base) String() string        { return b.name }
func (b *base) Hashcode() uint32 {
	h := fnv.New32a()
	b.WriteHash(h)
	return h.Sum32()
}

var (
	element = hm.TypeVariable('a')
	vector  = G.TensorType{Dims: 1, Of: element}
	matrix  = G.TensorType{Dims: 2, Of: element}
)

func shapesOf(op G.Op, dims []G.DimSizer) ([]tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(dims)
	if err != nil {
		return nil, fmt.Errorf("graph: %v: %w", op, err)
	}
	return shapes, nil
}

// linear is x [B,K], w [K,N], b [N] -> x w + b [B,N]. With first set, x is the
// data and has no gradient.
type linear struct {
	base
	first bool
}

func newLinear(first bool) *linear {
	name := "linear"
	if first {
		name = "linear(data)"
	}
	return &linear{base{name, 3, hm.NewFnType(matrix, matrix, vector, matrix)}, first}
}

func (op *linear) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	if s[0][1] != s[1][0] || s[1][1] != s[2][0] {
		return nil, fmt.Errorf("graph: linear: shapes do not match: x %v, w %v, b %v", s[0], s[1], s[2])
	}
	return tensor.Shape{s[0][0], s[1][1]}, nil
}

func (op *linear) DiffWRT(int) []bool { return []bool{!op.first, true, true} }

func (op *linear) SymDiff(in G.Nodes, _, dz *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, 3)
	var err error
	if !op.first {
		if grads[0], err = G.ApplyOp(newLinearGradX(), dz, in[1]); err != nil {
			return nil, err
		}
	}
	if grads[1], err = G.ApplyOp(newLinearGradW(op.first), in[0], dz); err != nil {
		return nil, err
	}
	grads[2], err = G.ApplyOp(newLinearGradB(), dz)
	return grads, err
}

func (op *linear) Do(in ...G.Value) (G.Value, error) {
	return do3(op, in, refLinear[float32], refLinear[float64])
}

// activation is z [B,N] -> f(z) [B,N].
type activation struct {
	base
	f kernel.Activation
}

func newActivation(f kernel.Activation) *activation {
	return &activation{base{f.String(), 1, hm.NewFnType(matrix, matrix)}, f}
}

// NewActivation returns an activation as an operation for graphs of others: a matrix
// goes in and comes out.
func NewActivation(f kernel.Activation) G.SDOp { return newActivation(f) }

func (op *activation) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return s[0].Clone(), nil
}

func (op *activation) DiffWRT(int) []bool { return []bool{true} }

func (op *activation) SymDiff(in G.Nodes, out, dy *G.Node) (G.Nodes, error) {
	saved := out
	if op.f.SavesInput() {
		saved = in[0]
	}
	dz, err := G.ApplyOp(newActivationGrad(op.f), dy, saved)
	return G.Nodes{dz}, err
}

func (op *activation) Do(in ...G.Value) (G.Value, error) {
	return do1(op, in, refActivation[float32](op.f), refActivation[float64](op.f))
}

// MaskKey is what the random masks of a step are derived from, together with
// the layer. A step's owner sets it before the step.
type MaskKey struct {
	Seed uint64
	Step int
}

// dropout is x [B,N] -> x, some elements zero, the others divided by 1-rate.
type dropout struct {
	base
	rate  float64
	layer int
	key   *MaskKey
}

func newDropout(rate float64, layer int, key *MaskKey) *dropout {
	// Two dropouts of one graph never have the same layer, so the name keeps
	// Gorgonia from merging them.
	name := fmt.Sprintf("dropout(%g, layer %d)", rate, layer)
	return &dropout{base{name, 1, hm.NewFnType(matrix, matrix)}, rate, layer, key}
}

func (op *dropout) mask() kernel.Mask {
	return kernel.NewMask(op.rate, op.key.Seed, op.key.Step, op.layer)
}

func (op *dropout) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return s[0].Clone(), nil
}

func (op *dropout) DiffWRT(int) []bool { return []bool{true} }

// SymDiff applies the same mask to the gradient: dropout is linear in x.
func (op *dropout) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	dx, err := G.ApplyOp(newDropout(op.rate, op.layer, op.key), dy)
	return G.Nodes{dx}, err
}

func (op *dropout) Do(in ...G.Value) (G.Value, error) {
	return do1(op, in, refDropout[float32](op.mask()), refDropout[float64](op.mask()))
}

// crossEntropy is logits z [B,K], class indices y [B] -> mean loss (a scalar).
// A negative index marks a row of padding, which counts for nothing.
type crossEntropy struct {
	base
	smoothing float64
}

func newCrossEntropy(smoothing float64) *crossEntropy {
	return &crossEntropy{base{fmt.Sprintf("cross_entropy(%g)", smoothing), 2, hm.NewFnType(matrix, vector, element)}, smoothing}
}

func (op *crossEntropy) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	if s[0][0] != s[1][0] {
		return nil, fmt.Errorf("graph: %v: %d rows of logits, %d labels", op, s[0][0], s[1][0])
	}
	return tensor.ScalarShape(), nil
}

func (op *crossEntropy) DiffWRT(int) []bool { return []bool{true, false} }

func (op *crossEntropy) SymDiff(in G.Nodes, _, upstream *G.Node) (G.Nodes, error) {
	dz, err := G.ApplyOp(newCrossEntropyGrad(op.smoothing), in[0], in[1], upstream)
	return G.Nodes{dz, nil}, err
}

func (op *crossEntropy) Do(in ...G.Value) (G.Value, error) {
	switch z := in[0].Data().(type) {
	case []float32:
		return G.NewF32(refCrossEntropy(nil, z, in[1].Data().([]float32), op.smoothing)), nil
	case []float64:
		return G.NewF64(refCrossEntropy(nil, z, in[1].Data().([]float64), op.smoothing)), nil
	}
	return nil, fmt.Errorf("graph: %v: want float32 or float64 (got %T)", op, in[0].Data())
}

var (
	_ G.SDOp = (*linear)(nil)
	_ G.SDOp = (*activation)(nil)
	_ G.SDOp = (*dropout)(nil)
	_ G.SDOp = (*crossEntropy)(nil)
)
