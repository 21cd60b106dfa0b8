package quant

import "encoding/binary"

// A q5_0 block: scale d f16, the fifth bits of all 32 values as a uint32 (bit i
// for value i), then 16 bytes as in q4_0. Value i is d*(q[i]-16).
const bytesQ5_0 = 2 + 4 + 16

func decodeQ5_0(dst []float32, src []byte) {
	var codes [32]uint8
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesQ5_0:] {
		y, b := (*[32]float32)(dst), (*[bytesQ5_0]byte)(src)
		d := readF16(b[:])
		unpack5(&codes, (*[4]byte)(b[2:]), (*[16]byte)(b[6:]))
		for i, q := range codes {
			y[i] = float32(int(q)-16) * d
		}
	}
}

func encodeQ5_0(dst []byte, src []float32) int {
	var codes [32]uint8
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesQ5_0]byte)(dst[bytesQ5_0*n:])
		top, ok := extreme(x[:])
		d := top / -16
		id := inverse(d)
		if !ok || !putF16(b[:], d) {
			return n
		}
		for i, v := range x {
			codes[i] = min(31, uint8(float32(v*id)+16.5))
		}
		pack5((*[4]byte)(b[2:]), (*[16]byte)(b[6:]), &codes)
	}
	return -1
}

// Eight codes at a time, as the bytes of a uint64.
const (
	lowHalves = 0x0f0f0f0f0f0f0f0f
	lowBits   = 0x0101010101010101
)

// pack5 splits codes of 5 bits into their fifth bits and 16 bytes as in q4_0.
func pack5(fifth *[4]byte, halves *[16]byte, codes *[32]uint8) {
	for i := range 2 {
		first, second := binary.LittleEndian.Uint64(codes[8*i:]), binary.LittleEndian.Uint64(codes[16+8*i:])
		binary.LittleEndian.PutUint64(halves[8*i:], first&lowHalves|second&lowHalves<<4)
		// The product brings bit 4 of byte k to bit 56+k.
		const gather = 0x0102040810204080
		fifth[i] = uint8(first >> 4 & lowBits * gather >> 56)
		fifth[2+i] = uint8(second >> 4 & lowBits * gather >> 56)
	}
}

// unpack5 is the inverse of pack5.
func unpack5(codes *[32]uint8, fifth *[4]byte, halves *[16]byte) {
	for i := range 2 {
		h := binary.LittleEndian.Uint64(halves[8*i:])
		binary.LittleEndian.PutUint64(codes[8*i:], h&lowHalves|spread5(fifth[i]))
		binary.LittleEndian.PutUint64(codes[16+8*i:], h>>4&lowHalves|spread5(fifth[2+i]))
	}
}

// spread5 is the eight bytes of which byte k is 16 where bit k of b is set.
func spread5(b uint8) uint64 {
	const diagonal = 0x8040201008040201 // bit k of byte k
	// The sum sets the top bit of each byte that is not 0; there is no carry.
	return (uint64(b)*lowBits&diagonal + 0x7f*lowBits) >> 3 & (16 * lowBits)
}
