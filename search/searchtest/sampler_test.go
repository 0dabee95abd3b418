package searchtest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mnisttune/search"
)

// sampler is a function as a sampler.
type sampler func(ctx context.Context, req search.Request) (search.Params, error)

func (f sampler) Sample(ctx context.Context, req search.Request) (search.Params, error) {
	return f(ctx, req)
}

var random = search.Random{}.Sample

// climb is a sampler that reads values and does everything right: near the best trial,
// if there is one, and at random where that was tried.
func climb(ctx context.Context, req search.Request) (search.Params, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	tried := configurations(req.Space, req.History)
	var centre []float64
	best := math.Inf(1)
	for _, t := range req.History {
		v, ok := t.Value()
		if req.Directions[0] == search.Maximize {
			v = -v
		}
		if p, err := req.Space.Check(t.Params); err == nil && ok && v < best {
			best = v
			centre, _ = req.Space.Encode(p)
		}
	}
	for range 10 {
		u := make([]float64, req.Space.Len())
		for i := range u {
			if u[i] = req.Rand.Float64(); centre != nil {
				u[i] = centre[i] + 0.1*(u[i]-0.5)
			}
		}
		if p := req.Space.Decode(u); !tried[req.Space.Key(p)] {
			return p, nil
		}
	}
	return random(ctx, req)
}

func TestRightSamplersPass(t *testing.T) {
	t.Run("reads no values", func(t *testing.T) { Sampler(t, search.Random{}) })
	t.Run("reads values", func(t *testing.T) { Sampler(t, sampler(climb)) })
	t.Run("with a parameter", func(t *testing.T) {
		SamplerWith(t, sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if _, ok := req.Space.Param("budget"); !ok {
				return nil, errors.New("no budget")
			}
			return climb(ctx, req)
		}), SamplerOptions{Params: []string{"budget=1..3"}})
	})
}

// after returns a sampler that changes what Random proposes.
func after(change func(req search.Request, p search.Params) search.Params) sampler {
	return func(ctx context.Context, req search.Request) (search.Params, error) {
		p, err := random(ctx, req)
		if err == nil {
			p = change(req, p)
		}
		return p, err
	}
}

// before returns a sampler that does something first.
func before(do func(req search.Request)) sampler {
	return func(ctx context.Context, req search.Request) (search.Params, error) {
		if ctx.Err() == nil {
			do(req)
		}
		return random(ctx, req)
	}
}

// drawn returns a sampler whose random source is of its own.
func drawn(source func(req search.Request) *rand.Rand) sampler {
	return func(ctx context.Context, req search.Request) (search.Params, error) {
		req.Rand = source(req)
		return random(ctx, req)
	}
}

type (
	blind  struct{ sampler }
	staged struct {
		sampler
		stage func(n int) int
	}
)

func (blind) ValueBlind()                        {}
func (s staged) Stage(_ search.Space, n int) int { return s.stage(n) }

// sumOfValues depends on every result.
func sumOfValues(req search.Request) *rand.Rand {
	sum := 0.0
	for _, t := range req.History {
		v, _ := t.Value()
		sum += v * float64(t.Number+1)
	}
	return rand.New(rand.NewPCG(math.Float64bits(sum), 1))
}

func wrongSamplers(block <-chan struct{}) []wrong[subject] {
	one := func(name string, s search.Sampler, checks ...string) wrong[subject] {
		return wrong[subject]{name, func(*testing.T) subject { return subject{Sampler: s} }, checks}
	}
	var calls atomic.Uint64
	memory := func() search.Sampler {
		var best atomic.Uint64 // what it has proposed before
		return drawn(func(req search.Request) *rand.Rand {
			return rand.New(rand.NewPCG(best.Swap(req.Seed+uint64(req.Number)), uint64(req.Number)))
		})
	}
	refuse := errors.New("nothing is left")
	return []wrong[subject]{
		one("one configuration for ever", after(func(req search.Request, p search.Params) search.Params {
			return req.Space.Decode(make([]float64, req.Space.Len()))
		}), "proposals", "exhaustion", "histories"),
		one("now and then out of the range", after(func(req search.Request, p search.Params) search.Params {
			if req.Number == 3 {
				p[req.Space.Params()[0].Name] = 1e308
			}
			return p
		}), "proposals", "requests"),
		one("a parameter that does not take part", after(func(req search.Request, p search.Params) search.Params {
			if _, ok := req.Space.Param("momentum"); ok {
				p["momentum"] = 0.5
			}
			return p
		}), "proposals"),
		one("nothing", after(func(search.Request, search.Params) search.Params { return nil }), "proposals"),
		one("an attribute that is no JSON", before(func(req search.Request) { req.Attrs["score"] = math.NaN() }), "proposals"),
		one("repeats at the end", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			p, err := random(ctx, req)
			if errors.Is(err, search.ErrExhausted) {
				return req.Space.Decode(make([]float64, req.Space.Len())), nil
			}
			return p, err
		}), "exhaustion"),
		one("another error at the end", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			p, err := random(ctx, req)
			if errors.Is(err, search.ErrExhausted) {
				err = refuse
			}
			return p, err
		}), "exhaustion"),
		one("ends with one left", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if n, finite := req.Space.Size(); finite && len(configurations(req.Space, req.History)) == n-1 {
				return nil, search.ErrExhausted
			}
			return random(ctx, req)
		}), "exhaustion"),
		one("counts trials of other spaces", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if n, finite := req.Space.Size(); finite && len(req.History) >= n {
				return nil, search.ErrExhausted
			}
			return random(ctx, req)
		}), "exhaustion"),
		one("the clock", drawn(func(search.Request) *rand.Rand { return rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)) }), "requests", "jobs", "resume"),
		one("the global source", drawn(func(search.Request) *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), 1)) }), "requests", "jobs", "resume"),
		one("a counter", drawn(func(search.Request) *rand.Rand { return rand.New(rand.NewPCG(calls.Add(1), 1)) }), "requests", "jobs", "resume"),
		one("the number of processors", drawn(func(req search.Request) *rand.Rand {
			return rand.New(rand.NewPCG(uint64(runtime.GOMAXPROCS(0)), uint64(req.Number)))
		}), "requests"),
		{"what it remembers", func(*testing.T) subject {
			return subject{memory(), SamplerOptions{Another: memory}}
		}, []string{"requests", "resume"}},
		one("the time that trials took", drawn(func(req search.Request) *rand.Rand {
			sum := 0.0
			for _, t := range req.History {
				sum += t.Seconds
			}
			return rand.New(rand.NewPCG(math.Float64bits(sum), uint64(req.Number)))
		}), "jobs"),
		one("sorts the history", before(func(req search.Request) {
			slices.SortStableFunc(req.History, func(a, b search.Trial) int { return b.Number - a.Number })
		}), "proposals", "histories"),
		one("writes into the history", before(func(req search.Request) {
			for _, t := range req.History {
				for i := range t.Values {
					t.Values[i] = -t.Values[i]
				}
			}
		}), "proposals", "histories"),
		one("completes the history's parameters", before(func(req search.Request) {
			for _, t := range req.History {
				if t.Params != nil {
					t.Params["lr"] = 1.0
				}
			}
		}), "proposals"),
		one("appends to the history", before(func(req search.Request) { _ = append(req.History, search.Trial{Number: 1}) }), "proposals"),
		one("turns the direction", before(func(req search.Request) { req.Directions[0] = search.Minimize }), "proposals"),
		one("does not look at the context", sampler(func(_ context.Context, req search.Request) (search.Params, error) {
			return random(context.Background(), req)
		}), "context"),
		one("the context's error without its cause", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return random(ctx, req)
		}), "context"),
		one("does not come back", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if ctx.Err() != nil {
				<-block
			}
			return random(ctx, req)
		}), "context"),
		one("wants a value of complete trials", before(func(req search.Request) {
			for _, t := range req.History {
				if t.State == search.Complete {
					_ = t.Values[0]
				}
			}
		}), "histories"),
		one("trusts the types of parameters", before(func(req search.Request) {
			for _, t := range req.History {
				if v, ok := t.Params["lr"]; ok {
					_ = v.(float64)
				}
			}
		}), "histories"),
		one("wants one success", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if len(req.History) > 9 && !slices.ContainsFunc(req.History, func(t search.Trial) bool { return t.State == search.Complete }) {
				return nil, errors.New("every trial failed")
			}
			return random(ctx, req)
		}), "histories"),
		one("wants numbers", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			for _, t := range req.History {
				if v, ok := t.Value(); ok && math.IsNaN(v) {
					return nil, errors.New("the value is NaN")
				}
			}
			return random(ctx, req)
		}), "histories"),
		one("forgets what failed", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			req.History = slices.DeleteFunc(slices.Clone(req.History), func(t search.Trial) bool { return t.State == search.Failed })
			return random(ctx, req)
		}), "exhaustion"),
		one("trusts its attributes", before(func(req search.Request) {
			for _, t := range req.History {
				var n int
				if raw, ok := t.Attrs["mine"]; ok && json.Unmarshal(raw, &n) != nil {
					panic("this is not what I wrote")
				}
			}
			req.Attrs["mine"] = req.Number
		}), "attributes"),
		one("takes the history for the trials before it", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			req.History = req.History[:req.Number]
			return random(ctx, req)
		}), "feasible"),
		one("numbers trials by the history", sampler(func(ctx context.Context, req search.Request) (search.Params, error) {
			if len(req.History) != req.Number {
				return nil, errors.New("the history and the number differ")
			}
			return random(ctx, req)
		}), "feasible"),
		one("wants one objective", before(func(req search.Request) {
			if len(req.Directions) > 1 {
				panic("one objective, please")
			}
		}), "objectives"),
		one("only says that it reads no values", blind{drawn(sumOfValues)}, "value blind"),
		one("a stage that is to come", staged{climb, func(n int) int { return n + 1 }}, "stages"),
		one("stages that go back", staged{climb, func(n int) int { return max(0, 10-n) }}, "stages"),
		one("stages that begin in other stages", staged{climb, func(n int) int { return max(0, n-3) }}, "stages"),
		one("stages of any length", staged{climb, func(n int) int { return int(calls.Add(1)) % (n + 1) }}, "stages"),
	}
}

func TestWrongSamplersFail(t *testing.T) {
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	mustFail(t, func(s subject) []check[subject] { return samplerChecks(s.Sampler) }, wrongSamplers(block))
}
