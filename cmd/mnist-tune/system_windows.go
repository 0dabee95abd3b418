package main

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemProcessor returns the processor's family and model, empty where they are not to
// be had.
func systemProcessor() string { return os.Getenv("PROCESSOR_IDENTIFIER") }

// systemMemory returns the bytes of memory that the machine has, and those that programs
// may still take; 0 where they are not to be had.
func systemMemory() (total, available uint64) {
	var status struct { // MEMORYSTATUSEX
		length, load               uint32
		totalPhys, availPhys       uint64
		totalFile, availFile       uint64
		totalVirtual, availVirtual uint64
		availExtended              uint64
	}
	status.length = uint32(unsafe.Sizeof(status))
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0, 0
	}
	return status.totalPhys, status.availPhys
}
