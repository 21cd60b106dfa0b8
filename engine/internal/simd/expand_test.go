package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// expandTypes are the types that have an Expand.
var expandTypes = append([]tensor.DType{tensor.F16, tensor.BF16}, quantTypes...)

// sameBits: got is want to the last bit, the sign of a zero included. When the
// two are NaN, which of two payloads came through is left open.
func sameBits(got, want float32) bool {
	return math.Float32bits(got) == math.Float32bits(want) || got != got && want != want
}

// TestExpand holds every tier to the bits of package quant, over blocks made
// from numbers, with odd scales among them, and over blocks of any bytes.
func TestExpand(t *testing.T) {
	for _, k := range All() {
		for _, typ := range expandTypes {
			t.Run(fmt.Sprintf("%s/%s", k.Name, typ), func(t *testing.T) {
				size := typ.BlockSize()
				for _, n := range vectorLengths() {
					if size > 1 && n > 1<<12 {
						n /= 4
					}
					n *= size
					p := newWeights(typ, n, uint64(n))
					random := make([]byte, len(p)+3)[3:]
					rng := rand.New(rand.NewPCG(uint64(n), 8))
					for i := range random {
						random[i] = byte(rng.Uint32())
					}
					for _, src := range [][]byte{p, random} {
						checkExpanded(t, k, typ, n, src)
					}
				}
			})
		}
	}
}

// newWeights makes n weights as newProduct does.
func newWeights(typ tensor.DType, n int, seed uint64) []byte {
	return newProduct(typ, 1, n, 0, seed).w
}

func checkExpanded(t *testing.T, k *Kernels, typ tensor.DType, n int, src []byte) {
	t.Helper()
	want := make([]float32, n)
	if err := quant.Dequantize(typ, want, src); err != nil {
		t.Fatal(err)
	}
	g := newGuarded(n)
	k.Expand(typ)(g.dst, src)
	for i, v := range g.all {
		if at := i - 13; at >= 0 && at < n {
			if !sameBits(v, want[at]) {
				t.Fatalf("element %d of %d is %v (%#08x), want %v (%#08x)", at, n,
					v, math.Float32bits(v), want[at], math.Float32bits(want[at]))
			}
		} else if v != guard {
			t.Fatalf("%d elements: wrote at %d", n, at)
		}
	}
}

// TestExpandEveryHalf: all f16 and bf16, as weights and as scales and offsets.
func TestExpandEveryHalf(t *testing.T) {
	all := make([]byte, 2<<16)
	for i := range 1 << 16 {
		all[2*i], all[2*i+1] = byte(i), byte(i>>8)
	}
	for _, k := range All() {
		for _, typ := range expandTypes {
			if typ.BlockSize() == 1 {
				checkExpanded(t, k, typ, 1<<16, all)
				continue
			}
			bs := typ.BlockBytes()
			src := make([]byte, bs<<16)
			for i := range 1 << 16 {
				block := src[i*bs : (i+1)*bs]
				for j := range block {
					block[j] = byte(i*7 + j*37)
				}
				copy(block, all[2*i:2*i+2])
				if typ == tensor.Q4_1 || typ == tensor.Q5_1 {
					j := (i * 40503) & 0xffff // an odd multiplier: every offset too
					copy(block[2:], all[2*j:2*j+2])
				}
			}
			checkExpanded(t, k, typ, blockLen<<16, src)
		}
	}
}

func TestExpandTypes(t *testing.T) {
	for _, k := range All() {
		for _, typ := range []tensor.DType{tensor.F32, tensor.Q6_K, tensor.DType(9999)} {
			if k.Expand(typ) != nil {
				t.Errorf("%s: there is an Expand for %s", k.Name, typ)
			}
		}
	}
}
