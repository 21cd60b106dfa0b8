package simd

import (
	"syscall"
	"testing"
)

// TestPageGuard runs every kernel on operands that end where the readable
// memory ends: a read or write past one kills the test.
func TestPageGuard(t *testing.T) {
	var maps [][]byte
	release := func() {
		for _, m := range maps {
			if err := syscall.Munmap(m); err != nil {
				t.Error(err)
			}
		}
		maps = maps[:0]
	}
	defer release()
	page := syscall.Getpagesize()
	alloc := func(n int) []byte {
		size := (n + page - 1) / page * page
		m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		maps = append(maps, m)
		if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
		return m[size-n : size : size]
	}
	for _, k := range All() {
		for _, n := range []int{1, 8, 15, 31, 32, 33, 71, 128} {
			for _, rows := range []int{1, 4, 5, 17} {
				for _, tokens := range []int{1, 4, 13} {
					for _, call := range kernelCalls(k, n, rows, tokens, alloc) {
						call()
					}
					release()
				}
			}
		}
	}
}
