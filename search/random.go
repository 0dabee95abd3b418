package search

import (
	"context"
	"maps"
	"math"
	"slices"
)

// Random proposes independent configurations, uniform on the parameters' scales
// (Bergstra & Bengio 2012), and none twice. When a finite space has nothing left
// it returns ErrExhausted.
type Random struct{}

var (
	_ Sampler    = Random{}
	_ ValueBlind = Random{}
)

// ValueBlind says that Random reads no results.
func (Random) ValueBlind() {}

const (
	// redraws is how often a configuration that was there before is drawn anew
	// before those that are left are counted out, in a space of at most
	// maxCounted configurations.
	redraws    = 20
	maxCounted = 1 << 16
	// maxRedraws ends the search for a new one in a larger space.
	maxRedraws = 1 << 20
)

// Sample draws a configuration.
func (Random) Sample(ctx context.Context, req Request) (Params, error) {
	size, finite := req.Space.Size()
	u := make([]float64, req.Space.Len())
	for try := 0; ; try++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if finite && try == redraws && size <= maxCounted {
			return remaining(req, size)
		}
		for i := range u {
			u[i] = req.Rand.Float64()
		}
		p := req.Space.Decode(u)
		if !seen(req, p) {
			return p, nil
		}
		if try == maxRedraws {
			return nil, ErrExhausted
		}
	}
}

// seen reports whether a configuration is in the history. Parameters with many values
// are looked at first.
func seen(req Request, p Params) bool {
	params := req.Space.Params()
	slices.SortStableFunc(params, func(a, b Param) int { return int(a.Kind) - int(b.Kind) })
	first := params[0].Name
	x := number(p[first])
	for i := range req.History {
		q := req.History[i].Params
		if y := number(q[first]); (x == y || math.IsNaN(x)) && maps.EqualFunc(p, q, sameValue) {
			return true
		}
	}
	return false
}

// sameValue reports whether two values are equal; 3 equals 3.0, as another program may
// have written it.
func sameValue(a, b any) bool { return a == b || number(a) == number(b) }

// remaining draws among the configurations that are not in the history.
func remaining(req Request, size int) (Params, error) {
	tried := make(map[string]bool, len(req.History))
	for _, t := range req.History {
		if p, err := req.Space.Check(t.Params); err == nil {
			tried[req.Space.Key(p)] = true
		}
	}
	all, _ := fullLattice(req.Space)
	var left []int
	for cell := range size {
		if !tried[req.Space.Key(all.at(cell))] {
			left = append(left, cell)
		}
	}
	if len(left) == 0 {
		return nil, ErrExhausted
	}
	return all.at(left[req.Rand.IntN(len(left))]), nil
}
