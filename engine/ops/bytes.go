package ops

import "unsafe"

// bytesOf shows float32 values as the bytes that a kernel reads.
func bytesOf(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}
