package main

import (
	"fmt"

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
	numbers      map[number]VecVirtual
}

// less1 returns one minus a number.
func (u *update) less1(n number) VecVirtual { return u.numbers[-1-n] }

// optimizerStep stands for one case of step, decay and gradient scale included; moments
// is "m", "v", both or none. complements lists the numbers of which the body needs one minus them.
func optimizerStep(s isa, name string, moments string, numbers, complements []number, body func(u *update)) {
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
	scale := load(ruleGradScale)
	for _, n := range numbers {
		u.numbers[n] = load(n)
	}
	one := s.vector()
	VMOVUPS(constant(1), one)
	for _, n := range append(complements, ruleDecay) {
		x := load(n)
		VSUBPS(x, one, x)
		u.numbers[-1-n] = x
	}
	s.each(n, pointers, func() {
		u.grad, u.weight = s.vector(), s.vector()
		VMULPS(Mem{Base: g}, scale, u.grad)
		VMULPS(Mem{Base: w}, u.less1(ruleDecay), u.weight)
		body(u)
		VMOVUPS(u.weight, Mem{Base: w})
	})
	restore()
	VZEROUPPER()
	RET()
}

func optimizers(s isa) {
	optimizerStep(s, "sgd", "", []number{ruleRate}, nil, func(u *update) {
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
	optimizerStep(s, "momentum", "m", []number{ruleRate, ruleBeta1}, nil, func(u *update) {
		VADDPS(momentum(u), u.weight, u.weight)
	})
	optimizerStep(s, "nesterov", "m", []number{ruleRate, ruleBeta1}, nil, func(u *update) {
		mean := momentum(u)
		VFMSUB132PS(u.numbers[ruleBeta1], u.grad, mean)
		VADDPS(mean, u.weight, u.weight)
	})
	optimizerStep(s, "rmsprop", "v", []number{ruleRate, ruleBeta2, ruleEpsilon}, []number{ruleBeta2}, func(u *update) {
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
	// The exact root and division.
	optimizerStep(s, "adam", "mv", []number{ruleRate, ruleEpsilon}, []number{ruleBeta1, ruleBeta2}, func(u *update) {
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
		VDIVPS(t, mean, mean)
		VSUBPS(mean, u.weight, u.weight)
	})
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
