package kernel

import "math"

// Mask decides which elements dropout keeps (Srivastava et al. 2014, in the
// inverted form: what is kept is divided by 1-rate). Whether an element is kept
// depends on the key and on its row and column alone, never on the order of the
// computation. Make it with NewMask.
type Mask struct {
	threshold uint32 // an element is kept when its hash is not below
	Scale     float32
	key       uint32
}

// NewMask returns the mask of one layer at one step. rate is in [0, 1).
func NewMask(rate float64, seed uint64, step, layer int) Mask {
	h := seed
	for _, v := range [...]uint64{uint64(step), uint64(layer)} {
		h = mix64(h + 0x9e3779b97f4a7c15*(v+1))
	}
	return Mask{threshold: uint32(rate * math.MaxUint32), Scale: float32(1 / (1 - rate)), key: uint32(h >> 32)}
}

// Keep reports whether the element in row i and column j survives.
func (m Mask) Keep(i, j int) bool {
	return mix32(mix32(m.key+uint32(i))+uint32(j)) >= m.threshold
}

// Fill writes the mask's factors to dst [rows, len(dst)/rows]: Scale for what is kept,
// zero for the rest.
func (m Mask) Fill(dst []float32, rows int) {
	cols := len(dst) / rows
	for i := range rows {
		key := mix32(m.key + uint32(i))
		for j := range cols {
			factor := float32(0)
			if mix32(key+uint32(j)) >= m.threshold {
				factor = m.Scale
			}
			dst[i*cols+j] = factor
		}
	}
}

// Numbers returns what Keep works with: element (i, j) is kept if
// mix32(mix32(key+i)+j) is not below threshold.
func (m Mask) Numbers() (key, threshold uint32) { return m.key, m.threshold }

// mix64 is the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mix32 is the 32-bit finalizer "lowbias32" found by Wellons (2018): every
// input bit flips every output bit with a probability near one half.
func mix32(x uint32) uint32 {
	x = (x ^ x>>16) * 0x7feb352d
	x = (x ^ x>>15) * 0x846ca68b
	return x ^ x>>16
}

// DropoutForward writes a part of dst: the elements of src that the mask keeps,
// scaled, and zero for the others. It serves the forward pass and the gradient
// alike.
func (s *Set) DropoutForward(dst, src Matrix, mask Mask, part Part) {
	dp, stride := dst.Part(part)
	sp, _ := src.Part(part)
	if mask.threshold == 0 {
		copy(dp, sp)
		return
	}
	s.Dropout(dp, sp, part.Lo, part.Hi, stride, part.Panel*PanelWidth, mask)
}

func dropout(dst, src []float32, lo, hi, stride, column int, mask Mask) {
	for i := range hi - lo {
		rowKey := mix32(mask.key+uint32(lo+i)) + uint32(column)
		d, s := dst[i*stride:][:stride], src[i*stride:][:stride]
		for j, x := range s {
			if mix32(rowKey+uint32(j)) >= mask.threshold {
				d[j] = x * mask.Scale
			} else {
				d[j] = 0
			}
		}
	}
}
