//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// simdSets returns the sets of assembly that the processor runs.
func simdSets() []*Set {
	var sets []*Set
	avx2Runs := cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT
	if avx2Runs && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
		sets = append(sets, avx512)
	}
	if avx2Runs {
		sets = append(sets, avx2)
	}
	return sets
}

var (
	avx512 = &Set{
		Name:          "avx512",
		Gemm:          gemmAVX512,
		Compress:      compressAVX512,
		Widen:         widenWith(widen512),
		Transpose:     transposeAVX2,
		SparseForward: sparseForwardAVX512,
		SparseGradW:   sparseGradWAVX512,
		Activate:      activateWith([...]activateKernel{ReLU: relu512, Tanh: tanh512, Sigmoid: sigmoid512, GELU: gelu512}),
		ActivateGrad:  activateGradWith([...]activateGradKernel{ReLU: reluGrad512, Tanh: tanhGrad512, Sigmoid: sigmoidGrad512, GELU: geluGrad512}),
		Dropout:       dropoutWith(dropout512),
		CrossEntropy:  crossEntropyAVX512,
		Step:          stepWith(stepKernels{sgd512, momentum512, nesterov512, rmsprop512, adam512, adamPlain512}),
		SumSquares:    sumSquaresWith(sumSquares512),
	}
	avx2 = &Set{
		Name:          "avx2",
		Gemm:          gemmAVX2,
		Compress:      compressAVX2,
		Widen:         widenWith(widen2),
		Transpose:     transposeAVX2,
		SparseForward: sparseForwardAVX2,
		SparseGradW:   sparseGradWAVX2,
		Activate:      activateWith([...]activateKernel{ReLU: relu2, Tanh: tanh2, Sigmoid: sigmoid2, GELU: gelu2}),
		ActivateGrad:  activateGradWith([...]activateGradKernel{ReLU: reluGrad2, Tanh: tanhGrad2, Sigmoid: sigmoidGrad2, GELU: geluGrad2}),
		Dropout:       dropoutWith(dropout2),
		CrossEntropy:  crossEntropyAVX2,
		Step:          stepWith(stepKernels{sgd2, momentum2, nesterov2, rmsprop2, adam2, adamPlain2}),
		SumSquares:    sumSquaresWith(sumSquares2),
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

func gemmAVX2(c, a, b []float32, rows, depth, stride, aRow, aCol int, accumulate bool) {
	if rows > 0 {
		gemm2(&c[0], &a[0], &b[0], rows, depth, stride, aRow, aCol, accumulate)
	}
}

// transposeAVX2 does the columns and rows beyond a multiple of 8 in plain Go.
func transposeAVX2(dst, src []float32, rows, cols, dstStride, srcStride int) {
	r, c := rows&^7, cols&^7
	if r == 0 || c == 0 {
		transpose(dst, src, rows, cols, dstStride, srcStride)
		return
	}
	transpose2(&dst[0], &src[0], r, c, dstStride, srcStride)
	if r < rows {
		transpose(dst[r:], src[r*srcStride:], rows-r, c, dstStride, srcStride)
	}
	if c < cols {
		transpose(dst[c*dstStride:], src[c:], rows, cols-c, dstStride, srcStride)
	}
}

func widenWith(kernel func(dst *float32, src *byte, n int, scale float32)) func(dst []float32, src []byte, table *[256]float32) {
	return func(dst []float32, src []byte, table *[256]float32) {
		n := len(src) &^ (Lane - 1)
		if n > 0 {
			kernel(&dst[0], &src[0], n, table[1])
		}
		widen(dst[n:], src[n:], table)
	}
}
