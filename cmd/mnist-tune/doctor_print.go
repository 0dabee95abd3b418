package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// printDoctor writes one line for each thing, then hints and what is wrong.
func (a *app) printDoctor(r *doctorReport) error {
	if a.json {
		return a.printJSON(r)
	}
	var out strings.Builder
	line := func(name, format string, values ...any) {
		fmt.Fprintf(&out, "%-12s%s\n", name, fmt.Sprintf(format, values...))
	}
	line("processor", "%s", r.Processor.text())
	line("kernels", "%s: %s", r.Kernels.Name, r.Kernels.Reason)
	line("backends", "%s", r.Backends.text())
	line("memory", "%s", r.Memory.text())
	line("data", "%s", r.Data.text())
	if r.Study == nil {
		line("study", "no %s here", defaultStudyFile)
	} else {
		line("study", "%s: %s", r.Study.File, r.Study.text)
	}
	line("terminal", "%s", r.Terminal.text())
	line("build", "%s, %s, %s/%s%s", r.Build.Version, r.Build.Build, r.Build.OS, r.Build.Arch, prefixed(", tags ", r.Build.Tags))
	if r.Speed != nil {
		line("speed", "%s", r.Speed.text())
	}
	for _, h := range r.Hints {
		line("hint", "%s", h)
	}
	for _, p := range r.Problems {
		line("wrong", "%s", p)
	}
	if r.OK {
		line("", "everything is in order")
	}
	_, err := fmt.Fprint(a.stdout, out.String())
	return err
}

func (p processorReport) text() string {
	limit := "no limit of a control group"
	if p.Limit != nil {
		limit = fmt.Sprintf("the control group allows %g", *p.Limit)
	}
	return fmt.Sprintf("%s%s; %d processors, GOMAXPROCS %d, %s",
		p.Model, prefixed(": ", strings.Join(p.Features, " ")), p.Processors, p.GOMAXPROCS, limit)
}

func (b backendsReport) text() string {
	var other []string
	for _, name := range slices.Sorted(maps.Keys(b.Other)) {
		other = append(other, fmt.Sprintf("%s (%s)", name, b.Other[name]))
	}
	return strings.Join(b.Have, ", ") + prefixed("; not here: ", strings.Join(other, ", "))
}

func (m memoryReport) text() string {
	var parts []string
	if m.Available != nil {
		parts = append(parts, inGB(*m.Available)+" available")
	}
	if m.Total != nil {
		parts = append(parts, inGB(*m.Total)+" in the machine")
	}
	if m.Limit != nil {
		parts = append(parts, "the control group allows "+inGB(*m.Limit))
	}
	if len(parts) == 0 {
		parts = []string{"not known"}
	}
	return fmt.Sprintf("%s; a search of two jobs takes about %s", strings.Join(parts, ", "), inGB(m.Search))
}

func (d dataReport) text() string {
	if d.Checksum == "" {
		return d.Source + ": not usable"
	}
	source, checksum := d.Source, "checksum "+d.Checksum
	if source == "binary" {
		source = "MNIST in the binary"
		if d.Checksum == embeddedChecksum {
			checksum = "checksum right"
		}
	}
	return fmt.Sprintf("%s: %d training and %d test images of %dx%d, %d classes, %s", source, d.Train, d.Test, d.Rows, d.Cols, d.Classes, checksum)
}

func (t terminalReport) text() string {
	if !t.Stderr {
		return "progress goes to no terminal: a search shows it as plain lines"
	}
	return fmt.Sprintf("yes%s: a search shows its progress live", prefixed(", ", columns(t.Columns)))
}

func (s speedReport) text() string {
	than := fmt.Sprintf("%.2f times as fast as", s.Ratio)
	if s.Ratio < 1 {
		than = fmt.Sprintf("%.2f times slower than", 1/s.Ratio)
	}
	return fmt.Sprintf("%s samples/s (2 x 64, batch 128, one thread), %s the README's %s on one core of Zen 4", thousands(s.SamplesPerSecond), than, thousands(s.Reference))
}

func columns(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d columns", n)
}

// prefixed returns the text with something before it, or nothing.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func inGB(bytes uint64) string { return fmt.Sprintf("%.2f GB", float64(bytes)/1e9) }
