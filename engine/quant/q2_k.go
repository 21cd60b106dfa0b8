package quant

import "encoding/binary"

// A q2_K block of 256 in 16 sub-blocks of 16: 16 bytes with the scale of a
// sub-block in the low and its offset in the high half, 64 bytes of codes (quarters),
// scale d f16, scale of offsets m f16. A value is d*scale*q - m*offset. (Layout:
// block_q2_K in ggml/src/ggml-common.h.)
const bytesQ2_K = 16 + 64 + 2 + 2

var searchQ2_K = affineSearch{top: 3, from: -0.5, by: 0.1, steps: 15, absolute: true}

// quarters packs 128 codes of 2 bits: byte i holds those of values i, i+32, i+64
// and i+96, from its low bits up.
func quarters(b *[32]byte, codes *[128]uint8) {
	for i := range b {
		b[i] = codes[i]&3 | codes[i+32]&3<<2 | codes[i+64]&3<<4 | codes[i+96]&3<<6
	}
}

func decodeQ2_K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesQ2_K:] {
		b := (*[bytesQ2_K]byte)(src)
		d, m := readF16(b[80:]), readF16(b[82:])
		for sub := range 16 {
			scale, offset := d*float32(b[sub]&15), float32(m*float32(b[sub]>>4))
			var of [4]float32 // what the codes mean
			for q := range of {
				of[q] = float32(scale*float32(q)) - offset
			}
			codes, shift := b[16+sub/8*32+sub%2*16:][:16], sub/2%4*2
			for i := 0; i < 16; i += 8 { // eight codes at a time, as the bytes of a uint64
				y, q := (*[8]float32)(dst[16*sub+i:]), binary.LittleEndian.Uint64(codes[i:])>>(shift&63)
				for j := range y {
					y[j] = of[q&3]
					q >>= 8
				}
			}
		}
	}
}

func encodeQ2_K(dst []byte, src []float32) int {
	var codes [256]uint8
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesQ2_K]byte)(dst[bytesQ2_K*n:])
		if !within(x, maxF16*15*3) {
			return n
		}
		var scales, offsets [16]float32
		var topScale, topOffset float32
		for i := range 16 {
			sub := (*[16]float32)(x[16*i:])
			var weights [16]float32
			for j, v := range sub {
				weights[j] = abs(v)
			}
			d, m := affineScale(sub[:], weights[:], codes[16*i:16*i+16], searchQ2_K)
			if d > topScale {
				topScale = d
			}
			if m > topOffset {
				topOffset = m
			}
			scales[i], offsets[i] = d, m
		}
		if !putF16(b[80:], topScale/15) || !putF16(b[82:], topOffset/15) {
			return n
		}
		clear(b[:16])
		if topScale > 0 {
			inverse := 15 / topScale
			for i, s := range scales {
				b[i] = uint8(roundEven(inverse * s))
			}
		}
		if topOffset > 0 {
			inverse := 15 / topOffset
			for i, m := range offsets {
				b[i] |= uint8(roundEven(inverse*m)) << 4
			}
		}
		d, m := readF16(b[80:]), readF16(b[82:])
		for i := range 16 {
			scale, offset := d*float32(b[i]&15), float32(m*float32(b[i]>>4))
			if scale == 0 {
				continue // as in llama.cpp the codes of the search stay
			}
			for j := 16 * i; j < 16*i+16; j++ {
				codes[j] = uint8(clampRound((x[j]+offset)/scale, 0, 3))
			}
		}
		quarters((*[32]byte)(b[16:]), (*[128]uint8)(codes[:]))
		quarters((*[32]byte)(b[48:]), (*[128]uint8)(codes[128:]))
	}
	return -1
}
