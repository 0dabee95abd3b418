//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"sync"

	"mnisttune/nn"
	"mnisttune/nn/internal/graph"
	"mnisttune/nn/internal/kernel"
)

// Backend makes programs on a GPU. The zero value takes the first one that the driver
// names. It is safe for concurrent use; programs on one GPU take turns there.
type Backend struct {
	// Library is the driver's. Default libcuda.so.1.
	Library string
	// Device is the number of the GPU, from 0, in the driver's order, which
	// CUDA_VISIBLE_DEVICES changes.
	Device int

	mu     sync.Mutex
	device *device // nil until it is first used
}

var (
	_ nn.Backend = (*Backend)(nil)
	_ nn.Program = (*program)(nil)
)

func init() { nn.RegisterBackend("cuda", new(Backend)) }

// ready returns the device, opened on the first call that succeeds.
func (b *Backend) ready() (*device, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.device != nil {
		return b.device, nil
	}
	library := b.Library
	if library == "" {
		library = defaultLibrary
	}
	d, err := open(library, b.Device)
	if err != nil {
		return nil, err
	}
	b.device = d
	return d, nil
}

// leastCapacity is how many rows a program has room for at least, so that logits come in
// large pieces.
const leastCapacity = 256

// New returns a program. Its memory is on the device: four numbers a parameter, and for
// each row of a batch the values of all layers. threads does not matter.
func (b *Backend) New(cfg nn.Config, data nn.Dataset, start nn.State, _ int) (nn.Program, error) {
	features, classes := start.Dims()
	reader, err := nn.NewReader(data, features, classes)
	if err != nil {
		return nil, err
	}
	p := &program{cfg: cfg, reader: reader, sizes: append(append([]int{features}, cfg.LayerWidths()...), classes), batch: min(cfg.BatchSize, reader.Len())}
	if p.activation, err = kernel.ParseActivation(cfg.Activation); err != nil {
		return nil, fmt.Errorf("cuda: %w", err)
	}
	if p.optimizer, err = graph.NewOptimizer(cfg.Optimizer, *cfg.Momentum, *cfg.WeightDecay, cfg.ClipNorm); err != nil {
		return nil, fmt.Errorf("cuda: %w", err)
	}
	p.arrange()
	parts, err := p.flatten(start)
	if err != nil {
		return nil, err
	}
	if p.device, err = b.ready(); err != nil {
		return nil, err
	}
	return p, p.device.do(func() error { return p.allocate(parts) })
}
