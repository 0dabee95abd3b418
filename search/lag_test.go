package search

import (
	"context"
	"reflect"
	"testing"
)

// The constraint values of a trial are a result: a sampler does not see them within the
// lag, so that the study is the same for any number of jobs.
func TestConstraintsWithinTheLag(t *testing.T) {
	objective := func(ctx context.Context, e *Evaluation) (float64, error) {
		value, err := jitter(ctx, e)
		if err != nil {
			return value, err
		}
		return value, e.SetConstraints(value-0.5, value)
	}
	var want []Trial
	for _, jobs := range []int{1, 2, 4} {
		s := newStudy(t, StudyOptions{Space: mustSpace(t, "x=0.0..1.0"), Sampler: reader{}, Seed: 11, Lag: 4})
		if err := Optimize(t.Context(), s, objective, OptimizeOptions{Trials: 30, Jobs: jobs}); err != nil {
			t.Fatal(err)
		}
		got := essence(s.Trials())
		if c := got[0].Constraints(); len(c) != 2 {
			t.Fatalf("constraints %v", c)
		}
		if want == nil {
			want = got
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%d jobs give another study", jobs)
		}
	}
}
