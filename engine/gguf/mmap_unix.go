//go:build unix

package gguf

import (
	"os"

	"golang.org/x/sys/unix"
)

// mmap maps the first size bytes of f, which are at least one. The map is
// shared, so processes that run one model hold its weights once.
func mmap(f *os.File, size int) ([]byte, func() error, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return data, func() error { return unix.Munmap(data) }, nil
}

// release drops the pages of a map; being refused costs memory only.
func release(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }
