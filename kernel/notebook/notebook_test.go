package notebook

import (
	"fmt"
	"go/token"
	"strings"
	"testing"
)

func split(t *testing.T, src string) (*File, *token.FileSet) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := Parse(fset, "n.go", src)
	if err != nil {
		t.Fatal(err)
	}
	return f, fset
}

func TestSplit(t *testing.T) {
	src := `package main

import "fmt"

// %% types
type T int

// %% [markdown]
// Text about T.

// %% more
func f() {
	// %% not a cell: inside a declaration
}

func main() {
	before := 1
	// %% first
	fmt.Println("// %% not a cell", ` + "`" + `
	// %% nor this
` + "`" + `) // %% nor at a line's end
	if before > 0 {
		// %% nested
		fmt.Println(T(2))
	}
	/*
	// %% in a comment
	*/

	// %% title [markdown]
	// Some *text*.
	fmt.Println("below the text")
	//%% last
	fmt.Println(3) // %%x
	// %%x is no marker
}

func after() {}
`
	f, fset := split(t, src)
	var got []string
	for _, c := range f.Cells {
		n := 0
		if c.Kind == Code {
			n = len(f.Stmts(fset, c))
		}
		got = append(got, fmt.Sprintf("%d:%q@%d#%d/%d", c.Kind, c.Title, c.Line, c.Index, n))
	}
	want := []string{
		`1:""@0#0/0`, `1:"types"@5#0/0`, `2:""@8#0/0`, `1:"more"@11#0/0`,
		`0:""@0#1/1`, `0:"first"@18#2/2`, `2:"title"@30#0/0`, `0:""@0#3/1`, `0:"last"@33#4/1`, `1:""@0#0/0`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// No byte between the braces of main is lost, whatever the markers.
	for line, cell := range map[int][2]int{17: {1, 1}, 19: {2, 1}, 24: {2, 6}, 34: {4, 1}} {
		i, n, ok := f.Locate(line)
		if !ok || i != cell[0] || n != cell[1] {
			t.Errorf("line %d: cell %d line %d %v, want %v", line, i, n, ok, cell)
		}
	}
	if _, _, ok := f.Locate(6); ok {
		t.Error("line 6 is among the declarations")
	}
}

func TestEveryStatementInOneCell(t *testing.T) {
	f, fset := split(t, "package main\nfunc main() {\n\ta := 1\n\t// %%\n\t_ = a; b := 2\n\t// %% [markdown]\n\t// x\n\t_ = b\n\t// %%\n}\n")
	n := 0
	for _, c := range f.Cells {
		if c.Kind == Code {
			n += len(f.Stmts(fset, c))
		}
	}
	if n != len(f.Main.Body.List) {
		t.Errorf("%d of %d statements", n, len(f.Main.Body.List))
	}
}

func TestMarker(t *testing.T) {
	for text, want := range map[string]string{
		"// %%": "|false|true", "//%%": "|false|true", "// %% a b": "a b|false|true", "// %% [markdown]": "|true|true", "// %% t [markdown]": "t|true|true",
		"// %%x": "|false|false", "/* %% */": "|false|false", "// % %": "|false|false",
	} {
		title, md, ok := Marker(text)
		if got := fmt.Sprintf("%s|%v|%v", title, md, ok); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestWrongFileHasCells(t *testing.T) {
	f, err := Parse(token.NewFileSet(), "n.go", "package main\nfunc main() {\n\t// %%\n\tx := (1\n\t// %%\n\ty := 2\n}\n")
	if err == nil {
		t.Fatal("no error")
	}
	if i, n, ok := f.Locate(4); !ok || i != 1 || n != 1 {
		t.Errorf("cell %d line %d %v", i, n, ok)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("package main\nfunc main() {\n// %%\n}\n")
	f.Add("package main\n// %% a\nfunc main() {\nx := `\n// %%\n`\n_ = x\n// %% [markdown]\n}\n// %%\n")
	f.Add("package main\nfunc main() {")
	f.Fuzz(func(t *testing.T, src string) {
		fset := token.NewFileSet()
		n, err := Parse(fset, "n.go", src)
		end := 0
		for _, c := range n.Cells {
			if c.From < end || c.To < c.From || c.To > len(src) || err == nil && c.Source != src[c.From:c.To] {
				t.Fatalf("cell %+v after %d", c, end)
			}
			end = c.To
		}
	})
}
