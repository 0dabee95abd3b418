package main

import (
	"os"
	"strings"
	"testing"
)

// The embedding example of the README is the one that is compiled and run.
func TestReadmeExampleIsTheTestedOne(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../nn/tune/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```go\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README has no Go example")
	}
	if !strings.Contains(string(source), block) {
		t.Error("the README's example is not the one in nn/tune/example_test.go")
	}
	if n := strings.Count(block, "\n"); n > 30 {
		t.Errorf("the README's example has %d lines, want at most 30", n)
	}
}

// Every command line of the README parses: its flags exist.
func TestReadmeCommandsExist(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(readme), "\\\n", " ")
	seen := 0
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(line, "mnist-tune ")
		if !ok {
			continue
		}
		seen++
		root := newRoot(nil, nil)
		cmd, args, err := root.Find(strings.Fields(rest))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if seen < 5 {
		t.Errorf("%d commands found", seen)
	}
}
