package nn

import (
	"errors"
	"fmt"

	"mnisttune/nn/internal/graph"
)

// Reader gathers the rows of a data set for a Program, and checks them: it makes an error
// of what a Backend and its programs must not trip over. It is used by one goroutine at a
// time.
type Reader struct {
	data    Dataset
	source  *graph.Source
	chosen  []int32
	indices []int
}

// NewReader returns a reader of a data set, whatever its form, for a network of so many
// values a row and classes. A data set that does not fit, or none, is an error.
func NewReader(d Dataset, features, classes int) (*Reader, error) {
	if isNone(d) {
		return nil, errors.New("nn: no data set to read: it is nil")
	}
	src, err := newSource(d, features, classes)
	if err != nil {
		return nil, err
	}
	return &Reader{data: d, source: src}, nil
}

// Len returns the number of rows of the data set.
func (r *Reader) Len() int { return r.source.Rows }

// Reads reports whether d is the reader's data set. Of data sets that cannot be compared
// it says no.
func (r *Reader) Reads(d Dataset) bool { return same(d, r.data) }

// Read writes the values of the rows to x [len(rows), features] row-major and their class
// indices to y. No such row, no room, a label that is no class, and what the data set's
// own Fill says are errors.
func (r *Reader) Read(x []float32, y []uint8, rows []int32) error {
	src := r.source
	if len(x) < len(rows)*src.Features || len(y) < len(rows) {
		return fmt.Errorf("nn: %d rows take room for %d values and as many labels (got room for %d and %d)", len(rows), len(rows)*src.Features, len(x), len(y))
	}
	r.chosen = r.chosen[:0]
	for _, row := range rows {
		if uint(row) >= uint(src.Rows) {
			return fmt.Errorf("nn: row %d of a data set of %d rows", row, src.Rows)
		}
		r.chosen = append(r.chosen, src.Row(row))
	}
	if src.Pixels == nil {
		r.indices = r.indices[:0]
		for _, row := range r.chosen {
			r.indices = append(r.indices, int(row))
		}
		if err := src.Fill(x[:len(rows)*src.Features], y[:len(rows)], r.indices); err != nil {
			return fmt.Errorf("nn: reading the data set: %w", err)
		}
		return nil
	}
	for i, row := range r.chosen {
		y[i] = src.Labels[row]
		out := x[i*src.Features:][:src.Features]
		for j, b := range src.Values(row) {
			out[j] = src.Value(b)
		}
	}
	return nil
}
