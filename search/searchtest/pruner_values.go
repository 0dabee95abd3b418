package searchtest

import (
	"math"

	"mnisttune/search"
)

// checkFirst looks at trials that nobody can be compared with.
func checkFirst(r reporter, p search.Pruner) {
	silent := make([]search.Trial, curves)
	for i := range silent {
		silent[i] = search.Trial{Number: i, State: search.Running, Params: search.Params{"x": 1.5}}
	}
	for _, d := range []search.Direction{search.Minimize, search.Maximize} {
		for _, history := range [][]search.Trial{nil, silent} {
			for _, value := range []float64{1, 1e308, -1e308, math.NaN(), math.Inf(1), math.Inf(-1)} {
				for _, step := range someRungs(p, len(history)) {
					v := at(d, history, len(history), step, func(int) float64 { return value })
					stop, ok := prune(r, p, v)
					if stop {
						r.Errorf("%v: it is pruned, and nobody before it has reported", v)
					}
					if stop || !ok {
						return
					}
				}
			}
		}
	}
}

// checkBest looks at trials that are as good as the best of those before them, some of
// which other programs have made.
func checkBest(r reporter, p search.Pruner) {
	for seed := range uint64(4) {
		history := learners(seed)
		if seed == 3 {
			for i := 0; i < curves; i += 2 {
				history[i].Reports[0].Value = []float64{math.NaN(), math.Inf(1)}[i/2%2]
			}
		}
		for number := range curves {
			for _, step := range someRungs(p, number) {
				v := at(search.Minimize, history[:number], number, step, nil)
				best := 1.0
				for _, t := range v.history {
					for _, report := range t.Reports {
						if report.Value < best {
							best = report.Value
						}
					}
				}
				v.trial.Reports = []search.Report{{Step: step, Value: best}}
				stop, ok := prune(r, p, v)
				if stop {
					r.Errorf("%v: it is pruned, and nobody before it was better", v)
				}
				if stop || !ok {
					return
				}
			}
		}
	}
}

// checkHopeless looks at a trial that is far worse than all before it, and at others that
// are worse still than one that is pruned.
func checkHopeless(r reporter, p search.Pruner) {
	for seed := range uint64(3) {
		history, pruned := learners(seed), false
		for _, step := range someRungs(p, curves) {
			stopped := false
			for level := 0.0; level <= 4; level += 0.25 {
				v := at(search.Minimize, history, curves, step, func(step int) float64 { return level + 1/float64(step) })
				now, ok := prune(r, p, v)
				if !ok {
					return
				}
				if stopped && !now {
					r.Errorf("%v: it goes on, and with values smaller by 0.25 it is pruned", v)
					return
				}
				stopped = now
			}
			pruned = pruned || stopped
		}
		if !pruned {
			r.Errorf("a trial that is worse by 3 than %d others is pruned at none of %d steps", curves, farthest)
			return
		}
	}
}

// checkMirrored turns the signs of all values and the direction around.
func checkMirrored(r reporter, p search.Pruner) {
	mirror := func(t search.Trial) search.Trial {
		reports := make([]search.Report, len(t.Reports))
		for i, report := range t.Reports {
			reports[i] = search.Report{Step: report.Step, Value: -report.Value}
		}
		t.Reports = reports
		return t
	}
	for _, q := range questions(p) {
		m := verdict{direction: search.Minimize + search.Maximize - q.direction, trial: mirror(q.trial)}
		for _, t := range q.history {
			m.history = append(m.history, mirror(t))
		}
		one, ok := prune(r, p, q)
		other, too := prune(r, p, m)
		if !ok || !too {
			return
		}
		if one != other {
			r.Errorf("%v: pruned %v, and with the opposite values in the other direction %v", q, one, other)
			return
		}
	}
}

// checkPrunerJobs runs one study with several numbers of jobs.
func checkPrunerJobs(r reporter, p search.Pruner) {
	o := search.StudyOptions{Space: subject{}.mixedSpace().Space, Sampler: search.Random{}, Pruner: p, Seed: 4, Lag: 8}
	checkOneStudy(r, o, 30, 2)
}
