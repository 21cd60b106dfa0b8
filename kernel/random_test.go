package kernel

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var seed = flag.Uint64("seed", 1, "of the first random program")

// TestRandomPrograms compares programs that are made by chance with what go build
// makes of them. Each has functions that fail or not, and say what they came to.
func TestRandomPrograms(t *testing.T) {
	compareRandom(t, 40, func(g *program) string { return g.source(25) })
}

// TestRandomCells does the same with the statements of main, in cells: their variables
// outlive the cell. Such a program ends with the first fault.
func TestRandomCells(t *testing.T) {
	compareRandom(t, 60, func(g *program) string { return g.cells(8) })
}

func compareRandom(t *testing.T, n uint64, make func(*program) string) {
	if !*long {
		t.Skip("takes minutes; -long runs it")
	}
	cache := os.Getenv("LOUPE_CORPUS_CACHE")
	if cache == "" {
		cache = t.TempDir()
	}
	for i := range n {
		src := make(&program{r: rand.New(rand.NewPCG(*seed+i, 7))})
		dir := t.TempDir()
		file := filepath.Join(dir, "main.go")
		if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
			t.Fatal(err)
		}
		want, err := compiled(file, cache)
		if want.Err == endless {
			continue
		}
		if err != nil || want.Err != "" {
			t.Errorf("seed %d: the program is wrong: %v %s", *seed+i, err, want.Err)
			continue
		}
		got := interpreted(file, dir)
		got.Stdout, want.Stdout = plainAddresses(got.Stdout), plainAddresses(want.Stdout)
		fault := panicLine(string(want.Stderr))
		if got.Exit != want.Exit || got.Stdout != want.Stdout || !strings.HasSuffix(firstLine(got.Err), fault) {
			kept := filepath.Join(os.TempDir(), fmt.Sprintf("random%d.go", *seed+i))
			_ = os.WriteFile(kept, []byte(src), 0o666)
			t.Errorf("seed %d: %s want %s; %s (%s)", *seed+i, got.Err, fault, difference(string(got.Stdout), string(want.Stdout)), kept)
		}
	}
}

var address = regexp.MustCompile("0x[0-9a-f]{5,}")

func plainAddresses(s output64) output64 {
	return output64(address.ReplaceAllString(string(s), "<address>"))
}

// program makes a Go program.
type program struct {
	r     *rand.Rand
	b     strings.Builder
	depth int // of blocks
	vars  []variable
	names int
	loops int
	inner int      // function literals around
	calls []string // functions of (int, string) (int, error) that exist
}

type variable struct{ name, typ string }

var randomTypes = []string{"Stack", "[][]int", "map[Point2]int", "*Node", "Set[string]", "[2]Point2", "Point2", "[]func(int) int", "*int", "complex128", "uint8", "[]byte", "Named", "[]any", "Level", "struct{ A, B int }", "map[string][]int", "Op", "*Wrap", "time.Duration", "int", "int8", "uint16", "float64", "string", "bool", "[]int", "map[string]int", "Point", "*Point", "ID", "Temp", "any", "Shape", "[3]int", "error", "[]string", "func(int) int", "Pair[int, string]", "[]Point", "rune", "map[ID][]string"}

const randomHead = `package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	_ = time.Second
	_ = slices.Sort[[]int]
	_ = json.Valid
)

type Point2 struct{ X, Y int8 }

type Stack []int

func (s *Stack) Push(n int)        { *s = append(*s, n) }
func (s Stack) Len() int           { return len(s) }
func (s Stack) Less(i, j int) bool { return s[i] < s[j] }
func (s Stack) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *Stack) Pop() int {
	old := *s
	n := old[len(old)-1]
	*s = old[:len(old)-1]
	return n
}

type Node struct {
	Val         int
	Left, Right *Node
}

func (n *Node) Insert(v int) *Node {
	if n == nil {
		return &Node{Val: v}
	}
	switch {
	case v < n.Val:
		n.Left = n.Left.Insert(v)
	case v > n.Val:
		n.Right = n.Right.Insert(v)
	}
	return n
}

func (n *Node) Walk(f func(int)) {
	if n == nil {
		return
	}
	n.Left.Walk(f)
	f(n.Val)
	n.Right.Walk(f)
}

func (n *Node) Sum() (s int) {
	n.Walk(func(v int) { s += v })
	return
}

type Set[K comparable] map[K]struct{}

func (s Set[K]) Add(k K) Set[K] {
	if s == nil {
		s = Set[K]{}
	}
	s[k] = struct{}{}
	return s
}

func setOf[K comparable](ks ...K) Set[K] {
	s := Set[K]{}
	for _, k := range ks {
		s.Add(k)
	}
	return s
}

type Named interface {
	fmt.Stringer
	Len() int
}

type Label string

func (l Label) String() string { return "<" + string(l) + ">" }
func (l Label) Len() int       { return len(l) }

type Wrap struct {
	*Point
	Named
	Stack
	n [3]int
}

type Level uint8

const (
	Low Level = iota + 1
	Mid
	_
	High
)

func (l Level) String() string {
	switch l {
	case Low:
		return "low"
	case Mid, High:
		return "up"
	}
	return "level " + strconv.Itoa(int(l))
}

type Op func(int) int

func (o Op) Twice(n int) int { return o(o(n)) }

type Record struct {
	ID     int               ` + "`json:\"id\"`" + `
	Tags   []string          ` + "`json:\"tags,omitempty\"`" + `
	Extra  map[string]any    ` + "`json:\"extra\"`" + `
	Inner  *Point2           ` + "`json:\"inner,omitempty\"`" + `
	hidden int
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func even(n int) bool { return n == 0 || odd(n-1) }
func odd(n int) bool  { return n != 0 && even(n-1) }

func apply(n int, fs ...func(int) int) int {
	for _, f := range fs {
		n = f(n)
	}
	return n
}

func multi(n int, s string) (int, string, error) {
	if n < 0 {
		return 0, s, &Fault{n}
	}
	return n, s + "!", nil
}

func take(n int, s string, err error) string { return fmt.Sprint(n, s, err) }

func parallel(n int) (sum int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	parts := make([]int, n)
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			parts[i] = i * i
			mu.Lock()
			defer mu.Unlock()
			sum += parts[i]
		}()
	}
	wg.Wait()
	return sum
}

func pipe(n int) (out []int) {
	in := make(chan int)
	done := make(chan []int)
	go func() {
		var got []int
		for v := range in {
			got = append(got, v*v)
		}
		done <- got
	}()
	for i := range n {
		in <- i
	}
	close(in)
	return <-done
}

type ID int

func (i ID) String() string { return fmt.Sprintf("#%d", int(i)) }

type Temp float64

type Point struct {
	X, Y int
	Name string
	tags []string
}

func (p Point) Sum() int      { return p.X + p.Y }
func (p *Point) Move(n int)   { p.X += n; p.tags = append(p.tags, fmt.Sprint(n)) }
func (p Point) Area() float64 { return float64(p.X * p.Y) }

type Square struct{ Side int }

func (s *Square) Area() float64 { return float64(s.Side) * float64(s.Side) }

type Round struct {
	Point
	R float64
}

type Shape interface{ Area() float64 }

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

func (p Pair[K, V]) Flip() Pair[string, K] { return Pair[string, K]{fmt.Sprint(p.Val), p.Key} }

type Fault struct{ Code int }

func (f *Fault) Error() string { return fmt.Sprint("fault ", f.Code) }

var zero int

var errPlain = errors.New("plain")

func mapped[T, U any](xs []T, f func(T) U) (out []U) {
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}

func biggest[T int | float64 | string](a T, more ...T) T {
	for _, b := range more {
		a = max(a, b)
	}
	return a
}

func keys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func count(n int) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		for i := range n {
			if !yield(i, strings.Repeat("*", i%4)) {
				return
			}
		}
	}
}

func show(at string, args ...any) {
	fmt.Print(at)
	for _, a := range args {
		switch v := a.(type) {
		case nil:
			fmt.Print(" nil")
		case *int:
			if v == nil {
				fmt.Print(" nil int")
			} else {
				fmt.Print(" *", *v)
			}
		case *Node:
			fmt.Print(" tree ", v.Sum())
		case *Wrap:
			if v == nil {
				fmt.Print(" nil wrap")
			} else {
				fmt.Print(" wrap ", v.n, v.Stack, v.Point == nil, v.Named == nil)
			}
		case Op:
			fmt.Print(" op ", v == nil)
		case []func(int) int:
			fmt.Print(" funcs ", len(v))
		case *Point:
			if v == nil {
				fmt.Print(" nil point")
			} else {
				fmt.Printf(" &%+v", *v)
			}
		case *Square:
			fmt.Print(" square ", v != nil)
		case func(int) int:
			if v == nil {
				fmt.Print(" nil func")
			} else {
				fmt.Print(" func ", v(3))
			}
		case error:
			var f *Fault
			fmt.Print(" error ", v, " ", errors.As(v, &f), " ", errors.Is(v, errPlain))
		case Shape:
			fmt.Printf(" %T %.1f", v, v.Area())
		default:
			fmt.Printf(" %v %T", v, v)
		}
	}
	fmt.Println()
}

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			_, isError := r.(error)
			fmt.Println(name, "panics:", r, isError)
		}
	}()
	f()
}

`

func (g *program) source(functions int) string {
	g.b.WriteString(randomHead)
	for i := range functions {
		g.function(i)
	}
	g.b.WriteString("func main() {\n")
	for i := range functions {
		fmt.Fprintf(&g.b, "\ttry(\"f%d\", func() { a, err := f%d(%d, %q); show(\"f%d:\", a, err) })\n", i, i, g.r.IntN(12)-3, g.word(), i)
	}
	g.b.WriteString("}\n")
	return g.b.String()
}

// cells is a program of statements, between the marks of cells.
func (g *program) cells(n int) string {
	g.b.WriteString(randomHead)
	for i := range 4 {
		g.function(i)
	}
	g.b.WriteString("func main() {\n\t// %%\n\tn, s, res, err := 3, \"rabbit\", 1, error(nil)\n")
	g.vars = []variable{{"n", "int"}, {"s", "string"}, {"res", "int"}, {"err", "error"}}
	g.inner = 1 // no return
	for i := range n {
		fmt.Fprintf(&g.b, "\t// %%%% %d\n", i)
		old := len(g.vars)
		g.depth = 1
		for range 2 + g.r.IntN(5) {
			g.stmt()
		}
		g.b.WriteString("show(\"cell\"")
		for _, v := range g.vars[old:] {
			g.b.WriteString(", " + v.name)
		}
		g.b.WriteString(")\n")
	}
	g.b.WriteString("show(\"end\"")
	for _, v := range g.vars {
		g.b.WriteString(", " + v.name)
	}
	g.b.WriteString(")\n}\n")
	return g.b.String()
}

func (g *program) function(i int) {
	g.vars = []variable{{"n", "int"}, {"s", "string"}}
	g.loops = 0
	fmt.Fprintf(&g.b, "func f%d(n int, s string) (res int, err error) {\n", i)
	g.vars = append(g.vars, variable{"res", "int"}, variable{"err", "error"})
	if g.chance(3) {
		fmt.Fprintf(&g.b, "defer func() { if r := recover(); r != nil { show(\"recovered\", r); res = -%d } }()\n", i)
	}
	g.block(3 + g.r.IntN(6))
	g.b.WriteString("return res + " + g.expr("int", 2) + ", err\n}\n\n")
	g.calls = append(g.calls, fmt.Sprintf("f%d", i))
}

func (g *program) chance(n int) bool { return g.r.IntN(n) == 0 }

func (g *program) word() string {
	return []string{"", "a", "rabbit", "héllo", "x y", "ab\x80c", "zzz"}[g.r.IntN(7)]
}

func (g *program) name() string {
	g.names++
	return fmt.Sprintf("v%d", g.names)
}

// block writes statements in a scope of their own.
func (g *program) block(n int) {
	old := len(g.vars)
	g.depth++
	for range n {
		g.stmt()
	}
	if locals := g.vars[old:]; len(locals) > 0 {
		g.b.WriteString("show(\"at\"")
		for _, v := range locals {
			g.b.WriteString(", " + v.name)
		}
		g.b.WriteString(")\n")
	}
	g.depth--
	g.vars = g.vars[:old]
}

func (g *program) typ() string { return randomTypes[g.r.IntN(len(randomTypes))] }

// pick is a variable of a type, "" if there is none.
func (g *program) pick(typ string) string {
	var list []string
	for _, v := range g.vars {
		if v.typ == typ {
			list = append(list, v.name)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return list[g.r.IntN(len(list))]
}

func (g *program) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

func (g *program) stmt() {
	if g.depth > 4 {
		g.declare()
		return
	}
	switch g.r.IntN(38) {
	case 0, 1, 2, 3:
		g.declare()
	case 4, 5:
		t := g.typ()
		if v := g.pick(t); v != "" {
			g.line("%s = %s", v, g.expr(t, 3))
		}
	case 6:
		t := []string{"int", "int8", "uint16", "float64", "string", "ID"}[g.r.IntN(6)]
		if v := g.pick(t); v != "" {
			ops := []string{"+=", "-=", "*=", "/="}
			if t == "string" {
				if g.loops > 0 { // or it doubles each time
					return
				}
				ops = ops[:1]
			} else if t != "float64" {
				ops = append(ops, "%=", "|=", "&^=", "<<=")
			}
			op := ops[g.r.IntN(len(ops))]
			if op == "<<=" {
				g.line("%s <<= %d", v, g.r.IntN(9))
			} else {
				g.line("%s %s %s", v, op, g.expr(t, 2))
			}
		}
	case 7, 8:
		g.line("if %s {", g.expr("bool", 2))
		g.block(1 + g.r.IntN(3))
		if g.chance(2) {
			x := g.name()
			g.line("} else if %s := %s; %s > %d {", x, g.expr("int", 2), x, g.r.IntN(5))
			g.vars = append(g.vars, variable{x, "int"})
			g.block(1 + g.r.IntN(2))
			g.vars = g.vars[:len(g.vars)-1]
		}
		g.line("}")
	case 9, 10:
		g.loop()
	case 11:
		g.rangeLoop()
	case 12:
		g.switchStmt()
	case 13:
		g.typeSwitch()
	case 14:
		if v := g.pick("[]int"); v != "" {
			switch g.r.IntN(4) {
			case 0:
				g.line("%s = append(%s, %s, %s)", v, v, g.expr("int", 2), g.expr("int", 1))
			case 1:
				g.line("%s[%s] = %s", v, g.expr("int", 1), g.expr("int", 2))
			case 2:
				g.line("%s[%s], %s = %s, %s", v, g.index(v), g.target("int"), g.expr("int", 2), g.expr("int", 2))
			case 3:
				g.line("copy(%s, %s)", v, g.expr("[]int", 2))
			}
		}
	case 15:
		if v := g.pick("map[string]int"); v != "" {
			switch g.r.IntN(3) {
			case 0:
				g.line("%s[%s] += %s", v, g.expr("string", 1), g.expr("int", 2))
			case 1:
				g.line("delete(%s, %s)", v, g.expr("string", 1))
			case 2:
				n, ok := g.name(), g.name()
				g.line("%s, %s := %s[%s]", n, ok, v, g.expr("string", 1))
				g.vars = append(g.vars, variable{n, "int"}, variable{ok, "bool"})
			}
		}
	case 16:
		if v := g.pick("*Point"); v != "" {
			g.line("%s.%s", v, []string{"X++", "Move(n)", "Name += s", "tags = append(" + v + ".tags, s)", "X, " + v + ".Y = " + v + ".Y, " + v + ".X"}[g.r.IntN(5)])
		} else if v := g.pick("Point"); v != "" {
			g.line("%s.%s", v, []string{"X--", "Move(2)", "Y *= 3", "Name = s"}[g.r.IntN(4)])
		}
	case 17:
		// It changes what nobody else reads: when a call and a variable are operands of
		// one expression, the language leaves open which comes first.
		f, k := g.name(), g.name()
		g.line("%s := 0\n%s := func(k int) int { %s += k; return k * %s + %s }", k, f, k, g.expr("int", 2), k)
		g.vars = append(g.vars, variable{f, "func(int) int"})
	case 18:
		g.line("defer show(\"deferred\", %s, %s)", g.expr(g.typ(), 2), g.expr("int", 2))
	case 19:
		g.line("func() {\ndefer func() { show(\"inner\", recover()) }()")
		g.inner++
		loops := g.loops
		g.loops = 0
		g.block(1 + g.r.IntN(3))
		if g.chance(3) {
			g.line("panic(%s)", g.expr([]string{"string", "int", "error", "ID", "Point"}[g.r.IntN(5)], 2))
		}
		g.line("}()")
		g.inner--
		g.loops = loops
	case 20:
		if len(g.calls) > 0 && g.loops == 0 && g.inner == 0 {
			a, e := g.name(), g.name()
			g.line("%s, %s := %s(%s %% 7, %s)", a, e, g.calls[g.r.IntN(len(g.calls))], g.expr("int", 1), g.expr("string", 1))
			g.vars = append(g.vars, variable{a, "int"}, variable{e, "error"})
		}
	case 21:
		a, b := g.pick("int"), g.pick("int")
		if a != "" && b != "" && a != b {
			g.line("%s, %s = %s, %s+%s", a, b, b, a, g.expr("int", 1))
		}
	case 22:
		v := g.name()
		g.line("%s := make(chan int, 3)\n%s <- %s\nselect {\ncase x := <-%s:\nshow(\"got\", x)\ndefault:\nshow(\"none\")\n}\nclose(%s)", v, v, g.expr("int", 2), v, v)
		o := g.name()
		w := g.name()
		g.line("%s, %s := <-%s", w, o, v)
		g.vars = append(g.vars, variable{w, "int"}, variable{o, "bool"})
	case 23:
		if g.inner == 0 && g.depth > 1 && g.chance(3) {
			g.line("if %s { return %s, %s }", g.expr("bool", 1), g.expr("int", 2), g.expr("error", 2))
		}
	case 24:
		m := g.name()
		p := g.expr("Point", 2)
		g.line("%s := %s", m, p)
		f := g.name()
		g.line("%s := %s.Sum\n%s.X += 5\nshow(\"bound\", %s(), %s.Sum(), Point.Sum(%s), (*Point).Area(&%s))", f, m, m, f, m, m, m)
		g.vars = append(g.vars, variable{m, "Point"})
	case 26:
		if v := g.pick("Stack"); v != "" {
			g.line("%s", []string{v + ".Push(n)", "res += " + v + ".Pop()", "sort.Sort(" + v + ")", "res += " + v + ".Len()", v + ".Swap(0, 1)"}[g.r.IntN(5)])
		}
	case 27:
		if v := g.pick("*Node"); v != "" {
			g.line("%s = %s.Insert(%s).Insert(%s)", v, v, g.expr("int", 2), g.expr("int", 1))
		}
	case 28:
		if v := g.pick("[][]int"); v != "" {
			g.line("%s", []string{v + "[0][1] += n", v + " = append(" + v + ", []int{n}, nil)", v + "[1] = append(" + v + "[0], res)", "for i := range " + v + " { for j := range " + v + "[i] { " + v + "[i][j] *= 2 } }"}[g.r.IntN(4)])
		}
	case 29:
		if v := g.pick("[2]Point2"); v != "" {
			w := g.name()
			g.line("%s := %s\n%s[0].X++\nfor i, q := range %s { q.Y = 9; %s[1].X += q.X; show(\"array\", i, q) }\nshow(\"arrays\", %s == %s, %s)", w, v, w, w, w, v, w, w)
		}
	case 30:
		if v := g.pick("*int"); v != "" {
			g.line("*%s += %s", v, g.expr("int", 1))
		} else if v := g.pick("int"); v != "" {
			p := g.name()
			g.line("%s := &%s\n*%s++", p, v, p)
			g.vars = append(g.vars, variable{p, "*int"})
		}
	case 31:
		if v := g.pick("map[Point2]int"); v != "" {
			g.line("%s[%s]++\n%s[Point2{1, 2}] -= n", v, g.expr("Point2", 1), v)
		}
	case 32:
		if v := g.pick("[]any"); v != "" {
			g.line("%s = append(%s, %s, %s)", v, v, g.expr("any", 2), g.expr("ID", 1))
			ok := g.name()
			x := g.name()
			g.line("%s, %s := %s[0].(%s)", x, ok, v, []string{"int", "ID", "string"}[g.r.IntN(3)])
			g.line("show(\"asserted\", %s, %s)", x, ok)
			if g.chance(3) {
				g.line("show(\"must\", %s[len(%s)-1].(%s))", v, v, []string{"ID", "fmt.Stringer", "Shape", "error"}[g.r.IntN(4)])
			}
		}
	case 33:
		i := g.name()
		g.line("%s := 0\nAgain%s:\nif %s < %d {\n%s++\nres += %s\ngoto Again%s\n}", i, i, i, g.r.IntN(4), i, i, i)
		g.vars = append(g.vars, variable{i, "int"})
		if g.loops > 0 || g.depth > 1 {
			return
		}
	case 34:
		k := g.name()
		g.line("{\ntype local struct{ A int; B string }\n%s := []local{{1, s}, {n, \"z\"}}\nsort.Slice(%s, func(i, j int) bool { return %s[i].A > %s[j].A })\nshow(\"local\", %s)\n}", k, k, k, k, k)
	case 35:
		g.line("if b, e := json.Marshal(Record{ID: %s, Tags: %s, Extra: map[string]any{\"a\": %s, \"p\": %s}}); true { show(\"json\", string(b), e) }", g.expr("int", 1), g.expr("[]string", 1), g.expr("int", 1), g.expr("Point2", 1))
	case 36:
		r := g.name()
		g.line("var %s Record\nshow(\"parsed\", json.Unmarshal([]byte(%s), &%s), %s.ID, %s.Tags, %s.Extra)", r, []string{"`{\"id\": 4, \"tags\": [\"x\"], \"extra\": {\"k\": [1, \"v\"]}}`", "`{\"id\": \"no\"}`", "`[1]`", "`{\"ID\": 7, \"tags\": null}`"}[g.r.IntN(4)], r, r, r, r)
	case 37:
		g.line("outer%d:\nfor i := 0; ; i++ {\nswitch {\ncase i%%2 == 0:\ncontinue outer%d\ncase i > %d:\nbreak outer%d\n}\nres += i\n}", g.names, g.names, g.r.IntN(6), g.names)
		g.names++
	case 25:
		i, x := g.name(), g.name()
		g.line("for %s, %s := range count(%d) {", i, x, g.r.IntN(6))
		g.vars = append(g.vars, variable{i, "int"}, variable{x, "string"})
		g.line("if %s > %d { continue }", i, g.r.IntN(4)+1)
		g.line("if len(%s) > %d { break }", x, g.r.IntN(4))
		g.loops++
		g.block(1 + g.r.IntN(2))
		g.loops--
		g.vars = g.vars[:len(g.vars)-2]
		g.line("}")
	}
}

// target is a variable that may be assigned.
func (g *program) target(typ string) string {
	if v := g.pick(typ); v != "" {
		return v
	}
	return "res"
}

func (g *program) index(v string) string {
	if g.chance(3) {
		return g.expr("int", 1)
	}
	return fmt.Sprintf("len(%s)-%d", v, 1+g.r.IntN(2))
}

func (g *program) declare() {
	t, n := g.typ(), g.name()
	switch g.r.IntN(3) {
	case 0:
		g.line("var %s %s = %s", n, t, g.expr(t, 3))
	case 1:
		g.line("var %s %s", n, t)
		if g.chance(2) {
			g.line("%s = %s", n, g.expr(t, 2))
		}
	default:
		g.line("%s := %s", n, g.typed(t, g.expr(t, 3)))
	}
	g.vars = append(g.vars, variable{n, t})
}

// typed makes sure of an expression's type.
func (g *program) typed(t, x string) string {
	switch t {
	case "*Node", "*int", "*Wrap", "[][]int", "map[Point2]int", "[2]Point2", "[]func(int) int", "[]byte", "[]any", "map[string][]int", "struct{ A, B int }", "*Point", "func(int) int", "[3]int", "[]int", "map[string]int", "[]string", "[]Point", "map[ID][]string":
		return "(" + t + ")(" + x + ")"
	}
	return t + "(" + x + ")"
}

func (g *program) loop() {
	if g.loops > 1 {
		return
	}
	g.loops++
	i := g.name()
	label := ""
	if g.chance(3) {
		label = "L" + i
		g.line("%s:", label)
	}
	g.line("for %s := %d; %s < %d; %s++ {", i, g.r.IntN(3), i, g.r.IntN(7), i)
	g.vars = append(g.vars, variable{i, "loop"})
	g.block(1 + g.r.IntN(3))
	if xs := g.pick("[]int"); xs != "" && g.chance(2) {
		g.line("res += %s[%s&%d] + %s[%s]", xs, i, []int{0, 1, 3}[g.r.IntN(3)], xs, i)
	}
	if g.chance(3) {
		g.line("if %s == %d { %s %s }", i, g.r.IntN(5), []string{"continue", "break"}[g.r.IntN(2)], label)
	} else if label != "" {
		g.line("if %s > 9 { break %s }", i, label)
	}
	if g.chance(3) {
		g.line("defer func() { res += %s }()", i)
	}
	g.line("res += %s", i)
	g.line("}")
	g.vars = g.vars[:len(g.vars)-1]
	g.loops--
}

func (g *program) rangeLoop() {
	if g.loops > 1 {
		return
	}
	g.loops++
	k, v := g.name(), g.name()
	vt := "int"
	kt := "int"
	switch g.r.IntN(6) {
	case 0:
		g.line("for %s, %s := range %s {", k, v, g.expr("[]int", 2))
	case 1:
		g.line("for %s, %s := range %s {", k, v, g.expr("string", 2))
		vt = "rune"
	case 2:
		g.line("for %s := range %d {\n%s := %s * 2", k, g.r.IntN(5), v, k)
	case 3:
		g.line("for %s, %s := range keys(%s) {", k, v, g.expr("map[string]int", 2))
		vt = "string"
	case 4:
		g.line("for %s, %s := range %s {", k, v, g.expr("[]Point", 2))
		vt = "Point"
	case 5:
		g.line("for %s, %s := range %s {", k, v, g.expr("[3]int", 2))
	}
	g.vars = append(g.vars, variable{k, kt}, variable{v, vt})
	if vt == "Point" {
		g.line("%s.X++", v)
	}
	g.block(1 + g.r.IntN(2))
	g.line("show(\"each\", %s, %s)", k, v)
	if f := g.pick("func(int) int"); f != "" && g.chance(2) {
		g.line("%s = func(q int) int { return q + %s }", f, k)
	}
	g.line("}")
	g.vars = g.vars[:len(g.vars)-2]
	g.loops--
}

func (g *program) switchStmt() {
	t := []string{"int", "string", "ID", "any"}[g.r.IntN(4)]
	g.line("switch x := %s; x {", g.typed(t, g.expr(t, 2)))
	lits := map[string][]string{"int": {"0", "1", "2"}, "string": {`""`, `"a"`, `"rabbit"`}, "ID": {"0", "7", "ID(2)"}, "any": {"nil", "1", `"a"`}}[t]
	at := g.r.IntN(3)
	for i, l := range lits {
		if i == at {
			g.line("default:")
			g.block(1)
		}
		g.line("case %s:", l)
		g.block(1 + g.r.IntN(2))
		if i < 2 && g.chance(4) {
			g.line("fallthrough")
		}
	}
	g.line("}")
}

func (g *program) typeSwitch() {
	g.line("switch x := any(%s).(type) {", g.expr([]string{"any", "Shape", "error", "ID", "Temp", "Point", "int"}[g.r.IntN(7)], 2))
	g.line("case nil:\nshow(\"nil\")\ncase int, ID:\nshow(\"int or id\", x)\ncase Temp:\nshow(\"temp\", x*2)\ncase Point:\nshow(\"point\", x.Sum())\ncase *Point, *Square:\nshow(\"pointers\", x)\ncase interface{ Area() float64 }:\nshow(\"area\", x.Area())\ncase error:\nshow(\"err\", x)\ncase fmt.Stringer:\nshow(\"stringer\", x.String())\ndefault:\nshow(\"other\", x)\n}")
}

// expr is an expression of a type.
func (g *program) expr(t string, depth int) string {
	x := g.bare(t, depth)
	if strings.Contains(x, "{") || x[0] == '*' || x[0] == '&' {
		return "(" + x + ")"
	}
	return x
}

// number is an int that the compiler does not know.
func (g *program) number(n int) string {
	if n < 0 {
		return fmt.Sprintf("(zero - %d)", -n)
	}
	return fmt.Sprintf("(zero + %d)", n)
}

func (g *program) bare(t string, depth int) string {
	if v := g.pick(t); v != "" && (depth <= 0 || g.chance(3)) {
		return v
	}
	in := func(t string) string { return g.expr(t, depth-1) }
	deep := depth > 0
	switch t {
	case "Stack":
		if deep {
			return "Stack(" + in("[]int") + ")"
		}
		return "Stack{3, 1, 2}"
	case "[][]int":
		if deep {
			return "[][]int{" + in("[]int") + ", {" + in("int") + "}}"
		}
		return "[][]int{{1, 2}, nil}"
	case "map[Point2]int":
		return "map[Point2]int{" + g.expr("Point2", depth-1) + ": " + g.expr("int", depth-1) + "}"
	case "Point2":
		if deep {
			switch g.r.IntN(3) {
			case 0:
				return "Point2{X: " + in("int8") + "}"
			case 1:
				return in("[2]Point2") + "[" + g.number(g.r.IntN(2)) + "]"
			}
		}
		return "Point2{1, 2}"
	case "[2]Point2":
		return "[2]Point2{" + g.expr("Point2", depth-1) + ", {Y: 3}}"
	case "*Node":
		if g.chance(4) {
			return "(*Node)(nil)"
		}
		return "(&Node{Val: " + g.expr("int", depth-1) + "}).Insert(" + g.expr("int", depth-1) + ")"
	case "Set[string]":
		if deep {
			return "setOf(" + in("string") + ", " + in("string") + ").Add(" + in("string") + ")"
		}
		return "setOf(\"one\")"
	case "[]func(int) int":
		if deep {
			return "[]func(int) int{" + in("func(int) int") + ", " + in("Op") + ".Twice}"
		}
		return "[]func(int) int{func(k int) int { return k / 2 }}"
	case "*int":
		return "func() *int { v := " + g.expr("int", depth-1) + "; return &v }()"
	case "complex128":
		if deep {
			return "(" + in("complex128") + []string{" + ", " - ", " * "}[g.r.IntN(3)] + "complex(float64(" + in("int") + "), 2))"
		}
		return "(1 - 2i)"
	case "uint8":
		if deep {
			return "uint8(zero + " + in("int") + ")" + []string{" + ", " &^ ", " << ", " | "}[g.r.IntN(4)] + in("uint8")
		}
		return "uint8(zero + 200)"
	case "[]byte":
		if deep {
			return []string{"[]byte(" + in("string") + ")", "append([]byte{1}, " + in("string") + "...)", "[]byte{" + in("uint8") + ", 3: 4}"}[g.r.IntN(3)]
		}
		return "[]byte(\"by\")"
	case "Named":
		if g.chance(2) {
			return "Named(Label(" + g.expr("string", depth-1) + "))"
		}
		return "Named((&Wrap{Point: &Point{}, Named: Label(\"in\"), Stack: Stack{1}}).Named)"
	case "[]any":
		return "[]any{" + g.expr("any", depth-1) + ", " + g.expr("int", depth-1) + "}"
	case "Level":
		return []string{"Low", "Mid", "High", "Level(" + g.expr("uint8", depth-1) + ")"}[g.r.IntN(4)]
	case "struct{ A, B int }":
		return "struct{ A, B int }{" + g.expr("int", depth-1) + ", " + g.expr("int", depth-1) + "}"
	case "map[string][]int":
		return "map[string][]int{" + g.expr("string", depth-1) + ": " + g.expr("[]int", depth-1) + "}"
	case "Op":
		return "Op(" + g.expr("func(int) int", depth-1) + ")"
	case "*Wrap":
		return "&Wrap{Point: " + g.expr("*Point", depth-1) + ", Stack: " + g.expr("Stack", depth-1) + ", n: " + g.expr("[3]int", depth-1) + "}"
	case "time.Duration":
		return "time.Duration(" + g.expr("int", depth-1) + ") * time.Millisecond"
	case "int":
		if !deep {
			return g.number(g.r.IntN(20) - 4)
		}
		switch g.r.IntN(34) {
		case 16:
			return "fib(" + in("int") + "&7)"
		case 17:
			return "apply(" + in("int") + ", " + in("[]func(int) int") + "...)"
		case 18:
			return "parallel(" + g.number(g.r.IntN(4)) + ")"
		case 19:
			return "len(pipe(" + g.number(g.r.IntN(3)) + "))"
		case 20:
			return in("*Node") + ".Sum()"
		case 21:
			return "*" + in("*int")
		case 22:
			return in("[][]int") + "[" + g.number(g.r.IntN(2)) + "][" + g.number(0) + "]"
		case 23:
			return in("map[Point2]int") + "[" + in("Point2") + "]"
		case 24:
			return in("struct{ A, B int }") + ".B"
		case 25:
			return in("Op") + ".Twice(" + in("int") + ")"
		case 26:
			return in("*Wrap") + []string{".n[1]", ".Stack.Len()", ".X", ".Point.Y"}[g.r.IntN(4)]
		case 27:
			return "slices.Index(" + in("[]int") + ", " + in("int") + ")"
		case 28:
			return "len(" + in("Set[string]") + ")"
		case 29:
			return "int(" + in("Level") + ")"
		case 30:
			return "func(xs ...int) int { return len(xs) }(" + in("[]int") + "...)"
		case 31:
			return "(" + in("int") + []string{" & ", " | ", " ^ ", " &^ "}[g.r.IntN(4)] + in("int") + ")"
		case 32:
			return "(" + in("int") + []string{" << ", " >> "}[g.r.IntN(2)] + "(" + in("uint8") + " & 7))"
		case 33:
			return "int(real(" + in("complex128") + "))"
		case 0, 1:
			return "(" + in("int") + []string{" + ", " - ", " * "}[g.r.IntN(3)] + in("int") + ")"
		case 2:
			// By what is not 0: of several faults in one expression the language leaves
			// open which comes first.
			return "(" + in("int") + []string{" / ", " % "}[g.r.IntN(2)] + g.number(1+g.r.IntN(4)) + ")"
		case 3:
			return "len(" + in([]string{"string", "[]int", "map[string]int", "[]Point"}[g.r.IntN(4)]) + ")"
		case 4:
			return in("Point") + []string{".X", ".Sum()"}[g.r.IntN(2)]
		case 5:
			return in("map[string]int") + "[" + in("string") + "]"
		case 6:
			return in("[]int") + "[" + g.number(g.r.IntN(2)) + "]"
		case 7:
			return "int(" + in([]string{"int8", "uint16", "ID", "rune"}[g.r.IntN(4)]) + ")"
		case 8:
			return []string{"min", "max"}[g.r.IntN(2)] + "(" + in("int") + ", " + in("int") + ")"
		case 9:
			return in("func(int) int") + "(" + in("int") + ")"
		case 10:
			return "biggest(" + in("int") + ", " + in("int") + ")"
		case 11:
			return in("[3]int") + "[" + g.number(g.r.IntN(3)) + "]"
		case 12:
			return in("Pair[int, string]") + ".Key"
		case 13:
			return "func() int { if " + in("bool") + " { return " + in("int") + " }; return " + in("int") + " }()"
		case 14:
			return in("*Point") + ".Y"
		case 15:
			return "strings.Count(" + in("string") + ", \"a\")"
		}
	case "int8":
		if deep {
			return "int8(zero + " + in("int") + ")" + []string{" + ", " * ", " - ", " ^ "}[g.r.IntN(4)] + in("int8")
		}
		return fmt.Sprintf("int8(zero + %d)", g.r.IntN(200)-100)
	case "uint16":
		if deep {
			return "uint16(zero + " + in("int") + ")" + []string{" + ", " * ", " - ", " >> "}[g.r.IntN(4)] + in("uint16")
		}
		return fmt.Sprintf("uint16(zero + %d)", g.r.IntN(70000))
	case "float64":
		if deep {
			switch g.r.IntN(4) {
			case 0:
				return "float64(" + in("int") + ")"
			case 1:
				return in("Shape") + ".Area()"
			case 2:
				return "float64(" + in("Temp") + ")"
			}
			return "(" + in("float64") + []string{" + ", " - ", " * ", " / "}[g.r.IntN(4)] + in("float64") + ")"
		}
		return []string{"1.5", "-2.0", "0.25", "1e9"}[g.r.IntN(4)]
	case "Temp":
		if deep {
			return "Temp(" + in("float64") + ")"
		}
		return "Temp(36.6)"
	case "string":
		if deep {
			switch g.r.IntN(18) {
			case 8:
				return "take(multi(" + in("int") + ", " + in("string") + "))"
			case 9:
				return in("Named") + ".String()"
			case 10:
				return in("Level") + ".String()"
			case 11:
				return "string(" + in("[]byte") + ")"
			case 12:
				return "strconv.Quote(" + in("string") + ")"
			case 13:
				return "fmt.Sprintf(\"%05d|%-6v|%x|%q|%8.3f|%t|%+v|%c|%U\", " + in("int") + ", " + in("ID") + ", " + in("string") + ", " + in("string") + ", " + in("float64") + ", " + in("bool") + ", " + in("Pair[int, string]") + ", " + in("rune") + ", " + in("rune") + ")"
			case 14:
				return "strings.Map(func(r rune) rune { if r == 'a' { return -1 }; return r + 1 }, " + in("string") + ")"
			case 15:
				return "strings.Join(" + in("[]string") + ", " + in("string") + ")"
			case 16:
				return "fmt.Sprintf(\"%v %#v %T\", " + in("Point2") + ", " + in("Point2") + ", " + in("[2]Point2") + ")"
			case 17:
				return "func() (r string) { defer func() { r += \"+\" }(); return " + in("string") + " }()"
			case 0, 1:
				return "(" + in("string") + " + " + in("string") + ")"
			case 2:
				return "fmt.Sprint(" + in(g.printable()) + ", " + in(g.printable()) + ")"
			case 3:
				return "strings.ToUpper(" + in("string") + ")"
			case 4:
				return in("ID") + ".String()"
			case 5:
				return in("string") + "[" + g.number(g.r.IntN(3)) + ":]"
			case 6:
				return "fmt.Sprintf(\"%v|%+v|%d\", " + in(g.printable()) + ", " + in("Point") + ", " + in("ID") + ")"
			case 7:
				return "string([]rune(" + in("string") + "))"
			}
		}
		return fmt.Sprintf("%q", g.word())
	case "bool":
		if deep {
			switch g.r.IntN(12) {
			case 7:
				return "even(" + in("int") + "&15)"
			case 8:
				return "(" + in("Point2") + " == " + in("Point2") + ")"
			case 9:
				return "(any(" + in("Point2") + ") == any(" + in("struct{ A, B int }") + "))"
			case 10:
				return "slices.Contains(" + in("[]string") + ", " + in("string") + ")"
			case 11:
				return "func() bool { _, ok := " + in("any") + ".(interface{ Len() int }); return ok }()"
			case 0:
				return "(" + in("int") + []string{" < ", " == ", " >= "}[g.r.IntN(3)] + in("int") + ")"
			case 1:
				return "(" + in("string") + []string{" < ", " == ", " != "}[g.r.IntN(3)] + in("string") + ")"
			case 2:
				return "(" + in("bool") + []string{" && ", " || "}[g.r.IntN(2)] + in("bool") + ")"
			case 3:
				return "!" + in("bool")
			case 4:
				return "(any(" + in("ID") + ") == any(" + in("int") + "))"
			case 5:
				return "(" + in("error") + " == nil)"
			case 6:
				return "(" + in("Pair[int, string]") + " == " + in("Pair[int, string]") + ")"
			}
		}
		return []string{"true", "false"}[g.r.IntN(2)]
	case "ID":
		if deep {
			return "ID(" + in("int") + ")"
		}
		return "ID(7)"
	case "rune":
		return []string{"'x'", "'é'", "rune(" + g.expr("int", 0) + ")"}[g.r.IntN(3)]
	case "[]int":
		if deep {
			switch g.r.IntN(5) {
			case 0:
				return "append([]int{" + in("int") + "}, " + in("[]int") + "...)"
			case 1:
				return in("[]int") + "[" + g.number(g.r.IntN(2)) + ":]"
			case 2:
				return "mapped(" + in("[]string") + ", func(x string) int { return len(x) })"
			case 3:
				return "make([]int, " + fmt.Sprint(g.r.IntN(4)) + ", 8)"
			}
		}
		return fmt.Sprintf("[]int{%d, %d, %d}", g.r.IntN(9), g.r.IntN(9), g.r.IntN(9)-3)
	case "[3]int":
		return "[3]int{" + g.expr("int", depth-1) + ", 2: " + g.expr("int", depth-1) + "}"
	case "[]string":
		if deep {
			return []string{"strings.Fields(" + in("string") + ")", "keys(" + in("map[string]int") + ")", "append([]string(nil), " + in("string") + ")", "mapped(" + in("[]int") + ", func(x int) string { return fmt.Sprint(x) })"}[g.r.IntN(4)]
		}
		return `[]string{"p", "q"}`
	case "[]Point":
		if deep {
			return "[]Point{" + in("Point") + ", {Y: " + in("int") + "}}"
		}
		return "[]Point{{1, 2, \"a\", nil}}"
	case "map[string]int":
		if deep && g.chance(2) {
			return "map[string]int{" + in("string") + ": " + in("int") + "}"
		}
		return `map[string]int{"a": 1, "b": -2}`
	case "map[ID][]string":
		if deep && g.chance(2) {
			return "map[ID][]string{" + in("ID") + ": " + in("[]string") + "}"
		}
		return `map[ID][]string{3: {"x"}}`
	case "Point":
		if deep {
			switch g.r.IntN(3) {
			case 0:
				return "Point{X: " + in("int") + ", Name: " + in("string") + "}"
			case 1:
				return "*" + in("*Point")
			case 2:
				return "Round{Point: " + in("Point") + ", R: 2}.Point"
			}
		}
		return "Point{1, 2, \"p\", nil}"
	case "*Point":
		if v := g.pick("Point"); v != "" && deep && g.chance(2) {
			return "&" + v
		}
		if g.chance(8) {
			return "(*Point)(nil)"
		}
		return "&Point{X: " + fmt.Sprint(g.r.IntN(5)) + "}"
	case "Pair[int, string]":
		if deep {
			return "Pair[int, string]{" + in("int") + ", " + in("string") + "}"
		}
		return `Pair[int, string]{4, "four"}`
	case "any":
		if g.chance(6) {
			return "any(nil)"
		}
		u := randomTypes[g.r.IntN(len(randomTypes))]
		if u == "any" {
			u = "int"
		}
		if u == "Shape" || u == "error" { // as what they hold
			return "any(" + g.expr(u, depth-1) + ")"
		}
		return "any(" + g.typed(u, g.expr(u, depth-1)) + ")"
	case "Shape":
		switch g.r.IntN(5) {
		case 0:
			return "Shape(" + g.expr("Point", depth-1) + ")"
		case 1:
			return "Shape(&Square{" + g.expr("int", depth-1) + "})"
		case 2:
			return "Shape(Round{Point{2, 3, \"r\", nil}, 1})"
		case 3:
			return "Shape(&Point{X: " + g.expr("int", depth-1) + ", Y: 3})"
		}
		return "Shape(&Round{R: 1})"
	case "error":
		switch g.r.IntN(5) {
		case 0:
			return "error(nil)"
		case 1:
			return "error(&Fault{" + g.expr("int", depth-1) + "})"
		case 2:
			if deep {
				return "fmt.Errorf(\"wrapped: %w\", " + in("error") + ")"
			}
			return "errPlain"
		case 3:
			if deep {
				return "errors.Join(" + in("error") + ", " + in("error") + ")"
			}
		}
		return "errPlain"
	case "func(int) int":
		if deep {
			return "func(k int) int { return k + " + in("int") + " }"
		}
		return "func(k int) int { return k - 1 }"
	}
	panic(t)
}

// printable is a type whose values print the same in every run.
func (g *program) printable() string {
	for {
		t := g.typ()
		switch t {
		case "*Point", "func(int) int", "any", "Shape", "error", "*Node", "*int", "*Wrap", "[]func(int) int", "Op", "[]any", "Named":
			continue
		}
		return t
	}
}
