package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panelFormat is a format of weights in panels, as package simd documents it
// (panel.go): codes of bits bits, less centre.
type panelFormat struct {
	name     string
	bits     int
	offset   bool     // a value is d*q + m
	centre   int      // a value is d*(q-centre), a power of two
	codes    *[16]int // what the codes mean, centre added; nil: themselves
	exponent bool     // d is an exponent of 8 bits
	super    bool     // 8 blocks share d and m, and have integer scales of them
	signed   bool     // these scales have signs
	halves   bool     // there is one for each half of a block
}

var panelFormats = []panelFormat{
	{name: "Q4_0", bits: 4, centre: 8},
	{name: "Q4_1", bits: 4, offset: true},
	{name: "Q5_0", bits: 5, centre: 16},
	{name: "Q5_1", bits: 5, offset: true},
	{name: "Q8_0", bits: 8, centre: 128},
	{name: "IQ4_NL", bits: 4, centre: 128, codes: raised(valuesIQ4, 128)},
	{name: "MXFP4", bits: 4, centre: 16, codes: raised(valuesFP4, 16), exponent: true},
	{name: "Q4_K", bits: 4, offset: true, super: true},
	{name: "Q5_K", bits: 5, offset: true, super: true},
	{name: "Q6_K", bits: 6, centre: 32, super: true, signed: true, halves: true},
	{name: "IQ4_XS", bits: 4, centre: 128, codes: raised(valuesIQ4, 128), super: true, signed: true},
	{name: "Q3_K", bits: 3, centre: 4, super: true, signed: true, halves: true},
	{name: "Q2_K", bits: 2, offset: true, super: true, halves: true},
}

// The values of formats with a table, as package quant documents them.
var (
	valuesIQ4 = [16]int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	valuesFP4 = [16]int{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

func raised(values [16]int, by int) *[16]int {
	for i := range values {
		values[i] += by
	}
	return &values
}

// superBlocks is how many blocks share d.
const superBlocks = 8

// head is the size of what 8 blocks of rows rows share.
func (f panelFormat) head(rows int) int {
	switch {
	case !f.super:
		return 0
	case f.offset:
		return 4 * rows
	}
	return 2 * rows
}

// Where the parts of a block column of rows rows begin, in bytes, after the scales.
func (f panelFormat) offsets(rows int) int {
	if f.halves || !f.super && !f.exponent {
		return 2 * rows
	}
	return rows
}

func (f panelFormat) high(rows int) int {
	switch {
	case f.offset && f.super && !f.halves:
		return f.offsets(rows) + rows
	case f.offset && !f.super:
		return f.offsets(rows) + 2*rows
	}
	return f.offsets(rows) // two offsets of 4 bits share bytes with the scales
}

func (f panelFormat) quants(rows int) int {
	switch f.bits {
	case 3, 5:
		return f.high(rows) + 4*rows
	case 6:
		return f.high(rows) + 8*rows
	}
	return f.high(rows)
}

// bytes is the size of a block column.
func (f panelFormat) bytes(rows int) int {
	switch {
	case f.bits == 8:
		return f.quants(rows) + 32*rows
	case f.bits < 4:
		return f.quants(rows) + 8*rows
	}
	return f.quants(rows) + 16*rows
}

// unit is the least number of blocks that a row has, and the size of as many.
func (f panelFormat) unit(rows int) (blocks, bytes int) {
	if f.super {
		return superBlocks, f.head(rows) + superBlocks*f.bytes(rows)
	}
	return 1, f.bytes(rows)
}

// takes reports whether there is a kernel for that many columns. Two scales and two
// sums a column leave registers for 12.
func (f panelFormat) takes(columns int) bool { return !f.halves || columns <= 12 }

// shift is the power of two that centre is.
func (f panelFormat) shift() uint8 {
	for s := uint8(0); ; s++ {
		if 1<<s >= f.centre {
			return s
		}
	}
}

// Slots of the frame.
const (
	slotEnd  = 0  // where the weights of the panel at hand end
	slotDst  = 8  // where its results go
	slotRows = 16 // how many rows are left, those of this panel included
	slotNext = 24 // where the blocks that share d end

	// Vectors: d and m of these blocks, and for AVX2 the scales of the halves of
	// one block, next to each other and each twice.
	slotD    = 64
	slotM    = 128
	slotPair = 192
	slotHalf = 224 // two of them

	// From here on the accumulators of many columns and the weights at hand.
	slotTile = 288
)

// panelKernel is the code of one function: a format and a number of columns,
// each of which is a row of activations.
type panelKernel struct {
	*generator
	panelFormat
	rows    int // of a panel
	columns int
	fine    bool // columns are the two halves of one token
	slots   operand.Mem
	w       reg.GPVirtual

	bases []bases
	// Multiples of the distance between columns.
	far map[int]distance
}

// bases are pointers into the arrays of activations, to the block at hand of
// every eighth column.
type bases struct{ q, d, e reg.GPVirtual }

// distance is what a number of columns is in bytes: of quants and of scales.
type distance struct{ q, e reg.GPVirtual }

const columnsABase = 8

// begin makes the head of the function, as far as its loop over panels.
func (p *panelKernel) begin(tier string) {
	name := fmt.Sprintf("mulPanel%sx%d%s", p.name, p.columns, tier)
	frame := frame
	switch {
	case p.rows == rows256 && p.columns > group256:
		frame = slotTile + 32*(p.columns+2*8)
	case p.super:
		frame = slotTile
	}
	if p.fine {
		name = fmt.Sprintf("mulPanel%sFine%s", p.name, tier)
		p.functionWith(frame, name, "func(dst *float32, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, q2 *int8, d2, s2 *float32, b2 *int32)",
			fmt.Sprintf("multiplies panels of %s with the two parts of one activation row.", p.name))
	} else {
		p.functionWith(frame, name, "func(dst *float32, ldd int, w *byte, rows, nb int, q *int8, d, s *float32, b *int32, add int)",
			fmt.Sprintf("multiplies panels of %s with %d activation rows.", p.name, p.columns))
	}
	p.slots = p.local
	p.w = p.load("w")
	t := p.load("dst")
	p.MOVQ(t, p.slot(slotDst))
	t = p.load("rows")
	p.MOVQ(t, p.slot(slotRows))
}

func (p *panelKernel) slot(i int) operand.Mem { return p.slots.Offset(i) }

// panels runs before, block for each block column, and after, for each panel, and
// shared where blocks that share d begin.
func (p *panelKernel) panels(before, shared, block, after func()) {
	top, end := p.label("panel"), p.label("done")
	p.Label(top)
	p.CMPQ(p.slot(slotRows), operand.U8(0))
	p.JLE(operand.LabelRef(end))
	p.start()
	before()

	next, part := p.label("block"), p.label("part")
	p.Label(next)
	if p.super {
		_, bytes := p.unit(p.rows)
		p.ADDQ(operand.U32(uint32(bytes)), p.slot(slotNext))
		shared()
		p.advance(p.head(p.rows), p.w)
		p.Label(part)
	}
	// Even 16 tokens wait for memory; where others have fetched the weights, asking
	// again costs nothing that can be measured.
	for line := 0; line < p.bytes(p.rows); line += 64 {
		p.PREFETCHT0(at(p.w, prefetchAhead+line))
	}
	block()
	p.next()
	if p.super {
		p.CMPQ(p.w, p.slot(slotNext))
		p.JNE(operand.LabelRef(part))
	}
	p.CMPQ(p.w, p.slot(slotEnd))
	p.JNE(operand.LabelRef(next))

	after()
	p.ADDQ(operand.U32(uint32(4*p.rows)), p.slot(slotDst))
	p.SUBQ(operand.U32(uint32(p.rows)), p.slot(slotRows))
	p.JMP(operand.LabelRef(top))
	p.Label(end)
	p.end()
}

// start points to the first block of the panel and of the activations.
func (p *panelKernel) start() {
	nb, size := p.load("nb"), p.GP64()
	blocks, bytes := p.unit(p.rows)
	if blocks == 1 {
		p.IMUL3Q(operand.U32(uint32(bytes)), nb, size)
	} else {
		p.MOVQ(nb, size)
		p.SHRQ(operand.U8(3), size)
		p.IMUL3Q(operand.U32(uint32(bytes)), size, size)
		p.MOVQ(p.w, p.slot(slotNext))
	}
	p.ADDQ(p.w, size)
	p.MOVQ(size, p.slot(slotEnd))

	// The distances come first: the bases then take what registers are left.
	p.far = map[int]distance{}
	if !p.fine && p.columns > 1 {
		one := distance{p.GP64(), nb}
		p.MOVQ(nb, one.q)
		p.SHLQ(operand.U8(5), one.q)
		p.SHLQ(operand.U8(2), one.e)
		p.far[1] = one
		for i := 3; i < min(p.columns, columnsABase); i += 2 {
			far, last := distance{p.GP64(), p.GP64()}, p.far[i-2]
			p.LEAQ(indexed(last.q, one.q, 2, 0), far.q)
			p.LEAQ(indexed(last.e, one.e, 2, 0), far.e)
			p.far[i] = far
		}
	}
	p.bases = []bases{p.input("")}
	if p.fine {
		p.bases = append(p.bases, p.input("2"))
		return
	}
	for i := columnsABase; i < p.columns; i += columnsABase {
		one, last, b := p.far[1], p.bases[len(p.bases)-1], bases{p.GP64(), p.GP64(), p.GP64()}
		p.LEAQ(indexed(last.q, one.q, 8, 0), b.q)
		p.LEAQ(indexed(last.d, one.e, 8, 0), b.d)
		p.LEAQ(indexed(last.e, one.e, 8, 0), b.e)
		p.bases = append(p.bases, b)
	}
}

// input loads the pointers to a batch of activations. Where halves have scales, b is
// the sums of halves.
func (p *panelKernel) input(suffix string) bases {
	e := "b"
	if p.offset && !p.halves {
		e = "s"
	}
	return bases{p.load("q" + suffix), p.load("d" + suffix), p.load(e + suffix)}
}

// next moves on to the next block.
func (p *panelKernel) next() {
	p.advance(p.bytes(p.rows), p.w)
	for _, b := range p.bases {
		p.advance(32, b.q)
		p.advance(4, b.d, b.e)
	}
}

// column finds the base of column t, and the odd multiple of the distance and the
// power of two that lead from there.
func (p *panelKernel) column(t int) (b bases, odd int, power uint8) {
	if p.fine {
		return p.bases[t], 0, 1
	}
	b, odd, power = p.bases[t/columnsABase], t%columnsABase, 1
	for odd > 0 && odd%2 == 0 {
		odd, power = odd/2, power*2
	}
	return b, odd, power
}

// q is slice s of column t: four activations.
func (p *panelKernel) q(t, s int) operand.Mem {
	b, odd, power := p.column(t)
	if odd == 0 {
		return at(b.q, 4*s)
	}
	return indexed(b.q, p.far[odd].q, power, 4*s)
}

// d is the scale of column t.
func (p *panelKernel) d(t int) operand.Mem {
	b, odd, power := p.column(t)
	if odd == 0 {
		return at(b.d, 0)
	}
	return indexed(b.d, p.far[odd].e, power, 0)
}

// e is the sum of column t.
func (p *panelKernel) e(t int) operand.Mem {
	b, odd, power := p.column(t)
	if odd == 0 {
		return at(b.e, 0)
	}
	return indexed(b.e, p.far[odd].e, power, 0)
}

// store writes the accumulators of the columns, or adds them to what is there.
// get and put move a vector from and to the rows of dst that there are.
func (p *panelKernel) store(acc []reg.VecVirtual, get, put func(v reg.VecVirtual, at operand.Mem)) {
	dst := p.GP64()
	p.MOVQ(p.slot(slotDst), dst)
	if p.fine {
		p.VADDPS(acc[1], acc[0], acc[0])
		put(acc[0], at(dst, 0))
		return
	}
	ldd, add, from, plain := p.load("ldd"), p.load("add"), p.GP64(), p.label("store")
	p.SHLQ(operand.U8(2), ldd)
	p.TESTQ(add, add)
	p.JZ(operand.LabelRef(plain))
	p.MOVQ(dst, from)
	for t := range acc {
		get(acc[t], at(from, 0))
		p.ADDQ(ldd, from)
	}
	p.Label(plain)
	for t := range acc {
		put(acc[t], at(dst, 0))
		p.ADDQ(ldd, dst)
	}
}

// wordsOf is a byte repeated.
func wordsOf(b uint32) uint32 { return 0x01010101 * b }
