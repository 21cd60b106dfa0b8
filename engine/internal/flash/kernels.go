package flash

import (
	"loupe/engine/internal/simd"
	"loupe/engine/tensor"
)

// PageCells is how many cells of a head lie together, and BlockCells how many
// have one soft-max: so many that sums of products of 16-bit weights and 8-bit
// values fit 32 bits.
const (
	PageCells  = 64
	BlockCells = 4 * PageCells
)

const (
	blockLen    = 32                   // elements that share a scale
	columnBytes = blockLen * PageCells // of a block column of keys
	columnInts  = blockLen * PageCells // of a block column of values
	sliceBytes  = 4 * PageCells        // 4 elements of each cell of a page
	most16      = 32767                // the greatest weight in 16 bits
	smallest    = 0x1p-100             // scales below count as none
	lowest      = float32(-1e30)       // what is less than any score
)

// A scoresFunc multiplies rows of queries with one block column of a page of keys,
// which packKeys has made:
//
//	dst[r*ldd + j] (+)= dq[r] * dk[j] * (sum over i of q[r*ldq+i] * K[j, i])
//
// The codes in K are 1<<shift too great, and sums has minus the sum of a row's q.
type scoresFunc func(dst []float32, ldd int, q []int8, ldq int, dq []float32, sums []int32, ldb, rows int, k []byte, dk []float32, shift int, add bool)

// A scoresOffsetFunc is that for codes with an offset m[j], and sums the sums times
// dq.
type scoresOffsetFunc func(dst []float32, ldd int, q []int8, ldq int, dq, sums []float32, ldb, rows int, k []byte, dk, m []float32, add bool)

// kernels is one tier. Strides are in elements. Widths are multiples of 16 unless
// it says otherwise.
type kernels struct {
	// mul computes dst[r*ldd + c] (+)= sum over k < n of a[r*lda + k] * b[k*cols + c].
	mul func(dst []float32, ldd int, a []float32, lda, rows int, b []float32, n, cols int, add bool)
	// mulF16 and mulBF16 are mul with b in 16 bits. They ask for what is ahead bytes
	// after b.
	mulF16, mulBF16 func(dst []float32, ldd int, a []float32, lda, rows int, b []byte, n, cols int, add bool, ahead int)
	// turn makes 16-bit word d*PageCells+j of dst that word j*n+d of src, for the
	// PageCells rows of a page, and asks for what is ahead bytes after src. n is a
	// multiple of turned.
	turn   func(dst, src []byte, n, ahead int)
	turned int
	// columns makes dst[d*PageCells + j] = src[j*n + d] for j < rows and, what they
	// are, for up to 7 more.
	columns func(dst, src []float32, rows, n int)
	// weigh replaces the first sees[r] of row r's width scores by 2^(score-top), with
	// top the greatest but at least lowest, and the rest by 0. width is a multiple of
	// PageCells. What is below 2^-126 is 0.
	weigh func(s []float32, ld, rows, width int, sees []int32, top, sum []float32)
	// rescale makes top and sum those of both, of which the one has the weights times
	// a and the other times b.
	rescale func(top, sum, newTop, newSum, a, b []float32)
	// join computes out[r*cols + c] = a[r]*out + b[r]*part.
	join func(out, part []float32, rows, cols int, a, b []float32)

	scores, scoresBytes scoresFunc // codes of up to 5 bits, and of 8
	scoresOffset        scoresOffsetFunc
	// packKeys lays out the block columns of a page, one after another: byte 4*j+i of
	// slice s is element 4*s+i of cell j, plus what makes it unsigned. It asks for what
	// is ahead bytes after src.
	packKeys func(t tensor.DType, dst, src []byte, n, ahead int)
	// packValues does so for values, block columns ldd ints apart: int 2*d+i of pair p
	// is element d of cell 2*p+i.
	packValues func(t tensor.DType, dst []int16, ldd int, src []byte, n, ahead int)
	// halves makes float32 of the f16 that the rows of a page begin with, stride bytes
	// apart, and of those in the blocks after it, of size bytes, ldd floats after the
	// ones before.
	halves func(dst []float32, ldd int, src []byte, stride, blocks, size int)
	// largest is the greatest magnitude.
	largest func(d []float32) float32
	// quantise computes dst[r*ld + j] = p[r*ld + j] * d[j] * scale[r], rounded, for all
	// of d. With m, offset[r] is the sum of p*m.
	quantise func(dst []int16, p []float32, ld, rows int, d, scale, m, offset []float32)
	// mix computes dst[r*ldd + c] (+)= sum over j of p[r*ldp + j] * V[j, c] for a block
	// column of a page.
	mix func(dst []int32, ldd int, p []int16, ldp, rows int, v []int16, add bool)
	// mixCodes is mix for the two block columns at src of a page of values as they lie,
	// with weights ldb after one another, or nil. It asks for what is ahead bytes after
	// src.
	mixCodes func(t tensor.DType, dst []int32, ldd int, p []int16, ldp, ldb, rows int, src []byte, stride int, add bool, ahead int)
	// joinInts is join for 32 columns at out, of ld, and the part d[r]*part+offset[r].
	joinInts func(out []float32, part []int32, ld, rows int, a, b, d, offset []float32)
}

// kernelsOf is the tier beside k.
func kernelsOf(k *simd.Kernels) *kernels {
	if t := tiers[k.Name]; t != nil {
		return t
	}
	return &generic
}

// format is how a block of 32 elements lies in memory.
type format struct {
	typ    tensor.DType
	codes  int // offset of the codes
	high   int // offset of the fifth bits
	bits   int
	centre int        // what codes are too great by
	offset bool       // the second f16 is added
	values *[16]int16 // or what a code means
}

// What codes mean, as package quant documents it.
var valuesIQ4 = [16]int16{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

var formats = [...]format{
	{typ: tensor.Q8_0, codes: 2, bits: 8, centre: 128},
	{typ: tensor.Q4_0, codes: 2, bits: 4, centre: 8},
	{typ: tensor.Q4_1, codes: 4, bits: 4, offset: true},
	{typ: tensor.Q5_0, codes: 6, high: 2, bits: 5, centre: 16},
	{typ: tensor.Q5_1, codes: 8, high: 4, bits: 5, offset: true},
	{typ: tensor.IQ4_NL, codes: 2, bits: 4, centre: 128, values: &valuesIQ4},
}

// formatIndex is the place of t in formats, or -1.
func formatIndex(t tensor.DType) int {
	for i := range formats {
		if formats[i].typ == t {
			return i
		}
	}
	return -1
}

// formatOf is the format of t, or nil.
func formatOf(t tensor.DType) *format {
	if i := formatIndex(t); i >= 0 {
		return &formats[i]
	}
	return nil
}

// shift is the power of two that codes are too great by.
func (f *format) shift() int {
	switch f.centre {
	case 128:
		return 7
	case 16:
		return 4
	}
	return 3
}

// wide reports whether codes fill a byte.
func (f *format) wide() bool { return f.centre == 128 }
