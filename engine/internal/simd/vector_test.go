package simd

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"loupe/engine/quant"
)

// vectorLengths has every tail, whole vectors, and more than one call does.
func vectorLengths() []int {
	var n []int
	for i := range 72 {
		n = append(n, i)
	}
	return append(n, 96, 127, 128, 129, 576, 1023, 1<<16+13)
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n+1)[1:]
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func halves(x []float32) []byte {
	b := make([]byte, 2*len(x)+1)[1:]
	for i, v := range x {
		binary.LittleEndian.PutUint16(b[2*i:], quant.F32ToF16(v))
	}
	return b
}

func unhalved(b []byte) []float32 {
	x := make([]float32, len(b)/2)
	for i := range x {
		x[i] = halfAt(b, i)
	}
	return x
}

// eachVector runs f for every tier and length, and fails if it wrote around dst.
func eachVector(t *testing.T, f func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand)) {
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			for _, n := range vectorLengths() {
				g := newGuarded(n)
				f(t, k, g.dst, rand.New(rand.NewPCG(uint64(n), 3)))
				for i, v := range g.all {
					if (i < 13 || i >= 13+n) && v != guard {
						t.Fatalf("length %d: wrote at %d", n, i-13)
					}
				}
			}
		})
	}
}

func near(t *testing.T, what string, i int, got float32, want, limit float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= limit) {
		t.Fatalf("%s: element %d is %v, want %v within %.3g", what, i, got, want, limit)
	}
}

func TestDot(t *testing.T) {
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		a, b := normal(rng, n), normal(rng, n)
		h := halves(b)
		for i, other := range [][]float32{b, unhalved(h)} {
			sum, size := 0.0, 0.0
			for j, v := range a {
				term := float64(v) * float64(other[j])
				sum += term
				size += math.Abs(term)
			}
			got := k.Dot(a, other)
			if i == 1 {
				got = k.DotF16(a, h)
			}
			near(t, fmt.Sprintf("dot %d of %d", i, n), 0, got, sum, float64(n+8)*unit*size)
		}
	})
}

func TestAxpy(t *testing.T) {
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		start, x := normal(rng, n), normal(rng, n)
		h := halves(x)
		a := float32(rng.NormFloat64())
		for i, other := range [][]float32{x, unhalved(h)} {
			copy(dst, start)
			if i == 0 {
				k.Axpy(dst, a, x)
			} else {
				k.AxpyF16(dst, a, h)
			}
			for j, v := range dst {
				term := float64(a) * float64(other[j])
				want := float64(start[j]) + term
				near(t, "axpy", j, v, want, unit*(math.Abs(want)+math.Abs(term)))
			}
		}
		copy(dst, start)
		k.Add(dst, x)
		for j, v := range dst {
			if v != start[j]+x[j] {
				t.Fatalf("add: element %d is %v, want %v", j, v, start[j]+x[j])
			}
		}
	})
}

func TestRMSNorm(t *testing.T) {
	const eps = 1e-5
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		x, w := normal(rng, n), normal(rng, n)
		if n > 3 {
			x[3] = 3000 // one outlier, as models have them
		}
		squares := 0.0
		for _, v := range x {
			squares += float64(v) * float64(v)
		}
		scale := 1 / math.Sqrt(squares/float64(n)+float64(float32(eps)))
		k.RMSNorm(dst, x, w, eps)
		for i, v := range dst {
			want := float64(x[i]) * scale * float64(w[i])
			near(t, "norm", i, v, want, 4*unit*math.Abs(want))
		}
		again := append([]float32(nil), x...)
		k.RMSNorm(again, again, w, eps)
		for i, v := range again {
			if v != dst[i] {
				t.Fatalf("in place, element %d of %d is %v, want %v", i, n, v, dst[i])
			}
		}
	})
}

// expLimit is the error of the exponential, relative to the result.
const expLimit = 2 * 2 * unit

func TestSoftMax(t *testing.T) {
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		x := normal(rng, n)
		for i := range x {
			x[i] *= 10
			if i%7 == 3 {
				x[i] = float32(math.Inf(-1))
			}
			if i%11 == 5 {
				x[i] -= 200
			}
		}
		copy(dst, x)
		k.SoftMax(dst)
		top, sum := math.Inf(-1), 0.0
		for _, v := range x {
			top = max(top, float64(v))
		}
		for _, v := range x {
			sum += math.Exp(float64(v) - top)
		}
		total := 0.0
		for i, v := range dst {
			total += float64(v)
			// The difference to the top is rounded before the exponential.
			d := math.Max(float64(x[i])-top, -1000)
			want := math.Exp(d) / sum
			near(t, "softmax", i, v, want, (2*expLimit+unit*(2-d))*want+0x1p-125)
			if math.IsInf(float64(x[i]), -1) && v != 0 {
				t.Fatalf("a masked element became %v", v)
			}
		}
		if n > 0 && math.Abs(total-1) > 1e-5 {
			t.Fatalf("%d elements add up to %v", n, total)
		}
	})
}

func TestSoftMaxEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, k := range All() {
		for _, x := range [][]float32{{nan, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8, nan, 1}, {1, inf, 2}, {nan, 1, 2, 3, 4, 5, 6, 7, 8, 9}} {
			y := append([]float32(nil), x...)
			k.SoftMax(y)
			for i, v := range y {
				if v == v && x[i] != 1 && x[i] < 9 {
					t.Errorf("%s: soft-max of %v is %v, want NaN", k.Name, x, y)
					break
				}
			}
		}
		for n := 1; n < 20; n++ {
			y := make([]float32, n)
			for i := range y {
				y[i] = -3e38
			}
			k.SoftMax(y)
			for _, v := range y {
				near(t, k.Name+" equal elements", n, v, 1/float64(n), 2*unit/float64(n))
			}
		}
	}
}

func TestSwiGLU(t *testing.T) {
	eachVector(t, func(t *testing.T, k *Kernels, dst []float32, rng *rand.Rand) {
		n := len(dst)
		gate, up := normal(rng, n), normal(rng, n)
		for i := range gate {
			gate[i] *= float32(math.Exp2(float64(i % 12)))
		}
		k.SwiGLU(dst, gate, up)
		for i, v := range dst {
			want := silu(float64(gate[i])) * float64(up[i])
			near(t, "swiglu", i, v, want, (2*expLimit)*math.Abs(want)+0x1p-119*math.Abs(float64(up[i])))
		}
		// dst may be either operand, and an element is the same anywhere.
		for i, operand := range [][]float32{gate, up} {
			in := append([]float32(nil), operand...)
			if i == 0 {
				k.SwiGLU(in, in, up)
			} else {
				k.SwiGLU(in, gate, in)
			}
			for j := range in {
				if in[j] != dst[j] {
					t.Fatalf("in place, element %d is %v, want %v", j, in[j], dst[j])
				}
			}
		}
		if n > 2 {
			k.SwiGLU(dst[:n-2], gate[1:n-1], up[1:n-1])
			fresh := make([]float32, n)
			k.SwiGLU(fresh, gate, up)
			for j := range dst[:n-2] {
				if dst[j] != fresh[j+1] {
					t.Fatalf("element %d of %d is %v at another place, want %v", j+1, n, dst[j], fresh[j+1])
				}
			}
		}
	})
}

// silu is g times the logistic function of g.
func silu(g float64) float64 { return g / (1 + math.Exp(-g)) }

func TestF32ToF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var values []float32
	for i := range 1 << 16 {
		f := quant.F16ToF32(uint16(i))
		b := math.Float32bits(f)
		// Every f16, the midpoint to the next one, and its neighbours.
		for _, d := range []uint32{0, 0xfff, 0x1000, 0x1001} {
			values = append(values, math.Float32frombits(b+d))
		}
	}
	for range 100000 {
		values = append(values, math.Float32frombits(rng.Uint32()))
	}
	for _, k := range All() {
		out := make([]byte, 2*len(values))
		k.F32ToF16(out, values)
		for i, v := range values {
			if got, want := binary.LittleEndian.Uint16(out[2*i:]), quant.F32ToF16(v); got != want {
				t.Fatalf("%s: %v (%#08x) became %#04x, want %#04x", k.Name, v, math.Float32bits(v), got, want)
			}
		}
		for n := range 40 {
			out := make([]byte, 2*n+8)
			k.F32ToF16(out[4:4+2*n], values[1000:1000+n])
			for i, b := range out {
				inside := i >= 4 && i < 4+2*n
				if inside && i%2 == 0 && binary.LittleEndian.Uint16(out[i:]) != quant.F32ToF16(values[1000+(i-4)/2]) || !inside && b != 0 {
					t.Fatalf("%s: byte %d of %d values is wrong", k.Name, i-4, n)
				}
			}
		}
	}
}

// TestAxpyEveryHalf adds each f16 to zero.
func TestAxpyEveryHalf(t *testing.T) {
	x := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(x[2*i:], uint16(i))
	}
	for _, k := range All() {
		dst := make([]float32, 1<<16)
		k.AxpyF16(dst, 1, x)
		for i, got := range dst {
			if want := quant.F16ToF32(uint16(i)); got != want && !(got != got && want != want) {
				t.Fatalf("%s: %#04x is %v, want %v", k.Name, i, got, want)
			}
		}
	}
}
