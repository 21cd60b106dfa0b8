package quant

// A q6_K block of 256: 128 bytes of low halves, 64 bytes of upper pairs of bits,
// 16 scales int8, scale d f16. Each half of the values takes 64 and 32 of these
// bytes: byte l of the 64 holds the low 4 bits of values l and l+64 (l < 32), or l
// and l+64 again for l from 32 on; byte l of the 32 holds bits 4 and 5 of values
// l, l+32, l+64 and l+96. Value i is d*scale[i/16]*(q[i]-32). (Layout: block_q6_K
// in ggml/src/ggml-common.h.)
const bytesQ6_K = 128 + 64 + 16 + 2

func decodeQ6_K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesQ6_K:] {
		b := (*[bytesQ6_K]byte)(src)
		d := readF16(b[208:])
		for half := range 2 {
			y := (*[128]float32)(dst[128*half:])
			low, high := (*[64]byte)(b[64*half:]), (*[32]byte)(b[128+32*half:])
			var scales [8]float32
			for i := range scales {
				scales[i] = d * float32(int8(b[192+8*half+i]))
			}
			for l := range 32 {
				at, h := l/16, high[l]
				y[l] = scales[at] * float32(int(low[l]&15|h<<4&0x30)-32)
				y[l+32] = scales[at+2] * float32(int(low[l+32]&15|h<<2&0x30)-32)
				y[l+64] = scales[at+4] * float32(int(low[l]>>4|h&0x30)-32)
				y[l+96] = scales[at+6] * float32(int(low[l+32]>>4|h>>2&0x30)-32)
			}
		}
	}
}

func encodeQ6_K(dst []byte, src []float32) int {
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesQ6_K]byte)(dst[bytesQ6_K*n:])
		if !within(x, maxF16*128*32) {
			return n
		}
		var codes [256]uint8
		var scales [16]float32
		var top float32
		for i := range scales {
			s := symmetricScale((*[16]float32)(x[16*i:]), (*[16]uint8)(codes[16*i:]), 32)
			if abs(s) > abs(top) {
				top = s
			}
			scales[i] = s
		}
		if negligible(top) {
			clear(b[:])
			continue
		}
		inverse := -128 / top
		if !putF16(b[208:], 1/inverse) {
			return n
		}
		d := readF16(b[208:])
		for i, s := range scales {
			q := int8(min(127, roundEven(inverse*s)))
			b[192+i] = byte(q)
			// A scale of 0 keeps the codes of the search: they mean 0 all the same.
			if s := d * float32(q); s != 0 {
				for j := 16 * i; j < 16*i+16; j++ {
					codes[j] = uint8(clampRound(x[j]/s, -32, 31) + 32)
				}
			}
		}
		for half := range 2 {
			q := (*[128]uint8)(codes[128*half:])
			low, high := (*[64]byte)(b[64*half:]), (*[32]byte)(b[128+32*half:])
			for l := range 32 {
				low[l] = q[l]&15 | q[l+64]<<4
				low[l+32] = q[l+32]&15 | q[l+96]<<4
				high[l] = q[l]>>4 | q[l+32]>>4<<2 | q[l+64]>>4<<4 | q[l+96]>>4<<6
			}
		}
	}
	return -1
}
