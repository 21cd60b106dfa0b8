package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exp512 replaces the lanes of x by e^x, with the polynomial of exp: subnormals
// where that is less than 2^-126, and NaN for infinities.
func (g *generator) exp512(x reg.VecVirtual) {
	n, p, square := g.ZMM(), g.ZMM(), g.ZMM()
	g.VMULPS_BCST(g.float("log2e", log2e), x, n)
	g.VRNDSCALEPS(operand.U8(0), n, n)
	g.VFNMADD231PS_BCST(g.float("ln2High", ln2High), n, x)
	g.VFNMADD231PS_BCST(g.float("ln2Low", ln2Low), n, x)
	names := [5]string{"exp0", "exp1", "exp2", "exp3", "exp4"}
	g.VBROADCASTSS(g.float(names[4], expC[4]), p)
	for i := 3; i >= 0; i-- {
		g.VFMADD213PS_BCST(g.float(names[i], expC[i]), x, p)
	}
	g.VMULPS(x, x, square)
	g.VFMADD213PS(x, square, p)
	g.VADDPS_BCST(g.float("one", 1), p, p)
	g.VSCALEFPS(n, p, x)
}

// exponentials512 are expSum and swiGLU, 16 elements at a time.
func (g *generator) exponentials512() {
	const notLess = 0x15 // or NaN; quiet
	g.function("expSumAVX512", "func(x *float32, n int, top float32) float64",
		"replaces x[i] by exp(x[i]-top) and returns their sum, added up in float64; n is a multiple of 16.")
	x, n := g.load("x"), g.load("n")
	top := g.ZMM()
	g.VBROADCASTSS(g.paramAddr("top"), top)
	acc := []reg.VecVirtual{g.ZMM(), g.ZMM()}
	for _, a := range acc {
		g.VXORPS(a, a, a)
	}
	g.loop(n, 16, func() {
		v, inside := g.ZMM(), g.K()
		g.VMOVUPS(at(x, 0), v)
		g.VSUBPS(top, v, v)
		g.VCMPPS_BCST(operand.U8(notLess), g.float("leastX", leastX), v, inside)
		g.exp512(v)
		g.VMOVAPS_Z(v, inside, v)
		g.VMOVUPS(v, at(x, 0))
		half, wide := g.YMM(), g.ZMM()
		g.VCVTPS2PD(v.AsY(), wide)
		g.VADDPD(wide, acc[0], acc[0])
		g.VEXTRACTF32X8(operand.U8(1), v, half)
		g.VCVTPS2PD(half, wide)
		g.VADDPD(wide, acc[1], acc[1])
		g.advance(64, x)
	})
	g.VADDPD(acc[1], acc[0], acc[0])
	high := g.YMM()
	g.VEXTRACTF64X4(operand.U8(1), acc[0], high)
	g.VADDPD(high, acc[0].AsY(), high)
	g.storeSum(high)
	g.end()

	g.function("swiGLUAVX512", "func(dst, gate, up *float32, n int)",
		"computes dst[i] = gate[i] / (1+exp(-gate[i])) * up[i]; n is a multiple of 16.")
	dst, gate, up, n := g.load("dst"), g.load("gate"), g.load("up"), g.load("n")
	g.loop(n, 16, func() {
		v, e, r, inside := g.ZMM(), g.ZMM(), g.ZMM(), g.K()
		g.VMOVUPS(at(gate, 0), v)
		// Further down the result is less than 2^-119 times up: 0. That keeps
		// the reciprocal from being subnormal.
		g.VCMPPS_BCST(operand.U8(notLess), g.float("leastGate", leastGate), v, inside)
		g.VXORPS_BCST(g.words("sign", 0x80000000), v, e)
		g.VMAXPS_BCST(g.float("leastX", leastX), e, e) // exp512 is not for infinities
		g.exp512(e)
		g.VADDPS_BCST(g.float("one", 1), e, e)
		// 1/e from 14 bits by one step of Newton's.
		g.VRCP14PS(e, r)
		g.VFNMADD213PS_BCST(g.float("two", 2), r, e)
		g.VMULPS(r, e, e)
		g.VMULPS(e, v, v)
		g.VMULPS_Z(at(up, 0), v, inside, v)
		g.VMOVUPS(v, at(dst, 0))
		g.advance(64, dst, gate, up)
	})
	g.end()
}

// leastGate is where the logistic function is 2^-125.5.
const leastGate = -87
