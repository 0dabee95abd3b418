package nn

import (
	"syscall"
	"time"
	"unsafe"
)

// systemClock returns a clock that goes by Windows' performance counter, to a microsecond
// or better. time.Now goes in steps of up to 16 ms there: a small epoch would take no time.
func systemClock() func() time.Time {
	dll := syscall.NewLazyDLL("kernel32.dll")
	counter, frequency := dll.NewProc("QueryPerformanceCounter"), dll.NewProc("QueryPerformanceFrequency")
	read := func(p *syscall.LazyProc) (n int64) {
		p.Call(uintptr(unsafe.Pointer(&n))) // never fails since Windows XP
		return n
	}
	start, first, second := time.Now(), read(counter), read(frequency)
	return func() time.Time {
		n := read(counter) - first
		return start.Add(time.Duration(n/second)*time.Second + time.Duration(n%second)*time.Second/time.Duration(second))
	}
}
