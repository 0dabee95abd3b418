package main

import (
	"fmt"
	"os"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/layers/activations"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"

	"mnisttune/mnist"
)

// gomlx is a network on GoMLX's pure Go backend: a compiled graph takes a step and
// updates the variables, whose buffers it is given, with GoMLX's loss and Adam.
type gomlx struct {
	set     *mnist.Set
	layers  int
	ctx     *context.Context
	exec    *context.Exec
	batches map[int]*batch // by number of rows: a graph is compiled for each
}

// batch is what the graph of a step reads, filled in place.
type batch struct {
	x, targets *tensors.Tensor
	labels     []uint8
}

// newGoMLX differentiates with GoMLX.
func newGoMLX(n network, set *mnist.Set, threads int) (trainer, error) {
	adam := optimizers.Adam().LearningRate(learningRate).Done()
	return makeGoMLX(n, set, threads, func(ctx *context.Context, x, targets *graph.Node) *graph.Node {
		_, values := forward(ctx, n, x)
		loss := losses.CategoricalCrossEntropyLogits([]*graph.Node{targets}, values[n.layers():])
		adam.UpdateGraph(ctx, x.Graph(), loss)
		return loss
	})
}

// newGoMLXByHand writes the gradients out as matrix products. GoMLX's own are
// products of broadcast operands, summed: XLA makes matrix products of them, the Go
// backend does not.
func newGoMLXByHand(n network, set *mnist.Set, threads int) (trainer, error) {
	type updater interface {
		UpdateGraphWithGradients(ctx *context.Context, gradients []*graph.Node, loss dtypes.DType)
	}
	adam := optimizers.Adam().LearningRate(learningRate).Done().(updater)
	return makeGoMLX(n, set, threads, func(ctx *context.Context, x, targets *graph.Node) *graph.Node {
		weights, values := forward(ctx, n, x)
		last := n.layers() - 1
		logProbs := graph.LogSoftmax(values[last+1])
		gradients := make([]*graph.Node, 2*n.layers()) // in the order in which forward made the variables
		delta := graph.DivScalar(graph.Sub(graph.Exp(logProbs), targets), float64(x.Shape().Dimensions[0]))
		for l := last; l >= 0; l-- {
			gradients[2*l] = graph.DotGeneral(values[l], []int{0}, nil, delta, []int{0}, nil)
			gradients[2*l+1] = graph.ReduceSum(delta, 0)
			if l > 0 {
				back := graph.DotGeneral(delta, []int{1}, nil, weights[l], []int{1}, nil)
				delta = graph.Where(graph.IsPositive(values[l]), back, graph.ZerosLike(back))
			}
		}
		adam.UpdateGraphWithGradients(ctx, gradients, dtypes.Float32)
		return graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(targets, logProbs), -1)))
	})
}

// stepFunc builds the graph of a step, which returns the loss.
type stepFunc = func(ctx *context.Context, x, targets *graph.Node) *graph.Node

func makeGoMLX(n network, set *mnist.Set, threads int, step stepFunc) (trainer, error) {
	// One operation after the other: in parallel they are no faster here, and they
	// hang now and then if the number of workers is bounded.
	stdout := os.Stdout
	os.Stdout = os.Stderr // New says there what it was told
	backend, err := simplego.New(fmt.Sprintf("ops_sequential,parallelism=%d", threads))
	os.Stdout = stdout
	if err != nil {
		return nil, err
	}
	t := &gomlx{set: set, layers: n.layers(), ctx: context.New(), batches: map[int]*batch{}}
	t.exec, err = context.NewExec(backend, t.ctx, step)
	return t, err
}

// scope names a layer's variables.
func scope(l int) string { return fmt.Sprint("layer", l) }

// forward returns every layer's weight and the values that it reads, and after
// those the logits [rows, classes].
func forward(ctx *context.Context, n network, x *graph.Node) (weights, values []*graph.Node) {
	h := x
	for l := range n.layers() {
		if l > 0 {
			h = activations.Relu(h)
		}
		values = append(values, h)
		variable := func(name string, dims ...int) *graph.Node {
			return ctx.In(scope(l)).VariableWithShape(name, shapes.Make(dtypes.Float32, dims...)).ValueGraph(x.Graph())
		}
		weight, bias := variable("weight", n.widths[l], n.widths[l+1]), variable("bias", n.widths[l+1])
		weights = append(weights, weight)
		h = graph.Add(graph.DotGeneral(h, []int{1}, nil, weight, []int{0}, nil), graph.ExpandAxes(bias, 0))
	}
	return weights, append(values, h)
}

func (t *gomlx) step(rows []int) error {
	b := t.batches[len(rows)]
	if b == nil {
		features, classes := t.set.Dims()
		b = &batch{
			x:       tensors.FromShape(shapes.Make(dtypes.Float32, len(rows), features)),
			targets: tensors.FromShape(shapes.Make(dtypes.Float32, len(rows), classes)),
			labels:  make([]uint8, len(rows)),
		}
		t.batches[len(rows)] = b
	}
	var err error
	tensors.MustMutableFlatData(b.x, func(x []float32) {
		tensors.MustMutableFlatData(b.targets, func(targets []float32) {
			err = fill(t.set, rows, x, targets, b.labels)
		})
	})
	if err != nil {
		return err
	}
	_, err = t.exec.Exec(b.x, b.targets)
	return err
}

func (t *gomlx) parameters() ([]layer, error) {
	values := func(l int, name string) ([]float32, error) {
		value, err := t.ctx.GetVariableByScopeAndName("/"+scope(l), name).Value()
		if err != nil {
			return nil, err
		}
		return tensors.CopyFlatData[float32](value)
	}
	var out []layer
	for l := range t.layers {
		weight, err := values(l, "weight")
		if err != nil {
			return nil, err
		}
		bias, err := values(l, "bias")
		if err != nil {
			return nil, err
		}
		out = append(out, layer{weight, bias})
	}
	return out, nil
}
