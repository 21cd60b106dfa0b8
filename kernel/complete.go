package kernel

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"loupe/kernel/check"
	"loupe/stdlib/symbols"
)

// IsComplete says whether src can be run as it stands: false asks for more
// lines. Source that no further line can mend is complete. Comment lines alone
// belong to what follows them; a blank line ends them.
func IsComplete(src string) bool {
	ended := strings.TrimRight(src, " \t\r") != strings.TrimRight(src, " \t\r\n")
	if src = strings.TrimSpace(src); src == "" || isMagic(src) {
		return true
	}
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	open := false
	var s scanner.Scanner
	s.Init(file, []byte(src), func(_ token.Position, msg string) {
		// A string in backquotes or a comment that has not ended goes on below.
		open = open || strings.Contains(msg, "raw string literal not terminated") || strings.Contains(msg, "comment not terminated")
	}, scanner.ScanComments)
	depth, last, code := 0, token.SEMICOLON, false
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			if !code && !ended && strings.HasPrefix(src[strings.LastIndexByte(src, '\n')+1:], "//") {
				return false
			}
			return !open && depth <= 0 && !wantsMore(last)
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		case token.COMMENT:
			continue
		case token.SEMICOLON:
			if lit == "\n" {
				continue // the scanner's own, at the end of a line
			}
		}
		last, code = tok, true
	}
}

// wantsMore reports whether no statement can end with tok.
func wantsMore(tok token.Token) bool {
	switch tok {
	case token.INC, token.DEC, token.RPAREN, token.RBRACK, token.RBRACE, token.SEMICOLON, token.COLON,
		token.RETURN, token.BREAK, token.CONTINUE, token.FALLTHROUGH:
		return false
	}
	return tok.IsOperator() || tok.IsKeyword()
}

// ReadAhead reads the declarations of all packages, so that the first completion in
// each is as fast as later ones. A front-end at which somebody types calls it in a
// goroutine; it takes 25 ms.
func (k *Kernel) ReadAhead() {
	k.mu.Lock()
	u := k.sess.Universe
	k.mu.Unlock()
	u.ReadAhead()
}

// Candidates completes src at the byte offset cursor: each candidate replaces
// src[from:cursor]. After a dot it offers what the value or package before it
// has, by its static type; elsewhere names, packages and keywords. Nothing is
// run.
func (k *Kernel) Candidates(src string, cursor int) (from int, list []Candidate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	cursor = max(0, min(cursor, len(src)))
	src = withoutMagic(src[:cursor]) + src[cursor:]
	from = cursor
	for from > 0 {
		r, n := utf8.DecodeLastRuneInString(src[:from])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		from -= n
	}
	prefix := src[from:cursor]
	trimmed := strings.TrimLeft(src[:from], " \t\n")
	switch {
	case trimmed == "%":
		for m := range magics {
			list = append(list, Candidate{Text: m[1:], Kind: "magic", Doc: strings.TrimSpace(strings.TrimPrefix(magics[m], m))})
		}
	case strings.HasPrefix(trimmed, "%rerun "):
		list = []Candidate{{Text: "stale", Kind: "value", Doc: "all cells whose values are stale"}}
	case from > 0 && src[from-1] == '.':
		start := operand(src[:from-1])
		list = k.selectors(src[:start], src[start:from-1])
	case strings.HasPrefix(trimmed, "%run ") || strings.HasPrefix(trimmed, "%load ") || strings.HasPrefix(trimmed, "%save ") || strings.HasPrefix(trimmed, "%params "):
		from = strings.LastIndexAny(src[:cursor], " \t") + 1
		return from, fileNames(src[from:cursor])
	case strings.HasPrefix(trimmed, "%"): // another command: what follows is no Go
	case inLiteral(src[:from]):
		if quote := openString(src[:cursor]); quote >= 0 && importing.MatchString(src[:quote]) {
			from = quote + 1
			prefix = src[from:cursor]
			for _, path := range symbols.Paths() {
				if begins(path, prefix) { // a synopsis is not free
					list = append(list, Candidate{Text: path, Kind: "package", Doc: synopsis(path)})
				}
			}
			break
		}
		if quote := openString(src[:cursor]); quote >= 0 {
			from = quote + 1
			prefix = src[from:cursor]
			list = k.settings(src[:cursor], quote)
		}
	default:
		list = append(k.keys(src[:from]), k.choices(src[:from])...)
		list = append(list, k.scope(src[:from], prefix)...)
	}
	return from, matching(list, prefix)
}

// importing matches what stands before the path of an import.
var importing = regexp.MustCompile(`(^|[\n;]) *import(\s+[\pL_.][\pL\pN_]*)?\s*$|(^|[\n;]) *import\s*\([^)]*$`)

// goMagic matches the commands that take Go.
var goMagic = regexp.MustCompile(`^\s*(\?\??|%(doc|time|timeit|type)\s)`)

// withoutMagic is src with blanks in place of a command that takes Go.
func withoutMagic(src string) string {
	n := len(goMagic.FindString(src))
	return strings.Repeat(" ", n) + src[n:]
}

// matching keeps the candidates that begin with prefix, capital or not, in order.
func matching(list []Candidate, prefix string) []Candidate {
	list = slices.DeleteFunc(list, func(c Candidate) bool { return !begins(c.Text, prefix) })
	sort.SliceStable(list, func(i, j int) bool { return list[i].Text < list[j].Text })
	return slices.CompactFunc(list, func(a, b Candidate) bool { return a.Text == b.Text })
}

// begins says whether a name begins with prefix, capital or not.
func begins(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// inLiteral reports whether the end of src lies in a string or a comment.
func inLiteral(src string) bool {
	fset := token.NewFileSet()
	open := false
	var s scanner.Scanner
	s.Init(fset.AddFile("", -1, len(src)), []byte(src), func(_ token.Position, msg string) {
		open = open || strings.Contains(msg, "not terminated")
	}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return open
		}
		if tok == token.COMMENT && strings.HasPrefix(lit, "//") && fset.Position(pos).Offset+len(lit) == len(src) {
			return true
		}
	}
}

// operand is where the primary expression that ends src begins: names, dots,
// and brackets with what they hold.
func operand(src string) int {
	i := len(src)
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(src[:i])
		switch {
		case r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r):
			i -= n
		case r == ')' || r == ']' || r == '}' || r == '"' || r == '`':
			j := opening(src[:i])
			if j < 0 {
				return i
			}
			i = j
		default:
			return i
		}
	}
	return i
}

// opening is where the bracket or string that ends src begins, or -1.
func opening(src string) int {
	last := src[len(src)-1]
	if last == '"' || last == '`' {
		return strings.LastIndexByte(src[:len(src)-1], last)
	}
	pairs := map[byte]byte{')': '(', ']': '[', '}': '{'}
	depth := 0
	for i := len(src) - 1; i >= 0; i-- {
		switch src[i] {
		case last:
			depth++
		case pairs[last]:
			if depth--; depth == 0 {
				return i
			}
		case '"', '`':
			if i = strings.LastIndexByte(src[:i], src[i]); i < 0 {
				return -1
			}
		}
	}
	return -1
}

// selectors are what may follow a dot after expr. before is the source above.
func (k *Kernel) selectors(before, expr string) []Candidate {
	if token.IsIdentifier(expr) && k.object(expr) == nil {
		path, ok := k.sess.Imports[expr]
		if !ok {
			path, ok = check.Named(expr)
		}
		if ok {
			return k.members(path)
		}
	}
	t := k.typeOf(before, expr)
	if t == nil {
		if t = k.typeBefore(before + expr); t == nil {
			return nil
		}
	}
	var list []Candidate
	own := func(o types.Object) bool { return o.Exported() || o.Pkg() == k.sess.Pkg() }
	ms := types.NewMethodSet(t)
	if _, ptr := types.Unalias(t).(*types.Pointer); !ptr && !types.IsInterface(t) {
		ms = types.NewMethodSet(types.NewPointer(t)) // a variable is addressable
	}
	for i := range ms.Len() {
		if o := ms.At(i).Obj(); own(o) {
			list = append(list, Candidate{Text: o.Name(), Kind: "method", Detail: strings.TrimPrefix(types.TypeString(ms.At(i).Type(), k.qualify), "func"), Doc: firstSentence(k.docText(o))})
		}
	}
	return append(list, k.fields(t, own, map[types.Type]bool{})...)
}

// typeBefore is the type of the operand that ends src, as the checker sees it: what
// operand does not find, such as composite literals of any type.
func (k *Kernel) typeBefore(src string) types.Type {
	c := k.checkAt(src+".", "__cursor")
	if c == nil {
		return nil
	}
	var t types.Type
	ast.Inspect(c.file, func(n ast.Node) bool {
		if x, ok := n.(*ast.SelectorExpr); ok && x.Sel.Pos() == c.pos && c.info.Types[x.X].IsValue() {
			t = c.info.TypeOf(x.X)
		}
		return true
	})
	return t
}

// keys are the fields that a struct literal around the cursor does not set yet,
// where one may be named.
func (k *Kernel) keys(before string) (list []Candidate) {
	text := strings.TrimRight(before, " \t\n")
	if text == "" || text[len(text)-1] != '{' && text[len(text)-1] != ',' {
		return nil
	}
	c := k.checkAt(before, "__cursor,")
	if c == nil {
		return nil
	}
	var lit *ast.CompositeLit
	ast.Inspect(c.file, func(n ast.Node) bool {
		if x, ok := n.(*ast.CompositeLit); ok {
			for _, e := range x.Elts {
				if e.Pos() == c.pos {
					lit = x
				}
			}
		}
		return true
	})
	if lit == nil {
		return nil
	}
	st, ok := deref(c.info.TypeOf(lit)).Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	set := map[string]bool{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				set[id.Name] = true
			}
		} else if e.Pos() != c.pos {
			return nil // a literal without keys
		}
	}
	for i := range st.NumFields() {
		if f := st.Field(i); !set[f.Name()] && (f.Exported() || f.Pkg() == k.sess.Pkg()) {
			list = append(list, Candidate{Text: f.Name(), Kind: "field", Detail: types.TypeString(f.Type(), k.qualify), Doc: firstSentence(k.docText(f))})
		}
	}
	return list
}

// fileNames completes the path of a file: folders and Go files.
func fileNames(prefix string) (list []Candidate) {
	dir, base := filepath.Split(prefix)
	entries, err := os.ReadDir(filepath.Join(".", dir))
	if filepath.IsAbs(dir) {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "":
		case e.IsDir():
			list = append(list, Candidate{Text: dir + name + string(filepath.Separator), Kind: "file"})
		case filepath.Ext(name) == ".go":
			list = append(list, Candidate{Text: dir + name, Kind: "file"})
		}
	}
	return list
}

// fields are those of a struct and of what it embeds.
func (k *Kernel) fields(t types.Type, own func(types.Object) bool, seen map[types.Type]bool) (list []Candidate) {
	t = deref(t)
	st, ok := t.Underlying().(*types.Struct)
	if !ok || seen[t] {
		return nil
	}
	seen[t] = true
	for i := range st.NumFields() {
		f := st.Field(i)
		if own(f) {
			list = append(list, Candidate{Text: f.Name(), Kind: "field", Detail: types.TypeString(f.Type(), k.qualify), Doc: firstSentence(k.docText(f))})
		}
		if f.Embedded() {
			list = append(list, k.fields(f.Type(), own, seen)...)
		}
	}
	return list
}

// members are the exported names of a package.
func (k *Kernel) members(path string) (list []Candidate) {
	p, err := k.sess.Universe.Import(path)
	if err != nil {
		return nil
	}
	for _, name := range p.Scope().Names() {
		if o := p.Scope().Lookup(name); o.Exported() {
			list = append(list, k.candidate(o))
		}
	}
	return list
}

// candidate is an object as a candidate.
func (k *Kernel) candidate(o types.Object) Candidate {
	c := Candidate{Text: o.Name(), Kind: "var", Doc: firstSentence(k.docText(o))}
	switch o := o.(type) {
	case *types.Func:
		c.Kind, c.Detail = "func", strings.TrimPrefix(types.TypeString(o.Type(), k.qualify), "func")
		return c
	case *types.TypeName:
		c.Kind = "type"
		if !o.IsAlias() && o.Pkg() != nil {
			c.Detail, _, _ = strings.Cut(types.TypeString(o.Type().Underlying(), k.qualify), "{")
		}
		return c
	case *types.Const:
		c.Kind = "const"
	case *types.Builtin:
		c.Kind = "func"
		return c
	}
	if o.Type() != nil {
		c.Detail = types.TypeString(o.Type(), k.qualify)
	}
	return c
}

// scope is what a name may be: of the cell so far, the session, packages, the
// language.
func (k *Kernel) scope(before, prefix string) (list []Candidate) {
	if c := k.checkAt(before, "__cursor"); c != nil {
		for sc := k.sess.Pkg().Scope().Innermost(c.pos); sc != nil && sc.Parent() != types.Universe; sc = sc.Parent() {
			for _, name := range sc.Names() {
				if o := sc.Lookup(name); o.Pos() < c.pos && !strings.HasPrefix(name, "__") {
					list = append(list, k.candidate(o))
				}
			}
		}
	}
	for _, o := range k.sess.Objects {
		list = append(list, k.candidate(o))
	}
	for _, path := range k.dots {
		list = append(list, k.members(path)...)
	}
	for name, path := range k.sess.Imports {
		list = append(list, Candidate{Text: name, Kind: "package", Detail: path})
	}
	if k.opt.AutoImport {
		for name, path := range check.Names() {
			if begins(name, prefix) { // a synopsis is not free
				list = append(list, Candidate{Text: name, Kind: "package", Detail: path, Doc: synopsis(path)})
			}
		}
	}
	for _, name := range types.Universe.Names() {
		list = append(list, k.candidate(types.Universe.Lookup(name)))
	}
	for tok := token.BREAK; tok <= token.VAR; tok++ {
		list = append(list, Candidate{Text: tok.String(), Kind: "keyword"})
	}
	return list
}

// cursor is a place in a checked cell.
type cursor struct {
	file *ast.File
	info *types.Info
	pos  token.Pos
}

// closers are the brackets that src leaves open, closed.
func closers(src string) string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), []byte(src), func(token.Position, string) {}, 0)
	end := ""
	for {
		_, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return end
		case token.LPAREN:
			end = ")" + end
		case token.LBRACK:
			end = "]" + end
		case token.LBRACE:
			end = "}" + end // no newline: inside of a literal it would want a comma
		case token.RPAREN, token.RBRACK, token.RBRACE:
			end = end[min(1, len(end)):]
		}
	}
}

// checkAt checks the cell up to the cursor, with word standing there and what
// is open closed, as statements or as declarations, in the scope of the session
// and of every package that the text names. It is nil when that is no Go.
func (k *Kernel) checkAt(before, word string) *cursor {
	text := before + word
	var imports strings.Builder
	for _, name := range slices.Sorted(maps.Keys(qualifiers(text + "."))) {
		path, ok := k.sess.Imports[name]
		if !ok && k.opt.AutoImport && k.sess.Objects[name] == nil {
			path, ok = check.Named(name)
		}
		if ok {
			fmt.Fprintf(&imports, "import %s %q;", name, path)
		}
	}
	for _, path := range k.dotted(text, k.dots, func(name string) bool { return k.sess.Objects[name] != nil }) {
		fmt.Fprintf(&imports, "import . %q;", path)
	}
	head := "package main;" + imports.String()
	for _, open := range []string{"func __complete() {\n", "\n"} {
		// An unfinished header wants a body, a case its colon, go and defer a call:
		// "if t.Ga", "for range x", "case x", "go t.Ga".
		for _, tail := range []string{"", " {}", ":", "()"} {
			src := head + open + text + tail + closers(open+text)
			f, errs := k.sess.Parse("", src)
			if len(errs) > 0 {
				continue
			}
			u, _ := k.sess.Check(f, nil) // what is wrong above does not matter here
			return &cursor{f, u.Info, f.FileStart + token.Pos(len(head)+len(open)+len(before))}
		}
	}
	return nil
}

// typeOf is the static type of an expression at the cursor, or nil.
func (k *Kernel) typeOf(before, expr string) (t types.Type) {
	if _, err := parser.ParseExpr(expr); err != nil {
		return nil
	}
	c := k.checkAt(before, expr)
	if c == nil {
		return nil
	}
	ast.Inspect(c.file, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok && x.Pos() == c.pos && x.End() == c.pos+token.Pos(len(expr)) && t == nil {
			t = c.info.TypeOf(x)
		}
		return t == nil
	})
	if tuple, ok := t.(*types.Tuple); ok {
		if tuple.Len() == 0 {
			return nil
		}
		return tuple.At(0).Type()
	}
	if t == types.Typ[types.Invalid] {
		return nil
	}
	return t
}
