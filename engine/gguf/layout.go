package gguf

import (
	"fmt"
	"math"
	"math/bits"

	"loupe/engine/tensor"
)

// layout is the number of bytes that a tensor of a known type takes, or what is
// wrong with its shape. As in ggml a dimension of 0 makes an empty tensor; the
// product of the others still must not overflow.
func layout(t tensor.DType, shape tensor.Shape) (uint64, error) {
	row, elems, empty := 1, uint64(1), false
	for i, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("dimension %d is %d, which is negative or past all bounds", i, d)
		}
		if i == 0 {
			row = d
		}
		empty = empty || d == 0
		hi, lo := bits.Mul64(elems, uint64(max(d, 1)))
		if hi != 0 || lo > math.MaxInt {
			return 0, fmt.Errorf("the product of the dimensions %s overflows", shape)
		}
		elems = lo
	}
	if row%t.BlockSize() != 0 {
		return 0, fmt.Errorf("a row of %d elements is no multiple of the block of %s, %d elements", row, t, t.BlockSize())
	}
	if empty {
		return 0, nil
	}
	hi, size := bits.Mul64(elems/uint64(t.BlockSize()), uint64(t.BlockBytes()))
	if hi != 0 || size > math.MaxInt {
		return 0, fmt.Errorf("shape %s of type %s takes more bytes than can be counted", shape, t)
	}
	return size, nil
}

// pad rounds n up to a multiple of align, a power of two.
func pad(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }
