package main

import (
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
			g.panel512(f, n, false)
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
	}, p.block, p.finish)
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

// group512 is how many columns go through the integers together.
const group512 = 4

// block adds one block column to the accumulators: per column
//
//	acc += m*s;  acc += float(sum of q*x, less centre*sum of x) * (d*dx).
func (p *kernel512) block() {
	u := p.unpack()
	d := p.ZMM()
	p.VCVTPH2PS(at(p.w, 0), d)
	if p.offset {
		m := p.ZMM()
		p.VCVTPH2PS(at(p.w, p.offsets(p.rows)), m)
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

// unpack is the block column in its 8 slices.
func (p *kernel512) unpack() (u [8]reg.VecVirtual) {
	for s := range u {
		if s < 4 || p.bits != 5 {
			u[s] = p.ZMM()
		}
	}
	quants := p.quants(p.rows)
	if p.bits == 8 {
		for s := range u {
			p.VMOVDQU32(at(p.w, quants+64*s), u[s])
		}
		return u
	}
	low := p.ZMM()
	p.VPBROADCASTD(p.words("low4", wordsOf(15)), low)
	var plane, pair reg.VecVirtual
	if p.bits == 5 {
		plane, pair = p.ZMM(), p.ZMM()
		p.VMOVDQU32(at(p.w, p.high(p.rows)), plane)
		p.VPBROADCASTD(p.words("pair5", wordsOf(0x11)), pair)
	}
	for s := range 4 {
		// The low halves are slice s, the high ones slice s+4.
		if p.bits == 4 {
			p.VMOVDQU32(at(p.w, quants+64*s), u[s])
			p.VPSRLW(operand.U8(4), u[s], u[s+4])
			p.VPANDD(low, u[s], u[s])
			p.VPANDD(low, u[s+4], u[s+4])
			continue
		}
		// The fifth bits of the two slices lie four apart, here in bits 0 and 4.
		bits, raw := p.ZMM(), p.ZMM()
		if s == 0 {
			p.VPANDD(pair, plane, bits)
		} else {
			p.VPSRLW(operand.U8(uint8(s)), plane, bits)
			p.VPANDD(pair, bits, bits)
		}
		p.VMOVDQU32(at(p.w, quants+64*s), raw)
		p.VPSLLW(operand.U8(4), bits, u[s])
		p.selectLow(low, raw, u[s])
		p.VPSRLW(operand.U8(4), raw, raw)
		p.selectLow(low, raw, bits)
		u[s+4] = bits
	}
	return u
}

// selectLow makes v the low halves of a's bytes and the high halves of its own.
func (p *kernel512) selectLow(low, a, v reg.VecVirtual) {
	// The truth table's index is v, a, low, from the highest bit.
	const table = 0xd8 // low ? a : v
	p.VPTERNLOGD(operand.U8(table), low, a, v)
}
