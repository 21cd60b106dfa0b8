package repl

import (
	"strings"
	"testing"
)

// lines feeds src line by line and returns the cells that it makes.
func cellsOf(src string) (cells []string) {
	var a assembly
	for _, line := range strings.Split(src, "\n") {
		if a.add(line) {
			if c := a.cell(); c != "" {
				cells = append(cells, c)
			}
			a.reset()
		}
	}
	if !a.empty() {
		cells = append(cells, "unfinished: "+a.cell())
	}
	return cells
}

func TestAssembly(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"one line each", "x := 1\nx + 1", []string{"x := 1", "x + 1"}},
		{"a block", "for i := 0; i < 3; i++ {\n\tx++\n}\nx", []string{"for i := 0; i < 3; i++ {\n\tx++\n}", "x"}},
		{"a blank line inside", "func f() {\n\n\treturn\n}", []string{"func f() {\n\n\treturn\n}"}},
		{"two blank lines end it", "func f() {\n\n\nx", []string{"func f() {", "x"}},
		{"but not in a raw string", "s := `a\n\n\nb`", []string{"s := `a\n\n\nb`"}},
		{"nor in a comment", "/* a\n\n\nb */ x", []string{"/* a\n\n\nb */ x"}},
		{"an operator at the end", "x := 1 +\n2", []string{"x := 1 +\n2"}},
		{"an open call", "f(1,\n2)", []string{"f(1,\n2)"}},
		{"a chain", "s.\nF()", []string{"s.\nF()"}},
		{"magics are a line", "%who\n?x\n%run a.go", []string{"%who", "?x", "%run a.go"}},
		{"a timed block", "%time for {\nbreak\n}", []string{"%time for {\nbreak\n}"}},
		{"hopeless is complete", "x := )\ny", []string{"x := )", "y"}},
		{"never finished", "f(", []string{"unfinished: f("}},
		{"only blanks", "\n \n\t", nil},
	} {
		got := cellsOf(c.src)
		if strings.Join(got, "\x00") != strings.Join(c.want, "\x00") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A cell that is typed below a notebook's marker may have several statements.
func TestTypedCellOfANotebook(t *testing.T) {
	for _, c := range []struct {
		name string
		add  []string // what is entered at once
		want []string
	}{
		{"ends at an empty line", []string{"// %% Two", "x := 1", "for {", "", "}", "x++", "", "y"}, []string{"// %% Two\nx := 1\nfor {\n\n}\nx++", "y"}},
		{"a pasted or recalled one is whole", []string{"// %% Two\nx := 1\nx++", "y"}, []string{"// %% Two\nx := 1\nx++", "y"}},
		{"a comment is no marker", []string{"// two", "x := 1", "y"}, []string{"// two\nx := 1", "y"}},
	} {
		a, got := assembly{typed: true}, []string(nil)
		for _, line := range c.add {
			if a.add(line) {
				got = append(got, a.cell())
				a.reset()
			}
		}
		if strings.Join(got, "\x00") != strings.Join(c.want, "\x00") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestIndent(t *testing.T) {
	for _, c := range []struct {
		src   string
		depth int
	}{
		{"for {", 1}, {"for {\n\tif x {", 2}, {"f(func() {", 2}, {"for {\n}", 0},
		{"s := \"{\" +", 0}, {"x := 'a' + '{' +", 0}, {"// {\nfor {", 1}, {"s := `{\n", 0}, {"}}}{", 1},
	} {
		if got := indent(c.src); got != strings.Repeat("\t", c.depth) {
			t.Errorf("indent(%q) = %q, want %d tabs", c.src, got, c.depth)
		}
	}
}
