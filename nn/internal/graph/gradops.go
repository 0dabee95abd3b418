package graph

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/kernel"
)

// linearGradX is dz [B,N], w [K,N] -> dz w^T [B,K].
type linearGradX struct{ base }

func newLinearGradX() *linearGradX {
	return &linearGradX{base{"linear_grad_x", 2, hm.NewFnType(matrix, matrix, matrix)}}
}

func (op *linearGradX) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{s[0][0], s[1][0]}, nil
}

func (op *linearGradX) Do(in ...G.Value) (G.Value, error) {
	return do2(op, in, refLinearGradX[float32], refLinearGradX[float64])
}

// linearGradW is x [B,K], dz [B,N] -> x^T dz [K,N]. With first set, x is the data.
type linearGradW struct {
	base
	first bool
}

func newLinearGradW(first bool) *linearGradW {
	name := "linear_grad_w"
	if first {
		name = "linear_grad_w(data)"
	}
	return &linearGradW{base{name, 2, hm.NewFnType(matrix, matrix, matrix)}, first}
}

func (op *linearGradW) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{s[0][1], s[1][1]}, nil
}

func (op *linearGradW) Do(in ...G.Value) (G.Value, error) {
	return do2(op, in, refLinearGradW[float32], refLinearGradW[float64])
}

// linearGradB is dz [B,N] -> the sum of its rows [N].
type linearGradB struct{ base }

func newLinearGradB() *linearGradB {
	return &linearGradB{base{"linear_grad_b", 1, hm.NewFnType(matrix, vector)}}
}

func (op *linearGradB) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{s[0][1]}, nil
}

func (op *linearGradB) Do(in ...G.Value) (G.Value, error) {
	return do1(op, in, refLinearGradB[float32], refLinearGradB[float64])
}

// activationGrad is dy [B,N], saved [B,N] -> dy f'(z) [B,N]; saved is the
// activation's input or output, whichever its slope is computed from.
type activationGrad struct {
	base
	f kernel.Activation
}

func newActivationGrad(f kernel.Activation) *activationGrad {
	return &activationGrad{base{f.String() + "_grad", 2, hm.NewFnType(matrix, matrix, matrix)}, f}
}

func (op *activationGrad) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return s[0].Clone(), nil
}

func (op *activationGrad) Do(in ...G.Value) (G.Value, error) {
	return do2(op, in, refActivationGrad[float32](op.f), refActivationGrad[float64](op.f))
}

// crossEntropyGrad is z [B,K], y [B], upstream (a scalar) -> the gradient of the
// mean loss with respect to z, times upstream [B,K].
type crossEntropyGrad struct {
	base
	smoothing float64
}

func newCrossEntropyGrad(smoothing float64) *crossEntropyGrad {
	name := fmt.Sprintf("cross_entropy_grad(%g)", smoothing)
	return &crossEntropyGrad{base{name, 3, hm.NewFnType(matrix, vector, element, matrix)}, smoothing}
}

func (op *crossEntropyGrad) InferShape(dims ...G.DimSizer) (tensor.Shape, error) {
	s, err := shapesOf(op, dims)
	if err != nil {
		return nil, err
	}
	return s[0].Clone(), nil
}

func (op *crossEntropyGrad) Do(in ...G.Value) (G.Value, error) {
	switch z := in[0].Data().(type) {
	case []float32:
		return doCrossEntropyGrad(op, in, z)
	case []float64:
		return doCrossEntropyGrad(op, in, z)
	}
	return nil, fmt.Errorf("graph: %v: want float32 or float64 (got %T)", op, in[0].Data())
}

func doCrossEntropyGrad[T float](op *crossEntropyGrad, in []G.Value, z []T) (G.Value, error) {
	dz := make([]T, len(z))
	refCrossEntropy(dz, z, in[1].Data().([]T), op.smoothing)
	if upstream := in[2].Data().(T); upstream != 1 {
		for i := range dz {
			dz[i] *= upstream
		}
	}
	return tensor.New(tensor.WithShape(in[0].Shape()...), tensor.WithBacking(dz)), nil
}

var (
	_ G.Op = (*linearGradX)(nil)
	_ G.Op = (*linearGradW)(nil)
	_ G.Op = (*linearGradB)(nil)
	_ G.Op = (*activationGrad)(nil)
	_ G.Op = (*crossEntropyGrad)(nil)
)
