package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
)

var nan = math.NaN()

// figure has two methods that matter, one that is far off, and one of which nothing is
// known.
func figure() *Figure {
	curve := func(end float64) (mid, low, high []float64) {
		for t := range 20 {
			v := end - 0.5*math.Exp(-float64(t))
			mid, low, high = append(mid, v), append(low, v-0.002), append(high, v+0.001)
		}
		mid[0], low[0], high[0] = nan, nan, nan
		return mid, low, high
	}
	f := &Figure{Title: "a title", XLabel: "trials", YLabel: "best so far", ScoreLabel: "score"}
	for i, name := range []string{"random", "bayes", "awful"} {
		end := []float64{0.97, 0.98, 0.5}[i]
		m := Method{Name: name, Scores: []float64{end, end - 0.001, end - 0.002}, Mean: end - 0.001, From: end - 0.0035, To: end + 0.0015}
		m.Mid, m.Low, m.High = curve(end)
		f.Methods = append(f.Methods, m)
	}
	f.Methods = append(f.Methods, Method{Name: "nothing", Mean: nan, From: nan, To: nan})
	return f
}

// Every method that is on the scale is drawn in its colour, in both panels; one that is off
// it has its label.
func TestPNG(t *testing.T) {
	f := figure()
	var out bytes.Buffer
	if err := f.WritePNG(&out); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 1600 || b.Dy() != 736 {
		t.Errorf("%v", b)
	}
	for i, m := range f.Methods {
		var pixels [2]int // by panel
		for x := range 1600 {
			for y := 110; y < 736; y++ { // below the legend
				if color.NRGBAModel.Convert(img.At(x, y)) == colourOf(i) {
					pixels[x/992]++
				}
			}
		}
		least := map[string][2]int{"random": {300, 300}, "bayes": {300, 300}, "awful": {0, 100}}[m.Name]
		if pixels[0] < least[0] || pixels[1] < least[1] || least[0] == 0 && pixels[0] > 0 || least[1] == 0 && pixels[1] > 0 {
			t.Errorf("%s: %v pixels of its colour", m.Name, pixels)
		}
	}
}

// A vector graphic holds its words, and says which methods are off the scale.
func TestSVG(t *testing.T) {
	var out bytes.Buffer
	if err := figure().WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"a title", "trials", "best so far", "score", ">random<", ">bayes<", ">nothing<", "awful ends at 0.5, off the scale", "mean 0.4990, off the scale"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for in := xml.NewDecoder(&out); ; {
		if _, err := in.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Without scores there is one panel; nothing at all, or one point, is no error either.
func TestOtherShapes(t *testing.T) {
	for name, f := range map[string]*Figure{
		"no scores": {Methods: []Method{{Name: "a", Mid: []float64{3, 2, 1}, Low: []float64{2, 1, 1}, High: []float64{4, 3, 2}, Mean: nan}}, SmallerBest: true},
		"one point": {Methods: []Method{{Name: "a", Mid: []float64{3}, Low: []float64{3}, High: []float64{3}, Mean: nan}}},
		"no values": {Methods: []Method{{Name: "a", Mid: []float64{nan}, Low: []float64{nan}, High: []float64{nan}, Mean: nan}}},
		"nothing":   {},
	} {
		var out bytes.Buffer
		if err := f.WritePNG(&out); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if img, err := png.Decode(&out); err != nil || img.Bounds().Dx() != 992 {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := &Figure{Methods: []Method{{Name: "a", Scores: []float64{1}, Mean: 1, From: nan, To: nan}}}
	if err := one.WriteSVG(io.Discard); err != nil {
		t.Error(err)
	}
}

// The axes show what matters: the ends of the curves and the scores of the better half.
func TestRanges(t *testing.T) {
	f := figure()
	if low, high := f.curveRange(); low < 0.9 || low > 0.968 || high < 0.981 || high > 0.99 {
		t.Errorf("curves: %v to %v", low, high)
	}
	if low, high := f.scoreRange(); low < 0.96 || low > 0.968 || high < 0.98 || high > 0.99 {
		t.Errorf("scores: %v to %v", low, high)
	}
	f.SmallerBest = true // now the awful one is the best
	if low, high := f.curveRange(); low > 0.498 || high < 0.97 {
		t.Errorf("curves of which small values are good: %v to %v", low, high)
	}
	wide := &Figure{Methods: []Method{{Name: "a", Scores: []float64{0.5, 0.6}, Mean: 0.55, From: -0.1, To: 1.2}}}
	if low, high := wide.scoreRange(); low < 0.35 || low > 0.4 || high < 0.7 || high > 0.75 {
		t.Errorf("a wide bar: %v to %v", low, high)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		whole     bool
		low, high float64
		want      string
	}{
		{true, 1, 30, "5 10 15 20 25 30"},
		{true, 1, 8, "1 2 3 4 5 6 7 8"},
		{true, 1, 2, "1 2"},
		{true, 1, 1000, "200 400 600 800 1000"},
		{false, 0.9697, 0.9801, "0.970 0.972 0.974 0.976 0.978 0.980"},
		{false, 0.0012, 0.0188, "0.005 0.010 0.015"},
		{false, -0.5, 0.5, "-0.4 -0.2 0.0 0.2 0.4"},
	} {
		var labels []string
		for _, tick := range (ticks{whole: c.whole}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}
