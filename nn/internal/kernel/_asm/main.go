// Command asm writes the SIMD kernels of package kernel: run it with go generate
// in that package. Each function here says in its comment which plain Go loop it
// stands for.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for vectors := 1; vectors <= 4; vectors++ {
		gemm512(vectors)
	}
	gemm2()
	transpose2()
	for _, s := range []isa{isa512, isa2} {
		widen(s)
		compress(s)
		for lanes := 16; lanes <= 64; lanes += 16 {
			vectors := lanes * 4 / s.width
			softmax(s, vectors)
			if s.width == 64 || vectors <= 4 { // AVX2 goes by strips of two or four
				sparseForward(s, vectors)
				sparseGradW(s, vectors)
			}
		}
		activation(s, "relu", relu)
		reluGrad(s)
		activation(s, "tanh", tanh)
		activationGrad(s, "tanh", tanhSlope)
		activation(s, "sigmoid", sigmoid)
		activationGrad(s, "sigmoid", sigmoidSlope)
		activation(s, "gelu", gelu)
		activationGrad(s, "gelu", geluSlope)
		dropout(s)
		optimizers(s)
		sumSquares(s)
	}
	Generate()
}
