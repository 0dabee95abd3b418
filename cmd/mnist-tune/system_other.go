//go:build !darwin && !windows

package main

// systemProcessor returns nothing: Linux says it in /proc.
func systemProcessor() string { return "" }

// systemMemory returns nothing: Linux says it in /proc.
func systemMemory() (total, available uint64) { return 0, 0 }
