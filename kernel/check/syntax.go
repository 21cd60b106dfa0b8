package check

import (
	"go/scanner"
	"go/token"
	"strings"
)

// lexeme is a token of a source with an error in it.
type lexeme struct {
	tok    token.Token
	lit    string
	offset int
}

// word names the token as the compiler does.
func (l lexeme) word() string {
	switch {
	case l.tok == token.EOF:
		return "EOF"
	case l.tok == token.SEMICOLON && l.lit == "\n":
		return "newline"
	case l.tok == token.SEMICOLON:
		return "semicolon"
	case l.tok == token.COMMA:
		return "comma"
	case l.tok == token.IDENT:
		return "name " + l.lit
	case l.tok.IsLiteral():
		return "literal " + l.lit
	case l.tok.IsKeyword():
		return "keyword " + l.tok.String()
	}
	return l.tok.String()
}

// lexemes are the tokens of a source.
func lexemes(src string) (list []lexeme) {
	file := token.NewFileSet().AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, 0)
	for {
		pos, tok, lit := s.Scan()
		list = append(list, lexeme{tok, lit, file.Offset(pos)})
		if tok == token.EOF {
			return list
		}
	}
}

// context is where in a source a token stands.
type context struct {
	list []lexeme
	i    int // the token
	open int // the innermost bracket that is open there, -1 for none
	head int // the first token of the statement that it belongs to, as far as brackets tell
}

// at finds the token at an offset of the source.
func at(list []lexeme, offset int) (c context, ok bool) {
	c = context{list: list, i: -1, open: -1}
	type bracket struct{ at, head int }
	var stack []bracket
	head := 0
	for i, l := range list {
		if l.offset >= offset || l.tok == token.EOF {
			c.i = i
			break
		}
		switch l.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			stack = append(stack, bracket{i, head})
			head = i + 1
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if n := len(stack); n > 0 {
				head = stack[n-1].head
				stack = stack[:n-1]
			}
		case token.SEMICOLON:
			head = i + 1
		}
	}
	c.head = head
	if n := len(stack); n > 0 {
		c.open = stack[n-1].at
	}
	return c, c.i >= 0
}

func (c context) tok(i int) token.Token {
	if i < 0 || i >= len(c.list) {
		return token.ILLEGAL
	}
	return c.list[i].tok
}

// header is the keyword of the if, for or switch in whose header the token
// stands, and whether there is a semicolon or range before it.
func (c context) header() (keyword token.Token, clause bool) {
	for i := c.i - 1; i > c.open; i-- {
		switch l := c.list[i]; l.tok {
		case token.FOR, token.IF, token.SWITCH:
			return l.tok, clause
		case token.RANGE:
			clause = true
		case token.SEMICOLON:
			if l.lit == "\n" {
				return token.ILLEGAL, false
			}
			clause = true
		case token.RBRACE:
			return token.ILLEGAL, false
		}
	}
	return token.ILLEGAL, false
}

// closer is the end of the innermost bracket.
func (c context) closer() string {
	switch c.tok(c.open) {
	case token.LPAREN:
		return ")"
	case token.LBRACK:
		return "]"
	}
	return "}"
}

// reworded is a message of go/parser, half in the compiler's words, for a token
// whose place is known. It may move the place: offset is where the compiler
// reports it.
func (c context) reworded(msg string) (text string, offset int) {
	here := c.list[c.i]
	offset = here.offset
	word := here.word()
	prev := c.tok(c.i - 1)
	unexpected := "syntax error: unexpected " + word
	rest, _ := strings.CutPrefix(msg, "syntax error: ")
	switch {
	case strings.HasPrefix(rest, "missing , in ") && !strings.Contains(rest, "newline"):
		return unexpected + " in " + strings.TrimPrefix(rest, "missing , in ") + "; possibly missing comma or " + c.closer(), offset
	case rest == "expected 1 expression":
		return c.afterList(msg)
	case strings.HasSuffix(rest, " at end of statement"):
		keyword, clause := c.header()
		switch {
		case strings.HasPrefix(rest, "unexpected EOF"):
			return "syntax error: unexpected EOF, expected }", c.list[len(c.list)-1].offset
		case keyword == token.IF && !clause && here.tok != token.SEMICOLON:
			return unexpected + ", expected {", offset
		case c.open < 0:
			return unexpected + " after top level declaration", offset
		case here.tok == token.DEFINE && c.tok(c.head) == token.VAR:
			return unexpected + ", expected =", offset
		}
		switch c.tok(c.open - 1) {
		case token.IMPORT, token.CONST, token.VAR, token.TYPE:
			return unexpected + " in grouped declaration; possibly missing semicolon or newline or )", offset
		case token.STRUCT:
			return unexpected + " in struct type; possibly missing semicolon or newline or }", offset
		case token.INTERFACE:
			return unexpected + " in interface type; possibly missing semicolon or newline or }", offset
		}
		return unexpected + " at end of statement", offset
	case rest == "non-declaration statement outside function body" && c.i > 0 && prev != token.SEMICOLON:
		return unexpected + " after top level declaration", offset
	case strings.HasSuffix(rest, ", expected package"):
		return "syntax error: package statement must be first", offset
	case strings.HasSuffix(rest, ", expected statement"):
		if prev == token.LBRACE || prev == token.SEMICOLON {
			return unexpected + ", expected }", offset
		}
		return unexpected + " at end of statement", offset
	case strings.HasSuffix(rest, ", expected selector or type assertion"):
		return unexpected + ", expected name or (", offset
	case strings.HasSuffix(rest, ", expected {"):
		switch keyword, clause := c.header(); {
		case keyword == token.FOR && clause:
			return unexpected + ", expected { after for clause", offset
		case keyword == token.IF:
			return unexpected + ", expected { after if clause", offset
		}
		return unexpected + ", expected {", offset
	case strings.HasSuffix(rest, ", expected name") && prev == token.FUNC && c.open < 0:
		return unexpected + ", expected name or (", offset
	case strings.HasSuffix(rest, ", expected ]") && c.tok(c.open) == token.LBRACK && c.open > 0 && (c.tok(c.open-1) == token.IDENT || c.tok(c.open-1) == token.RPAREN || c.tok(c.open-1) == token.RBRACK):
		return unexpected + ", expected comma, : or ]", offset
	case strings.HasPrefix(rest, "unexpected "):
		if _, want, ok := strings.Cut(rest, ", expected "); ok && !strings.HasPrefix(rest, "unexpected newline in") {
			return unexpected + ", expected " + want, offset
		}
	}
	return msg, offset
}

// afterList is the error of a list of expressions where one is wanted: the compiler
// reads on and reports what follows the list.
func (c context) afterList(msg string) (string, int) {
	header := false
	switch c.tok(c.i - 1) {
	case token.FOR, token.IF, token.SWITCH:
		header = true
	}
	operand, depth := true, 0
	for i := c.i; i < len(c.list); i++ {
		l := c.list[i]
		fail := func(want string) (string, int) {
			return "syntax error: unexpected " + l.word() + ", expected " + want, l.offset
		}
		if depth > 0 {
			switch l.tok {
			case token.LPAREN, token.LBRACK, token.LBRACE:
				depth++
			case token.RPAREN, token.RBRACK, token.RBRACE:
				depth--
			case token.EOF:
				return msg, c.list[c.i].offset
			}
			continue
		}
		switch {
		case l.tok == token.FUNC || l.tok == token.STRUCT || l.tok == token.MAP || l.tok == token.CHAN || l.tok == token.INTERFACE:
			return msg, c.list[c.i].offset
		case operand && l.tok == token.LBRACK:
			depth++
		case operand && l.tok == token.LPAREN:
			depth, operand = depth+1, false
		case operand && (l.tok == token.IDENT || l.tok.IsLiteral()):
			operand = false
		case operand:
			switch l.tok {
			case token.ADD, token.SUB, token.MUL, token.AND, token.NOT, token.XOR, token.ARROW, token.TILDE:
				continue
			}
			return fail("expression")
		case l.tok == token.COMMA:
			operand = true
		case l.tok == token.PERIOD:
			if c.tok(i+1) == token.IDENT {
				i++
			}
		case l.tok == token.LPAREN, l.tok == token.LBRACK, l.tok == token.LBRACE && !header:
			depth++
		case l.tok.Precedence() > token.LowestPrec:
			operand = true
		default:
			return fail(":= or = or comma")
		}
	}
	return msg, c.list[c.i].offset
}
