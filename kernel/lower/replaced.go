package lower

import "go/ast"

// replaced is x with names in the place of some of its parts.
func (e *emitter) replaced(x ast.Expr, names map[ast.Expr]ast.Expr) ast.Expr {
	if n := names[x]; n != nil {
		return n
	}
	if x == nil || !within(x, names) {
		return x
	}
	y := e.copied(x, names)
	if tv, ok := e.info.Types[x]; ok {
		e.info.Types[y] = tv
	}
	return y
}

func within(x ast.Expr, names map[ast.Expr]ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		if y, ok := n.(ast.Expr); ok && names[y] != nil {
			found = true
		}
		return !found
	})
	return found
}

func (e *emitter) copied(x ast.Expr, names map[ast.Expr]ast.Expr) ast.Expr {
	part := func(x ast.Expr) ast.Expr {
		if x == nil {
			return nil
		}
		return e.replaced(x, names)
	}
	list := func(xs []ast.Expr) []ast.Expr {
		out := make([]ast.Expr, len(xs))
		for i, x := range xs {
			out[i] = part(x)
		}
		return out
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		c := *x
		c.X = part(x.X)
		return &c
	case *ast.SelectorExpr:
		c := *x
		c.X = part(x.X)
		if sel := e.info.Selections[x]; sel != nil {
			e.info.Selections[&c] = sel
		}
		return &c
	case *ast.IndexExpr:
		c := *x
		c.X, c.Index = part(x.X), part(x.Index)
		return &c
	case *ast.StarExpr:
		c := *x
		c.X = part(x.X)
		return &c
	case *ast.UnaryExpr:
		c := *x
		c.X = part(x.X)
		return &c
	case *ast.BinaryExpr:
		c := *x
		c.X, c.Y = part(x.X), part(x.Y)
		return &c
	case *ast.SliceExpr:
		c := *x
		c.X, c.Low, c.High, c.Max = part(x.X), part(x.Low), part(x.High), part(x.Max)
		return &c
	case *ast.TypeAssertExpr:
		c := *x
		c.X = part(x.X)
		return &c
	case *ast.KeyValueExpr:
		c := *x
		c.Key, c.Value = part(x.Key), part(x.Value)
		return &c
	case *ast.CompositeLit:
		c := *x
		c.Elts = list(x.Elts)
		return &c
	case *ast.CallExpr:
		c := *x
		c.Fun, c.Args = part(x.Fun), list(x.Args)
		return &c
	}
	return x
}
