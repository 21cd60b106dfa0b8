package check

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"loupe/stdlib/symbols"
)

// TestDeclarations: the declarations of every importable package check, but
// for the bodies that they do not have.
func TestDeclarations(t *testing.T) {
	u := NewUniverse()
	for _, path := range symbols.Paths() {
		src, _ := symbols.Source(path)
		f, err := parser.ParseFile(u.fset, path, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		conf := types.Config{Importer: importerFunc(u.loadLocked), IgnoreFuncBodies: true, Error: func(err error) {
			if !strings.Contains(err.Error(), "missing function body") {
				t.Errorf("%s: %v", path, err)
			}
		}}
		_, _ = conf.Check(path, u.fset, []*ast.File{f}, nil)
	}
}

// TestGenerics: the bodies of generic functions check, and stand for the
// declared functions: the same names and numbers of type parameters.
func TestGenerics(t *testing.T) {
	u := NewUniverse()
	for _, path := range []string{"slices", "maps", "cmp", "sync", "iter", "errors", "math/rand/v2"} {
		g, ok := u.Generics(path)
		if !ok {
			t.Errorf("%s: no generics", path)
			continue
		}
		p, err := u.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range p.Scope().Names() {
			f, ok := p.Scope().Lookup(name).(*types.Func)
			if !ok || f.Type().(*types.Signature).TypeParams().Len() == 0 {
				continue
			}
			b, ok := g.Pkg.Scope().Lookup(name).(*types.Func)
			if !ok {
				t.Errorf("%s.%s has no body", path, name)
				continue
			}
			want, got := f.Type().(*types.Signature), b.Type().(*types.Signature)
			if want.TypeParams().Len() != got.TypeParams().Len() || want.Params().Len() != got.Params().Len() || want.Results().Len() != got.Results().Len() || want.Variadic() != got.Variadic() {
				t.Errorf("%s.%s is %s, want %s", path, name, got, want)
			}
		}
	}
}

// TestTypeOf: a native type's static type has the same name, fields and
// methods.
func TestTypeOf(t *testing.T) {
	u := NewUniverse()
	for _, v := range []any{
		1, "a", 2.5, []int{}, map[string][]bool{}, [3]*int{}, make(chan int), func(int, ...string) error { return nil },
		time.Now(), time.Second, &bytes.Buffer{}, struct {
			A int `json:"a"`
			B io.Reader
		}{}, &strings.Builder{}, (*error)(nil),
	} {
		rt := reflect.TypeOf(v)
		st, err := u.TypeOf(rt)
		if err != nil {
			t.Errorf("%s: %v", rt, err)
			continue
		}
		got := types.TypeString(st, func(p *types.Package) string { return p.Name() })
		if norm := strings.NewReplacer(" ", "").Replace; norm(got) != norm(rt.String()) {
			t.Errorf("%s: %s", rt, got)
		}
		ms := types.NewMethodSet(st)
		n := 0
		for i := range ms.Len() {
			if m := ms.At(i).Obj(); m.Exported() {
				n++
				if _, ok := rt.MethodByName(m.Name()); !ok {
					t.Errorf("%s has no method %s", rt, m.Name())
				}
			}
		}
		if n != rt.NumMethod() {
			t.Errorf("%s: %d methods, want %d", rt, n, rt.NumMethod())
		}
	}
	type private struct{}
	if _, err := u.TypeOf(reflect.TypeFor[private]()); err == nil {
		t.Error("a type of no importable package has a static type")
	}
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{"rand": "math/rand/v2", "template": "text/template", "json": "encoding/json", "strings": "strings", "nb": "loupe/stdlib/nb", "engine": "loupe/engine"} {
		if got, ok := Named(name); !ok || got != want {
			t.Errorf("%s: %s %v", name, got, ok)
		}
	}
	if p, ok := Named("nosuch"); ok {
		t.Error(p)
	}
}

func TestCheckInSession(t *testing.T) {
	s := NewSession(NewUniverse(), token.NewFileSet())
	first, errs := s.Parse("a", "package main\ntype T struct{ x int }\nvar v T\n")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	u, errs := s.Check(first, nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, name := range []string{"T", "v"} {
		s.Objects[name] = u.Pkg.Scope().Lookup(name)
	}
	for src, want := range map[string]string{
		"package main\nvar w = v.x + 1\n":                            "",
		"package main\nvar w string = v\n":                           "cannot use v (variable of struct type T) as string value in variable declaration",
		"package main\nvar w = v.y\n":                                "v.y undefined (type T has no field or method y)",
		"package main\nvar v string\nvar w = v + \"a\"\n":            "",
		"package main\nimport \"syscall\"\nvar w = syscall.Getpid\n": "package syscall cannot be imported by cells: loupe does not carry it; go run does",
	} {
		f, errs := s.Parse("b", src)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		_, errs = s.Check(f, nil)
		got := ""
		if len(errs) > 0 {
			got = errs[0].Msg
		}
		if got != want {
			t.Errorf("%s: got %q want %q", src, got, want)
		}
	}
}

func TestSyntaxNotAList(t *testing.T) {
	if got := Syntax(errors.New("x"), ""); len(got) != 1 || got[0].Msg != "x" {
		t.Error(got)
	}
}
