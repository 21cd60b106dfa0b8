package kernel

import (
	"go/scanner"
	"go/token"
	"strings"

	"loupe/kernel/check"
)

// cellParts are the declarations and the statements of a cell, each in a copy
// of its source with everything else blanked, so that positions stay.
type cellParts struct {
	src      string
	pieces   []piece
	hasMain  bool
	imported map[string]bool
	dots     map[string]bool // packages that it imports with a dot
	blanks   map[string]bool // and with _
	declares map[string]bool
}

// piece is one top-level item of a cell.
type piece struct {
	from, to int
	decl     bool
	isImport bool
}

// part is one file to check.
type part struct {
	stmts    bool
	src      string
	imported map[string]bool // names that its own imports bind
	dots     map[string]bool
	declares map[string]bool
}

func (c *cellParts) mixed() bool {
	d, s := false, false
	for _, p := range c.pieces {
		d, s = d || p.decl && !p.isImport, s || !p.decl
	}
	return d && s
}

// mask keeps the pieces that keep says and blanks the rest.
func (c *cellParts) mask(keep func(piece) bool) (string, bool) {
	b := []byte(c.src)
	any := false
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	for _, p := range c.pieces {
		if keep(p) {
			copy(b[p.from:p.to], c.src[p.from:p.to])
			any = true
		}
	}
	return strings.TrimRight(string(b), " \n"), any
}

// order lists the parts: declarations first, or in the order of the source.
func (c *cellParts) order(inSource bool) []part {
	var out []part
	add := func(stmts bool, keep func(piece) bool) {
		src, any := c.mask(keep)
		if !any {
			return
		}
		p := part{stmts: stmts, src: src, declares: c.declares}
		for _, x := range c.pieces {
			if x.isImport && keep(x) {
				p.imported, p.dots = c.imported, c.dots
			}
		}
		out = append(out, p)
	}
	if !inSource {
		add(false, func(p piece) bool { return p.decl })
		add(true, func(p piece) bool { return !p.decl })
	} else {
		add(false, func(p piece) bool { return p.isImport })
		for i := 0; i < len(c.pieces); {
			j := i
			for j < len(c.pieces) && c.pieces[j].decl == c.pieces[i].decl {
				j++
			}
			lo, hi := c.pieces[i].from, c.pieces[j-1].to
			add(!c.pieces[i].decl, func(p piece) bool { return !p.isImport && p.from >= lo && p.to <= hi })
			i = j
		}
	}
	if c.hasMain {
		out = append(out, part{stmts: true, src: "main()"})
	}
	return out
}

// commentAbove is where the comment lines begin that stand right above the line
// of src[at], at if there are none.
func commentAbove(src string, at int) int {
	line := strings.LastIndexByte(src[:at], '\n') + 1
	if strings.TrimSpace(src[line:at]) != "" {
		return at
	}
	for line > 0 {
		above := strings.LastIndexByte(src[:line-1], '\n') + 1
		text := strings.TrimSpace(src[above : line-1])
		if !strings.HasPrefix(text, "//") || strings.HasPrefix(text, "//nb:") {
			break
		}
		at, line = above, above
	}
	return at
}

// splitCell finds the top-level pieces of a cell by its tokens: a piece ends
// at a semicolon, written or not, outside of all brackets.
func splitCell(src string) (*cellParts, []check.Error) {
	c := &cellParts{src: src, imported: map[string]bool{}, dots: map[string]bool{}, blanks: map[string]bool{}, declares: map[string]bool{}}
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	var errs []check.Error
	wrong := func(at token.Position, msg string) {
		errs = append(errs, check.Error{Pos: token.Position{Line: at.Line, Column: at.Column}, Msg: msg})
	}
	s.Init(file, []byte(src), func(at token.Position, msg string) {
		if text, ok := check.Unreadable(msg); ok { // the parser meets tokens that do not tell of it
			wrong(at, text)
		}
	}, scanner.ScanComments)
	depth, start := 0, -1
	var toks []tok
	end, clause := 0, false
	flush := func(to int) {
		switch {
		case start < 0:
		case toks[0].t == token.PACKAGE && len(c.pieces) == 0 && !clause && len(toks) == 2 && toks[1].t == token.IDENT:
			// A pasted file. Everything in a cell is of package main.
			clause = true
			if toks[1].lit != "main" {
				wrong(file.Position(file.Pos(start)), "package "+toks[1].lit+" cannot be a cell: what cells declare is of package main")
			}
		default:
			p := piece{from: start, to: to}
			p.decl, p.isImport = c.classify(toks)
			if p.decl && !p.isImport {
				p.from = commentAbove(src, start)
			}
			c.pieces = append(c.pieces, p)
		}
		start, toks = -1, nil
	}
	for {
		pos, t, lit := s.Scan()
		off := file.Offset(pos)
		if t == token.EOF {
			flush(len(src))
			return c, errs
		}
		if t == token.COMMENT {
			if strings.HasPrefix(lit, "//go:embed ") {
				wrong(file.Position(pos), "go:embed cannot be in a cell: os.ReadFile reads the file")
			}
			continue
		}
		if start < 0 && t != token.SEMICOLON {
			start = off
		}
		switch t {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			if depth == 0 && t == token.RBRACE && len(errs) == 0 {
				wrong(file.Position(pos), "syntax error: unexpected }")
			}
			depth--
		case token.SEMICOLON:
			if depth <= 0 {
				to := off
				if lit == ";" {
					to++
				}
				if last := len(c.pieces) - 1; start < 0 && lit == ";" && last >= 0 && !c.pieces[last].decl {
					c.pieces[last].to = to // the second one of "for i := 0; ; i++"
				}
				flush(max(to, end))
				depth = 0
				continue
			}
		}
		toks = append(toks, tok{t, lit, depth})
		end = off + max(len(lit), 1)
	}
}

type tok struct {
	t     token.Token
	lit   string
	depth int
}

// classify says whether a piece is a declaration. var is a statement: its
// place among the statements matters.
func (c *cellParts) classify(toks []tok) (decl, isImport bool) {
	switch toks[0].t {
	case token.IMPORT:
		c.importNames(toks)
		return true, true
	case token.TYPE, token.CONST:
		if len(toks) > 1 && toks[1].t == token.IDENT {
			c.declares[toks[1].lit] = true
		}
		return true, false
	case token.FUNC:
		if len(toks) < 2 {
			return true, false
		}
		if toks[1].t == token.IDENT {
			c.declares[toks[1].lit] = true
			if toks[1].lit == "main" {
				c.hasMain = true
			}
			return true, false
		}
		// func (r T) Name(...) is a method, func (...) {...}(...) is a literal.
		for i := 2; i < len(toks); i++ {
			if toks[i].t == token.RPAREN && toks[i].depth == 0 {
				return i+2 < len(toks) && toks[i+1].t == token.IDENT && (toks[i+2].t == token.LPAREN || toks[i+2].t == token.LBRACK), false
			}
		}
		return false, false
	case token.VAR:
		expect := true // a name, not a type or a value
		for i, t := range toks[1:] {
			switch {
			case t.t == token.LPAREN && i == 0, t.t == token.SEMICOLON && t.depth == 1:
				expect = true
			case t.t == token.IDENT && expect:
				c.declares[t.lit] = true
				expect = i+2 < len(toks) && toks[i+2].t == token.COMMA
			}
		}
	default:
		for i, t := range toks {
			if t.t == token.DEFINE && t.depth == 0 {
				for _, u := range toks[:i] {
					if u.t == token.IDENT && u.depth == 0 {
						c.declares[u.lit] = true
					}
				}
				break
			}
		}
	}
	return false, false
}

// importNames notes the local names that an import declaration binds.
func (c *cellParts) importNames(toks []tok) {
	name := ""
	for _, t := range toks[1:] {
		switch t.t {
		case token.IDENT:
			name = t.lit
		case token.PERIOD:
			name = "."
		case token.STRING:
			path := strings.Trim(t.lit, "`\"")
			switch name {
			case "":
				c.imported[check.BaseName(path)] = true
			case ".":
				c.dots[path] = true
			case "_":
				c.blanks[path] = true
			default:
				c.imported[name] = true
			}
			name = ""
		}
	}
}

// plainNames are the identifiers that do not follow a period.
func plainNames(src string) map[string]bool {
	m := map[string]bool{}
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), []byte(src), func(token.Position, string) {}, 0)
	for prev := token.ILLEGAL; ; {
		_, t, lit := s.Scan()
		if t == token.EOF {
			return m
		}
		if t == token.IDENT && prev != token.PERIOD {
			m[lit] = true
		}
		prev = t
	}
}

// qualifiers are the identifiers that stand before a selector, where a package
// name may stand.
func qualifiers(src string) map[string]bool {
	m := map[string]bool{}
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, 0)
	prev, last := token.ILLEGAL, ""
	before := token.ILLEGAL
	for {
		_, t, lit := s.Scan()
		if t == token.EOF {
			return m
		}
		if t == token.PERIOD && prev == token.IDENT && before != token.PERIOD {
			m[last] = true
		}
		before, prev, last = prev, t, lit
	}
}
