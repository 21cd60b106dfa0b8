package kernel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// play runs cells of a prompt and returns what a reader sees, one line for
// each event that is text.
func play(t *testing.T, k *Kernel, r *record, cells ...string) string {
	t.Helper()
	var b strings.Builder
	for _, src := range cells {
		n := len(r.events)
		inputs[k]++
		_ = k.Run(context.Background(), Cell{Name: fmt.Sprintf("In[%d]", inputs[k]), Source: src, Show: true})
		for _, e := range r.events[n:] {
			switch e := e.(type) {
			case Stdout:
				b.WriteString(e.Text)
			case Stderr:
				b.WriteString("err: " + e.Text)
			case Display:
				b.WriteString("= " + e.Data["text/plain"] + "\n")
			case Failed:
				b.WriteString("! " + e.Err.Error() + "\n")
			case Warning:
				b.WriteString("~ " + e.Text + "\n")
			}
		}
	}
	return b.String()
}

var inputs = map[*Kernel]int{}

// TestCells runs prompts: cells, then what a reader sees.
func TestCells(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []string
		want  string
	}{
		{"value", []string{"1+2", `x := "a"`, "x", "x + \"b\""}, "= 3\n= \"a\"\n= \"ab\"\n"},
		{"results", []string{`strings.Cut("a=b", "=")`, `strconv.Atoi("7")`, `strconv.Atoi("z")`}, "= \"a\", \"b\", true\n= 7\n= 0\n= strconv.Atoi: parsing \"z\": invalid syntax\n"},
		{"builtins and conversions", []string{`len("abc")`, "x := []int{1}\ncap(x)", "append(x, 2)", "*new(int)", "int64(3)", `[]byte("hi")`, "type T int\nT(3)", "min(1, 2)", "complex(1, 2)", "(*int)(nil)", "func f() {}\nf()", "x = nil\nlen(x)"},
			"= 3\n= 1\n= [1 2]\n= 0\n= 3\n= [104 105]\n= 3\n= 1\n= (1+2i)\n= nil\n= 0\n"},
		{"no value", []string{"1 << 70", "nil"}, "! In[1]:1:1: 1 << 70 (untyped int constant 1180591620717411303424) overflows int: to show it, convert it to a type that holds it, such as float64\n! In[2]:1:1: nil alone has no type, so there is no value to show\n"},
		{"redefine", []string{"x := 1", `x := "s"`, "x", "var x float64", "x", "x = x + 1", "x"}, "= \"s\"\n= 0\n= 1\n"},
		{"functions", []string{"func f(n int) int { return n+1 }", "func g(n int) int { return f(n)*10 }", "g(1)", "func f(n int) int { return n+2 }", "g(1)"}, "= 20\n= 30\n"},
		{"function uses a variable of its cell", []string{"x := 5\nfunc f() int { return x }\nf()"}, "= 5\n"},
		{"types", []string{"type T struct{ A int; b string }\nfunc (t T) Twice() int { return 2*t.A }", `t := T{3, "x"}`, "t", "t.Twice()", "&t", "[]T{t}"}, "= {A:3 b:x}\n= 6\n= &{A:3 b:x}\n= [{A:3 b:x}]\n"},
		{"a type again", []string{"type T struct{ A int }", "t := T{1}", "type T struct{ A, B int }", "t", "u := T{1, 2}", "u"}, "= {A:1}\n= {A:1 B:2}\n"},
		{"types of earlier types", []string{"type T struct{ A int }\nfunc (t T) M() int { return t.A }", "type U T", "type A = T", "type P *T", "type G[X any] struct{ x X }", "type H G[int]", "type I interface{ M() int }", "type J I",
			"U{3}", "A{4}.M()", "P(&T{5}).A", "H{6}", "var j J = T{7}\nj.M()", "fmt.Printf(\"%T %T %T %T\", U{}, A{}, H{}, j)"}, "= {A:3}\n= 4\n= 5\n= {x:6}\n= 7\nmain.U main.T main.H main.T"},
		{"native insides", []string{"type T struct{ M sync.Map; l list.List }\nfmt.Sprint(T{})"}, "= \"{{{} {{{} 0} {0 0} {[] {} <nil>} <nil> <nil> 0}} {{<nil> <nil> <nil> <nil>} 0}}\"\n"},
		{"compile error", []string{"x := 1", `x + "s"`, "x = y", "x"}, "! In[2]:1:1: invalid operation: x + \"s\" (mismatched types int and untyped string)\n! In[3]:1:5: undefined: y\n= 1\n"},
		{"nothing of a wrong cell", []string{"x := 1", "x = 2\nx = \"s\"", "x"}, "! In[2]:2:5: cannot use \"s\" (untyped string constant) as int value in assignment\n= 1\n"},
		{"second line", []string{"a := 1\nb := a +\n  nope"}, "! In[1]:3:3: undefined: nope\n"},
		{"panic", []string{"x := []int{1}", "i := 3\nx[i] = 2", "x", `panic("boom")`, "var m map[string]int\nm[\"a\"] = 1"},
			"! In[2]:2:1: panic: runtime error: index out of range [3] with length 1\n= [1]\n! In[4]:1:1: panic: boom\n! In[5]:2:1: panic: assignment to entry in nil map\n"},
		{"indexes of loops", []string{"x := []int{1, 2, 3, 4}\nshrink := func() int { x = x[:1]; return 1 }\ns := 0", "for i := 0; i < len(x); i++ {\n\ts += x[i]\n}\ns", "for i := 0; i < 4; i++ {\n\ts = 0\n\ts += x[i&3] + x[i]\n\ts += shrink() + x[i+1]\n}", "func f(y []int) int {\n\tt := 0\n\tcut := func() { y = y[:2] }\n\tfor i := 0; i < len(y); i++ {\n\t\tif i == 1 { cut(); i = 5 }\n\t\tt += y[i]\n\t}\n\treturn t\n}\nf([]int{1, 2, 3})", "n := -1\nt := 0\nt += x[n&7]"},
			"= 10\n! In[3]:4:2: panic: runtime error: index out of range [1] with length 1\n! In[4]:6:3: panic: runtime error: index out of range [5] with length 2\n! In[5]:3:1: panic: runtime error: index out of range [7] with length 1\n"},
		{"goroutine panic", []string{"done := make(chan int)", "go func() { panic(\"in the back\") }()\n<-done", "1"}, "! In[2]:1:13: panic: in the back\n= 1\n"},
		{"goroutine panic after its cell", []string{"c := make(chan int)", "go func() {\n<-c\npanic(\"late\") }()", "c <- 1; time.Sleep(5e7); fmt.Println(\"on\")"}, "~ a goroutine of this cell goes on: started in line 1 waits in line 2 (chan receive) (%stop ends them)\n~ a background goroutine ended with panic: late\non\n"},
		{"output", []string{`fmt.Println("a")` + "\n" + `fmt.Fprintln(os.Stdout, "b")` + "\n" + `fmt.Print("c\n")` + "\nfmt.Fprintln(os.Stderr, \"d\")\nprintln(1, 2.5)\nlog.SetFlags(0)\nlog.Print(\"l\")"},
			"a\nb\nc\nerr: d\n1 2.5\nl\n"},
		{"exit", []string{`defer fmt.Println("no")` + "\nos.Exit(3)", "1"}, "! In[1]:2:1: exit status 3\n= 1\n"},
		{"nil", []string{"var e error", "e", "var p *int", "p"}, "= nil\n"},
		{"unused in a block", []string{"if true { y := 1 }"}, "~ declared and not used: y (go run refuses this)\n"},
		{"loop at top", []string{"s := 0\nfor i := range 4 { s += i }\ns"}, "= 6\n"},
		{"defer", []string{`defer fmt.Println("later")` + "\n" + `fmt.Println("first")`, `fmt.Println("next")`}, "first\nlater\nnext\n"},
		{"main", []string{"func main() { fmt.Println(\"in main\") }", "1"}, "in main\n= 1\n"},
		{"magic", []string{"%tim 1", "x := 1", "%reset", "x"}, "! In[1]:1:1: no command %tim; nearest: %time, %timeit; %help lists them\n! In[4]:1:1: undefined: x\n"},
		{"generic", []string{"func Map[T, U any](xs []T, f func(T) U) []U {\n var out []U\n for _, x := range xs { out = append(out, f(x)) }\n return out }", `Map([]int{1,2}, func(i int) string { return fmt.Sprint(i*2) })`}, "= [2 4]\n"},
		{"error is shown", []string{`errors.New("bad")`}, "= bad\n"},
		{"a method later", []string{"type T struct{ A int }", "t := T{3}", "func (t T) Twice() int { return 2 * t.A }", "t.Twice()",
			"func f(t T) int { return t.Twice() }", "f(t)", "func (t T) Twice() int { return 20 * t.A }", "f(t)",
			"func (t *T) Add(n int) *T { t.A += n; return t.again() }\nfunc (t *T) again() *T { t.A++; return t }\nt.Add(5).A", "t.A"},
			"= 6\n= 6\n= 60\n= 9\n= 9\n"},
		{"a method that prints", []string{"type T struct{ A int }", "t := T{3}", "fmt.Println(t)", "func (t T) String() string { return fmt.Sprint(\"T#\", t.A) }", "fmt.Println(t, []T{t}, &t)", "var s fmt.Stringer = t\ns",
			"func (t T) String() string { return \"other\" }", "fmt.Println(s)"},
			"{3}\nT#3 [T#3] T#3\n= T#3\nother\n"},
		{"a wrong method later", []string{"type T struct{ A int }", "t := T{3}", "func (t T) Bad() int { return \"x\" }", "func (t T) Bad() string { return \"x\" }\nt.Bad()", "func (t T) A() int { return 1 }", "func (t T) Bad() int { return 1 }",
			"type U struct{}\nfunc (t T) With(u U) int { return 1 }", "t.Bad()"},
			"! In[3]:1:31: cannot use \"x\" (untyped string constant) as int value in return statement\n= \"x\"\n! In[5]:1:12: field and method with the same name A\n! In[6]:1:12: loupe cannot add method Bad to type T of an earlier cell, which has a method Bad with another signature, func() string: declare the type and all of its methods in one cell\n! In[7]:2:12: loupe cannot add method With to type T of an earlier cell, which cannot know type U of this cell: declare the type and all of its methods in one cell\n= \"x\"\n"},
		{"packages used before a := of a block", []string{"func() {\n\tfmt.Println(strings.ToUpper(\"a\"))\n\tx := 1\n\tfmt.Println(x)\n}()", "for _, s := range strings.Fields(\"b c\") {\n\tt := strings.ToUpper(s)\n\tfmt.Print(t)\n}", "strings := []string{\"d\"}\nfunc() { fmt.Println(strings) }()"}, "A\n1\nBC[d]\n"},
		{"imports by other names", []string{"import str \"strings\"", "str.ToUpper(\"a\")", "import s2 \"strings\"\ns2.ToLower(\"B\")", "import . \"math\"\nSqrt(4)", "Sqrt(9) + Pi - Pi", "Sqrt := 7", "Sqrt", "Floor(2.5)", "%reset", "Floor(2.5)"},
			"= \"A\"\n= \"b\"\n= 2\n= 3\n= 7\n= 2\n! In[10]:1:1: undefined: Floor\n"},
		{"an import of a variable's name", []string{"big := 1", "import \"math/big\"\nbig.NewInt(3)", "big = 2", "big := 4", "big"},
			"= 3\n! In[3]:1:1: undefined: big\n= 4\n"},
		{"a value among others", []string{"make([]int, 1)\nos.ReadFile(\"x\")"}, "! In[1]:1:1: make([]int, 1) (value of type []int) is not used\n"},
		{"a pasted program", []string{"// Copyright\n\npackage main\n\nimport \"fmt\"\n\nconst greet = \"hello\"\n\nfunc main() {\n\tfmt.Println(greet)\n}\n", "greet", "package main; 2", "package foo\nx := 1", "package main\npackage main"},
			"hello\n= \"hello\"\n= 2\n! In[4]:1:1: package foo cannot be a cell: what cells declare is of package main\n! In[5]:2:1: syntax error: unexpected keyword package, expected }\n"},
		{"cells that end too early", []string{"x := ", "x := (1 +", "if true {", "func f() {\n\tfor {\n}", "x := 1 }", "if true {\n}}", "/* never", "x := 1 /* never\n"},
			"! In[1]:1:5: syntax error: unexpected EOF, expected expression\n! In[2]:1:10: syntax error: unexpected EOF, expected expression\n! In[3]:1:10: syntax error: unexpected EOF, expected }\n! In[4]:3:2: syntax error: unexpected EOF, expected }\n" +
				"! In[5]:1:8: syntax error: unexpected }\n! In[6]:2:2: syntax error: unexpected }\n! In[7]:1:1: comment not terminated\n! In[8]:1:8: comment not terminated\n"},
		{"embedded files", []string{"//go:embed x.txt\nvar text string", "text"}, "! In[1]:1:1: go:embed cannot be in a cell: os.ReadFile reads the file\n! In[2]:1:1: undefined: text\n"},
		{"unknown", []string{"foo.Bar()"}, "! In[1]:1:1: undefined: foo\n"},
		{"method of an earlier generic type", []string{"type T[E any] []E", "func (t T[E]) M() {}"}, "! In[2]:1:15: loupe cannot add method M to type T of an earlier cell, which is generic: declare the type and all of its methods in one cell\n"},
		{"loop heads on one line", []string{"n := 0; for ; ; n++ { if n > 2 { break } }; n", "for i := 0; ; { if i > 4 { n = i; break }; i++ }; n"}, "= 3\n= 5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			if got := play(t, k, r, c.cells...); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestGenericsOfEarlierTypes: types of earlier cells are type arguments as well
// as those of the same cell.
func TestGenericsOfEarlierTypes(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "type C float64", "func id[X any](x X) X { return x }", "id(C(3))", "c := C(1)\nid(c)", "type G[T any] struct{ x T }", "var g G[C]\ng", "func h[T any](t T) { var g G[T]; fmt.Printf(\"%T\\n\", g) }\nh(c)",
		"func mk() any { type loc struct{ A int }; return id(loc{1}) }\nmk()", "slices.MaxFunc([]C{1, 3}, cmp.Compare[C])", "slices.Collect(maps.Values(map[C]G[C]{1: {2}}))", "func f() func() C { type in C; return func() C { return C(id(in(4))) } }", "f()()")
	want := "= 3\n= 1\n= {x:0}\nmain.G[main.C]\n= {A:1}\n= 3\n= [{x:2}]\n= 4\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLastCallOfTwoValues: a cell may end with a call whose results nothing takes
// and declare what a later cell uses.
func TestLastCallOfTwoValues(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "later := 4\nfmt.Println(\"now\")", "fmt.Println(later)\nunused := 1\nlen(\"abc\")")
	if want := "now\n4\n= 3\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLoadStepSave: a notebook is stepped through, changed and saved; what was not
// changed stays byte for byte.
func TestLoadStepSave(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	path := filepath.Join(t.TempDir(), "n.go")
	src := "// A notebook.\npackage main\n\nimport \"fmt\"\n\n// twice is here.\nfunc twice(n int) int { return 2 * n }\n\nfunc main() {\n\t// %% [markdown]\n\t// # Text\n\n\t// %% One\n\t// a comment\n\tn := 2 // another\n\tfmt.Println(twice(n))\n\n\t// %% Two\n\tfmt.Println(n + 1)\n}\n"
	if err := os.WriteFile(path, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	got := play(t, k, r, "%step", "%load "+path, "%step", "n", "%save", "%step", "%step",
		"// %% Two\nfmt.Println(n + 10)", "// %% Three\ns := strings.ToUpper(\"end\")\nfmt.Println(s)", "%step One", "%step no", "%save")
	want := "! no notebook is loaded: %load FILE.go\n= 1 One\n2 Two\n= # Text\n= // %% One\n// a comment\nn := 2 // another\nfmt.Println(twice(n))\n4\n= 2\n= saved " + path +
		"\n= // %% Two\nfmt.Println(n + 1)\n3\n= the notebook has no further cell; %step N runs one again, %save keeps what was changed\n12\nEND\n" +
		"= // %% One\n// a comment\nn := 2 // another\nfmt.Println(twice(n))\n4\n! notebook: " + path + " has no code cell \"no\"; its cells are 1 One, 2 Two, 3 Three\n= saved " + path + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src = strings.Replace(src, "n + 1)\n", "n + 10)\n\n\t// %% Three\n\ts := strings.ToUpper(\"end\")\n\tfmt.Println(s)\n", 1)
	src = strings.Replace(src, "\n\nimport \"fmt\"", "\n\nimport \"strings\"\n\nimport \"fmt\"", 1)
	if string(saved) != src {
		t.Errorf("saved\n%s\nwant\n%s", saved, src)
	}
}

// TestRedefinedTwice: earlier functions call the newest version, of generic functions too,
// and instances of theirs.
func TestRedefinedTwice(t *testing.T) {
	for name, c := range map[string]struct {
		cells []string
		want  string
	}{
		"a function": {[]string{"func h() string { return \"a\" }\nfunc f() string { return h() }", "f()", "func h() string { return \"b\" }\nf()", "func h() string { return \"c\" }", "f()", "func h() string { return \"d\" }\nf()"},
			"= \"a\"\n= \"b\"\n= \"c\"\n= \"d\"\n"},
		"that a generic function calls": {[]string{"func h() string { return \"a\" }\nfunc g[X any](x X) string { return h() }\nfunc c() string { return g(1) }", "c()", "func h() string { return \"b\" }", "c() + g(2) + g(\"s\")", "func h() string { return \"c\" }", "c() + g(2)"},
			"= \"a\"\n= \"bbb\"\n= \"cc\"\n"},
		"that a method of a generic type calls": {[]string{"func h() string { return \"a\" }\ntype S[T any] struct{ v T }\nfunc (s S[T]) M() string { return h() }\nfunc (s *S[T]) P() string { return h() }", "var s S[int]\nvar i interface{ M() string; P() string } = &s\nfunc q() string { return s.M() }\nq()", "func h() string { return \"b\" }", "q() + i.M() + i.P()"},
			"= \"a\"\n= \"bbb\"\n"},
		"a generic function": {[]string{"func g[X any](x X) string { return \"a\" }\nfunc gg[X any](x X) string { return g(x) }\nfunc h() string { return gg(1) + g(\"s\") }", "h()", "func g[X any](x X) string { return \"b\" }", "h()", "func g[Y any](x Y) string { return \"c\" }\nh() + g(1)"},
			"= \"aa\"\n= \"bb\"\n= \"ccc\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			if got := play(t, k, r, c.cells...); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
