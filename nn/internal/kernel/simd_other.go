//go:build !amd64 || noasm

package kernel

// simdSets returns no sets: this build has plain Go only.
func simdSets() []*Set { return nil }
