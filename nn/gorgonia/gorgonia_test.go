package gorgonia

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"mnisttune/nn"
	"mnisttune/nn/nntest"
)

func TestConformance(t *testing.T) { nntest.Backend(t, "gorgonia", nntest.Options{}) }

// A Gemm of one's own is what is used, and leads to the same network.
func TestOwnGemm(t *testing.T) {
	testGemm(t, loops)
	calls := 0
	counting := func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
		calls++
		loops(transA, transB, m, n, k, a, lda, b, ldb, c, ldc)
	}
	cfg := nn.Config{BatchSize: 4, Width: nn.Widths{5}}.WithDefaults()
	var losses [2]float64
	for i, b := range []Backend{{}, {Gemm: counting}} {
		p, err := b.New(cfg, noise{}, nn.InitialState(cfg, 3, 2), 1)
		if err != nil {
			t.Fatal(err)
		}
		for step := range 3 {
			r, err := p.Step([]int32{0, 1, 2}, nn.StepArgs{LearningRate: 0.1, Step: step})
			if err != nil {
				t.Fatal(err)
			}
			losses[i] = r.Loss
		}
	}
	if math.Abs(losses[0]-losses[1]) > 1e-5 {
		t.Errorf("the loss after three steps is %v, on Gorgonia's BLAS %v", losses[1], losses[0])
	}
	if want := 3 * (3 + 3 + 2); calls != want { // forward, gradients of weights, of two layers' inputs
		t.Errorf("%d products in three steps, want %d", calls, want)
	}
}

// noise is a data set of two values a row.
type noise struct{}

func (noise) Len() int         { return 10 }
func (noise) Dims() (int, int) { return 3, 2 }
func (noise) Fill(x []float32, y []uint8, rows []int) error {
	r := rand.New(rand.NewPCG(1, uint64(len(rows))))
	for i := range x {
		x[i] = r.Float32()
	}
	clear(y)
	return nil
}

// loops is a Gemm for reading.
func loops(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	at := func(x []float32, stride int, transposed bool, i, j int) float32 {
		if transposed {
			i, j = j, i
		}
		return x[i*stride+j]
	}
	for i := range m {
		for j := range n {
			sum := float32(0)
			for l := range k {
				sum += at(a, lda, transA, i, l) * at(b, ldb, transB, l, j)
			}
			c[i*ldc+j] = sum
		}
	}
}

// testGemm holds the products of tensors, transposed or not, on a Gemm against those on
// Gorgonia's own.
func testGemm(t *testing.T, gemm Gemm) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{1, 1, 1}, {2, 3, 4}, {1, 5, 3}, {5, 1, 3}, {3, 5, 1}, {17, 33, 65}} {
		for mask := range 4 {
			matrix := func(rows, cols int, transposed bool) (with, without *tensor.Dense) {
				if transposed {
					rows, cols = cols, rows
				}
				data := make([]float32, rows*cols)
				for i := range data {
					data[i] = float32(r.NormFloat64())
				}
				without = tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
				with = tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data), tensor.WithEngine(engine{gemm: gemm}))
				if transposed {
					for _, x := range []*tensor.Dense{with, without} {
						if err := x.T(); err != nil {
							t.Fatal(err)
						}
					}
				}
				return with, without
			}
			name := fmt.Sprintf("%v, transposed %02b", s, mask)
			a, a0 := matrix(s[0], s[2], mask&1 != 0)
			b, b0 := matrix(s[2], s[1], mask&2 != 0)
			got, err := tensor.MatMul(a, b)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want, err := tensor.MatMul(a0, b0)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for i, w := range want.Data().([]float32) {
				if g := got.Data().([]float32)[i]; math.Abs(float64(g-w)) > 1e-4 {
					t.Fatalf("%s: element %d is %v, want %v", name, i, g, w)
				}
			}
		}
	}
}

// What cannot be multiplied is an error.
func TestProductsOfOtherTypes(t *testing.T) {
	e := engine{gemm: loops}
	f32 := func() *tensor.Dense { return tensor.New(tensor.WithShape(2, 2), tensor.Of(tensor.Float32)) }
	f64 := tensor.New(tensor.WithShape(2, 2), tensor.Of(tensor.Float64))
	into := f32()
	if err := into.T(); err != nil {
		t.Fatal(err)
	}
	if err := e.MatMul(f32(), f64, f32()); err == nil || !strings.Contains(err.Error(), "want matrices of float32") {
		t.Errorf("float64: %v", err)
	}
	if err := e.MatMul(f32(), f32(), into); err == nil || !strings.Contains(err.Error(), "into a transposed matrix") {
		t.Errorf("into a transposed matrix: %v", err)
	}
}
