package searchtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"mnisttune/search"
)

// checkProposals runs short studies in spaces of every kind.
func checkProposals(r reporter, s subject) {
	for i, space := range s.openSpaces() {
		d := search.Direction(1 + i%2)
		st := study{space: space, direction: d, seed: uint64(i), lag: 1 + i%3, finish: finishMixed(space.Space)}
		st.run(r, s, scaled(12)) // ask reports what is wrong
	}
}

// checkExhaustion uses finite spaces up: with trials that still run, with trials that
// somebody else had made, some of them twice or not of the space at all.
func checkExhaustion(r reporter, s subject) {
	for _, space := range s.finiteSpaces() {
		size, _ := space.Size()
		others := complete(space, points(space.Space, size/2))
		for i, lag := range []int{1, 3} {
			start := [][]search.Trial{nil, numbered(others, others, foreign(space.Space))}[i]
			st := study{space: space, direction: search.Maximize, seed: 1, lag: lag, finish: finishMixed(space.Space), trials: start}
			want := size - len(configurations(space.Space, start))
			exhausted, ok := st.run(r, s, want+1)
			if !ok {
				break
			}
			if got := len(st.trials) - len(start); !exhausted || got != want && !s.options.Partial {
				r.Errorf("%s, %d tried before: %d more proposals, exhausted %v; want %d, true", space.name, size-want, got, exhausted, want)
			}
			for range 2 { // and it stays so
				if p, ok := ask(r, s, st.next(s)); ok && !p.exhausted {
					r.Errorf("%s: exhausted, and then %v", space.name, p)
				}
			}
		}
	}
}

// checkRequests asks the same requests, of several studies, in their order, in the
// opposite order, from many goroutines and with other numbers of processors.
func checkRequests(r reporter, s subject) {
	var requests []request
	for i, space := range []namedSpace{s.mixedSpace(), s.openSpaces()[0], s.finiteSpaces()[2]} {
		st := study{space: space, direction: search.Minimize, seed: uint64(i), lag: 2, finish: finishMixed(space.Space)}
		for range scaled(7) {
			requests = append(requests, st.next(s))
			if _, ok := st.run(r, s, 1); !ok {
				return
			}
		}
	}
	answers := func(s subject, order func(i int) int, workers int) []string {
		out := make([]string, len(requests))
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				for i := w; i < len(requests); i += workers {
					p, _ := ask(r, s, requests[order(i)])
					out[order(i)] = p.String()
				}
			})
		}
		all.Wait()
		return out
	}
	same := func(i int) int { return i }
	reversed := func(i int) int { return len(requests) - 1 - i }
	want := answers(s, same, 1)
	compare := func(how string, got []string) {
		for i := range want {
			if got[i] != want[i] {
				q := requests[i]
				r.Errorf("%s, trial %d %s:\ngot  %s\nwant %s", q.space.name, len(q.history), how, got[i], want[i])
				return
			}
		}
	}
	compare("in the opposite order of calls", answers(s, reversed, 1))
	compare("asked of another sampler in the opposite order", answers(s.another(), reversed, 1))
	compare("from several goroutines at once", answers(s, same, 4))
	processors := runtime.GOMAXPROCS(1)
	one := answers(s, same, 1)
	runtime.GOMAXPROCS(2)
	two := answers(s, same, 1)
	runtime.GOMAXPROCS(processors)
	compare("with one processor", one)
	compare("with two processors", two)
}

// checkObjectives asks for a study of two objectives: a sampler may refuse that, but not
// by a panic.
func checkObjectives(r reporter, s subject) {
	space := s.mixedSpace()
	history := complete(space, points(space.Space, 12))
	for i := range history {
		history[i].Values = append(history[i].Values, -history[i].Values[0])
	}
	for _, history := range [][]search.Trial{nil, history} {
		req := request{space: space, direction: search.Minimize}.request(history)
		req.Directions = append(req.Directions, search.Maximize)
		err := guard(func() {
			if p, err := s.Sample(r.Context(), req); err == nil {
				if _, err := space.Check(p); err != nil {
					r.Errorf("two objectives: %v is not of the space: %v", p, err)
				}
			}
		})
		if err != nil {
			r.Errorf("two objectives: %v", err)
		}
	}
}

// checkContext asks when there is no time: the cause comes back, at once. A sampler that
// was so quick that it did not look is told to look.
func checkContext(r reporter, s subject) {
	cause := errors.New("the power is going down")
	space := s.mixedSpace()
	history := complete(space, points(space.Space, 20))
	for _, history := range [][]search.Trial{nil, history} {
		ctx, cancel := context.WithCancelCause(r.Context())
		cancel(cause)
		var err error
		ended := inTime(r, func() {
			_, err = s.Sample(ctx, request{space: space, direction: search.Minimize}.request(history))
		})
		switch {
		case !ended:
			r.Fatalf("a call with a context that is done does not return")
		case !errors.Is(err, cause):
			r.Errorf("with %d trials and a context that is done: got the error %v, want one that wraps the context's cause", len(history), err)
		}
	}
}

// checkValueBlind gives a sampler that says it reads no results the same parameters with
// other results.
func checkValueBlind(r reporter, s subject) {
	for _, space := range []namedSpace{s.mixedSpace(), s.finiteSpaces()[2]} {
		st := study{space: space, direction: search.Minimize, seed: 3, finish: finishMixed(space.Space)}
		for range scaled(10) {
			first, ok := ask(r, s, request{space: space, direction: search.Minimize, history: st.trials, seed: 3})
			if !ok {
				return
			}
			for how, history := range map[string][]search.Trial{"hidden": hidden(st.trials, 0), "other": otherResults(st.trials)} {
				p, ok := ask(r, s, request{space: space, direction: search.Minimize, history: history, seed: 3})
				if ok && p.String() != first.String() {
					r.Errorf("%s, trial %d with %s results: got %v, want %v", space.name, len(st.trials), how, p, first)
				}
			}
			if _, ok := st.run(r, s, 1); !ok {
				return
			}
		}
	}
}

// otherResults returns the trials with results that are not theirs.
func otherResults(trials []search.Trial) []search.Trial {
	out := slices.Clone(trials)
	for i := range out {
		out[i].State, out[i].Error = search.Complete, ""
		out[i].Values, out[i].Reports = []float64{float64(7 * i % 5)}, []search.Report{{Step: 3, Value: -1}}
	}
	return out
}

// checkStages looks at the stages that a sampler says it proposes in: one follows on the
// other, and each begins with its first trial.
func checkStages(r reporter, s subject) {
	staged := s.Sampler.(search.Staged)
	for _, space := range append(s.openSpaces(), s.finiteSpaces()...) {
		last := 0
		for n := range 500 {
			first := staged.Stage(space.Space, n)
			bad := ""
			switch {
			case first < 0 || first > n:
				bad = "want 0 to the trial's number"
			case first < last:
				bad = fmt.Sprintf("that of the trial before begins at %d", last)
			case staged.Stage(space.Space, first) != first:
				bad = fmt.Sprintf("but that one's begins at %d", staged.Stage(space.Space, first))
			case staged.Stage(space.Space, n) != first:
				bad = "and another time elsewhere"
			}
			if bad != "" {
				r.Errorf("%s: the stage of trial %d begins at trial %d: %s", space.name, n, first, bad)
				break
			}
			last = first
		}
	}
}
