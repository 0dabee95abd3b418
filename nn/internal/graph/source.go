package graph

import (
	"fmt"

	"mnisttune/nn/internal/kernel"
)

// Source is a data set that a machine gathers batches from.
type Source struct {
	Features, Classes, Rows int
	// Pixels [Rows, Features] and Labels [Rows] hold the data as bytes; a value
	// is its byte times the scale.
	Pixels []byte
	Labels []uint8
	// Fill, used where Pixels is nil, writes the rows' values to x
	// [len(rows), Features] and their labels to y.
	Fill func(x []float32, y []uint8, rows []int) error

	table [256]float32
}

// SetScale fixes what a byte is worth.
func (s *Source) SetScale(scale float32) {
	for i := range s.table {
		s.table[i] = float32(i) * scale
	}
}

func (s *Source) pixels(row int32) []byte {
	return s.Pixels[int(row)*s.Features : (int(row)+1)*s.Features]
}

// batch holds the gathered rows of one step: sparse where the machine wants that and
// the data comes as bytes, else dense.
type batch struct {
	rows     int
	features int
	labels   []uint8
	isSparse bool
	sparse   *kernel.Sparse // nil if the machine wants dense rows
	dense    []float32      // [capacity, features] row-major; made when it is needed
	indices  []int          // what Fill wants
	zeros    []byte         // [features], beside an odd last row
}

func newBatch(capacity, features int, sparse bool) *batch {
	b := &batch{features: features, labels: make([]uint8, capacity), indices: make([]int, capacity), zeros: make([]byte, features)}
	if sparse {
		b.sparse = kernel.NewSparse(capacity, features)
	}
	return b
}

// gather collects the rows of src.
func (b *batch) gather(k *kernel.Set, src *Source, rows []int32) error {
	if len(rows) == 0 || len(rows) > len(b.labels) {
		return fmt.Errorf("graph: a batch of %d rows does not fit (want 1 to %d)", len(rows), len(b.labels))
	}
	b.rows = len(rows)
	b.isSparse = b.sparse != nil && src.Pixels != nil
	if !b.isSparse && b.dense == nil {
		b.dense = kernel.Aligned(len(b.labels) * b.features)
	}
	if src.Pixels == nil {
		return b.gatherFloats(src, rows)
	}
	for i, r := range rows {
		if uint(r) >= uint(src.Rows) {
			return fmt.Errorf("graph: row %d of a data set of %d rows", r, src.Rows)
		}
		b.labels[i] = src.Labels[r]
	}
	if b.isSparse {
		b.gatherPairs(k, src, rows)
		return nil
	}
	for i, r := range rows {
		k.Widen(b.dense[i*b.features:(i+1)*b.features], src.pixels(r), &src.table)
	}
	return nil
}

// rowsAhead is how many rows before its turn a row is asked for from memory.
const rowsAhead = 4

// gatherPairs collects the rows two by two, an odd last one with a row of zeros.
func (b *batch) gatherPairs(k *kernel.Set, src *Source, rows []int32) {
	b.sparse.Reset(&src.table)
	last := len(rows) - 1
	for i := 0; i <= last; i += 2 {
		pair := kernel.BytePair{src.pixels(rows[i]), b.zeros}
		if i < last {
			pair[1] = src.pixels(rows[i+1])
		}
		ahead := kernel.BytePair{src.pixels(rows[min(i+rowsAhead, last)]), src.pixels(rows[min(i+rowsAhead+1, last)])}
		k.AppendBytes(b.sparse, min(2, len(rows)-i), pair, ahead)
	}
}

func (b *batch) gatherFloats(src *Source, rows []int32) error {
	for i, r := range rows {
		b.indices[i] = int(r)
	}
	n := len(rows)
	if err := src.Fill(b.dense[:n*b.features], b.labels[:n], b.indices[:n]); err != nil {
		return fmt.Errorf("reading the data set: %w", err)
	}
	return nil
}
