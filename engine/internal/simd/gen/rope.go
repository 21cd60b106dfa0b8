package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rotations are the kernels of Rope. Products and sums are rounded apart, as in
// plain Go.
func (g *generator) rotations() {
	g.rotate("ropePairsAVX2", "rotates neighbouring pairs of heads heads, stride floats apart, by half angles.", g.rotatePairs)
	g.rotate("ropeHalvesAVX2", "rotates pairs that lie half floats apart, of heads heads, stride floats apart, by half angles.", g.rotateHalves)
}

// rotate makes a kernel that passes the heads by body, which rotates all pairs of
// the head at x.
func (g *generator) rotate(name, doc string, body func(x, half, cos, sin, count reg.GPVirtual)) {
	g.function(name, "func(x *float32, heads, stride int, cos, sin *float32, half int)", doc)
	head, heads, stride, half := g.load("x"), g.load("heads"), g.load("stride"), g.load("half")
	g.SHLQ(operand.U8(2), stride)
	g.loop(heads, 1, func() {
		x, cos, sin, count := g.GP64(), g.load("cos"), g.load("sin"), g.GP64()
		g.MOVQ(head, x)
		g.MOVQ(half, count)
		body(x, half, cos, sin, count)
		g.ADDQ(stride, head)
	})
	g.end()
}

// rotatePairs: x*cos, less or plus its neighbour's sin in turns.
func (g *generator) rotatePairs(x, _, cos, sin, count reg.GPVirtual) {
	turn := func(v, c, s reg.VecVirtual) {
		other := g.YMM()
		g.VPERMILPS(operand.U8(0xb1), v, other)
		g.VMULPS(c, v, v)
		g.VMULPS(s, other, other)
		g.VADDSUBPS(other, v, v)
	}
	g.loop(count, 4, func() {
		v, c, s := g.YMM(), g.YMM(), g.YMM()
		g.VMOVUPS(at(x, 0), v)
		for _, a := range []struct {
			from reg.GPVirtual
			to   reg.VecVirtual
		}{{cos, c}, {sin, s}} {
			g.VPMOVZXDQ(at(a.from, 0), a.to)
			g.VMOVSLDUP(a.to, a.to)
		}
		turn(v, c, s)
		g.VMOVUPS(v, at(x, 0))
		g.advance(32, x)
		g.advance(16, cos, sin)
	})
	g.loop(count, 1, func() {
		v, c, s := g.YMM(), g.YMM(), g.YMM()
		g.VMOVSD(at(x, 0), v.AsX())
		g.VBROADCASTSS(at(cos, 0), c)
		g.VBROADCASTSS(at(sin, 0), s)
		turn(v, c, s)
		g.VMOVSD(v.AsX(), at(x, 0))
		g.advance(8, x)
		g.advance(4, cos, sin)
	})
}

func (g *generator) rotateHalves(x, half, cos, sin, count reg.GPVirtual) {
	for _, lanes := range []int{8, 1} {
		move, mul, sub, add := g.VMOVUPS, g.VMULPS, g.VSUBPS, g.VADDPS
		vector := func() reg.VecVirtual { return g.YMM() }
		if lanes == 1 {
			move, mul, sub, add = func(ops ...operand.Op) { g.VMOVSS(ops...) }, g.VMULSS, g.VSUBSS, g.VADDSS
			vector = func() reg.VecVirtual { return g.XMM() }
		}
		g.loop(count, lanes, func() {
			a, b, c, s := vector(), vector(), vector(), vector()
			move(at(x, 0), a)
			move(indexed(x, half, 4, 0), b)
			move(at(cos, 0), c)
			move(at(sin, 0), s)
			as, bs := vector(), vector()
			mul(s, a, as)
			mul(s, b, bs)
			mul(c, a, a)
			mul(c, b, b)
			sub(bs, a, a)
			add(b, as, b)
			move(a, at(x, 0))
			move(b, indexed(x, half, 4, 0))
			g.advance(4*lanes, x, cos, sin)
		})
	}
}
