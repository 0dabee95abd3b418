package compare

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}

// Intervals and summaries are those of SciPy and NumPy (testdata/intervals.py).
func TestAgainstSciPy(t *testing.T) {
	text, err := os.ReadFile("testdata/intervals.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			A, B, Quartiles            []float64
			T, Mean, Low, High, SD, SE float64
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 8 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		n := len(c.A)
		differences := make([]float64, n)
		for i := range differences {
			differences[i] = c.A[i] - c.B[i]
		}
		interval, s, p := TInterval(differences), summarise(c.A), pointOf(c.A)
		for what, pair := range map[string][2]float64{
			"t": {tQuantile(n - 1), c.T}, "mean": {interval.Mean, c.Mean}, "low": {interval.Low, c.Low}, "high": {interval.High, c.High},
			"sd": {s.SD, c.SD}, "se": {s.SE, c.SE}, "q25": {p.Q25, c.Quartiles[0]}, "median": {p.Median, c.Quartiles[1]}, "q75": {p.Q75, c.Quartiles[2]},
		} {
			if math.IsNaN(pair[1]) || !near(pair[0], pair[1]) {
				t.Errorf("n = %d: %s is %v, want %v", n, what, pair[0], pair[1])
			}
		}
		if interval.N != n || s.N != n {
			t.Errorf("n = %d: %d, %d", n, interval.N, s.N)
		}
	}
}

// Of too few values there is no deviation, and nothing divides by zero.
func TestSmallSamples(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		want   Interval
	}{
		{nil, Interval{0, nan, nan, nan}},
		{[]float64{3}, Interval{1, 3, nan, nan}},
		{[]float64{3, 3}, Interval{2, 3, 3, 3}},
	} {
		got := TInterval(c.values)
		if got.N != c.want.N || !near(got.Mean, c.want.Mean) || !near(got.Low, c.want.Low) || !near(got.High, c.want.High) {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
	if p := pointOf([]float64{1, nan, 2}); !math.IsNaN(p.Mean) || !math.IsNaN(p.Median) || p.N != 3 {
		t.Errorf("with a study that has nothing: %+v", p)
	}
	if q := tQuantile(100_000); math.Abs(q-1.959963985) > 3e-5 { // the normal distribution's
		t.Errorf("100,000 degrees of freedom: %v", q)
	}
}
