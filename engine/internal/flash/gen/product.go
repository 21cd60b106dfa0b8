package main

import "fmt"

// products makes the products of float32: rows times columns, a register's lanes
// being columns. Each sum is one chain of multiply-adds in the order of k, in
// whichever tile.
func (g *generator) products() {
	if g.wide() {
		g.product(4)
		g.product(1)
		return
	}
	g.product(2)
}

func (g *generator) product(vecs int) {
	lanes := g.isa.lanes
	g.function(fmt.Sprintf("mul%d", vecs*lanes), "func(dst *float32, ldd int, a *float32, lda int, rows int, b *float32, ldb int, n int, add int)",
		fmt.Sprintf("makes dst, %d columns, the product of rows of n elements with n rows of b, or adds it. Strides are in bytes.", vecs*lanes))
	dst, ldd, a, lda, count := g.load("dst"), g.load("ldd"), g.load("a"), g.load("lda"), g.load("rows")
	ldb := g.load("ldb")
	g.tiles(count, []int{6, 4, 3, 2, 1}, func(n int) {
		acc := g.vecs(n * vecs)
		g.zero(acc...)
		pa, pb, k := g.rowsAt(a, lda, n), g.load("b"), g.load("n")
		step := func(u int) {
			b := g.vecs(vecs)
			for c := range b {
				if u == 0 {
					g.VMOVUPS(at(pb, g.bytes()*c), b[c])
				} else {
					g.VMOVUPS(indexed(pb, ldb, 1, g.bytes()*c), b[c])
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
