package simd

// blockLen is how many elements share a scale, in weights and activations.
const blockLen = 32

// halfLen is half a block: some formats of weights have a scale for each.
const halfLen = blockLen / 2

// Q8 is a batch of activation rows quantised to 8 bits in blocks of 32: the
// input of the integer kernels. Each block becomes
//
//	d = max|x| / 127,  q = x * (127 / max|x|) rounded to nearest even,
//
// as llama.cpp's block_q8_1, but with d and s in float32. A block below 2^-100
// throughout becomes zeros. A block with a NaN or an infinity gets the scale
// NaN, so that what is made of it is NaN, as it would be in float32.
type Q8 struct {
	N int       // row length, a multiple of 32
	Q []int8    // [rows, N], never -128
	D []float32 // [rows, N/32] scales
	S []float32 // [rows, N/32] D*sum(q), for weight types with an offset
	B []int32   // [rows, N/32] -sum(q), for weights in panels that are off centre
	H []int16   // [rows, N/16] -sum(q) of each half of a block, where halves have scales
}

// smallest is the magnitude below which a whole block becomes zeros, so that
// 127 divided by it stays finite.
const smallest = 0x1p-100

// Reset makes q a batch of rows rows of n elements, a multiple of 32. Their
// content is undefined until QuantizeQ8. Nothing is allocated when the buffers
// are large enough.
func (q *Q8) Reset(rows, n int) {
	if n%blockLen != 0 || rows < 0 || n < 0 {
		panic(badBlocks)
	}
	q.N = n
	q.Q = sized(q.Q, rows*n)
	q.D = sized(q.D, rows*n/blockLen)
	q.S = sized(q.S, rows*n/blockLen)
	q.B = sized(q.B, rows*n/blockLen)
	q.H = sized(q.H, rows*n/halfLen)
}

// Bytes is the memory of the buffers.
func (q *Q8) Bytes() int64 {
	return int64(cap(q.Q) + 4*(cap(q.D)+cap(q.S)+cap(q.B)) + 2*cap(q.H))
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
