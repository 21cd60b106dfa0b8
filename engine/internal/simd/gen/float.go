package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is a plain type of numbers in memory.
type element struct {
	name  string
	bytes int
}

var (
	f32  = element{"F32", 4}
	f16  = element{"F16", 2}
	bf16 = element{"BF16", 2}
)

// wide loads 8 elements as float32.
func (g *generator) wide(e element, m operand.Mem, v reg.VecVirtual) {
	switch e {
	case f32:
		g.VMOVUPS(m, v)
	case f16:
		g.VCVTPH2PS(m, v)
	case bf16:
		g.VPMOVZXWD(m, v)
		g.VPSLLD(operand.U8(16), v, v)
	}
}

// single loads one element as float32 into lane 0 and zeros the others.
func (g *generator) single(e element, m operand.Mem, v reg.VecVirtual) {
	if e == f32 {
		g.VMOVSS(m, v.AsX())
		return
	}
	bits := g.GP32()
	g.MOVWLZX(m, bits)
	if e == bf16 {
		g.SHLL(operand.U8(16), bits)
	}
	g.VMOVD(bits, v.AsX())
	if e == f16 {
		g.VCVTPH2PS(v.AsX(), v.AsX())
	}
}

func (g *generator) floatProducts() {
	for _, e := range []element{f32, f16, bf16} {
		g.floatProduct(e, 1, 4)
		g.floatProduct(e, 4, 3)
	}
}

// floatProduct makes the kernel for weights of type e and tokens tokens, which
// takes rows rows of weights at a time and then single ones. The tile of 3 by 4
// fills the 16 registers: 12 sums, 3 weights, 1 activation.
//
// Element (r, t) comes out of the same operations in the same order whatever
// tokens and rows are: a multiply-add per lane for each 8 elements, then one in
// lane 0 for each element left.
func (g *generator) floatProduct(e element, tokens, rows int) {
	g.function(fmt.Sprintf("mul%sx%dAVX2", e.name, tokens),
		"func(dst *float32, ldd int, w *byte, rows, n int, x *float32)",
		fmt.Sprintf("multiplies rows of n %s weights with %d activation rows.", e.name, tokens))
	dst, w, left, n := g.load("dst"), g.load("w"), g.load("rows"), g.load("n")
	wStride, xStride := g.GP64(), g.GP64()
	g.IMUL3Q(operand.U32(uint32(e.bytes)), n, wStride)
	g.MOVQ(n, xStride)
	g.SHLQ(operand.U8(2), xStride)
	var ldd reg.GPVirtual
	if tokens > 1 {
		ldd = g.load("ldd")
		g.SHLQ(operand.U8(2), ldd)
	}

	panel := func(rows int) {
		wp, xp := g.GP64(), g.load("x")
		g.MOVQ(w, wp)
		// Four rows of weights or four tokens need three times the stride.
		far := g.GP64()
		if tokens > 1 {
			g.LEAQ(indexed(xStride, xStride, 2, 0), far)
		} else if rows > 3 {
			g.LEAQ(indexed(wStride, wStride, 2, 0), far)
		}
		place := func(base, stride reg.GPVirtual, i int) operand.Mem {
			switch i {
			case 0:
				return at(base, 0)
			case 1, 2:
				return indexed(base, stride, uint8(i), 0)
			}
			return indexed(base, far, 1, 0)
		}
		acc := make([][]reg.VecVirtual, rows)
		for r := range acc {
			acc[r] = g.zeroed(tokens)
		}
		step := func(load func(element, operand.Mem, reg.VecVirtual), elements int) {
			if tokens == 1 {
				x := g.YMM()
				load(f32, place(xp, xStride, 0), x)
				for r := range acc {
					wv := g.YMM()
					load(e, place(wp, wStride, r), wv)
					g.VFMADD231PS(x, wv, acc[r][0])
				}
			} else {
				wv := make([]reg.VecVirtual, rows)
				for r := range acc {
					wv[r] = g.YMM()
					load(e, place(wp, wStride, r), wv[r])
				}
				for t := range tokens {
					x := g.YMM()
					load(f32, place(xp, xStride, t), x)
					for r := range acc {
						g.VFMADD231PS(x, wv[r], acc[r][t])
					}
				}
			}
			g.advance(e.bytes*elements, wp)
			g.advance(4*elements, xp)
		}
		prefetch := func() {}
		if tokens == 1 && rows > 1 {
			prefetch = g.prefetcher(w, rows*8*e.bytes)
		}
		count := g.GP64()
		g.MOVQ(n, count)
		g.loop(count, 8, func() {
			prefetch()
			step(g.wide, 8)
		})
		g.loop(count, 1, func() { step(g.single, 1) })

		switch {
		case tokens > 1:
			for _, a := range acc {
				g.storeLanes(g.sums(a[0], a[1], a[2], a[3]), dst, ldd)
				g.advance(4, dst)
			}
		case rows == 4:
			g.VMOVUPS(g.sums(acc[0][0], acc[1][0], acc[2][0], acc[3][0]), at(dst, 0))
			g.advance(16, dst)
		default:
			a := acc[0][0]
			g.VMOVSS(g.sums(a, a, a, a), at(dst, 0))
			g.advance(4, dst)
		}
		for range rows {
			g.ADDQ(wStride, w)
		}
	}
	g.loop(left, rows, func() { panel(rows) })
	g.loop(left, 1, func() { panel(1) })
	g.end()
}
