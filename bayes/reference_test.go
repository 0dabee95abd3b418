package bayes

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The numbers in testdata come from other programs; each file names its own.

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// readCSV returns the rows of numbers, without comments and the header.
func readCSV(t *testing.T, name string) [][]float64 {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows [][]float64
	for s := bufio.NewScanner(f); s.Scan(); {
		if c := s.Text()[0]; c == '#' || c == 'u' {
			continue
		}
		var row []float64
		for _, field := range strings.Split(s.Text(), ",") {
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return rows
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: got %.17g, want %.17g (tolerance %g)", what, got, want, tolerance)
	}
}

func TestProcessMatchesReference(t *testing.T) {
	var file struct {
		Cases []struct {
			Name              string
			X, At             [][]float64
			Y                 []float64
			Nominal           []bool
			Known             []float64 // variances of the measurements on top of noise
			LengthScales      []float64 `json:"length_scales"`
			WarpA             []float64 `json:"warp_a"`
			WarpB             []float64 `json:"warp_b"`
			Scale, Noise      float64
			Mean              float64
			PosteriorMean     []float64 `json:"posterior_mean"`
			PosteriorVariance []float64 `json:"posterior_variance"`
			Evidence          float64   `json:"log_marginal_likelihood"`
			Gradient          []float64
		}
	}
	readJSON(t, "gp.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			h := Hyperparameters{LengthScales: c.LengthScales, Scale: c.Scale, Noise: c.Noise, WarpA: c.WarpA, WarpB: c.WarpB}
			obs := observe(c.X, c.Y, c.Nominal)
			obs.known = c.Known
			g, ok := obs.condition(h)
			if !ok {
				t.Fatal("conditioning failed")
			}
			near(t, "mean", g.mean, c.Mean, 1e-10)
			for i, x := range c.At {
				row := make([]float64, len(x))
				h.warp(row, nil, x, c.Nominal)
				mean, variance := g.posterior(row, make([]float64, len(c.X)), nil)
				near(t, "posterior mean", mean, c.PosteriorMean[i], 1e-10)
				near(t, "posterior variance", variance, c.PosteriorVariance[i], 1e-10)
			}
			value, grad, ok := obs.evidence(h)
			if !ok {
				t.Fatal("no evidence")
			}
			// The reference leaves out the density of the mean's prior.
			near(t, "log marginal likelihood", value+g.mean*g.mean/(2*meanVariance), c.Evidence, 1e-10)
			if len(grad) != len(c.Gradient) {
				t.Fatalf("%d slopes, want %d", len(grad), len(c.Gradient))
			}
			for j, want := range c.Gradient {
				near(t, "gradient", grad[j], want, 1e-8)
			}
		})
	}
}

func TestLogHMatchesHighPrecision(t *testing.T) {
	rows := readCSV(t, "log_h.csv")
	if len(rows) < 40 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, r := range rows {
		u := strconv.FormatFloat(r[0], 'g', -1, 64)
		near(t, "log h("+u+")", logH(r[0]), r[1], 1e-12)
		near(t, "d log h("+u+")", slopeLogH(r[0]), r[2], 1e-11)
		near(t, "log Phi("+u+")", logCDF(r[0]), r[3], 1e-12)
		near(t, "d log Phi("+u+")", slopeLogCDF(r[0]), r[4], 1e-11)
	}
}

func TestSobolMatchesReference(t *testing.T) {
	rows := readCSV(t, "sobol.csv")
	if len(rows) != 64 || len(rows[0]) != 21 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, point := range sobol(len(rows), 21, nil) {
		for j, got := range point {
			if got != rows[i][j] {
				t.Fatalf("point %d, dimension %d: got %v, want %v", i, j+1, got, rows[i][j])
			}
		}
	}
}

func TestYeoJohnsonMatchesReference(t *testing.T) {
	var file struct {
		Cases []struct {
			Name   string
			Y, Out []float64
			Lambda float64 `json:"lmbda"`
		}
	}
	readJSON(t, "yeojohnson.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		got, _ := yeoJohnson(c.Y)
		for i, want := range c.Out {
			near(t, c.Name, yeoJohnsonValue(c.Y[i], c.Lambda), want, 1e-12)
			near(t, c.Name+", λ found", got[i], want, 1e-4)
		}
		if best, theirs := yeoJohnsonLikelihood(c.Y, c.Lambda), yeoJohnsonLikelihood(c.Y, c.Lambda+0.05); theirs >= best {
			t.Errorf("%s: the likelihood at λ = %v is %v, at λ+0.05 %v", c.Name, c.Lambda, best, theirs)
		}
	}
}

func TestDiscrepancyMatchesReference(t *testing.T) {
	var file struct {
		Cases []struct {
			Points, U [][]float64
			Squared   []float64
		}
	}
	readJSON(t, "discrepancy.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		got := (discrepancy(c.Points, c.U[0]) - discrepancy(c.Points, c.U[1])) / float64(len(c.Points)+1)
		near(t, "difference of two squared discrepancies", got, c.Squared[0]-c.Squared[1], 1e-13)
	}
}
