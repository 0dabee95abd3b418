package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// number is the place of a number in a Rule, from its field Rate on.
type number int

const (
	ruleRate number = 4 * iota
	ruleBeta1
	ruleBeta2
	ruleEpsilon
	ruleDecay
	ruleGradScale
)

// update is what the update of one vector of parameters works with.
type update struct {
	isa
	grad, weight VecVirtual // g scaled; w decayed, which the body makes the new w
	m, v         GPVirtual  // where the moments are
	one, largest VecVirtual // constants: 1, the largest finite number
	numbers      map[number]VecVirtual
}

// less1 returns one minus a number.
func (u *update) less1(n number) VecVirtual { return u.numbers[-1-n] }

// optimizerStep stands for one case of step; moments is "m", "v", both or none.
// complements lists the numbers of which the body needs one minus them. Decay and
// gradient scale are included unless it is plain.
func optimizerStep(s isa, name string, plain bool, moments string, numbers, complements []number, body func(u *update)) {
	signature := map[string]string{"": "rule, w, grad *float32", "m": "rule, w, grad, m *float32", "v": "rule, w, grad, v *float32", "mv": "rule, w, grad, m, v *float32"}[moments]
	TEXT(name+s.name, 0, "func("+signature+", n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s%s is Set.Step for one optimizer; rule points to Rule.Rate, n is a multiple of %d.", name, s.name, s.width/4))
	u := &update{isa: s, numbers: map[number]VecVirtual{}}
	rule, w, g := gp(param("rule")), gp(param("w")), gp(param("grad"))
	pointers := []GPVirtual{w, g}
	for _, moment := range moments {
		p := gp(param(string(moment)))
		if moment == 'm' {
			u.m = p
		} else {
			u.v = p
		}
		pointers = append(pointers, p)
	}
	n := gp(param("n"))
	restore := flushToZero()
	load := func(n number) VecVirtual {
		x := s.vector()
		VBROADCASTSS(Mem{Base: rule, Disp: int(n)}, x)
		return x
	}
	if !plain {
		numbers, complements = append(numbers, ruleGradScale), append(complements, ruleDecay)
	}
	for _, n := range numbers {
		u.numbers[n] = load(n)
	}
	zero := s.vector()
	VXORPS(zero, zero, zero)
	u.one, u.largest = s.vector(), s.vector()
	VMOVUPS(constant(1), u.one)
	VMOVUPS(constant(math.MaxFloat32), u.largest)
	for _, n := range complements {
		x := load(n)
		VSUBPS(x, u.one, x)
		u.numbers[-1-n] = x
	}
	s.each(n, pointers, func() {
		u.grad, u.weight = s.vector(), s.vector()
		if plain {
			VMOVUPS(Mem{Base: g}, u.grad)
			VMOVUPS(Mem{Base: w}, u.weight)
		} else {
			VMULPS(Mem{Base: g}, u.numbers[ruleGradScale], u.grad)
			VMULPS(Mem{Base: w}, u.less1(ruleDecay), u.weight)
		}
		body(u)
		VMOVUPS(u.weight, Mem{Base: w})
		VMOVUPS(zero, Mem{Base: g})
	})
	restore()
	VZEROUPPER()
	RET()
}

func optimizers(s isa) {
	optimizerStep(s, "sgd", false, "", []number{ruleRate}, nil, func(u *update) {
		VFNMADD231PS(u.grad, u.numbers[ruleRate], u.weight)
	})
	momentum := func(u *update) (mean VecVirtual) {
		mean = u.vector()
		VMULPS(u.numbers[ruleRate], u.grad, u.grad)
		VMOVUPS(Mem{Base: u.m}, mean)
		VFMSUB132PS(u.numbers[ruleBeta1], u.grad, mean)
		VMOVUPS(mean, Mem{Base: u.m})
		return mean
	}
	optimizerStep(s, "momentum", false, "m", []number{ruleRate, ruleBeta1}, nil, func(u *update) {
		VADDPS(momentum(u), u.weight, u.weight)
	})
	optimizerStep(s, "nesterov", false, "m", []number{ruleRate, ruleBeta1}, nil, func(u *update) {
		mean := momentum(u)
		VFMSUB132PS(u.numbers[ruleBeta1], u.grad, mean)
		VADDPS(mean, u.weight, u.weight)
	})
	optimizerStep(s, "rmsprop", false, "v", []number{ruleRate, ruleBeta2, ruleEpsilon}, []number{ruleBeta2}, func(u *update) {
		square, t := u.vector(), u.vector()
		VMULPS(Mem{Base: u.v}, u.numbers[ruleBeta2], square)
		VMULPS(u.grad, u.grad, t)
		VFMADD231PS(u.less1(ruleBeta2), t, square)
		VMOVUPS(square, Mem{Base: u.v})
		VADDPS(u.numbers[ruleEpsilon], square, square)
		VSQRTPS(square, square)
		VMULPS(u.numbers[ruleRate], u.grad, u.grad)
		VDIVPS(square, u.grad, u.grad)
		VSUBPS(u.grad, u.weight, u.weight)
	})
	for _, plain := range []bool{false, true} {
		name := "adam"
		if plain {
			name += "Plain"
		}
		optimizerStep(s, name, plain, "mv", []number{ruleRate, ruleEpsilon}, []number{ruleBeta1, ruleBeta2}, adam)
	}
}

func adam(u *update) {
	mean, square, t := u.vector(), u.vector(), u.vector()
	VMOVUPS(Mem{Base: u.m}, mean)
	VMOVUPS(Mem{Base: u.v}, square)
	VSUBPS(mean, u.grad, t)
	VFMADD231PS(t, u.less1(ruleBeta1), mean)
	VMOVUPS(mean, Mem{Base: u.m})
	VFMSUB213PS(square, u.grad, u.grad) // g^2 - v
	VFMADD231PS(u.grad, u.less1(ruleBeta2), square)
	VMOVUPS(square, Mem{Base: u.v})
	VSQRTPS(square, t)
	VADDPS(u.numbers[ruleEpsilon], t, t)
	VMULPS(u.numbers[ruleRate], mean, mean)
	VSUBPS(u.quotient(mean, t), u.weight, u.weight)
}

// quotient returns n/d for a positive d; n and d are lost. Divider and root share a
// unit that is busy for longer than all else together, so AVX-512 leaves it to the root
// and divides by multiplications: the approximate reciprocal, one step of Newton's, and
// a correction by the remainder, which rounds the quotient as a division does (Markstein
// 1990), whatever the processor's approximation.
func (u *update) quotient(n, d VecVirtual) VecVirtual {
	if u.width == 32 {
		VDIVPS(d, n, n)
		return n
	}
	inverse, q := u.vector(), u.vector()
	VMINPS(d, u.largest, d) // infinity has no remainder; NaN stays
	VRCP14PS(d, inverse)
	VMOVAPS(u.one, q)
	VFNMADD231PS(inverse, d, q)
	VFMADD231PS(q, inverse, inverse)
	VMULPS(n, inverse, q)
	VFNMADD231PS(q, d, n)
	VFMADD231PS(n, inverse, q)
	return q
}

// sumSquares stands for sumSquares, with two sums of float64 vectors.
func sumSquares(s isa) {
	TEXT("sumSquares"+s.name, 0, "func(x *float32, n int) float64")
	Pragma("noescape")
	Doc(fmt.Sprintf("sumSquares%s is Set.SumSquares; n is a multiple of %d.", s.name, s.width/4))
	x, n := gp(param("x")), gp(param("n"))
	sum, v := s.vectors(2), s.vectors(2)
	for i := range sum {
		VXORPD(sum[i], sum[i], sum[i])
	}
	s.each(n, []GPVirtual{x}, func() {
		for i := range sum {
			VCVTPS2PD(Mem{Base: x, Disp: i * s.width / 2}, v[i])
			VFMADD231PD(v[i], v[i], sum[i])
		}
	})
	VADDPD(sum[1], sum[0], sum[0])
	total := sum[0]
	if s.width == 64 {
		half := YMM()
		VEXTRACTF64X4(U8(1), total, half)
		VADDPD(half, total.AsY(), total.AsY())
	}
	quarter := XMM()
	VEXTRACTF128(U8(1), total.AsY(), quarter)
	VADDPD(quarter, total.AsX(), total.AsX())
	VPERMILPD(U8(1), total.AsX(), quarter)
	VADDSD(quarter, total.AsX(), total.AsX())
	Store(total.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
