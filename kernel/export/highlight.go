package export

import (
	"go/scanner"
	"go/token"
	"go/types"
	"html"
	"strings"

	"github.com/alecthomas/chroma/v2"
	chromahtml "github.com/alecthomas/chroma/v2/formatters/html"
)

// The tokens come from Go's own scanner: it knows the language better than a
// lexer of patterns, and chroma's collection of lexers would be read at every
// start of the program. Chroma names the classes and writes the elements.
var formatter = chromahtml.New(chromahtml.WithClasses(true), chromahtml.WithCSSComments(false), chromahtml.PreventSurroundingPre(true))

// colours are those of a light and of a dark page, each with 4.5:1 of contrast
// against its background at least.
var colours = map[string]*chroma.Style{
	"light": chroma.MustNewStyle("light", chroma.StyleEntries{
		chroma.Keyword: "#8b2252", chroma.KeywordType: "#00688b", chroma.NameBuiltin: "#00688b", chroma.NameFunction: "#5b3a9e",
		chroma.LiteralString: "#2e6b1f", chroma.LiteralNumber: "#9a4a00", chroma.Comment: "italic #6a6a6a",
	}),
	"dark": chroma.MustNewStyle("dark", chroma.StyleEntries{
		chroma.Keyword: "#f092b8", chroma.KeywordType: "#7cc7e8", chroma.NameBuiltin: "#7cc7e8", chroma.NameFunction: "#c3a6ff",
		chroma.LiteralString: "#a5d68f", chroma.LiteralNumber: "#f0b070", chroma.Comment: "italic #9a9a9a",
	}),
}

// colourCSS is the style sheet of highlighted code.
func colourCSS(name string) string {
	var b strings.Builder
	if err := formatter.WriteCSS(&b, colours[name]); err != nil {
		return ""
	}
	return b.String()
}

// highlight is Go source as HTML. What is no Go stands there without colours.
func highlight(src string) string {
	var b strings.Builder
	if err := formatter.Format(&b, colours["light"], chroma.Literator(tokens(src)...)); err != nil {
		return html.EscapeString(src)
	}
	return b.String()
}

// tokens are those of Go source; together they are the source.
func tokens(src string) []chroma.Token {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	var list []chroma.Token
	end := 0
	put := func(to int, as chroma.TokenType) {
		if to > end {
			if n := len(list) - 1; n >= 0 && list[n].Type == as {
				list[n].Value += src[end:to]
			} else {
				list = append(list, chroma.Token{Type: as, Value: src[end:to]})
			}
			end = to
		}
	}
	for {
		pos, t, lit := s.Scan()
		if t == token.EOF {
			put(len(src), chroma.Text)
			return list
		}
		at := file.Offset(pos)
		if lit == "" || t == token.SEMICOLON {
			continue // operators and brackets are text
		}
		put(at, chroma.Text)
		put(min(at+len(lit), len(src)), class(t, lit, src[min(at+len(lit), len(src)):]))
	}
}

func class(t token.Token, lit, after string) chroma.TokenType {
	switch {
	case t == token.COMMENT:
		return chroma.Comment
	case t == token.STRING || t == token.CHAR:
		return chroma.LiteralString
	case t == token.INT || t == token.FLOAT || t == token.IMAG:
		return chroma.LiteralNumber
	case t.IsKeyword():
		return chroma.Keyword
	case t == token.IDENT:
		switch types.Universe.Lookup(lit).(type) {
		case *types.TypeName:
			return chroma.KeywordType
		case *types.Builtin, *types.Const, *types.Nil:
			return chroma.NameBuiltin
		}
		if strings.HasPrefix(after, "(") {
			return chroma.NameFunction
		}
	}
	return chroma.Text
}
