package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The exponential: e^x = 2^n * e^r with n = x/ln 2 rounded and |r| <= ln 2/2.
// ln 2 is split in two (Cody and Waite) so that n*ln2Hi is exact, and e^r is
// 1 + r + r^2*(c0 + c1*r + ... + c4*r^4), the polynomial interpolating at the
// Chebyshev nodes, whose error is below 2^-26.
const (
	log2e   = 1.44269504089
	ln2High = 0.693359375
	ln2Low  = -0.000212194440055
	leastX  = -87.33654 // ln 2^-126, rounded up: below, results would be subnormal
	mostX   = 88.72283  // ln of the greatest float32, rounded down
)

var expC = [5]float32{0.5, 0.16666576846, 0.0416665544377, 0.00836320297158, 0.00139262134663}

// exp replaces the lanes of x by e^x: 0 below leastX, +Inf above mostX, NaN for
// NaN.
func (g *generator) exp(x reg.VecVirtual) {
	n, r, p, square := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VMULPS(g.float("log2e", log2e), x, n)
	g.VROUNDPS(operand.U8(0), n, n)
	g.VMOVAPS(x, r)
	g.VFNMADD231PS(g.float("ln2High", ln2High), n, r)
	g.VFNMADD231PS(g.float("ln2Low", ln2Low), n, r)
	names := [5]string{"exp0", "exp1", "exp2", "exp3", "exp4"}
	g.VMOVUPS(g.float(names[4], expC[4]), p)
	for i := 3; i >= 0; i-- {
		g.VFMADD213PS(g.float(names[i], expC[i]), r, p)
	}
	g.VMULPS(r, r, square)
	g.VFMADD213PS(r, square, p)
	g.VADDPS(g.float("one", 1), p, p)
	// 2^n goes to the exponent. Out of range that makes nonsense, which the
	// comparisons replace.
	g.VCVTPS2DQ(n, n)
	g.VPSLLD(operand.U8(23), n, n)
	g.VPADDD(n, p, p)
	const lessThan, greaterThan = 0x11, 0x1e // ordered, quiet
	outside := g.YMM()
	g.VCMPPS(operand.U8(lessThan), g.float("leastX", leastX), x, outside)
	g.VANDNPS(p, outside, p)
	g.VCMPPS(operand.U8(greaterThan), g.float("mostX", mostX), x, outside)
	g.VBLENDVPS(outside, g.words("infinity", 0x7f800000), p, x)
}

func (g *generator) exponentials() {
	g.expSum()
	g.swiGLU()
}

func (g *generator) expSum() {
	g.function("expSumAVX2", "func(x *float32, n int, top float32) float64",
		"replaces x[i] by exp(x[i]-top) and returns their sum, added up in float64; n is a multiple of 8.")
	x, n := g.load("x"), g.load("n")
	top := g.YMM()
	g.VBROADCASTSS(g.paramAddr("top"), top)
	acc := g.zeroed(2)
	g.loop(n, 8, func() {
		v := g.YMM()
		g.VMOVUPS(at(x, 0), v)
		g.VSUBPS(top, v, v)
		g.exp(v)
		g.VMOVUPS(v, at(x, 0))
		half, wide := g.XMM(), g.YMM()
		g.VCVTPS2PD(v.AsX(), wide)
		g.VADDPD(wide, acc[0], acc[0])
		g.VEXTRACTF128(operand.U8(1), v, half)
		g.VCVTPS2PD(half, wide)
		g.VADDPD(wide, acc[1], acc[1])
		g.advance(32, x)
	})
	g.VADDPD(acc[1], acc[0], acc[0])
	g.storeSum(acc[0])
	g.end()
}

func (g *generator) swiGLU() {
	g.function("swiGLUAVX2", "func(dst, gate, up *float32, n int)",
		"computes dst[i] = gate[i] / (1+exp(-gate[i])) * up[i]; n is a multiple of 8.")
	dst, gate, up, n := g.load("dst"), g.load("gate"), g.load("up"), g.load("n")
	g.loop(n, 8, func() {
		v, e := g.YMM(), g.YMM()
		g.VMOVUPS(at(gate, 0), v)
		g.VXORPS(g.words("sign", 0x80000000), v, e)
		g.exp(e)
		g.VADDPS(g.float("one", 1), e, e)
		g.VDIVPS(e, v, v)
		g.VMULPS(at(up, 0), v, v)
		g.VMOVUPS(v, at(dst, 0))
		g.advance(32, dst, gate, up)
	})
	g.end()
}
