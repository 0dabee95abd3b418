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
			s.LinearForward(z, x, w, b, rows)
			near(t, name+": forward", rowMajor(z, rows), want, size)
			s.LinearForwardDense(z, X, w, b, rows)
			near(t, name+": forward, row-major", rowMajor(z, rows), want, size)
			sparse := NewSparse(capacity, in)
			for i := 0; i < rows; i += 2 {
				sparse.AppendFloats(X[i*in:(i+1)*in], row(X, in, i+1))
			}
			if !special { // a skipped zero is no NaN where the weight is infinite
				s.LinearForwardSparse(z, sparse, w, b)
				near(t, name+": forward, sparse", rowMajor(z, rows), want, size)
			}

			dw, wantDW, sizeDW := NewMatrix(in, out), product(X, rows, in, true, DZ, out), product(aX, rows, in, true, aDZ, out)
			s.LinearGradW(dw, x, dz, rows)
			near(t, name+": dw", rowMajor(dw, in), wantDW, sizeDW)
			s.LinearGradWDense(dw, X, dz, rows)
			near(t, name+": dw, row-major", rowMajor(dw, in), wantDW, sizeDW)
			if !special {
				s.LinearGradWSparse(dw, sparse, dz)
				near(t, name+": dw, sparse", rowMajor(dw, in), wantDW, sizeDW)
			}

			wt, dx := NewMatrix(out, in), NewMatrix(capacity, in)
			s.TransposeMatrix(wt, w)
			for i := range in {
				for j := range out {
					if a, b := wt.At(j, i), w.At(i, j); a != b && a == a {
						t.Fatalf("%s: transposed %d,%d is %v, want %v", name, j, i, a, b)
					}
				}
			}
			s.LinearGradX(dx, dz, wt, rows)
			near(t, name+": dx", rowMajor(dx, rows), product(DZ, rows, out, false, rowMajor(wt, out), in), product(aDZ, rows, out, false, rowMajor(absolute(wt), out), in))

			db := NewMatrix(1, out)
			ones := make([]float32, rows)
			for i := range ones {
				ones[i] = 1
			}
			s.LinearGradB(db, dz, rows)
			near(t, name+": db", rowMajor(db, 1), product(ones, 1, rows, false, DZ, out), product(ones, 1, rows, false, aDZ, out))
			if !special {
				for _, m := range []Matrix{dw, db} {
					checkPadding(t, name, m)
				}
			}
		}
	})
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
		s.LinearForward(z, x, w, b, 7)
		if after := rowMajor(z, 11); !slices.Equal(after[7*70:], before[7*70:]) || slices.Equal(after[:7*70], before[:7*70]) {
			t.Error("the wrong rows were written")
		}
	})
}

// row returns row i of n values, nil if there is none.
func row(x []float32, n, i int) []float32 {
	if i*n >= len(x) {
		return nil
	}
	return x[i*n : (i+1)*n]
}

func TestCompress(t *testing.T) {
	var table [256]float32
	for i := range table {
		table[i] = float32(i) * (1. / 255)
	}
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, 2))
			rows, n, density := 1+r.IntN(5), shape(r)*3, r.Float64()
			x := NewSparse(rows, n)
			for i := 0; i < rows; i += 2 {
				pair := BytePair{make([]byte, n), make([]byte, n)}
				for k := range min(2, rows-i) {
					for j := range n {
						if r.Float64() < density {
							pair[k][j] = byte(r.IntN(256))
						}
					}
				}
				s.AppendBytes(x, min(2, rows-i), pair, pair, &table)
				index, first, second := x.pair(i / 2)
				e := 0
				for j := range n {
					a, b := pair[0][j], pair[1][j]
					if a == 0 && b == 0 {
						continue
					}
					if e >= len(index) || index[e] != int32(j) || first[e] != table[a] || second[e] != table[b] {
						t.Fatalf("rows of %d bytes, entry %d: want column %d with %v and %v", n, e, j, table[a], table[b])
					}
					e++
				}
				if e != len(index) {
					t.Fatalf("%d entries, want %d", len(index), e)
				}
			}
			if x.Rows != rows || len(x.Start) != x.pairs()*x.Blocks+1 {
				t.Fatalf("%d rows, want %d", x.Rows, rows)
			}
		}
	})
}

func TestActivations(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, f := range []Activation{ReLU, Tanh, Sigmoid, GELU} {
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 3))
				rows, cols := shape(r), shape(r)
				z, dy := randomMatrix(r, rows, cols, true), randomMatrix(r, rows, cols, false)
				y, dz := NewMatrix(rows, cols), NewMatrix(rows, cols)
				s.ActivationForward(f, y, z, rows)
				saved := y
				if f.SavesInput() {
					saved = z
				}
				s.ActivationGrad(f, dz, dy, saved, rows)
				for i := range rows {
					for j := range cols {
						in := float64(z.At(i, j))
						if want, got := f.Value(in), float64(y.At(i, j)); got != want && !(math.Abs(got-want) <= 2e-6*math.Abs(want)+1e-35) && !(math.IsNaN(want) && math.IsNaN(got)) {
							t.Fatalf("%v(%v) = %v, want %v", f, in, got, want)
						}
						slope := f.Slope(float64(saved.At(i, j))) * float64(dy.At(i, j))
						if got := float64(dz.At(i, j)); got != slope && !(math.Abs(got-slope) <= 1e-6*math.Abs(slope)+2e-7*math.Abs(float64(dy.At(i, j)))) && !(math.IsNaN(slope) && math.IsNaN(got)) {
							t.Fatalf("%v'(%v) dy = %v, want %v", f, in, got, slope)
						}
					}
				}
			}
		}
	})
}

// Slopes against differences of the values.
func TestSlopes(t *testing.T) {
	for _, f := range []Activation{ReLU, Tanh, Sigmoid, GELU} {
		for _, z := range []float64{-3, -0.7, 0.3, 1, 2.5} {
			const h = 1e-5
			want := (f.Value(z+h) - f.Value(z-h)) / (2 * h)
			saved := f.Value(z)
			if f.SavesInput() {
				saved = z
			}
			if got := f.Slope(saved); math.Abs(got-want) > 1e-9 {
				t.Errorf("%v'(%v) = %v, want %v", f, z, got, want)
			}
		}
	}
}

// Every optimizer of every set against the plain loop, over several steps, with
// gradients that are zero, tiny and huge.
func TestSteps(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, o := range []Optimizer{SGD, Momentum, Nesterov, RMSprop, Adam} {
			r := rand.New(rand.NewPCG(uint64(o), 4))
			n := 16 * (1 + r.IntN(40))
			var got, want [3][]float32
			for i := range got {
				got[i] = make([]float32, n)
				for j := range got[i] {
					got[i][j] = float32(math.Abs(r.NormFloat64()))
				}
				want[i] = slices.Clone(got[i])
			}
			for range 5 {
				g := make([]float32, n)
				for j := range g {
					g[j] = float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(7)-5)))
					if r.IntN(5) == 0 {
						g[j] = 0
					}
				}
				rule := &Rule{Optimizer: o, Rate: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-7, Decay: 0.001, GradScale: 0.5}
				s.Step(rule, got[0], g, got[1], got[2])
				step(rule, want[0], g, want[1], want[2])
			}
			for i, name := range []string{"w", "m", "v"} {
				for j := range want[i] {
					if d := math.Abs(float64(got[i][j] - want[i][j])); !(d <= 2e-6*(1+math.Abs(float64(want[i][j])))) {
						t.Fatalf("rule %d: %s[%d] is %v, want %v", o, name, j, got[i][j], want[i][j])
					}
				}
			}
		}
	})
}

// The moments of a parameter without a gradient decay to zero and never become
// denormal.
func TestMomentsAreNeverDenormal(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, o := range []Optimizer{Momentum, Nesterov, RMSprop, Adam} {
			w, g, m, v := make([]float32, 16), make([]float32, 16), make([]float32, 16), make([]float32, 16)
			for i := range m {
				m[i], v[i] = -1e-3, 1e-6
			}
			for range 3000 {
				s.Step(&Rule{Optimizer: o, Rate: 1e-3, Beta1: 0.9, Beta2: 0.9, Epsilon: 1e-7, GradScale: 1}, w, g, m, v)
				for _, x := range append(slices.Clone(m), v...) {
					if x != 0 && math.Abs(float64(x)) < smallestNormal {
						t.Fatalf("rule %d: a moment of %v", o, x)
					}
				}
			}
			if o == Adam && (m[0] != 0 || v[0] != 0) {
				t.Errorf("moments %v and %v after 3000 steps without a gradient", m[0], v[0])
			}
		}
	})
}

// The kernels leave the processor's treatment of denormals as it was.
func TestDenormalsOutsideTheKernels(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 9))
		x, w, z := randomMatrix(r, 5, 9, false), randomMatrix(r, 9, 20, false), NewMatrix(5, 20)
		s.LinearForward(z, x, w, randomMatrix(r, 1, 20, false), 5)
		tiny := float32(z.At(0, 0)*0 + 1e-40)
		if tiny/2 == 0 || tiny == 0 {
			t.Error("denormals are flushed outside the kernels")
		}
	})
}

func TestSumSquares(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 8))
		for range 50 {
			x := make([]float32, r.IntN(500))
			want := 0.0
			for i := range x {
				x[i] = float32(r.NormFloat64() * 1e3)
				want += float64(x[i]) * float64(x[i])
			}
			if got := s.SumSquares(x); math.Abs(got-want) > 1e-13*want {
				t.Fatalf("%d numbers: %v, want %v", len(x), got, want)
			}
		}
	})
}

func TestWiden(t *testing.T) {
	var table [256]float32
	for i := range table {
		table[i] = float32(i) * (1. / 255)
	}
	eachSet(t, func(t *testing.T, s *Set) {
		for n := range 100 {
			src, dst := make([]byte, n), make([]float32, n+1)
			for i := range src {
				src[i] = byte(7*i + n)
			}
			s.Widen(dst[:n], src, &table)
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

func TestDropout(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 6))
			rows, cols := shape(r), shape(r)
			x, y := randomMatrix(r, rows+1, cols, seed%3 == 2), NewMatrix(rows+1, cols)
			mask := NewMask([]float64{0, 0.2, 0.5, 0.99}[seed%4], seed, 3, 1)
			s.DropoutForward(y, x, mask, rows)
			for i := range rows + 1 {
				for j := range cols {
					want := float32(0)
					if i < rows && mask.Keep(i, j) {
						want = x.At(i, j) * mask.Scale
					}
					if got := y.At(i, j); got != want && want == want && math.Abs(float64(want)) >= smallestNormal {
						t.Fatalf("%dx%d, rate %v: element %d,%d is %v, want %v", rows, cols, seed%4, i, j, got, want)
					}
				}
			}
			checkPadding(t, "dropout", y)
		}
	})
}

func TestDropoutRateAndScale(t *testing.T) {
	const rows, cols = 200, 100
	x, y := NewMatrix(rows, cols), NewMatrix(rows, cols)
	for i := range x.Data {
		x.Data[i] = 1
	}
	for _, rate := range []float64{0.1, 0.5, 0.9} {
		mask := NewMask(rate, 7, 3, 1)
		Go.DropoutForward(y, x, mask, rows)
		kept := 0
		for i := range rows {
			for j := range cols {
				switch v := y.At(i, j); {
				case v == mask.Scale && mask.Keep(i, j):
					kept++
				case v != 0 || mask.Keep(i, j):
					t.Fatalf("element %d,%d is %v, kept %v", i, j, v, mask.Keep(i, j))
				}
			}
		}
		n := float64(rows * cols)
		if got, sd := float64(kept)/n, math.Sqrt(rate*(1-rate)/n); math.Abs(got-(1-rate)) > 5*sd {
			t.Errorf("rate %v keeps %v", rate, got)
		}
	}
	// Another step, layer or seed has another mask.
	base := NewMask(0.5, 7, 3, 1)
	for _, other := range []Mask{NewMask(0.5, 7, 4, 1), NewMask(0.5, 7, 3, 2), NewMask(0.5, 8, 3, 1)} {
		same := 0
		for i := range rows {
			for j := range cols {
				if base.Keep(i, j) == other.Keep(i, j) {
					same++
				}
			}
		}
		if share := float64(same) / (rows * cols); math.Abs(share-0.5) > 0.02 {
			t.Errorf("two masks agree on a share of %v, want a half", share)
		}
	}
}

// Softmax cross-entropy and its gradient against float64 and differences, also
// with extreme logits and many classes.
func TestCrossEntropy(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, classes := range []int{2, 3, 10, 15, 16, 17, 40, 62, 64, 65, 100} {
			for _, smoothing := range []float64{0, 0.1} {
				testCrossEntropy(t, s, classes, smoothing)
			}
		}
		for _, v := range []float64{math.NaN(), math.Inf(1)} {
			z, dz := NewMatrix(1, 3), NewMatrix(1, 3)
			z.Set(0, 1, float32(v))
			if loss, _ := s.CrossEntropy(dz, z, []uint8{0}, 0); !math.IsNaN(loss) {
				t.Errorf("a logit of %v gives the loss %v", v, loss)
			}
		}
		// A logit of minus infinity has no probability; ties go to the lowest.
		z, dz := NewMatrix(2, 3), NewMatrix(2, 3)
		z.Set(0, 2, float32(math.Inf(-1)))
		loss, correct := s.CrossEntropy(dz, z, []uint8{0, 1}, 0)
		if want := (math.Log(2) + math.Log(3)) / 2; math.Abs(loss-want) > 1e-6 || correct != 1 || dz.At(0, 2) != 0 {
			t.Errorf("loss %v, want %v; %d right, want 1; gradient %v, want 0", loss, want, correct, dz.At(0, 2))
		}
	})
}

func testCrossEntropy(t *testing.T, s *Set, classes int, smoothing float64) {
	const rows = 150
	r := rand.New(rand.NewPCG(uint64(classes), 3))
	z, dz := NewMatrix(rows+1, classes), NewMatrix(rows+1, classes)
	labels := make([]uint8, rows)
	wantLoss, wantCorrect := 0.0, 0
	want := make([]float64, rows*classes)
	for i := range rows {
		labels[i] = uint8(r.IntN(classes))
		top, argmax, sum := math.Inf(-1), 0, 0.0
		for j := range classes {
			z.Set(i, j, float32(r.NormFloat64()*[]float64{1, 30, 1e4, 0}[i%4]))
			if v := float64(z.At(i, j)); v > top {
				top, argmax = v, j
			}
		}
		if argmax == int(labels[i]) {
			wantCorrect++
		}
		for j := range classes {
			sum += math.Exp(float64(z.At(i, j)) - top)
		}
		for j := range classes {
			target := smoothing / float64(classes)
			if j == int(labels[i]) {
				target += 1 - smoothing
			}
			logP := float64(z.At(i, j)) - top - math.Log(sum)
			wantLoss -= target * logP / rows
			want[i*classes+j] = (math.Exp(logP) - target) / rows
		}
	}
	loss, correct := s.CrossEntropy(dz, z, labels, smoothing)
	if math.Abs(loss-wantLoss) > 1e-7*math.Abs(wantLoss) || correct != wantCorrect {
		t.Errorf("%d classes: loss %v and %d right, want %v and %d", classes, loss, correct, wantLoss, wantCorrect)
	}
	for i := range rows {
		for j := range classes {
			if got := float64(dz.At(i, j)); math.Abs(got-want[i*classes+j]) > 2e-7/rows {
				t.Fatalf("%d classes: gradient %d,%d is %v, want %v", classes, i, j, got, want[i*classes+j])
			}
		}
	}
	checkPadding(t, "dz", dz)
	if again, _ := s.CrossEntropy(Matrix{}, z, labels, smoothing); math.Abs(again-loss) > 1e-7*math.Abs(loss) {
		t.Errorf("%d classes: loss %v without the gradient, %v with it", classes, again, loss)
	}
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
