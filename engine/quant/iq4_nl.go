package quant

// An iq4_nl block: scale d f16, then 16 bytes as in q4_0. Value i is
// d*valuesIQ4[q[i]]: the steps are finer around 0, where most values of a normal
// distribution lie. (Layout: block_iq4_nl in ggml/src/ggml-common.h.)
const bytesIQ4_NL = 2 + 16

// valuesIQ4 are the 16 values of the i-quants of 4 bits (kvalues_iq4nl in
// ggml/src/ggml-common.h).
var valuesIQ4 = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// codesIQ4 has the code of the nearest of valuesIQ4 for x at floor(2x)+256, the
// greater one half-way between two: the midpoints are multiples of 1/2.
var codesIQ4 = func() (codes [512]uint8) {
	for i := range codes {
		for code, v := range valuesIQ4 {
			if code > 0 && float32(i-256) >= v+valuesIQ4[code-1] {
				codes[i] = uint8(code)
			}
		}
	}
	return codes
}()

// codeIQ4 is the code of the value nearest to x; that of 113 for NaN.
func codeIQ4(x float32) uint8 {
	if x <= -127 {
		return 0
	}
	if x < 113 {
		return nearIQ4(x)
	}
	return 15
}

// nearIQ4 is codeIQ4 for magnitudes below 128, without a branch. The index is exact
// but for values so small that no midpoint is near.
func nearIQ4(x float32) uint8 { return codesIQ4[int(2*float64(x)+256)&511] }

// expandIQ4 writes the 32 values of 16 bytes of codes.
func expandIQ4(y *[32]float32, d float32, codes *[16]byte) {
	var of [16]float32
	for i, v := range valuesIQ4 {
		of[i] = d * v
	}
	for i, b := range codes {
		y[i], y[i+16] = of[b&15], of[b>>4]
	}
}

func decodeIQ4_NL(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesIQ4_NL:] {
		b := (*[bytesIQ4_NL]byte)(src)
		expandIQ4((*[32]float32)(dst), readF16(b[:]), (*[16]byte)(b[2:]))
	}
}

// encodeIQ4_NL takes the codes that follow from the greatest magnitude at -127
// or 127, and then the scale that is best for them by least squares weighted with
// x*x. llama.cpp does so for its K/V cache (quantize_row_iq4_nl_ref); when it
// makes files it tries 16 scales (quantize_iq4_nl): see searchIQ4_NL.
func encodeIQ4_NL(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesIQ4_NL]byte)(dst[bytesIQ4_NL*n:])
		top, ok := extreme(x[:])
		if !ok {
			return n
		}
		var id, sumQX, sumQ2, d float32
		if !negligible(top) {
			id = 1 / (top / valuesIQ4[0])
		}
		// The order of the sums is llama.cpp's, one value after the other.
		var codes [32]uint8
		for i, v := range x {
			c := nearIQ4(v * id)
			codes[i] = c
			q := valuesIQ4[c&15]
			wq := v * v * q
			sumQX += float32(wq * v)
			sumQ2 += float32(wq * q)
		}
		if sumQ2 > 0 {
			d = sumQX / sumQ2
		}
		if !putF16(b[:], d) { // neither does NaN, of sums that overflow
			return n
		}
		for i := range 16 {
			b[2+i] = codes[i] | codes[i+16]<<4
		}
	}
	return -1
}

// searchIQ4_NL is encodeIQ4_NL with the best of 16 scales, and the codes that are
// nearest under it.
func searchIQ4_NL(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesIQ4_NL]byte)(dst[bytesIQ4_NL*n:])
		if _, ok := extreme(x[:]); !ok {
			return n
		}
		d := searchIQ4(x)
		if !putF16(b[:], d) {
			return n
		}
		// d is not rounded to f16 here, as in llama.cpp.
		id := reciprocal(d)
		for i := range 16 {
			b[2+i] = codeIQ4(id*x[i]) | codeIQ4(id*x[i+16])<<4
		}
	}
	return -1
}

// negligible reports whether a block with the extreme value top is taken as all
// zeros by the formats that search for a scale (GROUP_MAX_EPS in
// ggml/src/ggml-quants.c).
func negligible(top float32) bool { return top < 1e-15 && top > -1e-15 }
