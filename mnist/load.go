package mnist

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Options say how a data set is read.
type Options struct {
	// Classes is the number of classes, 2 to 256; 0: the largest training
	// label and one.
	Classes int
}

// fileName matches the names that data sets in IDX form come under: the usual
// train-images-idx3-ubyte, with a dot before idx3, with a prefix (EMNIST), with
// test for t10k, and any of them with .gz.
var fileName = regexp.MustCompile(`^(?:.*-)?(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$`)

// Load reads a data set from a folder with four files, plain or compressed:
//
//	train-images-idx3-ubyte   train-labels-idx1-ubyte
//	t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte
//
// Images of both parts must have the same size, and every class must be among
// the training labels. What is wrong with a file is one error with its name.
func Load(dir string, o Options) (train, test *Set, err error) {
	if o.Classes != 0 && (o.Classes < 2 || o.Classes > 256) {
		return nil, nil, fmt.Errorf("mnist: classes must be 2 to 256 (got %d)", o.Classes)
	}
	paths, err := findFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	if train, err = readSet(paths[0], paths[1], nil); err != nil {
		return nil, nil, err
	}
	if train.Classes, err = countClasses(train.Labels, o.Classes); err != nil {
		return nil, nil, fmt.Errorf("mnist: %s: %w", paths[1], err)
	}
	if test, err = readSet(paths[2], paths[3], train); err != nil {
		return nil, nil, err
	}
	test.Classes = train.Classes
	if err := checkLabels(test.Labels, test.Classes); err != nil {
		return nil, nil, fmt.Errorf("mnist: %s: %w", paths[3], err)
	}
	return train, test, nil
}

// findFiles returns the paths of the training images and labels and of the test
// images and labels.
func findFiles(dir string) ([4]string, error) {
	var paths [4]string
	entries, err := os.ReadDir(dir)
	if err != nil {
		return paths, fmt.Errorf("mnist: no data set in %s: %w", dir, errors.Unwrap(err))
	}
	for _, e := range entries {
		m := fileName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		i := 0
		if m[1] != "train" {
			i = 2
		}
		if m[2] == "labels" {
			i++
		}
		path := filepath.Join(dir, e.Name())
		switch old := paths[i]; {
		case old == "" || path == strings.TrimSuffix(old, ".gz"):
			paths[i] = path
		case old != strings.TrimSuffix(path, ".gz"): // a plain file goes before its compressed form
			return paths, fmt.Errorf("mnist: %s holds more than one data set (%s and %s): keep one in the folder", dir, filepath.Base(old), e.Name())
		}
	}
	var missing []string
	for i, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		if paths[i] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return paths, fmt.Errorf("mnist: %s lacks %s (plain or with .gz)", dir, strings.Join(missing, ", "))
	}
	return paths, nil
}

// readSet reads a pair of files. The headers are compared, with each other and
// with the training set's for the test set, before the pixels are read.
func readSet(images, labels string, train *Set) (*Set, error) {
	errHeader := errors.New("only the header")
	n := 0
	_, err := readFile(images, imageFile, func(count, rows, cols int) error {
		if train != nil && (rows != train.Rows || cols != train.Cols) {
			return fmt.Errorf("the test images are %dx%d, the training images %dx%d", rows, cols, train.Rows, train.Cols)
		}
		n = count
		return errHeader
	})
	if !errors.Is(err, errHeader) {
		return nil, err
	}
	y, err := readFile(labels, labelFile, func(count, _, _ int) error {
		if count != n {
			return fmt.Errorf("there are %d labels, but %s has %d images", count, images, n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	x, err := readFile(images, imageFile, nil)
	if err != nil {
		return nil, err
	}
	return &Set{Pixels: x.data, Labels: y.data, Rows: x.rows, Cols: x.cols}, nil
}

func readFile(path string, k kind, check checkHeader) (idx, error) {
	fail := func(err error) (idx, error) { return idx{}, fmt.Errorf("mnist: %s: %w", path, err) }
	info, err := os.Stat(path) // before opening: a pipe would block
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	if info.IsDir() {
		return fail(errors.New("this is a directory, want a file"))
	}
	if !info.Mode().IsRegular() {
		return fail(fmt.Errorf("this is no regular file (%v)", info.Mode().Type()))
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	defer f.Close()
	out, err := readIDX(f, info.Size(), k, check)
	if err != nil {
		return fail(err)
	}
	return out, nil
}

// countClasses returns the number of classes: classes, or the largest label and
// one if that is 0. Every class must have a label.
func countClasses(labels []uint8, classes int) (int, error) {
	if classes == 0 {
		classes = max(2, int(slices.Max(labels))+1)
	}
	if err := checkLabels(labels, classes); err != nil {
		return 0, err
	}
	seen := make([]bool, classes)
	for _, y := range labels {
		seen[y] = true
	}
	if missing := slices.Index(seen, false); missing >= 0 {
		return 0, fmt.Errorf("no training label is %d: with %d classes every label from 0 to %d must occur (the largest is %d)", missing, classes, classes-1, slices.Max(labels))
	}
	return classes, nil
}

func checkLabels(labels []uint8, classes int) error {
	for i, y := range labels {
		if int(y) >= classes {
			return fmt.Errorf("label %d at byte %d (item %d), want 0 to %d", y, int64(i)+labelFile.headerSize(), i, classes-1)
		}
	}
	return nil
}
