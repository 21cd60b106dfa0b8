package ops

import "unsafe"

// bytesOf shows float32 values as the bytes that a kernel reads.
func bytesOf(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// floatsOf shows the bytes of a float32 cache row as values. Rows of a page are
// aligned to 4 bytes.
func floatsOf(b []byte) []float32 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}
