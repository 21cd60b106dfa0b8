package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quantize512 makes the kernels of quantize for AVX-512: four blocks at a time, with
// the operations of the others, so that they give the same bits. They stop before
// four blocks among which there is one of zeros or one that is not finite.
func (g *generator) quantize512() {
	const doc = ", four at a time, up to some that are not plain, and returns how many are left."
	g.function("quantizeQ8AVX512", "func(q *int8, d, s *float32, b *int32, h *int16, x *float32, nb int) int",
		"quantises nb blocks of 32 values"+doc)
	g.quantizeQuads(false)
	g.function("quantizeQ8FineAVX512", "func(q *int8, d, s *float32, b *int32, h *int16, q2 *int8, d2, s2 *float32, b2 *int32, h2 *int16, x *float32, nb int) int",
		"quantises nb blocks of 32 values, and what that leaves of them"+doc)
	g.quantizeQuads(true)
}

func (g *generator) quantizeQuads(fine bool) {
	x, left := g.load("x"), g.load("nb")
	p := &quantizer{generator: g}
	out := []q8Pointers{p.pointers("")}
	if fine {
		out = append(out, p.pointers("2"))
	}
	special := g.label("special")
	g.loop(left, 4, func() {
		v := make([]reg.VecVirtual, 8)
		for i := range v {
			v[i] = g.ZMM()
			g.VMOVUPS(at(x, 64*i), v[i])
		}
		for i, o := range out {
			p.four(v, o, i == 0 && fine, special)
		}
		for _, o := range out {
			g.advance(4*32, o.q)
			g.advance(4*4, o.d, o.s, o.b, o.h)
		}
		g.advance(4*128, x)
	})
	g.Label(special)
	g.Store(left, g.ReturnIndex(0))
	g.end()
}

// four quantises the 4 blocks in v, or jumps to special. With keep it leaves in v
// what is left of them.
func (p *quantizer) four(v []reg.VecVirtual, o q8Pointers, keep bool, special string) {
	// The greatest magnitude of each block, in all of one quarter of a register.
	most := make([]reg.VecVirtual, 4)
	for i := range most {
		other := p.ZMM()
		most[i] = p.ZMM()
		p.VPANDD_BCST(p.words("magnitude", 0x7fffffff), v[2*i], most[i])
		p.VPANDD_BCST(p.words("magnitude", 0x7fffffff), v[2*i+1], other)
		p.VPMAXUD(other, most[i], most[i])
	}
	fold := func(a, b reg.VecVirtual, low, high uint8) reg.VecVirtual {
		first, second := p.ZMM(), p.ZMM()
		p.VSHUFI32X4(operand.U8(low), b, a, first)
		p.VSHUFI32X4(operand.U8(high), b, a, second)
		p.VPMAXUD(second, first, first)
		return first
	}
	top := fold(fold(most[0], most[1], 0x44, 0xee), fold(most[2], most[3], 0x44, 0xee), 0x88, 0xdd)
	for _, order := range []uint8{0x4e, 0xb1} {
		other := p.ZMM()
		p.VPSHUFD(operand.U8(order), top, other)
		p.VPMAXUD(other, top, top)
	}
	// Less the least that is plain, unsigned: in range for all, or not.
	distance, outside, bits := p.ZMM(), p.K(), p.GP32()
	p.VPSUBD_BCST(p.words("leastPlain", math.Float32bits(0x1p-100)), top, distance)
	const notLess = 5
	p.VPCMPUD_BCST(operand.U8(notLess), p.words("plainRange", 0x7f800000-math.Float32bits(0x1p-100)), distance, outside)
	p.KMOVW(outside, bits)
	p.TESTL(bits, bits)
	p.JNZ(operand.LabelRef(special))

	// One element each.
	tops, d, inverse, all := p.ZMM(), p.XMM(), p.XMM(), p.ZMM()
	p.VMOVDQU32(p.table64("everyFourth", [16]uint32{0, 4, 8, 12}), tops)
	p.VPERMD(top, tops, tops)
	p.VMOVUPS(p.float("most", 127), d)
	p.VDIVPS(tops.AsX(), d, inverse)
	p.VDIVPS(d, tops.AsX(), d)
	p.VMOVUPS(d, at(o.d, 0))

	n := make([]reg.VecVirtual, 8)
	for block := range 4 {
		index := p.ZMM()
		p.VPBROADCASTD(p.table("numbers", [8]uint32{0, 1, 2, 3, 4, 5, 6, 7}).Offset(4*block), index)
		p.VPERMPS(inverse.AsZ(), index, all)
		if keep {
			p.VPERMPS(d.AsZ(), index, index)
		}
		for i := 2 * block; i < 2*block+2; i++ {
			n[i] = p.ZMM()
			p.VMULPS(v[i], all, n[i])
			p.VCVTPS2DQ(n[i], n[i])
			if keep {
				// Product and difference are rounded apart.
				y := p.ZMM()
				p.VCVTDQ2PS(n[i], y)
				p.VMULPS(index, y, y)
				p.VSUBPS(y, v[i], v[i])
			}
		}
	}

	// Bytes: two blocks a register, whose quarters are halves of blocks.
	order, sum := p.ZMM(), [2]reg.VecVirtual{}
	p.VMOVDQU32(p.table64("packOrder16", [16]uint32{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}), order)
	for i := range sum {
		a := n[4*i : 4*i+4]
		p.VPACKSSDW(a[1], a[0], a[0])
		p.VPACKSSDW(a[3], a[2], a[2])
		p.VPACKSSWB(a[2], a[0], a[0])
		p.VPERMD(a[0], order, a[0])
		p.VMOVDQU32(a[0], at(o.q, 64*i))
		ones := p.ZMM()
		p.VPBROADCASTD(p.words("ones8", wordsOf(1)), ones)
		sum[i] = p.ZMM()
		p.VPXORD(sum[i], sum[i], sum[i])
		p.VPDPBUSD(a[0], ones, sum[i])
	}
	low, high := p.ZMM(), p.ZMM()
	p.VPUNPCKLQDQ(sum[1], sum[0], low)
	p.VPUNPCKHQDQ(sum[1], sum[0], high)
	p.VPADDD(high, low, low)
	p.VPSHUFD(operand.U8(0xb1), low, high)
	p.VPADDD(high, low, low)
	p.VMOVDQU32(p.table64("halfOrder", [16]uint32{0, 4, 8, 12, 2, 6, 10, 14}), high)
	p.VPERMD(low, high, low)
	p.VPXORD(high, high, high)
	p.VPSUBD(low, high, low)
	halves, negative := p.XMM(), p.XMM()
	p.VPMOVDW(low.AsY(), halves)
	p.VMOVDQU(halves, at(o.h, 0))
	p.VPMADDWD(p.words("ones16", 0x00010001), halves, negative)
	p.VMOVDQU(negative, at(o.b, 0))
	p.VPSUBD(negative, high.AsX(), negative)
	p.VCVTDQ2PS(negative, negative)
	p.VMULPS(d, negative, negative)
	p.VMOVUPS(negative, at(o.s, 0))
}
