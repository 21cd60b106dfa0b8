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
	if isNormal(h) {
		return normalToF32(h)
	}
	sign, frac := uint32(h&0x8000)<<16, uint32(h&0x3ff)
	switch {
	case h&f16Inf == 0: // zero or subnormal: frac * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case frac != 0:
		frac |= f16Quiet
	}
	return math.Float32frombits(sign | infinity | frac<<13)
}

// isNormal reports whether h is no zero, subnormal, infinity nor NaN. It and
// normalToF32 are short enough to be inlined.
func isNormal(h uint16) bool { return h&f16Inf-1<<10 < f16Inf-1<<10 }

func normalToF32(h uint16) float32 {
	return math.Float32frombits(uint32(h&0x8000)<<16 | (uint32(h&0x7fff)<<13 + (127-15)<<23))
}

// F32ToF16 rounds to the nearest f16, ties to even. Magnitudes from 65520 on
// become infinity; a NaN keeps the upper bits of its payload and becomes quiet.
func F32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	if becomesNormal(b) {
		return normalToF16(b)
	}
	sign := uint16(b >> 16 & 0x8000)
	b &^= signBit
	switch {
	case b > infinity: // NaN
		return sign | f16Inf | f16Quiet | uint16(b>>13&0x3ff)
	case b >= f16Over:
		return sign | f16Inf
	}
	// Below 2^-14. The unit in the last place of [0.5, 1) is 2^-24, as that of a
	// subnormal f16, so the sum rounds as it should.
	return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5))
}

// f16Least and f16Over are the bits of 2^-14, the least magnitude that rounds to a
// normal f16, and of 65520, the least one that rounds to infinity.
const f16Least, f16Over = 0x38800000, 0x477ff000

// becomesNormal reports whether the float32 with bits b rounds to a normal f16. It
// and normalToF16 are short enough to be inlined.
func becomesNormal(b uint32) bool { return b&^signBit-f16Least < f16Over-f16Least }

func normalToF16(b uint32) uint16 {
	m := b &^ signBit
	return uint16(b>>16&0x8000 | (m+0xfff+m>>13&1-(127-15)<<23)>>13)
}

// decodeF16 and encodeF16 go by four, so that bounds are checked once, and ask the
// four together whether they are normal, as they nearly always are.
func decodeF16(dst []float32, src []byte) {
	for ; len(dst) >= 4 && len(src) >= 8; dst, src = dst[4:], src[8:] {
		y, h := (*[4]float32)(dst), binary.LittleEndian.Uint64(src)
		if a, b, c, d := uint16(h), uint16(h>>16), uint16(h>>32), uint16(h>>48); isNormal(a) && isNormal(b) && isNormal(c) && isNormal(d) {
			y[0], y[1], y[2], y[3] = normalToF32(a), normalToF32(b), normalToF32(c), normalToF32(d)
			continue
		}
		for i := range y {
			y[i] = F16ToF32(uint16(h >> (16 * i)))
		}
	}
	for i := range dst {
		dst[i] = readF16(src[2*i:])
	}
}

func encodeF16(dst []byte, src []float32) int {
	for ; len(src) >= 4 && len(dst) >= 8; dst, src = dst[8:], src[4:] {
		x := (*[4]uint32)(bitsOf(src))
		a, b, c, d := x[0], x[1], x[2], x[3]
		if becomesNormal(a) && becomesNormal(b) && becomesNormal(c) && becomesNormal(d) {
			low, high := uint64(normalToF16(a))|uint64(normalToF16(b))<<16, uint64(normalToF16(c))|uint64(normalToF16(d))<<16
			binary.LittleEndian.PutUint64(dst, low|high<<32)
			continue
		}
		for i, v := range src[:4] {
			binary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(v))
		}
	}
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
