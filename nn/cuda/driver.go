//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// defaultLibrary is the driver's library, which comes with the driver itself.
const defaultLibrary = "libcuda.so.1"

// driver holds the functions of the driver API that are used, by the names of its headers
// (CUDA Driver API Reference Manual). All of them return a CUresult.
type driver struct {
	library           string
	Init              uintptr `symbol:"cuInit"`
	DeviceGet         uintptr `symbol:"cuDeviceGet"`
	PrimaryCtxRetain  uintptr `symbol:"cuDevicePrimaryCtxRetain"`
	CtxSetCurrent     uintptr `symbol:"cuCtxSetCurrent"`
	GetErrorName      uintptr `symbol:"cuGetErrorName"`
	MemGetInfo        uintptr `symbol:"cuMemGetInfo_v2"`
	MemAlloc          uintptr `symbol:"cuMemAlloc_v2"`
	MemFree           uintptr `symbol:"cuMemFree_v2"`
	MemcpyHtoD        uintptr `symbol:"cuMemcpyHtoD_v2"`
	MemcpyDtoH        uintptr `symbol:"cuMemcpyDtoH_v2"`
	ModuleLoadData    uintptr `symbol:"cuModuleLoadData"`
	ModuleGetFunction uintptr `symbol:"cuModuleGetFunction"`
	LaunchKernel      uintptr `symbol:"cuLaunchKernel"`
}

// CUresult values that are told apart.
const (
	outOfMemory   = 2
	noDevice      = 100
	invalidDevice = 101
)

// load opens the driver's library.
func load(library string) (*driver, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("cuda: no NVIDIA driver on this machine: %w", err)
	}
	d := &driver{library: library}
	fields := reflect.ValueOf(d).Elem()
	for i := range fields.NumField() {
		name, ok := fields.Type().Field(i).Tag.Lookup("symbol")
		if !ok {
			continue
		}
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("cuda: %s is no driver that this program knows: %w", library, err)
		}
		fields.Field(i).SetUint(uint64(address))
	}
	return d, nil
}

// resultError is a CUresult other than success.
type resultError struct {
	doing string
	code  int
	name  string
}

func (e *resultError) Error() string {
	return fmt.Sprintf("cuda: %s: the driver says %s (%d)", e.doing, e.name, e.code)
}

// call calls a function of the driver. Pointers may be made uintptrs in the call's own
// arguments only.
//
//go:uintptrescapes
func (d *driver) call(doing string, function uintptr, args ...uintptr) error {
	r, _, _ := purego.SyscallN(function, args...)
	if code := int(int32(r)); code != 0 {
		return &resultError{doing, code, d.errorName(code)}
	}
	return nil
}

// errorName returns the name of a CUresult.
func (d *driver) errorName(code int) string {
	var text *byte // in the driver's memory, ends in a zero byte
	if r, _, _ := purego.SyscallN(d.GetErrorName, uintptr(code), uintptr(unsafe.Pointer(&text))); int32(r) != 0 || text == nil {
		return "an unknown error"
	}
	n := 0
	for ; *(*byte)(unsafe.Add(unsafe.Pointer(text), n)) != 0; n++ {
	}
	return string(unsafe.Slice(text, n))
}

// upload copies from this machine's memory to the device's. Neither is empty.
func upload[T any](d *driver, to address, from []T) error {
	err := d.call("copying to the device", d.MemcpyHtoD, uintptr(to), uintptr(unsafe.Pointer(&from[0])), uintptr(len(from))*unsafe.Sizeof(from[0]))
	runtime.KeepAlive(from)
	return err
}

// download copies from the device's memory to this machine's.
func download[T any](d *driver, to []T, from address) error {
	err := d.call("copying from the device", d.MemcpyDtoH, uintptr(unsafe.Pointer(&to[0])), uintptr(from), uintptr(len(to))*unsafe.Sizeof(to[0]))
	runtime.KeepAlive(to)
	return err
}
