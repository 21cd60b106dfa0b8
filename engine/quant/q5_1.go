package quant

// A q5_1 block: scale d f16, offset m f16, the fifth bits as in q5_0, then 16
// bytes as in q4_0. Value i is d*q[i] + m.
const bytesQ5_1 = 2 + 2 + 4 + 16

func decodeQ5_1(dst []float32, src []byte) {
	var codes [32]uint8
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ5_1:] {
		y, b := (*[32]float32)(dst), (*[bytesQ5_1]byte)(src)
		d, m := readF16(b[:]), readF16(b[2:])
		unpack5(&codes, (*[4]byte)(b[4:]), (*[16]byte)(b[8:]))
		for i, q := range codes {
			y[i] = float32(float32(q)*d) + m
		}
	}
}

func encodeQ5_1(dst []byte, src []float32) int {
	var codes [32]uint8
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ5_1]byte)(dst[bytesQ5_1*n:])
		m, top, ok := bounds(x[:])
		d := (top - m) / 31
		id := inverse(d)
		if !ok || !putF16(b[:], d) || !putF16(b[2:], m) {
			return n
		}
		for i, v := range x {
			codes[i] = min(31, uint8(float32((v-m)*id)+0.5))
		}
		pack5((*[4]byte)(b[4:]), (*[16]byte)(b[8:]), &codes)
	}
	return -1
}
