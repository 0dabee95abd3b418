package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Every random draw of a training comes from (seed, purpose, index).
const (
	purposeWeights = iota + 1 // index: the layer
	purposeShuffle            // index: the epoch
	purposeDropout            // the masks derive the rest from step and layer
)

// stream returns a seed of its own for a purpose and an index: SplitMix64
// (Steele, Lea & Flood 2014) over the three numbers.
func stream(seed, purpose, index uint64) uint64 {
	h := seed
	for _, v := range [...]uint64{purpose, index} {
		h += 0x9e3779b97f4a7c15 * (v + 1)
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

func newRand(seed, purpose, index uint64) *rand.Rand {
	s := stream(seed, purpose, index)
	return rand.New(rand.NewPCG(s, s^0xda942042e4dd58b5))
}

// shuffled fills order with 0..len(order)-1 in the epoch's order.
func shuffled(order []int32, seed uint64, epoch int) {
	for i := range order {
		order[i] = int32(i)
	}
	r := newRand(seed, purposeShuffle, uint64(epoch))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

// InitialState draws the weights that a training starts from: Glorot uniform,
// +-sqrt(6 / (in + out)), and zero biases (Glorot & Bengio 2010; Keras's default).
func InitialState(c Config, features, classes int) State {
	var s State
	in := features
	for layer, out := range append(c.LayerWidths(), classes) {
		limit := math.Sqrt(6 / float64(in+out))
		r := newRand(c.Seed, purposeWeights, uint64(layer))
		w := make([]float32, in*out)
		for i := range w {
			w[i] = float32((2*r.Float64() - 1) * limit)
		}
		s.Weights = append(s.Weights,
			Tensor{Name: fmt.Sprintf("layers.%d.weight", layer), Shape: []int{in, out}, Data: w},
			Tensor{Name: fmt.Sprintf("layers.%d.bias", layer), Shape: []int{out}, Data: make([]float32, out)})
		in = out
	}
	return s
}
