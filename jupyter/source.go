package jupyter

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"

	"loupe/kernel"
)

// isMagic reports whether a cell is no Go but a command of the kernel.
func isMagic(code string) bool {
	code = strings.TrimSpace(code)
	return strings.HasPrefix(code, "%") || strings.HasPrefix(code, "?")
}

// helpName is the name that a cell of the form ?name or name? asks about.
func helpName(code string) (name string, ok bool) {
	code = strings.TrimSpace(code)
	name, ok = strings.CutPrefix(code, "?")
	if !ok {
		name, ok = strings.CutSuffix(code, "?")
	}
	name = strings.Trim(name, "? ")
	for _, r := range name {
		if !isName(r) && r != '.' && r != '/' {
			return "", false
		}
	}
	return name, ok && name != ""
}

// completeness is the content of an is_complete_reply.
func completeness(code string) object {
	if isMagic(code) {
		return object{"status": "complete"}
	}
	open, crossed := brackets(code)
	if crossed {
		return object{"status": "invalid"}
	}
	if !kernel.IsComplete(code) {
		return object{"status": "incomplete", "indent": strings.Repeat("\t", open)}
	}
	for _, c := range chunks(code) {
		if _, err := c.parse(); err != nil {
			return object{"status": "invalid"}
		}
	}
	return object{"status": "complete"}
}

// chunk is one declaration or statement of a cell.
type chunk struct {
	first token.Token
	text  string
}

// chunks splits a cell into its declarations and statements.
func chunks(code string) []chunk {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(token.Position, string) {}, 0)
	var list []chunk
	first, start, depth := token.EOF, 0, 0
	end := func(at int) {
		if first != token.EOF {
			list = append(list, chunk{first, code[start:min(at, len(code))]})
		}
		first = token.EOF
	}
	for {
		pos, tok, _ := s.Scan()
		at := file.Offset(pos)
		switch tok {
		case token.EOF:
			end(at)
			return list
		case token.SEMICOLON:
			if depth == 0 {
				end(at)
				continue
			}
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		}
		if first == token.EOF {
			first, start = tok, at
		}
	}
}

// parse parses a chunk as what it begins like. The statement is nil for a
// declaration of a file.
func (c chunk) parse() (ast.Stmt, error) {
	fset := token.NewFileSet()
	declaration := c.first == token.IMPORT
	if c.first == token.FUNC {
		// func f() {} is a declaration, func() {}() a statement, and what
		// follows a parenthesis decides.
		_, err := parser.ParseFile(fset, "", "package p\n"+c.text, parser.SkipObjectResolution)
		if err == nil {
			return nil, nil
		}
	}
	if declaration {
		_, err := parser.ParseFile(fset, "", "package p\n"+c.text, parser.SkipObjectResolution)
		return nil, err
	}
	f, err := parser.ParseFile(fset, "", "package p\nfunc _() {\n"+c.text+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	body := f.Decls[0].(*ast.FuncDecl).Body.List
	if len(body) == 0 {
		return nil, nil
	}
	return body[len(body)-1], nil
}

// brackets counts the brackets that are open at the end of code; crossed says
// that one is closed by another's end, which no further line can mend.
func brackets(code string) (open int, crossed bool) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(code)), []byte(code), func(token.Position, string) {}, 0)
	ends := map[token.Token]token.Token{token.LPAREN: token.RPAREN, token.LBRACK: token.RBRACK, token.LBRACE: token.RBRACE}
	var stack []token.Token
	for {
		switch _, tok, _ := s.Scan(); tok {
		case token.EOF:
			return len(stack), false
		case token.LPAREN, token.LBRACK, token.LBRACE:
			stack = append(stack, ends[tok])
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(stack) == 0 || stack[len(stack)-1] != tok {
				return len(stack), true
			}
			stack = stack[:len(stack)-1]
		}
	}
}

// endsInValue reports whether the last statement of a cell is an expression
// that has a value, so that what is shown last is the cell's result.
func endsInValue(k *kernel.Kernel, code string) bool {
	code = strings.TrimPrefix(strings.TrimSpace(code), "%time")
	list := chunks(code)
	if isMagic(code) || len(list) == 0 {
		return false
	}
	stmt, err := list[len(list)-1].parse()
	if err != nil {
		return false
	}
	e, ok := stmt.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := ast.Unparen(e.X).(*ast.CallExpr)
	if !ok {
		return true
	}
	name := dotted(call.Fun)
	switch name {
	case "":
		return true
	case "clear", "close", "delete", "panic", "print", "println":
		return false
	}
	doc, ok := k.Doc(name)
	return !ok || !isProcedure(doc.Signature)
}

// dotted is an expression of names and dots as text, "" for any other.
func dotted(e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x := dotted(e.X); x != "" {
			return x + "." + e.Sel.Name
		}
	}
	return ""
}

// signature takes the receiver, name and type parameters off a signature as
// go/types writes it.
var signature = regexp.MustCompile(`^func (?:\([^)]*\)\.)?[\w.]+(?:\[.*?\])?(\(.*)$`)

// isProcedure reports whether a signature is that of a function without
// results.
func isProcedure(text string) bool {
	parts := signature.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	e, err := parser.ParseExpr("func" + parts[1])
	if err != nil {
		return false
	}
	f, ok := e.(*ast.FuncType)
	return ok && (f.Results == nil || len(f.Results.List) == 0)
}
