package export

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"loupe/kernel"
)

const rich = `package main

import (
	"fmt"

	"loupe/stdlib/nb"
)

// shown has the forms that it is made of.
type shown map[string]string

func (s shown) Display() map[string]string { return s }

func main() {
	// %% [markdown]
	// # A <page> & more
	//
	// | a | b |
	// |---|---|
	// | 1 | 2 |
	//
	// ` + "```go\n	// func f() int { return 1 }\n	// ```\n	//\n	// ```text\n	// <plain>\n	// ```" + `
	//
	// ## Same
	//
	// ## Same
	//
	// ![inside](dot.png) ![gone](gone.png) ![away](https://example.org/x.png)

	// %% Text <b>
	fmt.Println("<script>alert(1)</script>\na\rb\x1b[31mred\x1b[0m ` + "```" + `")
	// %% Forms
	// A comment that stays.
	//nb:mask numbers
	nb.Show(shown{"text/plain": "plain", "text/html": "<em>html</em>"})
	nb.Show(shown{"text/plain": "plain", "image/svg+xml": "<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><title>t</title></svg>"})
	nb.Show(shown{"text/plain": "a <dot>", "image/png": "\x89PNG\r\n\x1a\n\x00"})
	nb.Show(shown{"text/plain": "plain", "text/markdown": "*marked*"})
	nb.Show(shown{"text/plain": "┌─┐\n└─┘"})
	nb.Show("x < y", 3)
	// %% Fails
	panic("a <panic>")
	// %% Later
	fmt.Println("later")
}
`

// richPage is a page with everything on it.
func richPage(t *testing.T) *Document {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dot.png"), []byte("\x89PNG"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := runText(t, rich, Options{})
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kernel.Panic {
		t.Fatal(err)
	}
	d.root = dir
	return d
}

func TestHTML(t *testing.T) {
	d := richPage(t)
	page := d.HTML()
	for _, want := range []string{
		"<title>A &lt;page&gt; &amp; more</title>",
		"<td>1</td>", `<span class="kd">func</span>|<span class="k">func</span>`, "&lt;plain&gt;",
		`id="same"`, `id="same-1"`, `<a href="#same-1">Same</a>`,
		`<img src="data:image/png;base64,iVBORw==" alt="inside"`,
		`<a href="#cell-1">Text &lt;b&gt;</a>`,
		"&lt;script&gt;alert(1)&lt;/script&gt;", "bred",
		`<div class="value"><em>html</em></div>`,
		`<div class="value picture" role="img"><svg xmlns`,
		`<img src="data:image/png;base64,iVBORw0KGgoA" alt="a &lt;dot&gt;"`,
		"<em>marked</em>", `<pre class="out fixed">┌─┐`, "x &lt; y", "panic: a &lt;panic&gt;", "not run",
	} {
		found := false
		for _, w := range strings.Split(want, "|") {
			found = found || strings.Contains(page, w)
		}
		if !found {
			t.Errorf("the page has no %s", want)
		}
	}
	if len(d.Warnings) != 2 || !strings.Contains(d.Warnings[0].Text, "gone.png") || !strings.Contains(d.Warnings[1].Text, "example.org") {
		t.Errorf("warnings %v", d.Warnings)
	}
	if bad := regexp.MustCompile(`<script|<link|@import|url\(|src="(https?:|//|[a-z]+\.)`).FindString(page); bad != "" {
		t.Errorf("the page would load %s", bad)
	}
	if strings.Count(page, "later") != 1 {
		t.Error("what did not run has output")
	}
	balanced(t, page)
}

// Marks are for loupe test: a reader sees none, and Jupyter, which gives the file back,
// keeps them.
func TestMarksAreNotForReaders(t *testing.T) {
	d := richPage(t)
	for name, page := range map[string]string{"HTML": d.HTML(), "Markdown": markdown(d)} {
		if strings.Contains(page, "nb:mask") || !strings.Contains(page, "A comment that stays.") {
			t.Errorf("%s shows marks, or lacks comments", name)
		}
	}
	if !strings.Contains(d.Jupyter(), "//nb:mask numbers") {
		t.Error("the mark is lost in Jupyter")
	}
	for in, want := range map[string]string{
		"//nb:skip why\nx := 1": "x := 1", "// a\n//nb:mask x\n// b\nx := 1": "// a\n// b\nx := 1", "x := 1\n//nb:mask x": "x := 1\n//nb:mask x", "//nb:once\nx := 1": "//nb:once\nx := 1", "//nb:expect-error": "",
	} {
		if got := withoutMarks(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// balanced reads a page as XML, in which every element ends.
func balanced(t *testing.T, page string) {
	t.Helper()
	x := xml.NewDecoder(strings.NewReader(page))
	x.Strict, x.AutoClose, x.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	depth := 0
	ids := map[string]bool{}
	for {
		tok, err := x.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("at byte %d: %v", x.InputOffset(), err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			for _, a := range tok.Attr {
				if a.Name.Local == "id" {
					if ids[a.Value] {
						t.Errorf("two elements have the id %s", a.Value)
					}
					ids[a.Value] = true
				}
			}
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 {
		t.Errorf("%d elements do not end", depth)
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to #%s, which is not there", m[1])
		}
	}
}

func TestMarkdown(t *testing.T) {
	text, pictures := richPage(t).Markdown("a b_files")
	for _, m := range regexp.MustCompile(`\]\(a%20b_files/([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		if len(pictures[m[1]]) == 0 {
			t.Errorf("the picture %s is not there", m[1])
		}
		delete(pictures, m[1])
	}
	if len(pictures) > 0 {
		t.Errorf("%d pictures have no link", len(pictures))
	}
	for _, want := range []string{
		"# A <page> & more", "### Text &lt;b>", "````text\n<script>alert(1)</script>\nbred ```\n````\n",
		"![a &lt;dot>](a%20b_files/cell-", "\n*marked*\n", "```text\n┌─┐\n└─┘\n```\n", "*not run*",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\n<em>html</em>") {
		t.Error("HTML stands in the Markdown")
	}
}

func TestTokensAreTheSource(t *testing.T) {
	for _, src := range []string{rich, book, "", "x", "\"unclosed", "a\x00b", "`raw", "/* open", "#!?", "é := '\\u00e9'"} {
		var b strings.Builder
		for _, tok := range tokens(src) {
			b.WriteString(tok.Value)
		}
		if b.String() != src {
			t.Errorf("%q became %q", src, b.String())
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b[1;31mb\x1b[0mc": "abc", "10 %\r20 %\r100 %\n": "100 %\n", "a\r\nb": "a\nb", "done\r": "done", "\x1b]0;title\x07x": "x", "\xff": "\uFFFD",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestManyCallsAreFolded(t *testing.T) {
	c := &Cell{Number: 1, Ran: true, Wall: 1e6, Stats: strings.Split(strings.Repeat("call ", 10), " ")[:10]}
	if got := strings.Join(c.shortAccount(), "|"); got != "call|call|… 8 more calls|1.0 ms" {
		t.Error(got)
	}
	c.Stats = c.Stats[:3]
	if got := strings.Join(c.shortAccount(), "|"); got != "call|call|call|1.0 ms" {
		t.Error(got)
	}
}

// markdown is the page without its pictures.
func markdown(d *Document) string {
	text, _ := d.Markdown("pictures")
	return text
}
