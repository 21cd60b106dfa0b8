//go:build amd64 && !purego

package simd

import "loupe/engine/tensor"

func ropePairs(x []float32, heads, headSize int, cos, sin []float32) {
	rope(ropePairsAVX2, x, heads, headSize, cos, sin)
}

func ropeHalves(x []float32, heads, headSize int, cos, sin []float32) {
	rope(ropeHalvesAVX2, x, heads, headSize, cos, sin)
}

func rope(kernel func(x *float32, heads, stride int, cos, sin *float32, half int), x []float32, heads, headSize int, cos, sin []float32) {
	checkRope(x, heads, headSize, cos, sin)
	if heads == 0 || len(cos) == 0 {
		return
	}
	step := max(1, callFloats/headSize)
	for h := 0; h < heads; h += step {
		kernel(&x[h*headSize], min(step, heads-h), headSize, &cos[0], &sin[0], len(cos))
	}
}

func storeF16(dst []byte, src []float32) bool {
	f32ToF16(dst, src)
	return true
}

func storeBF16(dst []byte, src []float32) bool {
	checkEqual(2*len(src), len(dst))
	const width = 16
	whole := len(src) / width * width
	for i := 0; i < whole; i += callFloats {
		f32ToBF16AVX2(&dst[2*i], &src[i], min(callFloats, whole-i))
	}
	if whole < len(src) {
		var in [width]float32
		var out [2 * width]byte
		copy(in[:], src[whole:])
		f32ToBF16AVX2(&out[0], &in[0], width)
		copy(dst[2*whole:], out[:])
	}
	return true
}

func storeQ8_0(dst []byte, src []float32) bool {
	return storeBlocks(tensor.Q8_0, storeQ8_0AVX2, dst, src)
}

func storeQ4_0(dst []byte, src []float32) bool {
	return storeBlocks(tensor.Q4_0, storeQ4_0AVX2, dst, src)
}

func storeBlocks(typ tensor.DType, kernel func(dst *byte, src *float32, nb int) int, dst []byte, src []float32) bool {
	checkExpand(typ, src, dst)
	callBytes := typ.RowBytes(callFloats)
	for ; len(src) > callFloats; dst, src = dst[callBytes:], src[callFloats:] {
		if kernel(&dst[0], &src[0], callFloats/blockLen) != 0 {
			return false
		}
	}
	return len(src) == 0 || kernel(&dst[0], &src[0], len(src)/blockLen) == 0
}
