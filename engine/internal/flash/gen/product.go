package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is the type of the right factor.
type element struct {
	name  string
	bytes int
}

var (
	f32  = element{"", 4}
	f16  = element{"F16", 2}
	bf16 = element{"BF16", 2}
)

// floats loads a register of elements as float32.
func (g *generator) floats(e element, m operand.Mem, x reg.VecVirtual) {
	switch e {
	case f16:
		g.VCVTPH2PS(m, x)
	case bf16:
		g.VPMOVZXWD(m, x)
		g.VPSLLD(operand.U8(16), x, x)
	default:
		g.VMOVUPS(m, x)
	}
}

// products makes the products of float32: rows times columns, a register's lanes
// being columns. Each sum is one chain of multiply-adds in the order of k, in
// whichever tile.
func (g *generator) products() {
	for _, e := range []element{f32, f16, bf16} {
		if g.wide() {
			g.product(e, 4)
			g.product(e, 1)
		} else {
			g.product(e, 2)
		}
	}
}

func (g *generator) product(e element, vecs int) {
	lanes := g.isa.lanes
	typ, extra, doc := "*float32", "", ""
	if e != f32 {
		typ, extra, doc = "*byte", ", ahead int", " Asks for what is ahead bytes after b."
	}
	g.function(fmt.Sprintf("mul%s%d", e.name, vecs*lanes), fmt.Sprintf("func(dst *float32, ldd int, a *float32, lda int, rows int, b %s, ldb int, n int, add int%s)", typ, extra),
		fmt.Sprintf("makes dst, %d columns, the product of rows of n elements with n rows of b, or adds it. Strides are in bytes.%s", vecs*lanes, doc))
	dst, ldd, a, lda, count := g.load("dst"), g.load("ldd"), g.load("a"), g.load("lda"), g.load("rows")
	ldb := g.load("ldb")
	g.tiles(count, []int{6, 4, 3, 2, 1}, func(n int) {
		acc := g.vecs(n * vecs)
		g.zero(acc...)
		pa, pb, k := g.rowsAt(a, lda, n), g.load("b"), g.load("n")
		var ahead reg.GPVirtual
		if e != f32 {
			ahead = g.load("ahead")
			g.ADDQ(pb, ahead)
		}
		step := func(u int) {
			b := g.vecs(vecs)
			for c := range b {
				m := at(pb, e.bytes*lanes*c)
				if u > 0 {
					m = indexed(pb, ldb, 1, m.Disp)
				}
				g.floats(e, m, b[c])
			}
			if e != f32 {
				for line := 0; line < e.bytes*lanes*vecs; line += 64 {
					if u == 0 {
						g.PREFETCHT0(at(ahead, line))
					} else {
						g.PREFETCHT0(indexed(ahead, ldb, 1, line))
					}
				}
			}
			for r := range n {
				x := g.vec()
				g.VBROADCASTSS(pa.at(r, 4*u), x)
				for c := range b {
					g.VFMADD231PS(b[c], x, acc[r*vecs+c])
				}
			}
		}
		g.loop(k, 2, func() {
			step(0)
			step(1)
			g.LEAQ(indexed(pb, ldb, 2, 0), pb)
			if e != f32 {
				g.LEAQ(indexed(ahead, ldb, 2, 0), ahead)
			}
			g.advance(8, pa.pointers...)
		})
		g.loop(k, 1, func() {
			step(0)
			g.ADDQ(ldb, pb)
			g.advance(4, pa.pointers...)
		})
		store := func(add bool) func() {
			return func() {
				for r := range n {
					for c := range vecs {
						if add {
							g.VADDPS(at(dst, g.bytes()*c), acc[r*vecs+c], acc[r*vecs+c])
						}
						g.VMOVUPS(acc[r*vecs+c], at(dst, g.bytes()*c))
					}
					g.ADDQ(ldd, dst)
					g.ADDQ(lda, a)
				}
			}
		}
		g.unless("add", store(false), store(true))
	})
	g.end()
}
