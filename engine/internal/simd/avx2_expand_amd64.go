//go:build amd64 && !purego

package simd

import (
	"unsafe"

	"loupe/engine/tensor"
)

func expandQ4_0(dst []float32, src []byte) { expand(tensor.Q4_0, expandQ4_0AVX2, dst, src) }

func expandQ4_1(dst []float32, src []byte) { expand(tensor.Q4_1, expandQ4_1AVX2, dst, src) }

func expandQ5_0(dst []float32, src []byte) { expand(tensor.Q5_0, expandQ5_0AVX2, dst, src) }

func expandQ5_1(dst []float32, src []byte) { expand(tensor.Q5_1, expandQ5_1AVX2, dst, src) }

func expandQ8_0(dst []float32, src []byte) { expand(tensor.Q8_0, expandQ8_0AVX2, dst, src) }

func expandF16(dst []float32, src []byte) { expand(tensor.F16, expandF16AVX2, dst, src) }

func expandBF16(dst []float32, src []byte) { expand(tensor.BF16, expandBF16AVX2, dst, src) }

func expand(typ tensor.DType, blocks func(dst *float32, src *byte, n int), dst []float32, src []byte) {
	checkExpand(typ, dst, src)
	size, callBytes := typ.BlockSize(), typ.RowBytes(callFloats)
	for ; len(dst) > callFloats; dst, src = dst[callFloats:], src[callBytes:] {
		blocks(&dst[0], &src[0], callFloats/size)
	}
	blocks(unsafe.SliceData(dst), unsafe.SliceData(src), len(dst)/size)
}
