package notebook

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"sort"
	"strings"
)

// CellKind says what a cell holds.
type CellKind int

const (
	Code     CellKind = iota // statements of main
	Decls                    // top-level declarations
	Markdown                 // comment text
)

// Cell is one cell of a file, in the order of the file.
type Cell struct {
	Kind  CellKind
	Title string // what follows the marker
	// Line is the marker's line in the file, 0 for what stands before the
	// first marker. Source is the text after it, as it stands in the file.
	Line   int
	Source string
	// Index numbers code cells of main from 1; 0 for the others.
	Index int
	// From and To are byte offsets of Source in the file.
	From, To int
}

// File is a parsed notebook.
type File struct {
	Path   string
	Source string
	Cells  []Cell
	AST    *ast.File
	Main   *ast.FuncDecl // nil if there is none
	lines  []int         // offset of each line
}

// Read reads and parses a notebook file. A syntax error is a
// scanner.ErrorList with positions in the file.
func Read(fset *token.FileSet, path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("notebook: %w", err)
	}
	return Parse(fset, path, string(b))
}

// Parse splits a notebook. On a syntax error it returns the file without
// cells, and the error.
func Parse(fset *token.FileSet, path, src string) (*File, error) {
	f := &File{Path: path, Source: src, lines: []int{0}}
	for i := range len(src) {
		if src[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	file, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	f.AST = file
	if err != nil {
		f.rough()
		return f, err
	}
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "main" && fn.Body != nil {
			f.Main = fn
		}
	}
	f.split(fset)
	return f, nil
}

// rough finds the cells of a file that does not parse, by its tokens, so that
// its errors have a cell.
func (f *File) rough() {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(f.Source))
	var s scanner.Scanner
	s.Init(file, []byte(f.Source), func(token.Position, string) {}, scanner.ScanComments)
	depth, inMain := 0, false
	var prev [2]string
	open := -1
	for {
		pos, t, lit := s.Scan()
		at := file.Offset(pos)
		switch t {
		case token.EOF:
			if open >= 0 {
				f.Cells[open].To = len(f.Source)
			}
			return
		case token.LBRACE:
			if depth == 0 {
				inMain = prev[0] == "func" && prev[1] == "main"
				prev = [2]string{}
			}
			depth++
		case token.RBRACE:
			depth--
		case token.FUNC, token.IDENT:
			if depth == 0 {
				prev = [2]string{prev[1], lit}
			}
		case token.COMMENT:
			title, md, ok := Marker(lit)
			if !ok || !inMain || depth < 1 || !f.alone(at) {
				continue
			}
			if open >= 0 {
				f.Cells[open].To = at
			}
			open = -1
			if !md {
				f.Cells = append(f.Cells, Cell{Kind: Code, Title: title, Line: f.line(at), From: at + len(lit), Index: len(f.Cells) + 1})
				open = len(f.Cells) - 1
			}
		}
	}
}

// marker is a "// %%" comment that starts a cell.
type marker struct {
	from, to int // offsets of the comment
	title    string
	markdown bool
	inMain   bool
}

// Marker parses the text of a line comment.
func Marker(text string) (title string, markdown, ok bool) {
	rest, ok := strings.CutPrefix(text, "//")
	if !ok {
		return "", false, false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t"), "%%")
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", false, false
	}
	title = strings.TrimSpace(rest)
	if t, ok := strings.CutSuffix(title, "[markdown]"); ok {
		return strings.TrimSpace(t), true, true
	}
	return title, false, true
}

// split finds the markers that count: comments alone on their line, between
// the statements of main's own block or between top-level declarations.
func (f *File) split(fset *token.FileSet) {
	off := func(p token.Pos) int { return fset.PositionFor(p, false).Offset }
	var markers []marker
	for _, g := range f.AST.Comments {
		for _, c := range g.List {
			title, md, ok := Marker(c.Text)
			if !ok || !f.alone(off(c.Pos())) {
				continue
			}
			m := marker{from: off(c.Pos()), to: off(c.End()), title: title, markdown: md}
			if f.Main != nil && c.Pos() > f.Main.Body.Lbrace && c.End() < f.Main.Body.Rbrace {
				m.inMain = true
				if within(f.Main.Body.List, c) {
					continue
				}
			} else if inside(f.AST, c) {
				continue
			}
			markers = append(markers, m)
		}
	}
	f.cells(markers, off)
}

// alone says whether only blanks stand before offset on its line.
func (f *File) alone(offset int) bool {
	i := strings.LastIndexByte(f.Source[:offset], '\n') + 1
	return strings.TrimSpace(f.Source[i:offset]) == ""
}

func within(list []ast.Stmt, c *ast.Comment) bool {
	for _, s := range list {
		if s.Pos() <= c.Pos() && c.Pos() < s.End() {
			return true
		}
	}
	return false
}

func inside(f *ast.File, c *ast.Comment) bool {
	for _, d := range f.Decls {
		if d.Pos() <= c.Pos() && c.Pos() < d.End() {
			return true
		}
	}
	return false
}

func (f *File) line(offset int) int {
	n := 0
	for n < len(f.lines) && f.lines[n] <= offset {
		n++
	}
	return n
}

// cells cuts the file at the markers and at the braces of main.
func (f *File) cells(markers []marker, off func(token.Pos) int) {
	type cut struct {
		at int // where the cell before ends
		c  Cell
	}
	cuts := []cut{{0, Cell{Kind: Decls}}}
	for _, m := range markers {
		c := Cell{Title: m.title, Line: f.line(m.from), From: m.to}
		switch {
		case m.markdown:
			c.Kind = Markdown
		case !m.inMain:
			c.Kind = Decls
		}
		cuts = append(cuts, cut{m.from, c})
	}
	if f.Main != nil {
		head := off(f.Main.Type.Func)
		open, end := off(f.Main.Body.Lbrace)+1, off(f.Main.Body.Rbrace)
		cuts = append(cuts, cut{head, Cell{Kind: Code, From: open}}, cut{end, Cell{Kind: Decls, From: end + 1}})
		for _, m := range markers { // statements below a markdown cell's text
			if !m.markdown || !m.inMain {
				continue
			}
			next := end
			for _, o := range markers {
				if o.from > m.from {
					next = min(next, o.from)
				}
			}
			for _, s := range f.Main.Body.List {
				if at := off(s.Pos()); at > m.to && at < next {
					cuts = append(cuts, cut{at, Cell{Kind: Code, From: at}})
					break
				}
			}
		}
	}
	sort.SliceStable(cuts, func(i, j int) bool { return cuts[i].at < cuts[j].at })
	index := 0
	for i, k := range cuts {
		c := k.c
		c.To = len(f.Source)
		if i+1 < len(cuts) {
			c.To = cuts[i+1].at
		}
		c.Source = f.Source[c.From:c.To]
		if c.Line == 0 && strings.TrimSpace(c.Source) == "" {
			continue // nothing before the first marker, or after main
		}
		if c.Kind == Code {
			index++
			c.Index = index
		}
		f.Cells = append(f.Cells, c)
	}
}

// Stmts are the statements of main that stand in a code cell.
func (f *File) Stmts(fset *token.FileSet, c Cell) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range f.Main.Body.List {
		if o := fset.PositionFor(s.Pos(), false).Offset; o >= c.From && o < c.To {
			out = append(out, s)
		}
	}
	return out
}

// Locate names the code cell of a line of the file and the line in it,
// counted from the marker; ok is false among the declarations.
func (f *File) Locate(line int) (index, inCell int, ok bool) {
	for _, c := range f.Cells {
		if c.Kind != Code {
			continue
		}
		first, last := f.line(c.From), f.line(c.To)
		if line >= first && line <= last {
			marker := c.Line
			if marker == 0 {
				marker = first - 1
				if line, _, _ := strings.Cut(c.Source, "\n"); strings.TrimSpace(line) == "" {
					marker = first // the rest of main's first line
				}
			}
			return c.Index, line - marker, true
		}
	}
	return 0, 0, false
}

// Errors is the list of syntax errors of Read or Parse.
type Errors = scanner.ErrorList
