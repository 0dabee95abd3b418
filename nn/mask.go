package nn

import "mnisttune/nn/internal/kernel"

// Mask says which units of a hidden layer dropout keeps in a step (Srivastava et al.
// 2014, in the inverted form: what is kept is divided by 1-Dropout). It depends on the
// seed, the step and the layer alone, so that every backend can drop the same units.
type Mask struct{ mask kernel.Mask }

// Mask returns the mask of a hidden layer, from 0, at a step, from 0 and counted over the
// whole training. Without dropout it keeps everything.
func (c Config) Mask(layer, step int) Mask {
	return Mask{kernel.NewMask(c.Dropout, maskSeed(c.Seed), step, layer)}
}

func maskSeed(seed uint64) uint64 { return stream(seed, purposeDropout, 0) }

// Keep reports whether a unit is kept for a row of the batch. Which row of the batch is
// which row of the data is up to the backend; the usual order is that of Step's rows.
func (m Mask) Keep(row, unit int) bool { return m.mask.Keep(row, unit) }

// Scale returns what is kept is multiplied by, 1/(1-Dropout).
func (m Mask) Scale() float32 { return m.mask.Scale }

// Fill writes the factors of the first rows to dst [rows, units] row-major: Scale where a
// unit is kept, else zero. len(dst) is a multiple of rows.
func (m Mask) Fill(dst []float32, rows int) { m.mask.Fill(dst, rows) }

// Numbers returns what Keep works with, for those who work out the mask elsewhere: a unit
// is kept if mix(mix(key+row)+unit), in 32 bits, is not below the threshold, where mix(x) is
//
//	x = (x ^ x>>16) * 0x7feb352d
//	x = (x ^ x>>15) * 0x846ca68b
//	x ^ x>>16
func (m Mask) Numbers() (key, threshold uint32) { return m.mask.Numbers() }
