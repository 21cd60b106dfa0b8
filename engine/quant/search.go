package quant

import "math"

// The K-quants and iq4_xs search for the scale of a sub-block, in float32. The
// searches here take the steps of llama.cpp's (ggml/src/ggml-quants.c, the
// function named at each) in the same order, so that the sums round alike. Where
// a product is added, here or by a caller, a conversion keeps the two apart: fused
// they would round otherwise.
//
// Values beyond what a type can hold are refused before its search: their sums
// overflow, and the search would come back with some scale nevertheless.

// roundEven is the integer nearest to f, halves to even, for magnitudes below
// 2^22. Beyond, NaN included, it is some integer, on every machine the same one
// as in llama.cpp (nearest_int).
func roundEven(f float32) int {
	const bias = 3 << 22 // from here on floats have no fraction
	return int(math.Float32bits(float32(f)+bias)&0x7fffff) - 1<<22
}

// clampRound is roundEven within low and high.
func clampRound(f float32, low, high int) int { return min(max(roundEven(f), low), high) }

func abs(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ signBit) }

func sqrt(f float32) float32 { return float32(math.Sqrt(float64(f))) }

// symmetricScale finds a scale d and codes such that d*(code-side) is near x for
// codes from 0 to 2*side-1: of 19 scales about the one that puts the extreme
// value at -side it takes the best one by least squares weighted with x*x
// (make_qx_quants with rmse_type 1).
func symmetricScale(x *[16]float32, codes *[16]uint8, side int) float32 {
	top, _ := extreme(x[:])
	if negligible(top) {
		*codes = [16]uint8{}
		return 0
	}
	var scale, best float32
	for try := range 19 {
		offset := try - 10 // 0, then -9 to -1 and 1 to 9
		if try == 0 {
			offset = 0
		} else if offset >= 0 {
			offset++
		}
		inverse := -(float32(side) + float32(0.1*float32(offset))) / top
		var sumLX, sumL2 float32
		for _, v := range x {
			l := float32(clampRound(v*inverse, -side, side-1))
			w := v * v
			sumLX += float32(w * v * l)
			sumL2 += float32(w * l * l)
		}
		if try > 0 && !(sumL2 > 0 && sumLX*sumLX > best*sumL2) {
			continue
		}
		for i, v := range x {
			codes[i] = uint8(clampRound(v*inverse, -side, side-1) + side)
		}
		scale = 0
		if sumL2 != 0 {
			scale = sumLX / sumL2
		}
		best = scale * sumLX
	}
	return scale
}

// descendScale finds a scale d and codes such that d*(code-side) is near x for
// codes from 0 to 2*side-1. From the codes that put the extreme value at -side it
// goes over the values up to five times and changes every code that makes the
// least squares, weighted with x*x, smaller (make_q3_quants with do_rmse).
func descendScale(x *[16]float32, codes *[16]uint8, side int) float32 {
	top, _ := extreme(x[:])
	if negligible(top) {
		*codes = [16]uint8{}
		return 0
	}
	var at [16]int
	var sumLX, sumL2 float32
	inverse := float32(-side) / top
	for i, v := range x {
		at[i] = clampRound(v*inverse, -side, side-1)
		l, w := float32(at[i]), v*v
		sumLX += float32(w * v * l)
		sumL2 += float32(w * l * l)
	}
	for range 5 {
		changed := false
		for i, v := range x {
			old, w := float32(at[i]), v*v
			lx := sumLX - float32(w*v*old)
			if !(lx > 0) {
				continue
			}
			l2 := sumL2 - float32(w*old*old)
			l := clampRound(v*l2/lx, -side, side-1)
			if l == at[i] {
				continue
			}
			lx += float32(w * v * float32(l))
			l2 += float32(w * float32(l) * float32(l))
			if l2 > 0 && lx*lx*sumL2 > sumLX*sumLX*l2 {
				at[i], sumLX, sumL2 = l, lx, l2
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	for i, l := range at {
		codes[i] = uint8(l + side)
	}
	if sumL2 > 0 {
		return sumLX / sumL2
	}
	return 0
}

// affineSearch says how affineScale goes about a sub-block.
type affineSearch struct {
	top      int     // codes go from 0 to top
	from     float32 // the first scale tried puts the range of x at top+from,
	by       float32 // each further one by this more,
	steps    int     // steps times
	absolute bool    // errors count as they are, not squared
}

// affineScale finds a scale d, an offset m >= 0 and codes such that d*code - m is
// near x, where w are the weights of the errors. It tries scales about the one
// that spreads the range of x over all codes, solving the least squares of each
// for d and m, and takes the best one (make_qkx2_quants). len(codes), len(w) and
// len(x) are equal and at most 32.
func affineScale(x, w []float32, codes []uint8, how affineSearch) (d, m float32) {
	w, codes = w[:len(x)], codes[:len(x)]
	least, greatest := x[0], x[0]
	sumW := w[0]
	sumX := float32(sumW * x[0])
	for i := 1; i < len(x); i++ {
		v := x[i]
		if v < least {
			least = v
		}
		if v > greatest {
			greatest = v
		}
		sumW += w[i]
		sumX += float32(w[i] * v)
	}
	if least > 0 {
		least = 0
	}
	if greatest == least {
		clear(codes)
		return 0, -least
	}
	inverse := float32(how.top) / (greatest - least)
	d = 1 / inverse
	var best float32
	for i, v := range x {
		l := clampRound(inverse*(v-least), 0, how.top)
		codes[i] = uint8(l)
		best += float32(w[i] * how.errorOf(float32(d*float32(l))+least-v))
	}
	var buffer [32]uint8
	tried := buffer[:len(x)]
	for step := range how.steps + 1 {
		inverse = (how.from + float32(how.by*float32(step)) + float32(how.top)) / (greatest - least)
		var sumL, sumL2, sumXL float32
		for i, v := range x {
			l := clampRound(inverse*(v-least), 0, how.top)
			tried[i] = uint8(l)
			wl := float32(w[i] * float32(l))
			sumL += wl
			sumL2 += float32(wl * float32(l))
			sumXL += float32(wl * v)
		}
		det := float32(sumW*sumL2) - float32(sumL*sumL)
		if !(det > 0) {
			continue
		}
		scale := (float32(sumW*sumXL) - float32(sumX*sumL)) / det
		low := (float32(sumL2*sumX) - float32(sumL*sumXL)) / det
		if low > 0 {
			low = 0
			scale = sumXL / sumL2
		}
		var sum float32
		for i, v := range x {
			sum += float32(w[i] * how.errorOf(float32(scale*float32(tried[i]))+low-v))
		}
		if sum < best {
			copy(codes, tried)
			best, d, least = sum, scale, low
		}
	}
	return d, -least
}

func (how affineSearch) errorOf(diff float32) float32 {
	if how.absolute {
		return abs(diff)
	}
	return float32(diff * diff)
}
