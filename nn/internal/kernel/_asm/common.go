package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// flushToZero turns denormal results into zeros and reads denormals as zeros
// until the returned function restores the caller's setting. Go does not preempt
// assembly, so nothing else sees the change.
func flushToZero() (restore func()) {
	saved := AllocLocal(8)
	changed := saved.Offset(4)
	STMXCSR(saved)
	tmp := GP32()
	MOVL(saved, tmp)
	ORL(U32(0x8040), tmp) // FTZ, DAZ
	MOVL(tmp, changed)
	LDMXCSR(changed)
	return func() { LDMXCSR(saved) }
}

// param loads a function's argument into a register.
func param(name string) Register { return Load(Param(name), GP64()) }

// bytes turns a count of float32 into bytes.
func bytes(r Register) { SHLQ(U8(2), r) }

func zmms(n int) []VecVirtual {
	out := make([]VecVirtual, n)
	for i := range out {
		out[i] = ZMM()
	}
	return out
}

func ymms(n int) []VecVirtual {
	out := make([]VecVirtual, n)
	for i := range out {
		out[i] = YMM()
	}
	return out
}

func gp(r Register) GPVirtual { return r.(GPVirtual) }
