package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (g *generator) expansions() {
	for _, f := range formats {
		g.expandBlocks(f)
	}
	g.expandFloats(f16)
	g.expandFloats(bf16)
}

// expandBlocks makes the decoder of f. Product and sum are rounded apart, as
// package quant does.
func (g *generator) expandBlocks(f format) {
	g.function("expand"+f.name+"AVX2", "func(dst *float32, src *byte, nb int)",
		fmt.Sprintf("decodes nb %s blocks.", f.name))
	dst, src, nb := g.load("dst"), g.load("src"), g.load("nb")
	p := intProduct{generator: g, format: f, wp: src}
	g.loop(nb, 1, func() {
		d, m := p.scale(0)
		for i, v := range p.integers() {
			g.VCVTDQ2PS(v, v)
			g.VMULPS(d, v, v)
			if f.offset {
				g.VADDPS(m, v, v)
			}
			g.VMOVUPS(v, at(dst, 32*i))
		}
		g.advance(f.bytes, src)
		g.advance(128, dst)
	})
	g.end()
}

// integers are the 32 weights of row 0, less the centre, as integers of 32 bits.
func (p *intProduct) integers() [4]reg.VecVirtual {
	var v [4]reg.VecVirtual
	for i := range v {
		v[i] = p.YMM()
	}
	if p.bits == 8 {
		for i := range v {
			p.VPMOVSXBD(p.weight(0, p.quants+8*i), v[i])
		}
		return v
	}
	for i := range 2 {
		p.VPMOVZXBD(p.weight(0, p.quants+8*i), v[i])
		p.VPSRLD(operand.U8(4), v[i], v[i+2])
		p.VPAND(p.words("low4x32", 15), v[i], v[i])
	}
	if p.bits == 5 {
		high := p.YMM()
		p.VPBROADCASTD(p.weight(0, p.high), high)
		for i := range v {
			p.fifth(v[i], high, i)
		}
	} else if p.centre > 0 {
		for i := range v {
			p.VPSUBD(p.words("centre8x32", uint32(p.centre)), v[i], v[i])
		}
	}
	return v
}

// fifth gives v, weights 8*i to 8*i+7, their fifth bits. With a centre, which is
// then 16, a bit that is set leaves a weight as it is, and one that is not takes
// 16 away.
func (p *intProduct) fifth(v, high reg.VecVirtual, i int) {
	var words [8]uint32
	for lane := range words {
		words[lane] = 1 << (8*i + lane)
	}
	bits, x := p.table(fmt.Sprintf("bits%dx32", 8*i), words), p.YMM()
	p.VPAND(bits, high, x)
	if p.centre == 0 {
		p.VPCMPEQD(bits, x, x)
		p.VPSLLD(operand.U8(4), x, x) // -16 where set
		p.VPSUBD(x, v, v)
		return
	}
	p.VPCMPEQD(p.words("zero", 0), x, x)
	p.VPSLLD(operand.U8(4), x, x)
	p.VPADDD(x, v, v)
}

func (g *generator) expandFloats(e element) {
	g.function("expand"+e.name+"AVX2", "func(dst *float32, src *byte, n int)",
		fmt.Sprintf("decodes n %s values.", e.name))
	dst, src, n := g.load("dst"), g.load("src"), g.load("n")
	for _, width := range []int{32, 8} {
		g.loop(n, width, func() {
			for i := range width / 8 {
				v := g.YMM()
				g.wide(e, at(src, 8*e.bytes*i), v)
				g.VMOVUPS(v, at(dst, 32*i))
			}
			g.advance(e.bytes*width, src)
			g.advance(4*width, dst)
		})
	}
	g.loop(n, 1, func() {
		v := g.YMM()
		g.single(e, at(src, 0), v)
		g.VMOVSS(v.AsX(), at(dst, 0))
		g.advance(e.bytes, src)
		g.advance(4, dst)
	})
	g.end()
}
