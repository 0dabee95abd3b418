package searchtest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"mnisttune/search"
)

// Sampler checks that s keeps the contract of search.Sampler:
//
//   - Proposals belong to the space, whatever parameters it has, and none comes twice.
//   - ErrExhausted comes exactly when a finite space is used up, by whomever, and stays.
//   - A proposal depends on the request alone: not on the calls before it, on those at
//     the same time, on time or on the number of processors; nor, for a ValueBlind
//     sampler, on results.
//   - The history is only read.
//   - No history is an error or a panic: values of any size or none, failed, pruned,
//     waiting and foreign trials, other programs' NaN, attributes that are not its own.
//   - Where some configurations are not feasible, the others are found, and all of them.
//   - The context's cause comes back when it is done.
//   - A Staged sampler's stages follow on each other.
//   - A study is the same for any number of jobs up to its lag, for any budget, and
//     after every interruption.
//
// The spaces that are not used up say how many points a grid has of each range (n=),
// which a sampler that takes only some of a range must respect.
func Sampler(t *testing.T, s search.Sampler) {
	t.Helper()
	SamplerWith(t, s, SamplerOptions{})
}

// SamplerOptions say what a sampler asks for.
type SamplerOptions struct {
	// Params are parameters without which the sampler cannot do, such as a budget, in
	// the form that search.ParseParam reads. They are added to the end of every space.
	Params []string
	// Partial says that the sampler does not propose all configurations of a finite
	// space: ErrExhausted may come before it is used up.
	Partial bool
	// Another returns a sampler that is made like the first and was asked nothing yet, as
	// another process has it. Give it where a sampler keeps anything between calls.
	// Default: the same one.
	Another func() search.Sampler
}

// SamplerWith is Sampler with options.
func SamplerWith(t *testing.T, s search.Sampler, o SamplerOptions) {
	t.Helper()
	runAll(t, samplerChecks(s), func(*testing.T) subject { return subject{s, o} })
}

// subject is a sampler under test.
type subject struct {
	search.Sampler
	options SamplerOptions
}

// another returns a subject as another process has it.
func (s subject) another() subject {
	if s.options.Another != nil {
		s.Sampler = s.options.Another()
	}
	return s
}

// samplerChecks returns the checks of a sampler, those of its other interfaces included.
func samplerChecks(s search.Sampler) []check[subject] {
	out := []check[subject]{
		{"proposals", checkProposals},
		{"exhaustion", checkExhaustion},
		{"requests", checkRequests},
		{"histories", checkHistories},
		{"attributes", checkAttributes},
		{"objectives", checkObjectives},
		{"context", checkContext},
		{"feasible", checkFeasible},
		{"jobs", checkSamplerJobs},
		{"resume", checkResume},
	}
	if _, ok := s.(search.ValueBlind); ok {
		out = append(out, check[subject]{"value blind", checkValueBlind})
	}
	if _, ok := s.(search.Staged); ok {
		out = append(out, check[subject]{"stages", checkStages})
	}
	return out
}

// request is a question to a sampler that can be asked again.
type request struct {
	space     namedSpace
	direction search.Direction
	history   []search.Trial
	seed      uint64
}

// request returns the question as a study asks it.
func (q request) request(history []search.Trial) search.Request {
	return search.Request{
		Space: q.space.Space, Directions: []search.Direction{q.direction}, History: history, Number: len(history),
		Rand: rand.New(rand.NewPCG(q.seed, uint64(len(history)))), Seed: q.seed, Attrs: make(map[string]any),
	}
}

// proposal is the answer, as a study would keep it.
type proposal struct {
	trial     search.Trial // Running
	exhausted bool
}

func (p proposal) String() string {
	if p.exhausted {
		return "space exhausted"
	}
	return describe(p.trial)
}

// ask asks a sampler and checks what holds of every answer; ok is false if something did
// not, which is reported.
func ask(r reporter, s subject, q request) (p proposal, ok bool) {
	r.Helper()
	n := len(q.history)
	before, history := snapshot(q.history), withRoom(q.history)
	req := q.request(history)
	var params search.Params
	var err error
	panicked := guard(func() { params, err = s.Sample(r.Context(), req) })
	fail := func(format string, args ...any) (proposal, bool) {
		r.Helper()
		r.Errorf("%s, %v, trial %d: "+format, slices.Concat([]any{q.space.name, q.direction, n}, args)...)
		return proposal{}, false
	}
	switch {
	case panicked != nil:
		return fail("%v", panicked)
	case changed(history, before) != "":
		return fail("in the history, which is only to be read, %s", changed(history, before))
	case req.Directions[0] != q.direction:
		return fail("the directions were changed")
	case err != nil && !errors.Is(err, search.ErrExhausted):
		return fail("got the error %v", err)
	}
	tried := configurations(q.space.Space, q.history)
	size, finite := q.space.Size()
	if err != nil {
		if !finite || len(tried) < size && !s.options.Partial {
			return fail("got %v, but only %d configurations are in the history", err, len(tried))
		}
		return proposal{exhausted: true}, true
	}
	checked, err := q.space.Check(params)
	if err != nil {
		return fail("%v is not of the space: %v", params, err)
	}
	if tried[q.space.Key(checked)] {
		return fail("%v is proposed once more (%d different ones are in the history)", checked, len(tried))
	}
	attrs, err := rawAttrs(req.Attrs)
	if err != nil {
		return fail("%v", err)
	}
	return proposal{trial: search.Trial{Number: n, State: search.Running, Params: checked, Attrs: attrs}}, true
}

// study is a simple study: trial by trial, each seeing the results of those up to lag
// trials before it.
type study struct {
	space     namedSpace
	direction search.Direction
	seed      uint64
	lag       int
	// finish gives a trial its outcome.
	finish func(t *search.Trial)
	trials []search.Trial
}

// known returns how many trials' results a sampler may see that chooses trial n.
func (s *study) known(sampler subject, n int) int {
	switch sampler := sampler.Sampler.(type) {
	case search.ValueBlind:
		return 0
	case search.Staged:
		return sampler.Stage(s.space.Space, n)
	}
	return n - s.lag + 1
}

// next returns the request for the next trial.
func (s *study) next(sampler subject) request {
	return request{space: s.space, direction: s.direction, history: hidden(s.trials, s.known(sampler, len(s.trials))), seed: s.seed}
}

// run asks for n more trials; ok is false if a proposal was not as it should be, exhausted
// true if there were no n.
func (s *study) run(r reporter, sampler subject, n int) (exhausted, ok bool) {
	r.Helper()
	for range n {
		p, ok := ask(r, sampler, s.next(sampler))
		if !ok || p.exhausted {
			return p.exhausted, ok
		}
		s.finish(&p.trial)
		s.trials = append(s.trials, p.trial)
	}
	return false, true
}

// finishMixed returns what finishes a trial with its score, every fifth pruned and every
// seventh failed.
func finishMixed(s search.Space) func(t *search.Trial) {
	return func(t *search.Trial) {
		v := score(s, t.Params)
		t.Reports = []search.Report{{Step: 1, Value: 2 * v}, {Step: 2, Value: v}}
		t.State, t.Values = search.Complete, []float64{v}
		switch {
		case t.Number%5 == 3:
			t.State, t.Values, t.Reports = search.Pruned, []float64{2 * v}, t.Reports[:1]
		case t.Number%7 == 2:
			t.State, t.Values, t.Reports, t.Error = search.Failed, nil, nil, "out of memory"
		}
	}
}
