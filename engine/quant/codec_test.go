package quant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"loupe/engine/tensor"
)

// rmsLimits are limits of the root mean square error of one round trip, relative
// to the root mean square of normally distributed values. A step of 1/q of the
// greatest magnitude of 32 normal values (about 2.1 of them) has an error of
// step/sqrt(12); the limits leave a fifth of room. Those of the formats that search
// a scale leave a tenth over what llama.cpp's own encoder has.
var rmsLimits = map[tensor.DType]float64{
	tensor.F32: 0, tensor.F16: 0.0003, tensor.BF16: 0.0025, tensor.Q8_0: 0.006,
	tensor.Q5_1: 0.045, tensor.Q5_0: 0.055, tensor.Q4_1: 0.095, tensor.Q4_0: 0.11,
	tensor.IQ4_NL: 0.088, tensor.Q6_K: 0.02, tensor.Q5_K: 0.04, tensor.Q4_K: 0.08,
	tensor.Q3_K: 0.168, tensor.Q2_K: 0.32, tensor.IQ4_XS: 0.085, tensor.MXFP4: 0.13,
}

// totalLimit is llama.cpp's own limit on a synthetic row, as
// tests/test-quantize-fns.cpp measures it: the square root of the sum of squared
// differences, over the number of elements.
func totalLimit(t tensor.DType) float64 {
	switch t {
	case tensor.Q2_K:
		return 0.0075
	case tensor.Q3_K:
		return 0.004
	}
	return 0.002
}

func TestRoundTrip(t *testing.T) {
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
		limit, ok := rmsLimits[c.typ]
		if !ok {
			t.Fatalf("%s has no limit", c.typ)
		}
		squares, energy := 0.0, 0.0
		back := roundTrip(t, c.typ, normal)
		for i, v := range normal {
			squares += math.Pow(float64(back[i]-v), 2)
			energy += math.Pow(float64(v), 2)
		}
		e := math.Sqrt(squares / energy)
		if e > limit || e < limit/3 {
			t.Errorf("%s: relative error %.5f, want at most %v and not under a third of it", c.typ, e, limit)
		}
		squares = 0
		back = roundTrip(t, c.typ, synthetic)
		for i, v := range synthetic {
			squares += math.Pow(float64(back[i]-v), 2)
		}
		total := math.Sqrt(squares) / float64(len(synthetic))
		if total > totalLimit(c.typ) {
			t.Errorf("%s: total error %.5f, want at most %v", c.typ, total, totalLimit(c.typ))
		}
		t.Logf("%s: relative error %.5f, total %.5f", c.typ, e, total)
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

// smallest is what the least f16 above zero, 2^-24, as the scale of a block stands
// for when it is multiplied with the greatest code and scale of a sub-block. Half of
// it may get lost.
func smallest(t tensor.DType) float64 {
	factors := map[tensor.DType]float64{
		tensor.Q8_0: 127, tensor.Q5_1: 32, tensor.Q5_0: 16, tensor.Q4_1: 16, tensor.Q4_0: 8, tensor.IQ4_NL: 127,
		tensor.Q6_K: 128 * 32, tensor.Q5_K: 63 * 32, tensor.Q4_K: 63 * 16, tensor.Q3_K: 32 * 4, tensor.Q2_K: 15 * 4, tensor.IQ4_XS: 32 * 127,
	}
	switch t { // these have no such scale: the least value above zero itself
	case tensor.F16:
		return 0x1p-24
	case tensor.BF16:
		return 0x1p-133
	case tensor.MXFP4:
		return 0x1p-128
	}
	return factors[t] * 0x1p-24
}

func TestEdges(t *testing.T) {
	fill := func(v float32) []float32 {
		x := make([]float32, 512)
		for i := range x {
			x[i] = v
		}
		return x
	}
	for _, c := range codecs {
		for _, v := range []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -1e-40, 1e-30, -3e-5} {
			for i, y := range roundTrip(t, c.typ, fill(v)) {
				if math.Abs(float64(y-v)) > smallest(c.typ)/2+math.Abs(float64(v))/4 {
					t.Fatalf("%s: element %d of %g came back as %g", c.typ, i, v, y)
				}
			}
		}
		n := c.typ.BlockSize()
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38} {
			for _, at := range []int{n, n + 8, 2*n - 1} {
				x := fill(1)
				x[at] = v
				err := Quantize(c.typ, make([]byte, c.typ.RowBytes(len(x))), x)
				if n == 1 || c.typ == tensor.MXFP4 && v == 3e38 {
					if err != nil {
						t.Errorf("%s: %v: unexpected error %v", c.typ, v, err)
					}
					continue
				}
				want := fmt.Sprintf("quant: quantize %s: element %d is %v, which", c.typ, at, v)
				if v == 3e38 {
					want = fmt.Sprintf("quant: quantize %s: the range of elements %d to %d (1 to 3e+38) is too large", c.typ, n, 2*n-1)
				}
				if err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%s: element %d is %v: error %v, want %q", c.typ, at, v, err, want)
				}
			}
		}
	}
}

// errorLimits are limits of the error of one value, relative to the greatest
// magnitude of its block. The formats that search a scale may clip the extreme
// value when that serves the others.
var errorLimits = map[tensor.DType]float64{
	tensor.F16: 1. / 2048, tensor.BF16: 1. / 256, tensor.Q8_0: 1. / 127,
	tensor.Q5_1: 2. / 31, tensor.Q5_0: 1. / 16, tensor.Q4_1: 2. / 15, tensor.Q4_0: 1. / 8,
	tensor.IQ4_NL: 27. / 127, tensor.Q6_K: 1. / 16, tensor.Q5_K: 1. / 8, tensor.Q4_K: 1. / 4,
	tensor.Q3_K: 1. / 2, tensor.Q2_K: 1, tensor.IQ4_XS: 1. / 4, tensor.MXFP4: 1. / 4,
}

// checkErrors encodes x as every type. A type may refuse it, or must bring back
// every value to within its limit.
func checkErrors(t *testing.T, x []float32, mayRefuse bool) {
	t.Helper()
	for typ, relative := range errorLimits {
		b, back := make([]byte, typ.RowBytes(len(x))), make([]float32, len(x))
		if err := Quantize(typ, b, x); err != nil {
			if !mayRefuse {
				t.Fatal(err)
			}
			continue
		}
		if err := Dequantize(typ, back, b); err != nil {
			t.Fatal(err)
		}
		n := typ.BlockSize()
		for i, y := range back {
			block := x[i/n*n : i/n*n+n]
			reach := max(float64(greatest(block)), -float64(least(block)))
			// The scale and the offset are rounded to f16 themselves, by 2^-11 of
			// their size.
			limit := 1.01*relative*reach + reach/1000 + smallest(typ)
			if plain := n == 1; plain && (x[i] != x[i] || reach >= 65504 || math.IsInf(reach, 0)) {
				continue
			}
			if e := math.Abs(float64(y) - float64(x[i])); !(e <= limit) {
				t.Fatalf("%s: element %d, %g, came back as %g, limit %g\nblock %v", typ, i, x[i], y, limit, block)
			}
		}
	}
}

// FuzzDecode decodes blocks of arbitrary bytes: any content is some value.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a block of any type may hold any bytes whatsoever, see."))
	f.Add(noise("decode", 2048))
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

// TestEncodeAny is FuzzEncodeAny over rows whose exponents lie about one of their
// own, from the least to the greatest.
func TestEncodeAny(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	x := make([]float32, 256)
	for base := range 255 {
		spread := 1 + rng.IntN(60)
		for i := range x {
			e := min(254, max(0, base+rng.IntN(spread)-spread/2))
			x[i] = math.Float32frombits(uint32(e)<<23 | rng.Uint32()&0x807fffff)
			if rng.IntN(10) == 0 {
				x[i] = 0
			}
		}
		checkErrors(t, x, true)
	}
}

// FuzzEncode: values within a range come back to within the limits.
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
		x := make([]float32, 256)
		for i := range x {
			x[i] = a + (b-a)*rng.Float32()
		}
		checkErrors(t, x, false)
	})
}

// FuzzEncodeAny: values of any bits are refused or come back to within the limits.
func FuzzEncodeAny(f *testing.F) {
	f.Add(noise("any", 1024), uint8(0x3f))
	f.Add(noise("any", 1024), uint8(0x7e))
	f.Add(noise("big", 1024), uint8(0x60))
	f.Add(noise("tiny", 1024), uint8(0))
	f.Add([]byte{0, 0, 0x80, 0x3f, 1}, uint8(0xff))
	f.Fuzz(func(t *testing.T, b []byte, exponents uint8) {
		if len(b) == 0 {
			return
		}
		x := make([]float32, 256)
		for i := range x {
			at := 4 * i
			x[i] = math.Float32frombits(uint32(b[at%len(b)]) | uint32(b[(at+1)%len(b)])<<8 |
				uint32(b[(at+2)%len(b)])<<16 | uint32(b[(at+3)%len(b)]&(exponents|0x80))<<24)
		}
		checkErrors(t, x, true)
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
		{"type", Dequantize(tensor.IQ2_XXS, f(256), b(66)), "quant: dequantize iq2_xxs: this type is not readable; readable types are f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl q6_K q5_K q4_K q3_K q2_K iq4_xs mxfp4"},
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
	x, y := normal("allocations"), make([]float32, vectorRow)
	for _, c := range codecs {
		b := make([]byte, c.typ.RowBytes(len(x)))
		if n := testing.AllocsPerRun(10, func() {
			if Quantize(c.typ, b, x) != nil || Dequantize(c.typ, y, b) != nil {
				t.Fatal("conversion failed")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.typ, n)
		}
	}
}
