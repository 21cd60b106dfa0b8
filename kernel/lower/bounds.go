package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
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
	if !e.simple(s) || takesSlices(s) {
		return
	}
	late := e.late(s)
	var list []ast.Expr // indexes, and divisions that may fail before one of them
	indexes := 0
	e.evaluated(s, func(x ast.Expr) {
		switch x := x.(type) {
		case *ast.IndexExpr:
			delete(e.checked, x) // of another lowering of this statement
			if e.checkable(x) && !late[x] {
				list = append(list, x)
				indexes = len(list)
			}
		case *ast.BinaryExpr:
			if e.mayDivideByZero(x) {
				list = append(list, x)
			}
		}
	})
	for _, x := range list[:indexes] {
		if d, ok := x.(*ast.BinaryExpr); ok {
			e.line("if %s == 0 { __k.Div() }", e.exprTo(d.Y, e.typeOf(d)))
			continue
		}
		x := x.(*ast.IndexExpr)
		e.checked[x] = true
		if e.inLoop[x] {
			continue
		}
		idx, n := e.indexInt(x), e.lenOf(x)
		cond := fmt.Sprintf("%s < 0 || %s >= %s", idx, idx, n)
		if e.notNegative(x.Index) {
			cond = fmt.Sprintf("%s >= %s", idx, n)
		}
		e.line("if %s { __k.Ix(%s, %s, %d) }", cond, idx, n, e.fault())
	}
}

// takesSlices says whether a statement takes slices, whose bounds are checked where they
// stand: what fails first must be met first.
func takesSlices(s ast.Stmt) (found bool) {
	ast.Inspect(s, func(n ast.Node) bool {
		if _, ok := n.(*ast.SliceExpr); ok {
			found = true
		}
		return !found
	})
	return found
}

// evaluated visits the expressions of a simple statement in the order in which the
// compiled program evaluates them: operands before what is made of them, what is
// assigned before its place.
func (e *emitter) evaluated(s ast.Stmt, visit func(ast.Expr)) {
	post := func(n ast.Node) {
		var open []ast.Node
		ast.Inspect(n, func(n ast.Node) bool {
			if n != nil {
				open = append(open, n)
				return true
			}
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if x, ok := last.(ast.Expr); ok {
				visit(x)
			}
			return true
		})
	}
	a, ok := s.(*ast.AssignStmt)
	if !ok || a.Tok != token.ASSIGN && a.Tok != token.DEFINE {
		post(s)
		return
	}
	// Of several assignments gc first evaluates what those before it could change, and
	// each of the others when its turn comes.
	written := false
	early := make([]bool, len(a.Rhs))
	for i, x := range a.Rhs {
		if early[i] = written && e.reads(x); early[i] {
			post(x)
		}
		if i < len(a.Lhs) {
			written = written || ident(a.Lhs[i]) == nil
		}
	}
	for i, x := range a.Rhs {
		if !early[i] {
			post(x)
		}
		if i < len(a.Lhs) {
			post(a.Lhs[i])
		}
	}
	for _, x := range a.Lhs[min(len(a.Rhs), len(a.Lhs)):] {
		post(x)
	}
}

// reads says whether x reads memory that an assignment may change.
func (e *emitter) reads(x ast.Expr) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.StarExpr, *ast.SelectorExpr:
			found = true
		}
		return !found
	})
	return found
}

// mayDivideByZero says whether x is a division of integers by what is known only when
// it runs.
func (e *emitter) mayDivideByZero(x *ast.BinaryExpr) bool {
	if x.Op != token.QUO && x.Op != token.REM || e.info.Types[x.Y].Value != nil || !e.pure(x.Y) {
		return false
	}
	b, ok := e.core(e.typeOf(x)).(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// late is the places of an assignment to several that come after another one: that
// one has its value when their index fails. What is read in the statement too fails
// before.
func (e *emitter) late(s ast.Stmt) map[*ast.IndexExpr]bool {
	a, ok := s.(*ast.AssignStmt)
	if !ok || len(a.Lhs) < 2 {
		return nil
	}
	read := map[string]bool{types.ExprString(ast.Unparen(a.Lhs[0])): true}
	for _, r := range a.Rhs {
		ast.Inspect(r, func(n ast.Node) bool {
			if x, ok := n.(*ast.IndexExpr); ok {
				read[types.ExprString(x)] = true
			}
			return true
		})
	}
	late := map[*ast.IndexExpr]bool{}
	for _, l := range a.Lhs[1:] {
		if x, ok := ast.Unparen(l).(*ast.IndexExpr); ok && !read[types.ExprString(x)] {
			late[x] = true
		}
	}
	return late
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
	if !ok || e.info.Defs[key] == nil {
		return
	}
	k := e.info.Defs[key]
	e.noteKey(k, s.Body)
	if x, ok := s.X.(*ast.Ident); ok {
		e.noteIndexes(k, e.info.Uses[x], s.Body)
	}
}

// safeFor does the same for "for i := 0; i < len(x); i++".
func (e *emitter) safeFor(s *ast.ForStmt) {
	init, ok := s.Init.(*ast.AssignStmt)
	if !ok || init.Tok != token.DEFINE || len(init.Lhs) != 1 || len(init.Rhs) != 1 {
		return
	}
	key, ok := init.Lhs[0].(*ast.Ident)
	if !ok || e.info.Defs[key] == nil || !e.notNegative(init.Rhs[0]) {
		return
	}
	k := e.info.Defs[key]
	post, ok := s.Post.(*ast.IncDecStmt)
	if !ok || post.Tok != token.INC || !e.names(post.X, k) {
		return
	}
	cond, ok := s.Cond.(*ast.BinaryExpr)
	if !ok || cond.Op != token.LSS || !e.names(cond.X, k) {
		return // it might run over
	}
	e.noteKey(k, s.Body)
	if call, ok := ast.Unparen(cond.Y).(*ast.CallExpr); ok && builtin(e.info, ast.Unparen(call.Fun)) == "len" {
		if x, ok := call.Args[0].(*ast.Ident); ok {
			e.noteIndexes(k, e.info.Uses[x], s.Body)
		}
	}
}

// names says whether x is the variable o.
func (e *emitter) names(x ast.Expr, o types.Object) bool {
	id, ok := ast.Unparen(x).(*ast.Ident)
	return ok && o != nil && e.info.Uses[id] == o
}

// noteKey notes a loop's key, which counts up from 0, if the body leaves it
// alone.
func (e *emitter) noteKey(k types.Object, body *ast.BlockStmt) {
	if b, ok := e.core(k.Type()).(*types.Basic); ok && b.Info()&types.IsInteger != 0 && !e.changes(body, k) {
		e.counts[k] = true
	}
}

// noteIndexes notes v[k] in a loop's body that leaves both alone.
func (e *emitter) noteIndexes(k, v types.Object, body *ast.BlockStmt) {
	if v == nil || e.changes(body, k) || e.changes(body, v) {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if ix, ok := n.(*ast.IndexExpr); ok && e.names(ix.X, v) && e.names(ix.Index, k) {
			e.inLoop[ix] = true
		}
		return true
	})
}

// changes says whether a loop's body may give a variable another value.
func (e *emitter) changes(body *ast.BlockStmt, o types.Object) (changed bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				changed = changed || e.names(l, o)
			}
		case *ast.IncDecStmt:
			changed = changed || e.names(n.X, o)
		case *ast.RangeStmt:
			changed = changed || n.Key != nil && e.names(n.Key, o) || n.Value != nil && e.names(n.Value, o)
		case *ast.UnaryExpr:
			changed = changed || n.Op == token.AND && e.names(n.X, o)
		case *ast.CallExpr: // of a function that may have the variable too
			if builtin(e.info, ast.Unparen(n.Fun)) == "" && !e.pure(n) {
				sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
				if !ok {
					changed = true
					break
				}
				f, ok := e.info.Uses[sel.Sel].(*types.Func)
				changed = changed || !ok || e.p.script(f) || f.Signature().Params().Len() > 0 && e.takesFuncs(f.Signature())
			}
		}
		return !changed
	})
	return changed
}

// takesFuncs says whether a function may call its arguments.
func (e *emitter) takesFuncs(sig *types.Signature) bool {
	for i := range sig.Params().Len() {
		switch sig.Params().At(i).Type().Underlying().(type) {
		case *types.Signature, *types.Interface, *types.Slice:
			return true
		}
	}
	return false
}

// notNegative says whether an index cannot be below zero.
func (e *emitter) notNegative(x ast.Expr) bool {
	x = ast.Unparen(x)
	if tv := e.info.Types[x]; tv.Value != nil {
		v := constant.ToInt(tv.Value)
		return v.Kind() == constant.Int && constant.Sign(v) >= 0
	}
	if b, ok := e.core(e.typeOf(x)).(*types.Basic); ok && b.Info()&types.IsUnsigned != 0 && b.Kind() != types.Uint && b.Kind() != types.Uint64 && b.Kind() != types.Uintptr {
		return true // it fits an int
	}
	switch x := x.(type) {
	case *ast.Ident:
		return e.counts[e.info.Uses[x]]
	case *ast.BinaryExpr:
		return x.Op == token.AND && (e.notNegative(x.X) || e.notNegative(x.Y))
	case *ast.CallExpr:
		n := builtin(e.info, ast.Unparen(x.Fun))
		return n == "len" || n == "cap"
	}
	return false
}
