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
		sparseForward(isa512, vectors)
		sparseGradW(isa512, vectors)
	}
	compress512()
	softmax512()
	gemm2()
	for _, vectors := range []int{2, 4} {
		sparseForward(isa2, vectors)
		sparseGradW(isa2, vectors)
	}
	for _, s := range []isa{isa512, isa2} {
		relu(s)
		reluGrad(s)
		adam(s)
	}
	Generate()
}
