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

// Expand decodes whole blocks of weights, all of dst, with the bits that
// quant.Dequantize gives (a NaN may differ in its payload where both scale and
// offset are NaN). src is exactly the blocks' bytes.
type Expand func(dst []float32, src []byte)

// Scores multiplies rows of keys with a query:
//
//	dst[i] = scale * sum over d of q[d] * K[i, d]    for all i of dst
//
// Row i of K is len(q) elements from k[i*stride] on; stride is in bytes. The bits
// of dst[i] do not depend on the other rows, so rows may be split over calls.
type Scores func(dst, q []float32, k []byte, stride int, scale float32)

// Mix adds rows of values with a weight each:
//
//	out[d] += sum over i of p[i] * V[i, d]    for all i of p
//
// Row i of V is len(out) elements from v[i*stride] on; stride is in bytes. Each
// element adds up row after row, so that the rows split over several calls, in
// order, give the same bits.
type Mix func(out, p []float32, v []byte, stride int)

// Store encodes src, whole blocks, into all of dst, with the bits that
// quant.Quantize gives. It reports false, and leaves dst undefined, where
// quant.Quantize fails.
type Store func(dst []byte, src []float32) bool

// Kernels is one tier. Operands of one call do not overlap unless it says so.
type Kernels struct {
	Name string // as LOUPE_SIMD has it: "generic", "avx2", "avxvnni", "avx512"

	// QuantizeQ8 makes x, of q.N elements, row row of q. See Q8.
	QuantizeQ8 func(q *Q8, row int, x []float32)

	// QuantizeQ8Fine makes row row of q as QuantizeQ8 does, and row row of rest
	// of what q leaves: of x - D*Q, product and difference rounded apart.
	QuantizeQ8Fine func(q, rest *Q8, row int, x []float32)

	MulQ4_0, MulQ4_1, MulQ5_0, MulQ5_1, MulQ8_0 MulQ
	MulF32, MulF16, MulBF16                     MulF

	ExpandQ4_0, ExpandQ4_1, ExpandQ5_0, ExpandQ5_1, ExpandQ8_0 Expand
	ExpandF16, ExpandBF16                                      Expand

	// Attention of one head over consecutive rows of a cache, in f16 and in f32.
	Scores, ScoresF32 Scores
	Mix, MixF32       Mix

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
	// AddRMSNorm is Add and RMSNorm in one, with the bits of the two: x[i] += y[i],
	// and then dst is the norm of x times w. dst may be y.
	AddRMSNorm func(dst, x, y, w []float32, eps float32)
	// RopePairs and RopeHalves rotate pairs (a, b) of each head of x, [heads,
	// headSize], to (a*cos[i] - b*sin[i], a*sin[i] + b*cos[i]), each operation
	// rounded. Pair i is elements 2i and 2i+1, or i and i+len(cos). What a head has
	// after 2*len(cos) elements stays.
	RopePairs, RopeHalves func(x []float32, heads, headSize int, cos, sin []float32)
	// SwiGLU computes dst[i] = silu(gate[i]) * up[i], with silu(g) = g /
	// (1+exp(-g)). dst may be gate or up.
	SwiGLU func(dst, gate, up []float32)
	// F32ToF16 stores src as f16, rounded to nearest even, in 2*len(src) bytes.
	F32ToF16 func(dst []byte, src []float32)

	StoreF16, StoreBF16, StoreQ8_0, StoreQ4_0 Store

	// PanelRows is how many rows of weights make a panel; see Pack.
	PanelRows   int
	panels      [len(panelFormats)]panelKernels
	floatPanels [len(floatFormats)]MulF
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

// Expand is the decoder for weights of type t, or nil: F32 needs none.
func (k *Kernels) Expand(t tensor.DType) Expand {
	switch t {
	case tensor.Q4_0:
		return k.ExpandQ4_0
	case tensor.Q4_1:
		return k.ExpandQ4_1
	case tensor.Q5_0:
		return k.ExpandQ5_0
	case tensor.Q5_1:
		return k.ExpandQ5_1
	case tensor.Q8_0:
		return k.ExpandQ8_0
	case tensor.F16:
		return k.ExpandF16
	case tensor.BF16:
		return k.ExpandBF16
	}
	return nil
}

// Store is the encoder for rows of type t, or nil.
func (k *Kernels) Store(t tensor.DType) Store {
	switch t {
	case tensor.F16:
		return k.StoreF16
	case tensor.BF16:
		return k.StoreBF16
	case tensor.Q8_0:
		return k.StoreQ8_0
	case tensor.Q4_0:
		return k.StoreQ4_0
	}
	return nil
}
