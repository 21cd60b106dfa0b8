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
			b[2+i] = byte(roundAway(float32(v * id))) // the conversion keeps the sum in it apart
		}
	}
	return -1
}

// roundAway rounds to the nearest integer, halves away from zero, for magnitudes
// up to 2^22. It adds the greatest float32 below 0.5 with the sign of f: a half and
// that round up to the next integer, anything less stays below it.
func roundAway(f float32) int8 {
	const belowHalf = 0x3effffff
	return int8(f + math.Float32frombits(belowHalf|math.Float32bits(f)&signBit))
}
