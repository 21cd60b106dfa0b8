package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// The interpreter's own errors for an index out of range do not say which
// index and which length. So indexes are checked first, where their operands
// can be evaluated twice.

// pure says whether x can be evaluated twice with the same result.
func (e *emitter) pure(x ast.Expr) bool {
	if tv, ok := e.info.Types[x]; ok && tv.Value != nil {
		return true
	}
	switch x := x.(type) {
	case *ast.Ident:
		return true
	case *ast.ParenExpr:
		return e.pure(x.X)
	case *ast.StarExpr:
		return e.pure(x.X)
	case *ast.SelectorExpr:
		if sel := e.info.Selections[x]; sel != nil {
			return sel.Kind() == types.FieldVal && e.pure(x.X)
		}
		_, isVar := e.info.Uses[x.Sel].(*types.Var)
		return isVar
	case *ast.IndexExpr:
		if _, ok := e.core(e.typeOf(x.X)).(*types.Signature); ok {
			return false
		}
		return e.pure(x.X) && e.pure(x.Index)
	case *ast.BinaryExpr:
		return x.Op != token.LAND && x.Op != token.LOR && e.pure(x.X) && e.pure(x.Y)
	case *ast.CallExpr:
		if n := builtin(e.info, ast.Unparen(x.Fun)); (n == "len" || n == "cap") && len(x.Args) == 1 {
			return e.pure(x.Args[0])
		}
		if tv := e.info.Types[ast.Unparen(x.Fun)]; tv.IsType() && len(x.Args) == 1 && !types.IsInterface(tv.Type) {
			return e.pure(x.Args[0])
		}
	}
	return false
}

// checkable says whether an index expression can fail and can be checked.
func (e *emitter) checkable(x *ast.IndexExpr) bool {
	if tv, ok := e.info.Types[x.Index]; !ok || tv.IsType() || e.checked[x] {
		return false
	}
	if tv := e.info.Types[x]; tv.Value != nil {
		return false
	}
	switch u := e.core(e.typeOf(x.X)).(type) {
	case *types.Slice, *types.Basic:
	case *types.Array:
		if e.info.Types[x.Index].Value != nil {
			return false
		}
	case *types.Pointer:
		if _, ok := u.Elem().Underlying().(*types.Array); !ok || e.info.Types[x.Index].Value != nil {
			return false
		}
	default:
		return false
	}
	return e.pure(x.X) && e.pure(x.Index)
}

// checkIndexes puts the checks of a simple statement in front of it. In a
// statement with calls or conditions the order matters: there each index is
// checked in its place, which takes a native call.
func (e *emitter) checkIndexes(s ast.Stmt) {
	switch s.(type) {
	case *ast.AssignStmt, *ast.IncDecStmt, *ast.ReturnStmt, *ast.ExprStmt:
	default:
		return
	}
	simple := true
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			simple = false
		case *ast.BinaryExpr:
			simple = simple && n.Op != token.LAND && n.Op != token.LOR
		case *ast.UnaryExpr:
			simple = simple && n.Op != token.ARROW
		case *ast.CallExpr:
			simple = simple && e.pure(n)
		}
		return simple
	})
	if !simple {
		return
	}
	var list []*ast.IndexExpr
	ast.Inspect(s, func(n ast.Node) bool {
		if x, ok := n.(*ast.IndexExpr); ok && e.checkable(x) {
			list = append(list, x)
		}
		return true
	})
	for i := len(list) - 1; i >= 0; i-- { // inner ones first
		x := list[i]
		e.checked[x] = true
		if e.inLoop[x] {
			continue
		}
		idx, n := e.indexInt(x), e.lenOf(x)
		cond := fmt.Sprintf("%s < 0 || %s >= %s", idx, idx, n)
		if e.info.Types[x.Index].Value != nil {
			cond = fmt.Sprintf("%s >= %s", idx, n)
		}
		e.line("if %s { __k.Ix(%s, %s) }", cond, idx, n)
	}
}

func (e *emitter) indexInt(x *ast.IndexExpr) string {
	if tv := e.info.Types[x.Index]; tv.Value != nil {
		return e.constText(tv.Value, types.Typ[types.Int])
	}
	s := e.expr(x.Index)
	if e.rep(e.typeOf(x.Index)) != "int" {
		s = "int(" + s + ")"
	}
	return s
}

func (e *emitter) lenOf(x *ast.IndexExpr) string {
	if p, ok := e.core(e.typeOf(x.X)).(*types.Pointer); ok && p != nil {
		return fmt.Sprint(p.Elem().Underlying().(*types.Array).Len())
	}
	return "len(" + e.val(x.X) + ")"
}

// safeIndexes notes the index expressions of a range loop's body that use the
// loop's own key on the thing it ranges over, which the body does not change.
func (e *emitter) safeIndexes(s *ast.RangeStmt) {
	key, ok := s.Key.(*ast.Ident)
	x, ok2 := s.X.(*ast.Ident)
	if !ok || !ok2 || e.info.Defs[key] == nil {
		return
	}
	k, v := e.info.Defs[key], e.info.Uses[x]
	changed := false
	ast.Inspect(s.Body, func(n ast.Node) bool {
		hit := func(x ast.Expr) {
			if id, ok := ast.Unparen(x).(*ast.Ident); ok {
				if o := e.info.Uses[id]; o == k || o == v {
					changed = true
				}
			}
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				hit(l)
			}
		case *ast.IncDecStmt:
			hit(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				hit(n.X)
			}
		case *ast.CallExpr: // it may change a variable of the session
			if _, global := e.p.names[v]; global && !e.pure(n) {
				changed = true
			}
		}
		return true
	})
	if changed {
		return
	}
	ast.Inspect(s.Body, func(n ast.Node) bool {
		if ix, ok := n.(*ast.IndexExpr); ok {
			a, ok1 := ix.X.(*ast.Ident)
			b, ok2 := ix.Index.(*ast.Ident)
			if ok1 && ok2 && e.info.Uses[a] == v && e.info.Uses[b] == k {
				e.inLoop[ix] = true
			}
		}
		return true
	})
}
