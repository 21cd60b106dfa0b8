package kernel

import (
	"fmt"
	"strings"
	"testing"
)

// A closure shares the variables that it names. So variables of every origin are kept in
// every way, then changed in every way by either side, against the compiler.

// captureTypes are types with three values and a change of a variable V that keeps the rest.
var captureTypes = []struct{ typ, a, b, c, change string }{
	{"int", "3", "40", "500", "V += 2"},
	{"string", `"a"`, `"bb"`, `"ccc"`, `V += "+"`},
	{"T", "(T{3, nil})", "(T{40, nil})", "(T{500, []int{5}})", "V.A++"},
	{"[2]int", "([2]int{3})", "([2]int{40, 1})", "([2]int{500, 2})", "V[1]++"},
	{"[]int", "([]int{3})", "([]int{40, 1})", "([]int{500, 2, 2})", "V = append(V, 7)"},
	{"any", "any(3)", "any(\"x\")", "any(T{1, nil})", "V = []any{V}"},
	{"*T", "(&T{3, nil})", "(&T{40, nil})", "(&T{500, nil})", "V.A++"},
	{"func() int", "func() int { return 3 }", "func() int { return 40 }", "func() int { return 500 }", "{\nold := V\nV = func() int { return old() + 1 }\n}"},
}

// captureOrigins declare v, of type TYPE, with the value A; BODY uses it.
var captureOrigins = []string{
	"v := A\nBODY",
	"var v TYPE = A\nBODY",
	"var v TYPE\nv = A\nBODY",
	"v, w := A, B\n_ = w\nBODY",
	"v, err := A, error(nil)\n_ = err\nBODY",
	"if v := A; true {\nBODY\n}",
	"switch v := A; {\ndefault:\nBODY\n}",
	"switch v := any(A).(type) {\ncase TYPE:\nBODY\n}",
	"for v := A; ; {\nBODY\nbreak\n}",
	"for v, i := A, 0; i < 2; i++ {\nBODY\n}",
	"for _, v := range []TYPE{A, B} {\nBODY\n}",
	"for _, v := range [2]TYPE{A, B} {\nBODY\n}",
	"for _, v := range map[int]TYPE{1: A} {\nBODY\n}",
	"for v := range slices.Values([]TYPE{A, B}) {\nBODY\n}",
	"for range 2 {\nv := A\nBODY\n}",
	"for i := 0; i < 2; i++ {\nvar v TYPE\nshow(v)\nv = A\nBODY\n}",
	"c := make(chan TYPE, 1)\nc <- A\nselect {\ncase v := <-c:\nBODY\n}",
	"c := make(chan TYPE, 1)\nc <- A\nfor v := range c {\nBODY\nbreak\n}",
	"v, ok := any(A).(TYPE)\n_ = ok\nBODY",
	"m := map[int]TYPE{1: A}\nv, ok := m[1]\n_ = ok\nBODY",
	"func(v TYPE) {\nBODY\n}(A)",
	"func(v ...TYPE) {\nv0 := v\n{\nv := v0[0]\nBODY\n}\n}(A)",
	"show(func() (v TYPE) {\nv = A\nBODY\nreturn\n}())",
	"show(func() (v TYPE) {\ndefer func() {\nBODY\n}()\nreturn A\n}())",
	"func() {\nv := A\nfunc() {\nBODY\n}()\nshow(v)\n}()",
	"v := A\nfunc() {\nfunc() {\nBODY\n}()\n}()\nshow(v)",
	"i := 0\nAgain:\nv := A\nBODY\nif i++; i < 2 {\ngoto Again\n}",
	"{\nv := B\n_ = v\n}\nv := A\nBODY",
	"generic(A, func(v TYPE) {\nBODY\n})",
}

// captureWays keep v: get reads it and set changes it.
var captureWays = []string{
	"get, set := func() TYPE { return v }, func(x TYPE) { v = x }",
	"p := &v\nget, set := func() TYPE { return *p }, func(x TYPE) { *p = x }",
	"get := func() TYPE { return func() TYPE { return v }() }\nset := func(x TYPE) { func() { func() { v = x }() }() }",
	"pp := func() *TYPE { return &v }\nget, set := func() TYPE { return *pp() }, func(x TYPE) { *pp() = x }",
	"var get func() TYPE\nvar set func(TYPE)\nif true {\nget = func() TYPE { return v }\nset = func(x TYPE) { v = x }\n}",
	"h := holder[TYPE]{&v}\nget, set := h.get, h.set",
	"get := func() TYPE { return v }\nset := func(x TYPE) { v, _ = x, 1 }",
}

// captureChanges change v. X is a value, Y another one.
var captureChanges = []string{
	"v = X",
	"set(X)",
	"CHANGE",
	"func() { v = X }()",
	"func() {\nCHANGE\n}()",
	"v, z := X, 1\n_ = z",
	"{\nv := Y\nv = X\n_ = v\n}",
	"var z TYPE\nv, z = X, v\nshow(z)",
	"for _, v = range []TYPE{Y, X} {\n}",
	"q := &v\n*q = X",
	"v = func() TYPE { set(Y); return X }()",
	"v = get()",
	"c2 := make(chan TYPE, 1)\nc2 <- X\nv = <-c2",
	"var ok2 bool\nv, ok2 = any(X).(TYPE)\n_ = ok2",
	"v = map[int]TYPE{1: X}[1]",
	"defer func() { show(v) }()\nv = X",
	"done2 := make(chan bool)\ngo func() { v = X; close(done2) }()\n<-done2",
	"for z := range 2 {\nif z == 1 {\nv = X\n}\n}",
	"switch {\ncase true:\nv = X\n}",
	"v = same(X)",
}

const captureHead = `package main

import (
	"fmt"
	"slices"
)

type T struct {
	A int
	L []int
}

type holder[P any] struct{ p *P }

func (h holder[P]) get() P  { return *h.p }
func (h holder[P]) set(x P) { *h.p = x }

func generic[P any](v P, f func(P)) { f(v); f(v) }
func same[P any](v P) P             { return v }

func show(list ...any) {
	for _, x := range list {
		switch x := x.(type) {
		case *T:
			if x != nil {
				fmt.Print("&", *x, " ")
			}
		case func() int:
			if x != nil {
				fmt.Print("func ", x(), " ")
			}
		default:
			fmt.Printf("%T(%v) ", x, x)
		}
	}
	fmt.Println()
}

var _ = slices.Values[[]int]

`

// captureProgram has a function for every so manyth of them.
func captureProgram(every, from int) string {
	var b, calls strings.Builder
	b.WriteString(captureHead)
	n := 0
	for _, t := range captureTypes {
		for _, origin := range captureOrigins {
			if strings.Contains(origin, "goto") && strings.Contains(t.change, "old") {
				continue
			}
			for i, way := range captureWays {
				for j, change := range captureChanges {
					if n++; n%every != from {
						continue
					}
					second := captureChanges[(7*i+3*j+n)%len(captureChanges)]
					if strings.Contains(origin, "goto") && (strings.Contains(change+second, "goto")) {
						continue
					}
					step := func(s, x, y string) string {
						s = replaceWord(replaceWord(s, "X", x, ""), "Y", y, "")
						return "{\n" + strings.ReplaceAll(s, "CHANGE", replaceWord(t.change, "V", "v", "")) + "\nshow(v, get())\n}"
					}
					body := way + "\n_ = set\nshow(v, get())\n" + step(change, t.b, t.c) + "\nset(" + t.c + ")\nshow(v, get())\n" + step(second, t.a, t.b) + "\nshow(v, get())"
					if strings.Contains(origin, "goto") {
						body = "func() {\n" + body + "\n}()"
					}
					text := strings.Replace(origin, "BODY", body, 1)
					text = strings.ReplaceAll(replaceWord(replaceWord(text, "A", t.a, ".A"), "B", t.b, ""), "TYPE", t.typ)
					fmt.Fprintf(&b, "func f%d() {\n%s\n}\n\n", n, indent(text))
					fmt.Fprintf(&calls, "\tshow(\"f%d\", %q)\n\tf%d()\n", n, t.typ+": "+origin+" | "+way+" | "+change+" | "+second, n)
				}
			}
		}
	}
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

// TestCaptures compares them: a half with -long, or a sample.
func TestCaptures(t *testing.T) { compareParts(t, captureProgram, 32, 2, 211) }
