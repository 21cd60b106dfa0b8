//go:build !unix

package kvcache

// mapMemory gives n zeroed bytes. On this system they come from the Go heap.
func mapMemory(n int) ([]byte, error) { return make([]byte, n), nil }

func unmapMemory([]byte) {}
