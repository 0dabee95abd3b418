package mnist

import (
	"syscall"
	"unsafe"
)

// adviseHugePages asks for large pages behind memory that has not been written to
// yet: rows are read in random order, and with small pages most of them miss the
// translation cache. A system that declines changes nothing but the speed.
func adviseHugePages(b []byte) {
	const page = 2 << 20
	b = b[:cap(b)]
	if len(b) < 2*page {
		return
	}
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % page)
	if n := (len(b) - skip) / page * page; n > 0 {
		_ = syscall.Madvise(b[skip:skip+n], syscall.MADV_HUGEPAGE)
	}
}
