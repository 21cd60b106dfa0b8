package quant

import "encoding/binary"

// A q3_K block of 256 in 16 sub-blocks of 16: 32 bytes of third bits, bit i/32 of
// byte i%32 for value i; 64 bytes of the lower two bits (quarters); 12 bytes of
// 6-bit scales; scale d f16. A value is d*(scale-32)*(q-4).
//
// Of the scales, bytes 0 to 7 hold the low 4 bits, 0 to 7 in the low and 8 to 15 in
// the high half, and byte 8+i holds the upper two bits of scales i, i+4, i+8 and
// i+12 from its low bits up. (Layout: block_q3_K in ggml/src/ggml-common.h.)
const bytesQ3_K = 32 + 64 + 12 + 2

// readScales3 unpacks the 16 scales of a q3_K block, 0 to 63.
func readScales3(b *[12]byte) (scales [16]uint8) {
	first, second, upper := binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	const low4, bits45 = 0x0f0f0f0f, 0x30303030
	binary.LittleEndian.PutUint32(scales[0:], first&low4|upper<<4&bits45)
	binary.LittleEndian.PutUint32(scales[4:], second&low4|upper<<2&bits45)
	binary.LittleEndian.PutUint32(scales[8:], first>>4&low4|upper&bits45)
	binary.LittleEndian.PutUint32(scales[12:], second>>4&low4|upper>>2&bits45)
	return scales
}

func writeScales3(b *[12]byte, scales *[16]uint8) {
	for i := range 8 {
		b[i] = scales[i]&15 | scales[i+8]<<4
	}
	for i := range 4 {
		b[8+i] = scales[i]>>4 | scales[i+4]>>4<<2 | scales[i+8]>>4<<4 | scales[i+12]>>4<<6
	}
}

func decodeQ3_K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesQ3_K:] {
		b := (*[bytesQ3_K]byte)(src)
		d := readF16(b[108:])
		scales := readScales3((*[12]byte)(b[96:]))
		for sub := range 16 {
			scale := d * float32(int(scales[sub])-32)
			var of [8]float32 // what the codes mean
			for q := range of {
				of[q] = scale * float32(q-4)
			}
			codes, third := b[32+sub/8*32+sub%2*16:][:16], b[sub%2*16:][:16]
			shift, bit := sub/2%4*2, sub/2
			for i := 0; i < 16; i += 8 { // eight codes at a time, as the bytes of a uint64
				y := (*[8]float32)(dst[16*sub+i:])
				q := binary.LittleEndian.Uint64(codes[i:]) >> (shift & 63) & (3 * lowBits)
				q |= binary.LittleEndian.Uint64(third[i:]) >> (bit & 63) & lowBits << 2
				for j := range y {
					y[j] = of[q&7]
					q >>= 8
				}
			}
		}
	}
}

func encodeQ3_K(dst []byte, src []float32) int {
	var codes [256]uint8
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesQ3_K]byte)(dst[bytesQ3_K*n:])
		if !within(x, maxF16*32*4) {
			return n
		}
		var found [16]float32
		var top float32
		for i := range found {
			s := descendScale((*[16]float32)(x[16*i:]), (*[16]uint8)(codes[16*i:]), 4)
			if abs(s) > abs(top) {
				top = s
			}
			found[i] = s
		}
		var scales [16]uint8
		var d float32
		if top != 0 {
			inverse := -32 / top
			d = 1 / inverse
			for i, s := range found {
				scales[i] = uint8(clampRound(inverse*s, -32, 31) + 32)
			}
		}
		writeScales3((*[12]byte)(b[96:]), &scales)
		if !putF16(b[108:], d) {
			return n
		}
		d = readF16(b[108:])
		for i, s := range scales {
			scale := d * float32(int(s)-32)
			if scale == 0 {
				continue // as in llama.cpp the codes of the search stay
			}
			for j := 16 * i; j < 16*i+16; j++ {
				codes[j] = uint8(clampRound(x[j]/scale, -4, 3) + 4)
			}
		}
		clear(b[:32])
		for i, q := range codes {
			b[i%32] |= q >> 2 << (i / 32)
		}
		quarters((*[32]byte)(b[32:]), (*[128]uint8)(codes[:]))
		quarters((*[32]byte)(b[64:]), (*[128]uint8)(codes[128:]))
	}
	return -1
}
