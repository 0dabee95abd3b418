//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mnisttune/nn"
	"mnisttune/nn/nntest"
)

// testDriver compiles testdata/driver.c, the driver for tests, with some definitions.
func testDriver(t *testing.T, definitions ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("the driver for tests is in C and there is no gcc")
	}
	out := filepath.Join(t.TempDir(), "libcuda.so.1")
	args := append([]string{"-shared", "-fPIC", "-O2", "-I.", "-o", out}, definitions...)
	if text, err := exec.Command(compiler, append(args, "testdata/driver.c", "-lm", "-lpthread")...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, text)
	}
	return out
}

// The backend on the driver for tests: the host's side as it is, and the kernels compiled
// for this machine.
func TestConformanceWithoutGPU(t *testing.T) {
	nn.RegisterBackend("cuda without a GPU", &Backend{Library: testDriver(t)})
	nntest.Backend(t, "cuda without a GPU", nntest.Options{})
}

// The backend on the machine's own GPU, where there is one.
func TestConformance(t *testing.T) {
	if _, err := new(Backend).ready(); err != nil {
		t.Skip(err)
	}
	nntest.Backend(t, "cuda", nntest.Options{})
}

// What a machine lacks is said in one line.
func TestWhatIsMissing(t *testing.T) {
	state := nn.InitialState(nn.Config{}, 3, 2)
	for _, c := range []struct {
		name    string
		backend *Backend
		want    string
	}{
		{"no driver", &Backend{Library: "libno-such-driver.so.1"}, "cuda: no NVIDIA driver on this machine: libno-such-driver.so.1: cannot open"},
		{"another library", &Backend{Library: "libm.so.6"}, "libm.so.6 is no driver that this program knows"},
		{"no device", &Backend{Library: testDriver(t, "-DDEVICES=0")}, "there is a driver but no GPU on this machine: cuda: starting: the driver says CUDA_ERROR_NO_DEVICE (100)"},
		{"no such device", &Backend{Library: testDriver(t), Device: 3}, "there is no GPU number 3 on this machine"},
		{"no memory", &Backend{Library: testDriver(t, "-DMEMORY=100000")}, "not enough memory on the GPU: the network takes 0.5 MB, 0.1 of 0.1 MB are free: cuda: allocating memory: the driver says CUDA_ERROR_OUT_OF_MEMORY (2)"},
	} {
		_, err := c.backend.New(nn.Config{}.WithDefaults(), rows{}, state, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", c.name, err, c.want)
		}
	}
}

// Programs that nobody has any more make room for others.
func TestMemoryIsGivenBack(t *testing.T) {
	b := &Backend{Library: testDriver(t, "-DMEMORY=1000000")} // for two
	cfg := nn.Config{}.WithDefaults()
	for i := range 6 {
		p, err := b.New(cfg, rows{}, nn.InitialState(cfg, 3, 2), 1)
		if err != nil {
			t.Fatalf("program %d: %v", i, err)
		}
		if _, err := p.Step([]int32{0, 1}, nn.StepArgs{LearningRate: 0.1}); err != nil {
			t.Fatal(err)
		}
	}
}

// rows is a data set.
type rows struct{}

func (rows) Len() int                                   { return 4 }
func (rows) Dims() (int, int)                           { return 3, 2 }
func (rows) Fill(x []float32, y []uint8, _ []int) error { clear(x); clear(y); return nil }

// The kernels that are embedded are those of the source: one of each, under its name.
func TestPTXIsThatOfTheSource(t *testing.T) {
	source, err := os.ReadFile("kernels.cu")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(source)) {
		if rest, ok := strings.CutPrefix(line, "KERNEL "); ok {
			name, _, _ := strings.Cut(rest, "(")
			if count++; strings.Count(ptx, ".entry "+name+"(") != 1 {
				t.Errorf("kernels.ptx has no %s, or several", name)
			}
		}
	}
	if count == 0 || strings.Count(ptx, ".entry ") != count {
		t.Errorf("%d kernels in kernels.cu, %d in kernels.ptx", count, strings.Count(ptx, ".entry "))
	}
}
