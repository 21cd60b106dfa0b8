package check

import (
	"errors"
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// go/parser and go/types are not the compiler's own parser and checker. Most
// of their errors are the same; what differs is put into the compiler's words
// and places here.

// Syntax turns a parser's error into errors with the compiler's words.
func Syntax(err error, src string) []Error {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []Error{{Msg: err.Error()}}
	}
	lines := strings.Split(src, "\n")
	var out []Error
	var tokens []lexeme
	for _, e := range list {
		if n := len(out); n > 0 && (out[n-1].Pos.Line == e.Pos.Line || strings.Contains(e.Msg, "found 'EOF'")) {
			continue // one syntax error a line; the end of the file is no news then
		}
		if strings.HasPrefix(e.Msg, "string literal not terminated") {
			// Reported where the line ends.
			if full := fullLine(lines, e.Pos); full != "" {
				e.Pos.Column = len(full) + 1
			}
		}
		err := Error{Pos: e.Pos, Msg: syntaxText(e.Msg)}
		if text, ok := Unreadable(e.Msg); ok {
			err.Msg = text
		} else if text, by := literalText(e.Msg, src[min(e.Pos.Offset, len(src)):]); text != "" {
			err.Msg = text
			err.Pos.Column += by
		} else if rest, ok := strings.CutSuffix(e.Msg, " must be function call"); ok {
			err.Msg = e.Msg
			if tokens == nil {
				tokens = lexemes(src)
			}
			if to, ok := called(tokens, e.Pos.Offset, strings.TrimPrefix(rest, "expression in ")); ok {
				err.Pos.Line += strings.Count(src[:to], "\n") - strings.Count(src[:e.Pos.Offset], "\n")
				err.Pos.Column = to - strings.LastIndexByte(src[:to], '\n')
			}
		} else if strings.Contains(e.Msg, "ILLEGAL") {
			if text := unreadableAt(src, e.Pos.Offset); text != "" {
				err.Msg = text
			}
		}
		if tokens == nil {
			tokens = lexemes(src)
		}
		if c, ok := at(tokens, e.Pos.Offset); ok && strings.HasPrefix(err.Msg, "syntax error: ") {
			text, offset := c.reworded(err.Msg)
			err.Msg = text
			if offset < len(src) || !strings.Contains(src, "\n//line ") { // a cell ends where the reader sees it end
				moved(&err.Pos, src, offset)
			}
		}
		out = append(out, err)
	}
	return out
}

// numberErrors are the scanner's for numbers, which are the compiler's too.
var numberErrors = regexp.MustCompile(`^(invalid digit '|'_' must separate|'.' exponent requires|exponent has no digits|hexadecimal mantissa requires|invalid radix point|\S+ literal has no digits)`)

// literalText is the compiler's text for what is wrong with a literal, "" if nothing is,
// and how far to the right of the scanner's its place is. rest is the source from there.
func literalText(msg, rest string) (text string, by int) {
	switch {
	case numberErrors.MatchString(msg):
		return msg, 0
	case msg == "unknown escape sequence":
		return "unknown escape", 0
	case msg == "illegal rune literal" && strings.HasPrefix(rest, "''"):
		return "empty rune literal or unescaped '", 1
	case msg == "illegal rune literal":
		return "more than one character in rune literal", 0
	case strings.HasSuffix(msg, " index required in 3-index slice"):
		return msg, 1
	}
	return "", 0
}

// called finds the expression of the go or defer statement that ends at an offset.
func called(list []lexeme, offset int, keyword string) (at int, ok bool) {
	depth := 0
	begun := map[int]int{} // depth -> where its last expression begins
	for i, l := range list {
		if l.offset >= offset {
			break
		}
		switch l.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		}
		if l.tok.String() == keyword && i+1 < len(list) {
			begun[depth] = list[i+1].offset
		}
	}
	at, ok = begun[depth]
	return at, ok
}

// Unreadable is the compiler's text for what a scanner says of bytes that are no Go.
func Unreadable(msg string) (text string, ok bool) {
	what, illegal := strings.CutPrefix(msg, "illegal ")
	char, isChar := strings.CutPrefix(what, "character U+")
	switch {
	case msg == "comment not terminated":
		return msg, true
	case !illegal:
		return "", false
	case what == "byte order mark":
		return "invalid BOM in the middle of the file", true
	case what == "character NUL", what == "character U+0000":
		return "invalid NUL character", true
	case what == "UTF-8 encoding":
		return "invalid UTF-8 encoding", true
	case isChar:
		hex, _, _ := strings.Cut(char, " ")
		if n, err := strconv.ParseUint(hex, 16, 32); err == nil && n >= utf8.RuneSelf {
			what += " in identifier"
		}
		return "invalid " + what, true
	}
	return "", false
}

// unreadableAt is the same for the bytes at an offset of a source.
func unreadableAt(src string, offset int) (text string) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	s.Init(file, []byte(src), func(at token.Position, msg string) {
		if t, ok := Unreadable(msg); ok && at.Offset == offset {
			text = t
		}
	}, scanner.ScanComments)
	for {
		if _, t, _ := s.Scan(); t == token.EOF {
			return text
		}
	}
}

// moved moves a place to another offset of the same source.
func moved(p *token.Position, src string, offset int) {
	if offset <= p.Offset || offset > len(src) {
		return // as it is, or the end of the file
	}
	between := src[p.Offset:offset]
	if n := strings.Count(between, "\n"); n > 0 {
		p.Line += n
		p.Column = len(between) - strings.LastIndexByte(between, '\n')
	} else {
		p.Column += len(between)
	}
	p.Offset = offset
}

// fullLine is the source line of a position: the file's own line, or the one
// counted from the line directive of a cell.
func fullLine(lines []string, p token.Position) string {
	first := 0
	for i, l := range lines {
		if strings.HasPrefix(l, "//line ") {
			first = i + 1
			if j := strings.LastIndex(strings.TrimSuffix(l, ":1"), ":"); j > 0 {
				n := 0
				for _, c := range strings.TrimSuffix(l, ":1")[j+1:] {
					n = n*10 + int(c-'0')
				}
				first -= n - 1
			}
			break
		}
	}
	if i := first + p.Line - 1; i >= 0 && i < len(lines) {
		return lines[i]
	}
	return ""
}

// syntaxText rewords go/parser's messages as the compiler's.
func syntaxText(msg string) string {
	msg = strings.ReplaceAll(msg, "'", "")
	if strings.HasPrefix(msg, "string literal not terminated") {
		return "newline in string"
	}
	switch msg {
	case "expected at most 2 expressions":
		return "range clause permits at most two iteration variables"
	case "can only use ... with final parameter":
		return msg
	}
	if strings.HasPrefix(msg, "raw string literal not terminated") {
		return "string not terminated"
	}
	if rest, ok := strings.CutPrefix(msg, "expected "); ok {
		if want, got, ok := strings.Cut(rest, ", found "); ok {
			got = tokenWord(got)
			switch want {
			case "declaration":
				return "syntax error: non-declaration statement outside function body"
			case ";":
				return "syntax error: unexpected " + got + " at end of statement"
			case "operand":
				want = "expression"
			case "IDENT":
				want = "name"
			}
			return "syntax error: unexpected " + got + ", expected " + want
		}
	}
	if rest, ok := strings.CutPrefix(msg, "missing , "); ok {
		where, _, ok := strings.Cut(rest, " before newline")
		if after, found := strings.CutPrefix(rest, "before newline "); found {
			where, ok = after, true
		}
		if ok {
			close := map[string]string{"in argument list": ")", "in parameter list": ")", "in composite literal": "}"}[where]
			return "syntax error: unexpected newline " + where + "; possibly missing comma or " + close
		}
	}
	return "syntax error: " + msg
}

var identifier = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// tokenWord names a token as the compiler does.
func tokenWord(t string) string {
	name, lit, _ := strings.Cut(t, " ")
	switch {
	case name == "newline" || name == "EOF":
		return name
	case name == "IDENT":
		return "name " + lit
	case lit != "" && strings.ToUpper(name) == name:
		return "literal " + lit
	case token.Lookup(name).IsKeyword():
		return "keyword " + name
	case identifier.MatchString(name):
		return "name " + name
	case name != "" && (name[0] == '"' || name[0] == '`' || name[0] >= '0' && name[0] <= '9'):
		return "literal " + t
	}
	return t
}

var replaced = strings.NewReplacer(
	"break not in for, switch, or select statement", "break is not in a loop, switch, or select",
	"continue not in for statement", "continue is not in a loop",
)

var (
	label  = regexp.MustCompile(`^label (\S+) not declared$`)
	unused = regexp.MustCompile(`^label (\S+) declared and not used$`)
)

// words puts a message of go/types into the compiler's words.
func words(msg string) string {
	msg = label.ReplaceAllString(replaced.Replace(msg), "label $1 not defined")
	msg = unused.ReplaceAllString(msg, "label $1 defined and not used")
	if i := strings.Index(msg, "declared at "); i >= 0 {
		i += len("declared at ")
		if j := strings.IndexByte(msg[i:], ':'); j > 0 && filepath.IsAbs(msg[i:i+j]) {
			msg = msg[:i] + "./" + filepath.Base(msg[i:i+j]) + msg[i+j:]
		}
	}
	return msg
}

// place is where the compiler reports an error: what is wrong with the
// instance that a call implies is reported at its parenthesis, arguments that are
// missing at the last one that is there, what a builtin function is not given at the
// call, and an operand with brackets at these.
func place(f *ast.File, e types.Error) token.Pos {
	starts := func(list ...string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(e.Msg, s) })
	}
	find := func(at func(n ast.Node) token.Pos) token.Pos {
		pos := e.Pos
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil && n.Pos() <= e.Pos && e.Pos <= n.End() {
				if p := at(n); p.IsValid() {
					pos = p
				}
			}
			return true
		})
		return pos
	}
	switch {
	case starts("not enough arguments in call to "):
		return find(func(n ast.Node) token.Pos {
			c, ok := n.(*ast.CallExpr)
			switch {
			case !ok || c.Rparen != e.Pos:
				return token.NoPos
			case len(c.Args) > 0:
				return c.Args[len(c.Args)-1].Pos()
			}
			return c.Pos()
		})
	case starts("invalid operation: not enough arguments for ", "invalid operation: too many arguments for ", "cannot use ... in call to non-variadic "):
		return find(func(n ast.Node) token.Pos {
			if c, ok := n.(*ast.CallExpr); ok && c.Lparen < e.Pos && e.Pos <= c.Rparen {
				return c.Pos()
			}
			return token.NoPos
		})
	case starts("invalid use of [...] array"):
		return find(func(n ast.Node) token.Pos {
			if a, ok := n.(*ast.ArrayType); ok && a.Len != nil && a.Len.Pos() == e.Pos {
				return a.Pos()
			}
			return token.NoPos
		})
	case starts("cannot index ", "cannot assign to "):
		return find(func(n ast.Node) token.Pos {
			switch x := n.(type) {
			case *ast.IndexExpr:
				if x.Pos() == e.Pos && starts("cannot index ") {
					return x.Lbrack
				}
			case *ast.SliceExpr:
				if x.Pos() == e.Pos {
					return x.Lbrack
				}
			}
			return token.NoPos
		})
	}
	if !strings.Contains(e.Msg, "cannot infer") && !strings.Contains(e.Msg, "does not satisfy") {
		return e.Pos
	}
	pos := e.Pos
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && c.Fun.Pos() == e.Pos {
			switch c.Fun.(type) {
			case *ast.Ident, *ast.SelectorExpr:
				pos = c.Lparen
			}
		}
		return true
	})
	return pos
}
