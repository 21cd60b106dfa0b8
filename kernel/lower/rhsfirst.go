package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The interpreter goes to the place of an assignment before it evaluates the value. In
// Go the place fails last: an index, a nil pointer or a nil map is met when the value is
// there. So a value that may fail, or change something, gets a variable first.

// valueFirst says whether an assignment's value must be there before its place is looked
// at. x op= y looks at x first, but for calls in y.
func (e *emitter) valueFirst(s *ast.AssignStmt) bool {
	if s.Tok == token.DEFINE || len(s.Lhs) != 1 || len(s.Rhs) != 1 || ident(ast.Unparen(s.Lhs[0])) != nil {
		return false
	}
	found := e.effects(s.Rhs[0])
	if s.Tok != token.ASSIGN {
		return found
	}
	ast.Inspect(s.Rhs[0], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.TypeAssertExpr, *ast.SliceExpr, *ast.StarExpr:
			found = true
		case *ast.SelectorExpr: // through a pointer, which may be nil
			if sel := e.info.Selections[n]; sel != nil {
				_, ptr := e.core(e.typeOf(n.X)).(*types.Pointer)
				found = found || ptr || sel.Indirect()
			}
		}
		return !found
	})
	return found
}

// assignValueFirst lowers such an assignment.
func (e *emitter) assignValueFirst(s *ast.AssignStmt) {
	place := e.held(s.Lhs[0])
	t := e.typeOf(s.Lhs[0])
	if s.Tok == token.SHL_ASSIGN || s.Tok == token.SHR_ASSIGN {
		t = types.Default(e.typeOf(s.Rhs[0]))
	}
	value := &ast.ExprStmt{X: s.Rhs[0]}
	e.checkIndexes(value)
	e.checkGrowth(value)
	id := e.variable(t, s.Rhs[0])
	e.define(id.Name, t, e.exprTo(s.Rhs[0], t))
	store := &ast.AssignStmt{Lhs: []ast.Expr{place}, TokPos: s.TokPos, Tok: s.Tok, Rhs: []ast.Expr{id}}
	e.checkIndexes(store)
	e.checkGrowth(store)
	e.assign(store)
}

// variable is a name for a value of type t that stands in for x.
func (e *emitter) variable(t types.Type, x ast.Expr) *ast.Ident {
	v := types.NewVar(x.Pos(), nil, "value", t)
	e.rename(v)
	id := &ast.Ident{Name: e.local(v), NamePos: x.Pos()}
	e.info.Uses[id] = v
	e.info.Types[id] = types.TypeAndValue{Type: t}
	return id
}

// held is a place whose calls have been made: their results are in variables.
func (e *emitter) held(x ast.Expr) ast.Expr {
	if e.pure(x) {
		return x
	}
	same := func(y ast.Expr) ast.Expr {
		e.info.Types[y] = e.info.Types[x]
		return y
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		return same(&ast.ParenExpr{Lparen: x.Lparen, X: e.held(x.X), Rparen: x.Rparen})
	case *ast.StarExpr:
		return same(&ast.StarExpr{Star: x.Star, X: e.held(x.X)})
	case *ast.IndexExpr:
		return same(&ast.IndexExpr{X: e.held(x.X), Lbrack: x.Lbrack, Index: e.held(x.Index), Rbrack: x.Rbrack})
	case *ast.SelectorExpr:
		if sel := e.info.Selections[x]; sel != nil {
			y := &ast.SelectorExpr{X: e.held(x.X), Sel: x.Sel}
			e.info.Selections[y] = sel
			return same(y)
		}
	}
	t := types.Default(e.typeOf(x))
	id := e.variable(t, x)
	e.define(id.Name, t, e.exprTo(x, t))
	return id
}
