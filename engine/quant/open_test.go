package quant

import (
	"math/rand/v2"
	"testing"

	"loupe/engine/tensor"
)

// A block taken apart is what Dequantize makes of it, bit for bit.
func TestOpen(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, typ := range []tensor.DType{tensor.Q8_0, tensor.Q5_1, tensor.Q5_0, tensor.Q4_1, tensor.Q4_0, tensor.IQ4_NL} {
		block, want, quants := make([]byte, typ.BlockBytes()), make([]float32, 32), make([]int, 32)
		for range 200 {
			for i := range block {
				block[i] = byte(rng.Uint32())
			}
			block[1] &= 0x3b // no scale that is infinite or NaN
			if typ == tensor.Q5_1 || typ == tensor.Q4_1 {
				block[3] &= 0x3b
			}
			if err := Dequantize(typ, want, block); err != nil {
				t.Fatal(err)
			}
			scale, offset, err := Open(typ, block, quants)
			if err != nil {
				t.Fatal(err)
			}
			for i, q := range quants {
				if got := float32(scale*float32(q)) + offset; got != want[i] {
					t.Fatalf("%s: element %d is %v, want %v", typ, i, got, want[i])
				}
			}
		}
	}
	if _, _, err := Open(tensor.F16, make([]byte, 2), make([]int, 1)); err == nil {
		t.Error("f16 has no blocks")
	}
	if _, _, err := Open(tensor.Q8_0, make([]byte, 33), make([]int, 32)); err == nil {
		t.Error("a block cut short")
	}
}
