package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quantize makes blocks of 32 activations into 8-bit integers with a scale and
// sums, by the rules and in the operations that Q8 documents, so that all
// tiers give the same bits.
func (g *generator) quantize() {
	g.function("quantizeQ8AVX2", "func(q *int8, d, s *float32, b *int32, h *int16, x *float32, nb int)",
		"quantises nb blocks of 32 values.")
	g.quantizeRows(false)
	g.function("quantizeQ8FineAVX2", "func(q *int8, d, s *float32, b *int32, h *int16, q2 *int8, d2, s2 *float32, b2 *int32, h2 *int16, x *float32, nb int)",
		"quantises nb blocks of 32 values, and what that leaves of them.")
	g.quantizeRows(true)
}

func (g *generator) quantizeRows(fine bool) {
	x, nb := g.load("x"), g.load("nb")
	p := &quantizer{generator: g, order: g.YMM(), magnitude: g.YMM()}
	g.VMOVDQU(g.table("packOrder", [8]uint32{0, 4, 1, 5, 2, 6, 3, 7}), p.order)
	g.VMOVDQU(g.words("magnitude", 0x7fffffff), p.magnitude)
	out := []q8Pointers{p.pointers("")}
	if fine {
		out = append(out, p.pointers("2"))
	}
	g.loop(nb, 1, func() { p.oneBlock(x, out) })
	g.end()
}

// quantizer is the code that quantises blocks.
type quantizer struct {
	*generator
	order, magnitude reg.VecVirtual
}

// oneBlock quantises the block at x into out, one part or both, and moves on.
func (p *quantizer) oneBlock(x reg.GPVirtual, out []q8Pointers) {
	v := make([]reg.VecVirtual, 4)
	for i := range v {
		v[i] = p.YMM()
		p.VMOVUPS(at(x, 32*i), v[i])
	}
	for i, o := range out {
		p.block(v, o, i < len(out)-1)
		p.advance(32, o.q)
		p.advance(4, o.d, o.s, o.b, o.h)
	}
	p.advance(128, x)
}

// q8Pointers are where the parts of a block go.
type q8Pointers struct{ q, d, s, b, h reg.GPVirtual }

func (p *quantizer) pointers(suffix string) q8Pointers {
	return q8Pointers{p.load("q" + suffix), p.load("d" + suffix), p.load("s" + suffix), p.load("b" + suffix), p.load("h" + suffix)}
}

// block quantises the 32 values in v. With keep it leaves there what is left of
// them.
func (p *quantizer) block(v []reg.VecVirtual, o q8Pointers, keep bool) {
	plain, infinite, done := p.label("plain"), p.label("infinite"), p.label("done")
	top := p.YMM()
	p.VPAND(p.magnitude, v[0], top)
	for _, x := range v[1:] {
		a := p.YMM()
		p.VPAND(p.magnitude, x, a)
		p.VPMAXUD(a, top, top)
	}
	p.across(top, p.VPMAXUD)
	bits := p.GP32()
	p.VMOVD(top.AsX(), bits)
	p.CMPL(bits, operand.U32(0x7f800000))
	p.JCC(operand.LabelRef(infinite))
	p.CMPL(bits, operand.U32(math.Float32bits(0x1p-100)))
	p.JCC(operand.LabelRef(plain))

	// All too small: zeros. What is left is all of it, and as small.
	zero := p.YMM()
	store := func(scale reg.VecVirtual) {
		p.VXORPS(zero, zero, zero)
		p.VMOVDQU(zero, at(o.q, 0))
		p.VMOVSS(scale.AsX(), at(o.d, 0))
		p.VMOVSS(scale.AsX(), at(o.s, 0))
		p.VMOVSS(zero.AsX(), at(o.b, 0))
		p.VMOVSS(zero.AsX(), at(o.h, 0))
	}
	store(zero)
	p.JMP(operand.LabelRef(done))

	// NaN, and the same of what is left.
	p.Label(infinite)
	nan := p.YMM()
	p.VMOVUPS(p.words("nan", math.Float32bits(float32(math.NaN()))), nan)
	store(nan)
	p.JMP(operand.LabelRef(done))

	p.Label(plain)
	most, inverse := p.YMM(), p.YMM()
	p.VMOVSS(p.float("most", 127), most.AsX())
	p.VDIVSS(top.AsX(), most.AsX(), inverse.AsX())
	p.VBROADCASTSS(inverse.AsX(), inverse)
	p.VDIVSS(most.AsX(), top.AsX(), most.AsX())
	p.VMOVSS(most.AsX(), at(o.d, 0))
	if keep {
		p.VBROADCASTSS(most.AsX(), most)
	}
	n := make([]reg.VecVirtual, 4)
	for i, x := range v {
		n[i] = p.YMM()
		p.VMULPS(inverse, x, n[i])
		p.VCVTPS2DQ(n[i], n[i])
		if keep {
			// Product and difference are rounded apart.
			y := p.YMM()
			p.VCVTDQ2PS(n[i], y)
			p.VMULPS(most, y, y)
			p.VSUBPS(y, x, x)
		}
	}
	p.VPACKSSDW(n[1], n[0], n[0])
	p.VPACKSSDW(n[3], n[2], n[2])
	// Each half of sum has elements of both halves of the block, in order.
	sum := p.YMM()
	p.VPHADDW(n[2], n[0], sum)
	p.VPACKSSWB(n[2], n[0], n[0])
	p.VPERMD(n[0], p.order, n[0])
	p.VMOVDQU(n[0], at(o.q, 0))

	// Words 0 to 3 are of the first 16 elements, and 4 to 7 of the others.
	x, other := sum.AsX(), p.XMM()
	p.VEXTRACTI128(operand.U8(1), sum, other)
	p.VPADDW(other, x, x)
	p.VPHADDW(x, x, x)
	p.VPHADDW(x, x, x)
	p.VPXOR(other, other, other)
	p.VPSUBW(x, other, x)
	p.VMOVD(x, at(o.h, 0))
	p.VPMADDWD(p.words("ones16", 0x00010001).Offset(0), x, x)
	p.VMOVD(x, at(o.b, 0))
	p.VPSUBD(x, other, x)
	p.VCVTDQ2PS(x, x)
	p.VMULSS(most.AsX(), x, x)
	p.VMOVSS(x, at(o.s, 0))

	p.Label(done)
}

// across combines the 8 lanes of v into lane 0.
func (g *generator) across(v reg.VecVirtual, op func(...operand.Op)) {
	x, t := v.AsX(), g.XMM()
	g.VEXTRACTI128(operand.U8(1), v, t)
	op(t, x, x)
	g.VPSHUFD(operand.U8(0x4e), x, t)
	op(t, x, x)
	g.VPSHUFD(operand.U8(0xb1), x, t)
	op(t, x, x)
}
