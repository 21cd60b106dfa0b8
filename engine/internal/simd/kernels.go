package simd

import "loupe/engine/tensor"

// MulQ multiplies rows of quantised weights with quantised activations:
//
//	dst[t*ldd + r] = sum over k of W[r, k] * x[t, k]    for r < rows, t0 <= t < t1
//
// w holds rows rows of x.N elements in ggml blocks, one after another. Other
// elements of dst stay as they are. The sum within a block of 32 is exact
// (integers); the sum over blocks is in float32, in an order of the tier's own
// that depends neither on rows, on ldd, nor on the other tokens.
type MulQ func(dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int)

// MulF is MulQ for weights that are plain floats, in 2 or 4 bytes, and
// activations x [nTok, n] in float32. n need not be a multiple of anything.
type MulF func(dst []float32, ldd int, w []byte, rows int, x []float32, n int, t0, t1 int)

// Kernels is one tier. Operands of one call do not overlap unless it says so.
type Kernels struct {
	Name string // as LOUPE_SIMD has it: "generic", "avx2"

	// QuantizeQ8 makes x, of q.N elements, row row of q. See Q8.
	QuantizeQ8 func(q *Q8, row int, x []float32)

	MulQ4_0, MulQ4_1, MulQ5_0, MulQ5_1, MulQ8_0 MulQ
	MulF32, MulF16, MulBF16                     MulF

	// Dot is the sum of a[i]*b[i].
	Dot func(a, b []float32) float32
	// DotF16 is Dot with b as f16, 2*len(a) bytes: q.k with an f16 cache.
	DotF16 func(a []float32, b []byte) float32
	// Axpy computes dst[i] += a*x[i].
	Axpy func(dst []float32, a float32, x []float32)
	// AxpyF16 is Axpy with x as f16, 2*len(dst) bytes: P.V with an f16 cache.
	AxpyF16 func(dst []float32, a float32, x []byte)
	// Add computes dst[i] += x[i].
	Add func(dst, x []float32)

	// SoftMax replaces x[i] by exp(x[i]-max) / sum of exp(x[j]-max). -Inf is
	// a masked element and becomes 0; at least one element must be finite.
	// The exponential is within 2 units in the last place, and 0 below 2^-126.
	SoftMax func(x []float32)
	// RMSNorm computes dst[i] = x[i] / sqrt(mean of x[j]^2 + eps) * w[i], with
	// the mean in float64. dst may be x.
	RMSNorm func(dst, x, w []float32, eps float32)
	// SwiGLU computes dst[i] = silu(gate[i]) * up[i], with silu(g) = g /
	// (1+exp(-g)). dst may be gate or up.
	SwiGLU func(dst, gate, up []float32)
	// F32ToF16 stores src as f16, rounded to nearest even, in 2*len(src) bytes.
	F32ToF16 func(dst []byte, src []float32)
}

// MulQ is the kernel for weights of type t, or nil: only the block formats have
// one here.
func (k *Kernels) MulQ(t tensor.DType) MulQ {
	switch t {
	case tensor.Q4_0:
		return k.MulQ4_0
	case tensor.Q4_1:
		return k.MulQ4_1
	case tensor.Q5_0:
		return k.MulQ5_0
	case tensor.Q5_1:
		return k.MulQ5_1
	case tensor.Q8_0:
		return k.MulQ8_0
	}
	return nil
}
