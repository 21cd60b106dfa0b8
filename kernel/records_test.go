package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"
)

// TestStale: what depends on something that changed is known, through
// functions, methods, other values and pointers, and nothing else is.
func TestStale(t *testing.T) {
	for name, c := range map[string]struct {
		cells []string
		want  string
	}{
		"nothing":           {[]string{"x := 1", "y := x", "fmt.Print()"}, "[]"},
		"a value":           {[]string{"x := 1", "y := x + 1", "z := y", "w := 5", "x = 2"}, "[In[2] In[3]]"},
		"declared again":    {[]string{"x := 1", "y := x + 1", "x := 2"}, "[In[2]]"},
		"its own change":    {[]string{"x := 1", "x = x + 1", "x++"}, "[]"},
		"superseded":        {[]string{"x := 1", "y := x", "y := 3", "x = 2"}, "[]"},
		"a function":        {[]string{"func f() int { return 1 }", "y := f()", "func f() int { return 2 }"}, "[In[2]]"},
		"through functions": {[]string{"x := 1", "func f() int { return x }", "func g() int { return f() }", "y := g()", "x = 2"}, "[In[4]]"},
		"a type":            {[]string{"type T struct{ A int }", "t := T{1}", "type T struct{ A, B int }"}, "[In[2]]"},
		"a method":          {[]string{"type T struct{ A int }", "t := T{1}", "func (t T) M() int { return 1 }", "y := t.M()", "func (t T) M() int { return 2 }"}, "[In[4]]"},
		"pointers":          {[]string{"n := 2", "var b strings.Builder", "fmt.Fprint(&b, n)", "b.WriteString(\"x\")", "s := b.String()", "n = 3"}, "[In[3] In[4] In[5]]"},
		"its own names":     {[]string{"x := 1\ny := x", "func f() int { return x }\nz := f()", "x = 2", "func f() int { return 3 }"}, "[In[2]]"},
		"a constant":        {[]string{"const c = 1", "y := c", "const c = 2"}, "[In[2]]"},
		"through a call":    {[]string{"x := 1", "func f() { x++ }", "y := x", "f()"}, "[In[3]]"},
		"a memory":          {[]string{"m := map[int]int{}", "func f(n int) int { m[n] = n; return n }", "a := f(1)", "b := f(2)"}, "[]"},
		"a printing cell":   {[]string{"x := 1", "fmt.Print(x)", "x = 2"}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			if got := play(t, k, r, c.cells...); strings.Contains(got, "!") {
				t.Fatal(got)
			}
			if got := fmt.Sprint(k.Stale()); got != c.want {
				t.Errorf("stale %s want %s", got, c.want)
			}
		})
	}
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "x := 1", "y := x * 10", "z := y + 1", "x = 7")
	if got := play(t, k, r, "%who"); !strings.Contains(got, "(stale) 10") || strings.Contains(got, "(stale) 7") {
		t.Errorf("%s", got)
	}
	if got := play(t, k, r, "%rerun stale", "y", "z", "%rerun stale", "%rerun 1", "x"); got != "= 70\n= 71\n= nothing is stale\n= 1\n" {
		t.Errorf("after a rerun %q", got)
	}
}

// TestSettings: comments at the head of a cell.
func TestSettings(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "n := 0", "//nb:once\nn++", "//nb:once\nn++", "n", "%rerun 2", "n",
		"//nb:expect-error\nvar p *int\n*p = 1", "// text\n//nb:expect-error\nnope", "//nb:expect-error\nn", "//nb:tim\nn", "//nb:skip the machine differs\n//nb:mask [0-9]+\n_ = n", "x := \"//nb:once\"")
	want := "= 1\n= 2\n= In[7]:3:1: panic: runtime error: invalid memory address or nil pointer dereference\n= In[8]:3:1: undefined: nope\n" +
		"= 2\n! In[9]:1:1: //nb:expect-error: the cell ran without an error\n~ no setting //nb:tim; there are //nb:time, //nb:expect-error and //nb:once, and for loupe test //nb:skip and //nb:mask\n= 2\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	n := len(r.events)
	play(t, k, r, "//nb:time\nn = 3")
	timed := false
	for _, e := range r.events[n:] {
		s, ok := e.(Stats)
		timed = timed || ok && strings.HasPrefix(s.Text, "wall ")
	}
	if !timed {
		t.Errorf("no time: %v", r.events[n:])
	}
}

// TestStraySettings: what looks like a setting and is none is told of.
func TestStraySettings(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	for src, want := range map[string]string{
		"// nb:once\n1":                "~ a setting has no blank behind the slashes: //nb:once\n= 1\n",
		"x := 1\n//nb:time\nx":         "~ //nb:time does nothing here: settings stand at the head of the cell\n= 1\n",
		"x := `\n//nb:time`\nlen(x)":   "= 10\n",
		"// see nb:once\n1 // nb:once": "= 1\n",
	} {
		if got := play(t, k, r, src); got != want {
			t.Errorf("%q: %q want %q", src, got, want)
		}
	}
	play(t, k, r, "kept := 1")
	for _, cell := range []string{"%reset x", "%who x", "%who\nx", "%history 3", "%stop it", "%help me"} {
		if got := play(t, k, r, cell); !strings.Contains(got, "stands alone: nothing may follow it") {
			t.Errorf("%q: %q", cell, got)
		}
	}
	if got := play(t, k, r, "kept", "%run none.go"); !strings.HasPrefix(got, "= 1\n! ") || strings.Contains(got, "kernel:") {
		t.Errorf("%q", got)
	}
}

// TestSave: the saved cells are a program that prints what the cells printed.
func TestSave(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	path := filepath.Join(t.TempDir(), "saved.go")
	got := play(t, k, r, "type T struct{ A int }\nfunc (t T) Twice() int { return 2 * t.A }", "t := T{4}\nfor i := range 2 {\n\tfmt.Println(i, t)\n}", "nope", "fmt.Println(strings.ToUpper(\"a\"), t.Twice())", "%save "+path)
	if !strings.HasSuffix(got, "= 3 cells in "+path+"\n") {
		t.Errorf("%q", got)
	}
	if out, err := exec.Command("go", "run", path).CombinedOutput(); err != nil || string(out) != "0 {4}\n1 {4}\nA 8\n" {
		t.Errorf("go run: %v %s", err, out)
	}
	if got := play(t, k, r, "%history"); !strings.Contains(got, "// In[2]\nt := T{4}") || strings.Contains(got, "nope") {
		t.Errorf("history %q", got)
	}
	k2, r2 := newKernel(t, Options{AutoImport: true})
	play(t, k2, r2, "import (\n\tstr \"strings\"\n\t. \"math\"\n\t_ \"image/png\"\n)", "fmt.Println(str.ToUpper(\"a\"), Sqrt(4))", "%save "+path)
	if out, err := exec.Command("go", "run", path).CombinedOutput(); err != nil || string(out) != "A 2\n" {
		t.Errorf("go run: %v %s", err, out)
	}
	if src, err := os.ReadFile(path); err != nil || !strings.Contains(string(src), "import _ \"image/png\"") {
		t.Errorf("%v %s", err, src)
	}
	if got := play(t, k, r, "x := 1", "x := 2", "%save "+path); !strings.Contains(got, "go run will not take it") {
		t.Errorf("%q", got)
	}
}

// TestParams: a notebook's parameters take other values, of their types.
func TestParams(t *testing.T) {
	k, r := newKernel(t, Options{})
	path := filepath.Join(t.TempDir(), "n.go")
	src := "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% parameters\n\tname, n := \"world\", 2\n\tvar temp float64 = 0.5\n\n\t// %%\n\tfmt.Println(name, n, temp)\n}\n"
	if err := os.WriteFile(path, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	got := play(t, k, r, "%params "+path, "%run "+path, "%run "+path+" name=moon temp=2 n=-7", "%run "+path+" n=x", "%run "+path+" m=1", "%run "+path+" n")
	want := "= name string = \"world\"\nn int = 2\ntemp float64 = 0.5\nworld 2 0.5\nmoon -7 2\n" +
		"! " + path + ":7:8: parameter n has type int, which x does not fit\n" +
		"! " + path + ":7:2: no parameter m; there are name, n, temp\n" +
		"! In[6]:1:1: %run FILE.go takes name=value after the file, not n\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestHints: common mistakes come with what to write instead.
func TestHints(t *testing.T) {
	for src, want := range map[string]string{
		"total = 3":                                   "a new variable is declared with total := ...",
		"x, y := 1, 2\nx, y":                          "to see several values, write nb.Show(x, y)",
		"x := 1\nx := 2":                              "= gives another value to a variable that there is",
		"n := 2\nf := 1.5\nn * f":                     "Go converts nothing by itself: write int(x) or float64(x) around one side",
		"n := 2\nvar f float64 = n":                   "convert it: float64(n)",
		"import \"C\"":                                "cells are interpreted: cgo needs a compiled program",
		"import \"example.com/x/y\"":                  "cells import the standard library and loupe's packages; a compiled program (go run) imports modules",
		"strings":                                     "strings is a package: ?strings describes it, strings. and Tab lists what it has",
		"x := 1\n%who":                                "a command such as %who stands alone in its cell",
		"strings.ToUpper?":                            "?NAME describes a name: the ? stands in front of it",
		"x := None":                                   "Go's word is nil",
		"counter := 1\ncounte + 1":                    "did you mean counter?",
		"xs := []int{1}\nxs.append(2)":                "append is a function: xs = append(xs, x)",
		"n := strconv.Atoi(\"1\")":                    "take both: x, err := ..., or x, _ := ... to drop the second",
		"xs := []int{\n\t1,\n\t2\n}":                  "put a comma at the end of the line",
		"n := 1\nif n { n++ }":                        "compare: Go takes no number, text or pointer for true",
		"func f(n int) int { if n > 0 { return 1 } }": "every way through the function must end in a return",
		"x := 1\nx + \"a\" + \"b\"":                   "",
		"n.Next = &Node{}":                            "there are two types Node: one is of an earlier cell and was declared anew; make what is of it again (%rerun stale does)",
		"n.Next = *n":                                 "",
	} {
		k, r := newKernel(t, Options{AutoImport: true})
		if strings.Contains(src, "Node") || strings.Contains(src, "*n") {
			play(t, k, r, "type Node struct{ Next *Node }\nn := &Node{}")
		}
		if strings.Contains(src, "Node") {
			play(t, k, r, "type Node struct{ Next *Node; V int }")
		}
		play(t, k, r, src)
		found := false
		for _, e := range r.events {
			if f, ok := e.(Failed); ok {
				found = true
				if f.Err.Hint != want && want != "" {
					t.Errorf("%q: %v: hint %q want %q", src, f.Err, f.Err.Hint, want)
				}
			}
		}
		if !found {
			t.Errorf("%q: no error", src)
		}
	}
}

// TestKeys: the fields of a struct literal, and files, are completed.
func TestKeys(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "type Conf struct{ Name string; Size int; near *Conf }")
	for src, want := range map[string]string{
		"c := Conf{":                   "Name Size near",
		"c := &Conf{Name: \"a\", ":     "Size near",
		"c := []Conf{{Name: \"a\"}, {": "Name Size near",
		"f(Conf{\n\tName: \"a\",\n\tS": "Size",
	} {
		_, list := k.Candidates(src, len(src))
		var names []string
		for _, c := range list {
			if c.Kind == "field" {
				names = append(names, c.Text)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q want %q", src, got, want)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"one.go", "other.txt", "only.go"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	src := "%run " + dir + string(filepath.Separator) + "o"
	from, list := k.Candidates(src, len(src))
	if from != len("%run ") || len(list) != 2 || list[0].Text != filepath.Join(dir, "one.go") {
		t.Errorf("%d %v", from, list)
	}
}

// TestWhoNarrow: the table fits.
func TestWhoNarrow(t *testing.T) {
	width := 40
	k, r := newKernel(t, Options{AutoImport: true, Width: func() int { return width }})
	play(t, k, r, "aVariableWithAVeryLongNameIndeed := map[string][]struct{ A, B int }{}", "s := strings.Repeat(\"x \", 100)")
	for _, width = range []int{30, 40, 60, 200} {
		n := len(r.events)
		play(t, k, r, "%who")
		text := r.events[n].(Display).Data["text/plain"]
		for _, line := range strings.Split(text, "\n") {
			if c := len([]rune(line)); c >= width {
				t.Errorf("width %d: %d columns: %s", width, c, line)
			}
		}
	}
}

// TestGrowth: cells cost the same whether few or many came before, in time and
// in memory.
func TestGrowth(t *testing.T) {
	cells := 600
	if *long {
		cells = 10000
	}
	k, _ := newKernel(t, Options{AutoImport: true})
	run := func(i int) time.Duration {
		src := fmt.Sprintf("x := %d\ny := make([]byte, 4096)\nfor i := range 3 {\n\tx += i + len(y)\n}\nfunc f() int { return x }\nf()", i)
		start := time.Now()
		if err := k.Run(t.Context(), Cell{Name: fmt.Sprintf("In[%d]", i), Source: src, Show: true}); err != nil {
			t.Fatal(err)
		}
		return time.Since(start)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var took []time.Duration
	var mid uint64
	for i := range cells {
		took = append(took, run(i))
		if i == cells/2 {
			mid = heap()
		}
	}
	median := func(d []time.Duration) time.Duration {
		d = append([]time.Duration(nil), d...)
		sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
		return d[len(d)/2]
	}
	early, late := median(took[cells/10:cells/5]), median(took[cells-cells/10:])
	perCell := (float64(heap()) - float64(mid)) / float64(cells/2)
	t.Logf("%d cells: %v early, %v late, %.0f bytes each", cells, early, late, perCell)
	if late > 4*early {
		t.Errorf("a cell took %v at first and %v after %d cells", early, late, cells)
	}
	if perCell > 60<<10 {
		t.Errorf("each cell keeps %.0f bytes", perCell)
	}
}

// TestGrowthByKind: the same for cells of many kinds: what a cell leaves behind is what
// it declares and not all that it was.
func TestGrowthByKind(t *testing.T) {
	cells := 160
	if *long {
		cells = 4000
	}
	for name, c := range map[string]struct {
		source func(i int) string
		most   float64 // bytes that a cell may keep
	}{
		"a new variable": {func(i int) string { return fmt.Sprintf("v%d := make([]byte, 100)\nlen(v%d)", i, i) }, 16 << 10},
		"a type": {func(i int) string {
			return fmt.Sprintf("type T struct{ A%d int }\nfunc (t T) M() int { return t.A%[1]d }\nt := T{%d}\nt.M()", i%7, i)
		}, 40 << 10},
		"a method":    {func(i int) string { return fmt.Sprintf("func (l L) M() int { return %d }\nl.M()", i) }, 16 << 10},
		"a closure":   {func(i int) string { return fmt.Sprintf("fs = append(fs[:0], func() int { return %d })\nfs[0]()", i) }, 12 << 10},
		"a goroutine": {func(i int) string { return fmt.Sprintf("c := make(chan int)\ngo func() { c <- %d }()\n<-c", i) }, 12 << 10},
		"a generic function": {func(i int) string {
			return fmt.Sprintf("func g[X any](x X) []X { return []X{x} }\nlen(g(%d)) + len(g(\"a\"))", i)
		}, 12 << 10},
		"a constant":   {func(i int) string { return fmt.Sprintf("const C = %d\nC + 1", i) }, 12 << 10},
		"an interface": {func(i int) string { return fmt.Sprintf("var s fmt.Stringer = S(%d)\ns.String()", i) }, 16 << 10},
		"a literal":    {func(i int) string { return fmt.Sprintf("c := &http.Cookie{Name: \"%d\"}\nc.Name", i) }, 12 << 10},
		"an import":    {func(i int) string { return "import str \"strings\"\nstr.ToUpper(\"a\")" }, 12 << 10},
		"a refusal":    {func(i int) string { return fmt.Sprintf("nope%d + 1", i) }, 4 << 10},
		"a panic":      {func(i int) string { return fmt.Sprintf("var p *int\n_ = %d\n*p = 1", i) }, 12 << 10},
		"a command":    {func(i int) string { return "%who" }, 4 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			play(t, k, r, "fs := []func() int{}", "type L struct{}\nl := L{}", "type S int\nfunc (s S) String() string { return \"s\" }")
			heap := func() float64 {
				r.events, r.out = nil, strings.Builder{}
				runtime.GC()
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return float64(m.HeapAlloc)
			}
			var mid float64
			for i := range cells {
				if i == cells/2 {
					mid = heap()
				}
				_ = k.Run(t.Context(), Cell{Name: fmt.Sprintf("In[%d]", i), Source: c.source(i), Show: true})
			}
			each := (heap() - mid) / float64(cells-cells/2)
			t.Logf("%.0f bytes each", each)
			if each > c.most {
				t.Errorf("each cell keeps %.0f bytes, over %.0f", each, c.most)
			}
		})
	}
}
