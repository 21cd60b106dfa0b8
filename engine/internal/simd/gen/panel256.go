package main

import (
	"math"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Panels of 8 rows, for AVX2. VPMADDUBSW multiplies four weights of each row with
// four activations and adds up pairs in 16 bits; these pairs are added up as long
// as they cannot overflow, and become 32 bits then.
const rows256 = 8

// columns256 are the numbers of columns that have a kernel.
var columns256 = []int{1, 2, 3, 4, 8, 12}

// group256 is how many columns have their accumulators in registers. With more
// columns these are in the frame, and so is the block column at hand, unpacked once
// for all.
const group256 = 4

func (g *generator) panels256() {
	for _, f := range panelFormats {
		for _, n := range columns256 {
			g.panel256(f, n, false, false)
		}
		g.panel256(f, 2, true, false)
	}
}

type kernel256 struct {
	panelKernel
	ones  operand.Mem
	acc   []reg.VecVirtual // nil where they are in the frame
	group []int            // the columns at hand
	vnni  bool             // there is VPDPBUSD, whose sums never overflow
}

func (g *generator) panel256(f panelFormat, columns int, fine, vnni bool) {
	p := &kernel256{panelKernel: panelKernel{generator: g, panelFormat: f, rows: rows256, columns: columns, fine: fine}, vnni: vnni}
	if vnni {
		p.begin("AVXVNNI")
	} else {
		p.begin("AVX2")
	}
	p.ones = p.words("ones16", 0x00010001)
	p.panels(p.zero, p.shared, p.block, p.finish)
}

// zero sets the accumulators to 0.
func (p *kernel256) zero() {
	if p.columns <= group256 {
		p.acc = p.zeroed(p.columns)
		return
	}
	p.acc = nil
	v := p.zeroed(1)[0]
	for t := range p.columns {
		p.VMOVUPS(v, p.slotAcc(t))
	}
}

// slotAcc is the accumulator of column t, and slotSlice slice s as it is, or the
// magnitudes of its weights.
func (p *kernel256) slotAcc(t int) operand.Mem { return p.slot(slotTile + 32*t) }

func (p *kernel256) slotSlice(s int, magnitude bool) operand.Mem {
	at := slotTile + 32*(p.columns+s)
	if magnitude {
		at += 8 * 32
	}
	return p.slot(at)
}

// accumulate runs body on the accumulator of column t.
func (p *kernel256) accumulate(t int, body func(acc reg.VecVirtual)) {
	if p.acc != nil {
		body(p.acc[t])
		return
	}
	acc := p.YMM()
	p.VMOVUPS(p.slotAcc(t), acc)
	body(acc)
	p.VMOVUPS(acc, p.slotAcc(t))
}

// groups runs body for each few columns, with the block column unpacked in the
// frame if there are several.
func (p *kernel256) groups(body func()) {
	if p.acc == nil {
		for s := range 8 {
			w := p.unpack(s%4, s/4)
			p.VMOVDQU(w, p.slotSlice(s, false))
			if p.isWide() {
				p.VPABSB(w, w)
				p.VMOVDQU(w, p.slotSlice(s, true))
			}
		}
	}
	for first := 0; first < p.columns; first += group256 {
		p.group = p.group[:0]
		for t := first; t < min(first+group256, p.columns); t++ {
			p.group = append(p.group, t)
		}
		body()
	}
}

// slice is slice s, ready to be multiplied.
func (p *kernel256) slice(s int) reg.VecVirtual {
	if p.acc != nil {
		return p.unpack(s%4, s/4)
	}
	u := p.YMM()
	p.VMOVDQU(p.slotSlice(s, false), u)
	return u
}

// finish stores the accumulators: all 8 rows, or those of a last panel.
func (p *kernel256) finish() {
	part, done := p.label("part"), p.label("stored")
	acc := p.acc
	if acc == nil {
		acc = make([]reg.VecVirtual, p.columns)
		for t := range acc {
			acc[t] = p.YMM()
			p.VMOVUPS(p.slotAcc(t), acc[t])
		}
	}
	p.CMPQ(p.slot(slotRows), operand.U8(rows256))
	p.JLT(operand.LabelRef(part))
	p.store(acc,
		func(v reg.VecVirtual, m operand.Mem) { p.VADDPS(m, v, v) },
		func(v reg.VecVirtual, m operand.Mem) { p.VMOVUPS(v, m) })
	p.JMP(operand.LabelRef(done))

	p.Label(part)
	// Lane i is there if i is less than the number of rows.
	mask, x := p.YMM(), p.YMM()
	p.VPBROADCASTD(p.slot(slotRows), mask)
	p.VPCMPGTD(p.table("lanes", [8]uint32{0, 1, 2, 3, 4, 5, 6, 7}), mask, mask)
	p.store(acc,
		func(v reg.VecVirtual, m operand.Mem) {
			p.VMASKMOVPS(m, mask, x)
			p.VADDPS(x, v, v)
		},
		func(v reg.VecVirtual, m operand.Mem) { p.VMASKMOVPS(v, mask, m) })
	p.Label(done)
}

// shared puts d and m of the blocks that share them into the frame.
func (p *kernel256) shared() {
	d := p.YMM()
	p.VCVTPH2PS(at(p.w, 0), d)
	p.VMOVUPS(d, p.slot(slotD))
	if p.offset {
		p.VCVTPH2PS(at(p.w, 2*p.rows), d)
		if !p.halves { // whose sums are negative
			p.VXORPS(p.words("sign", 0x80000000), d, d)
		}
		p.VMOVUPS(d, p.slot(slotM))
	}
}

// block adds one block column to the accumulators: per column
//
//	acc += m*s;  acc += float(sum of q*x, less centre*sum of x) * (d*dx).
func (p *kernel256) block() {
	if p.halves {
		p.blockHalves()
		return
	}
	p.groups(func() {
		var sum []reg.VecVirtual
		switch {
		case p.vnni:
			sum = p.started()
			for s := range 8 {
				p.dots(sum, s)
			}
		case p.isWide():
			sum = p.bytesSum()
		default:
			sum = p.sums16(nil, []int{0, 1}, p.words("ones16", 0x00010001))
		}
		d, m := p.scale()
		for i, t := range p.group {
			p.accumulate(t, func(acc reg.VecVirtual) {
				x := p.YMM()
				if p.offset {
					p.VBROADCASTSS(p.e(t), x)
					p.VFMADD231PS(x, m, acc)
				} else if !p.isWide() && !p.vnni {
					p.VPBROADCASTD(p.e(t), x)
					p.VPSLLD(operand.U8(p.shift()), x, x)
					p.VPADDD(x, sum[i], sum[i])
				}
				p.VCVTDQ2PS(sum[i], sum[i])
				p.VBROADCASTSS(p.d(t), x)
				p.VMULPS(d, x, x)
				p.VFMADD231PS(x, sum[i], acc)
			})
		}
	})
}

// blockHalves is block for formats with a scale for each half, which multiplies in
// integers.
func (p *kernel256) blockHalves() {
	pair, half := p.YMM(), p.YMM()
	if p.offset {
		p.VPMOVZXBW(at(p.w, 0), pair)
		p.VPSRLW(operand.U8(4), pair, half)
		p.VMOVDQU(half, p.slot(slotPair)) // of offsets, here
		p.VPAND(p.words("low4x16", 0x000f000f), pair, pair)
	} else {
		p.VPMOVSXBW(at(p.w, 0), pair)
		p.VMOVDQU(pair, p.slot(slotPair))
	}
	if p.vnni {
		p.halvesVNNI(pair)
		return
	}
	for i, order := range [2]uint8{0xa0, 0xf5} { // the words 0 0 2 2, and 1 1 3 3
		p.VPSHUFLW(operand.U8(order), pair, half)
		p.VPSHUFHW(operand.U8(order), half, half)
		p.VMOVDQU(half, p.slot(slotHalf+32*i))
	}
	p.groups(func() {
		sum := p.sums16(nil, []int{0}, p.slot(slotHalf))
		sum = p.sums16(sum, []int{1}, p.slot(slotHalf+32))
		for i, t := range p.group {
			p.accumulate(t, func(acc reg.VecVirtual) {
				x, y := p.YMM(), p.YMM()
				p.VPBROADCASTD(p.e(t), y)
				p.VPMADDWD(p.slot(slotPair), y, y)
				p.VBROADCASTSS(p.d(t), x)
				if p.offset {
					p.VCVTDQ2PS(y, y)
					m := p.YMM()
					p.VMULPS(p.slot(slotM), x, m)
					p.VFMADD231PS(m, y, acc)
				} else {
					p.VPSLLD(operand.U8(p.shift()), y, y)
					p.VPADDD(y, sum[i], sum[i])
				}
				p.VCVTDQ2PS(sum[i], sum[i])
				p.VMULPS(p.slot(slotD), x, x)
				p.VFMADD231PS(x, sum[i], acc)
			})
		}
	})
}

// scale is d of the block column, and m if there is one.
func (p *kernel256) scale() (d, m reg.VecVirtual) {
	d = p.YMM()
	switch {
	case p.exponent:
		// 2^(e-128), as a product of two powers that are no subnormals.
		half := p.YMM()
		p.VPMOVZXBD(at(p.w, 0), d)
		p.VPSRLD(operand.U8(1), d, half)
		p.VPSUBD(half, d, d)
		for _, v := range []reg.VecVirtual{d, half} {
			p.VPADDD(p.words("bias63", 63), v, v)
			p.VPSLLD(operand.U8(23), v, v)
		}
		p.VMULPS(half, d, d)
	case p.super:
		extend := p.VPMOVZXBD
		if p.signed {
			extend = p.VPMOVSXBD
		}
		extend(at(p.w, 0), d)
		p.VCVTDQ2PS(d, d)
		p.VMULPS(p.slot(slotD), d, d)
		if p.offset {
			m = p.YMM()
			p.VPMOVZXBD(at(p.w, p.offsets(p.rows)), m)
			p.VCVTDQ2PS(m, m)
			p.VMULPS(p.slot(slotM), m, m)
		}
	default:
		p.VCVTPH2PS(at(p.w, 0), d)
		if p.offset {
			m = p.YMM()
			p.VCVTPH2PS(at(p.w, p.offsets(p.rows)), m)
		}
	}
	return d, m
}

// isWide reports whether weights have 8 bits with a sign.
func (p *kernel256) isWide() bool { return p.centre == 128 && !p.vnni }

// together is how many slices add up in 16 bits.
func (p *kernel256) together() int {
	top := 1<<p.bits - 1
	if p.codes != nil {
		top = slices.Max(p.codes[:])
	}
	return min(8, math.MaxInt16/(2*top*127))
}

// sums16 adds slices of quants times activations to sum, or makes one: of the first
// 4, or the last, or both. Pairs add up in 16 bits as far as they can, and are
// multiplied by scale, which holds each factor twice, to become 32 bits.
func (p *kernel256) sums16(sum []reg.VecVirtual, halves []int, scale operand.Mem) []reg.VecVirtual {
	var pair []reg.VecVirtual
	count := 0
	flush := func() {
		for i, v := range pair {
			p.VPMADDWD(scale, v, v)
			if sum != nil {
				p.VPADDD(v, sum[i], sum[i])
			}
		}
		if sum == nil {
			sum = pair
		}
		pair, count = nil, 0
	}
	for s := range 4 {
		for _, half := range halves {
			u := p.slice(s + 4*half)
			first := pair == nil
			if first {
				pair = make([]reg.VecVirtual, len(p.group))
			}
			for i, t := range p.group {
				x := p.YMM()
				p.VPBROADCASTD(p.q(t, s+4*half), x)
				if first {
					pair[i] = p.YMM()
					p.VPMADDUBSW(x, u, pair[i])
					continue
				}
				p.VPMADDUBSW(x, u, x)
				p.VPADDW(x, pair[i], pair[i])
			}
			if count++; count == p.together() {
				flush()
			}
		}
	}
	if pair != nil {
		flush()
	}
	return sum
}

// unpack is slice s+4*half.
func (p *kernel256) unpack(s, half int) reg.VecVirtual {
	u, quants := p.YMM(), p.quants(p.rows)
	if p.bits == 8 {
		m := at(p.w, quants+32*(s+4*half))
		if p.vnni {
			p.VMOVDQU(m, u)
			return u
		}
		p.VMOVDQU(p.words("sign8", wordsOf(0x80)), u)
		p.VPXOR(m, u, u)
		return u
	}
	// shift moves bit from of each byte of v to bit to, and others with it.
	shift := func(v reg.VecVirtual, from, to int) {
		switch {
		case from < to:
			p.VPSLLW(operand.U8(uint8(to-from)), v, v)
		case from > to:
			p.VPSRLW(operand.U8(uint8(from-to)), v, v)
		}
	}
	if p.bits < 4 {
		p.VMOVDQU(at(p.w, quants+32*half), u)
		shift(u, 2*s, 0)
		p.VPAND(p.words("low2", wordsOf(3)), u, u)
	} else {
		p.VMOVDQU(at(p.w, quants+32*s), u)
		shift(u, 4*half, 0)
		p.VPAND(p.words("low4", wordsOf(15)), u, u)
	}
	high := func(plane, from, to int, mask operand.Mem) {
		h := p.YMM()
		p.VMOVDQU(at(p.w, p.high(p.rows)+32*plane), h)
		shift(h, from, to)
		p.VPAND(mask, h, h)
		p.VPOR(h, u, u)
	}
	switch p.bits {
	case 3:
		high(0, s+4*half, 2, p.words("third", wordsOf(4)))
	case 5:
		high(0, s+4*half, 4, p.words("fifth", wordsOf(16)))
	case 6:
		high(s/2, 2*(s%2)+4*half, 4, p.words("sixth", wordsOf(0x30)))
	}
	if p.codes != nil {
		p.VPSHUFB(u, p.values(), u)
	}
	return u
}

// values has the table of the format in each half.
func (p *kernel256) values() reg.VecVirtual {
	v := p.YMM()
	raised := 0
	if p.isWide() {
		raised = p.centre
	}
	p.VMOVDQU(p.bytesTable("values"+p.name, p.codes, -raised), v)
	return v
}

// bytesSum multiplies weights of 8 bits with a sign, which moves to the activations;
// pairs reach 2*128*127, so that none can be added in 16 bits.
func (p *kernel256) bytesSum() []reg.VecVirtual {
	sum := make([]reg.VecVirtual, len(p.group))
	for s := range 8 {
		w, u := p.slice(s), p.YMM()
		if p.acc != nil {
			p.VPABSB(w, u)
		} else {
			p.VMOVDQU(p.slotSlice(s, true), u)
		}
		for i, t := range p.group {
			x := p.YMM()
			p.VPBROADCASTD(p.q(t, s), x)
			p.VPSIGNB(w, x, x)
			p.VPMADDUBSW(x, u, x)
			if sum[i] == nil {
				sum[i] = p.YMM()
				p.VPMADDWD(p.ones, x, sum[i])
				continue
			}
			p.VPMADDWD(p.ones, x, x)
			p.VPADDD(x, sum[i], sum[i])
		}
	}
	return sum
}
