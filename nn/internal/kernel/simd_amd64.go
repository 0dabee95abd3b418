//go:build amd64 && !noasm

package kernel

import (
	"math"

	"golang.org/x/sys/cpu"
)

// simdSets returns the sets of assembly that the processor runs.
func simdSets() []*Set {
	var sets []*Set
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
		sets = append(sets, avx512)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, avx2)
	}
	return sets
}

// What has no kernel of its own runs the plain Go loop.
var (
	avx512 = &Set{
		Name:          "avx512",
		Gemm:          gemmAVX512,
		Compress:      compressAVX512,
		SparseForward: sparseForwardAVX512,
		SparseGradW:   sparseGradWAVX512,
		Activate: func(f Activation, y, z []float32) {
			if f != ReLU || len(y) == 0 {
				activate(f, y, z)
				return
			}
			relu512(&y[0], &z[0], len(y))
		},
		ActivateGrad: func(f Activation, dz, dy, saved []float32) {
			if f != ReLU || len(dz) == 0 {
				activateGrad(f, dz, dy, saved)
				return
			}
			reluGrad512(&dz[0], &dy[0], &saved[0], len(dz))
		},
		CrossEntropy: crossEntropyAVX512,
		Step: func(r *Rule, w, g, m, v []float32) {
			if r.Optimizer != Adam || len(w) == 0 {
				step(r, w, g, m, v)
				return
			}
			adam512(&r.Rate, &w[0], &g[0], &m[0], &v[0], len(w))
		},
		SumSquares: sumSquares,
	}
	avx2 = &Set{
		Name: "avx2",
		Gemm: func(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {
			if rows > 0 {
				gemm2(&c[0], &a[0], &b[0], rows, depth, stride, aRow, aCol, accumulate)
			}
		},
		Compress:      compress,
		SparseForward: sparseForwardAVX2,
		SparseGradW:   sparseGradWAVX2,
		Activate: func(f Activation, y, z []float32) {
			if f != ReLU || len(y) == 0 {
				activate(f, y, z)
				return
			}
			relu2(&y[0], &z[0], len(y))
		},
		ActivateGrad: func(f Activation, dz, dy, saved []float32) {
			if f != ReLU || len(dz) == 0 {
				activateGrad(f, dz, dy, saved)
				return
			}
			reluGrad2(&dz[0], &dy[0], &saved[0], len(dz))
		},
		CrossEntropy: crossEntropy,
		Step: func(r *Rule, w, g, m, v []float32) {
			if r.Optimizer != Adam || len(w) == 0 {
				step(r, w, g, m, v)
				return
			}
			adam2(&r.Rate, &w[0], &g[0], &m[0], &v[0], len(w))
		},
		SumSquares: sumSquares,
	}
)

func gemmAVX512(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {
	if rows == 0 {
		return
	}
	switch stride {
	case 16:
		gemm512x1(&c[0], &a[0], &b[0], rows, depth, aRow, aCol, accumulate)
	case 32:
		gemm512x2(&c[0], &a[0], &b[0], rows, depth, aRow, aCol, accumulate)
	case 48:
		gemm512x3(&c[0], &a[0], &b[0], rows, depth, aRow, aCol, accumulate)
	default:
		gemm512x4(&c[0], &a[0], &b[0], rows, depth, aRow, aCol, accumulate)
	}
}

func compressAVX512(index []int32, first, second []float32, start []int32, base int, pair, ahead BytePair, table *[256]float32) int {
	n, count := len(pair[0])&^(Lane-1), 0
	if n > 0 {
		count = compress512(&index[0], &first[0], &second[0], &start[0], &pair[0][0], &pair[1][0], &ahead[0][0], &ahead[1][0], n, base, BlockColumns, table[1])
	}
	return compressRest(index, first, second, start, base, pair, n, count, table)
}

// sparseKernel is the form of the sparse kernels in assembly: out and in are the
// panels z and w, or dw and dz.
type sparseKernel func(out *float32, start, index *int32, first, second, in *float32, rows, blocks, stride int)

var (
	sparseForward512 = [...]sparseKernel{sparseForward512x1, sparseForward512x2, sparseForward512x3, sparseForward512x4}
	sparseGradW512   = [...]sparseKernel{sparseGradW512x1, sparseGradW512x2, sparseGradW512x3, sparseGradW512x4}
)

func sparseForwardAVX512(z []float32, x *Sparse, w []float32, stride int) {
	if len(x.Index) == 0 {
		return
	}
	kernel := sparseForward512[stride/Lane-1]
	x.eachBlock(func(row, rows int, start *int32) {
		kernel(&z[row*stride], start, &x.Index[0], &x.First[0], &x.Second[0], &w[0], rows, x.Blocks, stride)
	})
}

func sparseGradWAVX512(dw []float32, x *Sparse, dz []float32, stride int) {
	clear(dw)
	if len(x.Index) == 0 {
		return
	}
	kernel := sparseGradW512[stride/Lane-1]
	x.eachBlock(func(row, rows int, start *int32) {
		kernel(&dw[0], start, &x.Index[0], &x.First[0], &x.Second[0], &dz[row*stride], rows, x.Blocks, stride)
	})
}

// strip2 is how many columns the AVX2 kernels take at a time, where there are
// as many left; else 16.
const strip2 = 32

func sparseForwardAVX2(z []float32, x *Sparse, w []float32, stride int) {
	if len(x.Index) == 0 {
		return
	}
	x.eachBlock(func(row, rows int, start *int32) {
		for j := 0; j < stride; j += strip2 {
			kernel := sparseForward2x4
			if stride-j < strip2 {
				kernel = sparseForward2x2
			}
			kernel(&z[row*stride+j], start, &x.Index[0], &x.First[0], &x.Second[0], &w[j], rows, x.Blocks, stride)
		}
	})
}

func sparseGradWAVX2(dw []float32, x *Sparse, dz []float32, stride int) {
	clear(dw)
	if len(x.Index) == 0 {
		return
	}
	x.eachBlock(func(row, rows int, start *int32) {
		for j := 0; j < stride; j += strip2 {
			kernel := sparseGradW2x4
			if stride-j < strip2 {
				kernel = sparseGradW2x2
			}
			kernel(&dw[j], start, &x.Index[0], &x.First[0], &x.Second[0], &dz[row*stride+j], rows, x.Blocks, stride)
		}
	})
}

// softmaxRows is how many rows softmax512 is given at a time.
const softmaxRows = 64

func crossEntropyAVX512(dz, z Matrix, labels []uint8, eps float64) (loss float64, correct int) {
	if z.Cols > Lane || dz.Data == nil {
		return crossEntropy(dz, z, labels, eps)
	}
	var sum, top [softmaxRows]float32
	var argmax [softmaxRows]int32
	inv := 1 / float64(len(labels))
	scale, offset, hit := float32(inv), float32(eps/float64(z.Cols)*inv), float32((1-eps)*inv)
	for lo := 0; lo < len(labels); lo += softmaxRows {
		rows := labels[lo:min(lo+softmaxRows, len(labels))]
		softmax512(&dz.Data[lo*Lane], &z.Data[lo*Lane], &sum[0], &top[0], &argmax[0], len(rows), 1<<z.Cols-1, scale, offset)
		for i, label := range rows {
			logits := z.Data[(lo+i)*Lane:][:z.Cols]
			loss += math.Log(float64(sum[i])) - (1-eps)*(float64(logits[label])-float64(top[i]))
			if eps > 0 {
				for _, v := range logits {
					loss -= eps / float64(z.Cols) * (float64(v) - float64(top[i]))
				}
			}
			if argmax[i] == int32(label) {
				correct++
			}
			dz.Data[(lo+i)*Lane+int(label)] -= hit
		}
	}
	return loss * inv, correct
}
