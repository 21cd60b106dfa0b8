package quant

import (
	"math"
	"unsafe"
)

// infinity is the bits of +Inf. As integers, finite positive floats lie below
// it, and finite negative ones between signBit and signBit|infinity.
const (
	infinity = 0x7f800000
	signBit  = 1 << 31
)

// bitsOf views x as its bits. Read so, they get into integer registers without a
// detour, which a conversion of each float takes.
func bitsOf(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// extreme is the value of the greatest magnitude in x, the first one among
// equals, and 0 for zeros. ok is false when x holds a NaN or an infinity. The
// length of x is even.
//
// Bits are compared, not floats: that needs no branch, finds what is not finite
// on the way, and leaves two short chains of dependent steps.
func extreme(x []float32) (value float32, ok bool) {
	half := len(x) / 2
	bits := bitsOf(x)
	a, b := bits[:half], bits[half:][:half]
	var high, high2 int32 // the greatest value, or 0: negative ones are less
	var low, low2 uint32  // the least value, if any is negative
	for i, u := range a {
		w := b[i]
		high, high2 = max(high, int32(u)), max(high2, int32(w))
		low, low2 = max(low, u), max(low2, w)
	}
	high, low = max(high, high2), max(low, low2)
	if low < signBit {
		low = signBit // nothing is negative
	}
	switch up, down := uint32(high), low-signBit; {
	case max(up, down) >= infinity:
		return 0, false
	case up > down:
		return math.Float32frombits(up), true
	case up < down:
		return math.Float32frombits(low), true
	default:
		return firstOf(x, up), true
	}
}

// firstOf is the first value of x whose magnitude has the bits m, and 0 where m
// is 0.
func firstOf(x []float32, m uint32) float32 {
	if m != 0 {
		for _, v := range x {
			if math.Float32bits(v)&^signBit == m {
				return v
			}
		}
	}
	return 0
}

// bounds are the least and the greatest value of x, each the first one among
// equals, which matters for 0 and -0. ok is false when x holds a NaN or an
// infinity. The length of x is even.
func bounds(x []float32) (least, greatest float32, ok bool) {
	half := len(x) / 2
	bits := bitsOf(x)
	a, b := bits[:half], bits[half:][:half]
	low, low2, high, high2 := int32(math.MaxInt32), int32(math.MaxInt32), int32(math.MinInt32), int32(math.MinInt32)
	for i, v := range a {
		u, w := ordered(v), ordered(b[i])
		low, low2 = min(low, u), min(low2, w)
		high, high2 = max(high, u), max(high2, w)
	}
	low, high = min(low, low2), max(high, high2)
	if high >= infinity || low <= ^infinity {
		return 0, 0, false
	}
	least, greatest = unordered(low), unordered(high)
	if least == 0 {
		least = firstZero(x)
	}
	if greatest == 0 {
		greatest = firstZero(x)
	}
	return least, greatest, true
}

// ordered maps the bits of floats to integers of the same order: -0 to -1, below 0.
func ordered(bits uint32) int32 {
	i := int32(bits)
	return i ^ int32(uint32(i>>31)>>1)
}

// unordered is the inverse of ordered.
func unordered(i int32) float32 {
	return math.Float32frombits(uint32(i ^ int32(uint32(i>>31)>>1)))
}

func firstZero(x []float32) float32 {
	for _, v := range x {
		if v == 0 {
			return v
		}
	}
	return 0
}

// within reports whether no magnitude in x is over limit. A NaN is.
func within(x *[256]float32, limit float32) bool {
	var top uint32
	for _, b := range bitsOf(x[:]) {
		top = max(top, b&^signBit)
	}
	return top <= math.Float32bits(limit)
}
