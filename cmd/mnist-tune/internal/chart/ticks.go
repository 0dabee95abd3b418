package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks labels an axis at multiples of 1, 2 or 5 times a power of ten, all with as many
// decimals.
type ticks struct{ whole bool } // whole: at integers only

var _ plot.Ticker = ticks{}

// maxTicks is how many labels there may be.
const maxTicks = 8

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) (out []plot.Tick) {
	step, decimals := t.step(high - low)
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		out = append(out, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step, 'f', decimals, 64)})
	}
	return out
}

// step returns the smallest step that gives at most maxTicks labels on a span, and how
// many decimals its multiples have.
func (t ticks) step(span float64) (step float64, decimals int) {
	power := int(math.Floor(math.Log10(span / maxTicks)))
	if t.whole {
		power = max(power, 0)
	}
	for ; ; power++ {
		for _, x := range []float64{1, 2, 5} {
			if step = x * math.Pow10(power); span/step <= maxTicks-1 {
				return step, max(0, -power)
			}
		}
	}
}
