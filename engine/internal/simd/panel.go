package simd

import "loupe/engine/tensor"

// A panel holds PanelRows rows of weights interleaved, so that a vector register
// takes the same elements of each row and no kernel adds up across one. It is a
// list of block columns, 32 elements of each row. With P rows, a block column is
//
//	P scales in f16, or in one byte for mxfp4
//	P offsets in f16, for types that have them
//	planes of 4*P bytes with what codes have above 4, or 2, bits: bit s of byte
//	    4*r+j is that of element 4*s+j of row r, for codes of 5 and 3 bits; for
//	    codes of 6, plane p has in byte 4*r+j two bits each of the elements
//	    4*s+j with s = 2*p, 2*p+1, 2*p+4 and 2*p+5, from the lowest up
//	slices of 4*P bytes: byte 4*r+j of slice s is element 4*s+j of row r. A byte
//	    of 4 bits and more holds slice s in its low and slice s+4 in its high half;
//	    one of 2 and 3 bits holds slices 4*s to 4*s+3, from the lowest bits up.
//
// Where 8 blocks share a scale (and an offset), a panel is a list of 8 block columns
// each, before which there are P shared scales and P shared offsets in f16. Scales
// and offsets of a block column are bytes then, and integer factors of the shared
// ones. Where they are for halves of a block, byte 2*r+h is that of half h of row r;
// for q2_K it has the scale in its low and the offset in its high half.
//
// Elements are unsigned: those of q8_0 are stored plus 128. Rows that fill up the
// last panel are zeros.
type panelFormat struct {
	typ    tensor.DType
	bits   int       // of a code
	offset bool      // a value is d*q + m
	centre int16     // what to take from a code
	values *[16]int8 // or what the codes mean
	super  bool      // 8 blocks share d and m
	signed bool      // integer scales have signs
	halves bool      // they are for halves of a block
}

var panelFormats = [...]panelFormat{
	{typ: tensor.Q4_0, bits: 4, centre: 8},
	{typ: tensor.Q4_1, bits: 4, offset: true},
	{typ: tensor.Q5_0, bits: 5, centre: 16},
	{typ: tensor.Q5_1, bits: 5, offset: true},
	{typ: tensor.Q8_0, bits: 8, centre: 128},
	{typ: tensor.IQ4_NL, bits: 4, values: &valuesIQ4},
	{typ: tensor.MXFP4, bits: 4, values: &valuesFP4},
	{typ: tensor.Q4_K, bits: 4, offset: true, super: true},
	{typ: tensor.Q5_K, bits: 5, offset: true, super: true},
	{typ: tensor.Q6_K, bits: 6, centre: 32, super: true, signed: true, halves: true},
	{typ: tensor.IQ4_XS, bits: 4, values: &valuesIQ4, super: true, signed: true},
	{typ: tensor.Q3_K, bits: 3, centre: 4, super: true, signed: true, halves: true},
	{typ: tensor.Q2_K, bits: 2, offset: true, super: true, halves: true},
}

// What codes mean, as package quant documents it.
var (
	valuesIQ4 = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	valuesFP4 = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

// superBlocks is how many blocks share d in formats where some do.
const superBlocks = 8

// MulFine is MulQ with activations in two parts, the second the rest of the
// first:
//
//	dst[t*ldd + r] = sum over k of W[r, k] * x[t, k]  +  sum over k of W[r, k] * rest[t, k]
//
// with the bits of the two products, added.
type MulFine func(dst []float32, ldd int, w []byte, rows int, x, rest *Q8, t0, t1 int)

// panelKernels multiply by panels of one type.
type panelKernels struct {
	mul  MulQ
	fine MulFine
}

// panelIndex is the place of t in panelFormats, or -1.
func panelIndex(t tensor.DType) int {
	for i := range panelFormats {
		if panelFormats[i].typ == t {
			return i
		}
	}
	return -1
}

// PanelBytes is the size of rows rows of n weights of type t in panels, or 0 when
// t has none. It is a multiple of the size of one panel: a part of the rows that
// begins at row r, a multiple of PanelRows, begins at byte PanelBytes(t, r, n).
func (k *Kernels) PanelBytes(t tensor.DType, rows, n int) int {
	i := panelIndex(t)
	if i < 0 {
		return 0
	}
	if n%t.BlockSize() != 0 {
		panic(badBlocks)
	}
	return panelFormats[i].panelBytes(k.PanelRows, n) * ((rows + k.PanelRows - 1) / k.PanelRows)
}

// Pack rewrites rows rows of n weights, in ggml blocks, as panels: all of dst,
// PanelBytes(t, rows, n). Rows of one tensor may be packed in parts, each but the
// last of whole panels.
func (k *Kernels) Pack(t tensor.DType, dst, src []byte, rows, n int) {
	i := panelIndex(t)
	switch {
	case i < 0:
		panic(noPanels)
	case n%t.BlockSize() != 0:
		panic(badBlocks)
	case rows < 0 || len(src) != rows*t.RowBytes(n) || len(dst) != k.PanelBytes(t, rows, n):
		panic(badLength)
	}
	panelFormats[i].pack(k.PanelRows, dst, src, rows, n/blockLen)
}

// MulPanel is MulQ for weights of type t that Pack has made panels of: w begins
// with a whole panel, and rows counts rows as they were before. It is nil when t
// has no panels.
func (k *Kernels) MulPanel(t tensor.DType) MulQ {
	if i := panelIndex(t); i >= 0 {
		return k.panels[i].mul
	}
	return nil
}

// MulPanelFine is the MulFine for weights of type t in panels, or nil.
func (k *Kernels) MulPanelFine(t tensor.DType) MulFine {
	if i := panelIndex(t); i >= 0 {
		return k.panels[i].fine
	}
	return nil
}

// blocks is how many blocks of a row belong together.
func (f *panelFormat) blocks() int {
	if f.super {
		return superBlocks
	}
	return 1
}

// head is the size of what these blocks share.
func (f *panelFormat) head(rows int) int {
	switch {
	case !f.super:
		return 0
	case f.offset:
		return 4 * rows
	}
	return 2 * rows
}

// offsets, high and quants are where the parts of a block column begin after the
// scales; size is where it ends.
func (f *panelFormat) offsets(rows int) int {
	if f.typ == tensor.MXFP4 || f.super && !f.halves {
		return rows
	}
	return 2 * rows
}

func (f *panelFormat) high(rows int) int {
	switch {
	case !f.offset || f.halves:
		return f.offsets(rows)
	case f.super:
		return f.offsets(rows) + rows
	}
	return f.offsets(rows) + 2*rows
}

func (f *panelFormat) quants(rows int) int {
	switch f.bits {
	case 3, 5:
		return f.high(rows) + 4*rows
	case 6:
		return f.high(rows) + 8*rows
	}
	return f.high(rows)
}

func (f *panelFormat) size(rows int) int {
	switch {
	case f.bits == 8:
		return f.quants(rows) + 32*rows
	case f.bits < 4:
		return f.quants(rows) + 8*rows
	}
	return f.quants(rows) + 16*rows
}

// unitBytes is the size of the columns of blocks that belong together.
func (f *panelFormat) unitBytes(rows int) int { return f.head(rows) + f.blocks()*f.size(rows) }

// panelBytes is the size of one panel of rows of n elements.
func (f *panelFormat) panelBytes(rows, n int) int {
	return f.unitBytes(rows) * (n / blockLen / f.blocks())
}

// check reports whether there is anything to do.
func (f *panelFormat) check(panelRows int, dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) bool {
	if x.N%blockLen != 0 || x.N%f.typ.BlockSize() != 0 {
		panic(badBlocks)
	}
	if t1*x.N > len(x.Q) || t1*(x.N/blockLen) > min(len(x.D), len(x.S), len(x.B), len(x.H)/2) {
		panic(shortInput)
	}
	if rows < 0 || f.panelBytes(panelRows, x.N)*((rows+panelRows-1)/panelRows) > len(w) {
		panic(shortW)
	}
	return checkMul(dst, ldd, 0, rows, 0, t0, t1)
}
