package compare

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mnisttune/search"
)

// Run does the studies of all methods and scores what they recommend. When ctx is done,
// or a study or its journal fails, it returns what there is with the error: studies that
// are not finished are among the Result's, but count in no summary. A trial that fails
// fails nothing else. Bad input gives an error and no Result.
func Run(ctx context.Context, c Config) (*Result, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	r := &run{Config: c, studies: make([][]*Study, len(c.Methods))}
	for m := range r.studies {
		r.studies[m] = make([]*Study, c.Seeds)
	}
	if err = r.search(ctx); err == nil && c.Score != nil {
		err = r.score(ctx)
	}
	return r.result(), err
}

// run is a comparison that is being made.
type run struct {
	Config
	studies  [][]*Study // [method][seed], nil before a study begins
	progress sync.Mutex
	done     int // studies that the current phase is done with
}

// search does all studies.
func (r *run) search(ctx context.Context) error {
	methods := len(r.Methods)
	return r.each(ctx, methods*r.Seeds, func(ctx context.Context, i int) error {
		seed := i / methods
		m := (i + seed) % methods // the first method moves on from seed to seed
		s, err := r.study(ctx, r.Methods[m], r.FirstSeed+uint64(seed))
		r.studies[m][seed] = s
		if err != nil {
			return fmt.Errorf("compare: %s, seed %d: %w", r.Methods[m].Name, r.FirstSeed+uint64(seed), err)
		}
		r.tell(r.Methods[m].Name, s, false, methods*r.Seeds)
		return nil
	})
}

// study does one study, or goes on with it. What there is of it is returned also with an
// error.
func (r *run) study(ctx context.Context, m Method, seed uint64) (s *Study, err error) {
	t := &timer{Sampler: m.Sampler, clock: r.Clock}
	o := search.StudyOptions{
		Name: m.Name, Space: r.spaceOf(m), Directions: []search.Direction{r.Direction}, Sampler: t.like(), Pruner: r.Pruner, Seed: seed, Lag: r.Lag,
	}
	s = &Study{Seed: seed}
	if r.Keep != nil {
		done, keepErr := r.Keep(ctx, m.Name, &o)
		if keepErr != nil {
			return s, keepErr
		}
		if done != nil {
			defer func() { err = errors.Join(err, done()) }()
		}
	}
	study, err := search.OpenStudy(ctx, o)
	if err != nil {
		return s, err
	}
	s.study = study
	for _, t := range study.Trials() {
		if t.State.Finished() {
			s.Earlier++
		}
	}
	err = search.Optimize(ctx, study, r.Objective(seed), search.OptimizeOptions{Trials: r.Trials, Clock: r.Clock})
	if errors.Is(err, search.ErrAllFailed) {
		err = nil
	}
	s.read(r.Direction, study.Trials(), r.Trials)
	s.Exhausted = t.exhausted
	s.Finished = err == nil && (s.Exhausted || len(s.Trials) == r.Trials)
	return s, err
}

// each calls work for 0 to n-1, in this order, in up to Jobs goroutines. The first error
// ends it and is returned.
func (r *run) each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.done = 0
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(r.Jobs, n) {
		workers.Go(func() {
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// tell tells of a study that the current phase is done with.
func (r *run) tell(method string, s *Study, scored bool, total int) {
	r.progress.Lock()
	defer r.progress.Unlock()
	r.done++
	if r.OnProgress != nil {
		r.OnProgress(Progress{Method: method, Study: *s, Scored: scored, Done: r.done, Total: total})
	}
}
