package ui

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"mnisttune/nn"
	"mnisttune/search"
)

// study plays a search of four trials to a display: one fails, two tie.
func study(t *testing.T, p Progress) {
	t.Helper()
	values := []float64{0.9, 0.95, 0, 0.95}
	for i, v := range values {
		trial := search.Trial{Number: i, State: search.Running, Params: search.Params{"lr": 0.123456789}}
		p.Event(search.Event{Kind: search.Asked, Trial: trial})
		p.Epoch(i, nn.Epoch{Number: 1, Val: &nn.Metrics{Accuracy: v}})
		p.Event(search.Event{Kind: search.Reported, Trial: trial})
		trial.State, trial.Values = search.Complete, []float64{v}
		if i == 2 {
			trial.State, trial.Values, trial.Error = search.Failed, nil, "nn: diverged"
		}
		p.Event(search.Event{Kind: search.Told, Trial: trial})
	}
	p.Event(search.Event{Kind: search.Asked, Trial: search.Trial{Number: 4}})
	p.Close() // with a trial still running
}

func options() Options {
	now := time.Unix(0, 0)
	return Options{Trials: 6, Epochs: 1, Jobs: 1, Metric: "val_accuracy", Direction: search.Maximize, Clock: func() time.Time { now = now.Add(time.Second); return now }}
}

func TestPlain(t *testing.T) {
	var out bytes.Buffer
	study(t, New(&out, false, options()))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range []string{
		"trial 1/6  #0   val_accuracy 0.9000    0.0 s  lr=0.1235  best 0.9000 (#0)  left 5 s",
		"trial 2/6  #1   val_accuracy 0.9500    0.0 s  lr=0.1235  best 0.9500 (#1)  left 4 s",
		"trial 3/6  #2   failed: diverged  lr=0.1235  best 0.9500 (#1)  left 3 s",
		"trial 4/6  #3   val_accuracy 0.9500    0.0 s  lr=0.1235  best 0.9500 (#1)  left 2 s",
	} {
		if lines[i] != want {
			t.Errorf("got  %s\nwant %s", lines[i], want)
		}
	}
}

// The live display ends, also with a trial running, and shows every outcome.
func TestLiveEnds(t *testing.T) {
	var out bytes.Buffer
	done := make(chan struct{})
	go func() {
		study(t, New(&out, true, options()))
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the display does not end")
	}
	for _, want := range []string{"#0   val_accuracy 0.9000", "#2   failed: diverged"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
}

// A writer that fails must not stop the search.
func TestLiveOnABrokenWriter(t *testing.T) {
	done := make(chan struct{})
	go func() {
		study(t, New(broken{}, true, options()))
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the display does not end")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59400 * time.Millisecond: "59 s", 59600 * time.Millisecond: "1m00s", 125 * time.Second: "2m05s", 3 * time.Hour: "3h00m", 11580 * time.Second: "3h13m",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
