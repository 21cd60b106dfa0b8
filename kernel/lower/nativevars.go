package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A variable of a native package is a constant to the interpreter: it compares with the
// value that it had when the code was compiled, and what is defined by it is another name
// for it. Where cells set one, or take its address, it is read through its address; those
// that programs are known to set always, for a later cell may.
var oftenSet = map[string]bool{
	"os.Stdin": true, "os.Stdout": true, "os.Stderr": true, "os.Args": true,
	"flag.CommandLine": true, "flag.Usage": true, "time.Local": true,
	"net/http.DefaultClient": true, "net/http.DefaultTransport": true, "net/http.DefaultServeMux": true,
}

// findSet notes which variables of native packages a file may change.
func (e *emitter) findSet(f *ast.File) {
	set := func(x ast.Expr) {
		if v := e.nativeVar(x); v != nil && !e.p.set[v] {
			put(e.p, e.p.set, v, true)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				set(x)
			}
		case *ast.IncDecStmt:
			set(n.X)
		case *ast.RangeStmt:
			if n.Key != nil {
				set(n.Key)
			}
			if n.Value != nil {
				set(n.Value)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				set(n.X)
			}
		}
		return true
	})
}

// readNative is a variable of a native package as a value, or by name where its address is
// taken.
func (e *emitter) readNative(v *types.Var) string {
	name := e.pkgName(v.Pkg()) + "." + v.Name()
	if e.addr || !e.p.set[v] && !oftenSet[v.Pkg().Path()+"."+v.Name()] {
		return name
	}
	return "(*&" + name + ")"
}

// nativeVar is the variable of a native package that x names, or nil.
func (e *emitter) nativeVar(x ast.Expr) *types.Var {
	var id *ast.Ident
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident: // of a dot import
		id = x
	case *ast.SelectorExpr:
		if pkg, ok := x.X.(*ast.Ident); !ok {
			return nil
		} else if _, ok := e.info.Uses[pkg].(*types.PkgName); !ok {
			return nil
		}
		id = x.Sel
	default:
		return nil
	}
	if v, ok := e.info.Uses[id].(*types.Var); ok && e.isNative(v) {
		return v
	}
	return nil
}

func (e *emitter) isNative(v *types.Var) bool {
	return !v.IsField() && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() && !e.p.script(v)
}
