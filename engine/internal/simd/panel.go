package simd

import "loupe/engine/tensor"

// A panel holds PanelRows rows of weights interleaved, so that a vector register
// takes the same elements of each row and no kernel adds up across one. It is a
// list of block columns, 32 elements of each row. With P rows, a block column is
//
//	P scales in f16
//	P offsets in f16, for types that have them
//	4*P bytes of fifth bits, for types of 5 bits: bit s of byte 4*r+j belongs to
//	    element 4*s+j of row r
//	slices of 4*P bytes: byte 4*r+j of slice s is element 4*s+j of row r. A byte
//	    of 4 bits and more holds slice s in its low and slice s+4 in its high half.
//
// Elements are unsigned: those of q8_0 are stored plus 128. Rows that fill up the
// last panel are zeros.
type panelFormat struct {
	typ    tensor.DType
	bits   int
	offset bool
	centre int16 // what to take from an element
}

var panelFormats = [...]panelFormat{
	{typ: tensor.Q4_0, bits: 4, centre: 8},
	{typ: tensor.Q4_1, bits: 4, offset: true},
	{typ: tensor.Q5_0, bits: 5, centre: 16},
	{typ: tensor.Q5_1, bits: 5, offset: true},
	{typ: tensor.Q8_0, bits: 8, centre: 128},
}

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
	switch t {
	case tensor.Q4_0:
		return 0
	case tensor.Q4_1:
		return 1
	case tensor.Q5_0:
		return 2
	case tensor.Q5_1:
		return 3
	case tensor.Q8_0:
		return 4
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

// offsets, high and quants are where the parts of a block column begin after the
// scales; size is where it ends.
func (f *panelFormat) offsets(rows int) int { return 2 * rows }

func (f *panelFormat) high(rows int) int {
	if f.offset {
		return 4 * rows
	}
	return 2 * rows
}

func (f *panelFormat) quants(rows int) int {
	if f.bits == 5 {
		return f.high(rows) + 4*rows
	}
	return f.high(rows)
}

func (f *panelFormat) size(rows int) int {
	if f.bits == 8 {
		return f.quants(rows) + 32*rows
	}
	return f.quants(rows) + 16*rows
}

// panelBytes is the size of one panel of rows of n elements.
func (f *panelFormat) panelBytes(rows, n int) int { return f.size(rows) * (n / blockLen) }

// check reports whether there is anything to do.
func (f *panelFormat) check(panelRows int, dst []float32, ldd int, w []byte, rows int, x *Q8, t0, t1 int) bool {
	if x.N%blockLen != 0 || x.N%f.typ.BlockSize() != 0 {
		panic(badBlocks)
	}
	if t1*x.N > len(x.Q) || t1*(x.N/blockLen) > min(len(x.D), len(x.S), len(x.B)) {
		panic(shortInput)
	}
	if rows < 0 || f.panelBytes(panelRows, x.N)*((rows+panelRows-1)/panelRows) > len(w) {
		panic(shortW)
	}
	return checkMul(dst, ldd, 0, rows, 0, t0, t1)
}
