package search

import (
	"context"
	"encoding/json"

	"mnisttune/search/sobol"
)

// Sobol proposes the points of one Sobol sequence, which fill the space more evenly than
// random ones whatever their number; powers of two are best. The sequence is scrambled
// by the study's seed (Owen 1995, see package search/sobol), so every configuration is
// as likely as it is with Random.
//
// It goes on after the last point that the history says it looked at (attribute
// "sobol_point"), so trials that others have made take no points away. Configurations
// that are in the history are passed over; where that happens too often in a row in a
// finite space of at most 65,536 configurations, one is drawn of those that are left.
// When nothing is left it returns ErrExhausted. After 2^32 points it goes on as Random.
type Sobol struct{}

var (
	_ Sampler    = Sobol{}
	_ ValueBlind = Sobol{}
)

// ValueBlind says that Sobol reads no results.
func (Sobol) ValueBlind() {}

const sobolPoint = "sobol_point"

// Sample returns the next point.
func (Sobol) Sample(ctx context.Context, req Request) (Params, error) {
	sequence := sobol.New(req.Space.Len(), req.Seed)
	size, finite := req.Space.Size()
	first := nextPoint(req.History)
	for i := first; i < first+maxRedraws; i++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if i == 1<<sobol.Bits {
			return Random{}.Sample(ctx, req)
		}
		if finite && i == first+redraws && size <= maxCounted {
			req.Attrs[sobolPoint] = i - 1
			return remaining(req, size)
		}
		if p := req.Space.Decode(sequence.Point(uint32(i))); !seen(req, p) {
			req.Attrs[sobolPoint] = i
			return p, nil
		}
	}
	return nil, ErrExhausted
}

// nextPoint returns the number of the first point that was not looked at; those of later
// trials are higher.
func nextPoint(history []Trial) uint64 {
	for i := len(history) - 1; i >= 0; i-- {
		var last uint32
		if raw, mine := history[i].Attrs[sobolPoint]; mine && json.Unmarshal(raw, &last) == nil {
			return uint64(last) + 1
		}
	}
	return 0
}
