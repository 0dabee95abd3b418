package journal_test

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"mnisttune/search"
	"mnisttune/search/journal"
)

// BenchmarkTrials runs trials that do nothing through the whole machinery: sampler,
// log, outcome. Set TMPDIR to a memory file system to leave the disk out.
func BenchmarkTrials(b *testing.B) {
	const trials = 10_000
	space, err := search.NewSpace(search.LogFloat("learning_rate", 1e-5, 1), search.OneOf("batch_size", 32, 64, 128), search.Int("layers", 1, 3))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		log, err := journal.Open(filepath.Join(b.TempDir(), "study"), journal.Options{})
		if err != nil {
			b.Fatal(err)
		}
		before := heap()
		study, err := search.OpenStudy(b.Context(), search.StudyOptions{Space: space, Seed: 1, Journal: log})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		err = search.Optimize(b.Context(), study, func(ctx context.Context, e *search.Evaluation) (float64, error) {
			return 1, e.Report(ctx, 1, 1)
		}, search.OptimizeOptions{Trials: trials})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds()*1e3/trials, "ms/trial")
		b.ReportMetric(float64(heap()-before)/trials, "heap-B/trial")
		if n := len(study.Trials()); n != trials {
			b.Fatalf("%d trials", n)
		}
	}
}

// heap returns the bytes that are reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
