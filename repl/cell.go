package repl

import (
	"go/scanner"
	"go/token"
	"strings"

	"loupe/kernel"
)

// assembly gathers lines until they make a cell.
type assembly struct {
	lines []string
	// typed is set at a terminal. There a cell whose first line is a notebook's
	// marker, // %% TITLE, ends at an empty line: it takes the place of a cell of
	// several statements, and would else end behind the first.
	typed bool
	// titled: this is such a cell.
	titled bool
}

// add appends a line, or the lines of a paste, and reports whether the cell
// may run. Two blank lines running end a cell that is not complete, so that
// nobody is caught in one: the compiler then says what is missing. Inside a
// raw string or a comment they are text.
func (a *assembly) add(line string) (done bool) {
	if a.empty() && a.typed {
		rest, comment := strings.CutPrefix(line, "//")
		a.titled = comment && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "%%") && !strings.Contains(line, "\n")
	}
	a.lines = append(a.lines, strings.Split(line, "\n")...)
	src := a.source()
	if complete(src) && (!a.titled || blank(a.lines[len(a.lines)-1])) {
		return true
	}
	n := len(a.lines)
	return n > 2 && blank(a.lines[n-1]) && blank(a.lines[n-2]) && !insideText(src)
}

func (a *assembly) empty() bool    { return len(a.lines) == 0 }
func (a *assembly) reset()         { a.lines, a.titled = nil, false }
func (a *assembly) source() string { return strings.Join(a.lines, "\n") }

// cell is the source without blank lines around it.
func (a *assembly) cell() string {
	lines := a.lines
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \t\r\n")
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// complete reports whether src can run as it stands. A line of ? is complete
// by itself; %time may stand before a cell of several lines.
func complete(src string) bool {
	s := strings.TrimSpace(src)
	if s == "" || s[0] == '?' {
		return true
	}
	if s[0] == '%' {
		word, rest, _ := strings.Cut(s, " ")
		return word != "%time" && word != "%timeit" || blank(rest) || kernel.IsComplete(rest)
	}
	return kernel.IsComplete(src)
}

// insideText reports whether src ends within a raw string or a comment.
func insideText(src string) bool {
	inside := false
	scan(src, func(_ token.Position, msg string) {
		inside = inside || strings.Contains(msg, "not terminated")
	}, nil)
	return inside
}

// depth is how many brackets src leaves open.
func depth(src string) int {
	n := 0
	scan(src, nil, func(tok token.Token) {
		switch tok {
		case token.LBRACE, token.LPAREN, token.LBRACK:
			n++
		case token.RBRACE, token.RPAREN, token.RBRACK:
			n = max(n-1, 0)
		}
	})
	return n
}

func scan(src string, onError scanner.ErrorHandler, onToken func(token.Token)) {
	fset := token.NewFileSet()
	var s scanner.Scanner
	if onError == nil {
		onError = func(token.Position, string) {}
	}
	s.Init(fset.AddFile("", fset.Base(), len(src)), []byte(src), onError, 0)
	for {
		_, tok, _ := s.Scan()
		if tok == token.EOF {
			return
		}
		if onToken != nil {
			onToken(tok)
		}
	}
}

// indent is what the next line of an incomplete cell starts with.
func indent(src string) string {
	if insideText(src) {
		return ""
	}
	return strings.Repeat("\t", depth(src))
}
