//go:build amd64 && !noasm

package kernel

func compressAVX512(index []int32, first, second []float32, start []int32, base int, pair, ahead BytePair, table *[256]float32) int {
	n, count := len(pair[0])&^(Lane-1), 0
	if n > 0 {
		count = compress512(&index[0], &first[0], &second[0], &start[0], &pair[0][0], &pair[1][0], &ahead[0][0], &ahead[1][0], n, base, BlockColumns, table[1])
	}
	return compressRest(index, first, second, start, base, pair, n, count, table)
}

func compressAVX2(index []int32, first, second []float32, start []int32, base int, pair, ahead BytePair, table *[256]float32) int {
	n, count := len(pair[0])&^(Lane-1), 0
	if n > 0 {
		count = compress2(&index[0], &first[0], &second[0], &start[0], &pair[0][0], &pair[1][0], &ahead[0][0], &ahead[1][0], n, base, BlockColumns, table[1])
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
