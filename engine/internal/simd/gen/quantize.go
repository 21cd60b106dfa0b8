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
	g.function("quantizeQ8AVX2", "func(q *int8, d, s *float32, b *int32, x *float32, nb int)",
		"quantises nb blocks of 32 values.")
	q, d, s, b, x, nb := g.load("q"), g.load("d"), g.load("s"), g.load("b"), g.load("x"), g.load("nb")
	order := g.YMM()
	g.VMOVDQU(g.table("packOrder", [8]uint32{0, 4, 1, 5, 2, 6, 3, 7}), order)
	magnitude := g.YMM()
	g.VMOVDQU(g.words("magnitude", 0x7fffffff), magnitude)
	g.loop(nb, 1, func() { g.quantizeBlock(q, d, s, b, x, order, magnitude) })
	g.end()
}

func (g *generator) quantizeBlock(q, d, s, b, x reg.GPVirtual, order, magnitude reg.VecVirtual) {
	plain, infinite, done := g.label("plain"), g.label("infinite"), g.label("done")
	v := make([]reg.VecVirtual, 4)
	top := g.YMM()
	for i := range v {
		v[i] = g.YMM()
		g.VMOVUPS(at(x, 32*i), v[i])
		if i == 0 {
			g.VPAND(magnitude, v[0], top)
			continue
		}
		a := g.YMM()
		g.VPAND(magnitude, v[i], a)
		g.VPMAXUD(a, top, top)
	}
	g.across(top, g.VPMAXUD)
	bits := g.GP32()
	g.VMOVD(top.AsX(), bits)
	g.CMPL(bits, operand.U32(0x7f800000))
	g.JCC(operand.LabelRef(infinite))
	g.CMPL(bits, operand.U32(math.Float32bits(0x1p-100)))
	g.JCC(operand.LabelRef(plain))

	// All too small: zeros.
	zero := g.YMM()
	store := func(scale reg.VecVirtual) {
		g.VXORPS(zero, zero, zero)
		g.VMOVDQU(zero, at(q, 0))
		g.VMOVSS(scale.AsX(), at(d, 0))
		g.VMOVSS(scale.AsX(), at(s, 0))
		g.VMOVSS(zero.AsX(), at(b, 0))
	}
	store(zero)
	g.JMP(operand.LabelRef(done))

	g.Label(infinite)
	nan := g.YMM()
	g.VMOVUPS(g.words("nan", math.Float32bits(float32(math.NaN()))), nan)
	store(nan)
	g.JMP(operand.LabelRef(done))

	g.Label(plain)
	most, inverse := g.XMM(), g.YMM()
	g.VMOVSS(g.float("most", 127), most)
	g.VDIVSS(top.AsX(), most, inverse.AsX())
	g.VBROADCASTSS(inverse.AsX(), inverse)
	g.VDIVSS(most, top.AsX(), most)
	g.VMOVSS(most, at(d, 0))
	for i := range v {
		g.VMULPS(inverse, v[i], v[i])
		g.VCVTPS2DQ(v[i], v[i])
	}
	sum, other := g.YMM(), g.YMM()
	g.VPADDD(v[1], v[0], sum)
	g.VPADDD(v[3], v[2], other)
	g.VPADDD(other, sum, sum)
	g.across(sum, g.VPADDD)
	negative := g.XMM()
	g.VPXOR(negative, negative, negative)
	g.VPSUBD(sum.AsX(), negative, negative)
	g.VMOVSS(negative, at(b, 0))
	g.VCVTDQ2PS(sum.AsX(), sum.AsX())
	g.VMULSS(most, sum.AsX(), sum.AsX())
	g.VMOVSS(sum.AsX(), at(s, 0))
	g.VPACKSSDW(v[1], v[0], v[0])
	g.VPACKSSDW(v[3], v[2], v[2])
	g.VPACKSSWB(v[2], v[0], v[0])
	g.VPERMD(v[0], order, v[0])
	g.VMOVDQU(v[0], at(q, 0))

	g.Label(done)
	g.advance(32, q)
	g.advance(4, d, s, b)
	g.advance(128, x)
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
