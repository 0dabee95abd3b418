//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"math"
	"runtime"

	"mnisttune/nn"
	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

const (
	threads       = 256 // of a block
	tile          = 64  // of gemm
	squareThreads = 8 * threads
)

var notANumber = float32(math.NaN())

// program is a network whose parameters are on a device.
type program struct {
	cfg        nn.Config
	activation kernel.Activation
	optimizer  *graph.Optimizer
	sizes      []int // of the data, the hidden layers and the classes
	tensors    []tensor
	parameters int
	batch      int // most rows of a step
	capacity   int // most rows that there is room for

	reader *nn.Reader
	other  *nn.Reader // of the data set that Logits read last, if it is another one
	x      []float32  // [capacity, features]
	labels []uint8    // [capacity]

	device *device
	memory *layout
	args   arguments
	err    error // the first failure of a launch; what follows is skipped
}

func (p *program) layers() int { return len(p.sizes) - 1 }

// allocate makes room on the device and copies the state there.
func (p *program) allocate(parts [3][]float32) error {
	p.capacity = max(p.batch, leastCapacity)
	p.x, p.labels = make([]float32, p.capacity*p.sizes[0]), make([]uint8, p.capacity)
	p.memory = newLayout(p.sizes, p.parameters, p.capacity)
	at, err := allocate(p.device, p.memory, p.memory.size)
	if err != nil {
		return err
	}
	p.memory.move(at)
	for i, to := range []address{p.memory.weights, p.memory.first, p.memory.second} {
		if err := upload(p.device.driver, to, parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a kernel unless something has failed already.
func (p *program) launch(name string, kernel uintptr, gridX, gridY int, values ...uint64) {
	if p.err == nil {
		p.err = p.device.launch(&p.args, name, kernel, gridX, gridY, threads, values...)
	}
}

// each starts a kernel with a thread for each of n elements.
func (p *program) each(name string, kernel uintptr, n int, values ...uint64) {
	p.launch(name, kernel, (n+threads-1)/threads, 1, values...)
}

// product starts c [m, n] = op(a) op(b).
func (p *program) product(c, a, b address, m, n, k int, transA, transB bool) {
	lda, ldb := k, n
	ta, tb := uint64(0), uint64(0)
	if transA {
		lda, ta = m, 1
	}
	if transB {
		ldb, tb = k, 1
	}
	p.launch("gemm", p.device.gemm, (m+tile-1)/tile, (n+tile-1)/tile, uint64(c), uint64(a), uint64(b), uint64(m), uint64(n), uint64(k), uint64(lda), uint64(ldb), ta, tb)
}

// mask returns what the kernels want to know of a layer's mask; step is negative where
// nothing is dropped.
func (p *program) mask(layer, step int) (key, threshold, scale uint64) {
	if step < 0 || p.cfg.Dropout == 0 {
		return 0, 0, bits(1)
	}
	m := p.cfg.Mask(layer, step)
	k, t := m.Numbers()
	return uint64(k), uint64(t), bits(m.Scale())
}

func bits(x float32) uint64 { return uint64(math.Float32bits(x)) }

// weight and bias return where those of a layer are, counted from the start of all
// parameters, of their gradients or of their moments.
func (p *program) weight(of address, layer int) address { return of.float(p.tensors[2*layer].at) }
func (p *program) bias(of address, layer int) address   { return of.float(p.tensors[2*layer+1].at) }

// load reads rows and copies them to the device.
func (p *program) load(r *nn.Reader, rows []int32, labels bool) error {
	n := len(rows)
	if err := r.Read(p.x, p.labels, rows); err != nil {
		return err
	}
	if labels {
		if err := upload(p.device.driver, p.memory.labels, p.labels[:n]); err != nil {
			return err
		}
	}
	return upload(p.device.driver, p.memory.x, p.x[:n*p.sizes[0]])
}

// forward computes all layers for the first rows.
func (p *program) forward(rows, step int) {
	m, h := p.memory, p.memory.x
	for l := range p.layers() {
		in, out, activation := p.sizes[l], p.sizes[l+1], uint64(p.activation)
		if l+1 == p.layers() {
			activation = 0
		}
		key, threshold, scale := p.mask(l, step)
		p.product(m.z[l], h, p.weight(m.weights, l), rows, out, in, false, false)
		p.each("bias_activate", p.device.biasActivate, rows*out,
			uint64(m.y[l]), uint64(m.z[l]), uint64(p.bias(m.weights, l)), uint64(rows), uint64(out), activation, key, threshold, scale)
		h = m.y[l]
	}
}

// backward computes the gradients of all parameters from dz, that of the logits.
func (p *program) backward(rows, step int) {
	m := p.memory
	dz, dh := m.dz, m.dh
	for l := p.layers() - 1; l >= 0; l-- {
		in, out, h := p.sizes[l], p.sizes[l+1], m.x
		if l > 0 {
			h = m.y[l-1]
		}
		p.product(p.weight(m.gradients, l), h, dz, in, out, rows, true, false)
		p.each("column_sums", p.device.columnSums, out, uint64(p.bias(m.gradients, l)), uint64(dz), uint64(rows), uint64(out))
		if l == 0 {
			break
		}
		key, threshold, scale := p.mask(l-1, step)
		p.product(dh, dz, p.weight(m.weights, l), rows, in, out, false, true)
		p.each("activation_grad", p.device.activationGrad, rows*in,
			uint64(dh), uint64(m.z[l-1]), uint64(rows), uint64(in), uint64(p.activation), key, threshold, scale)
		dz, dh = dh, dz
	}
}

// update takes a step of the optimizer; step counts from 1.
func (p *program) update(learningRate float64, step int) {
	m, r := p.memory, p.optimizer.Numbers(learningRate, step)
	if p.cfg.ClipNorm > 0 {
		p.launch("square_sums", p.device.squareSums, squareThreads/threads, 1, uint64(m.squares), uint64(m.gradients), uint64(p.parameters))
		sums, total := make([]float64, squareThreads), 0.0
		if p.err == nil {
			p.err = download(p.device.driver, sums, m.squares)
		}
		for _, s := range sums {
			total += s
		}
		r.GradScale = p.optimizer.Clip(total)
	}
	p.each("update", p.device.update, p.parameters, uint64(m.weights), uint64(m.gradients), uint64(m.first), uint64(m.second), uint64(p.parameters),
		uint64(r.Optimizer), bits(r.Rate), bits(r.Beta1), bits(r.Beta2), bits(r.Epsilon), bits(r.Decay), bits(r.GradScale))
}

// Step trains on the rows. The device works while the host goes on to wait for the losses.
func (p *program) Step(rows []int32, a nn.StepArgs) (r nn.StepResult, err error) {
	defer runtime.KeepAlive(p) // and with it the device's memory
	n := len(rows)
	if n < 1 || n > p.batch {
		return r, fmt.Errorf("cuda: a batch of %d rows does not fit (want 1 to %d)", n, p.batch)
	}
	err = p.device.do(func() error {
		if err := p.load(p.reader, rows, true); err != nil {
			return err
		}
		m, classes := p.memory, p.sizes[p.layers()]
		hits := m.losses.float(p.capacity)
		p.err = nil
		p.forward(n, a.Step)
		p.each("cross_entropy", p.device.crossEntropy, n, uint64(m.dz), uint64(m.losses), uint64(hits), uint64(m.z[p.layers()-1]), uint64(m.labels),
			uint64(n), uint64(classes), bits(float32(p.cfg.LabelSmoothing)))
		p.backward(n, a.Step)
		p.update(a.LearningRate, a.Step+1)
		if p.err != nil {
			return p.err
		}
		r, err = p.results(n, hits)
		return err
	})
	return r, err
}

// results returns what a step saw, once the device has seen it.
func (p *program) results(rows int, hits address) (r nn.StepResult, err error) {
	losses, right := make([]float32, rows), make([]int32, rows)
	if err := download(p.device.driver, losses, p.memory.losses); err != nil {
		return r, err
	}
	if err := download(p.device.driver, right, hits); err != nil {
		return r, err
	}
	for i, loss := range losses {
		r.Loss += float64(loss) / float64(rows)
		r.Correct += int(right[i])
	}
	return r, nil
}

// Logits computes the logits of rows, as many at a time as there is room for.
func (p *program) Logits(dst []float32, data nn.Dataset, rows []int32) error {
	defer runtime.KeepAlive(p)
	classes := p.sizes[p.layers()]
	if len(dst) != len(rows)*classes {
		return fmt.Errorf("cuda: logits of %d rows take room for %d values (got room for %d)", len(rows), len(rows)*classes, len(dst))
	}
	reader, err := p.readerOf(data)
	if err != nil {
		return err
	}
	return p.device.do(func() error {
		for len(rows) > 0 {
			n := min(len(rows), p.capacity)
			if err := p.load(reader, rows[:n], false); err != nil {
				return err
			}
			p.err = nil
			p.forward(n, -1)
			if p.err != nil {
				return p.err
			}
			if err := download(p.device.driver, dst[:n*classes], p.memory.z[p.layers()-1]); err != nil {
				return err
			}
			rows, dst = rows[n:], dst[n*classes:]
		}
		return nil
	})
}

// readerOf returns the reader of a data set and keeps the last one.
func (p *program) readerOf(data nn.Dataset) (*nn.Reader, error) {
	if p.reader.Reads(data) {
		return p.reader, nil
	}
	if p.other == nil || !p.other.Reads(data) {
		r, err := nn.NewReader(data, p.sizes[0], p.sizes[p.layers()])
		if err != nil {
			return nil, err
		}
		p.other = r
	}
	return p.other, nil
}
