//go:build unix && !linux

package command

import "syscall"

// hasMembers reports whether a process group has processes. (BSD and macOS say no of
// zombies.)
func hasMembers(group int) bool { return syscall.Kill(-group, 0) == nil }
