package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// format is a block format of weights as the integer kernels see it: unsigned
// numbers of 4 or 5 bits, or signed ones of 8.
type format struct {
	name   string
	bytes  int  // of a block
	bits   int  // of a weight
	offset bool // has m: a value is d*q + m
	centre int  // a value is d*(q-centre)
	quants int  // where the weights begin
	high   int  // where the fifth bits begin
}

var formats = []format{
	{name: "Q4_0", bytes: 18, bits: 4, centre: 8, quants: 2},
	{name: "Q4_1", bytes: 20, bits: 4, offset: true, quants: 4},
	{name: "Q5_0", bytes: 22, bits: 5, centre: 16, quants: 6, high: 2},
	{name: "Q5_1", bytes: 24, bits: 5, offset: true, quants: 8, high: 4},
	{name: "Q8_0", bytes: 34, bits: 8, quants: 2},
}

func (g *generator) integerProducts() {
	for _, f := range formats {
		g.product(f, 1, 4)
		g.product(f, 4, 2)
	}
}

// product makes the kernel of f for tokens tokens, which takes rows rows of
// weights at a time and then single ones.
//
// Element (r, t) comes out of the same operations in the same order whatever
// tokens and rows are: for each block
//
//	acc += m*s in lane 0;  acc += float(the 8 partial sums) * (d*dx).
func (g *generator) product(f format, tokens, rows int) {
	g.function(fmt.Sprintf("mul%sx%dAVX2", f.name, tokens),
		"func(dst *float32, ldd int, w *byte, rows, nb int, q *int8, d, s *float32)",
		fmt.Sprintf("multiplies rows of nb %s blocks with %d activation rows.", f.name, tokens))
	p := intProduct{generator: g, format: f, tokens: tokens}
	p.dst, p.w, p.rows, p.nb = g.load("dst"), g.load("w"), g.load("rows"), g.load("nb")
	if tokens > 1 {
		p.ldd = g.load("ldd")
		g.SHLQ(operand.U8(2), p.ldd)
		p.step[1] = g.GP64()
		g.MOVQ(p.nb, p.step[1])
		g.SHLQ(operand.U8(2), p.step[1])
		for t := 2; t < tokens; t++ {
			p.step[t] = g.GP64()
			g.LEAQ(indexed(p.step[t-1], p.step[1], 1, 0), p.step[t])
		}
	}
	p.stride = g.GP64()
	g.IMUL3Q(operand.U32(uint32(f.bytes)), p.nb, p.stride)
	if tokens == 1 {
		// One token leaves registers for the constants.
		p.ones = p.constant(g.words("ones16", 0x00010001))
		p.shifts = p.constant(p.nibbleShifts())
		p.low = p.constant(g.words("low4", 0x0f0f0f0f))
	} else {
		p.ones = g.words("ones16", 0x00010001)
		p.shifts = p.nibbleShifts()
		p.low = g.words("low4", 0x0f0f0f0f)
	}
	g.loop(p.rows, rows, func() { p.panel(rows) })
	g.loop(p.rows, 1, func() { p.panel(1) })
	g.end()
}

type intProduct struct {
	*generator
	format
	tokens int

	dst, ldd, w, rows, nb reg.GPVirtual
	stride                reg.GPVirtual // bytes of a row of weights
	// step[t] is 4*nb*t: token t's scales begin there, its weights at 8 times
	// that.
	step [4]reg.GPVirtual

	ones, shifts, low operand.Op

	// Of the block at hand: pointers to row 0 and token 0.
	wp, qp, dp, sp, stride3 reg.GPVirtual
}

func (p *intProduct) constant(m operand.Mem) operand.Op {
	v := p.YMM()
	p.VMOVDQU(m, v)
	return v
}

func (p *intProduct) nibbleShifts() operand.Mem {
	return p.table("shifts4", [8]uint32{0, 0, 0, 0, 4, 4, 4, 4})
}

// weight is disp bytes into the block of row r.
func (p *intProduct) weight(r, disp int) operand.Mem {
	switch r {
	case 0:
		return at(p.wp, disp)
	case 1, 2:
		return indexed(p.wp, p.stride, uint8(r), disp)
	}
	return indexed(p.wp, p.stride3, 1, disp)
}

// token is the place of token t in one of the three arrays of activations.
func (p *intProduct) token(base reg.GPVirtual, t int, scale uint8) operand.Mem {
	if t == 0 {
		return at(base, 0)
	}
	return indexed(base, p.step[t], scale, 0)
}

// panel multiplies rows rows of weights and moves on to the next.
func (p *intProduct) panel(rows int) {
	p.wp, p.qp, p.dp = p.GP64(), p.load("q"), p.load("d")
	p.MOVQ(p.w, p.wp)
	if p.offset {
		p.sp = p.load("s")
	}
	if rows > 3 {
		p.stride3 = p.GP64()
		p.LEAQ(indexed(p.stride, p.stride, 2, 0), p.stride3)
	}
	prefetch := func() {}
	if p.tokens == 1 && rows > 1 {
		prefetch = p.prefetcher(p.w, rows*p.bytes)
	}
	count := p.GP64()
	p.MOVQ(p.nb, count)
	acc := make([][]reg.VecVirtual, rows) // [rows][tokens]
	for r := range acc {
		acc[r] = p.zeroed(p.tokens)
	}
	p.loop(count, 1, func() {
		if p.tokens == 1 {
			p.oneToken(acc)
		} else {
			p.tile(acc)
		}
		prefetch()
		p.advance(p.bytes, p.wp)
		p.advance(32, p.qp)
		p.advance(4, p.dp)
		if p.offset {
			p.advance(4, p.sp)
		}
	})
	if p.tokens == 1 {
		if rows == 4 {
			p.VMOVUPS(p.sums(acc[0][0], acc[1][0], acc[2][0], acc[3][0]), at(p.dst, 0))
		} else {
			a := acc[0][0]
			p.VMOVSS(p.sums(a, a, a, a), at(p.dst, 0))
		}
		p.advance(4*rows, p.dst)
	} else {
		for r := range acc {
			a := acc[r]
			p.storeLanes(p.sums(a[0], a[1], a[2], a[3]), p.dst, p.ldd)
			p.advance(4, p.dst)
		}
	}
	for range rows {
		p.ADDQ(p.stride, p.w)
	}
}

// oneToken adds a block of one token to acc[r][0].
func (p *intProduct) oneToken(acc [][]reg.VecVirtual) {
	x, dx := p.YMM(), p.YMM()
	p.VMOVDQU(p.token(p.qp, 0, 8), x)
	p.VBROADCASTSS(p.token(p.dp, 0, 1), dx)
	var s, corr reg.VecVirtual
	if p.offset {
		s = p.YMM()
		p.VMOVSS(p.token(p.sp, 0, 1), s.AsX())
	}
	if p.centre > 0 {
		corr = p.correction(x)
	}
	for r := range acc {
		d, m := p.scale(r)
		if p.offset {
			p.VFMADD231PS(s, m, acc[r][0])
		}
		sum := p.dot(r, p.unpack(r), x, corr)
		p.VMULPS(dx, d, d)
		p.VFMADD231PS(d, sum, acc[r][0])
	}
}

// tile adds a block of each token to acc[r][t].
func (p *intProduct) tile(acc [][]reg.VecVirtual) {
	rows := len(acc)
	d, u := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
	m := make([]reg.VecVirtual, rows)
	for r := range acc {
		d[r], m[r] = p.scale(r)
	}
	if p.offset {
		for t := range p.tokens {
			s := p.YMM()
			p.VMOVSS(p.token(p.sp, t, 1), s.AsX())
			for r := range acc {
				p.VFMADD231PS(s, m[r], acc[r][t])
			}
		}
	}
	for r := range acc {
		u[r] = p.unpack(r)
	}
	for t := range p.tokens {
		x := p.YMM()
		p.VMOVDQU(p.token(p.qp, t, 8), x)
		var corr reg.VecVirtual
		if p.centre > 0 {
			corr = p.correction(x)
		}
		sum := make([]reg.VecVirtual, rows)
		for r := range acc {
			sum[r] = p.dot(r, u[r], x, corr)
		}
		dx := p.YMM()
		p.VBROADCASTSS(p.token(p.dp, t, 1), dx)
		for r := range acc {
			scale := p.YMM()
			p.VMULPS(dx, d[r], scale)
			p.VFMADD231PS(scale, sum[r], acc[r][t])
		}
	}
}

// scale is d of row r, and m if there is one, in all lanes.
func (p *intProduct) scale(r int) (d, m reg.VecVirtual) {
	d = p.YMM()
	if !p.offset {
		p.VPBROADCASTW(p.weight(r, 0), d.AsX())
		p.VCVTPH2PS(d.AsX(), d)
		return d, nil
	}
	m = p.YMM()
	p.VPBROADCASTD(p.weight(r, 0), d.AsX())
	p.VCVTPH2PS(d.AsX(), d)
	p.VMOVSHDUP(d, m)
	p.VMOVSLDUP(d, d)
	return d, m
}

// unpack is the block of row r as 32 unsigned bytes: for signed weights, their
// magnitudes.
func (p *intProduct) unpack(r int) reg.VecVirtual {
	u := p.YMM()
	if p.bits == 8 {
		p.VPABSB(p.weight(r, p.quants), u)
		return u
	}
	p.VBROADCASTI128(p.weight(r, p.quants), u)
	p.VPSRLVD(p.shifts, u, u)
	p.VPAND(p.low, u, u)
	if p.bits == 5 {
		bit := p.table("bits", [8]uint32{
			0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010, 0x08040201, 0x80402010})
		h := p.YMM()
		p.VPBROADCASTD(p.weight(r, p.high), h)
		p.VPSHUFB(p.table("spread", [8]uint32{
			0x00000000, 0x00000000, 0x01010101, 0x01010101, 0x02020202, 0x02020202, 0x03030303, 0x03030303}), h, h)
		p.VPAND(bit, h, h)
		p.VPCMPEQB(bit, h, h)
		p.VPAND(p.words("fifth", 0x10101010), h, h)
		p.VPOR(h, u, u)
	}
	return u
}

// correction is what the centre adds to the 16-bit sums of x with unsigned
// weights.
func (p *intProduct) correction(x reg.VecVirtual) reg.VecVirtual {
	c := p.YMM()
	p.VMOVDQU(p.words(fmt.Sprintf("centre%d", p.centre), 0x01010101*uint32(p.centre)), c)
	p.VPMADDUBSW(x, c, c)
	return c
}

// dot multiplies the block of row r, unpacked in u, with x and gives 8 partial
// sums as floats. Nothing saturates: pairs reach 2*128*127 at most.
func (p *intProduct) dot(r int, u, x, corr reg.VecVirtual) reg.VecVirtual {
	sum := p.YMM()
	if p.bits == 8 {
		// The signs of the weights move to the activations.
		p.VPSIGNB(p.weight(r, p.quants), x, sum)
		p.VPMADDUBSW(sum, u, sum)
	} else {
		p.VPMADDUBSW(x, u, sum)
	}
	if p.centre > 0 {
		p.VPSUBW(corr, sum, sum)
	}
	p.VPMADDWD(p.ones, sum, sum)
	p.VCVTDQ2PS(sum, sum)
	return sum
}
