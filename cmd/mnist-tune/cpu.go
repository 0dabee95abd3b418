package main

import (
	"bufio"
	"os"
	"strings"
)

// processorModel returns the first "model name" of /proc/cpuinfo, or what the system
// says otherwise; empty where neither is to be had.
func processorModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return systemProcessor()
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
