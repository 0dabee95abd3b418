//go:build amd64 && !noasm

package kernel

import "math"

// The forms of the elementwise kernels in assembly; n is a multiple of Lane.
type (
	activateKernel     func(y, z *float32, n int)
	activateGradKernel func(dz, dy, saved *float32, n int)

	// stepKernels has one for each Optimizer; rule points to Rule.Rate. A plain one
	// is for rules without decay and gradient scale.
	stepKernels struct {
		sgd                         func(rule, w, grad *float32, n int)
		momentum, nesterov, rmsprop func(rule, w, grad, moment *float32, n int)
		adam, adamPlain             func(rule, w, grad, m, v *float32, n int)
	}
)

func activateWith(kernels [GELU + 1]activateKernel) func(f Activation, y, z []float32) {
	return func(f Activation, y, z []float32) {
		if len(y) > 0 {
			kernels[f](&y[0], &z[0], len(y))
		}
	}
}

func activateGradWith(kernels [GELU + 1]activateGradKernel) func(f Activation, dz, dy, saved []float32) {
	return func(f Activation, dz, dy, saved []float32) {
		if len(dz) > 0 {
			kernels[f](&dz[0], &dy[0], &saved[0], len(dz))
		}
	}
}

func stepWith(k stepKernels) func(r *Rule, w, g, m, v []float32) {
	return func(r *Rule, w, g, m, v []float32) {
		if len(w) == 0 {
			return
		}
		switch r.Optimizer {
		case SGD:
			k.sgd(&r.Rate, &w[0], &g[0], len(w))
		case Momentum:
			k.momentum(&r.Rate, &w[0], &g[0], &m[0], len(w))
		case Nesterov:
			k.nesterov(&r.Rate, &w[0], &g[0], &m[0], len(w))
		case RMSprop:
			k.rmsprop(&r.Rate, &w[0], &g[0], &v[0], len(w))
		case Adam:
			if r.Decay == 0 && r.GradScale == 1 {
				k.adamPlain(&r.Rate, &w[0], &g[0], &m[0], &v[0], len(w))
				return
			}
			k.adam(&r.Rate, &w[0], &g[0], &m[0], &v[0], len(w))
		}
	}
}

func sumSquaresWith(kernel func(x *float32, n int) float64) func(x []float32) float64 {
	return func(x []float32) float64 {
		n := len(x) &^ (Lane - 1)
		sum := sumSquares(x[n:])
		if n > 0 {
			sum += kernel(&x[0], n)
		}
		return sum
	}
}

func dropoutWith(kernel func(dst, src *float32, rows, stride int, key, column, threshold uint32, scale float32)) func(dst, src []float32, lo, hi, stride, column int, mask Mask) {
	return func(dst, src []float32, lo, hi, stride, column int, mask Mask) {
		if lo < hi {
			kernel(&dst[0], &src[0], hi-lo, stride, mask.key+uint32(lo), uint32(column), mask.threshold, mask.Scale)
		}
	}
}

// softmaxRows is how many rows the softmax kernels are given at a time.
const softmaxRows = 64

// softmaxLanes holds what the softmax kernels want to know about the columns:
// which ones count, and what to put in the place of the others.
type softmaxLanes [2][PanelWidth]uint32

func newSoftmaxLanes(cols int) (l softmaxLanes) {
	for j := range l[0] {
		if j < cols {
			l[0][j] = math.MaxUint32
		} else {
			l[1][j] = math.Float32bits(float32(math.Inf(-1)))
		}
	}
	return l
}

// softmaxResult is what a softmax kernel says about each row.
type softmaxResult struct {
	sum, top [softmaxRows]float32
	argmax   [softmaxRows]int32
}

func softmaxAVX512(dz, z []float32, l *softmaxLanes, r *softmaxResult, rows, stride int, scale, offset float32) {
	switch stride {
	case 16:
		softmax512x1(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	case 32:
		softmax512x2(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	case 48:
		softmax512x3(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	default:
		softmax512x4(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	}
}

func softmaxAVX2(dz, z []float32, l *softmaxLanes, r *softmaxResult, rows, stride int, scale, offset float32) {
	switch stride {
	case 16:
		softmax2x2(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	case 32:
		softmax2x4(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	case 48:
		softmax2x6(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	default:
		softmax2x8(&dz[0], &z[0], &l[0][0], &r.sum[0], &r.top[0], &r.argmax[0], rows, scale, offset)
	}
}

func crossEntropyAVX512(dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int) {
	return crossEntropySIMD(true, dz, z, labels, eps)
}

func crossEntropyAVX2(dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int) {
	return crossEntropySIMD(false, dz, z, labels, eps)
}

// crossEntropySIMD goes through the rows in one panel; more classes than that are
// left to plain Go. Its probabilities are float32, its sum of losses float64. wide
// chooses the kernels: they are called directly, so that nothing escapes.
func crossEntropySIMD(wide bool, dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int) {
	if z.Cols > PanelWidth {
		return crossEntropy(dz, z, labels, eps)
	}
	var (
		stride  = paddedCols(z.Cols)
		lanes   = newSoftmaxLanes(z.Cols)
		r       softmaxResult
		scratch [softmaxRows * PanelWidth]float32 // where no gradient is wanted
		inv     = 1 / float64(len(labels))
		offset  = float32(eps / float64(z.Cols) * inv)
		hit     = float32((1 - eps) * inv)
	)
	for lo := 0; lo < len(labels); lo += softmaxRows {
		rows := labels[lo:min(lo+softmaxRows, len(labels))]
		in, out := z.Data[lo*stride:], scratch[:]
		if dz.Data != nil {
			out = dz.Data[lo*stride:]
		}
		if wide {
			softmaxAVX512(out, in, &lanes, &r, len(rows), stride, float32(inv), offset)
		} else {
			softmaxAVX2(out, in, &lanes, &r, len(rows), stride, float32(inv), offset)
		}
		for i, label := range rows {
			logits := in[i*stride:][:z.Cols]
			loss += math.Log(float64(r.sum[i])) - (1-eps)*(float64(logits[label])-float64(r.top[i]))
			if eps > 0 {
				for _, v := range logits {
					loss -= eps / float64(z.Cols) * (float64(v) - float64(r.top[i]))
				}
			}
			if r.argmax[i] == int32(label) {
				correct++
			}
			out[i*stride+int(label)] -= hit
		}
	}
	return loss * inv, correct
}
