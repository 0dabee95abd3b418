package nn_test

import (
	"slices"
	"strings"
	"testing"

	"mnisttune/nn"
	"mnisttune/nn/nntest"
)

func TestNativeBackend(t *testing.T) { nntest.Backend(t, nn.DefaultBackend, nntest.Options{}) }

// A backend that is not in the binary is an error that says how to get it.
func TestUnknownBackend(t *testing.T) {
	for name, want := range map[string]string{
		"abacus":   `nn: unknown backend "abacus" (have: native)`,
		"openblas": `nn: unknown backend "openblas" (have: native; rebuild with -tags openblas)`,
		"gorgonia": `nn: unknown backend "gorgonia" (have: native; import mnisttune/nn/gorgonia)`,
	} {
		_, err := nn.New(nn.Config{}, nn.Options{Backend: name})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if _, err := nn.LookupBackend(nn.DefaultBackend); err != nil {
		t.Error(err)
	}
}

// A reader gives the rows of every form of data set, and refuses those that there are not.
func TestReader(t *testing.T) {
	bytes := newByteSet(20, 6, 3, 1)
	view, err := nn.Rows(bytes, []int{7, 3, 11})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 2*6)
	wantLabels := make([]uint8, 2)
	if err := bytes.Fill(want, wantLabels, []int{11, 7}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data nn.Dataset
		rows []int32
	}{"bytes": {bytes, []int32{11, 7}}, "numbers": {onlyFill{bytes}, []int32{11, 7}}, "rows": {view, []int32{2, 0}}} {
		r, err := nn.NewReader(c.data, 6, 3)
		if err != nil {
			t.Fatal(err)
		}
		x, y := make([]float32, 12), make([]uint8, 2)
		if err := r.Read(x, y, c.rows); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			if v != want[i] || y[i/6] != wantLabels[i/6] {
				t.Errorf("%s: value %d is %v of class %d, want %v of %d", name, i, v, y[i/6], want[i], wantLabels[i/6])
			}
		}
		for text, err := range map[string]error{
			"row -1":            r.Read(x, y, []int32{-1}),
			"of a data set of":  r.Read(x, y, []int32{int32(r.Len())}),
			"room for 12 and 2": r.Read(x, y, []int32{0, 1, 2}),
			"room for 12 and 1": r.Read(x, y[:1], []int32{0, 1}),
		} {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want an error with %q", name, err, text)
			}
		}
	}
	if _, err := nn.NewReader(bytes, 7, 3); err == nil {
		t.Error("a reader for rows of other sizes")
	}
}

// A mask written out is the mask asked element by element, and drops about its share.
func TestMask(t *testing.T) {
	cfg := nn.Config{Dropout: 0.3, Seed: 5}
	mask, dst, kept := cfg.Mask(1, 7), make([]float32, 50*40), 0
	mask.Fill(dst, 50)
	for i, factor := range dst {
		want := float32(0)
		if mask.Keep(i/40, i%40) {
			want = mask.Scale()
			kept++
		}
		if factor != want {
			t.Fatalf("factor %d is %v, want %v", i, factor, want)
		}
	}
	if share := float64(kept) / 2000; share < 0.66 || share > 0.74 {
		t.Errorf("%.3f of the units are kept, want about 0.7", share)
	}
	next := make([]float32, len(dst))
	if cfg.Mask(1, 8).Fill(next, 50); slices.Equal(next, dst) {
		t.Error("another step has the same mask")
	}
	if none := (nn.Config{}).Mask(0, 0); !none.Keep(3, 4) || none.Scale() != 1 {
		t.Error("without dropout something is dropped")
	}
}
