package searchtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"mnisttune/search"
)

// errMemory is why some trials fail.
var errMemory = errors.New("out of memory")

// curve is an objective with reports, which takes a while that has nothing to do with
// what it returns; every seventh trial fails.
func curve(space search.Space, r *rand.Rand) search.Objective {
	pauses := make([]time.Duration, 1024)
	for i := range pauses {
		pauses[i] = time.Duration(r.IntN(700)) * time.Microsecond
	}
	return func(ctx context.Context, e *search.Evaluation) (float64, error) {
		v := score(space, e.Params)
		for step := 1; step <= 9; step++ {
			if step%3 == 1 {
				time.Sleep(pauses[(3*e.Number+step)%len(pauses)])
			}
			if err := e.Report(ctx, step, v+1/float64(step)); err != nil {
				return 0, err
			}
			if e.Number%7 == 5 && step == 2 {
				return 0, errMemory
			}
		}
		return v + 1./9, nil
	}
}

// optimize runs a study and returns its trials and their descriptions; ok is false if it
// could not, which is reported.
func optimize(r reporter, o search.StudyOptions, f search.Objective, trials, jobs int) (all []search.Trial, texts []string, ok bool) {
	r.Helper()
	s, err := search.OpenStudy(r.Context(), o)
	if err == nil {
		err = search.Optimize(r.Context(), s, f, search.OptimizeOptions{Trials: trials, Jobs: jobs})
	}
	if err != nil {
		r.Errorf("a study of %d trials with %d jobs: %v", trials, jobs, err)
		return nil, nil, false
	}
	all = s.Trials()
	return all, describeAll(all), true
}

// checkSamplerJobs runs one study with several numbers of jobs, whose trials take turns
// in other ways: there is one study. One of half the trials is its beginning.
func checkSamplerJobs(r reporter, s subject) {
	n := scaled(20)
	o := search.StudyOptions{Space: s.mixedSpace().Space, Sampler: s.Sampler, Pruner: search.ASHA{}, Seed: 11, Lag: 4}
	checkOneStudy(r, o, n, 1)
}

// checkOneStudy runs a study of n trials with several numbers of jobs, whose trials take
// turns in other ways, and one of half the trials. salt decides the turns.
func checkOneStudy(r reporter, o search.StudyOptions, n int, salt uint64) {
	run := func(trials, jobs int) ([]string, bool) {
		_, got, ok := optimize(r, o, curve(o.Space, rand.New(rand.NewPCG(uint64(jobs), salt))), trials, jobs)
		return got, ok
	}
	want, ok := run(n, 1)
	if !ok {
		return
	}
	if len(want) < n {
		r.Fatalf("a study of %d trials ended after %d", n, len(want))
	}
	for _, jobs := range []int{2, 4} {
		if got, ok := run(n, jobs); ok && difference(got, want) != "" {
			r.Errorf("with %d jobs there is another study than with one: %s", jobs, difference(got, want))
		}
	}
	if got, ok := run(n/2, 4); ok && difference(got, want[:n/2]) != "" {
		r.Errorf("a study of %d trials is not the beginning of one of %d: %s", n/2, n, difference(got, want[:n/2]))
	}
}

// checkFeasible runs studies in which a third of the configurations may not be tried. The
// study asks again for a trial, with those that it has refused behind the history: so the
// history is longer than the trial's number, and no proposal may come twice.
func checkFeasible(r reporter, s subject) {
	feasible := func(p search.Params) bool { return p["batch"] != 64 }
	o := search.StudyOptions{Sampler: s.Sampler, Seed: 13, Lag: 4, Feasible: feasible}
	run := func(space namedSpace, trials, jobs int) (all []search.Trial, texts []string, ok bool) {
		o.Space = space.Space
		return optimize(r, o, curve(space.Space, rand.New(rand.NewPCG(uint64(jobs), 4))), trials, jobs)
	}
	n := scaled(12)
	all, want, ok := run(s.mixedSpace(), n, 1)
	if !ok {
		return
	}
	if len(all) < n || slices.ContainsFunc(all, func(t search.Trial) bool { return !feasible(t.Params) }) {
		r.Errorf("of %d trials, all feasible, there are %q", n, want)
	}
	if _, got, ok := run(s.mixedSpace(), n, 4); ok && difference(got, want) != "" {
		r.Errorf("with 4 jobs there is another study than with one: %s", difference(got, want))
	}
	space := s.finiteSpaces()[2]
	size, _ := space.Size()
	all, _, ok = run(space, 0, 1)
	if found := len(configurations(space.Space, all)); ok && (found != size*2/3 || found != len(all)) && !s.options.Partial {
		r.Errorf("%s: %d trials of %d configurations were made, of %d that are feasible", space.name, len(all), found, size*2/3)
	}
}

// checkResume opens a study again from its journal as it was after each of its trials:
// the next trial is that of the study that went on.
func checkResume(r reporter, s subject) {
	j := search.NewMemoryJournal()
	o := search.StudyOptions{Space: s.mixedSpace().Space, Directions: []search.Direction{search.Maximize}, Sampler: s.Sampler, Seed: 12, Journal: j, Worker: "worker"}
	want, _, ok := optimize(r, o, curve(o.Space, rand.New(rand.NewPCG(1, 3))), scaled(16), 1)
	if !ok {
		return
	}
	var ops []search.Op
	trial := 0
	for op, err := range j.Read(r.Context(), 0) {
		if err != nil {
			r.Fatalf("reading the journal: %v", err)
		}
		if op.Code == search.CreateTrial {
			o.Sampler = s.another().Sampler
			got, err := resumed(r.Context(), o, ops)
			if err != nil {
				r.Errorf("opened again after %d trials: %v", trial, err)
				return
			}
			expected := want[trial]
			expected.State, expected.Values, expected.Reports, expected.Error = search.Running, nil, nil, ""
			if describe(got) != describe(expected) {
				r.Errorf("opened again after %d trials:\ngot  %s\nwant %s", trial, describe(got), describe(expected))
			}
			trial++
		}
		ops = append(ops, op)
	}
	if trial != len(want) {
		r.Errorf("the journal has %d trials, the study %d", trial, len(want))
	}
}

// resumed opens a study that stands at the end of some operations and asks for a trial.
func resumed(ctx context.Context, o search.StudyOptions, ops []search.Op) (search.Trial, error) {
	o.Journal = search.NewMemoryJournal()
	if err := o.Journal.Update(ctx, 0, func([]search.Op) ([]search.Op, error) { return ops, nil }); err != nil {
		return search.Trial{}, err
	}
	s, err := search.OpenStudy(ctx, o)
	if err != nil {
		return search.Trial{}, err
	}
	return s.Ask(ctx)
}
