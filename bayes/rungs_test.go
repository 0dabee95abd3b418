package bayes

import (
	"testing"

	"mnisttune/search"
)

// curve reports values from step 1 on.
func curve(state search.State, values ...float64) search.Trial {
	t := search.Trial{State: state}
	for i, v := range values {
		t.Reports = append(t.Reports, search.Report{Step: i + 1, Value: v})
	}
	t.Values = []float64{values[len(values)-1]}
	return t
}

func TestPrunedTrialsAreLifted(t *testing.T) {
	complete := []search.Trial{
		curve(search.Complete, 0.60, 0.80, 0.90),
		curve(search.Complete, 0.62, 0.83, 0.92),
		curve(search.Complete, 0.50, 0.72, 0.84),
	}
	foreign := complete[2]
	foreign.Params = search.Params{"x": 1}
	for _, c := range []struct {
		name    string
		history []search.Trial
		pruned  search.Trial
		want    float64 // as small is good
	}{
		{"behind all after step 1", complete, curve(search.Pruned, 0.48), -0.78},
		{"behind all after step 2, where less is to come", complete, curve(search.Pruned, 0.3, 0.65), -0.75},
		{"behind two that ended well", complete, curve(search.Pruned, 0.55), -0.85},
		{"behind one that ended badly", append(complete, curve(search.Complete, 0.7, 0.7, 0.7)), curve(search.Pruned, 0.66), -0.7},
		{"ahead of all", complete, curve(search.Pruned, 0.63), -0.93},
		{"where nobody was", complete, curve(search.Pruned, 0.3, 0.5, 0.6, 0.7), -0.7},
		{"with too few that passed", complete[:2], curve(search.Pruned, 0.3), -0.3},
		{"with one of another space", append(complete[:2:2], foreign), curve(search.Pruned, 0.3), -0.3},
		{"without reports", complete, search.Trial{State: search.Pruned, Values: []float64{0.4}}, -0.4},
	} {
		l := newLift(space(t), search.Maximize, c.history)
		near(t, c.name, l.final(c.pruned, outcome(c.pruned, search.Maximize)), c.want, 1e-12)
	}
}
