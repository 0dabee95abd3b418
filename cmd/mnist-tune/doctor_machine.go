package main

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// processorReport says what the program may compute with.
type processorReport struct {
	Model      string   `json:"model"`
	Features   []string `json:"features"`   // of those that matter for arithmetic
	Processors int      `json:"processors"` // that the process may run on
	GOMAXPROCS int      `json:"gomaxprocs"` // that it runs on at a time
	Limit      *float64 `json:"limit"`      // of its control group, in processors; null: none
}

// kernelsReport says which kernels train, and why.
type kernelsReport struct {
	Name   string `json:"name"` // empty: the name that was asked for is not to be had
	Reason string `json:"reason"`
}

// backendsReport says which backends are in the binary, and how to get the others.
type backendsReport struct {
	Have  []string          `json:"have"`
	Other map[string]string `json:"other"`
}

// memoryReport is in bytes.
type memoryReport struct {
	Total     *uint64 `json:"total"`
	Available *uint64 `json:"available"`
	Limit     *uint64 `json:"limit"`  // of the control group; null: none
	Search    uint64  `json:"search"` // what a search takes with two jobs
}

// searchBytes is what a search with two jobs takes beside the data, networks of 64 units.
const searchBytes = 100e6

// envKernels is the environment variable that chooses kernels.
const envKernels = "MNIST_TUNE_KERNELS"

func (r *doctorReport) lookAtProcessor(root fs.FS) {
	p := &r.Processor
	*p = processorReport{Model: cpuName(), Features: processorFeatures(), Processors: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0)}
	limit, _ := groupLimits(root)
	if limit == 0 {
		return
	}
	p.Limit = &limit
	if most := max(1, int(math.Ceil(limit))); p.GOMAXPROCS > most {
		r.hint("processors: the control group allows %g, but GOMAXPROCS is %d: the program will be held up; set GOMAXPROCS=%d", limit, p.GOMAXPROCS, most)
	}
}

// processorFeatures lists the instruction sets that the processor and the operating
// system offer, as far as they matter for kernels.
func processorFeatures() []string {
	have := map[string]bool{}
	switch runtime.GOARCH {
	case "amd64", "386":
		x := cpu.X86
		have = map[string]bool{
			"sse4.2": x.HasSSE42, "popcnt": x.HasPOPCNT, "bmi1": x.HasBMI1, "fma": x.HasFMA, "avx": x.HasAVX, "avx2": x.HasAVX2,
			"avx512f": x.HasAVX512F, "avx512bw": x.HasAVX512BW, "avx512dq": x.HasAVX512DQ, "avx512vl": x.HasAVX512VL,
		}
	case "arm64":
		x := cpu.ARM64
		have = map[string]bool{"asimd": x.HasASIMD, "asimdhp": x.HasASIMDHP, "i8mm": x.HasI8MM, "sve": x.HasSVE, "sve2": x.HasSVE2}
	}
	features := []string{}
	for name, ok := range have {
		if ok {
			features = append(features, name)
		}
	}
	slices.Sort(features)
	return features
}

// chooseKernels says why the kernels are what they are.
func (r *doctorReport) chooseKernels(name string, err error) {
	k := &r.Kernels
	k.Name = name
	switch {
	case err != nil:
		k.Reason = "none"
		r.wrong("kernels: %v: choose another one, or unset the variable", err)
	case os.Getenv(envKernels) != "":
		k.Reason = envKernels + " asks for them"
	case name != "go":
		k.Reason = "the fastest ones for this processor"
	case slices.Contains(strings.Split(buildTags(), ","), "noasm"):
		k.Reason = "the binary was built with -tags noasm"
	case runtime.GOARCH != "amd64":
		k.Reason = "the assembly is for amd64 only"
	default:
		k.Reason = "this processor lacks what the assembly needs: avx2, fma, bmi1, popcnt"
	}
}

// otherBackends says how backends are had that a binary may lack.
func otherBackends() map[string]string {
	return map[string]string{
		"gorgonia": "import mnisttune/nn/gorgonia",
		"openblas": "rebuild with -tags openblas",
		"cuda":     "rebuild with -tags gpu",
	}
}

// tryBackends lists the backends in the binary, tries the optional ones on a tiny network,
// and says how to get those that are not there.
func (r *doctorReport) tryBackends() {
	r.Backends = backendsReport{Have: nn.Backends(), Other: otherBackends()}
	tiny := &mnist.Set{Pixels: []byte{0, 255, 255, 0}, Labels: []uint8{0, 1}, Rows: 1, Cols: 2, Classes: 2}
	for _, name := range r.Backends.Have {
		delete(r.Backends.Other, name)
		if name == nn.DefaultBackend {
			continue // what it needs are the kernels
		}
		trainer, err := nn.New(nn.Config{NumLayers: 1, Width: nn.Widths{2}, BatchSize: 2}, nn.Options{Backend: name})
		if err == nil {
			_, err = trainer.Program(tiny)
		}
		if err != nil {
			r.hint("backends: %s is in the binary, but does not work here: %v", name, err)
		}
	}
}

func (r *doctorReport) lookAtMemory(root fs.FS) {
	m := &r.Memory
	m.Search = searchBytes + r.Data.Bytes
	total, available := memory(root)
	_, limit := groupLimits(root)
	if total > 0 {
		m.Total = &total
	}
	if limit > 0 && (total == 0 || limit < total) {
		m.Limit = &limit
		available = min(available, limit)
	}
	if available > 0 {
		m.Available = &available
		if available < m.Search {
			r.hint("memory: %s are available, and a search takes about %s", inGB(available), inGB(m.Search))
		}
	}
}

// memory returns the bytes that the machine has, and those that programs may still take;
// 0 where that is not to be had.
func memory(root fs.FS) (total, available uint64) {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return systemMemory()
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line) // MemTotal: 24000000 kB
		if len(fields) < 2 {
			continue
		}
		kB, _ := strconv.ParseUint(fields[1], 10, 64)
		switch fields[0] {
		case "MemTotal:":
			total = kB << 10
		case "MemAvailable:":
			available = kB << 10
		}
	}
	return total, available
}

// groupLimits returns the least limits of the process's control groups (both versions)
// and of those above them, in processors and in bytes; 0: none.
func groupLimits(root fs.FS) (processors float64, bytes uint64) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // 4:memory:/a/b, or 0::/a/b
		if len(parts) < 3 {
			continue
		}
		controllers := strings.Split(parts[1], ",")
		for dir := path.Clean("/" + parts[2]); ; dir = path.Dir(dir) {
			read := func(base, name string) []string {
				text, _ := fs.ReadFile(root, path.Join("sys/fs/cgroup", base, dir, name))
				return strings.Fields(string(text))
			}
			switch {
			case parts[1] == "":
				processors = leastLimit(processors, quota(read("", "cpu.max")))
				bytes = leastLimit(bytes, byteLimit(read("", "memory.max")))
			case slices.Contains(controllers, "cpu"):
				processors = leastLimit(processors, quota(append(read("cpu", "cpu.cfs_quota_us"), read("cpu", "cpu.cfs_period_us")...)))
			case slices.Contains(controllers, "memory"):
				bytes = leastLimit(bytes, byteLimit(read("memory", "memory.limit_in_bytes")))
			}
			if dir == "/" {
				break
			}
		}
	}
	return processors, bytes
}

// leastLimit returns the smaller one of two limits, where 0 is none.
func leastLimit[T uint64 | float64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// quota reads microseconds of processor time and the microseconds in which they may be
// used. "max" and -1 are no limit.
func quota(fields []string) float64 {
	if len(fields) != 2 {
		return 0
	}
	used, err := strconv.ParseFloat(fields[0], 64)
	period, errPeriod := strconv.ParseFloat(fields[1], 64)
	if err != nil || errPeriod != nil || used <= 0 || period <= 0 {
		return 0
	}
	return used / period
}

// byteLimit reads a number of bytes. "max" and what no machine has are no limit.
func byteLimit(fields []string) uint64 {
	if len(fields) != 1 {
		return 0
	}
	n, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil || n >= 1<<60 {
		return 0
	}
	return n
}

// loadAverage returns how many programs wanted a processor in the last minute, 0 where
// that is not to be had.
func loadAverage(root fs.FS) float64 {
	text, _ := fs.ReadFile(root, "proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}

// buildTags returns the tags that the binary was built with.
func buildTags() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return s.Value
		}
	}
	return ""
}
