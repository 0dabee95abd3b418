package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/mnist"
	"mnisttune/nn"
	"mnisttune/search/journal"
)

func newDoctor(a *app) *cobra.Command {
	var (
		data    dataFlags
		seconds float64
	)
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this program finds: processor, memory, data, study, speed",
		Long: `Say what this program finds where it runs: the processor and the kernels chosen for
it, the backends in the binary, processors and memory that may be used, whether the
images are what they should be, whether the study in the current folder is sound, and
how fast a network trains, held against the README's figure.

Nothing is written anywhere. The exit code is 1 if something is wrong; hints are not.`,
		Example: `  mnist-tune doctor
  mnist-tune doctor --data fashion-mnist
  mnist-tune doctor --seconds 0 --json        # without the measurement of speed
  MNIST_TUNE_KERNELS=go mnist-tune doctor`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(seconds >= 0 && seconds <= 3600) {
				return usage(fmt.Errorf("--seconds must be 0 to 3600 (got %v)", seconds))
			}
			if err := data.check(); err != nil {
				return err
			}
			return a.doctor(cmd.Context(), &data, time.Duration(seconds*float64(time.Second)))
		},
	}
	data.add(cmd)
	cmd.Flags().Float64Var(&seconds, "seconds", 2, "how long a network is trained to measure its speed (0: not at all)")
	return cmd
}

// doctorReport is what doctor prints with --json. Numbers that are not to be had are 0
// or null.
type doctorReport struct {
	OK        bool            `json:"ok"`
	Problems  []string        `json:"problems"` // what is wrong
	Hints     []string        `json:"hints"`    // what might be better
	Processor processorReport `json:"processor"`
	Kernels   kernelsReport   `json:"kernels"`
	Backends  backendsReport  `json:"backends"`
	Memory    memoryReport    `json:"memory"`
	Data      dataReport      `json:"data"`
	Study     *studyReport    `json:"study"` // null where there is none
	Terminal  terminalReport  `json:"terminal"`
	Build     buildReport     `json:"build"`
	Speed     *speedReport    `json:"speed"` // null where it was not measured
}

// dataReport says what images there are.
type dataReport struct {
	Source   string `json:"source"` // "binary", or the folder
	Train    int    `json:"train"`
	Test     int    `json:"test"`
	Rows     int    `json:"rows"`
	Cols     int    `json:"cols"`
	Classes  int    `json:"classes"`
	Checksum string `json:"checksum"` // of sizes, pixels and labels
	Bytes    uint64 `json:"bytes"`    // in memory
}

// studyReport says what is in the study file of the current folder.
type studyReport struct {
	File    string `json:"file"`
	Sound   bool   `json:"sound"`
	Studies int    `json:"studies"`
	Trials  int    `json:"trials"`
	text    string
}

type terminalReport struct {
	Stdout  bool `json:"stdout"`
	Stderr  bool `json:"stderr"`
	Columns int  `json:"columns"` // 0: not known
}

type buildReport struct {
	Version string `json:"version"`
	Build   string `json:"build"` // as studies record it
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Tags    string `json:"tags"`
}

func (r *doctorReport) wrong(format string, values ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, values...))
}

func (r *doctorReport) hint(format string, values ...any) {
	r.Hints = append(r.Hints, fmt.Sprintf(format, values...))
}

// doctor looks at everything, measures the speed for a while, and prints the report.
func (a *app) doctor(ctx context.Context, data *dataFlags, measure time.Duration) error {
	machine := os.DirFS("/")
	r := &doctorReport{
		Problems: []string{}, Hints: []string{},
		Terminal: terminalReport{Stdout: isTerminal(a.stdout), Stderr: isTerminal(a.stderr), Columns: cmp.Or(terminalWidth(a.stderr), terminalWidth(a.stdout))},
		Build:    buildReport{Version: version, Build: nn.Build(), OS: runtime.GOOS, Arch: runtime.GOARCH, Tags: buildTags()},
	}
	r.lookAtProcessor(machine)
	r.chooseKernels(nn.Kernels())
	r.tryBackends()
	r.lookAtData(data)
	r.lookAtMemory(machine)
	if err := r.lookAtStudy(ctx, defaultStudyFile); err != nil {
		return err
	}
	if measure > 0 {
		if err := r.measureSpeed(ctx, machine, measure); err != nil {
			return err
		}
	}
	r.OK = len(r.Problems) == 0
	if err := a.printDoctor(r); err != nil || r.OK {
		return err
	}
	if n := len(r.Problems); n > 1 {
		return fmt.Errorf("%d things are wrong", n)
	}
	return errors.New("one thing is wrong")
}

// embeddedChecksum is the fingerprint of the images in the binary.
const embeddedChecksum = "2a3d853611ad11202655edc8ac207a2b"

// lookAtData reads the images that the flags name.
func (r *doctorReport) lookAtData(data *dataFlags) {
	r.Data.Source = cmp.Or(data.dir, "binary")
	train, loadTest, err := data.load()
	var test *mnist.Set
	if err == nil {
		test, err = loadTest()
	}
	if err != nil {
		r.wrong("data: %v", err)
		return
	}
	r.judgeData(train, test)
}

// judgeData says what the images are, and whether those of the binary are MNIST's.
func (r *doctorReport) judgeData(train, test *mnist.Set) {
	d := &r.Data
	d.Train, d.Test, d.Rows, d.Cols, d.Classes = train.Len(), test.Len(), train.Rows, train.Cols, train.Classes
	d.Checksum = fingerprint([]*mnist.Set{train, test})
	d.Bytes = uint64(len(train.Pixels) + len(train.Labels) + len(test.Pixels) + len(test.Labels))
	if d.Source == "binary" && d.Checksum != embeddedChecksum {
		r.wrong("data: the images in the binary are not MNIST's (checksum %s, want %s): the file is damaged; install it again", d.Checksum, embeddedChecksum)
	}
}

// lookAtStudy reads a study log, if there is one. The error is that of an interruption.
func (r *doctorReport) lookAtStudy(ctx context.Context, file string) error {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r.Study = &studyReport{File: file, text: "it cannot be read"}
	check, err := journal.Check(file)
	if err != nil {
		r.wrong("study: %v", err)
		return nil
	}
	s := r.Study
	s.Sound, s.Studies, s.Trials = check.Damaged == 0, check.Studies, check.Trials
	if !s.Sound {
		s.text = fmt.Sprintf("damaged in %d lines", check.Damaged)
		r.wrong("study: %s is damaged in %d lines: mnist-tune study check %s", file, check.Damaged, file)
		return nil
	}
	if check.Torn > 0 {
		r.hint("study: the last line of %s was cut off (%d bytes): the next search removes it", file, check.Torn)
	}
	replay, err := readStudies(ctx, file)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		r.wrong("study: %v", err)
	default:
		s.text = cmp.Or(describeStudies(replay.Studies()), "empty")
	}
	return nil
}
