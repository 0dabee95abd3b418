package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mnisttune/search"
)

// queueStudy opens the study that enqueue.py works on.
func queueStudy(t testing.TB, f *File) *search.Study {
	t.Helper()
	space, err := search.ParseSpace([]string{"rate=1e-5..1e-1:log", "batch=32,64,128", "layers=1..3", "rule=sgd,adam"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := search.OpenStudy(t.Context(), search.StudyOptions{Space: space, Journal: f, Name: "s", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rate(_ context.Context, e *search.Evaluation) (float64, error) {
	value, _ := e.Params.Float("rate")
	return value, e.SetAttr("by", "ours")
}

// What Optuna enqueues we hand out; what it enqueues wrongly fails.
func TestOptunasQueue(t *testing.T) {
	f := newLog(t, Options{})
	s := queueStudy(t, f)
	err := python(t, "enqueue.py", f.Path(), "s", "enqueue",
		`{"rate": 0.01, "batch": 64, "layers": 2, "rule": "adam"}`, `{"rate": 5.0}`, `{"batch": 128, "rule": "sgd"}`, `{}`).Run()
	if err != nil {
		t.Fatal(err)
	}
	if err := search.Optimize(t.Context(), s, rate, search.OptimizeOptions{Trials: 5, Jobs: 2}); err != nil {
		t.Fatal(err)
	}
	trials := checkSame(t, f).Study("s").Trials
	if p := fmt.Sprint(trials[0].Params); len(trials) != 5 || p != "batch=64 layers=2 rate=0.01 rule=adam" || trials[0].State != search.Complete {
		t.Errorf("%d trials, the first is %v", len(trials), p)
	}
	if trials[1].State != search.Failed || !strings.Contains(string(trials[1].Attrs[search.AttrError]), "5 is outside") {
		t.Errorf("a wrong one is %v: %s", trials[1].State, trials[1].Attrs[search.AttrError])
	}
	if p := trials[2].Params; p["batch"] != 128 || p["rule"] != "sgd" || len(p) != 4 || string(trials[2].Attrs["from"]) != `"optuna"` {
		t.Errorf("%+v", trials[2].Trial)
	}
}

// What we enqueue Optuna hands out, and what we add it reads.
func TestOurQueue(t *testing.T) {
	f := newLog(t, Options{})
	s := queueStudy(t, f)
	added, err := s.Add(t.Context(), search.Trial{
		State: search.Complete, Params: search.Params{"rate": 0.001, "batch": 32, "layers": 1, "rule": "sgd"}, Values: []float64{0.5}, Seconds: 3, Reports: []search.Report{{Step: 1, Value: 0.25}},
	}, search.Trial{State: search.Failed, Params: search.Params{"rate": 0.1, "batch": 64, "layers": 3, "rule": "sgd"}, Error: "diverged"})
	if err != nil || added != 2 {
		t.Fatal(added, err)
	}
	added, err = s.Enqueue(t.Context(), search.Params{"rate": 0.01, "batch": 64, "layers": 2, "rule": "adam"}, search.Params{"rate": 0.1, "layers": 3})
	if err != nil || added != 2 {
		t.Fatal(added, err)
	}
	out, err := python(t, "enqueue.py", f.Path(), "s", "take", "3").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if want := `[2, {"rate": 0.01, "batch": 64, "layers": 2, "rule": "adam"}]`; string(lines[1]) != want {
		t.Errorf("Optuna took %s, want %s", lines[1], want)
	}
	if trials := checkSame(t, f).Study("s").Trials; len(trials) != 5 || trials[3].Params["rate"] != 0.1 || trials[3].Params["layers"] != 3 {
		t.Errorf("%d trials, the fourth is %v", len(trials), trials[3].Params)
	}
}

// Both take from one queue at once: every trial has its own values and is evaluated once.
func TestBothTakeFromOneQueue(t *testing.T) {
	const each = 150
	f := newLog(t, Options{})
	s := queueStudy(t, f)
	want := make([]search.Params, 2*each)
	for i := range want {
		want[i] = search.Params{"rate": 1e-5 * float64(i+1), "batch": 64, "layers": 1 + i%3, "rule": "adam"}
	}
	if n, err := s.Enqueue(t.Context(), want...); err != nil || n != len(want) {
		t.Fatal(n, err)
	}
	cmd := python(t, "enqueue.py", f.Path(), "s", "take", fmt.Sprint(each))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("%q, %v", lines.Text(), lines.Err())
	}
	ours := make(map[int]bool)
	for range each {
		trial, err := s.Ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ours[trial.Number] = true
		if err := s.SetAttr(trial.Number, "by", "ours"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Tell(t.Context(), trial.Number, search.Outcome{Values: []float64{trial.Params["rate"].(float64)}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	theirs := 0
	for lines.Scan() {
		var pair [2]json.RawMessage
		var number int
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(pair[0], &number); err != nil {
			t.Fatal(err)
		}
		if theirs++; ours[number] {
			t.Errorf("both have taken trial %d", number)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	trials := checkSame(t, f).Study("s").Trials
	if len(trials) != 2*each || len(ours) != each || theirs != each {
		t.Fatalf("%d trials, %d ours, %d theirs", len(trials), len(ours), theirs)
	}
	turns := 0
	for i, trial := range trials {
		by := string(trial.Attrs["by"])
		if trial.State != search.Complete || fmt.Sprint(trial.Params) != fmt.Sprint(want[i]) || (by == `"ours"`) != ours[i] {
			t.Errorf("trial %d, by %s: %+v, want %v", i, by, trial.Trial, want[i])
		}
		if i > 0 && ours[i] != ours[i-1] {
			turns++
		}
	}
	if turns < 10 {
		t.Errorf("they took turns %d times only", turns)
	}
}
