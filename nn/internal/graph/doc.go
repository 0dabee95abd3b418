// Package graph is the Gorgonia side of the trainer: it builds the network as a
// Gorgonia expression graph, lets Gorgonia differentiate it symbolically, and
// runs the result.
//
//   - ops.go and gradops.go: a handful of operations (linear, activation,
//     dropout, softmax cross-entropy, and their gradients), each a Gorgonia Op
//     with an honest Do in plain Go, for float32 and float64 (reference.go).
//   - network.go: [Build] makes the expression graph and asks Gorgonia for the
//     gradients.
//   - machine.go, bind.go: [Compile] sorts the graph once, gives every node its
//     memory and binds it to a kernel; a step is then a walk over a list of
//     calls that allocates nothing. A [Machine] is a gorgonia.VM.
//   - weightgrad.go, update.go: the gradients of weights and the optimizers, part by
//     part fused where nothing else reads a gradient.
//   - team.go: the parts of a call, shared out among threads.
//
// Because the operations have honest Do methods, Gorgonia's own TapeMachine runs
// the same graph; the tests hold the Machine against it.
//
// Why gorgonia.org/gorgonia and gorgonia.org/tensor: they are what the mission
// prescribes for the expression graph and its symbolic gradients. They stay
// inside this package and nn/gorgonia; no signature outside mentions them.
package graph
