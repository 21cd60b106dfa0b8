package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is a set of instructions.
type isa struct {
	name  string
	lanes int // float32 of a register
}

var (
	avx2   = isa{"AVX2", 8}
	avx512 = isa{"AVX512", 16}
)

// generator is avo's context with the idioms of these kernels. Operands stand
// in Go's order: sources first, destination last.
type generator struct {
	*build.Context
	isa    isa
	data   map[string]bool // constants written so far
	labels int
}

// frame is the local frame of every function. From 128 bytes on, the assembler
// checks the stack on entry, and there the scheduler can stop the goroutine.
const frame = 128

func (g *generator) function(name, signature, doc string) {
	g.Function(name + g.isa.name)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.Doc(name + g.isa.name + " " + doc)
	g.AllocLocal(frame)
}

func (g *generator) end() {
	g.VZEROUPPER()
	g.RET()
}

// vec is a register of the tier's width.
func (g *generator) vec() reg.VecVirtual {
	if g.isa == avx512 {
		return g.ZMM()
	}
	return g.YMM()
}

func (g *generator) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = g.vec()
	}
	return v
}

func (g *generator) wide() bool { return g.isa == avx512 }

// bytes is the size of a register.
func (g *generator) bytes() int { return 4 * g.isa.lanes }

func (g *generator) load(param string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(param), r)
	return r
}

func (g *generator) param(name string) operand.Mem {
	p, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
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

// unless runs body when the parameter is 0.
func (g *generator) unless(param string, body, other func()) {
	no, end := g.label("set"), g.label("end")
	g.CMPQ(g.param(param), operand.Imm(0))
	g.JNE(operand.LabelRef(no))
	body()
	g.JMP(operand.LabelRef(end))
	g.Label(no)
	other()
	g.Label(end)
}

// advance adds bytes to each pointer.
func (g *generator) advance(bytes int, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		g.ADDQ(operand.U32(uint32(bytes)), p)
	}
}

// table is a constant of 4 bytes a word.
func (g *generator) table(name string, words ...uint32) operand.Mem {
	name += g.isa.name
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

// word repeats one word over a register.
func (g *generator) word(name string, w uint32) operand.Mem {
	words := make([]uint32, g.isa.lanes)
	for i := range words {
		words[i] = w
	}
	return g.table(name, words...)
}

// float repeats one float32 over a register.
func (g *generator) float(name string, f float32) operand.Mem {
	return g.word(name, math.Float32bits(f))
}

// iota is 0, 1, 2 and so on, as integers.
func (g *generator) iota() operand.Mem {
	words := make([]uint32, g.isa.lanes)
	for i := range words {
		words[i] = uint32(i)
	}
	return g.table("iota", words...)
}

func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func indexed(base, index reg.Register, scale uint8, disp int) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: scale, Disp: disp}
}

func (g *generator) zero(v ...reg.VecVirtual) {
	for _, r := range v {
		g.VXORPS(r, r, r)
	}
}

// rows gives the places of the first row's first bytes, and of those after it,
// stride apart: one pointer for three rows.
type rows struct {
	*generator
	stride   reg.GPVirtual
	pointers []reg.GPVirtual
}

func (g *generator) rowsAt(base, stride reg.GPVirtual, n int) rows {
	r := rows{g, stride, nil}
	for i := 0; i < n; i += 3 {
		p := g.GP64()
		if i == 0 {
			g.MOVQ(base, p)
		} else {
			last := r.pointers[len(r.pointers)-1]
			g.LEAQ(indexed(last, stride, 2, 0), p)
			g.ADDQ(stride, p)
		}
		r.pointers = append(r.pointers, p)
	}
	return r
}

func (r rows) at(row, disp int) operand.Mem {
	p := r.pointers[row/3]
	if row%3 == 0 {
		return at(p, disp)
	}
	return indexed(p, r.stride, uint8(row%3), disp)
}

// tiles runs body for as many rows at a time as fit: the largest of sizes first.
// The pointers move on by their strides.
func (g *generator) tiles(count reg.GPVirtual, sizes []int, body func(n int)) {
	for _, n := range sizes {
		g.loop(count, n, func() { body(n) })
	}
}

// prefetcher asks for memory in order, a piece at a time: what is ahead bytes after
// p. Past its end that does nothing, as a prefetch cannot fault.
type prefetcher struct {
	*generator
	next, end reg.GPVirtual
}

func (g *generator) prefetcher(p reg.GPVirtual) prefetcher {
	f := prefetcher{g, g.GP64(), g.GP64()}
	g.MOVQ(p, f.next)
	g.ADDQ(g.param("ahead"), f.next)
	g.MOVQ(f.next, f.end)
	return f
}

// upTo asks for the next bytes bytes.
func (f prefetcher) upTo(bytes reg.GPVirtual, scale uint8) {
	f.LEAQ(indexed(f.end, bytes, scale, 0), f.end)
	top, end := f.label("fetch"), f.label("end")
	f.Label(top)
	f.CMPQ(f.next, f.end)
	f.JGE(operand.LabelRef(end))
	f.PREFETCHT0(at(f.next, 0))
	f.advance(64, f.next)
	f.JMP(operand.LabelRef(top))
	f.Label(end)
}
