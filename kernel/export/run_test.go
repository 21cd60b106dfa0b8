package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/kernel"
)

// runText runs a notebook's text.
func runText(t *testing.T, src string, o Options) (*Document, error) {
	t.Helper()
	o.Source = src
	return Run(context.Background(), "book.go", o)
}

// document runs what must not fail.
func document(t *testing.T, src string) *Document {
	t.Helper()
	d, err := runText(t, src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stdout is what the cells printed and showed.
func (d *Document) stdout() string {
	var b strings.Builder
	for _, c := range d.Cells {
		for _, o := range c.Outputs {
			switch {
			case o.Data != nil:
				b.WriteString(o.Data["text/plain"] + "\n")
			case !o.Stderr:
				b.WriteString(o.Text)
			}
		}
	}
	return b.String()
}

// Every form of a notebook prints in its cells what the compiled program
// prints, and comes back from Jupyter byte for byte, with outputs or without.
func TestForms(t *testing.T) {
	files, err := filepath.Glob("../testdata/forms/*.go")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d forms, %v", len(files), err)
	}
	ran := 0
	for _, path := range files {
		d, err := Run(context.Background(), path, Options{})
		var refused *kernel.Error
		if errors.As(err, &refused) && refused.Kind == kernel.Compile {
			continue // what the kernel cannot run is its own matter
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		ran++
		want, err := os.ReadFile(strings.TrimSuffix(path, ".go") + ".out")
		if err != nil {
			t.Fatal(err)
		}
		if got := d.stdout(); got != string(want) {
			t.Errorf("%s prints\n%s\nwant\n%s", path, got, want)
		}
		back, err := FromJupyter("book.ipynb", []byte(d.Jupyter()))
		if src, _ := os.ReadFile(path); err != nil || back != string(src) {
			t.Errorf("%s comes back from Jupyter, %v, as\n%s", path, err, back)
		}
	}
	if ran < len(files)*9/10 {
		t.Errorf("only %d of %d forms ran", ran, len(files))
	}
}

const book = `// A book.
package main

import (
	"fmt"
	"os"
)

var loud = func() int { fmt.Println("a variable of the package"); return 3 }()

func main() {
	before := "before"
	fmt.Println(before)
	defer fmt.Println("deferred")

	// %% [markdown]
	// # The *book*
	fmt.Println("below the text")

	// %% Strings
	s := ` + "`" + `
	// %% not a cell
		indented` + "`" + ` // %% nor this
	func() {
		// %% nor in a literal
		fmt.Println(s)
	}()

	// %% nothing but a comment

	// %% Last
	fmt.Fprintln(os.Stderr, "to stderr")
	if loud > 2 {
		return
	}
	fmt.Println("not here")
}

// after is below main.
func after() {}
`

func TestCellsHaveTheirOutput(t *testing.T) {
	var told []string
	d, err := runText(t, book, Options{Cell: func(_, _ int, name string) { told = append(told, name) }})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range d.Cells {
		line := c.Name() + ":"
		for _, o := range c.Outputs {
			line += " " + strings.TrimSpace(o.Text)
			if o.Stderr {
				line += " (stderr)"
			}
		}
		got = append(got, line)
		if c.Number > 0 && !c.Ran {
			t.Errorf("%s: not marked as run", c.Name())
		}
	}
	want := []string{
		"Declarations: a variable of the package", "Cell 1: before", ":", "Cell 2: below the text",
		"Strings: // %% not a cell\n\t\tindented", "nothing but a comment:", "Last: to stderr (stderr) deferred", "Declarations:",
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if s := strings.Join(told, ","); s != "Cell 1,Cell 2,Strings,nothing but a comment,Last" {
		t.Errorf("told of %s", s)
	}
	if d.Title() != "The *book*" || d.Cells[4].Source != "s := `\n\t// %% not a cell\n\t\tindented` // %% nor this\nfunc() {\n\t// %% nor in a literal\n\tfmt.Println(s)\n}()" {
		t.Errorf("title %q, source\n%s", d.Title(), d.Cells[4].Source)
	}
}

// A copy with reports in it runs, but every place is one of the original.
func TestErrorsNameTheOriginal(t *testing.T) {
	for _, c := range []struct{ src, want, source string }{
		{"package main\nfunc main() { println(nope) }\n", "book.go:2:23: undefined: nope", "func main() { println(nope) }"},
		{"package main\nfunc main() {\n\tx := []int{1}; _ = x; x = nope\n}\n", "book.go:3:28: undefined: nope", "\tx := []int{1}; _ = x; x = nope"},
		{"package main\nfunc main() {\n\t// %% a\n\tx := 0\n\tprintln(1 / x)\n}\n", "book.go:5:2: panic: runtime error: integer divide by zero", "\tprintln(1 / x)"},
		{"package main; import \"fmt\"; var x = nope; func main() { fmt.Println() }\n", "book.go:1:37: undefined: nope", ""},
		{"package main\nfunc main() {\n", "book.go:2:15: syntax error", ""},
		{"package main\n", "book.go: a notebook is a package main with a function main", ""},
		{"package other\nfunc main() {}\n", "book.go: a notebook is a package main with a function main", ""},
		{"package main\r\nfunc main() {\r\n\tprintln(nope)\r\n}\r\n", "book.go:3:10: undefined: nope", "\tprintln(nope)"},
		{"", "book.go", ""},
	} {
		if c.src == "" {
			c.src = "\n"
		}
		d, err := runText(t, c.src, Options{})
		var e *kernel.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.src, err, c.want)
			continue
		}
		if c.source != "" && e.Source != c.source {
			t.Errorf("%q: the line is %q", c.src, e.Source)
		}
		for _, s := range append(e.Trace, e.Msg, failureText(e)) {
			if strings.Contains(s, "loupe-export-") || strings.Contains(s, "Progress") {
				t.Errorf("%q: %q speaks of the copy", c.src, s)
			}
		}
		if d == nil || d.Failed != e {
			t.Fatalf("%q: the document does not hold the error", c.src)
		}
		for _, page := range []string{d.HTML(), markdown(d)} {
			if !strings.Contains(page, "book.go") {
				t.Errorf("%q: a page without the error\n%s", c.src, page)
			}
		}
		_ = d.Jupyter() // has no cell for a file that does not parse
	}
}

func TestCarriageReturns(t *testing.T) {
	src := strings.ReplaceAll(book, "\n", "\r\n")
	d := document(t, src)
	if got, want := d.stdout(), strings.ReplaceAll(document(t, book).stdout(), "\r", ""); got != want {
		t.Errorf("prints\n%q\nwant\n%q", got, want)
	}
	if strings.Contains(d.Cells[1].Source, "\r") {
		t.Error("a cell's source has carriage returns")
	}
	if back, err := FromJupyter("x.ipynb", []byte(d.Jupyter())); err != nil || back != src {
		t.Errorf("%v: comes back as\n%q", err, back)
	}
}

func TestRange(t *testing.T) {
	const src = "package main\nimport \"fmt\"\nfunc main() {\n\t// %% one\n\tx := 1\n\tfmt.Println(x)\n\t// %% [markdown]\n\t// text\n\t// %% two\n\tx++\n\tfmt.Println(x)\n\t// %% comment only\n\t// %% three\n\tpanic(\"not reached\")\n}\n"
	for _, c := range []struct{ from, to, shown string }{
		{"", "two", " one  two"}, {"2", "2", " two"}, {"two", "comment only", " two comment only"}, {"", "1", " one"},
	} {
		d, err := runText(t, src, Options{From: c.from, To: c.to})
		if err != nil {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
			continue
		}
		got := ""
		for _, s := range d.shown() {
			if s.Kind != 1 { // declarations
				got += " " + s.Title
			}
		}
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(c.shown), " ") {
			t.Errorf("%s to %s shows %s", c.from, c.to, got)
		}
		if strings.Contains(d.HTML(), "not run") {
			t.Error("what was not asked for is told as not run")
		}
	}
}

func TestParameters(t *testing.T) {
	const src = "package main\nimport \"fmt\"\nfunc main() {\n\t// %% parameters\n\tn, s, f, ok := 1, \"a\", 1.5, false\n\t// %%\n\tfmt.Printf(\"%d|%s|%g|%v\\n\", n, s, f, ok)\n}\n"
	for _, c := range []struct {
		params map[string]string
		want   string
	}{
		{nil, "1|a|1.5|false\n"},
		{map[string]string{"n": "7", "ok": "true", "f": "2"}, "7|a|2|true\n"},
		{map[string]string{"s": "two words\tand = \"quotes\" \\ é"}, "1|two words\tand = \"quotes\" \\ é|1.5|false\n"},
		{map[string]string{"s": ""}, "1||1.5|false\n"},
		{map[string]string{"s": `"quoted text"`}, "1|quoted text|1.5|false\n"},
	} {
		d, err := runText(t, src, Options{Params: c.params})
		if err != nil || d.stdout() != c.want {
			t.Errorf("%v: %v, %q, want %q", c.params, err, d.stdout(), c.want)
		}
	}
	for name, value := range map[string]string{"n": "1.5", "ok": "maybe", "none": "1", "f": "x"} {
		_, err := runText(t, src, Options{Params: map[string]string{name: value}})
		if err == nil || !strings.Contains(err.Error(), "book.go") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d, err := Run(ctx, "book.go", Options{
		Source: "package main\nfunc main() {\n\t// %% one\n\tprintln(1)\n\t// %% endless\n\tfor {\n\t}\n}\n",
		Cell: func(n, _ int, _ string) {
			if n == 2 {
				cancel()
			}
		},
	})
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Interrupted || d == nil || !d.Cells[1].Ran || d.Cells[2].Ran {
		t.Errorf("%v", err)
	}
}

func TestMuchOutput(t *testing.T) {
	const src = "package main\nimport (\"fmt\"; \"strings\")\nfunc main() {\n\t// %% much\n\tfor range 100 {\n\t\tfmt.Println(strings.Repeat(\"é\", 500))\n\t}\n\tfmt.Println(1)\n\t// %% little\n\tfmt.Println(2)\n}\n"
	d, err := runText(t, src, Options{MaxOutput: 2222})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Cells[1]
	if got := int64(len(c.Outputs[0].Text)); got < 2220 || got > 2222 || got+c.Dropped != 100*1001+2 || len(c.Outputs) != 1 {
		t.Errorf("%d bytes in %d outputs, %d dropped", got, len(c.Outputs), c.Dropped)
	}
	for name, page := range map[string]string{"Markdown": markdown(d), "HTML": d.HTML(), "Jupyter": d.Jupyter()} {
		if !strings.Contains(page, "95.6 KiB more of output are not shown here") {
			t.Errorf("%s does not tell of %d bytes: %s", name, c.Dropped, c.dropped())
		}
	}
	if d, err = runText(t, src, Options{MaxOutput: -1}); err != nil || d.Cells[1].Dropped != 0 || len(d.stdout()) != 100*1001+4 {
		t.Errorf("%v: without a limit %d bytes", err, len(d.stdout()))
	}
}

func TestExit(t *testing.T) {
	const src = "package main\nimport (\"fmt\"; \"os\")\nfunc main() {\n\t// %% a\n\tfmt.Println(1)\n\tos.Exit(CODE)\n\t// %% b\n\tfmt.Println(2)\n}\n"
	d := document(t, strings.Replace(src, "CODE", "0", 1))
	if d.stdout() != "1\n" || !d.Cells[1].Ran || d.Cells[2].Ran || strings.Contains(d.HTML(), "exit") && strings.Contains(markdown(d), "exit status") {
		t.Errorf("%s", markdown(d))
	}
	d, err := runText(t, strings.Replace(src, "CODE", "3", 1), Options{})
	var e *kernel.Error
	if !errors.As(err, &e) || e.ExitCode != 3 || !strings.Contains(markdown(d), "exit status 3") {
		t.Errorf("%v\n%s", err, markdown(d))
	}
}
