package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Scores are in units of ln 2, so that weights are powers of two: 2^x = 2^n * 2^r
// with n = x rounded and |r| <= 1/2, and 2^r a polynomial that interpolates it at
// the Chebyshev nodes, with an error below 2^-27.
var power = [7]float32{1, 0.6931471880262288, 0.24022650760568126, 0.05550357114219078,
	0.009618082557277852, 0.0013390863364671234, 0.0001545316294512069}

var powerNames = [7]string{"power0", "power1", "power2", "power3", "power4", "power5", "power6"}

// least is where weights become 0, as results below 2^-126 would be subnormal.
const least = -126

// masked is the score of a cell that a row does not see, and lowest the greatest
// score of a row that sees none: the power of the one less the other is 0.
const (
	masked = -2e30
	lowest = -1e30
)

// pow2 replaces the lanes of x, at most 0, by 2^x. What is below least gives 0.
func (g *generator) pow2(x reg.VecVirtual) {
	n, p := g.vec(), g.vec()
	if g.wide() {
		inside := g.K()
		const notLess = 0x1d // ordered, quiet
		g.VCMPPS_BCST(operand.U8(notLess), g.float("least", least), x, inside)
		g.VRNDSCALEPS(operand.U8(0), x, n)
		g.VSUBPS(n, x, x)
		g.VBROADCASTSS(g.float(powerNames[6], power[6]), p)
		for i := 5; i >= 0; i-- {
			g.VFMADD213PS_BCST(g.float(powerNames[i], power[i]), x, p)
		}
		g.VSCALEFPS_Z(n, p, inside, x)
		return
	}
	const lessThan = 0x11 // ordered, quiet
	outside := g.vec()
	g.VCMPPS(operand.U8(lessThan), g.float("least", least), x, outside)
	g.VROUNDPS(operand.U8(0), x, n)
	g.VSUBPS(n, x, x)
	g.VMOVUPS(g.float(powerNames[6], power[6]), p)
	for i := 5; i >= 0; i-- {
		g.VFMADD213PS(g.float(powerNames[i], power[i]), x, p)
	}
	g.VCVTPS2DQ(n, n)
	g.VPSLLD(operand.U8(23), n, n)
	g.VPADDD(n, p, p)
	g.VANDNPS(p, outside, x)
}

// fold brings what op makes of all lanes of x into the first.
func (g *generator) fold(x reg.VecVirtual, op func(a, b, c operand.Op)) {
	y := g.YMM()
	if g.wide() {
		g.VEXTRACTF64X4(operand.U8(1), x, y)
		op(y, x.AsY(), x.AsY())
	}
	g.VEXTRACTF128(operand.U8(1), x.AsY(), y.AsX())
	op(y.AsX(), x.AsX(), x.AsX())
	g.VPSHUFD(operand.U8(0x4e), x.AsX(), y.AsX())
	op(y.AsX(), x.AsX(), x.AsX())
	g.VPSHUFD(operand.U8(0xb1), x.AsX(), y.AsX())
	op(y.AsX(), x.AsX(), x.AsX())
}

// weigh makes the kernel that turns rows of scores into weights.
func (g *generator) weigh() {
	lanes := g.isa.lanes
	g.function("weigh", "func(s *float32, lds int, rows int, width int, sees *int32, top *float32, sum *float32)",
		"replaces each row's scores by their powers of two over the greatest, zero past what the row sees, and gives that and the sum. width is a multiple of 32; lds is in bytes.")
	s, lds, count, sees, top, sum := g.load("s"), g.load("lds"), g.load("rows"), g.load("sees"), g.load("top"), g.load("sum")
	g.loop(count, 1, func() {
		p, width, left := g.GP64(), g.load("width"), g.GP64()
		g.MOVQ(s, p)
		g.MOVLQSX(at(sees, 0), left)
		g.CMPQ(left, width)
		g.CMOVQGT(width, left)
		g.SUBQ(left, width)
		best := g.vecs(2)
		g.VBROADCASTSS(g.float("lowest", lowest), best[0])
		g.VMOVAPS(best[0], best[1])
		g.loop(left, 2*lanes, func() {
			g.VMAXPS(at(p, 0), best[0], best[0])
			g.VMAXPS(at(p, g.bytes()), best[1], best[1])
			g.advance(2*g.bytes(), p)
		})
		g.ADDQ(left, width) // what is left of the row, seen or not
		g.loop(width, lanes, func() {
			n, x := g.vec(), g.vec()
			if g.wide() {
				k := g.K()
				g.VPBROADCASTD(left.As32(), n)
				g.VPCMPGTD(g.iota(), n, k)
				g.VBROADCASTSS(g.float("masked", masked), x)
				g.VMOVUPS(at(p, 0), k, x)
			} else {
				g.VMOVD(left.As32(), n.AsX())
				g.VPBROADCASTD(n.AsX(), n)
				g.VPCMPGTD(g.iota(), n, n)
				g.VMOVUPS(g.float("masked", masked), x)
				g.VBLENDVPS(n, at(p, 0), x, x)
			}
			g.VMOVUPS(x, at(p, 0))
			g.VMAXPS(x, best[0], best[0])
			g.advance(g.bytes(), p)
			g.SUBQ(operand.U32(uint32(lanes)), left)
		})
		g.VMAXPS(best[1], best[0], best[0])
		g.fold(best[0], func(a, b, c operand.Op) { g.VMAXPS(a, b, c) })
		g.VMOVSS(best[0].AsX(), at(top, 0))
		g.VBROADCASTSS(best[0].AsX(), best[0])

		add := g.vecs(2)
		g.zero(add...)
		g.MOVQ(s, p)
		all := g.load("width")
		g.loop(all, 2*lanes, func() {
			for i := range add {
				x := g.vec()
				g.VMOVUPS(at(p, i*g.bytes()), x)
				g.VSUBPS(best[0], x, x)
				g.pow2(x)
				g.VMOVUPS(x, at(p, i*g.bytes()))
				g.VADDPS(x, add[i], add[i])
			}
			g.advance(2*g.bytes(), p)
		})
		g.VADDPS(add[1], add[0], add[0])
		g.fold(add[0], func(a, b, c operand.Op) { g.VADDPS(a, b, c) })
		g.VMOVSS(add[0].AsX(), at(sum, 0))
		g.advance(4, sees, top, sum)
		g.ADDQ(lds, s)
	})
	g.end()
}

// rescale makes the kernel that finds the factors by which a block joins the
// blocks before it.
func (g *generator) rescale() {
	g.function("rescale", "func(top, sum, newTop, newSum, a, b *float32, n int)",
		"makes top and sum those of both and gives each one's factor; n is a multiple of 16.")
	top, sum, newTop, newSum, a, b, n := g.load("top"), g.load("sum"), g.load("newTop"), g.load("newSum"), g.load("a"), g.load("b"), g.load("n")
	g.loop(n, g.isa.lanes, func() {
		x, y, most := g.vec(), g.vec(), g.vec()
		g.VMOVUPS(at(top, 0), x)
		g.VMOVUPS(at(newTop, 0), y)
		g.VMAXPS(x, y, most)
		g.VMOVUPS(most, at(top, 0))
		g.VSUBPS(most, x, x)
		g.VSUBPS(most, y, y)
		g.pow2(x)
		g.pow2(y)
		g.VMOVUPS(x, at(a, 0))
		g.VMOVUPS(y, at(b, 0))
		g.VMULPS(at(sum, 0), x, x)
		g.VFMADD231PS(at(newSum, 0), y, x)
		g.VMOVUPS(x, at(sum, 0))
		g.advance(g.bytes(), top, sum, newTop, newSum, a, b)
	})
	g.end()
}

// joins makes the kernels that add a block's part to what was before.
func (g *generator) joins() {
	g.function("join", "func(out *float32, ldo int, part *float32, ldp int, rows int, cols int, a, b *float32)",
		"computes out = a[r]*out + b[r]*part; cols is a multiple of 16, strides are in bytes.")
	out, ldo, part, ldp, count, a, b := g.load("out"), g.load("ldo"), g.load("part"), g.load("ldp"), g.load("rows"), g.load("a"), g.load("b")
	g.loop(count, 1, func() {
		x, y := g.vec(), g.vec()
		g.VBROADCASTSS(at(a, 0), x)
		g.VBROADCASTSS(at(b, 0), y)
		o, p, n := g.GP64(), g.GP64(), g.load("cols")
		g.MOVQ(out, o)
		g.MOVQ(part, p)
		g.loop(n, g.isa.lanes, func() {
			v := g.vec()
			g.VMULPS(at(o, 0), x, v)
			g.VFMADD231PS(at(p, 0), y, v)
			g.VMOVUPS(v, at(o, 0))
			g.advance(g.bytes(), o, p)
		})
		g.advance(4, a, b)
		g.ADDQ(ldo, out)
		g.ADDQ(ldp, part)
	})
	g.end()

	g.function("joinInts", "func(out *float32, ldo int, part *int32, ldp int, rows int, a, b, d, offset *float32)",
		"computes out = a[r]*out + b[r]*(d[r]*part + offset[r]) for 32 columns; strides are in bytes.")
	out, ldo, part, ldp, count, a, b = g.load("out"), g.load("ldo"), g.load("part"), g.load("ldp"), g.load("rows"), g.load("a"), g.load("b")
	d, offset := g.load("d"), g.load("offset")
	g.loop(count, 1, func() {
		x, y, m, f := g.vec(), g.vec(), g.vec(), g.vec()
		g.VBROADCASTSS(at(a, 0), x)
		g.VBROADCASTSS(at(b, 0), y)
		g.VBROADCASTSS(at(offset, 0), m)
		g.VBROADCASTSS(at(d, 0), f)
		for i := range 32 / g.isa.lanes {
			v, o := g.vec(), g.vec()
			g.VCVTDQ2PS(at(part, i*g.bytes()), v)
			g.VFMADD213PS(m, f, v)
			g.VMULPS(at(out, i*g.bytes()), x, o)
			g.VFMADD231PS(v, y, o)
			g.VMOVUPS(o, at(out, i*g.bytes()))
		}
		g.advance(4, a, b, d, offset)
		g.ADDQ(ldo, out)
		g.ADDQ(ldp, part)
	})
	g.end()
}

// largest makes the kernel that finds the greatest magnitude.
func (g *generator) largest() {
	g.function("largest", "func(d *float32, n int) float32", "returns the greatest magnitude; n is a multiple of 16.")
	d, n := g.load("d"), g.load("n")
	most, magnitude := g.vec(), g.vec()
	g.zero(most)
	g.VBROADCASTSS(g.word("magnitude", 0x7fffffff), magnitude)
	g.loop(n, g.isa.lanes, func() {
		x := g.vec()
		g.VANDPS(at(d, 0), magnitude, x)
		g.VMAXPS(x, most, most)
		g.advance(g.bytes(), d)
	})
	g.fold(most, func(a, b, c operand.Op) { g.VMAXPS(a, b, c) })
	g.Store(most.AsX(), g.ReturnIndex(0))
	g.end()
}

// quantise makes the kernel for weights times their values' scales.
func (g *generator) quantise(offset bool) {
	name, signature := "quantise", "func(dst *int16, ldd int, p *float32, ldp int, rows int, d *float32, n int, scale *float32)"
	doc := "makes dst the products of rows of n weights with d and the row's scale, rounded; n is a multiple of 32, strides are in bytes."
	if offset {
		name, signature = "quantiseOffset", "func(dst *int16, ldd int, p *float32, ldp int, rows int, d *float32, n int, scale, m, offset *float32)"
		doc += " offset gets the sums of products with m."
	}
	g.function(name, signature, doc)
	dst, ldd, p, ldp, count, scale := g.load("dst"), g.load("ldd"), g.load("p"), g.load("ldp"), g.load("rows"), g.load("scale")
	g.loop(count, 1, func() {
		o, x, d, n := g.GP64(), g.GP64(), g.load("d"), g.load("n")
		f := g.vec()
		g.VBROADCASTSS(at(scale, 0), f)
		g.advance(4, scale)
		g.MOVQ(dst, o)
		g.MOVQ(p, x)
		sum := g.vec()
		var m reg.GPVirtual
		if offset {
			m = g.load("m")
			g.zero(sum)
		}
		g.loop(n, 2*g.isa.lanes, func() {
			v := g.vecs(2)
			for i := range v {
				w := g.vec()
				g.VMOVUPS(at(x, i*g.bytes()), w)
				if offset {
					g.VFMADD231PS(at(m, i*g.bytes()), w, sum)
				}
				g.VMULPS(at(d, i*g.bytes()), w, v[i])
				g.VMULPS(f, v[i], v[i])
				g.VCVTPS2DQ(v[i], v[i])
			}
			if g.wide() {
				for i := range v {
					g.VPMOVDW(v[i], at(o, 32*i))
				}
			} else {
				g.VPACKSSDW(v[1], v[0], v[0])
				g.VPERMQ(operand.U8(0xd8), v[0], v[0])
				g.VMOVDQU(v[0], at(o, 0))
			}
			g.advance(g.bytes(), o)
			g.advance(2*g.bytes(), x, d)
			if offset {
				g.advance(2*g.bytes(), m)
			}
		})
		if offset {
			g.fold(sum, func(a, b, c operand.Op) { g.VADDPS(a, b, c) })
			to := g.load("offset")
			g.VMOVSS(sum.AsX(), at(to, 0))
			g.ADDQ(operand.Imm(4), g.param("offset"))
		}
		g.ADDQ(ldd, dst)
		g.ADDQ(ldp, p)
	})
	g.end()
}
