package export

import (
	"bytes"
	"fmt"
	"html"
	"mime"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	goldhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"loupe/kernel"
)

// prose turns the Markdown of a document's cells into HTML. Headings of all
// cells have different ids.
type prose struct {
	doc      *Document
	markdown goldmark.Markdown
	ids      parser.IDs
}

// heading is an entry of the table of contents.
type heading struct {
	level    int
	id, text string
}

func newProse(d *Document) *prose {
	return &prose{
		doc: d,
		markdown: goldmark.New(
			goldmark.WithExtensions(extension.GFM, extension.Footnote),
			goldmark.WithParserOptions(parser.WithAutoHeadingID()),
			// A notebook is a program: its author may write HTML too.
			goldmark.WithRendererOptions(goldhtml.WithUnsafe(), renderer.WithNodeRenderers(util.Prioritized(fences{}, 100))),
		),
		ids: parser.NewContext().IDs(),
	}
}

// html is the text of a cell, which begins in a line of the file, and its
// headings. A picture that is a file comes into the page.
func (p *prose) html(src string, line int) (string, []heading) {
	source := []byte(src)
	root := p.markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(p.ids))))
	var list []heading
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			id, _ := n.AttributeString("id")
			name, _ := id.([]byte)
			list = append(list, heading{n.Level, string(name), nodeText(n, source)})
		case *ast.Image:
			uri, err := inlined(p.doc.root, string(n.Destination))
			if err != nil {
				p.doc.Warnings = append(p.doc.Warnings, kernel.Warning{Cell: p.doc.Path, Line: line, Text: err.Error()})
				uri = "data:," // what stands for it shows
			}
			n.Destination = []byte(uri)
		}
		return ast.WalkContinue, nil
	})
	var b bytes.Buffer
	if err := p.markdown.Renderer().Render(&b, source, root); err != nil {
		return "<pre>" + html.EscapeString(src) + "</pre>", nil
	}
	return b.String(), list
}

// nodeText is what stands in a heading, without its markup.
func nodeText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// inlined is a picture's file as a data address.
func inlined(root, dest string) (string, error) {
	if strings.HasPrefix(dest, "data:") {
		return dest, nil
	}
	if strings.Contains(dest, "://") || strings.HasPrefix(dest, "//") {
		return "", fmt.Errorf("the picture %s is elsewhere, so the page does not show it; put its file beside the notebook", dest)
	}
	kind := mime.TypeByExtension(filepath.Ext(dest))
	if !strings.HasPrefix(kind, "image/") {
		return "", fmt.Errorf("%s is no picture by its name", dest)
	}
	path := filepath.FromSlash(dest)
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("a picture is missing: %w", err)
	}
	return dataURI(kind, string(data)), nil
}

// fences renders code blocks of Markdown, those of Go with colours.
type fences struct{}

func (f fences) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		block := n.(*ast.FencedCodeBlock)
		var b strings.Builder
		for i := range block.Lines().Len() {
			line := block.Lines().At(i)
			b.Write(line.Value(source))
		}
		code := html.EscapeString(b.String())
		if string(block.Language(source)) == "go" {
			code = highlight(b.String())
		}
		_, err := fmt.Fprintf(w, "<pre class=\"code chroma\"><code>%s</code></pre>\n", code)
		return ast.WalkSkipChildren, err
	})
}
