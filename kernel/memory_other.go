//go:build !linux

package kernel

// systemMemory is 0: this system is not asked.
func systemMemory() uint64 { return 0 }
