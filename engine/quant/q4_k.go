package quant

import "encoding/binary"

// A q4_K block of 256 in 8 sub-blocks of 32: scale d f16, scale of offsets m f16,
// 12 bytes of 6-bit scales and offsets (scales6), then for each two sub-blocks 32
// bytes, of which byte i holds value i of the first in its low and of the second in
// its high half. A value is d*scale*q - m*offset. (Layout: block_q4_K in
// ggml/src/ggml-common.h.)
const bytesQ4_K = 2 + 2 + 12 + 128

var searchQ4_K = affineSearch{top: 15, from: -1, by: 0.1, steps: 20}

// scales6 are the scales and offsets, 6 bits each, of the 8 sub-blocks of a q4_K
// or q5_K block. In the 12 bytes of the file the first four of each have bytes of
// their own, scales before offsets; of the last four, bytes 8 to 11 hold the low 4
// bits, scales in the low half, and the upper two bits are those of bytes 0 to 7.
type scales6 struct{ scale, offset [8]uint8 }

func (s *scales6) read(b *[12]byte) {
	scale, offset, last := binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	const low6, low4, bits45 = 0x3f3f3f3f, 0x0f0f0f0f, 0x30303030
	binary.LittleEndian.PutUint32(s.scale[:], scale&low6)
	binary.LittleEndian.PutUint32(s.scale[4:], last&low4|scale>>2&bits45)
	binary.LittleEndian.PutUint32(s.offset[:], offset&low6)
	binary.LittleEndian.PutUint32(s.offset[4:], last>>4&low4|offset>>2&bits45)
}

func (s *scales6) write(b *[12]byte) {
	for i := range 4 {
		b[i] = s.scale[i] | s.scale[i+4]>>4<<6
		b[i+4] = s.offset[i] | s.offset[i+4]>>4<<6
		b[i+8] = s.scale[i+4]&15 | s.offset[i+4]<<4
	}
}

func decodeQ4_K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesQ4_K:] {
		y, b := (*[256]float32)(dst), (*[bytesQ4_K]byte)(src)
		d, m := readF16(b[:]), readF16(b[2:])
		var s scales6
		s.read((*[12]byte)(b[4:]))
		for pair := range 4 {
			first, second := (*[32]float32)(y[64*pair:]), (*[32]float32)(y[64*pair+32:])
			var low, high [16]float32 // what the codes mean
			d1, m1 := d*float32(s.scale[2*pair]), float32(m*float32(s.offset[2*pair]))
			d2, m2 := d*float32(s.scale[2*pair+1]), float32(m*float32(s.offset[2*pair+1]))
			for q := range 16 {
				low[q] = float32(d1*float32(q)) - m1
				high[q] = float32(d2*float32(q)) - m2
			}
			for i, q := range (*[32]byte)(b[16+32*pair:]) {
				first[i], second[i] = low[q&15], high[q>>4]
			}
		}
	}
}

func encodeQ4_K(dst []byte, src []float32) int {
	var codes [256]uint8
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesQ4_K]byte)(dst[bytesQ4_K*n:])
		if !quantize6(x, &codes, (*[16]byte)(b[:]), searchQ4_K) {
			return n
		}
		for pair := range 4 {
			first, second := (*[32]uint8)(codes[64*pair:]), (*[32]uint8)(codes[64*pair+32:])
			for i, q := range first {
				b[16+32*pair+i] = q | second[i]<<4
			}
		}
	}
	return -1
}

// quantize6 finds the codes of a q4_K or q5_K block, and writes d, m and the
// 6-bit scales and offsets to head. It reports whether the block can hold x.
func quantize6(x *[256]float32, codes *[256]uint8, head *[16]byte, how affineSearch) bool {
	if !within(x, maxF16*63*float32(how.top)) {
		return false
	}
	var scales, offsets [8]float32
	var topScale, topOffset float32
	for i := range 8 {
		sub := (*[32]float32)(x[32*i:])
		var squares float32
		for _, v := range sub {
			squares += float32(v * v)
		}
		mean := sqrt(squares / 32)
		var weights [32]float32
		for j, v := range sub {
			weights[j] = mean + abs(v)
		}
		d, m := affineScale(sub[:], weights[:], codes[32*i:32*i+32], how)
		if d > topScale {
			topScale = d
		}
		if m > topOffset {
			topOffset = m
		}
		scales[i], offsets[i] = d, m
	}
	var inverseScale, inverseOffset float32
	if topScale > 0 {
		inverseScale = 63 / topScale
	}
	if topOffset > 0 {
		inverseOffset = 63 / topOffset
	}
	var s scales6
	for i := range 8 {
		s.scale[i] = min(63, uint8(roundEven(inverseScale*scales[i])))
		s.offset[i] = min(63, uint8(roundEven(inverseOffset*offsets[i])))
	}
	s.write((*[12]byte)(head[4:]))
	if !putF16(head[:], topScale/63) || !putF16(head[2:], topOffset/63) {
		return false
	}
	d, m := readF16(head[:]), readF16(head[2:])
	for i := range 8 {
		scale, offset := d*float32(s.scale[i]), float32(m*float32(s.offset[i]))
		if scale == 0 {
			continue // as in llama.cpp the codes of the search stay
		}
		for j := 32 * i; j < 32*i+32; j++ {
			codes[j] = uint8(clampRound((x[j]+offset)/scale, 0, how.top))
		}
	}
	return true
}
