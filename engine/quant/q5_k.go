package quant

// A q5_K block of 256 in 8 sub-blocks of 32: d, m, scales and offsets as in q4_K;
// 32 bytes of fifth bits, bit s of byte i for value i of sub-block s; then 128 bytes
// as in q4_K. (Layout: block_q5_K in ggml/src/ggml-common.h.)
const bytesQ5_K = 2 + 2 + 12 + 32 + 128

var searchQ5_K = affineSearch{top: 31, from: -0.5, by: 0.1, steps: 15}

func decodeQ5_K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesQ5_K:] {
		y, b := (*[256]float32)(dst), (*[bytesQ5_K]byte)(src)
		d, m := readF16(b[:]), readF16(b[2:])
		var s scales6
		s.read((*[12]byte)(b[4:]))
		fifth := *(*[32]byte)(b[16:]) // shifted down by two bits for each pair
		for pair := range 4 {
			first, second := (*[32]float32)(y[64*pair:]), (*[32]float32)(y[64*pair+32:])
			d1, m1 := d*float32(s.scale[2*pair]), float32(m*float32(s.offset[2*pair]))
			d2, m2 := d*float32(s.scale[2*pair+1]), float32(m*float32(s.offset[2*pair+1]))
			for i, q := range (*[32]byte)(b[48+32*pair:]) {
				h := fifth[i]
				first[i] = float32(d1*float32(q&15|h&1<<4)) - m1
				second[i] = float32(d2*float32(q>>4|h&2<<3)) - m2
				fifth[i] = h >> 2
			}
		}
	}
}

func encodeQ5_K(dst []byte, src []float32) int {
	var codes [256]uint8
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesQ5_K]byte)(dst[bytesQ5_K*n:])
		if !quantize6(x, &codes, (*[16]byte)(b[:]), searchQ5_K) {
			return n
		}
		fifth := (*[32]byte)(b[16:])
		clear(fifth[:])
		for pair := range 4 {
			first, second := (*[32]uint8)(codes[64*pair:]), (*[32]uint8)(codes[64*pair+32:])
			for i, q := range first {
				b[48+32*pair+i] = q&15 | second[i]<<4
				fifth[i] |= (q>>4 | second[i]>>4<<1) << (2 * pair)
			}
		}
	}
	return -1
}
