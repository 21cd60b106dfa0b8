package kernel

import (
	"fmt"
	"strings"
	"testing"
)

// A method is found through embedded fields, pointers and interfaces, and called, bound,
// deferred or passed on. So methods with value and pointer receivers are called of every
// kind of value in every way, against the compiler.

// methodHolders declare x, of which Get() int, with a value receiver, and Set(int), with a
// pointer receiver, are methods; own says whether x may be changed by Set.
var methodHolders = []struct {
	name, make string
	set        bool   // has Set
	address    bool   // x is addressable
	typ        string // its type
}{
	{"value", "x := T{3}", true, true, "T"},
	{"pointer", "x := &T{3}", true, true, "*T"},
	{"zero", "var x T", true, true, "T"},
	{"basic", "x := B(3)", true, true, "B"},
	{"slice", "x := L{3, 4}", true, true, "L"},
	{"map", "x := M{\"a\": 3}", true, true, "M"},
	{"func", "x := F(func(n int) int { return n + 3 })", false, true, "F"},
	{"array", "x := A{3, 4}", true, true, "A"},
	{"embedded", "x := E{T{3}, 5}", true, true, "E"},
	{"pointer to embedded", "x := &E{T{3}, 5}", true, true, "*E"},
	{"embedded pointer", "x := EP{&T{3}, 5}", true, true, "EP"},
	{"pointer to embedded pointer", "x := &EP{&T{3}, 5}", true, true, "*EP"},
	{"embedded twice", "x := EE{E{T{3}, 5}, \"s\"}", true, true, "EE"},
	{"embedded pointer twice", "x := EEP{&EP{&T{3}, 5}}", true, true, "EEP"},
	{"embedded interface", "x := EI{&T{3}, 5}", true, true, "EI"},
	{"pointer to embedded interface", "x := &EI{&T{3}, 5}", true, true, "*EI"},
	{"embedded basic", "x := EB{B(3)}", true, true, "EB"},
	{"embedded slice", "x := EL{L{3, 4}, 1}", true, true, "EL"},
	{"shadowed", "x := SH{T{3}, 40}", true, true, "SH"},
	{"interface", "var x GetSetter = &T{3}", true, true, "GetSetter"},
	{"interface of embedded", "var x GetSetter = &E{T{3}, 5}", true, true, "GetSetter"},
	{"interface of embedded pointer", "var x GetSetter = EP{&T{3}, 5}", true, true, "GetSetter"},
	{"interface of basic", "b := B(3)\nvar x GetSetter = &b", true, true, "GetSetter"},
	{"value in interface", "var x Getter = E{T{3}, 5}", false, true, "Getter"},
	{"slice in interface", "var x Getter = L{3, 4}", false, true, "Getter"},
	{"generic", "x := P[int]{3, nil}", true, true, "P[int]"},
	{"pointer to generic", "x := &P[string]{4, []string{\"a\"}}", true, true, "*P[string]"},
	{"embedded generic", "x := EG{P[int]{3, nil}, 5}", true, true, "EG"},
	{"generic embedded", "x := GE[T]{T{3}, 5}", false, true, "GE[T]"},
	{"field", "h1 := struct{ v T; n int }{T{3}, 1}\nx := &h1.v", true, true, "*T"},
	{"element", "l1 := []T{{1}, {3}}\nx := &l1[1]", true, true, "*T"},
	{"embedded in anonymous", "x := struct { T; n int }{T{3}, 1}", true, true, "struct { T; n int }"},
	{"local", "type Local struct { E; m int }\nx := Local{E{T{3}, 5}, 6}", true, true, "Local"},
}

// methodCalls use x. Those with Set need it.
var methodCalls = []string{
	"show(x.Get())",
	"x.Set(8)\nshow(x.Get())",
	"f := x.Get\nshow(f())",
	"f := x.Set\nf(8)\nshow(x.Get())",
	"f, g := x.Set, x.Get\nf(8)\nshow(g(), x.Get())",
	"g := x.Get\nx.Set(8)\nshow(g(), x.Get())",
	"defer func() { show(x.Get()) }()\nx.Set(9)",
	"func() {\ndefer x.Set(9)\nshow(x.Get())\n}()\nshow(x.Get())",
	"func() {\nfor i := range 3 {\ndefer x.Set(i)\n}\n}()\nshow(x.Get())",
	"func() { defer show(x.Get()); x.Set(8) }()",
	"done := make(chan int)\ngo func() { x.Set(8); done <- x.Get() }()\nshow(<-done)",
	"show(call(x.Get))",
	"apply(x.Set, 8)\nshow(x.Get())",
	"fs := []func() int{x.Get, x.Get}\nx.Set(8)\nshow(fs[0](), fs[1]())",
	"fs := map[string]func(int){\"set\": x.Set}\nfs[\"set\"](8)\nshow(x.Get())",
	"var g Getter = x\nshow(g.Get())",
	"var a any = x\nshow(a.(Getter).Get())",
	"a := any(x)\ng, ok := a.(Getter)\nshow(ok, g.Get())",
	"_, ok := any(x).(GetSetter)\nshow(ok)",
	"switch v := any(x).(type) {\ncase GetSetter:\nv.Set(8)\nshow(\"setter\", v.Get())\ncase Getter:\nshow(\"getter\", v.Get())\n}\nshow(x.Get())",
	"show(get(x))",
	"show(getAny[TYPE](x))",
	"xs := []TYPE{x, x}\nshow(xs[1].Get())",
	"xs := []TYPE{x, x}\nxs[1].Set(8)\nshow(xs[0].Get(), xs[1].Get(), x.Get())",
	"xs := []Getter{x, x}\nfor _, g := range xs {\nshow(g.Get())\n}",
	"m := map[string]TYPE{\"a\": x}\nshow(m[\"a\"].Get())",
	"p := &x\nshow((*p).Get())",
	"h := struct{ v TYPE }{x}\nh.v.Set(8)\nshow(h.v.Get(), x.Get())",
	"h := &struct{ v TYPE }{x}\nh.v.Set(8)\nf := h.v.Get\nh.v.Set(9)\nshow(f(), h.v.Get(), x.Get())",
	"w := struct{ TYPE_ }{x}\nshow(w.Get())",
	"y := x\ny.Set(8)\nshow(x.Get(), y.Get())",
	"f := func(y TYPE) { y.Set(8); show(y.Get()) }\nf(x)\nshow(x.Get())",
	"f := func() TYPE { return x }\nshow(f().Get())",
	"c := make(chan TYPE, 1)\nc <- x\nshow((<-c).Get())",
	"f := TYPE.Get\nshow(f(x))",
	"show(TYPE.Get(x))",
	"show(call(func() int { return x.Get() + 1 }))",
	"for i := range x.Get() {\nshow(i)\n}",
	"if n := x.Get(); n > 2 {\nx.Set(n + 1)\n}\nshow(x.Get())",
	"show(x.Get() + x.Get()*2, x.Get() == x.Get())",
	"x.Set(x.Get() + x.Get())\nshow(x.Get())",
	"show(fmt.Sprint(x.Get()), []int{x.Get(), 1})",
	"once := sync.OnceValue(x.Get)\nx.Set(8)\nshow(once(), x.Get())",
	"var i interface{ Get() int } = x\nf := i.Get\nshow(f())",
	"f := Getter.Get\nshow(f(x))",
}

const methodHead = `package main

import (
	"fmt"
	"sync"
)

type Getter interface{ Get() int }
type GetSetter interface {
	Getter
	Set(int)
}

type T struct{ n int }

func (t T) Get() int   { return t.n }
func (t *T) Set(n int) { t.n = n }

type B int

func (b B) Get() int   { return int(b) }
func (b *B) Set(n int) { *b = B(n) }

type L []int

func (l L) Get() int   { return l[0]*10 + len(l) }
func (l *L) Set(n int) { *l = append(*l, n); (*l)[0] = n }

type M map[string]int

func (m M) Get() int   { return m["a"] }
func (m *M) Set(n int) { (*m)["a"] = n }

type F func(int) int

func (f F) Get() int { return f(1) }

type A [2]int

func (a A) Get() int   { return a[0]*10 + a[1] }
func (a *A) Set(n int) { a[1] = n }

type E struct {
	T
	m int
}
type EP struct {
	*T
	m int
}
type EE struct {
	E
	s string
}
type EEP struct{ *EP }
type EI struct {
	GetSetter
	m int
}
type EB struct{ B }
type EL struct {
	L
	m int
}
type SH struct {
	T
	m int
}

func (s SH) Get() int { return s.m + s.T.Get() }

type P[Q any] struct {
	n  int
	qs []Q
}

func (p P[Q]) Get() int   { return p.n + len(p.qs) }
func (p *P[Q]) Set(n int) { p.n = n; p.qs = append(p.qs, *new(Q)) }

type EG struct {
	P[int]
	m int
}
type GE[Q Getter] struct {
	Q Q
	m int
}

func (g GE[Q]) Get() int { return g.Q.Get() + g.m }

func show(list ...any)                { fmt.Println(list...) }
func call(f func() int) int           { return f() }
func apply(f func(int), n int)        { f(n) }
func get(g Getter) int                { return g.Get() }
func getAny[Q Getter](q Q) int        { return q.Get() }

var _ sync.Once

`

// methodProgram has a function for every so manyth way of calling of each holder.
func methodProgram(every, from int) string {
	var b, calls strings.Builder
	b.WriteString(methodHead)
	n := 0
	for _, h := range methodHolders {
		for _, c := range methodCalls {
			pointer := strings.HasPrefix(h.typ, "*")
			inInterface := strings.HasSuffix(h.typ, "etter")
			switch {
			case !h.set && strings.Contains(c, ".Set"):
				if strings.HasPrefix(c, "switch") {
					break // there v has it
				}
				continue
			case strings.Contains(c, "TYPE_") && (strings.Contains(h.typ, "struct") || pointer && inInterface):
				continue
			case strings.Contains(c, "getAny[TYPE]") && strings.Contains(h.typ, "struct"):
				continue
			}
			if n++; n%every != from {
				continue
			}
			typ := h.typ
			text := strings.ReplaceAll(c, "TYPE_", typ)
			if pointer || strings.Contains(typ, " ") {
				typ = "(" + typ + ")"
			}
			for _, spelled := range []string{"[]TYPE", "]TYPE", "chan TYPE", "v TYPE", "y TYPE", "() TYPE", "[TYPE]"} {
				text = strings.ReplaceAll(text, spelled, strings.Replace(spelled, "TYPE", h.typ, 1))
			}
			text = strings.ReplaceAll(text, "TYPE", typ)
			fmt.Fprintf(&b, "func f%d() {\n%s\n%s\n}\n\n", n, indent(h.make), indent(text))
			fmt.Fprintf(&calls, "\tshow(\"f%d\", %q)\n\tf%d()\n", n, h.name+": "+c, n)
		}
	}
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

// TestMethods compares them: all with -long, or a sample.
func TestMethods(t *testing.T) { compareParts(t, methodProgram, 4, 1, 13) }
