package sobol

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readRows reads a file of testdata: numbers in hexadecimal, lines with # left out.
func readRows(t *testing.T, name string) (rows [][]uint32) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var row []uint32
		for _, text := range strings.Split(strings.TrimSpace(line), ",") {
			x, err := strconv.ParseUint(text, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, uint32(x))
		}
		rows = append(rows, row)
	}
	return rows
}

func TestDirectionsAreScipys(t *testing.T) {
	rows := readRows(t, "directions.csv")
	if len(rows) != Dimensions {
		t.Fatalf("%d rows, want %d", len(rows), Dimensions)
	}
	for dim, want := range rows {
		if got := Directions(dim); !slices.Equal(got[:], want) {
			t.Errorf("dimension %d: got %x, want %x", dim+1, got, want)
		}
	}
}

func TestPointsAreScipys(t *testing.T) {
	rows := readRows(t, "points.csv")
	if len(rows) != 35 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if len(row) != 1+Dimensions {
			t.Fatalf("%d numbers", len(row))
		}
		for dim, want := range row[1:] {
			v := Directions(dim)
			if got := at(&v, row[0]); got != want {
				t.Fatalf("point %d, dimension %d: got %x, want %x", row[0], dim+1, got, want)
			}
		}
	}
}

// Every block of 2^m points has one in each of 2^m equal intervals of every dimension,
// and one in each elementary interval of the first two together: a (0,m,2)-net.
func TestScrambledBlocksAreNets(t *testing.T) {
	const m = 8
	for seed := range uint64(3) {
		s := New(Dimensions, seed)
		for _, start := range []uint32{0, 5 << m, 1<<32 - 1<<m} {
			points := make([][]float64, 1<<m)
			for i := range points {
				points[i] = s.Point(start + uint32(i))
			}
			// one reports whether the 2^p x 2^(m-p) cells of two dimensions hold a point each.
			one := func(a, b, p int) bool {
				cells := map[int]bool{}
				for _, u := range points {
					cells[int(u[a]*float64(int(1)<<p))<<(m-p)|int(u[b]*float64(int(1)<<(m-p)))] = true
				}
				return len(cells) == 1<<m
			}
			for dim := range Dimensions {
				if !one(dim, dim, m) {
					t.Errorf("seed %d, from point %d: dimension %d is not one in each of %d intervals", seed, start, dim+1, 1<<m)
				}
			}
			for p := range m {
				if !one(0, 1, p) {
					t.Errorf("seed %d, from point %d: the first two dimensions have an empty interval, 2^%d wide", seed, start, p)
				}
			}
		}
	}
}

// A scramble keeps how many leading bits two numbers share, and the coin of a bit is
// tossed anew for each prefix: in one half of all pairs two prefixes have the same.
func TestScrambleIsNested(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 20000
	same := [Bits]int{}
	for range n {
		key, x := r.Uint64(), r.Uint32()
		k := r.IntN(Bits)
		y := x ^ 1<<(Bits-1-k) // shares k bits
		a, b := scramble(x, key), scramble(y, key)
		if got := bits.LeadingZeros32(a ^ b); got != k {
			t.Fatalf("%x and %x share %d bits, scrambled %d", x, y, k, got)
		}
		for i := k + 1; i < Bits; i++ {
			if (a^b^x^y)>>(Bits-1-i)&1 == 0 {
				same[i]++
			}
		}
	}
	for i := 1; i < Bits; i++ {
		mean := float64(n*i) / Bits / 2 // k is below i in i of 32 cases
		if math.Abs(float64(same[i])-mean) > 5*math.Sqrt(mean) {
			t.Errorf("bit %d: %d pairs have the same coin, want about %.0f", i, same[i], mean)
		}
	}
}

// Over all scrambles a point is uniform, in any two dimensions together, also in those
// without direction numbers.
func TestPointsAreUniformOverSeeds(t *testing.T) {
	const seeds, d = 4096, Dimensions + 2
	for _, i := range []uint32{0, 77} {
		var cells [d][16]int // of a dimension and the next
		for seed := range uint64(seeds) {
			u := New(d, seed).Point(i)
			for j := range u {
				if u[j] <= 0 || u[j] >= 1 {
					t.Fatalf("seed %d, point %d: coordinate %v", seed, i, u[j])
				}
				cells[j][int(4*u[j])*4+int(4*u[(j+1)%d])]++
			}
		}
		for j, counts := range cells {
			chi := 0.0
			for _, n := range counts {
				chi += math.Pow(float64(n)-seeds/16, 2) / (seeds / 16)
			}
			if chi > 50 { // 15 degrees of freedom: one in 80,000
				t.Errorf("point %d, dimensions %d and %d: chi-square %.1f", i, j+1, (j+1)%d+1, chi)
			}
		}
	}
}

// One sequence's points are random in the dimensions without direction numbers.
func TestBeyondTheTable(t *testing.T) {
	const n = 4096
	s, cells := New(Dimensions+2, 1), [64]int{}
	for i := range uint32(n) {
		u := s.Point(i)[Dimensions:]
		cells[int(8*u[0])*8+int(8*u[1])]++
	}
	chi := 0.0
	for _, c := range cells {
		chi += math.Pow(float64(c)-n/64, 2) / (n / 64)
	}
	if chi < 25 || chi > 120 { // 63 degrees of freedom
		t.Errorf("chi-square %.1f: %v", chi, cells)
	}
}

// rms returns the root of the mean squared error of the means of f over n points.
func rms(n int, f func(u []float64) float64, integral float64, points func(seed uint64) func(i int) []float64) float64 {
	const seeds = 100
	sum := 0.0
	for seed := range uint64(seeds) {
		point, mean := points(seed), 0.0
		for i := range n {
			mean += f(point(i)) / float64(n)
		}
		sum += (mean - integral) * (mean - integral) / seeds
	}
	return math.Sqrt(sum)
}

// The error of the mean of a smooth function falls like n^-3/2, as Owen 1997 has it; with
// a shift of the bits alone it would be 1/n, with random points 1/√n.
func TestErrorsFallAsOwenSays(t *testing.T) {
	for _, d := range []int{1, 2, 4} {
		f := func(u []float64) float64 {
			y := 1.0
			for _, x := range u {
				y *= math.Exp(x) / (math.E - 1)
			}
			return y
		}
		scrambled := func(seed uint64) func(int) []float64 {
			s := New(d, seed)
			return func(i int) []float64 { return s.Point(uint32(i)) }
		}
		few, many := rms(64, f, 1, scrambled), rms(1024, f, 1, scrambled)
		rate := math.Log(few/many) / math.Log(16)
		t.Logf("%d dimensions: %.2g at 64 points, %.2g at 1024: n^-%.2f", d, few, many, rate)
		if rate < 1.2 {
			t.Errorf("%d dimensions: %g at 64 points, %g at 1024: n^-%.2f", d, few, many, rate)
		}
	}
}

// discrepancy is the squared centred L2-discrepancy (Hickernell 1998, eq. 1.10).
func discrepancy(points [][]float64) float64 {
	n, d := float64(len(points)), len(points[0])
	sum := math.Pow(13./12, float64(d))
	for _, x := range points {
		first := 1.0
		for _, u := range x {
			z := math.Abs(u - 0.5)
			first *= 1 + z/2 - z*z/2
		}
		sum -= 2 / n * first
		for _, y := range points {
			pair := 1.0
			for k, u := range x {
				pair *= 1 + math.Abs(u-0.5)/2 + math.Abs(y[k]-0.5)/2 - math.Abs(u-y[k])/2
			}
			sum += pair / (n * n)
		}
	}
	return sum
}

// Any number of points from the first on is more even than as many random ones, for
// every seed here.
func TestDiscrepancy(t *testing.T) {
	for _, d := range []int{2, 3, 4, 6} {
		for _, n := range []int{64, 100, 256} {
			random, worst := 0.0, 0.0
			for seed := range uint64(10) {
				s, r := New(d, seed), rand.New(rand.NewPCG(seed, 1))
				scrambled, drawn := make([][]float64, n), make([][]float64, n)
				for i := range n {
					scrambled[i], drawn[i] = s.Point(uint32(i)), make([]float64, d)
					for j := range d {
						drawn[i][j] = r.Float64()
					}
				}
				random += discrepancy(drawn) / 10
				worst = max(worst, discrepancy(scrambled))
			}
			t.Logf("%d dimensions, %d points: squared discrepancy at most %.2g, random mean %.2g", d, n, worst, random)
			if worst > random/3 {
				t.Errorf("%d dimensions, %d points: squared discrepancy up to %g, random points %g", d, n, worst, random)
			}
		}
	}
}
