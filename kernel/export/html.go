package export

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"

	"loupe/engine/picture"
	"loupe/kernel/notebook"
)

//go:embed page.css
var pageCSS string

// policy keeps a page from loading anything: whatever a value or a text says,
// nothing comes from elsewhere and no script runs but that of [picture.HeadView],
// which is known by its checksum.
var policy = func() string {
	sum := sha256.Sum256([]byte(picture.HeadViewScript))
	return `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-` + base64.StdEncoding.EncodeToString(sum[:]) + `'`
}()

// HTML is the document as one page that needs no other file and no network, and
// that can be read without scripts. What cannot be brought into it becomes a warning
// of the document.
func (d *Document) HTML() string {
	var body strings.Builder
	var contents []heading
	p := newProse(d)
	for i, c := range d.shown() {
		if c.Kind == notebook.Markdown {
			text, list := p.html(c.Source, c.Line)
			contents = append(contents, list...)
			fmt.Fprintf(&body, "<section class=\"prose\">\n%s</section>\n", text)
			continue
		}
		id := "cell-" + itoa(c.Number)
		if c.Number == 0 {
			id = "declarations-" + itoa(i)
		}
		if c.Title != "" {
			contents = append(contents, heading{7, id, c.Title})
		}
		c.html(&body, id, d.Failed != nil)
	}
	title := html.EscapeString(d.Title())
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"+
		"<meta name=\"generator\" content=\"Loupe\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n<style>\n%s%s@media screen and (prefers-color-scheme: dark) {\n%s}\n</style>\n</head>\n<body>\n",
		policy, title, pageCSS, colourCSS("light"), colourCSS("dark"))
	writeContents(&b, contents)
	b.WriteString("<main>\n" + body.String())
	fmt.Fprintf(&b, "<footer>%s · ran in %s</footer>\n</main>\n</body>\n</html>\n", html.EscapeString(base(d.Path)+".go"), wallText(d.Wall))
	return b.String()
}

// writeContents writes the table of contents: the headings of the text, and
// the titles of the cells below them.
func writeContents(b *strings.Builder, list []heading) {
	if len(list) < 2 {
		return
	}
	b.WriteString("<nav>\n<input type=\"checkbox\" id=\"contents\"><label for=\"contents\">Contents</label>\n<ul>\n")
	for _, h := range list {
		class := "title"
		if h.level < 7 {
			class = "h" + itoa(h.level)
		}
		fmt.Fprintf(b, "<li class=\"%s\"><a href=\"#%s\">%s</a></li>\n", class, html.EscapeString(h.id), html.EscapeString(h.text))
	}
	b.WriteString("</ul>\n</nav>\n")
}

func (c *Cell) html(b *strings.Builder, id string, failed bool) {
	fmt.Fprintf(b, "<section class=\"cell\" id=\"%s\">\n", id)
	if c.Title != "" {
		fmt.Fprintf(b, "<h3><a href=\"#%s\">%s</a></h3>\n", id, html.EscapeString(c.Title))
	}
	source := withoutMarks(c.Source)
	code := fmt.Sprintf("<pre class=\"code chroma\"><code>%s</code></pre>\n", highlight(source))
	switch {
	case source == "":
	case c.Kind == notebook.Decls && c.Title == "":
		fmt.Fprintf(b, "<details><summary>Imports and declarations</summary>\n%s</details>\n", code)
	default:
		b.WriteString(code)
	}
	for _, o := range c.Outputs {
		o.html(b)
	}
	if s := c.dropped(); s != "" {
		fmt.Fprintf(b, "<p class=\"note\">%s</p>\n", html.EscapeString(s))
	}
	if c.notRun(failed) {
		b.WriteString("<p class=\"note\">not run</p>\n")
	}
	c.accountHTML(b)
	b.WriteString("</section>\n")
}

func (c *Cell) accountHTML(b *strings.Builder) {
	lines := c.account()
	if len(lines) == 0 || c.Number == 0 {
		return
	}
	for i, l := range lines {
		lines[i] = html.EscapeString(l)
	}
	if n := len(lines) - accountLines; n > 0 {
		head, wall := lines[:len(lines)-1], lines[len(lines)-1]
		fmt.Fprintf(b, "<details class=\"account\"><summary>%s · %d engine calls</summary>%s</details>\n", wall, len(head), strings.Join(head, "<br>\n"))
		return
	}
	fmt.Fprintf(b, "<p class=\"account\">%s</p>\n", strings.Join(lines, "<br>\n"))
}

// prolog is what stands before the root element of an SVG file.
var prolog = regexp.MustCompile(`(?s)^\s*(<\?xml.*?\?>|<!DOCTYPE[^>]*>|<!--.*?-->|\s)*`)

func (o Output) html(b *strings.Builder) {
	pre := func(class, text string) {
		fmt.Fprintf(b, "<pre class=\"%s\">%s</pre>\n", class, html.EscapeString(strings.TrimRight(text, "\n")))
	}
	switch {
	case o.Failed != nil:
		pre("out failed fixed", failureText(o.Failed))
		return
	case o.Warning != "":
		pre("out warning", "warning: "+o.Warning)
		return
	case o.Data == nil:
		class := "out"
		if o.Stderr {
			class += " stderr"
		}
		text := plain(o.Text)
		if aligned(text) {
			class += " fixed"
		}
		pre(class, text)
		return
	}
	text := plain(o.Data["text/plain"])
	if s, ok := o.Data["text/html"]; ok {
		fmt.Fprintf(b, "<div class=\"value\">%s</div>\n", s)
		return
	}
	if s, ok := o.Data["image/svg+xml"]; ok {
		fmt.Fprintf(b, "<div class=\"value picture\" role=\"img\">%s</div>\n", prolog.ReplaceAllString(s, ""))
		return
	}
	for _, mime := range []string{"image/png", "image/jpeg", "image/gif", "image/webp"} {
		if s, ok := o.Data[mime]; ok {
			first, _, _ := strings.Cut(text, "\n")
			fmt.Fprintf(b, "<div class=\"value picture\"><img src=\"%s\" alt=\"%s\"></div>\n", dataURI(mime, s), html.EscapeString(first))
			return
		}
	}
	if s, ok := o.Data["text/markdown"]; ok {
		p := newProse(&Document{root: "."})
		markup, _ := p.html(s, 0)
		fmt.Fprintf(b, "<div class=\"value\">%s</div>\n", markup)
		return
	}
	class := "out"
	if aligned(text) {
		class += " fixed"
	}
	pre(class, text)
}

// gaps are the blanks between the columns of a table.
var gaps = regexp.MustCompile(`(?m)\S(  +|\t)\S.*$`)

// aligned says whether text is a table or a drawing, whose lines must not be
// broken.
func aligned(s string) bool {
	for _, r := range s {
		if r >= 0x2500 && r <= 0x28ff { // frames, blocks, shapes, Braille
			return true
		}
	}
	return len(gaps.FindAllStringIndex(s, 2)) == 2
}

// notRun says that a failure before it kept the cell from running.
func (c *Cell) notRun(failed bool) bool {
	if !failed || c.Ran || c.Number == 0 {
		return false
	}
	for _, o := range c.Outputs {
		if o.Failed != nil {
			return false
		}
	}
	return true
}
