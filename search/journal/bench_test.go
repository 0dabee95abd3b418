package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"mnisttune/search"
)

const manyTrials = 100_000

// writeMany writes a log of many trials of three parameters and one report each:
// three lines a trial as ours are written, six as Optuna's are.
func writeMany(t testing.TB, asOptuna bool) string {
	t.Helper()
	params := []search.Param{search.LogFloat("learning_rate", 1e-5, 1e-1), search.Int("num_layers", 1, 3), search.OneOf("batch_size", 32, 64, 128)}
	texts := make([]string, len(params))
	for i, p := range params {
		d, err := search.DistributionOf(p)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = d.String()
	}
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	worker := "e4ac958f-7a3b-4275-999c-1db246def983-140479507590016"
	ops := []search.Op{{Code: search.CreateStudy, Worker: worker, StudyName: "many", Directions: []search.Direction{search.Maximize}}}
	for n := range manyTrials {
		at := start.Add(time.Duration(n) * time.Second)
		create := search.Op{Code: search.CreateTrial, Worker: worker, Start: at}
		for i, p := range params {
			x := []float64{1e-5 * (1 + float64(n)/7), float64(1 + n%3), float64(n % 3)}[i]
			create.Params = append(create.Params, search.OpParam{Name: p.Name, Internal: x, Distribution: texts[i]})
		}
		if asOptuna {
			set := create.Params
			create.Params = nil
			ops = append(ops, create)
			for i := range set {
				ops = append(ops, search.Op{Code: search.SetParam, Worker: worker, TrialID: n, Params: set[i : i+1]})
			}
		} else {
			ops = append(ops, create)
		}
		ops = append(ops, search.Op{Code: search.SetIntermediate, Worker: worker, TrialID: n, Reports: []search.Report{{Step: 1, Value: 0.9 + float64(n)/1e7}}},
			search.Op{Code: search.SetState, Worker: worker, TrialID: n, State: search.Complete, Values: []float64{0.9 + float64(n)/1e7}, Complete: at.Add(time.Minute)})
	}
	lines, err := encode(ops)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "many.log")
	if err := os.WriteFile(path, lines, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// BenchmarkOpen reads and folds a log of 100,000 trials: the time of an open and
// the memory that the trials take.
func BenchmarkOpen(b *testing.B) {
	for _, asOptuna := range []bool{false, true} {
		b.Run(fmt.Sprintf("optuna=%v", asOptuna), func(b *testing.B) {
			path := writeMany(b, asOptuna)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var r *search.Replay
			for b.Loop() {
				if r, err = load(path); err != nil || r.NextTrialID() != manyTrials {
					b.Fatal(r.NextTrialID(), err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/manyTrials, "B/trial")
			runtime.KeepAlive(r)
		})
	}
}

func load(path string) (*search.Replay, error) {
	var r search.Replay
	f, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		return &r, err
	}
	for op, err := range f.Read(context.Background(), 0) {
		if err != nil {
			return &r, err
		}
		if _, err := r.Apply(op); err != nil {
			return &r, err
		}
	}
	return &r, nil
}

// BenchmarkUpdate appends one operation a time.
func BenchmarkUpdate(b *testing.B) {
	f := newLog(b, Options{})
	var from int64
	for b.Loop() {
		err := f.Update(b.Context(), from, func(tail []search.Op) ([]search.Op, error) {
			if len(tail) > 0 {
				from = tail[len(tail)-1].Next
			}
			return []search.Op{attr("w", "a", 1)}, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
