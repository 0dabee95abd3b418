package main

import "golang.org/x/sys/unix"

// systemProcessor returns the processor's model, empty where it is not to be had.
func systemProcessor() string {
	name, err := unix.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return ""
	}
	return name
}

// systemMemory returns the bytes that the machine has. What is available is not known:
// macOS counts neither caches nor compressed pages as free.
func systemMemory() (total, available uint64) {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0, 0
	}
	return total, 0
}
