package simd

func ropePairsGeneric(x []float32, heads, headSize int, cos, sin []float32) {
	checkRope(x, heads, headSize, cos, sin)
	for ; heads > 0; heads-- {
		for i, c := range cos {
			x[2*i], x[2*i+1] = rotated(x[2*i], x[2*i+1], c, sin[i])
		}
		x = x[headSize:]
	}
}

func ropeHalvesGeneric(x []float32, heads, headSize int, cos, sin []float32) {
	checkRope(x, heads, headSize, cos, sin)
	half := len(cos)
	for ; heads > 0; heads-- {
		for i, c := range cos {
			x[i], x[i+half] = rotated(x[i], x[i+half], c, sin[i])
		}
		x = x[headSize:]
	}
}

// rotated has conversions that keep the rounding of each product.
func rotated(a, b, c, s float32) (float32, float32) {
	return float32(a*c) - float32(b*s), float32(a*s) + float32(b*c)
}
