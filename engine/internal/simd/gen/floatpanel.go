package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Panels of plain floats: of each element in turn those of all rows. An
// accumulator holds the rows of one panel for one token; it is a chain of
// multiply-adds, element after element, whatever else is computed with it.

// floatTiles are, by the number of columns, how many panels go together: as many
// as leave registers for the weights and, where panels share it, an activation.
// At least 8 accumulators keep two multipliers busy.
var (
	floatTiles256 = map[int]int{1: 4, 2: 4, 3: 3, 4: 2, 5: 2, 6: 2}
	floatTiles512 = map[int]int{1: 4, 2: 4, 3: 4, 4: 4, 5: 4, 6: 4, 7: 3, 8: 3, 12: 2}
)

func (g *generator) floatPanels256() {
	for _, e := range []element{f32, f16, bf16} {
		for columns := 1; columns <= 16; columns++ {
			if panels := floatTiles256[columns]; panels > 0 {
				g.floatPanel("AVX2", e, rows256, columns, panels)
			}
		}
	}
}

func (g *generator) floatPanels512() {
	for _, e := range []element{f32, f16, bf16} {
		for columns := 1; columns <= 16; columns++ {
			if panels := floatTiles512[columns]; panels > 0 {
				g.floatPanel("AVX512", e, rows512, columns, panels)
			}
		}
	}
}

// floatPanel is the code of one function.
type floatPanel struct {
	*generator
	element
	rows    int // of a panel
	columns int

	w, dst, left, stride, stride3, count reg.GPVirtual

	bases []reg.GPVirtual       // of every eighth row of activations
	far   map[int]reg.GPVirtual // odd multiples of the distance between rows
}

func (g *generator) floatPanel(tier string, e element, rows, columns, panels int) {
	g.function(fmt.Sprintf("mulPanel%sx%d%s", e.name, columns, tier),
		"func(dst *float32, ldd int, w *byte, rows, k, stride int, x *float32, n int, add int)",
		fmt.Sprintf("multiplies k elements of panels of %s, stride bytes apart, with %d activation rows of n.", e.name, columns))
	p := &floatPanel{generator: g, element: e, rows: rows, columns: columns}
	p.w, p.dst, p.left, p.stride = g.load("w"), g.load("dst"), g.load("rows"), g.load("stride")
	if panels > 3 {
		p.stride3 = g.GP64()
		g.LEAQ(indexed(p.stride, p.stride, 2, 0), p.stride3)
	}
	if columns > 1 {
		one := g.load("n")
		g.SHLQ(operand.U8(2), one)
		p.far = map[int]reg.GPVirtual{1: one}
		for i := 3; i < min(columns, columnsABase); i += 2 {
			p.far[i] = g.GP64()
			g.LEAQ(indexed(p.far[i-2], one, 2, 0), p.far[i])
		}
	}
	for ; panels > 0; panels /= 2 {
		p.group(panels)
	}
	g.end()
}

// group multiplies panels panels at a time, while there are as many.
func (p *floatPanel) group(panels int) {
	top, end := p.label("group"), p.label("groups")
	p.Label(top)
	p.CMPQ(p.left, operand.U32(uint32((panels-1)*p.rows)))
	p.JLE(operand.LabelRef(end))

	w := p.GP64()
	p.MOVQ(p.w, w)
	p.bases = []reg.GPVirtual{p.load("x")}
	for i := columnsABase; i < p.columns; i += columnsABase {
		b := p.GP64()
		p.LEAQ(indexed(p.bases[len(p.bases)-1], p.far[1], 8, 0), b)
		p.bases = append(p.bases, b)
	}
	acc := make([][]reg.VecVirtual, panels)
	for i := range acc {
		acc[i] = make([]reg.VecVirtual, p.columns)
		for t := range acc[i] {
			acc[i][t] = p.vector()
			p.VXORPS(acc[i][t], acc[i][t], acc[i][t])
		}
	}
	p.count = p.load("k")
	const unrolled = 4
	for _, times := range []int{unrolled, 1} {
		p.loop(p.count, times, func() {
			bytes := p.rows * p.bytes
			if times > 1 {
				for i := range panels {
					for line := 0; line < times*bytes; line += 64 {
						p.PREFETCHT0(p.weights(w, i, prefetchAhead+line))
					}
				}
			}
			for k := range times {
				p.step(acc, w, k)
			}
			p.advance(times*bytes, w)
			p.advance(4*times, p.bases...)
		})
	}
	p.store(acc)

	for range panels {
		p.ADDQ(p.stride, p.w)
	}
	p.advance(4*p.rows*panels, p.dst)
	p.SUBQ(operand.U32(uint32(p.rows*panels)), p.left)
	p.JMP(operand.LabelRef(top))
	p.Label(end)
}

// step adds element k from w on.
func (p *floatPanel) step(acc [][]reg.VecVirtual, w reg.GPVirtual, k int) {
	weights := make([]reg.VecVirtual, len(acc))
	for i := range weights {
		weights[i] = p.vector()
		p.wide(p.element, p.weights(w, i, k*p.rows*p.bytes), weights[i])
	}
	for t := range p.columns {
		if len(acc) == 1 && p.rows == rows512 {
			p.VFMADD231PS_BCST(p.activation(t, k), weights[0], acc[0][t])
			continue
		}
		x := p.vector()
		p.VBROADCASTSS(p.activation(t, k), x)
		for i := range acc {
			p.VFMADD231PS(x, weights[i], acc[i][t])
		}
	}
}

func (p *floatPanel) vector() reg.VecVirtual {
	if p.rows == rows512 {
		return p.ZMM()
	}
	return p.YMM()
}

// weights is disp bytes into the part of panel i from w on.
func (p *floatPanel) weights(w reg.GPVirtual, i, disp int) operand.Mem {
	switch i {
	case 0:
		return at(w, disp)
	case 1, 2:
		return indexed(w, p.stride, uint8(i), disp)
	}
	return indexed(w, p.stride3, 1, disp)
}

// activation is element k of column t.
func (p *floatPanel) activation(t, k int) operand.Mem {
	base, odd, power := p.bases[t/columnsABase], t%columnsABase, uint8(1)
	if odd == 0 {
		return at(base, 4*k)
	}
	for odd%2 == 0 {
		odd, power = odd/2, power*2
	}
	return indexed(base, p.far[odd], power, 4*k)
}

// store writes the accumulators, or adds them to what is there. The last panel may
// have fewer rows.
func (p *floatPanel) store(acc [][]reg.VecVirtual) {
	last := len(acc) - 1
	get, put := p.masked(last)
	ldd, add, at0, plain := p.load("ldd"), p.load("add"), p.GP64(), p.label("store")
	p.SHLQ(operand.U8(2), ldd)
	p.TESTQ(add, add)
	p.JZ(operand.LabelRef(plain))
	p.MOVQ(p.dst, at0)
	for t := range p.columns {
		for i := range acc {
			m := at(at0, 4*p.rows*i)
			if i == last {
				get(acc[i][t], m)
			} else {
				p.VADDPS(m, acc[i][t], acc[i][t])
			}
		}
		p.ADDQ(ldd, at0)
	}
	p.Label(plain)
	p.MOVQ(p.dst, at0)
	for t := range p.columns {
		for i := range acc {
			m := at(at0, 4*p.rows*i)
			if i == last {
				put(acc[i][t], m)
			} else {
				p.VMOVUPS(acc[i][t], m)
			}
		}
		p.ADDQ(ldd, at0)
	}
}

// masked makes functions that add and write the rows that panel last has.
func (p *floatPanel) masked(last int) (get, put func(v reg.VecVirtual, m operand.Mem)) {
	rows := p.GP64()
	p.LEAQ(at(p.left, -last*p.rows), rows)
	if p.rows == rows512 {
		bits, mask, all := p.GP32(), p.K(), p.label("all")
		p.MOVL(operand.U32(1<<rows512-1), bits)
		p.CMPQ(rows, operand.U8(rows512))
		p.JGE(operand.LabelRef(all))
		p.BZHIL(rows.As32(), bits, bits)
		p.Label(all)
		p.KMOVW(bits, mask)
		return func(v reg.VecVirtual, m operand.Mem) { p.VADDPS(m, v, mask, v) },
			func(v reg.VecVirtual, m operand.Mem) { p.VMOVUPS(v, mask, m) }
	}
	mask, x := p.YMM(), p.YMM()
	p.VMOVD(rows.As32(), mask.AsX())
	p.VPBROADCASTD(mask.AsX(), mask)
	p.VPCMPGTD(p.table("lanes", [8]uint32{0, 1, 2, 3, 4, 5, 6, 7}), mask, mask)
	return func(v reg.VecVirtual, m operand.Mem) {
			p.VMASKMOVPS(m, mask, x)
			p.VADDPS(x, v, v)
		},
		func(v reg.VecVirtual, m operand.Mem) { p.VMASKMOVPS(v, mask, m) }
}
