package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Panels of 8 rows, for AVX2. VPMADDUBSW multiplies four weights of each row with
// four activations and adds up pairs in 16 bits; these pairs are added up as long
// as they cannot overflow, and become 32 bits then.
const rows256 = 8

// columns256 are the numbers of columns that have a kernel.
var columns256 = []int{1, 2, 3, 4}

func (g *generator) panels256() {
	for _, f := range panelFormats {
		for _, n := range columns256 {
			g.panel256(f, n, false)
		}
		g.panel256(f, 2, true)
	}
}

type kernel256 struct {
	panelKernel
	ones operand.Mem
	acc  []reg.VecVirtual
}

func (g *generator) panel256(f panelFormat, columns int, fine bool) {
	p := &kernel256{panelKernel: panelKernel{generator: g, panelFormat: f, rows: rows256, columns: columns, fine: fine}}
	p.begin("AVX2")
	p.ones = p.words("ones16", 0x00010001)
	p.panels(func() { p.acc = p.zeroed(columns) }, p.block, p.finish)
}

// finish stores the accumulators: all 8 rows, or those of a last panel.
func (p *kernel256) finish() {
	part, done := p.label("part"), p.label("stored")
	p.CMPQ(p.slot(slotRows), operand.U8(rows256))
	p.JLT(operand.LabelRef(part))
	p.store(p.acc,
		func(v reg.VecVirtual, m operand.Mem) { p.VADDPS(m, v, v) },
		func(v reg.VecVirtual, m operand.Mem) { p.VMOVUPS(v, m) })
	p.JMP(operand.LabelRef(done))

	p.Label(part)
	// Lane i is there if i is less than the number of rows.
	mask, x := p.YMM(), p.YMM()
	p.VPBROADCASTD(p.slot(slotRows), mask)
	p.VPCMPGTD(p.table("lanes", [8]uint32{0, 1, 2, 3, 4, 5, 6, 7}), mask, mask)
	p.store(p.acc,
		func(v reg.VecVirtual, m operand.Mem) {
			p.VMASKMOVPS(m, mask, x)
			p.VADDPS(x, v, v)
		},
		func(v reg.VecVirtual, m operand.Mem) { p.VMASKMOVPS(v, mask, m) })
	p.Label(done)
}

// block adds one block column to the accumulators: per column
//
//	acc += m*s;  acc += float(sum of q*x, less centre*sum of x) * (d*dx).
func (p *kernel256) block() {
	var sum []reg.VecVirtual
	switch p.bits {
	case 4:
		// 8 slices of pairs reach 8*2*15*127.
		sum = p.wide16(p.pairs(0, 1, 2, 3))
	case 5:
		// 4 slices reach 4*2*31*127.
		sum = p.wide16(p.pairs(0, 1))
		for t, more := range p.wide16(p.pairs(2, 3)) {
			p.VPADDD(more, sum[t], sum[t])
		}
	case 8:
		sum = p.bytesSum()
	}
	d, m := p.YMM(), p.YMM()
	p.VCVTPH2PS(at(p.w, 0), d)
	if p.offset {
		p.VCVTPH2PS(at(p.w, p.offsets(p.rows)), m)
	}
	for t, acc := range p.acc {
		x := p.YMM()
		if p.offset {
			p.VBROADCASTSS(p.e(t), x)
			p.VFMADD231PS(x, m, acc)
		} else if p.bits < 8 {
			p.VPBROADCASTD(p.e(t), x)
			p.VPSLLD(operand.U8(p.shift()), x, x)
			p.VPADDD(x, sum[t], sum[t])
		}
		p.VCVTDQ2PS(sum[t], sum[t])
		p.VBROADCASTSS(p.d(t), x)
		p.VMULPS(d, x, x)
		p.VFMADD231PS(x, sum[t], acc)
	}
}

// pairs adds up the 16-bit pairs of some slices of quants: of slice s and of
// slice s+4, which share their bytes.
func (p *kernel256) pairs(slices ...int) []reg.VecVirtual {
	sum := make([]reg.VecVirtual, p.columns)
	for _, s := range slices {
		for half := range 2 {
			u := p.unpack(s, half)
			for t := range sum {
				x := p.YMM()
				p.VPBROADCASTD(p.q(t, s+4*half), x)
				if sum[t] == nil {
					sum[t] = p.YMM()
					p.VPMADDUBSW(x, u, sum[t])
					continue
				}
				p.VPMADDUBSW(x, u, x)
				p.VPADDW(x, sum[t], sum[t])
			}
		}
	}
	return sum
}

// wide16 adds up the pairs of a row, in 32 bits.
func (p *kernel256) wide16(sum []reg.VecVirtual) []reg.VecVirtual {
	for _, v := range sum {
		p.VPMADDWD(p.ones, v, v)
	}
	return sum
}

// unpack is slice s+4*half.
func (p *kernel256) unpack(s, half int) reg.VecVirtual {
	low, u := p.words("low4", wordsOf(15)), p.YMM()
	p.VMOVDQU(at(p.w, p.quants(p.rows)+32*s), u)
	if half == 1 {
		p.VPSRLW(operand.U8(4), u, u)
	}
	p.VPAND(low, u, u)
	if p.bits == 5 {
		h := p.YMM()
		p.VMOVDQU(at(p.w, p.high(p.rows)), h)
		switch bit := s + 4*half; {
		case bit < 4:
			p.VPSLLW(operand.U8(uint8(4-bit)), h, h)
		case bit > 4:
			p.VPSRLW(operand.U8(uint8(bit-4)), h, h)
		}
		p.VPAND(p.words("fifth", wordsOf(16)), h, h)
		p.VPOR(h, u, u)
	}
	return u
}

// bytesSum multiplies weights of 8 bits. Their signs move to the activations;
// pairs reach 2*128*127, so that none can be added in 16 bits.
func (p *kernel256) bytesSum() []reg.VecVirtual {
	sum := make([]reg.VecVirtual, p.columns)
	for s := range 8 {
		w, u := p.YMM(), p.YMM()
		p.VMOVDQU(p.words("sign8", wordsOf(0x80)), w)
		p.VPXOR(at(p.w, p.quants(p.rows)+32*s), w, w)
		p.VPABSB(w, u)
		for t := range sum {
			x := p.YMM()
			p.VPBROADCASTD(p.q(t, s), x)
			p.VPSIGNB(w, x, x)
			p.VPMADDUBSW(x, u, x)
			if sum[t] == nil {
				sum[t] = p.YMM()
				p.VPMADDWD(p.ones, x, sum[t])
				continue
			}
			p.VPMADDWD(p.ones, x, x)
			p.VPADDD(x, sum[t], sum[t])
		}
	}
	return sum
}
