package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (g *generator) attention() {
	for _, e := range []element{f16, f32} {
		g.scores(e)
		g.mix(e)
	}
}

// scores makes the kernel for keys of type e: four rows at a time, which share
// each piece of the query, then single ones. A score comes out of the same
// operations in the same order either way.
func (g *generator) scores(e element) {
	g.function("scores"+e.name+"AVX2", "func(dst *float32, rows int, q *float32, n int, k *byte, stride int, scale float32)",
		fmt.Sprintf("multiplies rows of n %s keys, stride bytes apart, with a query.", e.name))
	dst, left, n, k, stride := g.load("dst"), g.load("rows"), g.load("n"), g.load("k"), g.load("stride")
	scale, stride3 := g.YMM(), g.GP64()
	g.VBROADCASTSS(g.paramAddr("scale"), scale)
	g.LEAQ(indexed(stride, stride, 2, 0), stride3)

	panel := func(rows int) {
		kp, qp, count := g.GP64(), g.load("q"), g.GP64()
		g.MOVQ(k, kp)
		g.MOVQ(n, count)
		acc := g.zeroed(rows)
		place := func(r, disp int) operand.Mem {
			switch r {
			case 0:
				return at(kp, disp)
			case 1, 2:
				return indexed(kp, stride, uint8(r), disp)
			}
			return indexed(kp, stride3, 1, disp)
		}
		step := func(load func(element, operand.Mem, reg.VecVirtual), lanes, parts int) {
			for i := range parts {
				x := g.YMM()
				load(f32, at(qp, 4*lanes*i), x)
				for r := range acc {
					v := g.YMM()
					load(e, place(r, e.bytes*lanes*i), v)
					g.VFMADD231PS(x, v, acc[r])
				}
			}
			g.advance(e.bytes*lanes*parts, kp)
			g.advance(4*lanes*parts, qp)
		}
		g.loop(count, 32, func() { step(g.wide, 8, 4) })
		g.loop(count, 8, func() { step(g.wide, 8, 1) })
		g.loop(count, 1, func() { step(g.single, 1, 1) })
		if rows == 4 {
			sum := g.sums(acc[0], acc[1], acc[2], acc[3])
			g.VMULPS(scale.AsX(), sum, sum)
			g.VMOVUPS(sum, at(dst, 0))
			g.LEAQ(indexed(k, stride, 4, 0), k)
		} else {
			sum := g.sums(acc[0], acc[0], acc[0], acc[0])
			g.VMULSS(scale.AsX(), sum, sum)
			g.VMOVSS(sum, at(dst, 0))
			g.ADDQ(stride, k)
		}
		g.advance(4*rows, dst)
	}
	g.loop(left, 4, func() { panel(4) })
	g.loop(left, 1, func() { panel(1) })
	g.end()
}

// mix makes the kernel for values of type e. It keeps 64 elements of the output
// in 8 registers while all rows pass, then 32, 8 and 1 of what is left: an
// element is a chain of multiply-adds, row after row, in whichever of them.
func (g *generator) mix(e element) {
	g.function("mix"+e.name+"AVX2", "func(out *float32, n int, p *float32, rows int, v *byte, stride int)",
		fmt.Sprintf("adds to out rows of n %s values, stride bytes apart, times p[i].", e.name))
	out, n, v, stride := g.load("out"), g.load("n"), g.load("v"), g.load("stride")
	rows := func(body func(row reg.GPVirtual, a reg.VecVirtual)) {
		row, p, count := g.GP64(), g.load("p"), g.load("rows")
		g.MOVQ(v, row)
		g.loop(count, 1, func() {
			a := g.YMM()
			g.VBROADCASTSS(at(p, 0), a)
			body(row, a)
			g.ADDQ(stride, row)
			g.advance(4, p)
		})
	}
	for _, width := range []int{64, 32, 8} {
		g.loop(n, width, func() {
			acc := make([]reg.VecVirtual, width/8)
			for i := range acc {
				acc[i] = g.YMM()
				g.VMOVUPS(at(out, 32*i), acc[i])
			}
			rows(func(row reg.GPVirtual, a reg.VecVirtual) {
				for i := range acc {
					x := g.YMM()
					g.wide(e, at(row, 8*e.bytes*i), x)
					g.VFMADD231PS(a, x, acc[i])
				}
			})
			for i := range acc {
				g.VMOVUPS(acc[i], at(out, 32*i))
			}
			g.advance(4*width, out)
			g.advance(e.bytes*width, v)
		})
	}
	g.loop(n, 1, func() {
		acc := g.YMM()
		g.VMOVSS(at(out, 0), acc.AsX())
		rows(func(row reg.GPVirtual, a reg.VecVirtual) {
			x := g.YMM()
			g.single(e, at(row, 0), x)
			g.VFMADD231SS(a.AsX(), x.AsX(), acc.AsX())
		})
		g.VMOVSS(acc.AsX(), at(out, 0))
		g.advance(4, out)
		g.advance(e.bytes, v)
	})
	g.end()
}
