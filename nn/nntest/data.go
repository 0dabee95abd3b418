package nntest

import (
	"fmt"
	"math/rand/v2"

	"mnisttune/nn"
)

// floats is a data set of numbers: one Gaussian a class.
type floats struct {
	features, classes int
	x                 []float32
	y                 []uint8
	fail              error // what Fill says
}

func newFloats(rows, features, classes int) *floats {
	centres, r := rand.New(rand.NewPCG(99, uint64(features))), rand.New(rand.NewPCG(7, uint64(rows)))
	d := &floats{features: features, classes: classes, x: make([]float32, rows*features), y: make([]uint8, rows)}
	mean := make([]float64, classes*features)
	for i := range mean {
		mean[i] = 1.5 * centres.NormFloat64()
	}
	for i := range d.y {
		d.y[i] = uint8(i % classes)
		for j := range features {
			d.x[i*features+j] = float32(mean[i%classes*features+j] + r.NormFloat64())
		}
	}
	return d
}

func (d *floats) Len() int         { return len(d.y) }
func (d *floats) Dims() (int, int) { return d.features, d.classes }
func (d *floats) Fill(x []float32, y []uint8, rows []int) error {
	if d.fail != nil {
		return d.fail
	}
	for i, r := range rows {
		copy(x[i*d.features:(i+1)*d.features], d.x[r*d.features:])
		y[i] = d.y[r]
	}
	return nil
}

// pixels is a data set of bytes, a share of them not zero.
type pixels struct {
	features, classes int
	bytes             []byte
	labels            []uint8
}

func newPixels(rows, features, classes int, lit float64) *pixels {
	r := rand.New(rand.NewPCG(8, uint64(rows)))
	d := &pixels{features: features, classes: classes, bytes: make([]byte, rows*features), labels: make([]uint8, rows)}
	for i := range d.labels {
		d.labels[i] = uint8(r.IntN(classes))
		for j := range features {
			if r.Float64() < lit {
				d.bytes[i*features+j] = byte(1 + r.IntN(255))
			}
		}
	}
	return d
}

const pixelScale = float32(1. / 255)

func (d *pixels) Len() int                          { return len(d.labels) }
func (d *pixels) Dims() (int, int)                  { return d.features, d.classes }
func (d *pixels) Bytes() ([]byte, []uint8, float32) { return d.bytes, d.labels, pixelScale }
func (d *pixels) Fill(x []float32, y []uint8, rows []int) error {
	for i, r := range rows {
		for j, b := range d.bytes[r*d.features : (r+1)*d.features] {
			x[i*d.features+j] = float32(b) * pixelScale
		}
		y[i] = d.labels[r]
	}
	return nil
}

// fillOnly hides that a data set has bytes.
type fillOnly struct{ nn.Dataset }

// values returns rows of a data set in float64, and their labels.
func values(r reporter, d nn.Dataset, rows []int32) ([]float64, []uint8) {
	r.Helper()
	features, _ := d.Dims()
	x, y, indices := make([]float32, len(rows)*features), make([]uint8, len(rows)), make([]int, len(rows))
	for i, row := range rows {
		indices[i] = int(row)
	}
	if err := d.Fill(x, y, indices); err != nil {
		r.Fatalf("reading the data set: %v", err)
	}
	return wide(x), y
}

// someRows returns rows of a data set in no particular order: number of them from the
// start-th on of an order that has all.
func someRows(d nn.Dataset, start, number int) []int32 {
	order := rand.New(rand.NewPCG(3, 3)).Perm(d.Len())
	rows := make([]int32, number)
	for i := range rows {
		rows[i] = int32(order[(start+i)%len(order)])
	}
	return rows
}

// startState returns the weights that a configuration starts from, with biases that are
// not zero.
func startState(cfg nn.Config, features, classes int) nn.State {
	s, r := nn.InitialState(cfg, features, classes), rand.New(rand.NewPCG(5, 5))
	for i := 1; i < len(s.Weights); i += 2 {
		for j := range s.Weights[i].Data {
			s.Weights[i].Data[j] = float32(r.NormFloat64() / 8)
		}
	}
	return s
}

// copyState returns a state that shares no memory with s.
func copyState(s nn.State) nn.State {
	return nn.State{Weights: copyTensors(s.Weights), First: copyTensors(s.First), Second: copyTensors(s.Second)}
}

func copyTensors(ts []nn.Tensor) []nn.Tensor {
	var out []nn.Tensor
	for _, t := range ts {
		out = append(out, nn.Tensor{Name: t.Name, Shape: append([]int(nil), t.Shape...), Data: append([]float32(nil), t.Data...)})
	}
	return out
}

// difference says where two states are not the same bit for bit, empty if nowhere.
func difference(a, b nn.State) string {
	for _, part := range []struct {
		name string
		a, b []nn.Tensor
	}{{"weights", a.Weights, b.Weights}, {"first moments", a.First, b.First}, {"second moments", a.Second, b.Second}} {
		for i, t := range part.a {
			if len(part.b) != len(part.a) || len(part.b[i].Data) != len(t.Data) {
				return fmt.Sprintf("the %s have other shapes", part.name)
			}
			for j, v := range t.Data {
				if w := part.b[i].Data[j]; v != w && (v == v || w == w) {
					return fmt.Sprintf("%s of %s[%d]: %v and %v", part.name, t.Name, j, v, w)
				}
			}
		}
	}
	return ""
}
