package quant

// A q4_1 block: scale d f16, offset m f16, then 16 bytes as in q4_0. Value i is
// d*q[i] + m.
const bytesQ4_1 = 2 + 2 + 16

func decodeQ4_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ4_1:] {
		y, b := (*[32]float32)(dst), (*[bytesQ4_1]byte)(src)
		d, m := readF16(b[:]), readF16(b[2:])
		for i := range 16 {
			y[i] = float32(float32(b[4+i]&15)*d) + m
			y[i+16] = float32(float32(b[4+i]>>4)*d) + m
		}
	}
}

func encodeQ4_1(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ4_1]byte)(dst[bytesQ4_1*n:])
		m, top, ok := bounds(x[:])
		d := (top - m) / 15
		id := inverse(d)
		if !ok || !putF16(b[:], d) || !putF16(b[2:], m) {
			return n
		}
		for i := range 16 {
			lo := min(15, uint8(float32((x[i]-m)*id)+0.5))
			hi := min(15, uint8(float32((x[i+16]-m)*id)+0.5))
			b[4+i] = lo | hi<<4
		}
	}
	return -1
}
