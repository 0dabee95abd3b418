package mnist

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"sync"
)

//go:embed data/*.gz
var files embed.FS

// EmbeddedTrain returns the 60,000 training images of MNIST. They are unpacked
// once and the same for all callers.
var EmbeddedTrain = sync.OnceValues(func() (*Set, error) { return embedded("train") })

// EmbeddedTest returns the 10,000 test images of MNIST, likewise. Whoever only
// trains never unpacks them.
var EmbeddedTest = sync.OnceValues(func() (*Set, error) { return embedded("t10k") })

// Embedded returns both.
func Embedded() (train, test *Set, err error) {
	if train, err = EmbeddedTrain(); err != nil {
		return nil, nil, err
	}
	test, err = EmbeddedTest()
	return train, test, err
}

func embedded(part string) (*Set, error) {
	open := func(name string, k kind) (idx, error) {
		data, err := files.ReadFile(path.Join("data", name))
		if err != nil {
			return idx{}, fmt.Errorf("mnist: embedded %s: %w", name, err)
		}
		out, err := readIDX(bytes.NewReader(data), int64(len(data)), k, nil)
		if err != nil {
			return idx{}, fmt.Errorf("mnist: embedded %s: %w", name, err)
		}
		return out, nil
	}
	images, err := open(part+"-images-idx3-ubyte.gz", imageFile)
	if err != nil {
		return nil, err
	}
	labels, err := open(part+"-labels-idx1-ubyte.gz", labelFile)
	if err != nil {
		return nil, err
	}
	return &Set{Pixels: images.data, Labels: labels.data, Rows: images.rows, Cols: images.cols, Classes: 10}, nil
}
