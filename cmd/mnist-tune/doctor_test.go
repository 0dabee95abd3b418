package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// emptyFolder makes a folder the current one, where no study is.
func emptyFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	return dir
}

// filesBelow returns the files below a folder with their sizes and times.
func filesBelow(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&out, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDoctor(t *testing.T) {
	data := smallData(t)
	dir := emptyFolder(t)
	got := callJSON(t, "doctor", "--seconds", "0.02")
	wantKeys(t, "doctor", got, "ok", "problems", "hints", "processor", "kernels", "backends", "memory", "data", "study", "terminal", "build", "speed")
	if got["ok"] != true || got["study"] != nil {
		t.Errorf("ok %v, study %v in an empty folder", got["ok"], got["study"])
	}
	images := got["data"].(map[string]any)
	if images["train"] != 60000.0 || images["test"] != 10000.0 || images["rows"] != 28.0 || images["classes"] != 10.0 || images["checksum"] != embeddedChecksum {
		t.Errorf("data %v", images)
	}
	speed := got["speed"].(map[string]any)
	if v, ref := speed["samples_per_second"].(float64), speed["reference"].(float64); v <= 0 || ref <= 0 || math.Abs(speed["ratio"].(float64)-v/ref) > 1e-9 {
		t.Errorf("speed %v", speed)
	}
	if have := got["backends"].(map[string]any)["have"].([]any); !slices.Contains(have, any("native")) {
		t.Errorf("backends %v", have)
	}
	if n := got["processor"].(map[string]any)["processors"]; n != float64(runtime.NumCPU()) {
		t.Errorf("%v processors, want %d", n, runtime.NumCPU())
	}

	code, stdout, stderr := call(t, "doctor", "--seconds", "0", "--data", data)
	if code != exitDone || !strings.Contains(stdout, "400 training and 120 test images of 6x5, 4 classes") || !strings.Contains(stdout, "everything is in order") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout, "\nspeed") {
		t.Errorf("the speed was measured with --seconds 0:\n%s", stdout)
	}
	if left := filesBelow(t, dir); strings.Count(left, "\n") != 1 {
		t.Errorf("doctor left files behind:\n%s", left)
	}
	if code, _, _ := call(t, "doctor", "--seconds", "-1"); code != exitUsage {
		t.Errorf("--seconds -1: exit code %d", code)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	cut := smallData(t)
	labels := filepath.Join(cut, "train-labels-idx1-ubyte")
	if err := os.Truncate(labels, 100); err != nil {
		t.Fatal(err)
	}
	emptyFolder(t)
	code, stdout, stderr := call(t, "doctor", "--seconds", "0", "--data", cut, "--json")
	got := object(t, stdout)
	if problem := fmt.Sprint(got["problems"]); code != exitFailed || got["ok"] != false || !strings.Contains(problem, labels) {
		t.Errorf("cut labels: exit code %d, %s\n%s", code, problem, stderr)
	}

	train, test, err := mnist.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	changed := *test
	changed.Pixels = slices.Clone(test.Pixels)
	changed.Pixels[1234] ^= 1
	r := doctorReport{Data: dataReport{Source: "binary"}}
	if r.judgeData(train, test); len(r.Problems) != 0 {
		t.Errorf("the embedded images: %v", r.Problems)
	}
	if r.judgeData(train, &changed); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "not MNIST's") {
		t.Errorf("a changed bit: %v", r.Problems)
	}
}

func TestDoctorStudy(t *testing.T) {
	data := smallData(t)
	dir := emptyFolder(t)
	if code, _, stderr := call(t, "search", "--study", defaultStudyFile, "--data", data, "--trials", "2", "--epochs", "1", "--seed", "1"); code != exitDone {
		t.Fatal(stderr)
	}
	before := filesBelow(t, dir)
	code, stdout, stderr := call(t, "doctor", "--seconds", "0", "--data", data)
	if code != exitDone || !strings.Contains(stdout, `mnist-tune.study: the study "search" (2 of 2 trials finished`) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}

	text, err := os.ReadFile(defaultStudyFile)
	if err != nil {
		t.Fatal(err)
	}
	if after := filesBelow(t, dir); after != before {
		t.Errorf("doctor changed the folder from\n%s to\n%s", before, after)
	}
	torn := append(slices.Clone(text), `{"op_code": 4`...)
	if err := os.WriteFile(defaultStudyFile, torn, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := callJSON(t, "doctor", "--seconds", "0", "--data", data); !strings.Contains(fmt.Sprint(got["hints"]), "cut off (13 bytes)") {
		t.Errorf("a torn line: %v", got["hints"])
	}
	if kept, err := os.ReadFile(defaultStudyFile); err != nil || string(kept) != string(torn) {
		t.Errorf("doctor changed the torn study (%v)", err)
	}
	if err := os.WriteFile(defaultStudyFile, append([]byte("no log\n"), text...), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ = call(t, "doctor", "--seconds", "0", "--data", data)
	if code != exitFailed || !strings.Contains(stdout, "wrong       study: mnist-tune.study is damaged in 1 lines") {
		t.Errorf("a damaged study: exit code %d\n%s", code, stdout)
	}
}

func TestDoctorKernels(t *testing.T) {
	t.Setenv(envKernels, "")
	var r doctorReport
	for name, want := range map[string]string{"avx512": "fastest", "avx2": "fastest"} {
		if r.chooseKernels(name, nil); r.Kernels.Name != name || !strings.Contains(r.Kernels.Reason, want) || len(r.Problems) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r.chooseKernels("go", nil); r.Kernels.Reason == "" || strings.Contains(r.Kernels.Reason, "fastest") {
		t.Errorf("go: %+v", r)
	}
	t.Setenv(envKernels, "go")
	if r.chooseKernels("go", nil); r.Kernels.Reason != envKernels+" asks for them" {
		t.Errorf("asked for: %+v", r)
	}
	if r.chooseKernels("", errors.New("no such kernels")); len(r.Problems) != 1 || r.Kernels.Name != "" {
		t.Errorf("not to be had: %+v", r)
	}

	cmd := exec.Command(os.Args[0], "doctor", "--seconds", "1")
	cmd.Env = append(os.Environ(), asBinary+"=1", envKernels+"=sse9")
	cmd.Dir = t.TempDir()
	stdout, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(string(stdout), "MNIST_TUNE_KERNELS=sse9") {
		t.Errorf("MNIST_TUNE_KERNELS=sse9: %v\n%s", err, stdout)
	}
}

// What doctor says of backends that are not in the binary is what their users are told.
func TestDoctorBackends(t *testing.T) {
	var r doctorReport
	if r.tryBackends(); strings.Contains(fmt.Sprint(r.Hints), "gorgonia") || !slices.Equal(r.Backends.Have, nn.Backends()) {
		t.Errorf("backends %+v, hints %v", r.Backends, r.Hints)
	}
	for name, how := range otherBackends() {
		_, err := nn.LookupBackend(name)
		if has := slices.Contains(nn.Backends(), name); has != (err == nil) || err != nil && (!strings.Contains(err.Error(), how) || r.Backends.Other[name] != how) {
			t.Errorf("%s: %q, the backend itself says %v", name, how, err)
		}
	}
	if other := r.Backends.text(); !strings.Contains(other, "native") || len(r.Backends.Other) > 0 && !strings.Contains(other, "; not here: ") {
		t.Errorf("text %q", other)
	}
}

// What Linux says of memory, load and control groups, from files of both versions.
func TestMachine(t *testing.T) {
	machine := func(files ...string) fs.FS {
		m := fstest.MapFS{}
		for i := 0; i < len(files); i += 2 {
			m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
		}
		return m
	}
	for _, c := range []struct {
		name       string
		root       fs.FS
		processors float64
		bytes      uint64
	}{
		{"no such files", machine(), 0, 0},
		{"version 2, at the root of a container", machine("proc/self/cgroup", "0::/\n",
			"sys/fs/cgroup/cpu.max", "150000 100000\n", "sys/fs/cgroup/memory.max", "1073741824\n"), 1.5, 1 << 30},
		{"version 2, no limits", machine("proc/self/cgroup", "0::/user\n",
			"sys/fs/cgroup/user/cpu.max", "max 100000\n", "sys/fs/cgroup/user/memory.max", "max\n"), 0, 0},
		{"version 2, the least of those above", machine("proc/self/cgroup", "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max", "400000 100000\n", "sys/fs/cgroup/a/cpu.max", "200000 100000\n",
			"sys/fs/cgroup/a/b/memory.max", "1000\n", "sys/fs/cgroup/a/memory.max", "2000\n"), 2, 1000},
		{"version 1", machine("proc/self/cgroup", "4:memory:/job\n2:cpuacct,cpu:/job\n",
			"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4096\n"), 0.5, 4096},
		{"version 1, no limits", machine("proc/self/cgroup", "4:memory:/\n2:cpu,cpuacct:/\n0::/\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"), 0, 0},
		{"nonsense", machine("proc/self/cgroup", "what\n0::a\n::/../..\n", "sys/fs/cgroup/cpu.max", "-3 x y\n", "sys/fs/cgroup/memory.max", "-1\n"), 0, 0},
	} {
		if processors, bytes := groupLimits(c.root); processors != c.processors || bytes != c.bytes {
			t.Errorf("%s: %v processors and %d bytes, want %v and %d", c.name, processors, bytes, c.processors, c.bytes)
		}
	}

	root := machine("proc/meminfo", "MemTotal:  4000 kB\nMemFree: 1 kB\nMemAvailable: 3000 kB\n", "proc/loadavg", "12.50 3.00 1.00 2/300 4\n",
		"proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "2048000\n", "sys/fs/cgroup/cpu.max", "10 100000\n")
	if total, available := memory(root); total != 4000<<10 || available != 3000<<10 {
		t.Errorf("%d bytes available of %d", available, total)
	}
	if load := loadAverage(root); load != 12.5 {
		t.Errorf("load %v", load)
	}
	r := doctorReport{Data: dataReport{Bytes: 1000}}
	r.lookAtMemory(root)
	if r.Memory.Limit == nil || *r.Memory.Available != 2048000 || len(r.Hints) != 1 || r.Memory.Search <= 1000 {
		t.Errorf("memory %s, hints %v", r.Memory.text(), r.Hints)
	}
	if r.lookAtProcessor(root); r.Processor.Limit == nil || runtime.GOMAXPROCS(0) > 1 && len(r.Hints) != 2 {
		t.Errorf("processor %s, hints %v", r.Processor.text(), r.Hints)
	}
}

// The speeds that doctor holds against are those of the README's table.
func TestReferenceSpeedIsTheReadmes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("\n| 2, 128 | %.0fk | %.0fk | %.0fk |", referenceSpeed("avx512")/1e3, referenceSpeed("avx2")/1e3, referenceSpeed("go")/1e3)
	if !strings.Contains(string(readme), want) {
		t.Errorf("the README has no row that begins with %s", strings.TrimSpace(want))
	}
	for text, s := range map[string]speedReport{
		"2.00 times slower than": {SamplesPerSecond: 50e3, Reference: 100e3, Ratio: 0.5},
		"1.20 times as fast as":  {SamplesPerSecond: 120e3, Reference: 100e3, Ratio: 1.2},
	} {
		if !strings.Contains(s.text(), text) {
			t.Errorf("%q lacks %q", s.text(), text)
		}
	}
}
