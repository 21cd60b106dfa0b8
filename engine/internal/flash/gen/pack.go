package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// format is a block format of 32 elements.
type format struct {
	name   string
	codes  int // offset of the codes
	high   int // offset of the fifth bits
	bits   int
	centre uint32     // of a code
	values *[16]uint8 // or what a code means, plus 128
}

var valuesIQ4 = [16]int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

var formats = []format{
	{name: "Q8_0", codes: 2, bits: 8, centre: 128},
	{name: "Q4_0", codes: 2, bits: 4, centre: 8},
	{name: "Q4_1", codes: 4, bits: 4},
	{name: "Q5_0", codes: 6, high: 2, bits: 5, centre: 16},
	{name: "Q5_1", codes: 8, high: 4, bits: 5},
	{name: "IQ4_NL", codes: 2, bits: 4, centre: 128, values: &[16]uint8{}},
}

// packs makes the kernels that lay out a block column of a page of keys or of
// values.
func (g *generator) packs() {
	for i, v := range valuesIQ4 {
		formats[5].values[i] = uint8(v + 128)
	}
	for _, f := range formats {
		g.packKeys(f)
		g.packValues(f)
	}
	g.halves()
}

func (g *generator) bytes16(name string, values [16]uint8) operand.Mem {
	var words [8]uint32
	for i, v := range values {
		words[i/4] |= uint32(v) << (8 * (i % 4))
		words[4+i/4] = words[i/4]
	}
	return g.table(name, words[:]...)
}

// codes decodes the 32 codes of the block at m, which are unsigned.
func (g *generator) codes(f format, m func(disp int) operand.Mem) reg.VecVirtual {
	x := g.YMM()
	if f.bits == 8 {
		g.VMOVDQU(g.word("flip", 0x80808080), x)
		g.VPXOR(m(f.codes), x, x)
		return x
	}
	h := g.XMM()
	g.VMOVDQU(m(f.codes), x.AsX())
	g.VPSRLW(operand.U8(4), x.AsX(), h)
	g.VINSERTI128(operand.U8(1), h, x, x)
	g.VPAND(g.word("nibbles", 0x0f0f0f0f), x, x)
	if f.values != nil {
		t := g.YMM()
		g.VMOVDQU(g.bytes16("values"+f.name, *f.values), t)
		g.VPSHUFB(x, t, x)
	}
	if f.bits == 5 {
		b := g.YMM()
		g.VPBROADCASTD(m(f.high), b)
		g.VPSHUFB(g.table("byteOfBit", 0, 0, 0x01010101, 0x01010101, 0x02020202, 0x02020202, 0x03030303, 0x03030303), b, b)
		bits := []uint32{0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010}
		g.VPAND(g.table("bitOfByte", bits...), b, b)
		g.VPCMPEQB(g.table("bitOfByte", bits...), b, b)
		g.VPAND(g.word("sixteens", 0x10101010), b, b)
		g.VPOR(b, x, x)
	}
	return x
}

// transpose8 stores, from 8 registers, word s of each together at store(s).
func (g *generator) transpose8(x []reg.VecVirtual, store func(s int, v reg.VecVirtual)) {
	pair := func(a, b *reg.VecVirtual, lo, hi func(x, y, z operand.Op)) {
		t := g.YMM()
		lo(*b, *a, t)
		hi(*b, *a, *b)
		*a = t
	}
	ps := func(f func(...operand.Op)) func(x, y, z operand.Op) {
		return func(x, y, z operand.Op) { f(x, y, z) }
	}
	lo, hi := ps(func(o ...operand.Op) { g.VUNPCKLPS(o[0], o[1], o[2]) }), ps(func(o ...operand.Op) { g.VUNPCKHPS(o[0], o[1], o[2]) })
	for i := 0; i < 8; i += 2 {
		pair(&x[i], &x[i+1], lo, hi)
	}
	lo, hi = ps(func(o ...operand.Op) { g.VUNPCKLPD(o[0], o[1], o[2]) }), ps(func(o ...operand.Op) { g.VUNPCKHPD(o[0], o[1], o[2]) })
	for _, i := range []int{0, 1, 4, 5} {
		pair(&x[i], &x[i+2], lo, hi)
	}
	// Now x[i] and x[i+4] have words w and 4+w of rows 0 to 3 and 4 to 7, of w 0, 2, 1, 3.
	for i, w := range []int{0, 2, 1, 3} {
		t := g.YMM()
		g.VPERM2F128(operand.U8(0x20), x[i+4], x[i], t)
		store(w, t)
		g.VPERM2F128(operand.U8(0x31), x[i+4], x[i], t)
		store(4+w, t)
	}
}

func (g *generator) packKeys(f format) {
	g.function("packKeys"+f.name, "func(dst *byte, src *byte, stride int)",
		fmt.Sprintf("lays out a block column of %d %s keys, stride bytes apart: slices of 4 elements of all.", pageCells, f.name))
	dst, src, stride, left := g.load("dst"), g.load("src"), g.load("stride"), g.GP64()
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 8, func() {
		p := g.rowsAt(src, stride, 8)
		x := make([]reg.VecVirtual, 8)
		for r := range x {
			x[r] = g.codes(f, func(disp int) operand.Mem { return p.at(r, disp) })
		}
		g.transpose8(x, func(s int, v reg.VecVirtual) { g.VMOVUPS(v, at(dst, s*sliceBytes)) })
		g.LEAQ(indexed(src, stride, 8, 0), src)
		g.advance(32, dst)
	})
	g.end()
}

func (g *generator) packValues(f format) {
	g.function("packValues"+f.name, "func(dst *int16, src *byte, stride int)",
		fmt.Sprintf("lays out a block column of %d %s values, stride bytes apart: the elements of two after one another, as 16 bits.", pageCells, f.name))
	dst, src, stride, left := g.load("dst"), g.load("src"), g.load("stride"), g.GP64()
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 2, func() {
		var x [2]reg.VecVirtual
		for r := range x {
			if f.bits == 8 {
				x[r] = g.YMM()
				g.VMOVDQU(g.valueAt(src, stride, r, f.codes), x[r])
				continue
			}
			x[r] = g.codes(f, func(disp int) operand.Mem { return g.valueAt(src, stride, r, disp) })
			if f.values != nil {
				g.VPXOR(g.word("flip", 0x80808080), x[r], x[r])
			} else if f.centre > 0 {
				g.VPSUBB(g.word("centre"+f.name, f.centre*0x01010101), x[r], x[r])
			}
		}
		lo, hi := g.YMM(), g.YMM()
		g.VPUNPCKLBW(x[1], x[0], lo)
		g.VPUNPCKHBW(x[1], x[0], hi)
		for lane := range 2 {
			for i, v := range []reg.VecVirtual{lo, hi} {
				w := g.YMM()
				if lane == 0 {
					g.VPMOVSXBW(v.AsX(), w)
				} else {
					g.VEXTRACTI128(operand.U8(1), v, v.AsX())
					g.VPMOVSXBW(v.AsX(), w)
				}
				g.VMOVDQU(w, at(dst, 64*lane+32*i))
			}
		}
		g.LEAQ(indexed(src, stride, 2, 0), src)
		g.advance(pairBytes, dst)
	})
	g.end()
}

func (g *generator) valueAt(src, stride reg.GPVirtual, r, disp int) operand.Mem {
	if r == 0 {
		return at(src, disp)
	}
	return indexed(src, stride, 1, disp)
}

// halves gathers scales.
func (g *generator) halves() {
	g.function("halves", "func(dst *float32, src *byte, stride int)",
		fmt.Sprintf("makes float32 of %d f16, stride bytes apart.", pageCells))
	dst, src, stride, left := g.load("dst"), g.load("src"), g.load("stride"), g.GP64()
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 8, func() {
		p := g.rowsAt(src, stride, 8)
		x, y := g.XMM(), g.YMM()
		g.VPXOR(x, x, x)
		for r := range 8 {
			g.VPINSRW(operand.U8(uint8(r)), p.at(r, 0), x, x)
		}
		g.VCVTPH2PS(x, y)
		g.VMOVUPS(y, at(dst, 0))
		g.LEAQ(indexed(src, stride, 8, 0), src)
		g.advance(32, dst)
	})
	g.end()
}

// columns makes the kernel that turns rows of float32 keys on their side.
func (g *generator) columns() {
	g.function("columns", "func(dst *float32, src *float32, stride int, n int)",
		fmt.Sprintf("makes dst the n elements of 8 keys, stride bytes apart, one after another with %d floats between; n is a multiple of 8.", pageCells))
	dst, src, stride, n := g.load("dst"), g.load("src"), g.load("stride"), g.load("n")
	p := g.rowsAt(src, stride, 8)
	g.loop(n, 8, func() {
		x := g.vecs(8)
		for r := range x {
			g.VMOVUPS(p.at(r, 0), x[r])
		}
		g.transpose8(x, func(s int, v reg.VecVirtual) { g.VMOVUPS(v, at(dst, s*4*pageCells)) })
		g.advance(32, p.pointers...)
		g.advance(8*4*pageCells, dst)
	})
	g.end()
}
