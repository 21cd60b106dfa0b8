package quant

import (
	"fmt"

	"loupe/engine/tensor"
)

// Open takes a block of one of the formats of 32 apart, for people to look at: value i is
// scale*quants[i] + offset, as Dequantize computes it. quants, [32], are signed where
// the format counts from a middle; those of iq4_nl are its table's values.
func Open(t tensor.DType, block []byte, quants []int) (scale, offset float32, err error) {
	if t.BlockSize() != 32 || len(quants) != 32 || len(block) != t.BlockBytes() {
		return 0, 0, fmt.Errorf("quant: %d bytes of %s are no block of 32 to take apart into %d", len(block), t, len(quants))
	}
	var five [32]uint8
	nibbles := func(b []byte, f func(code uint8) int) {
		for i, x := range b[:16] {
			quants[i], quants[i+16] = f(x&15), f(x>>4)
		}
	}
	scale = readF16(block)
	switch t {
	case tensor.Q8_0:
		for i := range quants {
			quants[i] = int(int8(block[2+i]))
		}
	case tensor.Q4_0:
		nibbles(block[2:], func(c uint8) int { return int(c) - 8 })
	case tensor.Q4_1:
		offset = readF16(block[2:])
		nibbles(block[4:], func(c uint8) int { return int(c) })
	case tensor.Q5_0:
		unpack5(&five, (*[4]byte)(block[2:]), (*[16]byte)(block[6:]))
		for i, c := range five {
			quants[i] = int(c) - 16
		}
	case tensor.Q5_1:
		offset = readF16(block[2:])
		unpack5(&five, (*[4]byte)(block[4:]), (*[16]byte)(block[8:]))
		for i, c := range five {
			quants[i] = int(c)
		}
	case tensor.IQ4_NL:
		nibbles(block[2:], func(c uint8) int { return int(valuesIQ4[c]) })
	default:
		return 0, 0, fmt.Errorf("quant: %s is not taken apart; q8_0, q5_1, q5_0, q4_1, q4_0 and iq4_nl are", t)
	}
	return scale, offset, nil
}
