package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestActivations(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(10) {
			testActivations(t, s, seed)
		}
	})
}

func FuzzActivations(f *testing.F) { fuzzSets(f, testActivations) }

func testActivations(t *testing.T, s *Set, seed uint64) {
	for _, f := range []Activation{ReLU, Tanh, Sigmoid, GELU} {
		r := rand.New(rand.NewPCG(seed, 3))
		rows, cols := shape(r), shape(r)
		z, dy := randomMatrix(r, rows, cols, true), randomMatrix(r, rows, cols, false)
		y, dz := NewMatrix(rows, cols), NewMatrix(rows, cols)
		eachPart(y, rows, 7, func(p Part) { s.ActivationForward(f, y, z, p) })
		saved := y
		if f.SavesInput() {
			saved = z
		}
		eachPart(dz, rows, 7, func(p Part) { s.ActivationGrad(f, dz, dy, saved, p) })
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
		for seed := range uint64(20) {
			testSteps(t, s, seed)
		}
	})
}

func FuzzSteps(f *testing.F) { fuzzSets(f, testSteps) }

func testSteps(t *testing.T, s *Set, seed uint64) {
	for _, o := range []Optimizer{SGD, Momentum, Nesterov, RMSprop, Adam} {
		r := rand.New(rand.NewPCG(uint64(o), seed))
		rule := &Rule{Optimizer: o, Rate: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-7, GradScale: 1}
		if seed%2 == 0 {
			rule.Decay, rule.GradScale = 0.001, 0.5
		}
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
			g := randomGradients(r, n, seed%3 == 2)
			step(rule, want[0], slices.Clone(g), want[1], want[2])
			s.Step(rule, got[0], g, got[1], got[2])
			if slices.ContainsFunc(g, func(v float32) bool { return v != 0 }) {
				t.Fatalf("rule %d: gradients are left", o)
			}
		}
		for i, name := range []string{"w", "m", "v"} {
			for j, w := range want[i] {
				ok := math.Abs(float64(got[i][j]-w)) <= 2e-6*(1+math.Abs(float64(w)))
				if notFinite(w) {
					ok = notFinite(got[i][j])
				}
				if !ok {
					t.Fatalf("rule %d, seed %d: %s[%d] is %v, want %v", o, seed, name, j, got[i][j], w)
				}
			}
		}
	}
}

func notFinite(x float32) bool { return x-x != 0 }

// randomGradients draws gradients of all magnitudes, some of them zero; with
// special, some are NaN, infinite or so large that their square is.
func randomGradients(r *rand.Rand, n int, special bool) []float32 {
	g := make([]float32, n)
	for j := range g {
		switch {
		case special && r.IntN(40) == 0:
			g[j] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e25}[r.IntN(4)]
		case r.IntN(5) > 0:
			g[j] = float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(7)-5)))
		}
	}
	return g
}

// Adam's quotient is rounded as a division is, so the sets of assembly agree on
// every bit.
func TestAdamAgreesBitForBit(t *testing.T) {
	sets := Sets()
	if len(sets) < 3 {
		t.Skipf("needs two sets of assembly (have %d sets)", len(sets))
	}
	const n = 1 << 12
	r := rand.New(rand.NewPCG(1, 11))
	for _, rule := range []*Rule{
		{Optimizer: Adam, Rate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, GradScale: 1},
		{Optimizer: Adam, Rate: 0.03, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, GradScale: 0.7, Decay: 1e-4},
	} {
		var a, b [3][]float32
		for i := range a {
			a[i], b[i] = make([]float32, n), make([]float32, n)
		}
		for step := range 500 {
			g := randomGradients(r, n, false)
			sets[0].Step(rule, a[0], slices.Clone(g), a[1], a[2])
			sets[1].Step(rule, b[0], g, b[1], b[2])
			for i := range a {
				for j, v := range a[i] {
					if v != b[i][j] {
						t.Fatalf("step %d, array %d, element %d: %v and %v", step, i, j, v, b[i][j])
					}
				}
			}
		}
	}
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

func TestDropout(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 6))
			rows, cols := shape(r), shape(r)
			x, y := randomMatrix(r, rows+1, cols, seed%3 == 2), NewMatrix(rows+1, cols)
			mask := NewMask([]float64{0, 0.2, 0.5, 0.99}[seed%4], seed, 3, 1)
			eachPart(y, rows, 1+r.IntN(50), func(p Part) { s.DropoutForward(y, x, mask, p) })
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
		eachPart(y, rows, 7, func(p Part) { Go.DropoutForward(y, x, mask, p) })
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
