package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// shapes draws dimensions of 1 to 300, the odd ones and the full tiles among them.
func shape(r *rand.Rand) int {
	switch r.IntN(4) {
	case 0:
		return 1 + r.IntN(9)
	case 1:
		return []int{15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129, 256}[r.IntN(14)]
	}
	return 1 + r.IntN(300)
}

// randomMatrix draws a matrix; with special, some elements are NaN, infinite,
// zero, huge or denormal. The padding of the columns is zero.
func randomMatrix(r *rand.Rand, rows, cols int, special bool) Matrix {
	m := NewMatrix(rows, cols)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, randomValue(r, special))
		}
	}
	return m
}

func randomValue(r *rand.Rand, special bool) float32 {
	if special && r.IntN(50) == 0 {
		return []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, 1e30, -1e30, 1e-42}[r.IntN(7)]
	}
	return float32(r.NormFloat64())
}

// near fails unless got equals want up to the order of additions: magnitude is
// the sum of the absolute values of what was added up to want. What is not finite
// must be of the same kind.
func near(t *testing.T, what string, got, want, magnitude []float32) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		switch {
		case math.IsNaN(w) || math.IsInf(w, 0) || math.IsInf(float64(magnitude[i]), 0) || math.IsNaN(float64(magnitude[i])):
			// An infinity less an infinity may be met in another order, but
			// never turns into a number.
			if !math.IsNaN(g) && !math.IsInf(g, 0) {
				t.Fatalf("%s: element %d is %v, want %v", what, i, g, w)
			}
		case !(math.Abs(g-w) <= 1e-5*float64(magnitude[i])+1e-30):
			t.Fatalf("%s: element %d is %v, want %v (of magnitude %v)", what, i, g, w, magnitude[i])
		}
	}
}

func absolute(m Matrix) Matrix {
	out := NewMatrix(m.Rows, m.Cols)
	for i, v := range m.Data {
		out.Data[i] = float32(math.Abs(float64(v)))
	}
	return out
}

// eachPart calls f for the first rows of m, cut into parts.
func eachPart(m Matrix, rows, cut int, f func(Part)) {
	for p := range m.Panels() {
		for lo := 0; lo < rows; lo += cut {
			f(Part{p, lo, min(lo+cut, rows)})
		}
	}
}

// part returns the data of a part.
func (m Matrix) part(p Part) []float32 {
	data, _ := m.Part(p)
	return data
}

// eachSet runs a test for every set but Go.
func eachSet(t *testing.T, f func(t *testing.T, s *Set)) {
	if runtime.GOARCH == "amd64" && len(Sets()) < 2 {
		t.Log("this build or this processor has no kernels but plain Go")
	}
	for _, s := range Sets() {
		t.Run(s.Name, func(t *testing.T) { f(t, s) })
	}
}

func rowMajor(m Matrix, rows int) []float32 {
	out := make([]float32, rows*m.Cols)
	m.RowMajor(out)
	return out
}

// A plain product of row-major arrays in float64: what all linear kernels are
// held against, the plain Go ones too.
func product(a []float32, ra, ca int, transA bool, b []float32, cb int) []float32 {
	rows, depth := ra, ca
	if transA {
		rows, depth = ca, ra
	}
	out := make([]float32, rows*cb)
	for i := range rows {
		for j := range cb {
			sum := 0.0
			for k := range depth {
				at := i*ca + k
				if transA {
					at = k*ca + i
				}
				sum += float64(a[at]) * float64(b[k*cb+j])
			}
			out[i*cb+j] = float32(sum)
		}
	}
	return out
}

func TestLinearKernels(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(60) {
			testLinear(t, s, seed)
		}
	})
}

func FuzzLinear(f *testing.F) { fuzzSets(f, testLinear) }

// fuzzSets runs a test of every set on random seeds.
func fuzzSets(f *testing.F, test func(t *testing.T, s *Set, seed uint64)) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, s := range Sets() {
			test(t, s, seed)
		}
	})
}

func testLinear(t *testing.T, s *Set, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	capacity, in, out := shape(r), shape(r), shape(r)
	rows := 1 + r.IntN(capacity)
	special := seed%3 == 2
	x, w, dz := randomMatrix(r, capacity, in, special), randomMatrix(r, in, out, special), randomMatrix(r, capacity, out, special)
	b := randomMatrix(r, 1, out, false)
	name := fmt.Sprintf("%d of %d rows, %d to %d", rows, capacity, in, out)
	X, W, DZ := rowMajor(x, rows), rowMajor(w, in), rowMajor(dz, rows)
	aX, aW, aDZ := rowMajor(absolute(x), rows), rowMajor(absolute(w), in), rowMajor(absolute(dz), rows)
	withBias := func(z, bias []float32) []float32 {
		for i := range z {
			z[i] += bias[i%out]
		}
		return z
	}
	want := withBias(product(X, rows, in, false, W, out), rowMajor(b, 1))
	size := withBias(product(aX, rows, in, false, aW, out), rowMajor(absolute(b), 1))

	z := NewMatrix(capacity, out)
	cut := 2 * (1 + r.IntN(40)) // how many rows a part has
	eachPart(z, rows, cut, func(p Part) { s.LinearForward(z, x, w, b, p) })
	near(t, name+": forward", rowMajor(z, rows), want, size)
	eachPart(z, rows, cut, func(p Part) { s.LinearForwardDense(z, X, w, b, p) })
	near(t, name+": forward, row-major", rowMajor(z, rows), want, size)
	dw, wantDW, sizeDW := NewMatrix(in, out), product(X, rows, in, true, DZ, out), product(aX, rows, in, true, aDZ, out)
	eachPart(dw, in, PanelWidth, func(p Part) { s.LinearGradW(dw.part(p), x, dz, p, rows) })
	near(t, name+": dw", rowMajor(dw, in), wantDW, sizeDW)
	eachPart(dw, in, cut, func(p Part) { s.LinearGradWDense(dw.part(p), X, in, dz, p, rows) })
	near(t, name+": dw, row-major", rowMajor(dw, in), wantDW, sizeDW)

	wt, dx := NewMatrix(out, in), NewMatrix(capacity, in)
	eachPart(wt, out, PanelWidth, func(p Part) { s.TransposeMatrix(wt, w, p) })
	for i := range in {
		for j := range out {
			if a, b := wt.At(j, i), w.At(i, j); a != b && a == a {
				t.Fatalf("%s: transposed %d,%d is %v, want %v", name, j, i, a, b)
			}
		}
	}
	eachPart(dx, rows, cut, func(p Part) { s.LinearGradX(dx, dz, wt, p) })
	near(t, name+": dx", rowMajor(dx, rows), product(DZ, rows, out, false, rowMajor(wt, out), in), product(aDZ, rows, out, false, rowMajor(absolute(wt), out), in))

	db := NewMatrix(1, out)
	ones := make([]float32, rows)
	for i := range ones {
		ones[i] = 1
	}
	eachPart(db, 1, 1, func(p Part) { s.LinearGradB(db, dz, p, rows) })
	near(t, name+": db", rowMajor(db, 1), product(ones, 1, rows, false, DZ, out), product(ones, 1, rows, false, aDZ, out))
	if !special {
		for _, m := range []Matrix{dw, db} {
			checkPadding(t, name, m)
		}
	}
}

func TestSparseKernels(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(60) {
			testSparse(t, s, seed)
		}
	})
}

func FuzzSparse(f *testing.F) { fuzzSets(f, testSparse) }

func testSparse(t *testing.T, s *Set, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 8))
	capacity, in, out := shape(r), shape(r), shape(r)
	rows, density := 1+r.IntN(capacity), r.Float64()*r.Float64()
	table := newTable()
	x, X := NewSparse(capacity, in), make([]float32, rows*in)
	x.Reset(table)
	for i := 0; i < rows; i += 2 {
		n := min(2, rows-i)
		pair := randomPair(r, n, in, density)
		s.AppendBytes(x, n, pair, pair)
		for k := range n {
			for j, v := range pair[k] {
				X[(i+k)*in+j] = table[v]
			}
		}
	}
	w, b, dz := randomMatrix(r, in, out, false), randomMatrix(r, 1, out, false), randomMatrix(r, capacity, out, false)
	z, want, cut := NewMatrix(capacity, out), NewMatrix(capacity, out), 2*(1+r.IntN(40))
	name := fmt.Sprintf("%d of %d rows, %d to %d, density %.2f", rows, capacity, in, out, density)
	ones := make([]float32, rows*max(in, out)) // values are of the order of 1
	for i := range ones {
		ones[i] = 20
	}
	eachPart(z, rows, cut, func(p Part) { s.LinearForwardSparse(z, x, w, b, p) })
	eachPart(want, rows, rows, func(p Part) { Go.LinearForwardDense(want, X, w, b, p) })
	near(t, name+": forward", rowMajor(z, rows), rowMajor(want, rows), ones)
	dw, wantDW := NewMatrix(in, out), product(X, rows, in, true, rowMajor(dz, rows), out)
	eachPart(dw, in, BlockColumns, func(p Part) { s.LinearGradWSparse(dw.part(p), x, dz, p) })
	near(t, name+": dw", rowMajor(dw, in), wantDW, slices.Repeat([]float32{20}, in*out))
	checkPadding(t, name, dw)
}

// newTable returns what the bytes of images are worth.
func newTable() *[256]float32 {
	var table [256]float32
	for i := range table {
		table[i] = float32(i) * (1. / 255)
	}
	return &table
}

// randomPair draws a pair of rows of n bytes, of which the second is zero if rows is
// 1.
func randomPair(r *rand.Rand, rows, n int, density float64) BytePair {
	pair := BytePair{make([]byte, n), make([]byte, n)}
	for k := range rows {
		for j := range n {
			if r.Float64() < density {
				pair[k][j] = byte(r.IntN(256))
			}
		}
	}
	return pair
}

// checkPadding wants zeros beyond the columns.
func checkPadding(t *testing.T, name string, m Matrix) {
	t.Helper()
	for p := range m.Panels() {
		data, stride, cols := m.Panel(p)
		for i := range m.Rows {
			for _, v := range data[i*stride+cols : (i+1)*stride] {
				if v != 0 {
					t.Fatalf("%s: the padding holds %v", name, v)
				}
			}
		}
	}
}

// Rows beyond the batch stay as they are.
func TestRowsBeyondTheBatchAreUntouched(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 1))
		x, w, b := randomMatrix(r, 11, 20, false), randomMatrix(r, 20, 70, false), randomMatrix(r, 1, 70, false)
		z := randomMatrix(r, 11, 70, false)
		before := rowMajor(z, 11)
		eachPart(z, 7, 7, func(p Part) { s.LinearForward(z, x, w, b, p) })
		if after := rowMajor(z, 11); !slices.Equal(after[7*70:], before[7*70:]) || slices.Equal(after[:7*70], before[:7*70]) {
			t.Error("the wrong rows were written")
		}
	})
}

func TestCompress(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(300) {
			testCompress(t, s, seed)
		}
	})
}

func FuzzCompress(f *testing.F) { fuzzSets(f, testCompress) }

func testCompress(t *testing.T, s *Set, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	rows, n, density := 1+r.IntN(5), shape(r)*3, r.Float64()
	x := NewSparse(rows, n)
	for i := 0; i < rows; i += 2 {
		pair := randomPair(r, min(2, rows-i), n, density)
		s.AppendBytes(x, min(2, rows-i), pair, pair)
		for block := range x.Blocks {
			entries := x.entries(i/2, block)
			for column := range min(BlockColumns, n-block*BlockColumns) {
				j := block*BlockColumns + column
				a, b := pair[0][j], pair[1][j]
				if a == 0 && b == 0 {
					continue
				}
				if want := uint32(column)<<16 | uint32(b)<<8 | uint32(a); len(entries) == 0 || entries[0] != want {
					t.Fatalf("rows of %d bytes, block %d: entries go on with %x, want %x", n, block, entries, want)
				}
				entries = entries[1:]
			}
			if len(entries) > 0 {
				t.Fatalf("rows of %d bytes, block %d: %d entries too many", n, block, len(entries))
			}
		}
	}
	if x.Rows != rows || len(x.Start) != x.pairs()*x.Blocks+1 {
		t.Fatalf("%d rows, want %d", x.Rows, rows)
	}
}

// The kernels leave the processor's treatment of denormals as it was.
func TestDenormalsOutsideTheKernels(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 9))
		x, w, z := randomMatrix(r, 5, 9, false), randomMatrix(r, 9, 20, false), NewMatrix(5, 20)
		eachPart(z, 5, 5, func(p Part) { s.LinearForward(z, x, w, randomMatrix(r, 1, 20, false), p) })
		tiny := float32(z.At(0, 0)*0 + 1e-40)
		if tiny/2 == 0 || tiny == 0 {
			t.Error("denormals are flushed outside the kernels")
		}
	})
}

func TestWiden(t *testing.T) {
	table := newTable()
	eachSet(t, func(t *testing.T, s *Set) {
		for n := range 100 {
			src, dst := make([]byte, n), make([]float32, n+1)
			for i := range src {
				src[i] = byte(7*i + n)
			}
			s.Widen(dst[:n], src, table)
			for i, v := range src {
				if dst[i] != table[v] {
					t.Fatalf("byte %d of %d: %v, want %v", i, n, dst[i], table[v])
				}
			}
			if dst[n] != 0 {
				t.Fatalf("%d bytes: wrote beyond the end", n)
			}
		}
	})
}

func TestChoose(t *testing.T) {
	for _, s := range Sets() {
		if got, err := choose(s.Name); err != nil || got != s {
			t.Errorf("%s: %v, %v", s.Name, got, err)
		}
	}
	if s, err := choose(""); err != nil || s != Sets()[0] {
		t.Errorf("the default is %v, %v", s, err)
	}
	if _, err := choose("mmx"); err == nil {
		t.Error("mmx was chosen")
	}
}
