//go:build !linux

package engine

// availableMemory is 0: not known here.
func availableMemory() int64 { return 0 }
