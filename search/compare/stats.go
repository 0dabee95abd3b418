package compare

import (
	"math"
	"slices"
)

// Summary is a sample's number, mean, standard deviation (with n-1) and standard error of
// the mean (SD by the root of N). They are NaN where N is too small.
type Summary struct {
	N            int
	Mean, SD, SE float64
}

// Interval is a mean and the ends of its confidence interval; they are NaN where N is too
// small.
type Interval struct {
	N               int
	Mean, Low, High float64
}

// TInterval returns the mean of the values and its 95 % confidence interval by Student's
// t: mean ± t(0.975, n-1) s/√n, s being the standard deviation with n-1 (Student 1908;
// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2). Of the differences of paired
// values it is the interval of the paired t-test.
func TInterval(values []float64) Interval {
	s := summarise(values)
	half := math.NaN()
	if s.N > 1 {
		half = tQuantile(s.N-1) * s.SE
	}
	return Interval{N: s.N, Mean: s.Mean, Low: s.Mean - half, High: s.Mean + half}
}

func summarise(values []float64) Summary {
	n := float64(len(values))
	sum, squares := 0.0, 0.0
	for _, x := range values {
		sum += x
	}
	mean := sum / n // NaN of nothing
	for _, x := range values {
		squares += (x - mean) * (x - mean)
	}
	s := Summary{N: len(values), Mean: mean, SD: math.NaN(), SE: math.NaN()}
	if n > 1 {
		s.SD = math.Sqrt(squares / (n - 1))
		s.SE = s.SD / math.Sqrt(n)
	}
	return s
}

// quantile returns the p-quantile of at least one value, p in [0, 1] (definition 7 of
// Hyndman & Fan 1996). It is NaN if one of them is.
func quantile(values []float64, p float64) float64 {
	if slices.ContainsFunc(values, math.IsNaN) {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := p * float64(len(sorted)-1)
	i := int(at)
	next := sorted[min(i+1, len(sorted)-1)]
	return sorted[i] + (at-float64(i))*(next-sorted[i])
}

// tQuantile returns the t that |T| stays below with probability 0.95, T having Student's
// distribution of n degrees of freedom, n >= 1.
func tQuantile(n int) float64 {
	low, high := 0.0, math.Pi/2
	for range 100 { // bisection: more halvings than a float64 has bits
		if middle := (low + high) / 2; tWithin(middle, n) < 0.95 {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Sqrt(float64(n)) * math.Tan(low)
}

// tWithin returns P(|T| < t) for t = √n tan θ (Abramowitz & Stegun 1964, 26.7.3 for odd n,
// 26.7.4 for even n).
func tWithin(theta float64, n int) float64 {
	sin, cos := math.Sincos(theta)
	first, term := 1, cos // the power of the first cosine, and the first term
	if n%2 == 0 {
		first, term = 0, 1
	}
	sum := 0.0
	for power := first; power <= n-2; power += 2 {
		sum += term
		term *= cos * cos * float64(power+1) / float64(power+2)
	}
	if n%2 == 0 {
		return sin * sum
	}
	return 2 / math.Pi * (theta + sin*sum)
}
