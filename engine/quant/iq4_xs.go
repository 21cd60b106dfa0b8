package quant

import "encoding/binary"

// An iq4_xs block of 256 in 8 sub-blocks of 32: scale d f16, the upper two bits of
// the sub-blocks' scales as a uint16 (bits 2s and 2s+1 for sub-block s), 4 bytes of
// their low 4 bits (two each, the even one in the low half), then 16 bytes for each
// sub-block as in iq4_nl. A value is d*(scale-32)*valuesIQ4[q]. (Layout:
// block_iq4_xs in ggml/src/ggml-common.h.)
const bytesIQ4_XS = 2 + 2 + 4 + 128

func decodeIQ4_XS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[bytesIQ4_XS:] {
		b := (*[bytesIQ4_XS]byte)(src)
		d, upper, lower := readF16(b[:]), uint32(binary.LittleEndian.Uint16(b[2:])), binary.LittleEndian.Uint32(b[4:])
		for sub := range 8 {
			scale := int(lower&15|upper&3<<4) - 32
			expandIQ4((*[32]float32)(dst[32*sub:]), d*float32(scale), (*[16]byte)(b[8+16*sub:]))
			upper >>= 2
			lower >>= 4
		}
	}
}

func encodeIQ4_XS(dst []byte, src []float32) int {
	for n := 0; n < len(src)/256; n++ {
		x, b := (*[256]float32)(src[256*n:]), (*[bytesIQ4_XS]byte)(dst[bytesIQ4_XS*n:])
		if !within(x, maxF16*32*127) {
			return n
		}
		var scales [8]float32
		var top float32
		for i := range scales {
			s := searchIQ4((*[32]float32)(x[32*i:]))
			if abs(s) > abs(top) {
				top = s
			}
			scales[i] = s
		}
		d := -top / 32
		if !putF16(b[:], d) {
			return n
		}
		inverse := reciprocal(d)
		var upper uint16
		var lower uint32
		for i, s := range scales {
			scale := clampRound(inverse*s, -32, 31)
			// d is not rounded to f16 here, as in llama.cpp.
			id := reciprocal(d * float32(scale))
			sub, codes := (*[32]float32)(x[32*i:]), (*[16]byte)(b[8+16*i:])
			for j := range codes {
				codes[j] = codeIQ4(id*sub[j]) | codeIQ4(id*sub[j+16])<<4
			}
			upper |= uint16(scale+32) >> 4 << (2 * i)
			lower |= uint32(scale+32) & 15 << (4 * i)
		}
		binary.LittleEndian.PutUint16(b[2:], upper)
		binary.LittleEndian.PutUint32(b[4:], lower)
	}
	return -1
}

// searchIQ4 finds the scale of a sub-block: of 16 scales about those that put the
// extreme value at 127 or -127, the best one by least squares weighted with x*x
// (quantize_row_iq4_nl_impl with 7 tries to either side).
func searchIQ4(x *[32]float32) float32 {
	top, _ := extreme(x[:])
	if negligible(top) {
		return 0
	}
	d, sumQX, sumQ2 := fitIQ4(x, 1/(-top/valuesIQ4[0]))
	best := d * sumQX
	for try := -7; try <= 7; try++ {
		var fitted float32
		fitted, sumQX, sumQ2 = fitIQ4(x, (float32(try)+valuesIQ4[0])/top)
		if sumQ2 > 0 && sumQX*sumQX > best*sumQ2 {
			d, best = fitted, fitted*sumQX
		}
	}
	return d
}

// fitIQ4 is the best scale for the codes of x times inverse, and the sums it is
// the quotient of.
func fitIQ4(x *[32]float32, inverse float32) (d, sumQX, sumQ2 float32) {
	for _, v := range x {
		q := valuesIQ4[codeIQ4(v*inverse)&15]
		wq := v * v * q
		sumQX += float32(wq * v)
		sumQ2 += float32(wq * q)
	}
	if sumQ2 > 0 {
		d = sumQX / sumQ2
	}
	return d, sumQX, sumQ2
}

// reciprocal is 1/f, and 0 for 0.
func reciprocal(f float32) float32 {
	if f == 0 {
		return 0
	}
	return 1 / f
}
