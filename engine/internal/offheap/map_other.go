//go:build !unix

package offheap

// Map gives n zeroed bytes. On this system they come from the Go heap.
func Map(n int) ([]byte, error) { return make([]byte, n), nil }

// Unmap gives b back.
func Unmap([]byte) {}
