//go:build unix

package kvcache

import "golang.org/x/sys/unix"

// mapMemory gives n zeroed bytes outside the Go heap.
func mapMemory(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func unmapMemory(b []byte) {
	// munmap fails only for a slice that did not come from mapMemory.
	if err := unix.Munmap(b); err != nil {
		panic("kvcache: unmap: " + err.Error())
	}
}
