package quant

import "math"

// A q8_0 block: scale d f16, then 32 int8. Value i is d*q[i].
const bytesQ8_0 = 2 + 32

func decodeQ8_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ8_0:] {
		y, b := (*[32]float32)(dst), (*[bytesQ8_0]byte)(src)
		d := readF16(b[:])
		for i := range y {
			y[i] = d * float32(int8(b[2+i]))
		}
	}
}

func encodeQ8_0(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ8_0]byte)(dst[bytesQ8_0*n:])
		top, ok := extreme(x[:])
		d := max(top, -top) / 127
		id := inverse(d)
		if !ok || !putF16(b[:], d) {
			return n
		}
		for i, v := range x {
			b[2+i] = byte(roundAway(v * id))
		}
	}
	return -1
}

// roundAway rounds to the nearest integer, halves away from zero. Adding the
// half in float64 is exact; it takes the sign of f without a branch.
func roundAway(f float32) int8 {
	half := math.Float64frombits(math.Float64bits(0.5) | uint64(math.Float32bits(f)&signBit)<<32)
	return int8(float64(f) + half)
}
