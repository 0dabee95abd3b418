package importance

import (
	"errors"
	"math"
	"slices"

	"mnisttune/search"
)

// Share is the importance of one parameter.
type Share struct {
	Parameter string
	// Value is the share of the whole; the shares of all parameters add up to 1, or are
	// all 0 where nothing can be told apart. FANOVA leaves out what parameters do
	// together, so that its shares are of what they do alone.
	Value float64
	// SD is the standard deviation over the trees of a forest, on the scale of Value; 0
	// for PEDANOVA.
	SD float64
}

// ErrTooFewTrials says that there are fewer than two complete trials.
var ErrTooFewTrials = errors.New("importance: fewer than two complete trials")

// observed is the complete trials that belong to the space.
type observed struct {
	space  search.Space
	params []search.Param
	trials []search.Params
	values []float64 // divided by a power of two so that none is beyond -1 and 1
}

// observe takes over the complete trials with finite values.
func observe(space search.Space, trials []search.Trial) (*observed, error) {
	o := &observed{space: space, params: space.Params()}
	for _, t := range trials {
		value, ok := t.Value()
		p, err := space.Check(t.Params)
		if t.State != search.Complete || !ok || math.IsNaN(value) || math.IsInf(value, 0) || err != nil {
			continue
		}
		o.trials, o.values = append(o.trials, p), append(o.values, value)
	}
	if len(o.values) < 2 {
		return nil, ErrTooFewTrials
	}
	top := 0.0
	for _, v := range o.values {
		top = max(top, math.Abs(v))
	}
	_, exponent := math.Frexp(top)
	for i, v := range o.values {
		o.values[i] = math.Ldexp(v, -exponent)
	}
	return o, nil
}

// share turns importances into shares of their sum, the greatest first.
func (o *observed) share(values, deviations []float64) []Share {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	out := make([]Share, len(values))
	for i, p := range o.params {
		out[i].Parameter = p.Name
		if sum > 0 {
			out[i].Value = values[i] / sum
			if deviations != nil {
				out[i].SD = deviations[i] / sum
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Share) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
	return out
}

// position is where a number lies in the range of its parameter, 0 to 1 from end to end
// on its scale.
func position(p search.Param, v any) float64 {
	x, low, high := toFloat(v), p.Low, p.High
	if p.Log {
		x, low, high = math.Log(x), math.Log(low), math.Log(high)
	}
	if high == low {
		return 0
	}
	return (x - low) / (high - low)
}

func toFloat(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int:
		return float64(x)
	}
	return math.NaN()
}

// choice returns which of its values a parameter with a list has.
func choice(p search.Param, v any) int { return slices.Index(p.Values, v) }

// listed reports whether a parameter's values are a list.
func listed(p search.Param) bool { return len(p.Values) > 0 }
