package kernel

import (
	"fmt"
	"strings"
	"testing"
)

// Structs and arrays are copied wherever they go. So a value is taken from every place to
// every other one, and then what it was taken from and what it was taken to are changed,
// each on its own, against the compiler.

// copyTypes are types with changes of a value V.
var copyTypes = []struct {
	typ     string
	changes []string
}{
	{"S", []string{"V.A = 91", "V.B[1] = 92", "V.B = [2]int{93, 94}", "V.A++", "V = S{A: 95}"}},
	{"N", []string{"V.X.B[0] = 91", "V.S.A = 92", "V.A = 93", "V.X = S{A: 94}", "V.L[0].A = 95"}},
	{"[2]int", []string{"V[1] = 91", "V[0] += 5", "V = [2]int{92, 93}", "V[0], V[1] = V[1], V[0]"}},
	{"[2]S", []string{"V[1].A = 91", "V[0].B[1] = 92", "V[1] = S{A: 93}", "V[0], V[1] = V[1], V[0]"}},
	{"A2", []string{"V[1] = 91", "V[0]--", "V = A2{92, 93}"}},
	{"[2][2]int", []string{"V[1][0] = 91", "V[0] = [2]int{92, 93}", "V[0], V[1] = V[1], V[0]"}},
	{"G[[2]int]", []string{"V.P[0] = 91", "V.P = [2]int{92, 93}", "V.Q.P[1] = 94", "V = G[[2]int]{}"}},
}

// copyPlace is where a value T is: how it gets there from X, how it is read, and what a
// change refers to, "" if nothing.
type copyPlace struct{ make, read, place string }

// copySources end the name of what they declare with 1.
var copySources = []copyPlace{
	{"v1 := X", "v1", "v1"},
	{"var v1 = X", "v1", "v1"},
	{"h1 := struct{ n int; v T }{1, X}", "h1.v", "h1.v"},
	{"h1 := &struct{ n int; v T }{1, X}", "h1.v", "h1.v"},
	{"h1 := struct{ a struct{ v T } }{struct{ v T }{X}}", "h1.a.v", "h1.a.v"},
	{"l1 := []T{X, X}", "l1[1]", "l1[1]"},
	{"l1 := [2]T{X, X}", "l1[1]", "l1[1]"},
	{"l1 := &[2]T{X, X}", "l1[1]", "l1[1]"},
	{"l1 := [][]T{{X}}", "l1[0][0]", "l1[0][0]"},
	{"v1 := X\np1 := &v1", "*p1", "(*p1)"},
	{"v1 := X\nget1 := func() T { return v1 }", "get1()", "v1"},
	{"v1 := X\nget1 := func() *T { return &v1 }", "*get1()", "v1"},
	{"gv_N = X", "gv_N", "gv_N"},
	{"m1 := map[string]T{\"a\": X}", "m1[\"a\"]", ""},
	{"m1 := map[string]*T{\"a\": ptr(X)}", "*m1[\"a\"]", "(*m1[\"a\"])"},
	{"var i1 any = X", "i1.(T)", ""},
	{"c1 := make(chan T, 2)\nc1 <- X", "<-c1", ""},
	{"var v1 T\nv1, n1 := X, 1\n_ = n1", "v1", "v1"},
	{"q1 := G[T]{P: X}", "q1.P", "q1.P"},
	{"v1, ok1 := any(X).(T)\n_ = ok1", "v1", "v1"},
	{"v1 := func() (r T) { defer func() { r = X }(); return }()", "v1", "v1"},
	{"e1 := Outer[T]{Inner[T]{X}}", "e1.V", "e1.V"},
}

// copySinks end the name of what they declare with 2.
var copySinks = []copyPlace{
	{"v2 := X", "v2", "v2"},
	{"var v2 T\nv2 = X", "v2", "v2"},
	{"var v2 T\nfunc() { v2 = X }()", "v2", "v2"},
	{"v2, n2 := X, 2\n_ = n2", "v2", "v2"},
	{"var v2, w2 T\nv2, w2 = X, w2", "v2", "v2"},
	{"h2 := struct{ n int; v T }{1, X}", "h2.v", "h2.v"},
	{"var h2 struct{ n int; v T }\nh2.v = X", "h2.v", "h2.v"},
	{"h2 := new(struct{ n int; v T })\nh2.v = X", "h2.v", "h2.v"},
	{"l2 := []T{X}", "l2[0]", "l2[0]"},
	{"l2 := make([]T, 2)\nl2[1] = X", "l2[1]", "l2[1]"},
	{"l2 := append([]T(nil), X)", "l2[0]", "l2[0]"},
	{"l2 := [2]T{X}", "l2[0]", "l2[0]"},
	{"var l2 [2]T\nl2[1] = X", "l2[1]", "l2[1]"},
	{"var l2 [2]T\nl2[1] = X\nl3 := l2\nl2[1] = *new(T)", "l3[1]", "l3[1]"},
	{"m2 := map[int]T{1: X}", "m2[1]", ""},
	{"m2 := map[int]T{}\nm2[1] = X", "m2[1]", ""},
	{"var i2 any = X", "i2.(T)", ""},
	{"var i2 any\ni2 = X\nv2 := i2.(T)", "v2", "v2"},
	{"var i2 any = X\nv2, _ := i2.(T)", "v2", "v2"},
	{"var v2 T\nswitch x := any(X).(type) {\ncase T:\nv2 = x\n}", "v2", "v2"},
	{"p2 := new(T)\n*p2 = X", "*p2", "(*p2)"},
	{"p2 := ptr(X)", "*p2", "(*p2)"},
	{"v2 := same(X)", "v2", "v2"},
	{"v2 := func() T { return X }()", "v2", "v2"},
	{"v2, n2 := func() (T, int) { return X, 1 }()\n_ = n2", "v2", "v2"},
	{"q2 := G[T]{P: X}", "q2.P", "q2.P"},
	{"e2 := Outer[T]{Inner[T]{X}}", "e2.V", "e2.V"},
	{"e2 := Outer[T]{Inner[T]{X}}\nf2 := e2", "f2.V", "e2.V"},
	{"q2 := Inner[T]{X}\nget2 := q2.Get", "get2()", "q2.V"},
	{"c2 := make(chan T, 1)\nc2 <- X\nget2 := sync.OnceValue(func() T { return <-c2 })", "get2()", ""},
	{"get2 := func(v T) func() T { return func() T { return v } }(X)", "get2()", ""},
	{"get2 := func() func() T { v := X; return func() T { v := v; return v } }()", "get2()", ""},
	{"var v2 T\nfor _, x := range []T{X} {\nv2 = x\n}", "v2", "v2"},
	{"var v2 T\nfor _, x := range [1]T{X} {\nchange(&x)\nv2 = x\n}", "v2", "v2"},
	{"done2 := make(chan T)\ngo func(v T) { done2 <- v }(X)\nv2 := <-done2", "v2", "v2"},
}

const copyHead = `package main

import (
	"fmt"
	"sync"
)

type S struct {
	A int
	B [2]int
}

type N struct {
	S
	X S
	L [1]S
}

type A2 [2]int

func (a A2) String() string { return fmt.Sprint("A2", a[0], a[1]) }

type G[P any] struct {
	P P
	Q struct{ P [2]int }
}

type Inner[P any] struct{ V P }

func (i Inner[P]) Get() P { return i.V }

type Outer[P any] struct{ Inner[P] }

func ptr[P any](v P) *P   { return &v }
func same[P any](v P) P   { return v }
func change[P any](p *P)  {}
func show(list ...any)    { fmt.Println(list...) }

var _ sync.Once

`

var copyValues = map[string]string{
	"S": "S{1, [2]int{2, 3}}", "N": "N{S{1, [2]int{2, 3}}, S{4, [2]int{5, 6}}, [1]S{{7, [2]int{8, 9}}}}", "[2]int": "[2]int{1, 2}", "[2]S": "[2]S{{1, [2]int{2, 3}}, {4, [2]int{5, 6}}}",
	"A2": "A2{1, 2}", "[2][2]int": "[2][2]int{{1, 2}, {3, 4}}", "G[[2]int]": "G[[2]int]{P: [2]int{1, 2}}",
}

// copyProgram has a function for every so manyth pair of places.
func copyProgram(every, from int) string {
	var b, calls strings.Builder
	b.WriteString(copyHead)
	n := 0
	for _, t := range copyTypes {
		for _, from1 := range copySources {
			for _, to := range copySinks {
				if n++; n%every != from {
					continue
				}
				var text strings.Builder
				line := func(s string) { text.WriteString(s + "\n") }
				fill := func(s, x string) string {
					return replaceWord(replaceWord(strings.ReplaceAll(s, "gv_N", fmt.Sprintf("gv%d", n)), "T", t.typ, ""), "X", x, "")
				}
				line(fill(from1.make, copyValues[t.typ]))
				line(fill(to.make, fill(from1.read, "")))
				read := fill(to.read, "")
				if !strings.HasPrefix(from1.read, "<-") {
					read += ", " + fill(from1.read, "")
				}
				if to.read != "get2()" || to.place != "" || !strings.Contains(to.make, "OnceValue") {
					line("show(" + read + ")")
				}
				for i := range 2 {
					for j, p := range []copyPlace{from1, to} {
						if p.place != "" {
							line(replaceWord(t.changes[(n+i+j)%len(t.changes)], "V", fill(p.place, ""), ""))
							line("show(" + read + ")")
						}
					}
				}
				line("show(" + read + ")")
				fmt.Fprintf(&b, "var gv%d %s\n\nfunc f%d() {\n%s\n}\n\n", n, t.typ, n, indent(strings.TrimRight(text.String(), "\n")))
				fmt.Fprintf(&calls, "\tshow(\"f%d\", %q)\n\tf%d()\n", n, t.typ+": "+from1.make+"; "+to.make, n)
			}
		}
	}
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

// TestCopies compares them: all with -long, or a sample.
func TestCopies(t *testing.T) { compareParts(t, copyProgram, 8, 1, 31) }
