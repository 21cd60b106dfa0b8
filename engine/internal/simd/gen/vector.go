package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (g *generator) vectors() {
	g.dot("dotAVX2", f32)
	g.dot("dotF16AVX2", f16)
	g.axpy("axpyAVX2", f32)
	g.axpy("axpyF16AVX2", f16)
	g.add()
	g.scale()
	g.norm()
	g.sumSquares()
	g.addSquares()
	g.maximum()
	g.toF16()
}

// dot sums in 32 lanes, so that four multiply-adds are under way at once.
func (g *generator) dot(name string, e element) {
	b := "*float32"
	if e == f16 {
		b = "*byte"
	}
	g.function(name, "func(a *float32, b "+b+", n int) float32", "is the sum of a[i]*b[i].")
	ap, bp, n := g.load("a"), g.load("b"), g.load("n")
	acc := g.zeroed(4)
	step := func(load func(element, operand.Mem, reg.VecVirtual), lanes, parts int) {
		for i := range parts {
			av, bv := g.YMM(), g.YMM()
			load(f32, at(ap, 4*lanes*i), av)
			load(e, at(bp, e.bytes*lanes*i), bv)
			g.VFMADD231PS(av, bv, acc[i])
		}
		g.advance(4*lanes*parts, ap)
		g.advance(e.bytes*lanes*parts, bp)
	}
	g.loop(n, 32, func() { step(g.wide, 8, 4) })
	g.loop(n, 8, func() { step(g.wide, 8, 1) })
	g.loop(n, 1, func() { step(g.single, 1, 1) })
	g.VADDPS(acc[1], acc[0], acc[0])
	g.VADDPS(acc[3], acc[2], acc[2])
	g.VADDPS(acc[2], acc[0], acc[0])
	sum := g.sums(acc[0], acc[0], acc[0], acc[0])
	g.Store(sum, g.ReturnIndex(0))
	g.end()
}

func (g *generator) axpy(name string, e element) {
	x := "*float32"
	if e == f16 {
		x = "*byte"
	}
	g.function(name, "func(dst *float32, a float32, x "+x+", n int)", "computes dst[i] += a*x[i].")
	dst, xp, n := g.load("dst"), g.load("x"), g.load("n")
	a := g.YMM()
	g.VBROADCASTSS(g.paramAddr("a"), a)
	for _, width := range []int{32, 8} {
		g.loop(n, width, func() {
			for i := range width / 8 {
				xv, y := g.YMM(), g.YMM()
				g.wide(e, at(xp, 8*e.bytes*i), xv)
				g.VMOVUPS(at(dst, 32*i), y)
				g.VFMADD231PS(a, xv, y)
				g.VMOVUPS(y, at(dst, 32*i))
			}
			g.advance(4*width, dst)
			g.advance(e.bytes*width, xp)
		})
	}
	g.loop(n, 1, func() {
		xv, y := g.YMM(), g.XMM()
		g.single(e, at(xp, 0), xv)
		g.VMOVSS(at(dst, 0), y)
		g.VFMADD231SS(a.AsX(), xv.AsX(), y)
		g.VMOVSS(y, at(dst, 0))
		g.advance(4, dst)
		g.advance(e.bytes, xp)
	})
	g.end()
}

func (g *generator) add() {
	g.function("addAVX2", "func(dst, x *float32, n int)", "computes dst[i] += x[i].")
	dst, x, n := g.load("dst"), g.load("x"), g.load("n")
	g.loop(n, 8, func() {
		v := g.YMM()
		g.VMOVUPS(at(x, 0), v)
		g.VADDPS(at(dst, 0), v, v)
		g.VMOVUPS(v, at(dst, 0))
		g.advance(32, dst, x)
	})
	g.loop(n, 1, func() {
		v := g.XMM()
		g.VMOVSS(at(x, 0), v)
		g.VADDSS(at(dst, 0), v, v)
		g.VMOVSS(v, at(dst, 0))
		g.advance(4, dst, x)
	})
	g.end()
}

func (g *generator) scale() {
	g.function("scaleAVX2", "func(x *float32, n int, a float32)", "computes x[i] *= a.")
	x, n := g.load("x"), g.load("n")
	a := g.YMM()
	g.VBROADCASTSS(g.paramAddr("a"), a)
	g.loop(n, 8, func() {
		v := g.YMM()
		g.VMULPS(at(x, 0), a, v)
		g.VMOVUPS(v, at(x, 0))
		g.advance(32, x)
	})
	g.loop(n, 1, func() {
		v := g.XMM()
		g.VMULSS(at(x, 0), a.AsX(), v)
		g.VMOVSS(v, at(x, 0))
		g.advance(4, x)
	})
	g.end()
}

func (g *generator) norm() {
	g.function("normAVX2", "func(dst, x, w *float32, n int, a float32)", "computes dst[i] = x[i]*a*w[i].")
	dst, x, w, n := g.load("dst"), g.load("x"), g.load("w"), g.load("n")
	a := g.YMM()
	g.VBROADCASTSS(g.paramAddr("a"), a)
	g.loop(n, 8, func() {
		v := g.YMM()
		g.VMULPS(at(x, 0), a, v)
		g.VMULPS(at(w, 0), v, v)
		g.VMOVUPS(v, at(dst, 0))
		g.advance(32, dst, x, w)
	})
	g.loop(n, 1, func() {
		v := g.XMM()
		g.VMULSS(at(x, 0), a.AsX(), v)
		g.VMULSS(at(w, 0), v, v)
		g.VMOVSS(v, at(dst, 0))
		g.advance(4, dst, x, w)
	})
	g.end()
}

// sumSquares sums in 4 vectors of float64, so that as many multiply-adds are under
// way at once.
func (g *generator) sumSquares() {
	g.function("sumSquaresAVX2", "func(x *float32, n int) float64", "is the sum of x[i]^2 in float64; n is a multiple of 8.")
	x, n := g.load("x"), g.load("n")
	acc := g.zeroed(4)
	step := func(parts int) {
		for i := range parts {
			v := g.YMM()
			g.VCVTPS2PD(at(x, 16*i), v)
			g.VFMADD231PD(v, v, acc[i])
		}
		g.advance(16*parts, x)
	}
	g.loop(n, 16, func() { step(4) })
	g.loop(n, 8, func() { step(2) })
	g.sumFloat64(acc)
	g.end()
}

// addSquares is add and sumSquares in one.
func (g *generator) addSquares() {
	g.function("addSquaresAVX2", "func(x, y *float32, n int) float64",
		"computes x[i] += y[i] and returns the sum of x[i]^2 in float64; n is a multiple of 8.")
	x, y, n := g.load("x"), g.load("y"), g.load("n")
	acc := g.zeroed(4)
	step := func(parts int) {
		for i := range parts {
			v, half, wide := g.YMM(), g.XMM(), g.YMM()
			g.VMOVUPS(at(y, 32*i), v)
			g.VADDPS(at(x, 32*i), v, v)
			g.VMOVUPS(v, at(x, 32*i))
			g.VEXTRACTF128(operand.U8(1), v, half)
			g.VCVTPS2PD(v.AsX(), wide)
			g.VFMADD231PD(wide, wide, acc[2*i])
			g.VCVTPS2PD(half, wide)
			g.VFMADD231PD(wide, wide, acc[2*i+1])
		}
		g.advance(32*parts, x, y)
	}
	g.loop(n, 16, func() { step(2) })
	g.loop(n, 8, func() { step(1) })
	g.sumFloat64(acc)
	g.end()
}

// sumFloat64 returns the sum of 4 vectors of float64.
func (g *generator) sumFloat64(acc []reg.VecVirtual) {
	g.VADDPD(acc[2], acc[0], acc[0])
	g.VADDPD(acc[3], acc[1], acc[1])
	g.VADDPD(acc[1], acc[0], acc[0])
	g.storeSum(acc[0])
}

// storeSum returns the sum of the 4 float64 lanes of v.
func (g *generator) storeSum(v reg.VecVirtual) {
	high := g.XMM()
	g.VEXTRACTF128(operand.U8(1), v, high)
	g.VADDPD(v.AsX(), high, high)
	g.VHADDPD(high, high, high)
	g.Store(high, g.ReturnIndex(0))
}

func (g *generator) maximum() {
	g.function("maxAVX2", "func(x *float32, n int) float32", "is the greatest x[i]; n is a multiple of 8, at least 8.")
	x, n := g.load("x"), g.load("n")
	top := g.YMM()
	g.VMOVUPS(at(x, 0), top)
	g.loop(n, 8, func() {
		g.VMAXPS(at(x, 0), top, top)
		g.advance(32, x)
	})
	t, u := top.AsX(), g.XMM()
	g.VEXTRACTF128(operand.U8(1), top, u)
	g.VMAXPS(u, t, t)
	g.VPERMILPS(operand.U8(0x4e), t, u)
	g.VMAXPS(u, t, t)
	g.VPERMILPS(operand.U8(0xb1), t, u)
	g.VMAXPS(u, t, t)
	g.Store(t, g.ReturnIndex(0))
	g.end()
}

func (g *generator) toF16() {
	g.function("f32ToF16AVX2", "func(dst *byte, src *float32, n int)", "rounds to the nearest f16, ties to even; n is a multiple of 8.")
	dst, src, n := g.load("dst"), g.load("src"), g.load("n")
	g.loop(n, 8, func() {
		v := g.YMM()
		g.VMOVUPS(at(src, 0), v)
		g.VCVTPS2PH(operand.U8(0), v, at(dst, 0))
		g.advance(32, src)
		g.advance(16, dst)
	})
	g.end()
}

// paramAddr is where a parameter lies in memory.
func (g *generator) paramAddr(name string) operand.Mem {
	b, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}
