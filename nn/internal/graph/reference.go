package graph

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"mnisttune/nn/internal/kernel"
)

// The loops below are what the operations mean. They work on row-major data in
// either precision and share nothing with the kernels but the definitions of
// the activations and of the random masks.

type float interface{ float32 | float64 }

// array is row-major data with its shape; vectors have one row.
type array[T float] struct {
	data       []T
	rows, cols int
}

func newArray[T float](rows, cols int) array[T] {
	return array[T]{make([]T, rows*cols), rows, cols}
}

func (a array[T]) row(i int) []T { return a.data[i*a.cols : (i+1)*a.cols] }

func arrayOf[T float](v G.Value) array[T] {
	shape := v.Shape()
	if len(shape) == 1 {
		return array[T]{v.Data().([]T), 1, shape[0]}
	}
	return array[T]{v.Data().([]T), shape[0], shape[1]}
}

// do1, do2 and do3 run the function of the inputs' type.
func do1(op G.Op, in []G.Value, f32 func(array[float32]) array[float32], f64 func(array[float64]) array[float64]) (G.Value, error) {
	switch in[0].Data().(type) {
	case []float32:
		return valueOf(op, f32(arrayOf[float32](in[0])))
	case []float64:
		return valueOf(op, f64(arrayOf[float64](in[0])))
	}
	return nil, fmt.Errorf("graph: %v: want float32 or float64 (got %T)", op, in[0].Data())
}

func do2(op G.Op, in []G.Value, f32 func(a, b array[float32]) array[float32], f64 func(a, b array[float64]) array[float64]) (G.Value, error) {
	switch in[0].Data().(type) {
	case []float32:
		return valueOf(op, f32(arrayOf[float32](in[0]), arrayOf[float32](in[1])))
	case []float64:
		return valueOf(op, f64(arrayOf[float64](in[0]), arrayOf[float64](in[1])))
	}
	return nil, fmt.Errorf("graph: %v: want float32 or float64 (got %T)", op, in[0].Data())
}

func do3(op G.Op, in []G.Value, f32 func(a, b, c array[float32]) array[float32], f64 func(a, b, c array[float64]) array[float64]) (G.Value, error) {
	switch in[0].Data().(type) {
	case []float32:
		return valueOf(op, f32(arrayOf[float32](in[0]), arrayOf[float32](in[1]), arrayOf[float32](in[2])))
	case []float64:
		return valueOf(op, f64(arrayOf[float64](in[0]), arrayOf[float64](in[1]), arrayOf[float64](in[2])))
	}
	return nil, fmt.Errorf("graph: %v: want float32 or float64 (got %T)", op, in[0].Data())
}

func valueOf[T float](op G.Op, a array[T]) (G.Value, error) {
	if _, isVector := op.(*linearGradB); isVector {
		return tensor.New(tensor.WithShape(a.cols), tensor.WithBacking(a.data)), nil
	}
	return tensor.New(tensor.WithShape(a.rows, a.cols), tensor.WithBacking(a.data)), nil
}

func refLinear[T float](x, w, b array[T]) array[T] {
	z := newArray[T](x.rows, w.cols)
	for i := range x.rows {
		for j := range w.cols {
			sum := b.data[j]
			for k := range x.cols {
				sum += x.data[i*x.cols+k] * w.data[k*w.cols+j]
			}
			z.data[i*z.cols+j] = sum
		}
	}
	return z
}

func refLinearGradX[T float](dz, w array[T]) array[T] {
	dx := newArray[T](dz.rows, w.rows)
	for i := range dz.rows {
		for k := range w.rows {
			for j, d := range dz.row(i) {
				dx.data[i*dx.cols+k] += d * w.data[k*w.cols+j]
			}
		}
	}
	return dx
}

func refLinearGradW[T float](x, dz array[T]) array[T] {
	dw := newArray[T](x.cols, dz.cols)
	for i := range x.rows {
		for k, v := range x.row(i) {
			for j, d := range dz.row(i) {
				dw.data[k*dw.cols+j] += v * d
			}
		}
	}
	return dw
}

func refLinearGradB[T float](dz array[T]) array[T] {
	db := newArray[T](1, dz.cols)
	for i := range dz.rows {
		for j, d := range dz.row(i) {
			db.data[j] += d
		}
	}
	return db
}

func refActivation[T float](f kernel.Activation) func(array[T]) array[T] {
	return func(z array[T]) array[T] {
		y := newArray[T](z.rows, z.cols)
		for i, v := range z.data {
			y.data[i] = T(f.Value(float64(v)))
		}
		return y
	}
}

func refActivationGrad[T float](f kernel.Activation) func(dy, saved array[T]) array[T] {
	return func(dy, saved array[T]) array[T] {
		dz := newArray[T](dy.rows, dy.cols)
		for i, s := range saved.data {
			dz.data[i] = dy.data[i] * T(f.Slope(float64(s)))
		}
		return dz
	}
}

func refDropout[T float](mask kernel.Mask) func(array[T]) array[T] {
	return func(x array[T]) array[T] {
		y := newArray[T](x.rows, x.cols)
		for i := range x.rows {
			for j, v := range x.row(i) {
				if mask.Keep(i, j) {
					y.data[i*y.cols+j] = v * T(mask.Scale)
				}
			}
		}
		return y
	}
}

// refCrossEntropy returns the mean loss over the rows whose label is not
// negative and, if dz is not nil, fills in its gradient.
func refCrossEntropy[T float](dz, z, labels []T, smoothing float64) T {
	count := 0
	for _, y := range labels {
		if y >= 0 {
			count++
		}
	}
	classes := len(z) / len(labels)
	loss := 0.0
	for i, y := range labels {
		if y < 0 {
			continue
		}
		row := z[i*classes : (i+1)*classes]
		top := math.Inf(-1)
		for _, v := range row {
			top = math.Max(top, float64(v))
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v) - top)
		}
		for j, v := range row {
			logP := float64(v) - top - math.Log(sum)
			target := smoothing / float64(classes)
			if j == int(y) {
				target += 1 - smoothing
			}
			loss -= target * logP
			if dz != nil {
				dz[i*classes+j] = T((math.Exp(logP) - target) / float64(count))
			}
		}
	}
	return T(loss / float64(count))
}
