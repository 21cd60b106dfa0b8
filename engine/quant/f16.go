package quant

import (
	"encoding/binary"
	"math"
)

// f16 is IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 of
// fraction.
const (
	maxF16   = 65504 // the greatest finite value
	f16Inf   = 0x7c00
	f16Quiet = 0x0200 // the fraction bit that marks a quiet NaN
)

// F16ToF32 converts exactly. A signalling NaN becomes quiet, as the F16C
// instructions do.
func F16ToF32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f:
		if frac != 0 {
			frac |= f16Quiet
		}
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// F32ToF16 rounds to the nearest f16, ties to even. Magnitudes from 65520 on
// become infinity; a NaN keeps the upper bits of its payload and becomes quiet.
func F32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &^= 1 << 31
	switch {
	case b > 0x7f800000: // NaN
		return sign | f16Inf | f16Quiet | uint16(b>>13&0x3ff)
	case b >= 0x47800000: // 65536 or more
		return sign | f16Inf
	case b < 0x38800000: // below 2^-14, the least normal f16
		// The unit in the last place of [0.5, 1) is 2^-24, as that of a
		// subnormal f16, so the sum rounds as it should.
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5))
	}
	b += 0xfff + b>>13&1
	return sign | uint16((b-(127-15)<<23)>>13)
}

func decodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = F16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func encodeF16(dst []byte, src []float32) int {
	for i, v := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(v))
	}
	return -1
}

// readF16 is the f16 at the start of b, as the scale of a block.
func readF16(b []byte) float32 { return F16ToF32(binary.LittleEndian.Uint16(b)) }

// putF16 writes f at the start of b and reports whether it fits.
func putF16(b []byte, f float32) bool {
	h := F32ToF16(f)
	binary.LittleEndian.PutUint16(b, h)
	return h&f16Inf != f16Inf
}
