package symbols

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
)

// TestTables: what is declared to the checker is there for the interpreter,
// but for generics, and nothing else is.
func TestTables(t *testing.T) {
	if len(Paths()) < 50 {
		t.Fatalf("%d packages", len(Paths()))
	}
	for _, path := range Paths() {
		table, _ := Table(path)
		src, ok := Source(path)
		if !ok {
			t.Errorf("%s: no declarations", path)
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		declared := map[string]bool{}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Type.TypeParams == nil && d.Name.IsExported() {
					declared[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.ValueSpec:
						for _, n := range s.Names {
							declared[n.Name] = n.IsExported()
						}
					case *ast.TypeSpec:
						declared[s.Name.Name] = s.Name.IsExported() && s.TypeParams == nil
					}
				}
			}
		}
		for name, exported := range declared {
			v, ok := table[name]
			if exported && !ok && !constraint(f, name) {
				t.Errorf("%s.%s is declared but not in the table", path, name)
			}
			if ok && !v.IsValid() {
				t.Errorf("%s.%s is no value", path, name)
			}
		}
		for name, v := range table {
			if strings.HasPrefix(name, "_") {
				if v.Kind() != reflect.Pointer || v.Type().Elem().Kind() != reflect.Struct || !declared[name[1:]] {
					t.Errorf("%s.%s is no wrapper of an interface", path, name)
				}
				continue
			}
			if !declared[name] {
				t.Errorf("%s.%s is in the table but not declared", path, name)
			}
		}
	}
}

// constraint says whether name is an interface that is no ordinary type.
func constraint(f *ast.File, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok && s.Name.Name == name {
			ast.Inspect(s, func(n ast.Node) bool {
				if u, ok := n.(*ast.UnaryExpr); ok && u.Op == token.TILDE {
					found = true
				}
				return true
			})
		}
		return true
	})
	return found
}

func TestUnknown(t *testing.T) {
	if _, ok := Table("syscall"); ok {
		t.Error("syscall is importable")
	}
	if _, ok := Source("no/such"); ok {
		t.Error("declarations of no/such")
	}
}
