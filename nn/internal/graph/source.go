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
	// Index, if it is set, holds [Rows] numbers of rows in Pixels, Labels and Fill:
	// the data set is a choice of those.
	Index []int32

	table [256]float32
}

// Row returns where row r is in Pixels, Labels and Fill.
func (s *Source) Row(r int32) int32 {
	if s.Index != nil {
		return s.Index[r]
	}
	return r
}

// Values returns the bytes [Features] of a row of Pixels.
func (s *Source) Values(row int32) []byte {
	return s.Pixels[int(row)*s.Features : (int(row)+1)*s.Features]
}

// SetScale fixes what a byte is worth.
func (s *Source) SetScale(scale float32) {
	for i := range s.table {
		s.table[i] = float32(i) * scale
	}
}

// Value returns what a byte of Pixels is worth.
func (s *Source) Value(b byte) float32 { return s.table[b] }

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
	chosen   []int32        // the rows by their place in the source
	sorted   []int32        // the rows of a training step by class
}

func newBatch(capacity, features int, sparse bool) *batch {
	b := &batch{features: features, labels: make([]uint8, capacity), indices: make([]int, capacity), zeros: make([]byte, features), chosen: make([]int32, capacity), sorted: make([]int32, capacity)}
	if sparse {
		b.sparse = kernel.NewSparse(capacity, features)
	}
	return b
}

// gather collects the rows of src, in their order or, with anyOrder, in that which is
// the fastest.
func (b *batch) gather(k *kernel.Set, src *Source, rows []int32, anyOrder bool) error {
	if len(rows) == 0 || len(rows) > len(b.labels) {
		return fmt.Errorf("graph: a batch of %d rows does not fit (want 1 to %d)", len(rows), len(b.labels))
	}
	b.rows = len(rows)
	b.isSparse = b.sparse != nil && src.Pixels != nil
	if !b.isSparse && b.dense == nil {
		b.dense = kernel.Aligned(len(b.labels) * b.features)
	}
	for i, r := range rows {
		if uint(r) >= uint(src.Rows) {
			return fmt.Errorf("graph: row %d of a data set of %d rows", r, src.Rows)
		}
		b.chosen[i] = src.Row(r)
	}
	rows = b.chosen[:len(rows)]
	if src.Pixels == nil {
		return b.gatherFloats(src, rows)
	}
	if anyOrder && b.isSparse {
		rows = b.byClass(src, rows)
	}
	for i, r := range rows {
		b.labels[i] = src.Labels[r]
	}
	if b.isSparse {
		b.gatherPairs(k, src, rows)
		return nil
	}
	for i, r := range rows {
		k.Widen(b.dense[i*b.features:(i+1)*b.features], src.Values(r), &src.table)
	}
	return nil
}

// byClass returns the rows with those of a class side by side: two images of one class
// have more pixels in common than others, so that their pair has fewer entries (5 to
// 8 % on MNIST).
func (b *batch) byClass(src *Source, rows []int32) []int32 {
	var next [257]int32 // where the next row of a class goes
	for _, r := range rows {
		next[int(src.Labels[r])+1]++
	}
	for c := range src.Classes {
		next[c+1] += next[c]
	}
	sorted := b.sorted[:len(rows)]
	for _, r := range rows {
		sorted[next[src.Labels[r]]] = r
		next[src.Labels[r]]++
	}
	return sorted
}

// rowsAhead is how many rows before its turn a row is asked for from memory.
const rowsAhead = 4

// gatherPairs collects the rows two by two, an odd last one with a row of zeros.
func (b *batch) gatherPairs(k *kernel.Set, src *Source, rows []int32) {
	b.sparse.Reset(&src.table)
	last := len(rows) - 1
	for i := 0; i <= last; i += 2 {
		pair := kernel.BytePair{src.Values(rows[i]), b.zeros}
		if i < last {
			pair[1] = src.Values(rows[i+1])
		}
		ahead := kernel.BytePair{src.Values(rows[min(i+rowsAhead, last)]), src.Values(rows[min(i+rowsAhead+1, last)])}
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
