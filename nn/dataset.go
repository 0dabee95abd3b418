package nn

import (
	"errors"
	"fmt"
	"reflect"

	"mnisttune/nn/internal/graph"
)

// Dataset is what the trainer reads rows from. It must not change while it is
// used; a data set that is safe for concurrent reading may serve several
// trainers at once.
type Dataset interface {
	// Len returns the number of rows.
	Len() int
	// Dims returns the number of values a row and the number of classes (2 to 256).
	Dims() (features, classes int)
	// Fill writes the values of the rows to x, [len(rows), features] row-major,
	// and their class indices, below classes, to y.
	Fill(x []float32, y []uint8, rows []int) error
}

// ByteDataset is a Dataset whose values are bytes times a scale. The trainer
// then keeps them as bytes until a batch is gathered.
type ByteDataset interface {
	Dataset
	// Bytes returns pixels [Len, features] row-major, labels [Len] and the
	// scale. The trainer only reads them.
	Bytes() (pixels []byte, labels []uint8, scale float32)
}

// sparseBelow is the share of non-zero values below which the first layer skips
// zeros. Plain loops gain from every zero they skip and pay for the index.
const sparseBelow = 0.5

// densityRows is how many rows the density is measured on.
const densityRows = 1000

// isNone reports whether no data set was given: nil, or a nil pointer in the
// interface.
func isNone(d Dataset) bool {
	if d == nil {
		return true
	}
	v := reflect.ValueOf(d)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// same reports whether two data sets are one; values that cannot be compared
// never are.
func same(a, b Dataset) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// labelsOf reads all labels of a data set once, of a choice those of the chosen rows only.
func labelsOf(d Dataset, features, classes int) ([]uint8, error) {
	if err := checkDims(d, features); err != nil {
		return nil, err
	}
	base, row := d, func(i int) int { return i } // where the rows are
	c, chosen := d.(*choice)
	if chosen {
		base, row = c.base, func(i int) int { return int(c.rows[i]) }
	}
	if b, ok := base.(ByteDataset); ok {
		_, labels, _ := b.Bytes()
		if len(labels) != base.Len() {
			return nil, fmt.Errorf("nn: the data set gives %d labels, want %d", len(labels), base.Len())
		}
		if chosen {
			labels = pickLabels(labels, c.rows)
		}
		return labels, checkLabels(labels, classes, row)
	}
	const chunk = 256
	labels, x, rows := make([]uint8, d.Len()), make([]float32, chunk*features), make([]int, 0, chunk)
	for lo := 0; lo < len(labels); lo += chunk {
		rows = rows[:0]
		for r := lo; r < min(lo+chunk, len(labels)); r++ {
			rows = append(rows, row(r))
		}
		if err := base.Fill(x[:len(rows)*features], labels[lo:lo+len(rows)], rows); err != nil {
			return nil, fmt.Errorf("nn: reading the data set: %w", err)
		}
	}
	return labels, checkLabels(labels, classes, row)
}

func pickLabels(all []uint8, rows []int32) []uint8 {
	labels := make([]uint8, len(rows))
	for i, r := range rows {
		labels[i] = all[r]
	}
	return labels
}

// checkDims reports whether d fits a network of so many inputs.
func checkDims(d Dataset, features int) error {
	if got, _ := d.Dims(); got != features {
		return fmt.Errorf("nn: the data set has rows of %d values, the network takes %d", got, features)
	}
	if d.Len() < 1 {
		return errors.New("nn: the data set is empty")
	}
	return nil
}

// newSource checks a data set and makes it readable for a graph of so many
// inputs and classes.
func newSource(d Dataset, features, classes int) (*graph.Source, error) {
	if err := checkDims(d, features); err != nil {
		return nil, err
	}
	base, src := d, &graph.Source{Features: features, Classes: classes, Rows: d.Len()}
	if c, ok := d.(*choice); ok {
		base, src.Index = c.base, c.rows
	}
	b, ok := base.(ByteDataset)
	if !ok {
		src.Fill = func(x []float32, y []uint8, rows []int) error {
			if err := base.Fill(x, y, rows); err != nil {
				return err
			}
			return checkLabels(y, classes, func(i int) int { return rows[i] })
		}
		return src, nil
	}
	pixels, labels, scale := b.Bytes()
	if n := base.Len(); len(pixels) != n*features || len(labels) != n {
		return nil, fmt.Errorf("nn: the data set gives %d bytes and %d labels, want %d rows of %d bytes", len(pixels), len(labels), n, features)
	}
	if _, err := labelsOf(d, features, classes); err != nil {
		return nil, err
	}
	src.Pixels, src.Labels = pixels, labels
	src.SetScale(scale)
	return src, nil
}

func checkLabels(labels []uint8, classes int, row func(i int) int) error {
	for i, y := range labels {
		if int(y) >= classes {
			return fmt.Errorf("nn: row %d has the label %d, want 0 to %d", row(i), y, classes-1)
		}
	}
	return nil
}

// density returns the share of bytes that are not zero, measured on evenly
// spaced rows; 1 for data that does not come as bytes.
func density(src *graph.Source) float64 {
	if src.Pixels == nil {
		return 1
	}
	stride := max(1, src.Rows/densityRows)
	seen, lit := 0, 0
	for r := 0; r < src.Rows; r += stride {
		for _, b := range src.Values(src.Row(int32(r))) {
			if b != 0 {
				lit++
			}
		}
		seen += src.Features
	}
	return float64(lit) / float64(seen)
}
