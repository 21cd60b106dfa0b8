package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// shared says whether a call may change the variable v: it outlives the cell, a function
// literal assigns it, or something has its address.
func (e *emitter) shared(v *types.Var) bool {
	if v.IsField() || e.hoisted(v) || v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return !v.IsField()
	}
	var in ast.Node = e.unit.File
	if e.decl != nil {
		in = e.decl
	}
	vars, ok := e.shares[in]
	if !ok {
		vars = e.sharedIn(in)
		e.shares[in] = vars
	}
	return vars[v]
}

func (e *emitter) sharedIn(in ast.Node) map[*types.Var]bool {
	vars := map[*types.Var]bool{}
	var lits []*ast.FuncLit
	base := func(x ast.Expr) (*types.Var, bool) { // of which x is a part
		for {
			switch y := x.(type) {
			case *ast.ParenExpr:
				x = y.X
			case *ast.SelectorExpr:
				if sel := e.info.Selections[y]; sel == nil || sel.Indirect() && sel.Kind() == types.FieldVal {
					return nil, false
				}
				x = y.X
			case *ast.IndexExpr:
				if _, ok := e.core(e.typeOf(y.X)).(*types.Array); !ok {
					return nil, false
				}
				x = y.X
			case *ast.Ident:
				v, ok := e.info.Uses[y].(*types.Var)
				return v, ok
			default:
				return nil, false
			}
		}
	}
	assigned := func(x ast.Expr) {
		if v, ok := base(x); ok && len(lits) > 0 {
			if l := lits[len(lits)-1]; v.Pos() < l.Pos() || l.End() <= v.Pos() {
				vars[v] = true
			}
		}
	}
	taken := func(x ast.Expr) {
		if v, ok := base(x); ok {
			vars[v] = true
		}
	}
	var open []ast.Node
	ast.Inspect(in, func(n ast.Node) bool {
		if n == nil {
			if _, ok := open[len(open)-1].(*ast.FuncLit); ok {
				lits = lits[:len(lits)-1]
			}
			open = open[:len(open)-1]
			return true
		}
		open = append(open, n)
		switch n := n.(type) {
		case *ast.FuncLit:
			lits = append(lits, n)
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				assigned(x)
			}
		case *ast.IncDecStmt:
			assigned(n.X)
		case *ast.RangeStmt:
			for _, x := range []ast.Expr{n.Key, n.Value} {
				if x != nil {
					assigned(x)
				}
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				taken(n.X)
			}
		case *ast.SliceExpr:
			if _, ok := e.core(e.typeOf(n.X)).(*types.Array); ok {
				taken(n.X)
			}
		case *ast.SelectorExpr: // a method with a pointer receiver, maybe
			if sel := e.info.Selections[n]; sel != nil && sel.Kind() == types.MethodVal {
				taken(n.X)
			}
		}
		return true
	})
	return vars
}
