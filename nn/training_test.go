package nn

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// bytesOf gives a choice of rows as a data set of its own, copied.
func bytesOf(t *testing.T, d *byteRows, rows []int) *byteRows {
	t.Helper()
	out := &byteRows{features: d.features, classes: d.classes}
	for _, r := range rows {
		out.pixels = append(out.pixels, d.pixels[r*d.features:(r+1)*d.features]...)
		out.labels = append(out.labels, d.labels[r])
	}
	return out
}

// byteRows is a ByteDataset.
type byteRows struct {
	features, classes int
	pixels            []byte
	labels            []uint8
}

func (d *byteRows) Len() int                          { return len(d.labels) }
func (d *byteRows) Dims() (int, int)                  { return d.features, d.classes }
func (d *byteRows) Bytes() ([]byte, []uint8, float32) { return d.pixels, d.labels, 1.0 / 255 }
func (d *byteRows) Fill(x []float32, y []uint8, rows []int) error {
	for i, r := range rows {
		for j := range d.features {
			x[i*d.features+j] = float32(d.pixels[r*d.features+j]) / 255
		}
		y[i] = d.labels[r]
	}
	return nil
}

// noBytes hides that a data set has bytes.
type noBytes struct{ Dataset }

// someBytes returns rows of which few (sparse) or most bytes are not zero.
func someBytes(n int, sparse bool) *byteRows {
	d := &byteRows{features: 30, classes: 3}
	for i := range n {
		for j := range 30 {
			b := byte((i*31+j*j*17)%200 + 1)
			if sparse && (i+j)%4 > 0 {
				b = 0
			}
			d.pixels = append(d.pixels, b)
		}
		d.labels = append(d.labels, uint8(i%3))
	}
	return d
}

// A training on chosen rows is that on a copy of them, bit for bit, whatever form the
// data come in and also where rows of rows are chosen.
func TestRowsAreACopyOfThem(t *testing.T) {
	var trainRows, valRows []int
	for r := range 90 {
		if r%3 == 1 {
			valRows = append(valRows, r)
		} else {
			trainRows = append(trainRows, 89-r)
		}
	}
	cfg := Config{Epochs: 2, BatchSize: 7, Width: Widths{6}, Seed: 4}
	fit := func(train, val Dataset) (*Result, Metrics) {
		trainer, err := New(cfg, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := trainer.Fit(t.Context(), train, val)
		if err != nil {
			t.Fatal(err)
		}
		m, err := trainer.Evaluate(t.Context(), train)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.History {
			r.History[i].Seconds, r.History[i].SamplesPerSecond = 0, 0
		}
		r.Seconds, r.SamplesPerSecond = 0, 0
		return r, m
	}
	choose := func(d Dataset, rows []int) Dataset {
		c, err := Rows(d, rows)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, sparse := range []bool{false, true} {
		all := someBytes(90, sparse)
		want, judged := fit(bytesOf(t, all, trainRows), bytesOf(t, all, valRows))
		floats, floatsJudged := fit(noBytes{bytesOf(t, all, trainRows)}, noBytes{bytesOf(t, all, valRows)})
		even := make([]int, 0, 90)
		for r := range 90 {
			even = append(even, 89-r)
		}
		mirrored := func(rows []int) (out []int) {
			for _, r := range rows {
				out = append(out, 89-r)
			}
			return out
		}
		for name, c := range map[string]struct {
			train, val Dataset
			want       *Result
			judged     Metrics
		}{
			"bytes":  {choose(all, trainRows), choose(all, valRows), want, judged},
			"nested": {choose(choose(all, even), mirrored(trainRows)), choose(choose(all, even), mirrored(valRows)), want, judged},
			"floats": {choose(noBytes{all}, trainRows), choose(noBytes{all}, valRows), floats, floatsJudged},
		} {
			got, m := fit(c.train, c.val)
			if !reflect.DeepEqual(got, c.want) || m != c.judged {
				t.Errorf("%s, sparse %v: %+v, want %+v", name, sparse, got.History, c.want.History)
			}
		}
	}
}

func TestRowsRefusesWhatIsNotThere(t *testing.T) {
	all := someBytes(6, false)
	for _, rows := range [][]int{{0, 6}, {-1}} {
		if _, err := Rows(all, rows); err == nil {
			t.Errorf("rows %v of 6 are taken", rows)
		}
	}
	if _, err := Rows(nil, []int{0}); err == nil {
		t.Error("rows of no data set are taken")
	}
	c, err := Rows(all, []int{5, 0})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Fill(make([]float32, 30), make([]uint8, 1), []int{2}); err == nil {
		t.Error("row 2 of 2 is read")
	}
}

// Two trainings in step are the same as one after the other.
func TestTrainingsInStep(t *testing.T) {
	all := someBytes(60, false)
	cfg := Config{Epochs: 3, BatchSize: 8, Width: Widths{5}, Seed: 1}
	alone, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := alone.Fit(t.Context(), all, all)
	if err != nil {
		t.Fatal(err)
	}
	var trainers [2]*Trainer
	var trainings [2]*Training
	for i := range trainings {
		cfg.Seed = uint64(i)
		if trainers[i], err = New(cfg, Options{}); err != nil {
			t.Fatal(err)
		}
		if trainings[i], err = trainers[i].Begin(all, all); err != nil {
			t.Fatal(err)
		}
	}
	for !trainings[1].Done() {
		for _, training := range trainings {
			if _, err := training.Epoch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := trainings[1].Finish(); err != nil {
		t.Fatal(err)
	}
	for i, e := range trainings[1].Result().History {
		if e.Train != want.History[i].Train || *e.Val != *want.History[i].Val {
			t.Errorf("epoch %d: %+v in step, %+v alone", e.Number, e, want.History[i])
		}
	}
	a, _ := trainers[1].State()
	b, _ := alone.State()
	if !reflect.DeepEqual(a.Weights, b.Weights) {
		t.Error("the weights differ")
	}
	if _, err := trainers[0].State(); err == nil {
		t.Error("a training that was not finished has given its weights away")
	}
}

// A training that has not begun, is done, or was cut off says so, and the trainer keeps
// what it had.
func TestTrainingOutOfTurn(t *testing.T) {
	all := someBytes(60, false)
	trainer, err := New(Config{Epochs: 2, BatchSize: 8, Width: Widths{5}, Patience: 1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Fit(t.Context(), all, all); err != nil {
		t.Fatal(err)
	}
	begin := func() *Training {
		training, err := trainer.Begin(all, all)
		if err != nil {
			t.Fatal(err)
		}
		return training
	}
	if err := begin().Finish(); err == nil {
		t.Error("a training is finished before its first epoch")
	}
	if _, err := trainer.State(); err != nil {
		t.Errorf("the trainer has lost its weights: %v", err)
	}
	done := begin()
	for !done.Done() {
		if _, err := done.Epoch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	n := len(done.Result().History)
	if _, err := done.Epoch(t.Context()); err == nil || len(done.Result().History) != n {
		t.Errorf("a training that is done goes on: %v", err)
	}
	cut, reason := begin(), errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	for _, ctx := range []context.Context{ctx, t.Context()} {
		if _, err := cut.Epoch(ctx); !errors.Is(err, reason) || len(cut.Result().History) != 0 {
			t.Errorf("a training that was cut off: %v", err)
		}
	}
}

// A watch depends neither on the numbers of the epochs nor on a name for its metric.
func TestWatchFromAnyEpoch(t *testing.T) {
	w := Watch{Patience: 2}
	for i, c := range []struct {
		accuracy   float64
		best, stop bool
	}{{-0.5, true, false}, {-0.6, false, false}, {-0.4, true, false}, {-0.4, false, false}, {-0.4, false, true}} {
		if best, stop := w.See(Epoch{Number: 7 + i, Val: &Metrics{Accuracy: c.accuracy}}); best != c.best || stop != c.stop {
			t.Errorf("epoch %d: best %v, stop %v", 7+i, best, stop)
		}
	}
	if w.Best != 9 || w.Value != -0.4 {
		t.Errorf("%+v", w)
	}
}

// counted counts the rows that are read.
type counted struct {
	*byteRows
	read *int
}

func (d counted) Fill(x []float32, y []uint8, rows []int) error {
	*d.read += len(rows)
	return d.byteRows.Fill(x, y, rows)
}

// Of a choice only the chosen rows are read: a wrong label elsewhere is not seen.
func TestLabelsOfChosenRows(t *testing.T) {
	all := someBytes(600, false)
	all.labels[1] = 9
	chosen := make([]int, 300)
	for i := range chosen {
		chosen[i] = 2 * i
	}
	read := 0
	for name, d := range map[string]Dataset{"bytes": all, "floats": noBytes{counted{all, &read}}} {
		c, err := Rows(d, chosen)
		if err != nil {
			t.Fatal(err)
		}
		labels, err := labelsOf(c, 30, 3)
		if err != nil || len(labels) != 300 {
			t.Fatalf("%s: %d labels, %v", name, len(labels), err)
		}
		for i, y := range labels {
			if y != all.labels[2*i] {
				t.Fatalf("%s: row %d has the label %d, want %d", name, i, y, all.labels[2*i])
			}
		}
		if _, err := newSource(c, 30, 3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if wrong, _ := Rows(d, []int{0, 1}); wrong != nil {
			if _, err := labelsOf(wrong, 30, 3); err == nil || !strings.Contains(err.Error(), "row 1 has the label 9") {
				t.Errorf("%s: a wrong label: %v", name, err)
			}
		}
	}
	if read != 300+2 {
		t.Errorf("%d rows were read, want 302", read)
	}
}
