package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// globals holds what is written to the data section already.
var globals = map[string]Mem{}

// global returns the named read-only data, written by data on first use.
func global(name string, data func()) Mem {
	m, ok := globals[name]
	if !ok {
		m = GLOBL(name, attr.RODATA|attr.NOPTR)
		data()
		globals[name] = m
	}
	return m
}

// constant returns a vector's worth of a number.
func constant(x float64) Mem { return integer(math.Float32bits(float32(x))) }

// integer returns a vector's worth of a 32-bit integer.
func integer(x uint32) Mem {
	return global(fmt.Sprintf("all%08x", x), func() {
		for i := range 16 {
			DATA(4*i, U32(x))
		}
	})
}

// columns returns the integers from 0 to 15.
func columns() Mem {
	return global("columns", func() {
		for i := range 16 {
			DATA(4*i, U32(uint32(i)))
		}
	})
}
