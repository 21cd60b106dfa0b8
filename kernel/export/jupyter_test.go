package export

import (
	"encoding/json"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/kernel/notebook"
)

func TestJupyterFormat(t *testing.T) {
	d := document(t, book)
	var nb map[string]any
	if err := json.Unmarshal([]byte(d.Jupyter()), &nb); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, c := range nb["cells"].([]any) {
		c := c.(map[string]any)
		_, outputs := c["outputs"]
		_, count := c["execution_count"]
		if code := c["cell_type"] == "code"; outputs != code || count != code {
			t.Errorf("a %v cell with outputs %v, count %v", c["cell_type"], outputs, count)
		}
		id := c["id"].(string)
		if ids[id] || c["metadata"] == nil || c["source"] == nil {
			t.Errorf("cell %v", c)
		}
		ids[id] = true
	}
	first := nb["cells"].([]any)[0].(map[string]any)["source"].([]any)
	if first[1] != "// package main\n" {
		t.Errorf("the first cell is %q", first)
	}
}

// edit changes a notebook as a front-end does, which keeps what it does not
// know, and gives the Go file of the result.
func edit(t *testing.T, src string, change func(nb *jupyterFile)) (string, error) {
	t.Helper()
	var nb jupyterFile
	if err := json.Unmarshal([]byte(document(t, src).Jupyter()), &nb); err != nil {
		t.Fatal(err)
	}
	change(&nb)
	data, err := json.Marshal(nb)
	if err != nil {
		t.Fatal(err)
	}
	return FromJupyter("book.ipynb", data)
}

func TestEditedInJupyter(t *testing.T) {
	const src = "// A book.\npackage main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% [markdown]\n\t// # Text\n\n\t// %% One\n\tx := 1\n\tfmt.Println(x)\n\n\t// %% Two\n\tfmt.Println(x + 1)\n}\n"
	if got, err := edit(t, src, func(*jupyterFile) {}); err != nil || got != src {
		t.Fatalf("%v, %s", err, got)
	}
	got, err := edit(t, src, func(nb *jupyterFile) {
		nb.Cells[2].Source = "// %% One\nx := 2\nfmt.Println(  x)\nx"
		added := jupyterCell{Type: "code", ID: "new", Source: "import \"os\"\n\n// twice doubles.\nfunc twice(n int) int { return 2 * n }\n\nos.Stdout.WriteString(strings.Repeat(\"a\", twice(2))) // four\n"}
		text := jupyterCell{Type: "markdown", ID: "text", Source: "More\n\ntext"}
		nb.Cells = append(nb.Cells, text, added, jupyterCell{Type: "code", ID: "empty"})
	})
	want := `// A book.
package main

import (
	"fmt"
	"os"
	"strings"

	"loupe/stdlib/nb"
)

// twice doubles.
func twice(n int) int { return 2 * n }

func main() {
	// %% [markdown]
	// # Text

	// %% One
	x := 2
	fmt.Println(x)
	nb.Show(x)

	// %% Two
	fmt.Println(x + 1)

	// %% [markdown]
	// More
	//
	// text

	// %%
	os.Stdout.WriteString(strings.Repeat("a", twice(2))) // four
}
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	d := document(t, got)
	if s := d.stdout(); s != "2\n2\n3\naaaa" {
		t.Errorf("it prints %q", s)
	}
	if again, err := FromJupyter("book.ipynb", []byte(d.Jupyter())); err != nil || again != got {
		t.Errorf("%v, a second time\n%s", err, again)
	}
}

// In Jupyter the kernel has its model as m; a program loads one.
func TestModelOfTheKernel(t *testing.T) {
	const src = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% One\n\tfmt.Println(1)\n}\n"
	for _, c := range []struct{ cell, prints string }{
		{"_, err := m.NewSession().Eval(m.Tokenize(\"Once\"))\nfmt.Println(err)", "1\n<nil>"},
		{"m := 2\nfmt.Println(m)", "1\n2"},
		{"type point struct{ m int }\nfmt.Println(point{m: 3})", "1\n{3}"},
	} {
		got, err := edit(t, src, func(nb *jupyterFile) {
			nb.Cells = append(nb.Cells, jupyterCell{Type: "code", ID: "new", Source: lines(c.cell)})
		})
		if err != nil {
			t.Fatal(err)
		}
		if loads := strings.Contains(got, "engine.Load("); loads != strings.Contains(c.cell, "m.New") {
			t.Errorf("%s: it loads a model: %t\n%s", c.cell, loads, got)
		}
		if s := document(t, got).stdout(); strings.TrimSpace(s) != c.prints {
			t.Errorf("%s prints %q", c.cell, s)
		}
	}
}

func TestNotOurs(t *testing.T) {
	cell := func(kind, src string) string {
		s, _ := json.Marshal(src)
		return `{"cells": [{"cell_type": "` + kind + `", "id": "a", "metadata": {}, "source": ` + string(s) + `}], "metadata": {"kernelspec": {"name": "loupe-smollm2", "display_name": "Go"}}, "nbformat": 4, "nbformat_minor": 5}`
	}
	for data, want := range map[string]string{
		``:                                     "no Jupyter notebook: at byte 0",
		`[]`:                                   "no Jupyter notebook",
		`{"cells": 1}`:                         "no Jupyter notebook",
		`{}`:                                   "nbformat 0.0",
		`{"nbformat": 3, "nbformat_minor": 1}`: "nbformat 3.1",
		`{"nbformat": 4}`:                      "does not name its kernel",
		`{"nbformat": 4, "metadata": {"kernelspec": {"name": "gophernotes"}}}`:             `the kernel "gophernotes", not of Loupe`,
		`{"nbformat": 4, "metadata": {"kernelspec": {"name": "ir", "display_name": "R"}}}`: `the kernel "R" (ir), not of Loupe`,
		`{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}`:                   "neither text nor a list of lines",
		cell("raw", "x"):          "cell 1 is a raw cell",
		cell("code", "%who\n"):    "cell 1 is a command of the prompt, not Go: %who",
		cell("code", "x := (1\n"): "its cells are no Go file",
	} {
		got, err := FromJupyter("x.ipynb", []byte(data))
		if err == nil || got != "" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.ipynb") {
			t.Errorf("%s\n%q, %v, want %s", data, got, err, want)
		}
	}
}

// Every notebook of this repository comes back from Jupyter byte for byte.
func TestNotebooksComeBack(t *testing.T) {
	files, err := filepath.Glob("../../notebooks/*/*.go")
	if err != nil || len(files) < 17 {
		t.Fatalf("%d notebooks, %v", len(files), err)
	}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		nb, err := notebook.Parse(token.NewFileSet(), path, string(src))
		if err != nil {
			t.Fatal(err)
		}
		d := &Document{Path: path, file: nb}
		for _, c := range nb.Cells {
			d.Cells = append(d.Cells, &Cell{Kind: c.Kind, Title: c.Title, Number: c.Index, Source: view(c.Kind, c.Source)})
		}
		if back, err := FromJupyter("book.ipynb", []byte(d.Jupyter())); err != nil || back != string(src) {
			t.Errorf("%s: %v, comes back as\n%s", path, err, back)
		}
	}
}

// A file in pieces is the file.
func FuzzCut(f *testing.F) {
	f.Add(book)
	f.Add(rich)
	f.Add("package main\n// %% [markdown]\n// x\nfunc main() {// %%\n}\n// %%\nfunc f() {}")
	f.Add("package main\nfunc main() {\n// %% [markdown]\n/* text\n\tmore */\nx := `\n// %%`; _ = x }")
	f.Fuzz(func(t *testing.T, src string) {
		nb, err := notebook.Parse(token.NewFileSet(), "book.go", src)
		if err != nil || nb.Main == nil {
			return
		}
		d := &Document{Path: "book.go", file: nb}
		for _, c := range nb.Cells {
			d.Cells = append(d.Cells, &Cell{Kind: c.Kind, Title: c.Title, Number: c.Index, Source: view(c.Kind, c.Source)})
		}
		list, chunks, tail := cut(nb, int(nb.Main.Body.Lbrace-nb.AST.FileStart), int(nb.Main.Body.Rbrace-nb.AST.FileStart))
		if len(list) != len(chunks) || strings.Join(chunks, "")+tail != src {
			t.Fatalf("%q and %q of %q", chunks, tail, src)
		}
		back, err := FromJupyter("book.ipynb", []byte(d.Jupyter()))
		if strings.ToValidUTF8(src, "") == src && (err != nil || back != src) {
			t.Fatalf("%v: %q comes back as %q", err, src, back)
		}
	})
}

// Whatever a notebook holds, it is refused or becomes a file that parses.
func FuzzFromJupyter(f *testing.F) {
	for _, s := range []string{"x := 1\nx", "import \"fmt\"\nfunc f() {}\nf()", "func() {}()", "type T int; func (t T) M() {}", "}{", "// %% a\n", "import (\n\"os\"\n)\nos.Exit", "<-c", "package main\nfunc main() {}"} {
		f.Add(s, "text")
	}
	f.Fuzz(func(t *testing.T, code, text string) {
		var nb jupyterFile
		nb.Format, nb.Metadata.Kernelspec.Name = 4, "loupe"
		nb.Cells = []jupyterCell{{Type: "code", Source: lines(code)}, {Type: "markdown", Source: lines(text)}, {Type: "code", Source: "y := 2"}}
		data, err := json.Marshal(nb)
		if err != nil {
			return
		}
		src, err := FromJupyter("x.ipynb", data)
		if err != nil {
			return
		}
		if _, err := notebook.Parse(token.NewFileSet(), "x.go", src); err != nil {
			t.Fatalf("%q gives a file that does not parse: %v\n%s", code, err, src)
		}
	})
}
