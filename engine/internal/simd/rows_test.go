package simd

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

var storeTypes = []tensor.DType{tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q4_0}

// TestRope: every tier rotates as the formula says, operation by operation, and
// leaves the rest of a head.
func TestRope(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, k := range All() {
		for half := range 41 {
			for _, heads := range []int{0, 1, 2, 3, 9} {
				size := 2*half + half%3
				cos, sin, start := normal(rng, half), normal(rng, half), normal(rng, heads*size)
				for form, rope := range []func([]float32, int, int, []float32, []float32){k.RopePairs, k.RopeHalves} {
					g, want := newGuarded(heads*size), slices.Clone(start)
					copy(g.dst, start)
					rope(g.dst, heads, size, cos, sin)
					for h := range heads {
						for i := range half {
							ai, bi := h*size+2*i, h*size+2*i+1
							if form == 1 {
								ai, bi = h*size+i, h*size+i+half
							}
							a, b := start[ai], start[bi]
							want[ai] = float32(a*cos[i]) - float32(b*sin[i])
							want[bi] = float32(a*sin[i]) + float32(b*cos[i])
						}
					}
					if !slices.EqualFunc(g.dst, want, sameBits) || g.all[12] != guard || g.all[13+len(want)] != guard {
						t.Fatalf("%s, form %d: %d heads of %d, rotated by %d: %v, want %v", k.Name, form, heads, size, half, g.dst, want)
					}
				}
			}
		}
		for _, rope := range []func([]float32, int, int, []float32, []float32){k.RopePairs, k.RopeHalves} {
			x := make([]float32, 24)
			refuses(t, k.Name, "", func() { rope(x, 3, 8, x[:4], x[4:8]) })
			refuses(t, k.Name, badLength, func() { rope(x, 3, 8, x[:4], x[:3]) })
			refuses(t, k.Name, badLength, func() { rope(x, 2, 8, x[:4], x[:4]) })
			refuses(t, k.Name, badHeads, func() { rope(x, 3, 8, x[:5], x[:5]) })
			refuses(t, k.Name, badHeads, func() { rope(x, -3, 8, x[:4], x[:4]) })
		}
	}
}

// TestAddRMSNorm: the bits of Add and RMSNorm.
func TestAddRMSNorm(t *testing.T) {
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		x, y, w := normal(rng, n), normal(rng, n), normal(rng, n)
		sum, want := slices.Clone(x), make([]float32, n)
		k.Add(sum, y)
		k.RMSNorm(want, sum, w, 1e-5)
		in := newGuarded(n)
		copy(in.dst, x)
		k.AddRMSNorm(dst, in.dst, y, w, 1e-5)
		if !slices.EqualFunc(dst, want, sameBits) || !slices.EqualFunc(in.dst, sum, sameBits) {
			t.Fatalf("%d elements differ from the two kernels'", n)
		}
		if in.all[12] != guard || in.all[13+n] != guard {
			t.Fatalf("%d elements: wrote around x", n)
		}
		copy(in.dst, x)
		k.AddRMSNorm(y, in.dst, y, w, 1e-5)
		if !slices.EqualFunc(y, want, sameBits) {
			t.Fatalf("%d elements differ when dst is y", n)
		}
	})
	for _, k := range All() {
		x := make([]float32, 9)
		refuses(t, k.Name, badLength, func() { k.AddRMSNorm(x[:8], x, x, x, 1) })
		refuses(t, k.Name, badLength, func() { k.AddRMSNorm(x, x, x[:8], x, 1) })
		refuses(t, k.Name, badLength, func() { k.AddRMSNorm(x, x, x, x[:8], 1) })
	}
}

// checkStore: the bits of package quant, or a refusal where it refuses.
func checkStore(t *testing.T, k *Kernels, typ tensor.DType, x []float32) {
	t.Helper()
	want := make([]byte, typ.RowBytes(len(x)))
	err := quant.Quantize(typ, want, x)
	out := make([]byte, len(want)+9)
	for i := range out {
		out[i] = 0xa5
	}
	got := out[5 : 5+len(want) : 5+len(want)]
	if ok := k.Store(typ)(got, x); ok != (err == nil) {
		t.Fatalf("%s %s of %v: %v, where package quant says %v", k.Name, typ, x, ok, err)
	}
	if err == nil && !slices.Equal(got, want) {
		t.Fatalf("%s %s of %v is %x, want %x", k.Name, typ, x, got, want)
	}
	if out[4] != 0xa5 || out[5+len(want)] != 0xa5 {
		t.Fatalf("%s %s: wrote around its row", k.Name, typ)
	}
}

func TestStore(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	rows := edgeBlocks()
	for i := range 400 {
		x := make([]float32, blockLen)
		scale := math.Exp2(rng.Float64()*170 - 150)
		for j := range x {
			x[j] = float32(rng.NormFloat64() * scale)
			if i%3 == 0 { // ties for the greatest, of both signs, and halves
				x[j] = float32(rng.IntN(9)-4) * float32(scale)
			}
		}
		rows = append(rows, x)
	}
	negative := make([]float32, blockLen)
	for i := range negative {
		negative[i] = float32(math.Copysign(0, -1))
	}
	rows = append(rows, negative, slices.Concat(negative[:9], make([]float32, 23)))
	for _, k := range All() {
		for _, typ := range storeTypes {
			for _, x := range rows {
				checkStore(t, k, typ, x)
			}
			for nb := range 6 {
				checkStore(t, k, typ, slices.Concat(rows[20:20+nb]...))
				checkStore(t, k, typ, slices.Concat(rows[len(rows)-nb:]...))
			}
			long := make([]float32, callLength+3*blockLen)
			for i := range long {
				long[i] = float32(rng.NormFloat64())
			}
			checkStore(t, k, typ, long)
			long[10] = float32(math.NaN())
			checkStore(t, k, typ, long)
			refuses(t, k.Name, badLength, func() { k.Store(typ)(make([]byte, 3), make([]float32, blockLen)) })
			if typ.BlockSize() > 1 {
				refuses(t, k.Name, badBlocks, func() { k.Store(typ)(nil, make([]float32, 33)) })
			}
		}
		for n := range 40 {
			checkStore(t, k, tensor.F16, normal(rng, n))
			checkStore(t, k, tensor.BF16, normal(rng, n))
		}
		if k.Store(tensor.F32) != nil || k.Store(tensor.Q6_K) != nil {
			t.Errorf("%s: Store has a kernel for a type without one", k.Name)
		}
	}
}

// callLength is more than one call of an assembly function takes.
const callLength = 1 << 16

// TestStoreEveryBF16: each bf16, what lies half-way to the next, and neighbours.
func TestStoreEveryBF16(t *testing.T) {
	var values []float32
	for i := range uint32(1 << 16) {
		for _, d := range []uint32{0, 0x7fff, 0x8000, 0x8001, 0xffff} {
			values = append(values, math.Float32frombits(i<<16+d))
		}
	}
	for _, k := range All() {
		out := make([]byte, 2*len(values))
		k.Store(tensor.BF16)(out, values)
		for i, v := range values {
			if got, want := binary.LittleEndian.Uint16(out[2*i:]), quant.F32ToBF16(v); got != want {
				t.Fatalf("%s: %v (%#08x) became %#04x, want %#04x", k.Name, v, math.Float32bits(v), got, want)
			}
		}
	}
}

// FuzzStore encodes arbitrary floats.
func FuzzStore(f *testing.F) {
	f.Add([]byte("any bytes are floats of any size"), uint8(2))
	f.Fuzz(func(t *testing.T, content []byte, blocks uint8) {
		if len(content) < 4 {
			return
		}
		x := make([]float32, blockLen*(1+int(blocks%4)))
		for i := range x {
			x[i] = floatAt(content, i%(len(content)/4))
		}
		for _, k := range All() {
			for _, typ := range storeTypes {
				checkStore(t, k, typ, x)
			}
		}
	})
}
