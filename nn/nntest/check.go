package nntest

import (
	"fmt"
	"math"
	"runtime/debug"
	"testing"

	"mnisttune/nn"
)

// Options say what is particular to a backend.
type Options struct {
	// Tolerance is how far a backend may be from the float64 reference: losses as they
	// are (relative to those above 1), logits relative to the largest, and updates and
	// moments, of each weight and bias, relative to their norm. Default 1e-4, which float32 keeps
	// with room to spare.
	Tolerance float64
	// OwnMasks says that dropout's masks are the backend's own, not those of
	// nn.Config.Mask: dropout is then held to its mean and its variance.
	OwnMasks bool
}

// Backend runs the suite on the backend of that name in a subtest for each part of the
// contract.
func Backend(t *testing.T, name string, o Options) {
	b, err := nn.LookupBackend(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(t, newSubject(name, b, o)) })
	}
}

// reporter is what a check needs of a *testing.T. The tests of the suite have another
// one, which takes failures for successes.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any) // ends the goroutine
	TempDir() string
}

// check is one part of the contract.
type check struct {
	name string
	run  func(r reporter, s subject)
}

var checks = []check{
	{"steps", checkSteps},
	{"PyTorch", checkPyTorch},
	{"forms of data", checkForms},
	{"sizes", checkSizes},
	{"dropout", checkDropout},
	{"step numbers", checkStepNumbers},
	{"logits", checkLogits},
	{"bad calls", checkBadCalls},
	{"bad data", checkBadData},
	{"bad states", checkBadStates},
	{"values that are not finite", checkNotFinite},
	{"determinism", checkDeterminism},
	{"threads", checkThreads},
	{"programs at once", checkAtOnce},
	{"states are copies", checkCopies},
	{"going on from a state", checkResume},
	{"memory", checkMemory},
	{"training", checkTraining},
}

// subject is the backend that is checked.
type subject struct {
	name      string
	backend   nn.Backend
	tolerance float64
	ownMasks  bool
}

func newSubject(name string, b nn.Backend, o Options) subject {
	if o.Tolerance == 0 {
		o.Tolerance = 1e-4
	}
	return subject{name, b, o.Tolerance, o.OwnMasks}
}

// build returns a program; a backend that makes none ends the check.
func (s subject) build(r reporter, cfg nn.Config, data nn.Dataset, start nn.State) nn.Program {
	r.Helper()
	var p nn.Program
	var err error
	if crash := guard(func() { p, err = s.backend.New(cfg, data, start, 1) }); crash != nil {
		err = crash
	}
	if err != nil {
		r.Fatalf("New: %v", err)
	}
	return p
}

// step takes a step; one that fails ends the check.
func step(r reporter, p nn.Program, rows []int32, a nn.StepArgs) nn.StepResult {
	r.Helper()
	var out nn.StepResult
	var err error
	if crash := guard(func() { out, err = p.Step(rows, a) }); crash != nil {
		err = crash
	}
	if err != nil {
		r.Fatalf("step %d on %d rows: %v", a.Step, len(rows), err)
	}
	return out
}

// logits returns the logits of rows; a failure ends the check.
func logits(r reporter, p nn.Program, data nn.Dataset, rows []int32) []float32 {
	r.Helper()
	_, classes := data.Dims()
	dst := make([]float32, len(rows)*classes)
	var err error
	if crash := guard(func() { err = p.Logits(dst, data, rows) }); crash != nil {
		err = crash
	}
	if err != nil {
		r.Fatalf("logits of %d rows: %v", len(rows), err)
	}
	return dst
}

// guard calls f and returns its panic, if there was one, as an error.
func guard(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	f()
	return nil
}

// mustErr reports calls that panic or do not fail.
func mustErr(r reporter, what string, f func() error) {
	r.Helper()
	var err error
	if crash := guard(func() { err = f() }); crash != nil {
		r.Errorf("%s: %v, want an error", what, crash)
	} else if err == nil {
		r.Errorf("%s: no error", what)
	}
}

// distance returns the norm of got - want, relative to that of want - from; from may be
// nil for zero. Numbers that are no numbers are infinitely far.
func distance(got []float32, want, from []float64) float64 {
	difference, length := 0.0, 0.0
	for i, w := range want {
		d := float64(got[i]) - w
		difference += d * d
		if from != nil {
			w -= from[i]
		}
		length += w * w
	}
	if difference == 0 {
		return 0
	}
	if d := math.Sqrt(difference / length); d == d {
		return d
	}
	return math.Inf(1)
}
