package quant

// A q4_0 block: scale d f16, then 16 bytes; byte i holds q[i] in its low and
// q[i+16] in its high half. Value i is d*(q[i]-8).
const bytesQ4_0 = 2 + 16

func decodeQ4_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ4_0:] {
		y, b := (*[32]float32)(dst), (*[bytesQ4_0]byte)(src)
		d := readF16(b[:])
		for i := range 16 {
			y[i] = float32(int(b[2+i]&15)-8) * d
			y[i+16] = float32(int(b[2+i]>>4)-8) * d
		}
	}
}

func encodeQ4_0(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ4_0]byte)(dst[bytesQ4_0*n:])
		top, ok := extreme(x[:])
		d := top / -8 // the extreme value becomes -8, the longer side
		id := inverse(d)
		if !ok || !putF16(b[:], d) {
			return n
		}
		for i := range 16 {
			// The inner conversion keeps product and sum apart: a fused
			// multiply-add would round otherwise than llama.cpp.
			lo := min(15, uint8(float32(x[i]*id)+8.5))
			hi := min(15, uint8(float32(x[i+16]*id)+8.5))
			b[2+i] = lo | hi<<4
		}
	}
	return -1
}
