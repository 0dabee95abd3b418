package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

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
