package quant

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
		d := max(extreme(x), -extreme(x)) / 127
		id := inverse(d)
		if !putF16(b[:], d) {
			return n
		}
		for i, v := range x {
			b[2+i] = byte(roundAway(v * id))
		}
	}
	return -1
}

// roundAway rounds to the nearest integer, halves away from zero. Adding the
// half in float64 is exact.
func roundAway(f float32) int8 {
	if f < 0 {
		return int8(float64(f) - 0.5)
	}
	return int8(float64(f) + 0.5)
}
