package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	pageCells  = 64
	sliceBytes = 4 * pageCells // of a block column of keys: 4 elements of each cell
	pairBytes  = 2 * 2 * 32    // of a block column of values: 32 elements of two cells
	slices     = 8
)

const scoresParams = "dst *float32, ldd int, q *int8, ldq int, dq *float32, base *int32, ldb int, rows int, k *byte, dk *float32"

func (g *generator) scoresFunction(name string, offset bool) {
	params, doc := scoresParams+", shift int, add int", "multiplies rows of 32 elements with the keys of a page, whose codes are 1<<shift too great; base are minus the sums of rows."
	if offset {
		params, doc = scoresParams+", m *float32, add int", "multiplies rows of 32 elements with the keys of a page, which have offsets m; base are the sums of rows as float32."
	}
	g.function(name, "func("+params+")", doc+" Strides are in bytes.")
}

func (g *generator) scores512() {
	const vecs = pageCells / 16
	for _, offset := range []bool{false, true} {
		name := "scores"
		if offset {
			name = "scoresOffset"
		}
		g.scoresFunction(name, offset)
		dst, ldd, q, ldq := g.load("dst"), g.load("ldd"), g.load("q"), g.load("ldq")
		dq, base, ldb, count := g.load("dq"), g.load("base"), g.load("ldb"), g.load("rows")
		shift := g.XMM()
		if !offset {
			g.VMOVQ(g.param("shift"), shift)
		}
		g.tiles(count, []int{6, 4, 3, 2, 1}, func(n int) {
			acc := g.vecs(n * vecs)
			if offset {
				g.zero(acc...)
			} else {
				p := g.GP64()
				g.MOVQ(base, p)
				for r := range n {
					row := acc[r*vecs:][:vecs]
					g.VPBROADCASTD(at(p, 0), row[0])
					g.VPSLLD(shift, row[0], row[0])
					for _, a := range row[1:] {
						g.VMOVDQA64(row[0], a)
					}
					g.ADDQ(ldb, p)
				}
			}
			rows, k := g.rowsAt(q, ldq, n), g.load("k")
			for s := range slices {
				u := g.vecs(vecs)
				for c := range u {
					g.VMOVDQU32(at(k, s*sliceBytes+64*c), u[c])
				}
				for r := range n {
					x := g.vec()
					g.VPBROADCASTD(rows.at(r, 4*s), x)
					for c := range u {
						g.VPDPBUSD(x, u[c], acc[r*vecs+c])
					}
				}
			}
			p, dk := g.load("dk"), g.vecs(vecs)
			for c := range dk {
				g.VMOVUPS(at(p, 64*c), dk[c])
			}
			var m reg.GPVirtual
			if offset {
				m = g.load("m")
			}
			finish := func(add bool) func() {
				return func() {
					for r := range n {
						d, sum := g.vec(), g.vec()
						g.VBROADCASTSS(at(dq, 0), d)
						if offset {
							g.VBROADCASTSS(at(base, 0), sum)
						}
						for c := range dk {
							a := acc[r*vecs+c]
							g.VCVTDQ2PS(a, a)
							g.VMULPS(dk[c], a, a)
							if add {
								g.VFMADD213PS(at(dst, 64*c), d, a)
							} else {
								g.VMULPS(d, a, a)
							}
							if offset {
								g.VFMADD231PS(at(m, 64*c), sum, a)
							}
							g.VMOVUPS(a, at(dst, 64*c))
						}
						g.ADDQ(ldd, dst)
						g.ADDQ(ldq, q)
						g.ADDQ(ldb, dq)
						g.ADDQ(ldb, base)
					}
				}
			}
			g.unless("add", finish(false), finish(true))
		})
		g.end()
	}
}

// scores256 makes the kernels for codes of up to 5 bits, whose products fit 16
// bits four at a time, and that for 8 bits.
func (g *generator) scores256() {
	g.scoresNarrow("scores", false)
	g.scoresNarrow("scoresOffset", true)
	g.scoresBytes()
}

// tile256 runs body for up to 3 rows and 16 cells at a time, and stores what it
// leaves in acc. base are the sums of codes to begin with, or nothing.
func (g *generator) tile256(offset, centred bool, body func(n int, q rows, k reg.GPVirtual, acc []reg.VecVirtual)) {
	const vecs = 2
	dst, ldd, q, ldq := g.load("dst"), g.load("ldd"), g.load("q"), g.load("ldq")
	dq, base, ldb, count := g.load("dq"), g.load("base"), g.load("ldb"), g.load("rows")
	g.tiles(count, []int{3, 2, 1}, func(n int) {
		at3 := func(p, stride reg.GPVirtual, r, disp int) operand.Mem {
			if r == 0 {
				return at(p, disp)
			}
			return indexed(p, stride, uint8(r), disp)
		}
		k, column := g.load("k"), g.GP64()
		g.XORQ(column, column)
		top := g.label("columns")
		g.Label(top)
		acc := g.vecs(n * vecs)
		if centred {
			shift := g.XMM()
			g.VMOVQ(g.param("shift"), shift)
			for r := range n {
				g.VPBROADCASTD(at3(base, ldb, r, 0), acc[r*vecs])
				g.VPSLLD(shift, acc[r*vecs], acc[r*vecs])
				for _, a := range acc[r*vecs+1:][:vecs-1] {
					g.VMOVDQA(acc[r*vecs], a)
				}
			}
		} else {
			g.zero(acc...)
		}
		body(n, rows{g, ldq, []reg.GPVirtual{q}}, k, acc)
		dk, m := g.load("dk"), reg.GPVirtual(nil)
		g.ADDQ(column, dk)
		if offset {
			m = g.load("m")
			g.ADDQ(column, m)
		}
		finish := func(add bool) func() {
			return func() {
				p := g.GP64()
				g.LEAQ(indexed(dst, column, 1, 0), p)
				for r := range n {
					d, sum := g.vec(), g.vec()
					g.VBROADCASTSS(at3(dq, ldb, r, 0), d)
					if offset {
						g.VBROADCASTSS(at3(base, ldb, r, 0), sum)
					}
					for c := range vecs {
						a := acc[r*vecs+c]
						g.VCVTDQ2PS(a, a)
						g.VMULPS(at(dk, 32*c), a, a)
						if add {
							g.VFMADD213PS(at(p, 32*c), d, a)
						} else {
							g.VMULPS(d, a, a)
						}
						if offset {
							g.VFMADD231PS(at(m, 32*c), sum, a)
						}
						g.VMOVUPS(a, at(p, 32*c))
					}
					g.ADDQ(ldd, p)
				}
			}
		}
		g.unless("add", finish(false), finish(true))
		g.advance(64, k, column)
		g.CMPQ(column, operand.U32(sliceBytes))
		g.JLT(operand.LabelRef(top))
		for range n {
			g.ADDQ(ldd, dst)
			g.ADDQ(ldq, q)
			g.ADDQ(ldb, dq)
			g.ADDQ(ldb, base)
		}
	})
	g.end()
}

func (g *generator) scoresNarrow(name string, offset bool) {
	g.scoresFunction(name, offset)
	g.tile256(offset, !offset, func(n int, q rows, k reg.GPVirtual, acc []reg.VecVirtual) {
		for half := range 2 {
			short := g.vecs(len(acc))
			for s := half * slices / 2; s < (half+1)*slices/2; s++ {
				u := g.vecs(2)
				for c := range u {
					g.VMOVDQU(at(k, s*sliceBytes+32*c), u[c])
				}
				for r := range n {
					x := g.vec()
					g.VPBROADCASTD(q.at(r, 4*s), x)
					for c := range u {
						if s == half*slices/2 {
							g.VPMADDUBSW(x, u[c], short[2*r+c])
							continue
						}
						y := g.vec()
						g.VPMADDUBSW(x, u[c], y)
						g.VPADDW(y, short[2*r+c], short[2*r+c])
					}
				}
			}
			for i, a := range acc {
				g.VPMADDWD(g.word("ones", 0x10001), short[i], short[i])
				g.VPADDD(short[i], a, a)
			}
		}
	})
}

// scoresBytes takes the sign of keys to the queries: 128*127*2 fits 16 bits.
func (g *generator) scoresBytes() {
	g.scoresFunction("scoresBytes", false)
	g.tile256(false, false, func(n int, q rows, k reg.GPVirtual, acc []reg.VecVirtual) {
		for s := range slices {
			u, size := g.vecs(2), g.vecs(2)
			for c := range u {
				g.VMOVDQU(g.word("flip", 0x80808080), u[c])
				g.VPXOR(at(k, s*sliceBytes+32*c), u[c], u[c])
				g.VPABSB(u[c], size[c])
			}
			for r := range n {
				x := g.vec()
				g.VPBROADCASTD(q.at(r, 4*s), x)
				for c := range u {
					y := g.vec()
					g.VPSIGNB(u[c], x, y)
					g.VPMADDUBSW(y, size[c], y)
					g.VPMADDWD(g.word("ones", 0x10001), y, y)
					g.VPADDD(y, acc[2*r+c], acc[2*r+c])
				}
			}
		}
	})
}

const mixDoc = "makes dst, 32 columns, the product of rows of 64 weights with a block column of a page of values, or adds it. Strides are in bytes."
const mixSignature = "func(dst *int32, ldd int, p *int16, ldp int, rows int, v *int16, add int)"

func (g *generator) mix512() { g.mix([]int{12, 6, 4, 3, 2, 1}) }

func (g *generator) mix256() { g.mix([]int{3, 2, 1}) }

func (g *generator) mix(sizes []int) {
	vecs := 32 / g.isa.lanes
	g.function("mix", mixSignature, mixDoc)
	dst, ldd, p, ldp, count := g.load("dst"), g.load("ldd"), g.load("p"), g.load("ldp"), g.load("rows")
	g.tiles(count, sizes, func(n int) {
		// With few rows, each waits for the sum before: every other pair has its own.
		sets := 1
		if g.wide() && n <= 6 {
			sets = 2
		}
		sums := g.vecs(sets * n * vecs)
		g.zero(sums...)
		rows, v, left := g.rowsAt(p, ldp, n), g.load("v"), g.GP64()
		g.MOVQ(operand.U32(pageCells/2), left)
		const unroll = 4
		g.loop(left, unroll, func() {
			for u := range unroll {
				acc := sums[u%sets*n*vecs:]
				if g.wide() {
					w := g.vecs(vecs)
					for c := range w {
						g.VMOVDQU32(at(v, u*pairBytes+64*c), w[c])
					}
					for r := range n {
						x := g.vec()
						g.VPBROADCASTD(rows.at(r, 4*u), x)
						for c := range w {
							g.VPDPWSSD(w[c], x, acc[r*vecs+c])
						}
					}
					continue
				}
				x := g.vecs(n)
				for r := range n {
					g.VPBROADCASTD(rows.at(r, 4*u), x[r])
				}
				for c := range vecs {
					for r := range n {
						y := g.vec()
						g.VPMADDWD(at(v, u*pairBytes+32*c), x[r], y)
						g.VPADDD(y, acc[r*vecs+c], acc[r*vecs+c])
					}
				}
			}
			g.advance(unroll*pairBytes, v)
			g.advance(4*unroll, rows.pointers...)
		})
		acc := sums[:n*vecs]
		if sets == 2 {
			for i, a := range acc {
				g.VPADDD(sums[len(acc)+i], a, a)
			}
		}
		store := func(add bool) func() {
			return func() {
				for r := range n {
					for c := range vecs {
						a := acc[r*vecs+c]
						if add {
							g.VPADDD(at(dst, g.bytes()*c), a, a)
						}
						g.VMOVUPS(a, at(dst, g.bytes()*c))
					}
					g.ADDQ(ldd, dst)
					g.ADDQ(ldp, p)
				}
			}
		}
		g.unless("add", store(false), store(true))
	})
	g.end()
}
