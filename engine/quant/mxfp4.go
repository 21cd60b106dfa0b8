package quant

import "math"

// An mxfp4 block: exponent e, then 16 bytes as in q4_0. Value i is
// 2^(e-127) times the number of 4 bits q[i], which is half of valuesFP4[q[i]].
// (OCP Microscaling Formats 1.0; layout: block_mxfp4 in ggml/src/ggml-common.h.)
const bytesMXFP4 = 1 + 16

// valuesFP4 are the numbers with a sign, 2 bits of exponent and one of fraction
// (e2m1), doubled.
var valuesFP4 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// halfExponent is 2^(e-128). The standard has NaN for e = 255; llama.cpp does not.
func halfExponent(e uint8) float32 {
	if e < 2 {
		return math.Float32frombits(1 << 21 << e) // subnormal
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

func decodeMXFP4(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[bytesMXFP4:] {
		y, b := (*[32]float32)(dst), (*[bytesMXFP4]byte)(src)
		d := halfExponent(b[0])
		var of [16]float32
		for i, v := range valuesFP4 {
			of[i] = v * d
		}
		for i := range 16 {
			y[i], y[i+16] = of[b[1+i]&15], of[b[1+i]>>4]
		}
	}
}

// encodeMXFP4 takes the exponent that puts the extreme value between 4 and 8 and
// the nearest code for each value, halves towards 0.
func encodeMXFP4(dst []byte, src []float32) int {
	for n := 0; n < len(src)/32; n++ {
		x, b := (*[32]float32)(src[32*n:]), (*[bytesMXFP4]byte)(dst[bytesMXFP4*n:])
		top, ok := extreme(x[:])
		if !ok {
			return n
		}
		b[0] = exponentMXFP4(abs(top))
		d := halfExponent(b[0])
		var limits [7]float32 // from limits[i] on, exclusive, a magnitude has the code i+1
		for i := range limits {
			limits[i] = d * ((valuesFP4[i] + valuesFP4[i+1]) / 2)
		}
		if d*valuesFP4[6] > math.MaxFloat32 {
			limits[5] = math.MaxFloat32 // the code 6 would decode to infinity
		}
		for i := range 16 {
			b[1+i] = codeFP4(x[i], &limits) | codeFP4(x[i+16], &limits)<<4
		}
	}
	return -1
}

// exponentMXFP4 is the exponent of a block with the greatest magnitude top. Just
// under a great power of two the logarithm rounds up, as in llama.cpp. Below
// 2^-125 llama.cpp's conversion to an integer is undefined; here the exponent stays
// the least one, 0.
func exponentMXFP4(top float32) uint8 {
	if top == 0 {
		return 0
	}
	return uint8(max(0, math.Floor(float64(float32(math.Log2(float64(top)))))-2+127))
}

func codeFP4(v float32, limits *[7]float32) uint8 {
	magnitude, code := abs(v), uint8(0)
	for _, limit := range limits {
		if magnitude > limit {
			code++
		}
	}
	if code != 0 && v < 0 {
		code |= 8
	}
	return code
}
