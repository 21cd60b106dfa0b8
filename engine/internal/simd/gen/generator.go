package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// generator is avo's context with the idioms of these kernels. Operands stand
// in Go's order: sources first, destination last.
type generator struct {
	*build.Context
	data   map[string]bool // constants written so far
	labels int
	local  operand.Mem // the frame of the function at hand
}

// frame is the local frame of every function. From 128 bytes on, the assembler
// checks the stack on entry, and there the scheduler can stop the goroutine.
const frame = 128

func (g *generator) function(name, signature, doc string) {
	g.functionWith(frame, name, signature, doc)
}

// functionWith begins a function with a frame of its own size.
func (g *generator) functionWith(frame int, name, signature, doc string) {
	g.Function(name)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.Doc(name + " " + doc)
	g.local = g.AllocLocal(frame)
}

func (g *generator) end() {
	g.VZEROUPPER()
	g.RET()
}

func (g *generator) load(param string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(param), r)
	return r
}

// label makes a name that is unique in the file.
func (g *generator) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s%d", name, g.labels)
}

// loop runs body while count, lowered by step each time, is at least step.
func (g *generator) loop(count reg.GPVirtual, step int, body func()) {
	top, end := g.label("loop"), g.label("end")
	g.Label(top)
	g.CMPQ(count, operand.U32(uint32(step)))
	g.JLT(operand.LabelRef(end))
	body()
	g.SUBQ(operand.U32(uint32(step)), count)
	g.JMP(operand.LabelRef(top))
	g.Label(end)
}

// advance adds bytes to each pointer.
func (g *generator) advance(bytes int, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		g.ADDQ(operand.U32(uint32(bytes)), p)
	}
}

// prefetchAhead is how far before its use a weight is asked for, when each is
// used once. A panel reads several rows at a time, short pieces of memory that
// the hardware's own prefetchers follow badly: measured on Sapphire Rapids, one
// token from memory runs 1.6 times as fast with 4096 (1024: 1.2, 2048: 1.5).
const prefetchAhead = 4096

// prefetcher makes a function that asks for the next bytes bytes of the panel of
// weights at w, in the order of memory. Past the end of the weights that does
// nothing: a prefetch cannot fault.
func (g *generator) prefetcher(w reg.GPVirtual, bytes int) func() {
	ahead := g.GP64()
	g.LEAQ(at(w, prefetchAhead), ahead)
	return func() {
		for line := 0; line < bytes; line += 64 {
			g.PREFETCHT0(at(ahead, line))
		}
		g.advance(bytes, ahead)
	}
}

// table is 32 bytes of constants, made from 8 words.
func (g *generator) table(name string, words [8]uint32) operand.Mem {
	m := operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
	if !g.data[name] {
		g.data[name] = true
		g.StaticGlobal(name)
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for i, w := range words {
			g.AddDatum(4*i, operand.U32(w))
		}
	}
	return m
}

// table64 is 64 bytes of constants, made from 16 words.
func (g *generator) table64(name string, words [16]uint32) operand.Mem {
	m := operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
	if !g.data[name] {
		g.data[name] = true
		g.StaticGlobal(name)
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for i, w := range words {
			g.AddDatum(4*i, operand.U32(w))
		}
	}
	return m
}

// bytesTable is a table of 16 bytes, twice, each more by add.
func (g *generator) bytesTable(name string, values *[16]int, add int) operand.Mem {
	var words [8]uint32
	for i, v := range values {
		b := uint32(uint8(v+add)) << (8 * (i % 4))
		words[i/4] |= b
		words[4+i/4] |= b
	}
	return g.table(name, words)
}

// words repeats one word 8 times.
func (g *generator) words(name string, w uint32) operand.Mem {
	return g.table(name, [8]uint32{w, w, w, w, w, w, w, w})
}

// float repeats one float32 8 times.
func (g *generator) float(name string, f float32) operand.Mem {
	return g.words(name, math.Float32bits(f))
}

func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func indexed(base, index reg.Register, scale uint8, disp int) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: scale, Disp: disp}
}

// zeroed gives n registers of zeros.
func (g *generator) zeroed(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = g.YMM()
		g.VXORPS(v[i], v[i], v[i])
	}
	return v
}

// sums adds up the 8 lanes of each of four registers, in the order
// ((0+1)+(2+3)) + ((4+5)+(6+7)), into the lanes of one xmm register.
func (g *generator) sums(a, b, c, d reg.VecVirtual) reg.VecVirtual {
	ab, cd := g.YMM(), g.YMM()
	g.VHADDPS(b, a, ab)
	g.VHADDPS(d, c, cd)
	g.VHADDPS(cd, ab, ab)
	high := g.XMM()
	g.VEXTRACTF128(operand.U8(1), ab, high)
	g.VADDPS(high, ab.AsX(), high)
	return high
}

// storeLanes stores lane i of v at dst + i*ldd bytes.
func (g *generator) storeLanes(v reg.VecVirtual, dst, ldd reg.GPVirtual) {
	ldd3 := g.GP64()
	g.LEAQ(indexed(ldd, ldd, 2, 0), ldd3)
	g.VMOVSS(v, at(dst, 0))
	g.VEXTRACTPS(operand.U8(1), v, indexed(dst, ldd, 1, 0))
	g.VEXTRACTPS(operand.U8(2), v, indexed(dst, ldd, 2, 0))
	g.VEXTRACTPS(operand.U8(3), v, indexed(dst, ldd3, 1, 0))
}
