package tpe

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"mnisttune/search"
)

// line is the space of one integer from 0 to 99: trial i of a history has x = i.
func line(t testing.TB) search.Space { return spaceOf(t, "x=0..99") }

// of gives trials their numbers and parameters.
func of(trials ...search.Trial) []search.Trial {
	for i := range trials {
		trials[i].Number, trials[i].Params = i, search.Params{"x": i}
	}
	return trials
}

func complete(v float64) search.Trial {
	return search.Trial{State: search.Complete, Values: []float64{v}}
}

func prunedAt(step int, v float64) search.Trial {
	return search.Trial{State: search.Pruned, Values: []float64{-1000}, Reports: []search.Report{{Step: 1, Value: 50}, {Step: step, Value: v}}}
}

func violating(v float64, by string) search.Trial {
	t := complete(v)
	t.Attrs = map[string]json.RawMessage{search.AttrConstraints: json.RawMessage(by)}
	return t
}

// remembered returns what the sampler reads in a history of line.
func remembered(t testing.TB, d search.Direction, trials []search.Trial) *past {
	return recall(axesOf(t, line(t)), search.Request{Space: line(t), Directions: []search.Direction{d}, History: trials, Number: len(trials)})
}

func TestRanks(t *testing.T) {
	failed, running := search.Trial{State: search.Failed}, search.Trial{State: search.Running}
	unreported := search.Trial{State: search.Pruned, Values: []float64{-5}}
	for name, c := range map[string]struct {
		d      search.Direction
		trials []search.Trial
		want   []int // finished ones, the best first
	}{
		"values":            {search.Minimize, of(complete(3), complete(1), complete(2)), []int{1, 2, 0}},
		"to be maximised":   {search.Maximize, of(complete(3), complete(1), complete(2)), []int{0, 2, 1}},
		"equal ones":        {search.Minimize, of(complete(1), complete(1), complete(0)), []int{2, 0, 1}},
		"pruned by step":    {search.Minimize, of(prunedAt(2, 0), complete(9), prunedAt(4, 8), prunedAt(4, 7), unreported), []int{1, 3, 2, 0, 4}},
		"pruned, maximised": {search.Maximize, of(prunedAt(4, 7), prunedAt(4, 8)), []int{1, 0}},
		"pruned at NaN":     {search.Minimize, of(prunedAt(4, math.NaN()), prunedAt(4, 1e300), prunedAt(2, 0)), []int{1, 0, 2}},
		"infeasible":        {search.Minimize, of(violating(0, "[1,2]"), violating(9, "[0.5,-7]"), prunedAt(2, 0), violating(1, "[-1,0]"), failed), []int{3, 2, 1, 0, 4}},
		"failed":            {search.Minimize, of(failed, running, complete(1), complete(math.NaN()), complete(math.Inf(-1))), []int{2, 0, 3, 4}},
	} {
		h := remembered(t, c.d, c.trials)
		slices.SortStableFunc(h.finished, better)
		var got []int
		for _, r := range h.finished {
			got = append(got, r.at)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	var twelve []search.Trial
	for i := range 12 {
		twelve = append(twelve, complete(float64((7*i)%12))) // 0 at trial 0, 1 at 7, 2 at 2, 3 at 9
	}
	failed, running := search.Trial{State: search.Failed}, search.Trial{State: search.Running}
	for name, c := range map[string]struct {
		trials  []search.Trial
		good    []int
		weights []float64
	}{
		"nothing":          {nil, nil, nil},
		"all failed":       {of(failed, failed), nil, nil},
		"all running":      {of(running, running), nil, nil},
		"one":              {of(complete(5)), []int{0}, []float64{1}},
		"two":              {of(complete(5), complete(4)), []int{1}, []float64{1}},
		"a fifth, rounded": {of(twelve...), []int{0, 2, 7}, []float64{1.5, 0.5, 1}}, // 3, 1 and 2 better than trial 9
		"equal values":     {of(complete(1), complete(1), complete(1), complete(1), complete(1), complete(1)), []int{0, 1}, []float64{1, 1}},
		"huge values":      {of(complete(-math.MaxFloat64), complete(math.MaxFloat64), complete(math.MaxFloat64), running, complete(0), failed, failed), []int{0, 4}, []float64{4. / 3, 2. / 3}},
		"pruned behind":    {of(prunedAt(3, 0), complete(1), prunedAt(1, 0), failed, failed, failed), []int{0, 1}, []float64{1, 1}},
	} {
		h := remembered(t, search.Minimize, c.trials)
		good, weights, bad := split(h)
		var got []int
		for _, x := range good {
			got = append(got, x.level[0])
		}
		if !slices.Equal(got, c.good) || len(bad) != len(c.trials)-len(c.good) {
			t.Errorf("%s: good are %v and %d bad, want %v", name, got, len(bad), c.good)
			continue
		}
		for i, w := range c.weights {
			near(t, name+": weight", weights[i], w, 1e-12)
		}
	}
}

func TestAtMostSoManyAreGood(t *testing.T) {
	var trials []search.Trial
	for i := range 100 {
		trials = append(trials, complete(float64(i)))
	}
	h := remembered(t, search.Minimize, of(append(trials, trials...)[:100]...))
	h.points = append(h.points, h.points...)
	for _, r := range h.finished {
		r.at += 100
		h.finished = append(h.finished, r)
	}
	if good, _, _ := split(h); len(good) != mostGood {
		t.Errorf("%d of 200 are good, want %d", len(good), mostGood)
	}
}

func TestForeignTrialsArePassedOver(t *testing.T) {
	trials := of(complete(1), complete(2), complete(3))
	trials[1].Params = search.Params{"x": 1000}
	trials[2].Params = search.Params{"x": 2.0} // as other programs write integers
	h := remembered(t, search.Minimize, trials)
	if len(h.points) != 2 || len(h.finished) != 2 || h.begun != 2 || !h.seen[line(t).Key(search.Params{"x": 2})] {
		t.Errorf("%+v", h)
	}
}

func TestRefusedTrialsDoNotEndTheStartDesign(t *testing.T) {
	trials := of(complete(1), complete(2), search.Trial{State: search.Failed})
	h := recall(axesOf(t, line(t)), search.Request{Space: line(t), Directions: []search.Direction{search.Minimize}, History: trials, Number: 2})
	if h.begun != 2 || len(h.points) != 3 {
		t.Errorf("%d of %d trials were begun, want 2 of 3", h.begun, len(h.points))
	}
}
