package check

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"sort"
	"strings"
)

// Session is the package main that grows cell by cell. It is not safe for
// concurrent use.
type Session struct {
	Universe *Universe
	Fset     *token.FileSet
	// pkg is one package object for the whole session, so that types of
	// earlier cells are not another package's in messages.
	pkg     *types.Package
	root    *types.Scope            // of pkg
	Objects map[string]types.Object // what cells declared, by name
	Imports map[string]string       // local name -> path
}

// NewSession is an empty session. fset is where all cells are parsed.
func NewSession(u *Universe, fset *token.FileSet) *Session {
	return &Session{
		Universe: u, Fset: fset, pkg: types.NewPackage("main", "main"),
		Objects: map[string]types.Object{}, Imports: map[string]string{},
	}
}

// Pkg is package main.
func (s *Session) Pkg() *types.Package { return s.pkg }

// Error is one error with its place in the source that the reader sees.
type Error struct {
	Pos  token.Position
	Msg  string
	Soft bool // the program could run: an unused variable or import
}

func (e Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// Unit is a checked file.
type Unit struct {
	File *ast.File
	Info *types.Info
	Pkg  *types.Package
}

// Parse parses one file and gives syntax errors the compiler's text.
func (s *Session) Parse(name, src string) (*ast.File, []Error) {
	f, err := parser.ParseFile(s.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	if err == nil {
		return f, nil
	}
	return f, Syntax(err, src)
}

func newInfo() *types.Info {
	return &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Instances: map[*ast.Ident]types.Instance{},
		Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
	}
}

// Check checks a parsed file in the scope of the session. skip names objects
// of the session that the file declares anew.
func (s *Session) Check(f *ast.File, extra map[string]types.Object) (*Unit, []Error) {
	s.renew()
	if errs := s.longConstants(f, extra); len(errs) > 0 {
		return &Unit{File: f, Pkg: s.pkg, Info: newInfo()}, errs
	}
	declared := Declared(f)
	scope := s.pkg.Scope()
	// Only names that occur: checks stay as fast as the cell is short, and a
	// scope that an object keeps alive stays small.
	named := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			named[id.Name] = true
		}
		return true
	})
	for _, m := range []map[string]types.Object{s.Objects, extra} {
		for name := range named {
			if o := m[name]; o != nil && !declared[name] {
				scope.Insert(o)
			}
		}
	}
	shield(f, declared, scope)
	u := &Unit{File: f, Pkg: s.pkg, Info: newInfo()}
	var errs []Error
	conf := types.Config{
		Importer:  s.Universe,
		Sizes:     types.SizesFor("gc", "amd64"),
		GoVersion: "go1.26",
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) {
				errs = add(errs, Error{Pos: s.Fset.Position(place(f, e)), Msg: words(e.Msg), Soft: e.Soft})
			}
		},
	}
	func() {
		defer func() { // the checker has bugs too: a cell must not end the process
			if r := recover(); r != nil {
				errs = append(errs, Error{Pos: s.Fset.Position(f.Pos()), Msg: fmt.Sprintf("loupe cannot check this: go/types fails (%v)", r)})
			}
		}()
		_ = types.NewChecker(&conf, s.Fset, s.pkg, u.Info).Files([]*ast.File{f})
	}()
	return u, errs
}

// shield puts parentheses around T in "type U T" where T stands in the scope
// already: go/types follows a bare name, in search of cycles, to a declaration
// that the file does not have, and fails.
func shield(f *ast.File, declared map[string]bool, scope *types.Scope) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, sp := range g.Specs {
			t := sp.(*ast.TypeSpec)
			if id, ok := t.Type.(*ast.Ident); ok && !declared[id.Name] && scope.Lookup(id.Name) != nil {
				t.Type = &ast.ParenExpr{Lparen: id.Pos(), X: id, Rparen: id.End()}
			}
		}
	}
}

// add joins the tab-indented continuation lines of go/types to their error: each is about
// another place.
func add(list []Error, e Error) []Error {
	if rest, ok := strings.CutPrefix(e.Msg, "\t"); ok && len(list) > 0 {
		at := e.Pos
		if filepath.IsAbs(at.Filename) {
			at.Filename = "./" + filepath.Base(at.Filename)
		}
		list[len(list)-1].Msg += fmt.Sprintf("\n\t%s: %s", at, rest)
		return list
	}
	if rest, ok := strings.CutPrefix(e.Msg, "could not import "); ok {
		if _, why, ok := strings.Cut(rest, " ("); ok {
			e.Msg = strings.TrimSuffix(why, ")")
		}
	}
	return append(list, e)
}

// Sorted orders errors by place, as the compiler reports them: at most one of
// a line, ten in all.
func Sorted(errs []Error) []Error {
	sort.SliceStable(errs, func(i, j int) bool {
		a, b := errs[i].Pos, errs[j].Pos
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	var out []Error
	for _, e := range errs {
		if n := len(out); n > 0 && out[n-1].Pos.Line == e.Pos.Line && out[n-1].Msg == e.Msg {
			continue
		}
		out = append(out, e)
	}
	return out[:min(len(out), 10)]
}

// Declared are the package-level names that a file declares.
func Declared(f *ast.File) map[string]bool {
	m := map[string]bool{}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				m[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, sp := range d.Specs {
				switch sp := sp.(type) {
				case *ast.ValueSpec:
					for _, n := range sp.Names {
						m[n.Name] = true
					}
				case *ast.TypeSpec:
					m[sp.Name.Name] = true
				}
			}
		}
	}
	return m
}
