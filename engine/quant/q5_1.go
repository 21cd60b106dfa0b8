package quant

import "encoding/binary"

// A q5_1 block: scale d f16, offset m f16, the fifth bits as in q5_0, then 16
// bytes as in q4_0. Value i is d*q[i] + m.
const bytesQ5_1 = 2 + 2 + 4 + 16

func decodeQ5_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ5_1:] {
		y, b := (*[32]float32)(dst), (*[bytesQ5_1]byte)(src)
		d, m, high := readF16(b[:]), readF16(b[2:]), binary.LittleEndian.Uint32(b[4:])
		for i := range 16 {
			lo := uint32(b[8+i]&15) | high>>i&1<<4
			hi := uint32(b[8+i]>>4) | high>>(i+16)&1<<4
			y[i] = float32(float32(lo)*d) + m
			y[i+16] = float32(float32(hi)*d) + m
		}
	}
}

func encodeQ5_1(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ5_1]byte)(dst[bytesQ5_1*n:])
		m, top, ok := bounds(x[:])
		d := (top - m) / 31
		id := inverse(d)
		if !ok || !putF16(b[:], d) || !putF16(b[2:], m) {
			return n
		}
		var high uint32
		for i := range 16 {
			lo := min(31, uint8(float32((x[i]-m)*id)+0.5))
			hi := min(31, uint8(float32((x[i+16]-m)*id)+0.5))
			b[8+i] = lo&15 | hi<<4
			high |= uint32(lo>>4)<<i | uint32(hi>>4)<<(i+16)
		}
		binary.LittleEndian.PutUint32(b[4:], high)
	}
	return -1
}
