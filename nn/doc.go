// Package nn trains multi-layer perceptrons: any number of dense layers with an
// activation and dropout, a softmax and the cross-entropy, by mini-batch
// gradient descent.
//
//	trainer, err := nn.New(nn.Config{NumLayers: 2, Epochs: 10, Seed: 1}, nn.Options{})
//	result, err := trainer.Fit(ctx, train, val)   // any Dataset, such as *mnist.Set
//	metrics, err := trainer.Evaluate(ctx, test)
//	err = trainer.Save("model.safetensors")
//
// The zero [Config] is the usual network: 64 units in each of 2 layers, ReLU,
// Adam at 0.001, batches of 32, 10 epochs. Initialisation and update rules are
// Keras's (Glorot uniform, zero biases, Adam's epsilon of 1e-7 beside the
// uncorrected root); every field says what its default is and where it comes
// from.
//
// # What runs
//
// The network is a Gorgonia expression graph and its gradients come from
// Gorgonia's symbolic differentiation. What executes that graph is the default
// backend's own machine, which binds every node to a float32 kernel once and
// then runs steps without allocating. Other backends plug in with
// [RegisterBackend]; they implement [Program], never the training loop. This module has
// nn/gorgonia (Gorgonia as it comes, also on OpenBLAS) and nn/cuda; whoever writes one
// finds a [Reader] and [Config.Mask] here, and in nn/nntest the tests that it must pass.
//
// # Reproducibility
//
// Weights, row order and dropout masks come from Config.Seed and nothing else.
// The same seed gives the same weights bit for bit on the same build and
// kernels, however many trainers run at once and however many threads each has.
//
// # Failure
//
// A training that leaves the finite numbers ends with a [DivergedError]. A
// cancelled context ends Fit before its next step. Bad configurations, data sets
// and files are errors that say what was wrong; they never panic.
//
// # Dependencies
//
// gorgonia.org/gorgonia and gorgonia.org/tensor (prescribed; inside
// nn/internal/graph and nn/gorgonia only) and github.com/nlpodyssey/safetensors (BSD-2-Clause,
// pure Go), which reads and writes the file format that the field exchanges
// weights in, so that Python tools open a saved model.
package nn
