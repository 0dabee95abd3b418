package bayes

import (
	"cmp"
	"math"
	"slices"
	"testing"
)

func TestTransformKeepsOrder(t *testing.T) {
	nan := math.NaN()
	for _, y := range [][]float64{
		{3, 1, 2},
		{1, 2, 2, 3, 1e6, 4, 5, -3, 0.5},
		{1e300, -1e300, 3, 4, 1},
		{1e-310, 2e-310, 3e-310},
		{math.MaxFloat64, -math.MaxFloat64, 0},
		{0.91, 0.92, 0.93, nan, 0.1, nan},
		{nan, 5, nan},
		{0, 0, 0, 0, 7},
	} {
		_, out := fitOutputs(y)
		if !finite(out...) {
			t.Fatalf("%v -> %v", y, out)
		}
		mean, squares := 0.0, 0.0
		for i, v := range out {
			mean += v / float64(len(out))
			squares += v * v / float64(len(out))
			for j, w := range out {
				a, b := y[i], y[j]
				if math.IsNaN(a) {
					a = math.Inf(1)
				}
				if math.IsNaN(b) {
					b = math.Inf(1)
				}
				// Values that differ by less than rounding may become equal.
				if c := cmp.Compare(a, b); c != 0 && cmp.Compare(v, w) == -c {
					t.Errorf("%v: %v and %v change places: %v and %v", y, a, b, v, w)
				}
			}
		}
		near(t, "mean", mean, 0, 1e-12)
		near(t, "variance", squares, 1, 1e-12)
	}
}

func TestTransformDegenerate(t *testing.T) {
	for _, y := range [][]float64{{}, {4}, {0, 0}, {1e300, 1e300, 1e300}, {math.NaN()}, {math.NaN(), math.NaN()}} {
		if _, out := fitOutputs(y); len(out) != len(y) || slices.ContainsFunc(out, func(v float64) bool { return v != 0 }) {
			t.Errorf("%v -> %v, want zeros", y, out)
		}
	}
}

func TestFailuresAreWorseThanTheWorst(t *testing.T) {
	got, _, _ := replaceFailures([]float64{2, math.NaN(), 6, 3})
	if want := []float64{2, 8, 6, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHalfRankTamesOutliers(t *testing.T) {
	y := []float64{1, 2, 3, 4, 5, 6, 7}
	wild := []float64{1, 2, 3, 4, 50, 600, 1e9}
	a, _ := halfRank(y)
	b, _ := halfRank(wild)
	if !slices.Equal(a[:4], y[:4]) {
		t.Errorf("the better half has changed: %v", a)
	}
	if !slices.Equal(a, b) {
		t.Errorf("only the ranks of the worse half should matter: %v and %v", a, b)
	}
	// σ² = (9+4+1+0)/4 about the median 4; the probabilities are 7/12, 9/12, 11/12.
	near(t, "worst", a[6], 4+math.Sqrt(3.5)*1.382994127100638, 1e-12) // scipy 1.17.1: norm.ppf(11/12)
}

func TestOutputsMapOtherValues(t *testing.T) {
	for name, y := range map[string][]float64{
		"spread":      {1, 2, 2, 3, 1e6, 4, 5, -3, 0.5},
		"failures":    {0.91, 0.92, math.NaN(), 0.93, 0.1, math.NaN()},
		"two":         {3, 4},
		"large":       {1e300, -1e300, 2e299, 5e298, 1e299},
		"left tail":   {-100, -3, -2, -1, 0, 1, 2, 3},
		"mostly good": {0, 0, 0, 0, 7},
	} {
		o, out := fitOutputs(y)
		sorted := slices.Sorted(slices.Values(y))
		for i, v := range y {
			if math.IsNaN(v) {
				v = o.high * o.unit
			}
			near(t, name, o.transform(v), out[i], 1e-9)
			near(t, name+" and back", o.inverse(out[i])/o.unit, v/o.unit, 1e-9)
		}
		// Between the values, and beyond them.
		low, high := o.low*o.unit, o.high*o.unit
		before := math.Inf(-1)
		for k := range 200 {
			v := low + (high-low)*(float64(k)+0.5)/200
			z := o.transform(v)
			if z < before || !finite(z) {
				t.Fatalf("%s: the transform falls to %v at %v", name, z, v)
			}
			before = z
			near(t, name+": inverse", o.inverse(z)/o.unit, v/o.unit, 1e-6)
			h := 1e-6 * (high - low)
			up, down := segment(o.ranks.x, (v+h)/o.unit), segment(o.ranks.x, (v-h)/o.unit)
			if slope := (o.transform(v+h) - o.transform(v-h)) / (2 * h); up == down && name != "large" {
				near(t, name+": slope", o.slope(v)*o.unit, slope*o.unit, 1e-3)
			}
		}
		for _, z := range []float64{-1e300, -50, 50, 1e300} {
			if v := o.inverse(z); !(v >= low*(1-1e-12) || v >= low) || math.IsNaN(v) {
				t.Errorf("%s: %v comes from %v, below %v (values %v)", name, z, v, low, sorted)
			}
		}
	}
}
