// Package cuda is a backend of package nn that trains on an NVIDIA GPU. It is in binaries
// that are built with the tag gpu, on Linux, and registers the name "cuda":
//
//	go build -tags gpu -o mnist-tune ./cmd/mnist-tune
//	mnist-tune train --backend cuda --width 2048 --batch-size 1024
//
// It has not yet run on a GPU. What was tested is said in nn/CUDA.md: its kernels assemble
// for every processor from Maxwell to Hopper, and the whole backend passes package nntest
// on a driver for tests that runs the same kernels on the processor.
//
// Nothing of CUDA is needed to build it, neither headers nor a toolkit nor cgo: the
// driver's library is loaded when the backend is first used, and the kernels are PTX text
// (kernels.ptx, generated from kernels.cu), which the driver compiles. So the binary starts
// anywhere, and says in one line what is missing where there is no driver, no device or
// not enough memory. Only the driver is needed to run it, from version 520 on (CUDA 11.8):
// products are a kernel of this package, so that neither cuBLAS nor cuDNN need be there.
//
// Weights, gradients and moments stay on the device; what travels in a step are the rows
// of the batch, their labels, and the losses. Masks, update rules and the meaning of every
// option are those of the default backend. The tag is not cuda because that is Gorgonia's
// own, which this module is always built with: see nn/CUDA.md.
//
//   - kernels.cu: what runs on the device.
//   - driver.go: the functions of the driver, and errors.
//   - device.go: a device with the kernels loaded.
//   - memory.go: what a program holds there.
//   - program.go, backend.go: steps, logits, states.
//
// Dependency: github.com/ebitengine/purego (Apache-2.0), which loads libraries and calls
// their functions without cgo.
package cuda
