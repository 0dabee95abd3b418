//go:build amd64 && !noasm

package kernel

func compressAVX512(entries []uint32, start []int32, base int, pair, ahead BytePair) int {
	n, count := len(pair[0])&^(Lane-1), 0
	if n > 0 {
		count = compress512(&entries[0], &start[0], &pair[0][0], &pair[1][0], &ahead[0][0], &ahead[1][0], n, base, BlockColumns)
	}
	return compressRest(entries, start, base, pair, n, count)
}

func compressAVX2(entries []uint32, start []int32, base int, pair, ahead BytePair) int {
	n, count := len(pair[0])&^(Lane-1), 0
	if n > 0 {
		count = compress2(&entries[0], &start[0], &pair[0][0], &pair[1][0], &ahead[0][0], &ahead[1][0], n, base, BlockColumns)
	}
	return compressRest(entries, start, base, pair, n, count)
}

// sparseKernel is the form of the sparse kernels in assembly: out and in are z and w,
// or dw and dz; w and dw begin with the block's first column.
type sparseKernel func(out *float32, start *int32, entries *uint32, table, in *float32, rows, blocks, stride int)

var (
	sparseForward512 = [...]sparseKernel{sparseForward512x1, sparseForward512x2, sparseForward512x3, sparseForward512x4}
	sparseGradW512   = [...]sparseKernel{sparseGradW512x1, sparseGradW512x2, sparseGradW512x3, sparseGradW512x4}
)

func sparseForwardAVX512(z []float32, x *Sparse, lo, hi int, w []float32, stride int) {
	if len(x.Entries) == 0 {
		return
	}
	kernel := sparseForward512[stride/Lane-1]
	x.eachBlock(lo, hi, func(row, rows, block int, start *int32) {
		kernel(&z[(row-lo)*stride], start, &x.Entries[0], &x.Table[0], &w[block*BlockColumns*stride], rows, x.Blocks, stride)
	})
}

func sparseGradWAVX512(dw []float32, x *Sparse, block int, dz []float32, stride int) {
	if len(x.Entries) > 0 {
		sparseGradW512[stride/Lane-1](&dw[0], &x.Start[block], &x.Entries[0], &x.Table[0], &dz[0], x.Rows, x.Blocks, stride)
	}
}

// strip2 is how many columns the AVX2 kernels take at a time, where there are
// as many left; else 16.
const strip2 = 32

func sparseForwardAVX2(z []float32, x *Sparse, lo, hi int, w []float32, stride int) {
	if len(x.Entries) == 0 {
		return
	}
	x.eachBlock(lo, hi, func(row, rows, block int, start *int32) {
		for j := 0; j < stride; j += strip2 {
			kernel := sparseForward2x4
			if stride-j < strip2 {
				kernel = sparseForward2x2
			}
			kernel(&z[(row-lo)*stride+j], start, &x.Entries[0], &x.Table[0], &w[block*BlockColumns*stride+j], rows, x.Blocks, stride)
		}
	})
}

func sparseGradWAVX2(dw []float32, x *Sparse, block int, dz []float32, stride int) {
	if len(x.Entries) == 0 {
		return
	}
	for j := 0; j < stride; j += strip2 {
		kernel := sparseGradW2x4
		if stride-j < strip2 {
			kernel = sparseGradW2x2
		}
		kernel(&dw[j], &x.Start[block], &x.Entries[0], &x.Table[0], &dz[j], x.Rows, x.Blocks, stride)
	}
}
