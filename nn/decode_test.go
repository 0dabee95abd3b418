package nn

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever the bytes are, a model is loaded or an error says why not.
func FuzzDecode(f *testing.F) {
	cfg := Config{NumLayers: 1, Width: Widths{3}}
	t, err := New(cfg, Options{})
	if err != nil {
		f.Fatal(err)
	}
	t.state = InitialState(cfg, 4, 2)
	path := filepath.Join(f.TempDir(), "m")
	if err := t.Save(path); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trainer, err := decode(data, Options{})
		if (trainer == nil) == (err == nil) {
			t.Errorf("got %v and %v", trainer, err)
		}
	})
}
