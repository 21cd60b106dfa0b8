package lower_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/kernel/check"
	"loupe/kernel/lower"
)

// session lowers files one after the other, as cells would be.
type session struct {
	t    *testing.T
	sess *check.Session
	prog *lower.Program
}

func newSession(t *testing.T) *session {
	u := check.NewUniverse()
	s := &session{t: t, sess: check.NewSession(u, token.NewFileSet())}
	s.prog = lower.NewProgram(s.sess.Pkg())
	s.prog.Generics = func(path string) (*ast.File, *types.Info, *types.Package, bool) {
		g, ok := u.Generics(path)
		if !ok {
			return nil, nil, nil, false
		}
		return g.File, g.Info, g.Pkg, true
	}
	return s
}

// lower lowers the declarations of a file and the statements of its main.
func (s *session) lower(src string) (*lower.Output, error) {
	s.t.Helper()
	f, errs := s.sess.Parse("f.go", src)
	if len(errs) > 0 {
		s.t.Fatal(errs)
	}
	u, errs := s.sess.Check(f, nil)
	for _, e := range errs {
		if !e.Soft {
			s.t.Fatal(e)
		}
	}
	unit := lower.Unit{File: f, Info: u.Info, Decls: true}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "main" && fn.Recv == nil {
			unit.Cell, unit.Skip, unit.Stmts = fn, fn, fn.Body.List
		}
	}
	out, err := s.prog.Lower(unit)
	if err == nil {
		for name := range check.Declared(f) {
			if name != "main" {
				s.sess.Objects[name] = u.Pkg.Scope().Lookup(name)
			}
		}
	}
	return out, err
}

// core reports what the interpreter must never see in a lowered file.
func core(t *testing.T, src string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv != nil {
				what = "a method"
			}
		case *ast.FuncType:
			if n.TypeParams != nil {
				what = "type parameters"
			}
		case *ast.TypeSpec:
			if _, ok := n.Type.(*ast.StructType); !ok {
				what = "a defined type that is no struct"
			}
		case *ast.StructType:
			for _, field := range n.Fields.List {
				if len(field.Names) == 0 {
					what = "an embedded field"
				}
			}
		case *ast.InterfaceType:
			if n.Methods.NumFields() > 0 {
				what = "an interface with methods"
			}
		case *ast.TypeSwitchStmt:
			what = "a type switch"
		case *ast.SelectStmt:
			what = "a select"
		case *ast.DeferStmt:
			what = "a defer"
		case *ast.GoStmt:
			what = "a go statement"
		case *ast.SendStmt:
			what = "a send"
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				what = "a receive"
			}
		case *ast.Ident:
			if n.Name == "min" || n.Name == "clear" || n.Name == "recover" {
				what = "the builtin " + n.Name
			}
		}
		if what != "" {
			t.Errorf("%s is left in\n%s", what, src)
			return false
		}
		return true
	})
}

// TestCore: what comes out of the forms and programs is Go, and the core of it
// that package lower promises.
func TestCore(t *testing.T) {
	a, _ := filepath.Glob("../testdata/forms/feature_*.go")
	b, _ := filepath.Glob("../testdata/programs/*.go")
	files := append(a, b...)
	if len(files) < 100 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out, err := newSession(t).lower(string(src))
			var r *lower.Refusal
			if errors.As(err, &r) {
				if r.What == "" || !r.Pos.IsValid() {
					t.Errorf("refused without a place: %v", r)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			core(t, out.Source)
		})
	}
}

// TestRefused: what is known to run wrongly is refused by name, at its place.
func TestRefused(t *testing.T) {
	for src, want := range map[string]string{
		"import \"runtime\"\nfunc main() {\n\truntime.Caller(0)\n}":                                    "4:10: runtime.Caller, which",
		"import \"log/slog\"\nfunc main() {\n\t_ = slog.HandlerOptions{AddSource: true}\n}":            "4:26: HandlerOptions.AddSource, which",
		"import \"encoding/json\"\nfunc main() {\n\t(&json.UnmarshalTypeError{}).Type = nil\n}":        "4:31: encoding/json.Type, which hands out reflection of its own",
		"import \"encoding/xml\"\ntype T struct{ A int }\nfunc main() {\n\t_, _ = xml.Marshal(T{})\n}": "5:21: encoding/xml.Marshal with a T: the name of its element",
		"import \"unique\"\nfunc main() {\n\t_ = unique.Make(1)\n}":                                    "4:6: unique.Make, which is generic",
	} {
		s := newSession(t)
		_, err := s.lower("package main\n" + src)
		var r *lower.Refusal
		switch {
		case !errors.As(err, &r):
			t.Errorf("%s: %v", src, err)
		default:
			p := s.sess.Fset.Position(r.Pos)
			if got := strings.TrimPrefix(p.String(), "f.go:") + ": " + r.What; !strings.HasPrefix(got, want) {
				t.Errorf("%s\n%s\nwant %s", src, got, want)
			}
			if !strings.HasPrefix(r.Error(), "loupe cannot run this yet: ") {
				t.Error(r)
			}
		}
	}
}

// TestUndo: a unit that is taken back leaves nothing: what comes next is lowered
// as if it had not been.
func TestUndo(t *testing.T) {
	const types1 = "package main\ntype T struct{ A int }\nfunc (t T) M() int { return t.A }\nfunc id[X any](x X) X { return x }\n"
	const use = "package main\nfunc main() {\n\tprintln(id(T{1}).M())\n}\n"
	count := func(src string) int { return strings.Count(src, "func f_id__i") }
	s := newSession(t)
	if _, err := s.lower(types1); err != nil {
		t.Fatal(err)
	}
	first, err := s.lower(use)
	if err != nil || count(first.Source) != 1 {
		t.Fatalf("%v\n%s", err, first.Source)
	}
	if again, err := s.lower(use); err != nil || count(again.Source) != 0 {
		t.Errorf("an instance is lowered twice: %v\n%s", err, again.Source)
	}
	first.Undo()
	if again, err := s.lower(use); err != nil || count(again.Source) != 1 {
		t.Errorf("after Undo the instance is missing: %v\n%s", err, again.Source)
	}
}

// TestDead: the function of a cell is dead once it has run, one that others call
// is not.
func TestDead(t *testing.T) {
	s := newSession(t)
	out, err := s.lower("package main\nfunc f() int { return 1 }\nfunc main() { f() }\n")
	if err != nil || len(out.Dead) != 1 || !strings.Contains(out.Source, "func "+out.Dead[0]+"()") || strings.Contains(out.Dead[0], "f_f") {
		t.Errorf("%v %v\n%s", err, out.Dead, out.Source)
	}
}

// TestLoops: tight loops carry no more than their interrupt check.
func TestLoops(t *testing.T) {
	out, err := newSession(t).lower("package main\nfunc sum(xs []int) int {\n\ts := 0\n\tfor i := 0; i < len(xs); i++ {\n\t\ts += i * xs[i]\n\t}\n\tfor i := range xs {\n\t\ts += xs[i]\n\t}\n\tfor i := 0; i < 9; i++ {\n\t\ts += xs[i&7]\n\t}\n\treturn s\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.Source, "__k.Ix"); n != 1 {
		t.Errorf("%d checks of indexes\n%s", n, out.Source)
	}
	if strings.Contains(out.Source, "< 0") {
		t.Errorf("a masked index is checked below zero\n%s", out.Source)
	}
	if n := strings.Count(out.Source, "__k.Line ="); n > 5 {
		t.Errorf("%d lines noted\n%s", n, out.Source)
	}
}
