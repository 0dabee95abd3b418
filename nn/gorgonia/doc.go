// Package gorgonia is a backend of package nn that runs networks on Gorgonia as it comes:
// its own operations, its TapeMachine and gonum's BLAS. Importing it registers the name
// "gorgonia":
//
//	import _ "mnisttune/nn/gorgonia"
//
//	trainer, err := nn.New(nn.Config{}, nn.Options{Backend: "gorgonia"})
//
// It trains the same networks as the default backend, with the same weights to start from,
// the same dropout masks and the same update rules, at about a tenth of the speed. It is
// there for those who want Gorgonia's own path: to compare, to debug, or to run its
// products on another BLAS ([Backend.Gemm]).
//
// With the build tag openblas, which needs cgo and OpenBLAS (Debian's libopenblas-dev), the
// package also registers "openblas", the same on OpenBLAS: faster the wider the network
// (1.5 times at 64 units and 32 rows, 5 times at 1024 and 512), and still not as fast as the
// default backend. OpenBLAS is set to one thread, for the whole process.
//
//   - network.go: the graphs, of Gorgonia's operations; GELU, which Gorgonia has not (it
//     has no error function), is an operation of this module's.
//   - program.go: steps and logits on those graphs.
//   - parameters.go: the weights, which the graphs work on in place, and their updates.
//   - engine.go: products on a BLAS of one's own.
//
// A program uses one thread, whatever is asked for (Gorgonia's machine has no more).
//
// Gorgonia's machine runs on a goroutine of its own, so that a panic there cannot be
// caught here and would end the process. Programs check all that comes from outside, rows,
// labels, shapes, before the machine sees it; what fails while a graph is built is an
// error.
//
// gorgonia.Use and tensor.Use, which choose a BLAS for the whole process, are neither
// called nor needed: a Gemm is bound to the programs that were made with it. Whoever calls
// them changes what "gorgonia" multiplies with.
package gorgonia
