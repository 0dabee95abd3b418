//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// address is one of the device's memory.
type address uint64

// float returns the address n floats further on.
func (a address) float(n int) address { return a + address(4*n) }

// Garbage does not weigh on Go's collector as much as what it holds on the device: where
// memory is short, the collector is asked so often, with so long for it to finish.
const (
	collections    = 4
	collectionTime = 10 * time.Millisecond
)

// allocate returns so many bytes of the device's memory, which it gives back when owner is
// gone. It is called within do.
func allocate[T any](d *device, owner *T, bytes int) (address, error) {
	var a address
	err := d.call("allocating memory", d.MemAlloc, uintptr(unsafe.Pointer(&a)), uintptr(bytes))
	for i := 0; i < collections && isOutOfMemory(err); i++ {
		runtime.GC()
		time.Sleep(collectionTime)
		err = d.call("allocating memory", d.MemAlloc, uintptr(unsafe.Pointer(&a)), uintptr(bytes))
	}
	if isOutOfMemory(err) {
		var free, total uintptr
		if e := d.call("asking for memory", d.MemGetInfo, uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total))); e == nil {
			return 0, fmt.Errorf("cuda: not enough memory on the GPU: the network takes %.1f MB, %.1f of %.1f MB are free: %w", megabytes(uintptr(bytes)), megabytes(free), megabytes(total), err)
		}
	}
	if err != nil {
		return 0, err
	}
	runtime.AddCleanup(owner, func(a address) {
		_ = d.do(func() error { return d.call("giving memory back", d.MemFree, uintptr(a)) }) // nobody is left to be told
	}, a)
	return a, nil
}

func isOutOfMemory(err error) bool {
	var r *resultError
	return errors.As(err, &r) && r.code == outOfMemory
}

func megabytes(n uintptr) float64 { return float64(n) / 1e6 }

// layout is where what belongs to a network is in one piece of memory.
type layout struct {
	size int // bytes

	weights, gradients, first, second address   // [parameters] each; weight and bias of each layer in turn
	x                                 address   // [capacity, features]
	labels                            address   // [capacity] bytes
	z, y                              []address // [capacity, units] of each layer, before and after the activation
	dz, dh                            address   // [capacity, widest layer]
	losses                            address   // [capacity], then as many hits
	squares                           address   // [squareThreads] float64
}

// newLayout arranges a network of so many units a layer, the data's first, and parameters
// for capacity rows. Addresses start at zero.
func newLayout(sizes []int, parameters, capacity int) *layout {
	l := new(layout)
	take := func(bytes int) address {
		at := l.size
		l.size += (bytes + 255) &^ 255 // what the driver's own allocations are aligned to
		return address(at)
	}
	widest := 0
	for _, at := range []*address{&l.weights, &l.gradients, &l.first, &l.second} {
		*at = take(4 * parameters)
	}
	l.x, l.labels = take(4*capacity*sizes[0]), take(capacity)
	for _, units := range sizes[1:] {
		l.z, l.y = append(l.z, take(4*capacity*units)), append(l.y, take(4*capacity*units))
		widest = max(widest, units)
	}
	l.dz, l.dh = take(4*capacity*widest), take(4*capacity*widest)
	l.losses, l.squares = take(8*capacity), take(8*squareThreads)
	return l
}

// move puts the layout to where the memory is.
func (l *layout) move(to address) {
	for _, a := range []*address{&l.weights, &l.gradients, &l.first, &l.second, &l.x, &l.labels, &l.dz, &l.dh, &l.losses, &l.squares} {
		*a += to
	}
	for i := range l.z {
		l.z[i] += to
		l.y[i] += to
	}
}
