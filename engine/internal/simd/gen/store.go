package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stores are the encoders of rows for a cache: the bits of package quant.
func (g *generator) stores() {
	g.toBF16()
	g.storeBlocks("storeQ8_0AVX2", "q8_0", 34, (*generator).storeQ8)
	g.storeBlocks("storeQ4_0AVX2", "q4_0", 18, (*generator).storeQ4)
}

func (g *generator) toBF16() {
	g.function("f32ToBF16AVX2", "func(dst *byte, src *float32, n int)", "rounds to the nearest bf16, ties to even; n is a multiple of 16.")
	dst, src, n := g.load("dst"), g.load("src"), g.load("n")
	one := func(v reg.VecVirtual) {
		odd, nan := g.YMM(), g.YMM()
		const unordered = 3
		g.VCMPPS(operand.U8(unordered), v, v, nan)
		g.VPSRLD(operand.U8(16), v, odd)
		quiet := g.YMM()
		g.VPOR(g.words("quietBF16", 0x40), odd, quiet)
		g.VPAND(g.words("lowest", 1), odd, odd)
		g.VPADDD(g.words("belowHalfBF16", 0x7fff), odd, odd)
		g.VPADDD(odd, v, v)
		g.VPSRLD(operand.U8(16), v, v)
		g.VBLENDVPS(nan, quiet, v, v)
	}
	g.loop(n, 16, func() {
		a, b := g.YMM(), g.YMM()
		g.VMOVUPS(at(src, 0), a)
		g.VMOVUPS(at(src, 32), b)
		one(a)
		one(b)
		g.VPACKUSDW(b, a, a)
		g.VPERMQ(operand.U8(0xd8), a, a)
		g.VMOVDQU(a, at(dst, 0))
		g.advance(64, src)
		g.advance(32, dst)
	})
	g.end()
}

// storeBlocks makes the encoder of a format, which stops at a block that the format
// cannot hold and returns how many are left with it.
func (g *generator) storeBlocks(name, format string, bytes int, block func(g *generator, dst, src reg.GPVirtual, v []reg.VecVirtual, top reg.VecVirtual, refuse string)) {
	g.function(name, "func(dst *byte, src *float32, nb int) int",
		"encodes nb "+format+" blocks, as far as the format holds them, and returns how many are left.")
	dst, src, nb := g.load("dst"), g.load("src"), g.load("nb")
	done := g.label("refused")
	g.loop(nb, 1, func() {
		v := make([]reg.VecVirtual, 4)
		top := g.YMM()
		for i := range v {
			v[i] = g.YMM()
			g.VMOVUPS(at(src, 32*i), v[i])
			a := g.YMM()
			g.VPAND(g.words("magnitude", 0x7fffffff), v[i], a)
			if i == 0 {
				g.VMOVDQA(a, top)
			} else {
				g.VPMAXUD(a, top, top)
			}
		}
		g.across(top, g.VPMAXUD)
		bits := g.GP32()
		g.VMOVD(top.AsX(), bits)
		g.CMPL(bits, operand.U32(0x7f800000))
		g.JCC(operand.LabelRef(done))
		block(g, dst, src, v, top, done)
		g.advance(bytes, dst)
		g.advance(128, src)
	})
	g.Label(done)
	g.Store(nb, g.ReturnIndex(0))
	g.end()
}

// putScale writes the scale in lane 0 of d as f16, unless it does not fit.
func (g *generator) putScale(d reg.VecVirtual, dst reg.GPVirtual, refuse string) {
	half, bits, magnitude := g.XMM(), g.GP32(), g.GP32()
	g.VCVTPS2PH(operand.U8(0), d.AsX(), half)
	g.VMOVD(half, bits)
	g.MOVL(bits, magnitude)
	g.ANDL(operand.U32(0x7fff), magnitude)
	g.CMPL(magnitude, operand.U32(0x7c00))
	g.JCC(operand.LabelRef(refuse))
	g.MOVW(bits.As16(), at(dst, 0))
}

// inverse is 1/d in all lanes, and 0 where that is infinite.
func (g *generator) inverse(d reg.VecVirtual) reg.VecVirtual {
	v, magnitude, infinite := g.XMM(), g.XMM(), g.XMM()
	all := g.YMM()
	g.VMOVSS(g.float("one", 1), v)
	g.VDIVSS(d.AsX(), v, v)
	g.VANDPS(g.words("magnitude", 0x7fffffff), v, magnitude)
	g.VPCMPEQD(g.words("infinity", 0x7f800000), magnitude, infinite)
	g.VANDNPS(v, infinite, v)
	g.VBROADCASTSS(v, all)
	return all
}

// storeQ8: halves round away from zero, by way of the greatest number below 0.5.
func (g *generator) storeQ8(dst, _ reg.GPVirtual, v []reg.VecVirtual, top reg.VecVirtual, refuse string) {
	d := g.XMM()
	g.VDIVSS(g.float("most", 127), top.AsX(), d)
	g.putScale(d, dst, refuse)
	id := g.inverse(d)
	for _, x := range v {
		sign := g.YMM()
		g.VMULPS(id, x, x)
		g.VANDPS(g.words("sign", 0x80000000), x, sign)
		g.VORPS(g.words("belowHalf", 0x3effffff), sign, sign)
		g.VADDPS(sign, x, x)
		g.VCVTTPS2DQ(x, x)
	}
	g.VPACKSSDW(v[1], v[0], v[0])
	g.VPACKSSDW(v[3], v[2], v[2])
	g.VPACKSSWB(v[2], v[0], v[0])
	order := g.YMM()
	g.VMOVDQU(g.table("packOrder", [8]uint32{0, 4, 1, 5, 2, 6, 3, 7}), order)
	g.VPERMD(v[0], order, v[0])
	g.VMOVDQU(v[0], at(dst, 2))
}

// storeQ4: the first value of the greatest magnitude becomes -8.
func (g *generator) storeQ4(dst, src reg.GPVirtual, v []reg.VecVirtual, top reg.VecVirtual, refuse string) {
	most := g.YMM()
	g.VPBROADCASTD(top.AsX(), most)
	var mask reg.GPVirtual
	same := make([]reg.VecVirtual, 4)
	for i, x := range v {
		same[i] = g.YMM()
		g.VPAND(g.words("magnitude", 0x7fffffff), x, same[i])
		g.VPCMPEQD(most, same[i], same[i])
	}
	g.VPACKSSDW(same[1], same[0], same[0])
	g.VPACKSSDW(same[3], same[2], same[2])
	g.VPACKSSWB(same[2], same[0], same[0])
	order := g.YMM()
	g.VMOVDQU(g.table("packOrder", [8]uint32{0, 4, 1, 5, 2, 6, 3, 7}), order)
	g.VPERMD(same[0], order, same[0])
	first := g.GP32()
	mask = g.GP64()
	g.VPMOVMSKB(same[0], first)
	g.BSFL(first, first)
	g.MOVL(first, mask.As32())
	d := g.XMM()
	g.VMOVSS(indexed(src, mask, 4, 0), d)
	// A sum with 0 makes -0 zero, as it stands for zeros.
	g.VADDSS(g.words("zero", 0), d, d)
	g.VMULSS(g.float("eighth", -0.125), d, d)
	g.putScale(d, dst, refuse)
	id := g.inverse(d)
	for _, x := range v {
		g.VMULPS(id, x, x)
		g.VADDPS(g.float("eightAndHalf", 8.5), x, x)
		g.VCVTTPS2DQ(x, x)
		g.VPMINSD(g.words("low4x32", 15), x, x)
	}
	for i := range 2 {
		g.VPSLLD(operand.U8(4), v[i+2], v[i+2])
		g.VPOR(v[i+2], v[i], v[i])
	}
	g.VPACKUSDW(v[1], v[0], v[0])
	g.VPERMQ(operand.U8(0xd8), v[0], v[0])
	high := g.XMM()
	g.VEXTRACTI128(operand.U8(1), v[0], high)
	g.VPACKUSWB(high, v[0].AsX(), v[0].AsX())
	g.VMOVDQU(v[0].AsX(), at(dst, 2))
}
