package quant

import (
	"encoding/binary"
	"math"
)

func decodeF32(dst []float32, src []byte) {
	// Two at a time, so that bounds are checked once.
	for ; len(dst) >= 2 && len(src) >= 8; dst, src = dst[2:], src[8:] {
		y, b := (*[2]float32)(dst), binary.LittleEndian.Uint64(src)
		y[0], y[1] = math.Float32frombits(uint32(b)), math.Float32frombits(uint32(b>>32))
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func encodeF32(dst []byte, src []float32) int {
	for ; len(src) >= 2 && len(dst) >= 8; dst, src = dst[8:], src[2:] {
		x := (*[2]float32)(src)
		binary.LittleEndian.PutUint64(dst, uint64(math.Float32bits(x[0]))|uint64(math.Float32bits(x[1]))<<32)
	}
	for i, v := range src {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
	return -1
}
