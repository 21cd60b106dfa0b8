package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Panels of 16 rows, for AVX-512 with VNNI. One VPDPBUSD multiplies four weights
// of each row with four activations, which it takes from memory; no sum ever goes
// across a register.
const rows512 = 16

// columns512 are the numbers of columns that have a kernel.
var columns512 = []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 16}

func (g *generator) panels512() {
	for _, f := range panelFormats {
		for _, n := range columns512 {
			if f.takes(n) {
				g.panel512(f, n, false)
			}
		}
		g.panel512(f, 2, true)
	}
}

type kernel512 struct {
	panelKernel
	acc []reg.VecVirtual
}

func (g *generator) panel512(f panelFormat, columns int, fine bool) {
	p := &kernel512{panelKernel: panelKernel{generator: g, panelFormat: f, rows: rows512, columns: columns, fine: fine}}
	p.begin("AVX512")
	p.panels(func() {
		p.acc = make([]reg.VecVirtual, columns)
		for t := range p.acc {
			p.acc[t] = p.ZMM()
			p.VXORPS(p.acc[t], p.acc[t], p.acc[t])
		}
	}, p.shared, p.block, p.finish)
}

// finish stores the accumulators: all 16 rows, or those of a last panel.
func (p *kernel512) finish() {
	rows, bits, mask, all := p.GP64(), p.GP32(), p.K(), p.label("all")
	p.MOVQ(p.slot(slotRows), rows)
	p.MOVL(operand.U32(1<<rows512-1), bits)
	p.CMPQ(rows, operand.U8(rows512))
	p.JGE(operand.LabelRef(all))
	p.BZHIL(rows.As32(), bits, bits)
	p.Label(all)
	p.KMOVW(bits, mask)
	p.store(p.acc,
		func(v reg.VecVirtual, m operand.Mem) { p.VADDPS(m, v, mask, v) },
		func(v reg.VecVirtual, m operand.Mem) { p.VMOVUPS(v, mask, m) })
}

// shared puts d and m of the blocks that share them into the frame.
func (p *kernel512) shared() {
	d := p.ZMM()
	p.VCVTPH2PS(at(p.w, 0), d)
	p.VMOVUPS(d, p.slot(slotD))
	if p.offset {
		p.VCVTPH2PS(at(p.w, 2*p.rows), d)
		if !p.halves { // whose sums are negative
			p.VXORPS_BCST(p.words("sign", 0x80000000), d, d)
		}
		p.VMOVUPS(d, p.slot(slotM))
	}
}

// group512 is how many columns go through the integers together.
const group512 = 4

// block adds one block column to the accumulators: per column
//
//	acc += m*s;  acc += float(sum of q*x, less centre*sum of x) * (d*dx).
func (p *kernel512) block() {
	u := p.unpack()
	if p.halves {
		p.blockHalves(u)
		return
	}
	d, m := p.scale()
	if p.offset {
		for t := range p.acc {
			p.VFMADD231PS_BCST(p.e(t), m, p.acc[t])
		}
	}
	for first := 0; first < p.columns; first += group512 {
		n := min(group512, p.columns-first)
		sum := make([]reg.VecVirtual, n)
		for i := range sum {
			sum[i] = p.ZMM()
			if p.offset {
				p.VXORPS(sum[i], sum[i], sum[i])
			} else {
				p.VPSLLD_BCST(operand.U8(p.shift()), p.e(first+i), sum[i])
			}
		}
		for s := range u {
			for i := range sum {
				p.VPDPBUSD_BCST(p.q(first+i, s), u[s], sum[i])
			}
		}
		for i := range sum {
			scale := p.ZMM()
			p.VMULPS_BCST(p.d(first+i), d, scale)
			p.VCVTDQ2PS(sum[i], sum[i])
			p.VFMADD231PS(scale, sum[i], p.acc[first+i])
		}
	}
}

// scale is d of the block column, and m if there is one.
func (p *kernel512) scale() (d, m reg.VecVirtual) {
	d = p.ZMM()
	switch {
	case p.exponent:
		// 2^(e-128), as a product of two powers that are no subnormals.
		half := p.ZMM()
		p.VPMOVZXBD(at(p.w, 0), d)
		p.VPSRLD(operand.U8(1), d, half)
		p.VPSUBD(half, d, d)
		for _, v := range []reg.VecVirtual{d, half} {
			p.VPADDD_BCST(p.words("bias63", 63), v, v)
			p.VPSLLD(operand.U8(23), v, v)
		}
		p.VMULPS(half, d, d)
	case p.super:
		extend := func(m operand.Mem, v reg.VecVirtual) { p.VPMOVZXBD(m, v) }
		if p.signed {
			extend = func(m operand.Mem, v reg.VecVirtual) { p.VPMOVSXBD(m, v) }
		}
		extend(at(p.w, 0), d)
		p.VCVTDQ2PS(d, d)
		p.VMULPS(p.slot(slotD), d, d)
		if p.offset {
			m = p.ZMM()
			p.VPMOVZXBD(at(p.w, p.offsets(p.rows)), m)
			p.VCVTDQ2PS(m, m)
			p.VMULPS(p.slot(slotM), m, m)
		}
	default:
		p.VCVTPH2PS(at(p.w, 0), d)
		if p.offset {
			m = p.ZMM()
			p.VCVTPH2PS(at(p.w, p.offsets(p.rows)), m)
		}
	}
	return d, m
}

// halves512 is how many columns go through the integers together where each half
// has a sum.
const halves512 = 2

// blockHalves is block for formats with a scale for each half.
func (p *kernel512) blockHalves(u [8]reg.VecVirtual) {
	pair, d0, d1 := p.ZMM(), p.ZMM(), p.ZMM()
	var mins, centre0, centre1 reg.VecVirtual
	if p.offset {
		mins = p.ZMM()
		p.VPMOVZXBW(at(p.w, 0), pair)
		p.VPSRLW(operand.U8(4), pair, mins)
		p.VPANDD_BCST(p.words("low4x16", 0x000f000f), pair, pair)
	} else {
		p.VPMOVSXBW(at(p.w, 0), pair)
		centre0, centre1 = p.ZMM(), p.ZMM()
		p.VPBROADCASTD(p.words(fmt.Sprintf("centre%dx0", p.centre), uint32(p.centre)), centre0)
		p.VPSLLD(operand.U8(16), centre0, centre1)
	}
	p.VPSRAD(operand.U8(16), pair, d1)
	p.VPSLLD(operand.U8(16), pair, d0)
	p.VPSRAD(operand.U8(16), d0, d0)
	for _, d := range []reg.VecVirtual{d0, d1} {
		p.VCVTDQ2PS(d, d)
		p.VMULPS(p.slot(slotD), d, d)
	}
	for first := 0; first < p.columns; first += halves512 {
		n := min(halves512, p.columns-first)
		sum := make([][2]reg.VecVirtual, n)
		for i := range sum {
			sum[i] = [2]reg.VecVirtual{p.ZMM(), p.ZMM()}
			if p.offset {
				p.VXORPS(sum[i][0], sum[i][0], sum[i][0])
				p.VXORPS(sum[i][1], sum[i][1], sum[i][1])
				continue
			}
			p.VPBROADCASTD(p.e(first+i), sum[i][1])
			p.VPMADDWD(centre0, sum[i][1], sum[i][0])
			p.VPMADDWD(centre1, sum[i][1], sum[i][1])
		}
		for s := range u {
			for i := range sum {
				p.VPDPBUSD_BCST(p.q(first+i, s), u[s], sum[i][s/4])
			}
		}
		for i := range sum {
			a, b := sum[i][0], sum[i][1]
			p.VCVTDQ2PS(a, a)
			p.VMULPS(d0, a, a)
			p.VCVTDQ2PS(b, b)
			p.VFMADD231PS(d1, b, a)
			if p.offset {
				p.VPBROADCASTD(p.e(first+i), b)
				p.VPMADDWD(mins, b, b)
				p.VCVTDQ2PS(b, b)
				p.VFMADD231PS(p.slot(slotM), b, a)
			}
			p.VFMADD231PS_BCST(p.d(first+i), a, p.acc[first+i])
		}
	}
}

// unpack is the block column in its 8 slices.
func (p *kernel512) unpack() (u [8]reg.VecVirtual) {
	quants, high := p.quants(p.rows), p.high(p.rows)
	switch p.bits {
	case 8:
		for s := range u {
			u[s] = p.ZMM()
			p.VMOVDQU32(at(p.w, quants+64*s), u[s])
		}
	case 4:
		low := p.constant("low4", wordsOf(15))
		for s := range 4 {
			u[s], u[s+4] = p.ZMM(), p.ZMM()
			p.VMOVDQU32(at(p.w, quants+64*s), u[s])
			p.VPSRLW(operand.U8(4), u[s], u[s+4])
			p.VPANDD(low, u[s], u[s])
			p.VPANDD(low, u[s+4], u[s+4])
		}
	case 5, 6:
		p.unpackHigh(&u, quants, high)
	case 2, 3:
		low := p.constant("low2", wordsOf(3))
		var plane, third reg.VecVirtual
		if p.bits == 3 {
			plane, third = p.ZMM(), p.constant("third", wordsOf(4))
			p.VMOVDQU32(at(p.w, high), plane)
		}
		for s := range u {
			u[s] = p.ZMM()
			if s%4 == 0 {
				p.VMOVDQU32(at(p.w, quants+64*(s/4)), u[s])
				continue
			}
			p.VPSRLW(operand.U8(uint8(2*(s%4))), u[s/4*4], u[s])
		}
		for s := range u {
			p.VPANDD(low, u[s], u[s])
			if p.bits == 2 {
				continue
			}
			h := p.ZMM()
			switch {
			case s < 2:
				p.VPSLLW(operand.U8(uint8(2-s)), plane, h)
			case s > 2:
				p.VPSRLW(operand.U8(uint8(s-2)), plane, h)
			default:
				p.VMOVDQA32(plane, h)
			}
			const orAnd = 0xf8 // v | (h & third)
			p.VPTERNLOGD(operand.U8(orAnd), third, h, u[s])
		}
	}
	if p.codes != nil {
		values := p.ZMM()
		p.VBROADCASTI32X4(p.bytesTable("values"+p.name, p.codes, 0), values)
		for s := range u {
			p.VPSHUFB(u[s], values, u[s])
		}
	}
	return u
}

func (p *kernel512) constant(name string, word uint32) reg.VecVirtual {
	v := p.ZMM()
	p.VPBROADCASTD(p.words(name, word), v)
	return v
}

// unpackHigh unpacks weights of 5 or 6 bits. What the two slices that share their
// bytes have above 4 bits lies four bits apart.
func (p *kernel512) unpackHigh(u *[8]reg.VecVirtual, quants, high int) {
	low := p.constant("low4", wordsOf(15))
	pair := p.constant(fmt.Sprintf("pair%d", p.bits), wordsOf(map[int]uint32{5: 0x11, 6: 0x33}[p.bits]))
	each := p.bits - 4 // bits a slice has in a plane
	perPlane := 4 / each
	var plane reg.VecVirtual
	for s := range 4 {
		if s%perPlane == 0 {
			plane = p.ZMM()
			p.VMOVDQU32(at(p.w, high+64*(s/perPlane)), plane)
		}
		bits, raw := p.ZMM(), p.ZMM()
		u[s] = p.ZMM()
		if shift := s % perPlane * each; shift == 0 {
			p.VPANDD(pair, plane, bits)
		} else {
			p.VPSRLW(operand.U8(uint8(shift)), plane, bits)
			p.VPANDD(pair, bits, bits)
		}
		p.VMOVDQU32(at(p.w, quants+64*s), raw)
		p.VPSLLW(operand.U8(4), bits, u[s])
		p.selectLow(low, raw, u[s])
		p.VPSRLW(operand.U8(4), raw, raw)
		p.selectLow(low, raw, bits)
		u[s+4] = bits
	}
}

// selectLow makes v the low halves of a's bytes and the high halves of its own.
func (p *kernel512) selectLow(low, a, v reg.VecVirtual) {
	// The truth table's index is v, a, low, from the highest bit.
	const table = 0xd8 // low ? a : v
	p.VPTERNLOGD(operand.U8(table), low, a, v)
}
