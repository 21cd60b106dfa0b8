package quant

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"loupe/engine/tensor"
)

// Limits of the root mean square error of one round trip, relative to the root
// mean square of normally distributed values. A step of 1/q of the greatest
// magnitude of 32 normal values (about 2.1 of them) has an error of
// step/sqrt(12); the limits leave a fifth of room.
const (
	limitF16  = 0.0003
	limitBF16 = 0.0025
	limitQ8_0 = 0.006
	limitQ5_1 = 0.045
	limitQ5_0 = 0.055
	limitQ4_1 = 0.095
	limitQ4_0 = 0.11
	limitIQ4  = 0.1
)

// maxTotalError is llama.cpp's own limit on a synthetic row, as
// tests/test-quantize-fns.cpp measures it: the square root of the sum of
// squared differences, over the number of elements.
const maxTotalError = 0.002

func TestRoundTrip(t *testing.T) {
	limits := map[tensor.DType]float64{
		tensor.F32: 0, tensor.F16: limitF16, tensor.BF16: limitBF16, tensor.Q8_0: limitQ8_0,
		tensor.Q5_1: limitQ5_1, tensor.Q5_0: limitQ5_0, tensor.Q4_1: limitQ4_1, tensor.Q4_0: limitQ4_0, tensor.IQ4_NL: limitIQ4,
	}
	rng := rand.New(rand.NewPCG(1, 2))
	normal := make([]float32, 32*256)
	synthetic := make([]float32, 32*128)
	for i := range normal {
		normal[i] = float32(rng.NormFloat64())
	}
	for i := range synthetic {
		synthetic[i] = float32(0.1 + 2*math.Cos(float64(i)))
	}
	for _, c := range codecs {
		limit, ok := limits[c.typ]
		if !ok {
			t.Fatalf("%s has no limit", c.typ)
		}
		squares, energy := 0.0, 0.0
		back := roundTrip(t, c.typ, normal)
		for i, v := range normal {
			squares += math.Pow(float64(back[i]-v), 2)
			energy += math.Pow(float64(v), 2)
		}
		if e := math.Sqrt(squares / energy); e > limit || e < limit/3 {
			t.Errorf("%s: relative error %.5f, want at most %v and not under a third of it", c.typ, e, limit)
		}
		squares = 0
		back = roundTrip(t, c.typ, synthetic)
		for i, v := range synthetic {
			squares += math.Pow(float64(back[i]-v), 2)
		}
		if e := math.Sqrt(squares) / float64(len(synthetic)); e > maxTotalError {
			t.Errorf("%s: total error %.5f, want at most %v", c.typ, e, maxTotalError)
		}
	}
}

func roundTrip(t *testing.T, typ tensor.DType, x []float32) []float32 {
	t.Helper()
	b := make([]byte, typ.RowBytes(len(x)))
	if err := Quantize(typ, b, x); err != nil {
		t.Fatal(err)
	}
	y := make([]float32, len(x))
	if err := Dequantize(typ, y, b); err != nil {
		t.Fatal(err)
	}
	return y
}

// TestIdempotent: what was decoded encodes to the same values again, where the
// format has the extreme values of a block exactly.
func TestIdempotent(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, 32*64)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	for _, typ := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q5_0, tensor.Q4_0} {
		once := roundTrip(t, typ, x)
		twice := roundTrip(t, typ, once)
		for i := range once {
			if once[i] != twice[i] {
				t.Errorf("%s: element %d is %v after one round trip, %v after two", typ, i, once[i], twice[i])
				break
			}
		}
	}
}

func TestEdges(t *testing.T) {
	fill := func(v float32) []float32 {
		x := make([]float32, 64)
		for i := range x {
			x[i] = v
		}
		return x
	}
	for _, c := range codecs {
		for _, v := range []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -1e-40, 1e-30, -3e-5} {
			for i, y := range roundTrip(t, c.typ, fill(v)) {
				if math.Abs(float64(y-v)) > 3e-6 {
					t.Fatalf("%s: element %d of %g came back as %g", c.typ, i, v, y)
				}
			}
		}
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38} {
			x := fill(1)
			x[40] = v
			finite := c.typ.BlockSize() > 1
			err := Quantize(c.typ, make([]byte, c.typ.RowBytes(64)), x)
			switch {
			case !finite && err != nil:
				t.Errorf("%s: %v: unexpected error %v", c.typ, v, err)
			case finite && err == nil:
				t.Errorf("%s: no error for %v", c.typ, v)
			case finite && !strings.Contains(err.Error(), "40 is") && !strings.Contains(err.Error(), "elements 32 to 63"):
				t.Errorf("%s: the error does not say where: %v", c.typ, err)
			}
		}
	}
}

// FuzzDecode decodes blocks of arbitrary bytes: any content is some value.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a block of any type may hold any bytes whatsoever, see."))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range codecs {
			n := len(b) / c.typ.BlockBytes()
			dst := make([]float32, n*c.typ.BlockSize())
			if err := Dequantize(c.typ, dst, b[:n*c.typ.BlockBytes()]); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzEncode: a block that encodes decodes to within one step of each value.
func FuzzEncode(f *testing.F) {
	f.Add(float32(1), float32(-1), uint64(1))
	f.Add(float32(1e-7), float32(0), uint64(2))
	f.Add(float32(60000), float32(-5), uint64(3))
	f.Add(float32(4.8e-6), float32(0), uint64(8)) // a subnormal scale
	f.Fuzz(func(t *testing.T, a, b float32, seed uint64) {
		if math.Abs(float64(a)) > 60000 || math.Abs(float64(b)) > 60000 || a != a || b != b {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		x := make([]float32, 32)
		for i := range x {
			x[i] = a + (b-a)*rng.Float32()
		}
		lo, hi := float64(least(x)), float64(greatest(x))
		reach := max(math.Abs(lo), math.Abs(hi))
		steps := map[tensor.DType]float64{
			tensor.F16: reach / 2048, tensor.BF16: reach / 256, tensor.Q8_0: reach / 127,
			tensor.Q5_0: reach / 16, tensor.Q4_0: reach / 8, tensor.Q5_1: (hi - lo) / 31, tensor.Q4_1: (hi - lo) / 15,
			tensor.IQ4_NL: 27 * reach / 127,
		}
		for typ, step := range steps {
			// The scale and the offset are rounded to f16 themselves: by 2^-11 of
			// their size, or half of 2^-24 times at most 127 where subnormal.
			limit := 1.01*step + reach/1000 + 64*0x1p-24
			for i, y := range roundTrip(t, typ, x) {
				if e := math.Abs(float64(y - x[i])); !(e <= limit) {
					t.Fatalf("%s: %g came back as %g, limit %g", typ, x[i], y, limit)
				}
			}
		}
	})
}

func TestErrors(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	b := func(n int) []byte { return make([]byte, n) }
	cases := []struct {
		name string
		err  error
		want string
	}{
		{"type", Dequantize(tensor.IQ2_XXS, f(256), b(66)), "quant: dequantize iq2_xxs: this type is not readable; readable types are f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl"},
		{"number", Quantize(tensor.DType(99), b(1), f(1)), "quant: quantize type 99: this type is not readable"},
		{"block", Dequantize(tensor.Q4_0, f(33), b(36)), "33 elements are not a multiple of the block of 32"},
		{"short", Dequantize(tensor.Q4_1, f(64), b(39)), "64 elements take 40 bytes, got 39"},
		{"long", Quantize(tensor.F16, b(5), f(2)), "2 elements take 4 bytes, got 5"},
	}
	for _, c := range cases {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, c.err, c.want)
		}
	}
	for _, c := range codecs {
		if err := Dequantize(c.typ, nil, nil); err != nil {
			t.Errorf("%s: nothing to decode: %v", c.typ, err)
		}
	}
	if Readable(tensor.IQ2_XXS) || !Readable(tensor.Q5_1) {
		t.Error("Readable disagrees with the table")
	}
}

func TestNoAllocations(t *testing.T) {
	x, y := make([]float32, 64), make([]float32, 64)
	for _, c := range codecs {
		b := make([]byte, c.typ.RowBytes(64))
		if n := testing.AllocsPerRun(10, func() {
			if Quantize(c.typ, b, x) != nil || Dequantize(c.typ, y, b) != nil {
				t.Fatal("conversion failed")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.typ, n)
		}
	}
}
