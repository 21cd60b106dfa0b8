package quant

import "encoding/binary"

// A q5_0 block: scale d f16, the fifth bits of all 32 values as a uint32 (bit i
// for value i), then 16 bytes as in q4_0. Value i is d*(q[i]-16).
const bytesQ5_0 = 2 + 4 + 16

func decodeQ5_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ5_0:] {
		y, b := (*[32]float32)(dst), (*[bytesQ5_0]byte)(src)
		d, high := readF16(b[:]), binary.LittleEndian.Uint32(b[2:])
		for i := range 16 {
			lo := int(b[6+i]&15) | int(high>>i&1)<<4
			hi := int(b[6+i]>>4) | int(high>>(i+16)&1)<<4
			y[i] = float32(lo-16) * d
			y[i+16] = float32(hi-16) * d
		}
	}
}

func encodeQ5_0(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ5_0]byte)(dst[bytesQ5_0*n:])
		top, ok := extreme(x[:])
		d := top / -16
		id := inverse(d)
		if !ok || !putF16(b[:], d) {
			return n
		}
		var high uint32
		for i := range 16 {
			lo := min(31, uint8(float32(x[i]*id)+16.5))
			hi := min(31, uint8(float32(x[i+16]*id)+16.5))
			b[6+i] = lo&15 | hi<<4
			high |= uint32(lo>>4)<<i | uint32(hi>>4)<<(i+16)
		}
		binary.LittleEndian.PutUint32(b[2:], high)
	}
	return -1
}
