package quant

import (
	"encoding/binary"
	"math"
)

// BF16ToF32 converts exactly: a bf16 is the upper half of a float32.
func BF16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// F32ToBF16 rounds to the nearest bf16, ties to even. A NaN keeps the upper
// bits of its payload and becomes quiet.
func F32ToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&^(1<<31) > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func decodeBF16(dst []float32, src []byte) {
	// Four at a time, so that bounds are checked once.
	for ; len(dst) >= 4 && len(src) >= 8; dst, src = dst[4:], src[8:] {
		y, h := (*[4]float32)(dst), binary.LittleEndian.Uint64(src)
		y[0], y[1] = BF16ToF32(uint16(h)), BF16ToF32(uint16(h>>16))
		y[2], y[3] = BF16ToF32(uint16(h>>32)), BF16ToF32(uint16(h>>48))
	}
	for i := range dst {
		dst[i] = BF16ToF32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func encodeBF16(dst []byte, src []float32) int {
	for ; len(src) >= 4 && len(dst) >= 8; dst, src = dst[8:], src[4:] {
		x := (*[4]float32)(src)
		low := uint64(F32ToBF16(x[0])) | uint64(F32ToBF16(x[1]))<<16
		high := uint64(F32ToBF16(x[2])) | uint64(F32ToBF16(x[3]))<<16
		binary.LittleEndian.PutUint64(dst, low|high<<32)
	}
	for i, v := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], F32ToBF16(v))
	}
	return -1
}
