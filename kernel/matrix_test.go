package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The interpreter treats an expression by what it stands in: an operation writes its
// result where a return, an assignment or an interface wants it. So every form of an
// expression is tried in every place, for every kind of type, against the compiler.

// matrixType is a type with the forms of expressions that give it.
type matrixType struct {
	name, typ string
	forms     []string
	ops       string // that it has: = ==, < order, + sum, - arithmetic
}

var matrixTypes = []matrixType{
	{"int", "int", []string{"7", "y", "c.y", "g.y", "pp.A", "*p", "l[1]", "arr[1]", `m["a"]`, "y + 1", "-y", "^y", "+y", "y << 2", "(y)", "len(l)", "cap(l)", "copy(l, l[1:])", "min(y, 3)", "max(y, l[0])",
		"four()", "ten(y)", "t.Get()", "pt.Put(3)", "same(y)", "an.(int)", "<-ch", "int(f)", "int(s[1])", "int(real(z))", `strings.Index(s, "c")`, "func() int { return y }()", "[]int{4, 5}[1]", "T{3}.A", "(&T{4}).A",
		"*new(int)", "len(s + s)", "len(m)", "get.Get()", "int(id)", "pair[int]{1, 2}.B", "sb.Len()", "op(y, 2)", "len(append(l, y))", "y * l[0] - c.y", "*p + 1", "1 + *p", "-*p", "(*p)", "^*p", "c.y + *p", "-c.y", "-l[1]", "*&l[1]", "*mkp(y) + 1", "-*mkp(y)", "len(l[1:]) + l[0]", "-four()", "-T{3}.A", "-len(l)"}, "=<+-"},
	{"string", "string", []string{`"k"`, "s", "c.s", "g.s", "ps.S", "*pstr", "ss[0]", `ms["a"]`, `s + "x"`, "s[1:]", "s[:y-4]", "string(bs)", "string(rune(y + 60))", "str()", "tag.String()", "same(s)", "as.(string)", "<-chs",
		`strings.ToUpper(s)`, "fmt.Sprint(y)", "func() string { return s }()", `[]string{"a", "b"}[1]`, "string(tag)", "(s)", "min(s, \"b\")", "strconv.Itoa(y)", "sb.String()", "err.Error()", "string(s[0])", "*pstr + s", "s + *pstr", "tag.String() + s", "c.s + \"x\""}, "=<+"},
	{"bool", "bool", []string{"true", "b", "c.b", "!b", "!c.b", "b && y > 3", "b || g.b", "y == 5", "y < 3", "s == \"abc\"", "an == 6", "err == nil", "p == nil", "yes()", "!yes()", "same(b)", "ab.(bool)", "<-chb", "len(l) == 0", "(b)", "!(y == 1)", "bl[0]", "!bl[0]", "*pb",
		"strings.Contains(s, \"b\")", "func() bool { return b }()", "t == T{3}", "arr == [3]int{1, 2, 3}", "l == nil", "an != ab", "tb.B", "!tb.B", "float64(y) == f", "byte(y) == bs[0]", "(*T)(pt) == pt", "T(u) == t", "len(s)+1 == y", "ID(y) == id", "string(bs) == s", "*p == y", "-f < f", "^y < 0", "m[\"a\"] == 3", "s[0] == bs[0]", "an == any(y)", "*pb && y == 5", "!*pb", "*p == 17", "*p > y", "c.y == *p", "get == Getter(t)", "T{y} == t", "arr[0] < arr[1]", "func() bool { return b }() == b", "t.Get() > 3", "real(z) > imag(z)", "errors.Is(err, err)", "op1 == nil", "l[0] == l[1]"}, "=!"},
	{"float", "float64", []string{"2.5", "f", "c.f", "-f", "f * 2", "f / 3", "float64(y)", "math.Sqrt(f)", "fl[0]", "half(f)", "same(f)", "af.(float64)", "max(f, 1)", "imag(z)", "float64(y) / 2", "*pf", "(f)", "*pf * 2", "-*pf", "2 * fl[0]", "-fl[0]", "-c.f", "nz", "-nz", "nz * f", "half(nz)", "same(nz)", "[]float64{nz}[0]", "fn.Self().X", "float64(FN(nz))"}, "=<+-"},
	{"complex", "complex128", []string{"z", "2i", "complex(f, 1)", "-z", "z * z", "same(z)", "zl[0]", "complex128(z)", "complex(nz, nz)", "same(complex(0, nz))"}, "=+"},
	{"floats", "FV", []string{"fn", "FV{nz, nz}", "FV{}", "FV{1, nz}", "fn.Self()", "same(fn)", "*pfn", "pfn.Self()", "fnl[0]", "FV{X: half(nz)}", "FV.Self(fn)", "fn.Neg()"}, "="},
	{"floatarray", "[2]float64", []string{"[2]float64{nz, nz}", "[2]float64{nz}", "same([2]float64{nz})", "fn.Array()"}, "="},
	{"byte", "byte", []string{"bs[0]", "s[0]", "byte(y)", "byte(y * 60)", "same(bs[1])", "^bs[0]", "-bs[0]", "bs[0] + 200", "bs[0] &^ 7"}, "=<+-"},
	{"ints", "[]int", []string{"l", "l[1:]", "l[:2:2]", "[]int{y, 2}", "append(l, y)", "append(l[:1], l...)", "make([]int, y)", "nil", "list(3)", "same(l)", "al.([]int)", "c.l", "arr[:]", "<-chl", "ll[0]", "slices.Sorted(slices.Values(l))", "(l)", "[]int(stack)", "slices.Clone(l)"}, ""},
	{"struct", "T", []string{"t", "T{y}", "T{A: y + 1}", "*pt", "tl[0]", "mt[1]", "same(t)", "at.(T)", "mk(y)", "T(u)", "pt.Copy()", "<-cht", "c.t", "T{}", "(t)", "[]T{{1}, {2}}[1]"}, "="},
	{"pointer", "*T", []string{"pt", "&T{y}", "&t", "nil", "&tl[0]", "same(pt)", "ap.(*T)", "pt.Self()", "pl[0]", "c.pt", "(pt)", "(*T)(pt)", "(*T)(upt)"}, "="},
	{"map", "map[string]int", []string{"m", `map[string]int{"k": y}`, "make(map[string]int)", "nil", "same(m)", "c.m", "maps.Clone(m)", "(m)"}, ""},
	{"func", "func(int) int", []string{"op1", "ten", "func(n int) int { return n + y }", "adder(y)", "t.Plus", "pt.Add", "T{9}.Plus", "same(op1)", "c.op", "fs[0]", "mf[\"a\"]", "(ten)", "same[int]", "(func(int) int)(ten)", "af1.(func(int) int)"}, ""},
	{"any", "any", []string{"an", "any(y)", "any(T{y})", "any(-y)", "any(!b)", "any(nil)", "any(pt)", "any(l)", "same[any](y)", "anys[0]", "anys[1]", "box(y)", "box(t)", "any(id)", "any(err)", "any(&y)", "any(len(l))", "any(op1 == nil)", "any(func() int { return y }())", "<-cha", "(an)"}, "="},
	{"error", "error", []string{"err", "errors.New(\"e\")", "nil", "fmt.Errorf(\"%d\", y)", "bad(y)", "E{y}", "&PE{y}", "same(err)", "errs[0]", "errors.Unwrap(err)", "error(E{y})", "(err)", "ae.(error)"}, "="},
	{"iface", "Getter", []string{"get", "t", "pt", "T{y}", "Getter(t)", "same[Getter](t)", "getters[1]", "giveGetter(y)", "nil", "ag.(Getter)", "(get)", "id"}, "="},
	{"named", "ID", []string{"id", "ID(y)", "ID(3)", "-id", "id + 1", "id << 1", "same(id)", "aid.(ID)", "ids[0]", "id.Next()", "mid[\"a\"]", "^id", "(id)", "min(id, 2)", "*pid"}, "=<+-"},
	{"array", "[3]int", []string{"arr", "[3]int{y}", "[...]int{1, 2, y}", "same(arr)", "aa[0]", "*parr", "[3]int(l[:3])", "(arr)"}, "="},
	{"stack", "Stack", []string{"stack", "Stack{y}", "Stack(l)", "append(stack, y)", "stack[1:]", "same(stack)", "nil", "stack.With(y)", "make(Stack, 2)"}, ""},
	{"generic", "pair[int]", []string{"pa", "pair[int]{y, 2}", "same(pa)", "pa.Swap()", "pairOf(y, 3)", "pas[0]", "(pa)"}, "="},
	{"chan", "chan int", []string{"ch", "make(chan int, 1)", "same(ch)", "nil", "c.ch", "(chan int)(ch)"}, "="},
}

// matrixContexts are the places. X is the expression, T its type, Z a variable of the
// type that holds another value, V one that may be changed, which a function literal
// has too.
var matrixContexts = []struct{ needs, text string }{
	{"", "v := X\nshow(v)"},
	{"", "var v T = X\nshow(v)"},
	{"", "var v T\nv = X\nshow(v)"},
	{"", "V = X\nshow(V)"},
	{"", "gv_N = X\nshow(gv_N)"},
	{"", "V, w := X, y\nshow(V, w)"},
	{"", "var v, w T = X, X\nshow(v, w)"},
	{"", "var v, w T\nv, w = X, Z\nv, w = w, v\nshow(v, w)"},
	{"", "var q struct{ a T; b int }\nq.a, q.b = X, 3\nshow(q.a)"},
	{"", "q := &struct{ a T }{}\nq.a = X\nshow(q.a)"},
	{"", "q := struct{ n int; a T }{1, X}\nshow(q.a)"},
	{"", "q := []T{Z, X}\nshow(q[1])"},
	{"", "q := [2]T{1: X}\nshow(q[1])"},
	{"", "q := map[int]T{1: X}\nshow(q[1])"},
	{"", "q := map[string][]T{\"a\": {X}}\nshow(q[\"a\"][0])"},
	{"", "q := make([]T, 2)\nq[1] = X\nshow(q[1])"},
	{"", "q := make([]T, 2)\nq[y-4], q[0] = X, Z\nshow(q[1])"},
	{"", "q := map[string]T{}\nq[\"a\"] = X\nshow(q[\"a\"])"},
	{"", "q := map[string]T{}\nq[\"a\"], q[\"b\"] = Z, X\nshow(q[\"b\"])"},
	{"", "q := new(T)\n*q = X\nshow(*q)"},
	{"", "show(func() T { return X }())"},
	{"", "v, w := func() (int, T) { return 5, X }()\nshow(v, w)"},
	{"", "v, w := func() (T, int) { return X, 5 }()\nshow(v, w)"},
	{"", "v, w := func() (T, T) { return X, X }()\nshow(v, w)"},
	{"", "v, w, e := func() (string, T, error) { return \"a\", X, nil }()\nshow(v, w, e)"},
	{"", "v, w := func() (r T, q any) { return X, X }()\nshow(v, w)"},
	{"", "v := func() (r T) { r = X; return }()\nshow(v)"},
	{"", "v := func() (r T) { defer func() { show(r) }(); return X }()\nshow(v)"},
	{"", "v, w := func() (r T, n int) { defer func() { n++ }(); return X, y }()\nshow(v, w)"},
	{"", "v := func() any { return X }()\nshow(v)"},
	{"", "v, w := func() (any, any) { return y, X }()\nshow(v, w)"},
	{"", "v := func() T { if y > 3 { return X }; return Z }()\nshow(v)"},
	{"", "show(X)"},
	{"", "show(y, X)"},
	{"", "show([]any{y, X}...)"},
	{"", "show(func(a int, v T) T { return v }(y, X))"},
	{"", "show(func(v ...T) T { return v[len(v)-1] }(Z, X))"},
	{"", "show(same[T](X))"},
	{"", "show(second(y, (T)(X)))"},
	{"", "var v any = X\nshow(v)"},
	{"", "var v any\nv = X\nshow(v)"},
	{"", "v := []any{X}\nshow(v...)"},
	{"", "v := map[string]any{\"a\": X}\nshow(v[\"a\"])"},
	{"", "v := struct{ a any }{X}\nshow(v.a)"},
	{"", "var q struct{ a any }\nq.a = X\nshow(q.a)"},
	{"", "var q []any\nq = append(q, 1, X)\nshow(q[1])"},
	{"", "q := []T{}\nq = append(q, X, Z)\nshow(q[0])"},
	{"", "q := append([]T{Z}, X)\nshow(q[1])"},
	{"", "q := make(chan T, 1)\nq <- X\nshow(<-q)"},
	{"", "q := make(chan any, 1)\nq <- X\nshow(<-q)"},
	{"", "q := make(chan T, 1)\nselect {\ncase q <- X:\n\tshow(<-q)\n}"},
	{"", "defer func(v T) { show(v) }(X)"},
	{"", "defer show(X)"},
	{"", "done := make(chan T)\ngo func(v T) { done <- v }(X)\nshow(<-done)"},
	{"", "switch v := any(X).(type) {\ncase T:\n\tshow(\"own\", v)\ncase nil:\n\tshow(\"nil\")\ndefault:\n\tshow(v)\n}"},
	{"", "if v := (X); y > 3 {\n\tshow(v)\n}"},
	{"", "for v := (X); ; {\n\tshow(v)\n\tbreak\n}"},
	{"", "for i := range 2 {\n\tv := X\n\tdefer func() { show(i, v) }()\n}"},
	{"", "for _, v := range ([]T{X, Z}) {\n\tshow(v)\n}"},
	{"", "show((X))"},
	{"", "f1 := func() T { return X }\nshow(f1(), f1())"},
	{"", "v := pair[T]{X, Z}\nshow(v.A)"},
	{"", "v, _ := any(X).(T)\nshow(v)"},
	{"", "_ = X\nshow(1)"},
	{"", "var v, w = X, 1\nshow(v, w)"},
	{"", "V = X\nfunc() { V = Z }()\nshow(V)"},
	{"", "func() { V = X }()\nshow(V)"},
	{"", "ptr := &V\nV = X\nshow(*ptr)"},
	{"", "read := func() T { return V }\nV = X\nshow(read())\nV = Z\nshow(read())"},
	{"", "read := func() T { return V }\nV, y = X, 6\nshow(read())"},
	{"", "func() { V, y = X, 6 }()\nshow(V)"},
	{"", "var v T\nfunc() { func() { v = X }() }()\nshow(v)"},
	{"", "var v T\nread := func() T { return v }\nfor i := range 2 {\n\tif i == 1 {\n\t\tv = X\n\t}\n\tshow(read())\n}"},
	{"", "read := func() T { return V }\nvar e error\nV, e = func() (T, error) { return X, nil }()\nshow(read(), e)"},
	{"", "read := func() T { return V }\nV = func() T { return X }()\nshow(read())"},
	{"", "read := func() T { return V }\nV = same[T](X)\nshow(read())"},
	{"", "ptr := &V\n*ptr = X\nshow(V)"},
	{"", "q := [2]T{}\nqp := &q\nqp[1] = X\nshow(q[1])"},
	{"", "var q struct{ a T }\nfunc() { q.a = X }()\nshow(q.a)"},
	{"", "var q struct{ a T }\nread := func() T { return q.a }\nq.a = X\nshow(read())\nq = struct{ a T }{Z}\nshow(read())"},
	{"", "read := func() T { return V }\nfor _, V = range ([]T{Z, X}) {\n\tshow(read())\n}"},
	{"", "v := func() (r T) {\n\tptr := &r\n\tr = X\n\tshow(*ptr)\n\treturn\n}()\nshow(v)"},
	{"", "v := func() (r T) {\n\tdefer func() { r = X }()\n\treturn Z\n}()\nshow(v)"},
	{"", "q := make(chan T, 1)\nq <- X\nread := func() T { return V }\nV = <-q\nshow(read())"},
	{"", "q := map[int]T{1: X}\nread := func() T { return V }\nvar ok bool\nV, ok = q[1]\nshow(read(), ok)"},
	{"", "var a any = X\nread := func() T { return V }\nvar ok bool\nV, ok = a.(T)\nshow(read(), ok)"},
	{"", "type local struct{ v T }\nq := local{X}\nr := q\nr.v = Z\nshow(q.v, r.v)"},
	{"", "q := []T{X}\nr := q\nr[0] = Z\nshow(q[0])"},
	{"", "q := [1]T{X}\nr := q\nr[0] = Z\nshow(q[0], r[0])"},
	{"", "q := &struct{ a T }{X}\nr := *q\nr.a = Z\nshow(q.a, r.a)"},
	{"", "var v T = X\nw := v\nw = Z\nshow(v, w)"},
	{"=", "show((X) == Z, Z == (X), (X) != V)"},
	{"=", "switch (X) {\ncase Z:\n\tshow(\"z\")\ndefault:\n\tshow(\"other\")\n}"},
	{"=", "switch Z {\ncase (X):\n\tshow(\"x\")\ndefault:\n\tshow(\"other\")\n}"},
	{"=", "if (X) == Z || (X) == V {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"=", "show(any(X) == any(Z), any(Z) != any(X))"},
	{"!", "if (X) {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "if (X) && y == 5 {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "if (X) || y == 4 {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "if y == 5 && (X) {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "if y == 4 || (X) {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "if !(X) && !(Z) {\n\tshow(1)\n} else {\n\tshow(2)\n}"},
	{"!", "n := 0\nfor n < 3 && (X) {\n\tn++\n}\nshow(n)"},
	{"!", "switch {\ncase y == 4, (X):\n\tshow(1)\ndefault:\n\tshow(2)\n}"},
	{"!", "v := (X) && y == 5 || Z\nshow(v, !v)"},
	{"!", "show((X) && y == 5, (X) || y == 4, y == 5 && (X), y == 4 || (X), !(X))"},
	{"!", "show(func() bool { return (X) && y == 5 }(), func() bool { return y == 4 || (X) }())"},
	{"!", "v, w := func() (any, bool) { return (X) || Z, (X) && Z }()\nshow(v, w)"},
	{"<", "show((X) < Z, (X) >= Z, min(X, Z))"},
	{"<", "n := 0\nfor v := Z; v < (X) && n < 3; n++ {\n}\nshow(n)"},
	{"+", "V += X\nshow(V)"},
	{"+", "q := []T{Z}\nq[0] += X\nshow(q[0])"},
	{"+", "q := map[int]T{}\nq[1] += X\nshow(q[1])"},
	{"+", "show((X) + Z, Z + (X))"},
	{"+", "q := &struct{ a T }{Z}\nq.a += X\nshow(q.a)"},
	{"-", "show((X) - Z, -(X), (X) * Z)"},
	{"-", "V -= X\nshow(V)"},
	{"-", "v := X\nv++\nshow(v, -v)"},
	{"-", "show(func() (T, T) { return -(X), (X) - Z }())"},
}

const matrixHead = `package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

var (
	_ = errors.New
	_ = maps.Clone[map[int]int]
	_ = math.Sqrt
	_ = slices.Clone[[]int]
	_ = strconv.Itoa
	_ = strings.Index
)

type T struct{ A int }

func (t T) Get() int        { return t.A + 1 }
func (t T) Plus(n int) int  { return t.A + n }
func (t *T) Add(n int) int  { t.A += n; return t.A }
func (t *T) Put(n int) int  { t.A = n; return t.A }
func (t *T) Copy() T        { return *t }
func (t *T) Self() *T       { return t }

type U struct{ A int }
type Getter interface{ Get() int }
type ID int

func (i ID) Get() int { return int(i) * 100 }
func (i ID) Next() ID { return i + 1 }

type Tag string

func (t Tag) String() string { return "<" + string(t) + ">" }

type Stack []int

func (s Stack) With(n int) Stack { return append(s, n) }

type E struct{ n int }

func (e E) Error() string { return fmt.Sprint("E", e.n) }

type PE struct{ n int }

func (e *PE) Error() string { return fmt.Sprint("PE", e.n) }

type pair[P any] struct{ A, B P }

func (p pair[P]) Swap() pair[P] { return pair[P]{p.B, p.A} }

type TB struct{ B bool }
type FV struct{ X, Y float64 }

func (f FV) Self() FV          { return f }
func (f FV) Neg() FV           { return FV{-f.X, -f.Y} }
func (f FV) Array() [2]float64 { return [2]float64{f.X, f.Y} }

type FN float64

type PS struct{ S string }

type context struct {
	y  int
	s  string
	b  bool
	f  float64
	l  []int
	t  T
	pt *T
	m  map[string]int
	op func(int) int
	ch chan int
}

var g = context{y: 50, s: "global", b: true}

func four() int                  { return 4 }
func ten(n int) int              { return n * 10 }
func str() string                { return "str" }
func yes() bool                  { return true }
func half(f float64) float64     { return f / 2 }
func list(n int) []int           { return make([]int, n) }
func same[P any](p P) P          { return p }
func second[P, Q any](p P, q Q) Q { return q }
func mkp(n int) *int             { return &n }
func mk(n int) T                 { return T{n} }
func adder(n int) func(int) int  { return func(m int) int { return n + m } }
func box(x any) any              { return x }
func bad(n int) error            { return E{n} }
func giveGetter(n int) Getter    { return T{n} }
func pairOf[P any](a, b P) pair[P] { return pair[P]{a, b} }
func use(...any)                 {}

func show(list ...any) {
	for _, x := range list {
		switch x := x.(type) {
		case nil:
			fmt.Print(" nil")
		case func(int) int:
			if x == nil {
				fmt.Print(" nilfunc")
			} else {
				fmt.Print(" func ", x(3))
			}
		case *T:
			if x == nil {
				fmt.Print(" nilT")
			} else {
				fmt.Print(" &", *x)
			}
		case *int:
			fmt.Print(" *", *x)
		case *PE:
			fmt.Print(" *", x)
		case chan int:
			fmt.Print(" chan ", cap(x))
		case []int:
			fmt.Print(" ", x, x == nil, len(x))
		default:
			fmt.Printf(" %T(%v)", x, x)
		}
	}
	fmt.Println()
}

`

// matrixSetup are the variables of each case.
var matrixSetup = []struct{ names, text string }{
	{"y", "y := 5"}, {"s", `s := "abc"`}, {"b", "b := false"}, {"f", "f := 6.5"}, {"z", "z := 3 + 4i"},
	{"l", "l := []int{9, 8, 7}"}, {"arr", "arr := [3]int{1, 2, 3}"}, {"m", `m := map[string]int{"a": 3}`}, {"ss", `ss := []string{"q", "r"}`}, {"ms", `ms := map[string]string{"a": "v"}`},
	{"bs", `bs := []byte("xyz")`}, {"bl", "bl := []bool{true}"}, {"fl", "fl := []float64{1.25}"}, {"zl", "zl := []complex128{1i}"}, {"t", "t := T{20}"}, {"u", "u := U{2}"}, {"pt", "pt := &T{30}"},
	{"upt", "upt := &U{44}"}, {"tl", "tl := []T{{1}, {2}}"}, {"mt", "mt := map[int]T{1: {4}}"}, {"pl", "pl := []*T{{6}}"}, {"ll", "ll := [][]int{{1, 2}}"}, {"aa", "aa := [][3]int{{4, 5, 6}}"}, {"parr", "parr := &[3]int{7, 8, 9}"},
	{"id", "id := ID(8)"}, {"ids", "ids := []ID{4}"}, {"mid", `mid := map[string]ID{"a": 2}`}, {"pid", "pid := new(ID)"}, {"tag", `tag := Tag("tag")`}, {"stack", "stack := Stack{1, 2}"}, {"tb", "tb := TB{true}"},
	{"pa", "pa := pair[int]{1, 2}"}, {"pas", "pas := []pair[int]{{3, 4}}"}, {"err", "var err error = E{1}"}, {"errs", "errs := []error{&PE{2}}"}, {"get", "var get Getter = T{7}"}, {"getters", "getters := []Getter{T{1}, ID(2)}"},
	{"an", "var an any = 6"}, {"as", `var as any = "any"`}, {"ab", "var ab any = true"}, {"af", "var af any = 1.5"}, {"al", "var al any = []int{3}"}, {"at", "var at any = T{5}"}, {"ap", "var ap any = &T{6}"},
	{"af1", "var af1 any = func(n int) int { return n - 1 }"}, {"ae", "var ae any = E{3}"}, {"ag", "var ag any = T{8}"}, {"aid", "var aid any = ID(9)"}, {"anys", "anys := []any{1, T{2}}"},
	{"op1", "op1 := func(n int) int { return n + 1 }"}, {"op", "op := func(a, b int) int { return a * b }"}, {"fs", "fs := []func(int) int{ten}"}, {"mf", `mf := map[string]func(int) int{"a": ten}`},
	{"ch", "ch := make(chan int, 3)\nch <- 41\nch <- 42\nch <- 43"}, {"chs", "chs := make(chan string, 3)\nchs <- \"c1\"\nchs <- \"c2\"\nchs <- \"c3\""}, {"chb", "chb := make(chan bool, 3)\nchb <- true\nchb <- false\nchb <- true"},
	{"chl", "chl := make(chan []int, 3)\nchl <- []int{1}\nchl <- []int{2}\nchl <- nil"}, {"cht", "cht := make(chan T, 3)\ncht <- T{1}\ncht <- T{2}\ncht <- T{3}"}, {"cha", "cha := make(chan any, 3)\ncha <- 1\ncha <- T{2}\ncha <- nil"},
	{"p", "pi := 17\np := &pi"}, {"pstr", "str1 := \"ptr\"\npstr := &str1"}, {"pb", "bo := true\npb := &bo"}, {"pf", "fo := 9.5\npf := &fo"}, {"nz", "nz := math.Copysign(0, -1)"}, {"fn", "fn := FV{math.Copysign(0, -1), math.Copysign(0, -1)}"}, {"pfn", "pfn := &FV{math.Copysign(0, -1), 0}"}, {"fnl", "fnl := []FV{{math.Copysign(0, -1), 0}}"}, {"pp", "pp := &T{71}"}, {"ps", "ps := &PS{\"ps\"}"},
	{"sb", "var sb strings.Builder\nsb.WriteString(\"built\")"},
	{"c", "c := &context{y: 61, s: \"cs\", b: true, f: 3.5, l: []int{6}, t: T{62}, pt: &T{63}, m: map[string]int{\"c\": 1}, op: ten, ch: ch}"},
}

// matrixProgram has a function for each form of the types in each context, or for every
// so manyth.
func matrixProgram(every int, list ...matrixType) string {
	var b, calls strings.Builder
	b.WriteString(matrixHead)
	n := 0
	for _, t := range list {
		n = matrixOf(t, n, every, &b, &calls)
	}
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

func matrixOf(t matrixType, n, every int, b, calls *strings.Builder) int {
	for i, form := range t.forms {
		for _, c := range matrixContexts {
			if !strings.Contains(t.ops, c.needs) {
				continue
			}
			if strings.HasPrefix(form, "<-") && (strings.Contains("<!", c.needs) && c.needs != "" || strings.Contains(c.text, "for ")) {
				continue // it would wait for ever
			}
			if form == "nil" && (strings.Contains(c.text, "v := X") || strings.Contains(c.text, "v := (X)") || strings.Contains(c.text, "= X, 1") || strings.Contains(c.text, "_ = X") || strings.Contains(c.text, "switch (X)") || strings.Contains(c.text, "V, w := X")) {
				continue
			}
			if n++; n%every != 0 {
				continue
			}
			text := c.text
			for _, r := range []struct{ from, to string }{{"gv_N", fmt.Sprintf("gv%d", n)}, {"X", form}, {"T", t.typ}, {"Z", "other"}, {"V", "own"}} {
				text = replaceWord(text, r.from, r.to, form)
			}
			if strings.Contains(c.text, "gv_N") {
				fmt.Fprintf(b, "var gv%d %s\n\n", n, t.typ)
			}
			setup := neededSetup(text + "\n" + t.forms[0])
			fmt.Fprintf(b, "func c%d() {\n\tdefer func() {\n\t\tif r := recover(); r != nil {\n\t\t\tfmt.Println(\"panic:\", r)\n\t\t}\n\t}()\n", n)
			b.WriteString(setup)
			fmt.Fprintf(b, "\tvar other, own %s = %s, %s\n\tfunc() { own = other }()\n\tuse(other, own)\n", t.typ, t.forms[0], t.forms[0])
			b.WriteString(indent(text) + "\n}\n\n")
			fmt.Fprintf(calls, "\tfmt.Print(%q)\n\tc%d()\n", fmt.Sprintf("%s %d %s: ", t.name, i, strings.ReplaceAll(c.text, "\n", "; ")), n)
		}
	}
	return n
}

// matrixGeneric has a generic function for each form of a value of its type parameter in
// each context, and calls it with a value of the type.
func matrixGeneric(every int, list ...matrixType) string {
	var b, calls strings.Builder
	b.WriteString(matrixHead)
	n := 0
	for _, form := range []string{"val", "same(val)", "vals[0]", "pv.A", "func() P { return val }()", "any(val).(P)", "*place", "<-queue", "[2]P{val, other}[0]", `named["a"]`, "pair[P]{other, val}.Swap().A", "zero"} {
		for _, c := range matrixContexts {
			if c.needs != "" && c.needs != "=" || strings.HasPrefix(form, "<-") && strings.Contains(c.text, "for ") || strings.Contains(c.text, "type local") || strings.Contains(c.text, "gv_N") {
				continue
			}
			if n++; n%every != 0 {
				continue
			}
			text := c.text
			for _, r := range []struct{ from, to string }{{"X", form}, {"T", "P"}, {"Z", "other"}, {"V", "own"}} {
				text = replaceWord(text, r.from, r.to, form)
			}
			constraint := "any"
			if c.needs == "=" {
				constraint = "comparable"
			}
			fmt.Fprintf(&b, `func h%d[P %s](val, other P) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("panic:", r)
		}
	}()
	y, own := 5, val
	vals, pv, place, queue, named := []P{val}, &pair[P]{val, other}, &val, make(chan P, 3), map[string]P{"a": val}
	var zero P
	for range 3 {
		queue <- val
	}
	use(y, own, vals, pv, place, queue, named, zero)
	func() { own = other }()
%s
}

`, n, constraint, indent(text))
			for _, t := range list {
				if !strings.Contains(t.ops, c.needs) {
					continue
				}
				own, other := t.forms[0], t.forms[len(t.forms)-1]
				fmt.Fprintf(&calls, "\tfmt.Print(%q)\n\tfunc() {\n%s\t\th%d[%s](%s, %s)\n\t}()\n", t.name+" "+form+" "+strings.ReplaceAll(c.text, "\n", "; ")+": ", neededSetup(own+"\n"+other), n, t.typ, own, other)
			}
		}
	}
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

func indent(s string) string { return "\t" + strings.ReplaceAll(s, "\n", "\n\t") }

// replaceWord replaces the word from; form, which may hold it as a type, stays whole.
func replaceWord(text, from, to, form string) string {
	const hole = "\x00"
	if from != "X" && form != "" {
		text = strings.ReplaceAll(text, form, hole)
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		if strings.HasPrefix(text[i:], from) && (i == 0 || !wordByte(text[i-1])) && (i+len(from) == len(text) || !wordByte(text[i+len(from)])) {
			b.WriteString(to)
			i += len(from)
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return strings.ReplaceAll(b.String(), hole, form)
}

func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// neededSetup is the variables that a text uses, and those that they use.
func neededSetup(text string) string {
	need := map[string]bool{"y": true}
	for i := len(matrixSetup) - 1; i >= 0; i-- {
		s := matrixSetup[i]
		if need[s.names] || hasWord(text, s.names) {
			need[s.names] = true
			text += "\n" + s.text
		}
	}
	var b strings.Builder
	for _, s := range matrixSetup {
		if need[s.names] {
			b.WriteString(indent(s.text) + "\n\tuse(" + s.names + ")\n")
		}
	}
	return b.String()
}

func hasWord(text, word string) bool { return replaceWord(text, word, "", "") != text }

// TestMatrix compares them: all with -long, which takes minutes, or a sample.
func TestMatrix(t *testing.T) {
	if *long {
		for _, mt := range matrixTypes {
			t.Run(mt.name, func(t *testing.T) { compareMatrix(t, matrixProgram(1, mt)) })
			t.Run(mt.name+" in generic functions", func(t *testing.T) { compareMatrix(t, matrixGeneric(1, mt)) })
		}
		return
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("go is not on the path")
	}
	compareMatrix(t, matrixProgram(53, matrixTypes...))
	compareMatrix(t, matrixGeneric(53, matrixTypes...))
}

// compareParts compares a program in parts with -long: all of them, or every so manyth.
// Without it compares one part of sample.
func compareParts(t *testing.T, program func(every, from int) string, parts, step, sample int) {
	if *long {
		for i := 0; i < parts; i += step {
			t.Run(fmt.Sprint(i), func(t *testing.T) { compareMatrix(t, program(parts, i)) })
		}
		return
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("go is not on the path")
	}
	compareMatrix(t, program(sample, 7))
}

func compareMatrix(t *testing.T, src string) {
	cache := os.Getenv("LOUPE_CORPUS_CACHE")
	if cache == "" {
		cache = t.TempDir()
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	want, err := compiled(file, cache)
	if err != nil || want.Err != "" {
		t.Fatalf("the program is wrong: %v %s", err, want.Err)
	}
	got := interpreted(file, dir)
	if got.Err != "" {
		t.Errorf("%s", got.Err)
	}
	w, g := strings.Split(string(want.Stdout), "\n"), strings.Split(string(got.Stdout), "\n")
	for i := range max(len(w), len(g)) {
		if at(w, i) != at(g, i) {
			t.Errorf("line %d: got %q want %q", i+1, at(g, i), at(w, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}
