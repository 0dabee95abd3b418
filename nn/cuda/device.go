//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

//go:generate ./generate.sh

//go:embed kernels.ptx
var ptx string

// device is a GPU with this package's kernels loaded. It is safe for concurrent use.
type device struct {
	*driver
	number  int
	context uintptr

	gemm, biasActivate, activationGrad, crossEntropy, columnSums, squareSums, update uintptr
}

// open makes a device ready.
func open(library string, number int) (*device, error) {
	drv, err := load(library)
	if err != nil {
		return nil, err
	}
	d := &device{driver: drv, number: number}
	if err := d.call("starting", d.Init, 0); err != nil {
		return nil, d.explain(err)
	}
	var id int32
	if err := d.call("finding the device", d.DeviceGet, uintptr(unsafe.Pointer(&id)), uintptr(number)); err != nil {
		return nil, d.explain(err)
	}
	if err := d.call("making a context", d.PrimaryCtxRetain, uintptr(unsafe.Pointer(&d.context)), uintptr(id)); err != nil {
		return nil, d.explain(err)
	}
	return d, d.do(d.loadKernels)
}

// explain says what a machine lacks.
func (d *device) explain(err error) error {
	var r *resultError
	if errors.As(err, &r) {
		switch r.code {
		case noDevice:
			return fmt.Errorf("cuda: there is a driver but no GPU on this machine: %w", err)
		case invalidDevice:
			return fmt.Errorf("cuda: there is no GPU number %d on this machine: %w", d.number, err)
		}
	}
	return err
}

func (d *device) loadKernels() error {
	image := append([]byte(ptx), 0)
	var module uintptr
	if err := d.call("compiling the kernels", d.ModuleLoadData, uintptr(unsafe.Pointer(&module)), uintptr(unsafe.Pointer(&image[0]))); err != nil {
		return fmt.Errorf("%w: the driver must be version 520 or newer", err)
	}
	for name, function := range map[string]*uintptr{
		"gemm": &d.gemm, "bias_activate": &d.biasActivate, "activation_grad": &d.activationGrad, "cross_entropy": &d.crossEntropy,
		"column_sums": &d.columnSums, "square_sums": &d.squareSums, "update": &d.update,
	} {
		text := append([]byte(name), 0)
		if err := d.call("finding the kernel "+name, d.ModuleGetFunction, uintptr(unsafe.Pointer(function)), module, uintptr(unsafe.Pointer(&text[0]))); err != nil {
			return err
		}
	}
	return nil
}

// do runs f with the device's context, which belongs to a thread, not to a goroutine.
func (d *device) do(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := d.call("entering the context", d.CtxSetCurrent, d.context); err != nil {
		return err
	}
	return f()
}

// arguments of a launch, as the driver wants them: pointers to values of 4 or 8 bytes in
// 8 bytes each (both kinds of processor put the low bytes first).
type arguments struct {
	values   [maxArguments]uint64
	pointers [maxArguments]*uint64
}

const maxArguments = 12

// launch starts a kernel on a grid of blocks and returns. Kernels run in the order of their
// launches; what fails while one runs is told by a later call.
func (d *device) launch(p *arguments, name string, kernel uintptr, gridX, gridY, threads int, values ...uint64) error {
	for i, v := range values {
		p.values[i], p.pointers[i] = v, &p.values[i]
	}
	return d.call("starting "+name, d.LaunchKernel, kernel, uintptr(gridX), uintptr(gridY), 1, uintptr(threads), 1, 1, 0, 0, uintptr(unsafe.Pointer(&p.pointers[0])), 0)
}
