//go:build unix

package offheap

import "golang.org/x/sys/unix"

// Map gives n zeroed bytes, n > 0. Memory is taken as it is first written to.
func Map(n int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		adviseHuge(b)
	}
	return b, err
}

// Unmap gives b, from Map and whole, back.
func Unmap(b []byte) {
	// munmap fails only for a slice that did not come from Map.
	if err := unix.Munmap(b); err != nil {
		panic("offheap: unmap: " + err.Error())
	}
}
