package kernel

import (
	"go/ast"
	"go/constant"
	"go/scanner"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"loupe/stdlib/symbols"
)

// expected is what an expression at the cursor is for: a type, and the field or
// parameter that it sets, if any.
type expected struct {
	typ types.Type
	obj types.Object
}

// expects finds what the expression at the cursor is for; its type is nil when
// nothing is known.
func (c *cursor) expects() (e expected) {
	at := func(x ast.Expr) bool { return x != nil && x.Pos() == c.pos }
	ast.Inspect(c.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			for _, el := range n.Elts {
				kv, ok := el.(*ast.KeyValueExpr)
				if t := c.info.TypeOf(n); ok && t != nil && at(kv.Value) {
					switch u := deref(t).Underlying().(type) {
					case *types.Struct:
						for i := range u.NumFields() {
							if id, ok := kv.Key.(*ast.Ident); ok && u.Field(i).Name() == id.Name {
								e = expected{u.Field(i).Type(), u.Field(i)}
							}
						}
					case *types.Map:
						e.typ = u.Elem()
					}
				} else if t != nil && at(el) {
					switch u := deref(t).Underlying().(type) {
					case *types.Slice:
						e.typ = u.Elem()
					case *types.Array:
						e.typ = u.Elem()
					}
				}
			}
		case *ast.CallExpr:
			sig, ok := c.info.TypeOf(n.Fun).(*types.Signature)
			for i, a := range n.Args {
				if !ok || !at(a) {
					continue
				}
				ps := sig.Params()
				switch {
				case sig.Variadic() && i >= ps.Len()-1:
					if s, ok := ps.At(ps.Len() - 1).Type().(*types.Slice); ok {
						e = expected{s.Elem(), ps.At(ps.Len() - 1)}
					}
				case i < ps.Len():
					e = expected{ps.At(i).Type(), ps.At(i)}
				}
			}
		case *ast.AssignStmt:
			for i, r := range n.Rhs {
				if at(r) && i < len(n.Lhs) && n.Tok != token.DEFINE {
					e.typ = c.info.TypeOf(n.Lhs[i])
					if sel, ok := n.Lhs[i].(*ast.SelectorExpr); ok {
						e.obj = c.info.ObjectOf(sel.Sel)
					}
				}
			}
		case *ast.ValueSpec:
			for _, v := range n.Values {
				if at(v) && n.Type != nil {
					e.typ = c.info.TypeOf(n.Type)
				}
			}
		case *ast.BinaryExpr:
			if at(n.Y) {
				e.typ = c.info.TypeOf(n.X)
			}
		case *ast.SwitchStmt:
			for _, s := range n.Body.List {
				if cc, ok := s.(*ast.CaseClause); ok && n.Tag != nil {
					for _, x := range cc.List {
						if at(x) {
							e.typ = c.info.TypeOf(n.Tag)
						}
					}
				}
			}
		}
		return true
	})
	return e
}

// choices are the constants of the type that is expected at the cursor.
func (k *Kernel) choices(before string) (list []Candidate) {
	c := k.checkAt(before, "__cursor")
	if c == nil {
		return nil
	}
	e := c.expects()
	for _, o := range k.constants(e.typ) {
		cand := k.candidate(o)
		if o.Pkg() != k.sess.Pkg() {
			cand.Text = o.Pkg().Name() + "." + cand.Text
		}
		list = append(list, cand)
	}
	if b, ok := e.typ.(*types.Basic); ok && b.Kind() == types.Bool {
		list = append(list, k.candidate(types.Universe.Lookup("true")), k.candidate(types.Universe.Lookup("false")))
	}
	return list
}

// constants are those declared with a named type, in its package.
func (k *Kernel) constants(t types.Type) (list []types.Object) {
	n, ok := types.Unalias(t).(*types.Named)
	if t == nil || !ok || n.Obj().Pkg() == nil {
		return nil
	}
	add := func(o types.Object) {
		if c, ok := o.(*types.Const); ok && types.Identical(c.Type(), n) {
			list = append(list, c)
		}
	}
	if n.Obj().Pkg() == k.sess.Pkg() {
		for _, o := range k.sess.Objects {
			add(o)
		}
		return list
	}
	for _, name := range n.Obj().Pkg().Scope().Names() {
		if o := n.Obj().Pkg().Scope().Lookup(name); o.Exported() {
			add(o)
		}
	}
	return list
}

// openString is where the string begins that src leaves open, its quote
// included, or -1.
func openString(src string) int {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	open := -1
	var s scanner.Scanner
	s.Init(file, []byte(src), func(at token.Position, msg string) {
		if strings.Contains(msg, "string literal not terminated") {
			open = at.Offset
		}
	}, 0)
	for {
		if _, tok, _ := s.Scan(); tok == token.EOF {
			return open
		}
	}
}

var quoted = regexp.MustCompile("\"[^\"\\s]{1,40}\"")

// settings are the values that the string in which src ends may have: the
// constants of its type, else what the doc of the field or parameter quotes.
func (k *Kernel) settings(src string, quote int) (list []Candidate) {
	c := k.checkAt(src[:quote], "\"__cursor\"")
	if c == nil {
		return nil
	}
	e := c.expects()
	if e.typ == nil {
		return nil
	}
	if b, ok := e.typ.Underlying().(*types.Basic); !ok || b.Info()&types.IsString == 0 {
		return nil
	}
	for _, o := range k.constants(e.typ) {
		v := o.(*types.Const).Val()
		cand := k.candidate(o)
		cand.Text, cand.Kind = constant.StringVal(v), "value"
		list = append(list, cand)
	}
	if len(list) == 0 && e.obj != nil {
		for _, q := range quoted.FindAllString(k.docText(e.obj), -1) {
			if text, err := strconv.Unquote(q); err == nil {
				list = append(list, Candidate{Text: text, Kind: "value", Detail: types.TypeString(e.typ, k.qualify)})
			}
		}
	}
	return list
}

// docText is the doc comment of an object of the session or of a package.
func (k *Kernel) docText(o types.Object) string {
	if o.Pkg() == k.sess.Pkg() {
		return k.docs[o]
	}
	return k.nativeDoc(o)
}

// docIndex are the doc comments of a package's declarations, by the place of
// the name.
func docIndex(f *ast.File) map[token.Pos]string {
	m := map[token.Pos]string{}
	text := func(g ...*ast.CommentGroup) string {
		for _, c := range g {
			if s := c.Text(); s != "" {
				return s
			}
		}
		return ""
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			m[n.Name.Pos()] = n.Doc.Text()
			return false
		case *ast.GenDecl:
			for _, s := range n.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					m[s.Name.Pos()] = text(s.Doc, n.Doc)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						m[id.Pos()] = text(s.Doc, n.Doc, s.Comment)
					}
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				m[id.Pos()] = text(n.Doc, n.Comment)
			}
		}
		return true
	})
	return m
}

// firstSentence is what a list of candidates has room for.
func firstSentence(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(doc, ". "); i >= 0 {
		doc = doc[:i+1]
	}
	return doc
}

// synopses are the first sentences of packages' docs.
var synopses = struct {
	sync.Mutex
	of map[string]string
}{of: map[string]string{}}

// synopsis is the first sentence of a package's doc, without that the package
// is loaded: a list of candidates names them all.
func synopsis(path string) string {
	synopses.Lock()
	defer synopses.Unlock()
	s, ok := synopses.of[path]
	if ok {
		return s
	}
	src, _ := symbols.Source(path)
	var lines []string
	for line := range strings.Lines(src) {
		if strings.HasPrefix(line, "package ") {
			break
		}
		if text, ok := strings.CutPrefix(line, "// "); ok && !strings.HasPrefix(text, "Code generated") {
			lines = append(lines, text)
		} else if len(lines) > 0 {
			break
		}
	}
	s = firstSentence(strings.Join(lines, " "))
	synopses.of[path] = s
	return s
}
