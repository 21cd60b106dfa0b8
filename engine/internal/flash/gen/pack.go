package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// format is a block format of 32 elements.
type format struct {
	name   string
	size   int // in bytes
	codes  int // offset of the codes
	high   int // offset of the fifth bits
	bits   int
	centre uint32     // of a code
	values *[16]uint8 // or what a code means, plus 128
}

var valuesIQ4 = [16]int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

var formats = []format{
	{name: "Q8_0", size: 34, codes: 2, bits: 8, centre: 128},
	{name: "Q4_0", size: 18, codes: 2, bits: 4, centre: 8},
	{name: "Q4_1", size: 20, codes: 4, bits: 4},
	{name: "Q5_0", size: 22, codes: 6, high: 2, bits: 5, centre: 16},
	{name: "Q5_1", size: 24, codes: 8, high: 4, bits: 5},
	{name: "IQ4_NL", size: 18, codes: 2, bits: 4, centre: 128, values: &[16]uint8{}},
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
		if g.wide() {
			g.mixCodes(f)
		}
	}
}

func (g *generator) bytes16(name string, values [16]uint8) operand.Mem {
	var words [8]uint32
	for i, v := range values {
		words[i/4] |= uint32(v) << (8 * (i % 4))
		words[4+i/4] = words[i/4]
	}
	return g.repeated(name, words[:]...)
}

// place is where byte disp of the block at hand, or of the one after it, lies.
type place func(block, disp int) operand.Mem

// codes decodes the 32 codes of a block, which are unsigned, or on wide registers
// those of two blocks: 16 a lane.
func (g *generator) codes(f format, m place, two bool) reg.VecVirtual {
	flip := g.word("flip", 0x80808080)
	if !two {
		return g.codesOfOne(f, func(disp int) operand.Mem { return m(0, disp) })
	}
	x := g.ZMM()
	if f.bits == 8 {
		g.VMOVDQU32(m(0, f.codes), x.AsY())
		g.VINSERTI64X4(operand.U8(1), m(1, f.codes), x, x)
		g.VPXORD(flip, x, x)
		return x
	}
	g.VMOVDQU32(m(0, f.codes), x.AsX())
	g.VINSERTI32X4(operand.U8(1), m(1, f.codes), x.AsY(), x.AsY())
	g.VSHUFI32X4(operand.U8(0x50), x, x, x)
	g.VPSRLVD(g.table("highNibbles", 0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4), x, x)
	g.VPANDD(g.word("nibbles", 0x0f0f0f0f), x, x)
	if f.values != nil {
		t := g.ZMM()
		g.VMOVDQU32(g.bytes16("values"+f.name, *f.values), t)
		g.VPSHUFB(x, t, x)
	}
	if f.bits == 5 {
		b, h, k := g.ZMM(), g.YMM(), g.K()
		g.VPBROADCASTD(m(0, f.high), b.AsY())
		g.VPBROADCASTD(m(1, f.high), h)
		g.VINSERTI64X4(operand.U8(1), h, b, b)
		g.VPSHUFB(g.byteOfBit(), b, b)
		g.VPTESTMB(g.bitOfByte(), b, k)
		g.VPADDB(g.word("sixteens", 0x10101010), x, k, x)
	}
	return x
}

// byteOfBit is, for each of 32 bits, the byte it is in, and bitOfByte the bit it is
// there.
func (g *generator) byteOfBit() operand.Mem {
	return g.repeated("byteOfBit", 0, 0, 0x01010101, 0x01010101, 0x02020202, 0x02020202, 0x03030303, 0x03030303)
}

func (g *generator) bitOfByte() operand.Mem {
	return g.repeated("bitOfByte", 0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010)
}

// repeated is a table of 8 words, over and over.
func (g *generator) repeated(name string, words ...uint32) operand.Mem {
	for len(words) < g.isa.lanes {
		words = append(words, words[:8]...)
	}
	return g.table(name, words...)
}

func (g *generator) codesOfOne(f format, m func(disp int) operand.Mem) reg.VecVirtual {
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
		g.VPSHUFB(g.byteOfBit(), b, b)
		g.VPAND(g.bitOfByte(), b, b)
		g.VPCMPEQB(g.bitOfByte(), b, b)
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

// blocks runs body for the block columns of a row, two at a time where registers are
// wide.
func (g *generator) blocks(body func(two bool)) {
	n := g.load("blocks")
	if g.wide() {
		g.loop(n, 2, func() { body(true) })
	}
	g.loop(n, 1, func() { body(false) })
}

func (g *generator) packKeys(f format) {
	g.function("packKeys"+f.name, "func(dst *byte, src *byte, stride int, blocks int, ahead int)",
		fmt.Sprintf("lays out the block columns of %d %s keys, stride bytes apart: slices of 4 elements of all. Asks for what is ahead bytes after src.", pageCells, f.name))
	dst, src, stride, left := g.load("dst"), g.load("src"), g.load("stride"), g.GP64()
	fetch := g.prefetcher(src)
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 4, func() {
		fetch.upTo(stride, 4)
		p, o := g.rowsAt(src, stride, 4), g.GP64()
		g.MOVQ(dst, o)
		g.blocks(func(two bool) {
			x := make([]reg.VecVirtual, 4)
			for r := range x {
				x[r] = g.codes(f, func(block, disp int) operand.Mem { return p.at(r, block*f.size+disp) }, two)
			}
			pair := func(a, b int, lo, hi func(x, y, z operand.Op)) {
				var t reg.VecVirtual = g.YMM()
				if two {
					t = g.ZMM()
				}
				lo(x[b], x[a], t)
				hi(x[b], x[a], x[b])
				x[a] = t
			}
			for _, i := range []int{0, 2} {
				pair(i, i+1, func(x, y, z operand.Op) { g.VPUNPCKLDQ(x, y, z) }, func(x, y, z operand.Op) { g.VPUNPCKHDQ(x, y, z) })
			}
			for i := range 2 {
				pair(i, i+2, func(x, y, z operand.Op) { g.VPUNPCKLQDQ(x, y, z) }, func(x, y, z operand.Op) { g.VPUNPCKHQDQ(x, y, z) })
			}
			lanes, columns := 2, 1
			if two {
				lanes, columns = 4, 2
			}
			for i, s := range []int{0, 2, 1, 3} {
				g.lanesTo(x[i], lanes, func(lane int) operand.Mem { return at(o, (4*lane+s)*sliceBytes) })
			}
			g.advance(columns*slices*sliceBytes, o)
			g.advance(columns*f.size, p.pointers...)
		})
		g.LEAQ(indexed(src, stride, 4, 0), src)
		g.advance(16, dst)
	})
	g.end()
}

func (g *generator) packValues(f format) {
	g.function("packValues"+f.name, "func(dst *int16, ldd int, src *byte, stride int, blocks int, ahead int)",
		fmt.Sprintf("lays out the block columns of %d %s values, stride bytes apart, ldd bytes apart: the elements of two after one another, as 16 bits. Asks for what is ahead bytes after src.", pageCells, f.name))
	dst, ldd, src, stride, left := g.load("dst"), g.load("ldd"), g.load("src"), g.load("stride"), g.GP64()
	fetch := g.prefetcher(src)
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 2, func() {
		fetch.upTo(stride, 2)
		p, o := g.rowsAt(src, stride, 2), g.GP64()
		g.MOVQ(dst, o)
		g.blocks(func(two bool) {
			x := make([]reg.VecVirtual, 2)
			for r := range x {
				x[r] = g.centred(f, func(block, disp int) operand.Mem { return p.at(r, block*f.size+disp) }, two)
			}
			if two {
				lo, hi := g.ZMM(), g.ZMM()
				g.VPUNPCKLBW(x[1], x[0], lo)
				g.VPUNPCKHBW(x[1], x[0], hi)
				for block := range 2 {
					for i, v := range []reg.VecVirtual{lo, hi} {
						w := g.ZMM()
						if block > 0 {
							g.VEXTRACTI64X4(operand.U8(1), v, v.AsY())
						}
						g.VPMOVSXBW(v.AsY(), w)
						g.VMOVDQU32(w.AsY(), at(o, 32*i))
						g.VEXTRACTI64X4(operand.U8(1), w, at(o, 64+32*i))
					}
					g.ADDQ(ldd, o)
				}
				g.advance(2*f.size, p.pointers...)
				return
			}
			lo, hi := g.YMM(), g.YMM()
			g.VPUNPCKLBW(x[1], x[0], lo)
			g.VPUNPCKHBW(x[1], x[0], hi)
			for lane := range 2 {
				for i, v := range []reg.VecVirtual{lo, hi} {
					w := g.YMM()
					if lane > 0 {
						g.VEXTRACTI128(operand.U8(1), v, v.AsX())
					}
					g.VPMOVSXBW(v.AsX(), w)
					g.VMOVDQU(w, at(o, 64*lane+32*i))
				}
			}
			g.ADDQ(ldd, o)
			g.advance(f.size, p.pointers...)
		})
		g.LEAQ(indexed(src, stride, 2, 0), src)
		g.advance(pairBytes, dst)
	})
	g.end()
}

// halves gathers scales: as words in the second half of dst, from where they are
// converted upwards. Inserting them into registers takes longer.
func (g *generator) halves() {
	g.function("halves", "func(dst *float32, ldd int, src *byte, stride int, blocks int, size int)",
		fmt.Sprintf("makes float32 of the f16 that %d rows begin with, stride bytes apart, and of those in the blocks after it, of size bytes; ldd is in bytes..", pageCells))
	dst, ldd, src, stride, blocks := g.load("dst"), g.load("ldd"), g.load("src"), g.load("stride"), g.load("blocks")
	const words = 2 * pageCells
	g.loop(blocks, 1, func() {
		p, o, left := g.GP64(), g.GP64(), g.GP64()
		g.MOVQ(src, p)
		g.LEAQ(at(dst, words), o)
		g.MOVQ(operand.U32(pageCells), left)
		g.loop(left, 4, func() {
			w := g.GP64()
			for r := range 4 {
				if r%2 == 0 {
					g.MOVWLZX(at(p, 0), w.As32())
				} else {
					g.MOVWLZX(indexed(p, stride, 1, 0), w.As32())
					g.LEAQ(indexed(p, stride, 2, 0), p)
				}
				g.MOVW(w.As16(), at(o, 2*r))
			}
			g.advance(8, o)
		})
		for i := range pageCells / g.isa.lanes {
			x := g.vec()
			g.VCVTPH2PS(at(dst, words+2*g.isa.lanes*i), x)
			g.VMOVUPS(x, at(dst, g.bytes()*i))
		}
		g.ADDQ(g.param("size"), src)
		g.ADDQ(ldd, dst)
	})
	g.end()
}

// mixCodes makes the kernel that multiplies by values as they lie, for few rows: the
// two block columns of a register's codes at once. Sums are in the order of the
// unpacked codes until the end.
func (g *generator) mixCodes(f format) {
	g.function("mixCodes"+f.name, "func(dst *int32, ldd int, p *int16, ldp int, ldb int, rows int, src *byte, stride int, add int, ahead int)",
		fmt.Sprintf("is mix for two block columns of %s values, stride bytes apart, with weights ldb bytes apart. Asks for what is ahead bytes after src.", f.name))
	dst, ldd, p, ldp, ldb, count := g.load("dst"), g.load("ldd"), g.load("p"), g.load("ldp"), g.load("ldb"), g.load("rows")
	stride := g.load("stride")
	g.tiles(count, []int{3, 2, 1}, func(n int) {
		acc := g.vecs(4 * n)
		g.zero(acc...)
		first, left, src := g.rowsAt(p, ldp, n), g.GP64(), g.load("src")
		p1 := g.GP64()
		g.LEAQ(indexed(p, ldb, 1, 0), p1)
		second := rows{g, ldp, []reg.GPVirtual{p1}}
		fetch := g.prefetcher(src)
		g.MOVQ(operand.U32(pageCells), left)
		g.loop(left, 2, func() {
			fetch.upTo(stride, 2)
			x := make([]reg.VecVirtual, 2)
			for r := range x {
				x[r] = g.centred(f, func(block, disp int) operand.Mem {
					if r == 0 {
						return at(src, block*f.size+disp)
					}
					return indexed(src, stride, 1, block*f.size+disp)
				}, true)
			}
			lo, hi := g.ZMM(), g.ZMM()
			g.VPUNPCKLBW(x[1], x[0], lo)
			g.VPUNPCKHBW(x[1], x[0], hi)
			for block, weights := range []rows{first, second} {
				v := make([]reg.VecVirtual, 2)
				for i, x := range []reg.VecVirtual{lo, hi} {
					v[i] = g.ZMM()
					if block > 0 {
						g.VEXTRACTI64X4(operand.U8(1), x, x.AsY())
					}
					g.VPMOVSXBW(x.AsY(), v[i])
				}
				for r := range n {
					w := g.ZMM()
					g.VPBROADCASTD(weights.at(r, 0), w)
					for i := range v {
						g.VPDPWSSD(v[i], w, acc[4*r+2*block+i])
					}
				}
			}
			g.LEAQ(indexed(src, stride, 2, 0), src)
			g.advance(4, first.pointers[0], p1)
		})
		store := func(add bool) func() {
			return func() {
				for r := range n {
					for block := range 2 {
						a, b := acc[4*r+2*block], acc[4*r+2*block+1]
						low := g.ZMM()
						g.VINSERTI64X4(operand.U8(1), b.AsY(), a, low)
						g.VSHUFI64X2(operand.U8(0xee), b, a, a)
						for i, v := range []reg.VecVirtual{low, a} {
							if add {
								g.VPADDD(at(dst, 128*block+64*i), v, v)
							}
							g.VMOVDQU32(v, at(dst, 128*block+64*i))
						}
					}
					g.ADDQ(ldd, dst)
					g.ADDQ(ldp, p)
				}
			}
		}
		g.unless("add", store(false), store(true))
	})
	g.end()
}

// centred are codes less their centre.
func (g *generator) centred(f format, m place, two bool) reg.VecVirtual {
	x := g.codes(f, m, two)
	switch c := g.word("centre"+f.name, f.centre*0x01010101); {
	case f.centre == 0:
	case two && f.centre == 128:
		g.VPXORD(c, x, x)
	default:
		g.VPSUBB(c, x, x)
	}
	return x
}

// turn makes the kernel that turns rows of 16-bit keys on their side: 8 of them at a
// time, a register of each.
func (g *generator) turn() {
	g.function("turn", "func(dst *byte, src *byte, stride int, n int, ahead int)",
		fmt.Sprintf("makes dst the n elements of %d keys, stride bytes apart, those of one after another; n is a multiple of %d. Asks for what is ahead bytes after src.", pageCells, g.bytes()/2))
	dst, src, stride, left := g.load("dst"), g.load("src"), g.load("stride"), g.GP64()
	fetch := g.prefetcher(src)
	g.MOVQ(operand.U32(pageCells), left)
	g.loop(left, 8, func() {
		fetch.upTo(stride, 8)
		p, o, n := g.rowsAt(src, stride, 8), g.GP64(), g.load("n")
		g.MOVQ(dst, o)
		g.loop(n, g.bytes()/2, func() {
			x := g.vecs(8)
			for r := range x {
				g.VMOVUPS(p.at(r, 0), x[r])
			}
			type op = func(x, y, z operand.Op)
			pair := func(a, b int, lo, hi op) {
				t := g.vec()
				lo(x[b], x[a], t)
				hi(x[b], x[a], x[b])
				x[a] = t
			}
			// After each step a word's place has one more bit of the row and one less of
			// the element.
			for i := 0; i < 8; i += 2 {
				pair(i, i+1, func(x, y, z operand.Op) { g.VPUNPCKLWD(x, y, z) }, func(x, y, z operand.Op) { g.VPUNPCKHWD(x, y, z) })
			}
			for _, i := range []int{0, 1, 4, 5} {
				pair(i, i+2, func(x, y, z operand.Op) { g.VPUNPCKLDQ(x, y, z) }, func(x, y, z operand.Op) { g.VPUNPCKHDQ(x, y, z) })
			}
			for i := range 4 {
				pair(i, i+4, func(x, y, z operand.Op) { g.VPUNPCKLQDQ(x, y, z) }, func(x, y, z operand.Op) { g.VPUNPCKHQDQ(x, y, z) })
			}
			for i, d := range []int{0, 4, 2, 6, 1, 5, 3, 7} {
				g.lanesTo(x[i], g.bytes()/16, func(lane int) operand.Mem { return at(o, (8*lane+d)*2*pageCells) })
			}
			g.advance(g.bytes(), p.pointers...)
			g.advance(g.bytes()/2*2*pageCells, o)
		})
		g.LEAQ(indexed(src, stride, 8, 0), src)
		g.advance(16, dst)
	})
	g.end()
}

// lanesTo stores each 16 bytes of x, 2 or 4.
func (g *generator) lanesTo(x reg.VecVirtual, lanes int, m func(lane int) operand.Mem) {
	g.VMOVUPS(x.AsX(), m(0))
	for lane := 1; lane < lanes; lane++ {
		if lanes == 4 {
			g.VEXTRACTI32X4(operand.U8(uint8(lane)), x, m(lane))
		} else {
			g.VEXTRACTI128(operand.U8(1), x, m(lane))
		}
	}
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
