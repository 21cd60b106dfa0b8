package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"slices"
	"strings"

	"loupe/kernel/check"
	"loupe/kernel/notebook"
)

// FromJupyter is the Go file of a Jupyter notebook of Loupe's kernel. One that
// came from a Go file and was not changed gives that file back byte for byte.
// Otherwise declarations stand above main, the cells of statements in it, what
// cells used without importing it is imported, and a last expression is shown.
// Outputs are not looked at.
func FromJupyter(path string, data []byte) (string, error) {
	var nb jupyterFile
	if err := json.Unmarshal(data, &nb); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return "", fmt.Errorf("export: %s is no Jupyter notebook: at byte %d: %w", path, syntax.Offset, err)
		}
		return "", fmt.Errorf("export: %s is no Jupyter notebook: %w", path, err)
	}
	if nb.Format != 4 {
		return "", fmt.Errorf("export: %s has nbformat %d.%d, 4 is known; jupyter nbconvert --to notebook writes that", path, nb.Format, nb.FormatMinor)
	}
	spec := nb.Metadata.Kernelspec
	if nb.Metadata.Loupe == nil && spec.Name != "loupe" && !strings.HasPrefix(spec.Name, "loupe-") {
		switch {
		case spec.DisplayName != "":
			return "", fmt.Errorf("export: %s is a notebook of the kernel %q (%s), not of Loupe", path, spec.DisplayName, spec.Name)
		case spec.Name != "":
			return "", fmt.Errorf("export: %s is a notebook of the kernel %q, not of Loupe", path, spec.Name)
		}
		return "", fmt.Errorf("export: %s does not name its kernel; open it in Jupyter with the kernel Go (Loupe) and save it", path)
	}
	if text, ok := unchanged(&nb); ok {
		return text, nil
	}
	return written(path, nb.Cells)
}

// title takes the marker off a code cell.
func title(src string) (title, rest string, marked bool) {
	line, rest, _ := strings.Cut(src, "\n")
	if t, md, ok := notebook.Marker(strings.TrimSpace(line)); ok && !md {
		return t, rest, true
	}
	return "", src, false
}

// read are the cells as pieces of a Go file, one for each.
func read(cells []jupyterCell) []piece {
	var list []piece
	for _, c := range cells {
		p := piece{kind: notebook.Markdown, inMain: true, source: string(c.Source)}
		mark := c.Metadata.Loupe
		if mark == nil {
			mark = &jupyterMark{}
		}
		if c.Type == "markdown" {
			p.title, p.marked = mark.Title, true
		} else {
			p.title, p.source, p.marked = title(p.source)
			p.source = once(packageComment, p.source, "package main")
			p.kind = notebook.Code
			if p.title == "" && slices.Contains(c.Metadata.Tags, notebook.Parameters) {
				p.title, p.marked = notebook.Parameters, true
			}
			if decls, stmts := sorted(p.source); mark.Place != "main" && (mark.Place == "top" || decls != "" && stmts == "") {
				p.kind, p.inMain = notebook.Decls, false
			}
			p.marked = p.marked || mark.N == nil
		}
		list = append(list, p)
	}
	// A text belongs to what follows it: above declarations it stands above main.
	next := true
	for i := len(list) - 1; i >= 0; i-- {
		p := &list[i]
		if p.kind != notebook.Markdown {
			next = p.inMain
			continue
		}
		p.inMain = next
		if m := cells[i].Metadata.Loupe; m != nil && m.Place != "" {
			p.inMain = m.Place == "main"
		}
	}
	return list
}

// unchanged is the Go file that a notebook came from, if nothing was changed.
func unchanged(nb *jupyterFile) (string, bool) {
	m := nb.Metadata.Loupe
	if m == nil || m.Cells != len(nb.Cells) {
		return "", false
	}
	chunks, tail := goText(read(nb.Cells))
	if m.Tail != nil {
		tail = *m.Tail
	}
	for i, c := range nb.Cells {
		mark := c.Metadata.Loupe
		if mark == nil || mark.N == nil || *mark.N != i {
			return "", false
		}
		if mark.Of == sum(string(c.Source)) {
			chunks[i] = mark.Raw
		}
	}
	text := strings.Join(chunks, "") + tail
	return text, sum(text) == m.Sum
}

// written makes a Go file of cells that were written or changed in Jupyter.
func written(path string, cells []jupyterCell) (string, error) {
	var imports []string
	about := "" // the comment on top of the file
	var tops, body, all []piece
	for i, p := range read(cells) {
		src := strings.TrimSpace(p.source)
		switch {
		case cells[i].Type == "raw":
			return "", fmt.Errorf("export: %s: cell %d is a raw cell, which a Go file cannot hold; make it a Markdown cell", path, i+1)
		case src == "" && p.title == "":
			continue
		case p.kind == notebook.Markdown:
			if p.inMain {
				body = append(body, p)
			} else {
				tops = append(tops, p)
			}
			continue
		case strings.HasPrefix(src, "%") || strings.HasPrefix(src, "?"):
			line, _, _ := strings.Cut(src, "\n")
			return "", fmt.Errorf("export: %s: cell %d is a command of the prompt, not Go: %s; delete the cell", path, i+1, line)
		}
		if at := packageClause.FindStringIndex(src); at != nil {
			if about == "" {
				about = strings.TrimLeft(src[:at[0]], "\n")
			}
			src = src[at[1]:]
		}
		own, rest := importsOf(src)
		imports = append(imports, own...)
		decls, stmts := sorted(rest)
		if p.kind == notebook.Decls || decls != "" {
			top := piece{kind: notebook.Decls, source: trimLines(decls)}
			if p.kind == notebook.Decls {
				top.source, top.title, top.marked = trimLines(rest), p.title, p.title != ""
				stmts = ""
			}
			if top.source != "" {
				tops = append(tops, top)
			}
		}
		if p.kind == notebook.Code && (strings.TrimSpace(stmts) != "" || p.title != "") {
			p.source = shownLast(trimLines(stmts))
			body = append(body, p)
		}
	}
	for i := range tops {
		tops[i].inMain = false
		if tops[i].kind == notebook.Decls && i > 0 {
			tops[i].marked = true
		}
	}
	all = append(tops, body...)
	assemble := func() string {
		chunks, tail := goText(all)
		return about + "package main\n\n" + importBlock(imports) + strings.Join(chunks, "") + tail
	}
	text := assemble()
	f, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		return "", fmt.Errorf("export: %s: its cells are no Go file: %s", path, told(err, text))
	}
	if usesModel(f) {
		all = append(append(tops[:len(tops):len(tops)], kernelsModel), body...)
		imports = append(imports, `"log"`, `"loupe/engine"`)
	}
	for name := range missing(f) {
		if p, ok := check.Named(name); ok {
			imports = append(imports, fmt.Sprintf("%q", p))
		}
	}
	out, err := format.Source([]byte(assemble()))
	if err != nil {
		return "", fmt.Errorf("export: %s: its cells are no Go file: %w", path, err)
	}
	return string(out), nil
}

// kernelsModel is the cell that loads what is there as m in Jupyter. It leaves err
// to the cells, which may declare it in their own way.
var kernelsModel = piece{kind: notebook.Code, marked: true, inMain: true, title: "The model that the kernel has as m", source: `m, loadErr := engine.Load("lesson", engine.LoadConfig{})
if loadErr != nil {
	log.Fatal(loadErr)
}`}

// usesModel reports whether a file uses m and does not declare it.
func usesModel(f *ast.File) bool {
	keys := map[*ast.Ident]bool{} // of literals: names of fields, if nothing else
	ast.Inspect(f, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				keys[id] = true
			}
		}
		return true
	})
	return slices.ContainsFunc(f.Unresolved, func(id *ast.Ident) bool { return id.Name == "m" && !keys[id] })
}

// importBlock imports packages, those of the standard library first.
func importBlock(list []string) string {
	slices.Sort(list)
	var groups [2]string
	for _, im := range slices.Compact(list) {
		own := 0
		if strings.Contains(im, `"loupe/`) {
			own = 1
		}
		groups[own] += "\t" + im + "\n"
	}
	switch {
	case len(list) == 0:
		return ""
	case len(list) == 1:
		return "import " + list[0] + "\n\n"
	case groups[0] != "" && groups[1] != "":
		groups[0] += "\n"
	}
	return "import (\n" + groups[0] + groups[1] + ")\n\n"
}

// told is the first syntax error with its line: the file has none yet to look at.
func told(err error, text string) string {
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		e := list[0]
		if lines := strings.Split(text, "\n"); e.Pos.Line > 0 && e.Pos.Line <= len(lines) {
			return fmt.Sprintf("%s: %s", e.Msg, strings.TrimSpace(lines[e.Pos.Line-1]))
		}
	}
	return err.Error()
}

// missing are the names before a dot that a file does not declare.
func missing(f *ast.File) map[string]bool {
	open := map[*ast.Ident]bool{}
	for _, id := range f.Unresolved {
		open[id] = true
	}
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && open[id] {
				names[id.Name] = true
			}
		}
		return true
	})
	for _, im := range f.Imports {
		name := check.BaseName(strings.Trim(im.Path.Value, "\"`"))
		if im.Name != nil {
			name = im.Name.Name
		}
		maps.DeleteFunc(names, func(n string, _ bool) bool { return n == name })
	}
	return names
}

// part is one declaration or statement of a cell.
type part struct {
	text   string
	lead   int           // bytes of comments before its first token
	tokens []token.Token // the first of them
}

// parts cuts a cell at the semicolons, written or not, outside of brackets. A
// comment belongs to what follows it.
func parts(src string) []part {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, 0)
	var list []part
	var now part
	from, depth := 0, 0
	flush := func(to int) {
		now.text = src[from:to]
		if len(now.tokens) > 0 {
			list = append(list, now)
		} else if n := len(list) - 1; n >= 0 {
			list[n].text += now.text
		} else if strings.TrimSpace(now.text) != "" {
			list = append(list, now)
		}
		now, from = part{}, to
	}
	for {
		pos, t, lit := s.Scan()
		at := file.Offset(pos)
		switch t {
		case token.EOF:
			flush(len(src))
			return list
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		}
		if t == token.SEMICOLON && depth <= 0 {
			to := at
			if lit == ";" {
				to++
			}
			if i := strings.IndexByte(src[to:], '\n'); i >= 0 && onlyComment(src[to:to+i]) {
				to += i + 1 // with a comment behind it
			}
			flush(min(to, len(src)))
			continue
		}
		if len(now.tokens) == 0 {
			now.lead = at - from
		}
		if len(now.tokens) < 2 {
			now.tokens = append(now.tokens, t)
		}
	}
}

func onlyComment(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || strings.HasPrefix(s, "//")
}

// isDecl says whether a part can only stand, or is better placed, above main.
func (p part) isDecl() bool {
	if len(p.tokens) == 0 {
		return false
	}
	switch p.tokens[0] {
	case token.IMPORT, token.TYPE, token.CONST, token.PACKAGE:
		return true
	case token.FUNC:
		if len(p.tokens) > 1 && p.tokens[1] == token.IDENT {
			return true
		}
		// A method, or a function literal that is called.
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+p.text, parser.SkipObjectResolution)
		return err == nil
	}
	return false
}

// sorted are the declarations and the statements of a cell.
func sorted(src string) (decls, stmts string) {
	var d, s strings.Builder
	for _, p := range parts(src) {
		if p.isDecl() {
			d.WriteString(p.text)
		} else {
			s.WriteString(p.text)
		}
	}
	return d.String(), s.String()
}

// importsOf takes the imports off a cell.
func importsOf(src string) (imports []string, rest string) {
	var b strings.Builder
	for _, p := range parts(src) {
		if len(p.tokens) == 0 || p.tokens[0] != token.IMPORT {
			b.WriteString(p.text)
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+p.text, parser.ImportsOnly)
		if err != nil {
			b.WriteString(p.text)
			continue
		}
		for _, im := range f.Imports {
			text := im.Path.Value
			if im.Name != nil {
				text = im.Name.Name + " " + text
			}
			imports = append(imports, text)
		}
		if lead := p.text[:p.lead]; strings.TrimSpace(lead) != "" {
			b.WriteString(lead + "\n") // a comment that stands above them
		}
	}
	return imports, b.String()
}

// shownLast makes a last expression, which Jupyter shows and a compiler refuses,
// a call that shows it.
func shownLast(src string) string {
	list := parts(src)
	if len(list) == 0 {
		return src
	}
	last := list[len(list)-1].text
	x, err := parser.ParseExpr(strings.TrimSpace(last))
	if err != nil {
		return src
	}
	switch x := ast.Unparen(x).(type) {
	case *ast.CallExpr:
		return src
	case *ast.UnaryExpr:
		if x.Op == token.ARROW {
			return src
		}
	}
	at := strings.LastIndex(src, last)
	return src[:at] + "nb.Show(" + strings.TrimSpace(last) + ")"
}
