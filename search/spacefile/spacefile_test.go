package spacefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	space, err := Parse("s.yaml", []byte(`# a comment
learning_rate: 1e-5..1e-1:log
batch_size: [32, 64, 128]
num_layers: {low: 1, high: 3}
dropout:
  low: 0.0
  high: 0.5
  step: 0.1
  n: 3
  when: num_layers >= 2
"optimizer": {values: [sgd, adam], when: num_layers==1}
weight_decay: {low: 1e-6, high: 1e-2, log: true}
bias: [true, false]
width: 64
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"learning_rate=1e-05..0.1:log", "batch_size=32,64,128", "num_layers=1..3",
		"dropout=0.0..0.5:step=0.1:n=3:when=num_layers>=2", "optimizer=sgd,adam:when=num_layers==1",
		"weight_decay=1e-06..0.01:log", "bias=true,false", "width=64",
	}
	for i, p := range space.Params() {
		if p.String() != want[i] {
			t.Errorf("parameter %d is %s, want %s", i, p, want[i])
		}
	}
	if space.Len() != len(want) {
		t.Errorf("%d parameters, want %d", space.Len(), len(want))
	}
	if one, err := Parse("s.yaml", []byte("x: 1..3\n")); err != nil || one.Len() != 1 {
		t.Errorf("a single parameter: %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "want one document",
		"x: 1..3\n---\ny: 1..3\n":             "want one document",
		"- 1\n- 2\n":                          "want NAME: VALUE",
		"hello":                               "want NAME: VALUE",
		"x: [1, 2\n":                          "s.yaml: [",
		"a: 1..3\nx: 5..1\n":                  "s.yaml:2: search: parameter \"x\"",
		"x: {low: 1}\n":                       "s.yaml:1: x: want low and high, or values",
		"x: {low: 1, high: 2, size: 3}\n":     `s.yaml:1: x: unknown key "size"`,
		"x: {low: 1, high: 2, log: 7}\n":      "log is true or false",
		"x: {values: [1], low: 1, high: 2}\n": "want low and high, or values",
		"x: [[1, 2], 3]\n":                    "want a number, a word, a range or a list",
		"x:\n":                                "want a number",
		"x: 1..2\nx: 1..3\n":                  "s.yaml: ",
		"x: &a 1..2\ny: *a\n":                 "want a number",
	} {
		_, err := Parse("s.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want one line with %q", text, err, want)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "space.yaml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "want a YAML file") {
		t.Errorf("a directory: %v", err)
	}
	if err := os.WriteFile(path, []byte("x: 1..3"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(path); err != nil || s.Len() != 1 {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("x: 1..3\ny: {low: 1, high: 2}\nz: [a, b]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		space, err := Parse("s.yaml", data)
		if err == nil && space.Len() == 0 {
			t.Error("a space without parameters and without an error")
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("several lines: %v", err)
		}
	})
}
