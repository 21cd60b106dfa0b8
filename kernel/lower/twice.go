package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// An innermost loop is lowered twice where a test before it can tell that its
// indexes stay within bounds: once without a check of each, and once with them for
// when the test fails. A check in the loop takes a third of its time.

// loop is a for or range statement, in one form for both.
type loop struct {
	stmt  ast.Stmt
	body  *ast.BlockStmt
	key   types.Object // counts up from start by one, nil if there is no such variable
	start int64
	bound ast.Expr // key stays below it
	size  bool     // below its length, and not itself
}

const mostTwice = 16 // statements of a body that is lowered twice

// loopTwice lowers a loop by emit.
func (e *emitter) loopTwice(l loop, label string, emit func()) {
	var guards []string
	var sure []*ast.IndexExpr
	if label == "" && e.small(l.body) {
		guards, sure = e.guards(l)
	}
	if len(sure) == 0 {
		emit()
		return
	}
	fast := e.block(func() {
		for _, x := range sure {
			e.inLoop[x] = true
		}
		emit()
		for _, x := range sure {
			delete(e.inLoop, x)
		}
	})
	e.line("if %s {\n%s} else {\n%s}", strings.Join(guards, " && "), fast, e.block(emit))
}

// small says whether a body may be lowered twice.
func (e *emitter) small(body *ast.BlockStmt) bool {
	n := 0
	ast.Inspect(body, func(x ast.Node) bool {
		switch x.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.FuncLit, *ast.LabeledStmt, *ast.SelectStmt, *ast.TypeSwitchStmt, *ast.DeferStmt, *ast.GoStmt:
			n = mostTwice
		case *ast.DeclStmt: // of a type, maybe
			n = mostTwice
		case ast.Stmt:
			n++
		}
		return n <= mostTwice
	})
	return n <= mostTwice
}

// forLoop is what loopTwice needs of a for statement.
func (e *emitter) forLoop(s *ast.ForStmt) loop {
	l := loop{stmt: s, body: s.Body}
	init, ok := s.Init.(*ast.AssignStmt)
	if !ok || init.Tok != token.DEFINE || len(init.Lhs) != 1 || len(init.Rhs) != 1 {
		return l
	}
	id := init.Lhs[0].(*ast.Ident)
	start := e.info.Types[init.Rhs[0]].Value
	post, ok := s.Post.(*ast.IncDecStmt)
	cond, isBinary := s.Cond.(*ast.BinaryExpr)
	k := e.info.Defs[id]
	if k == nil || start == nil || !e.isInt(k.Type()) || constant.Sign(start) < 0 || !ok || !isBinary || post.Tok != token.INC || !e.names(post.X, k) ||
		cond.Op != token.LSS || !e.names(cond.X, k) || e.changes(s.Body, k) || !e.steady(cond.Y, s.Body) {
		return l
	}
	n, exact := constant.Int64Val(constant.ToInt(start))
	if exact {
		l.key, l.start, l.bound = k, n, cond.Y
	}
	return l
}

// rangeLoop is the same of a range statement, which looks at its bound once.
func (e *emitter) rangeLoop(s *ast.RangeStmt) loop {
	l := loop{stmt: s, body: s.Body}
	id, ok := s.Key.(*ast.Ident)
	if !ok || e.info.Defs[id] == nil || !e.isInt(e.info.Defs[id].Type()) || !e.pure(s.X) || e.changes(s.Body, e.info.Defs[id]) {
		return l
	}
	switch t := e.core(e.typeOf(s.X)).(type) {
	case *types.Slice:
		l.size = true
	case *types.Basic:
		if t.Info()&types.IsInteger == 0 {
			return l
		}
	default:
		return l
	}
	l.key, l.bound = e.info.Defs[id], s.X
	return l
}

func (e *emitter) isInt(t types.Type) bool {
	b, ok := e.core(t).(*types.Basic)
	return ok && b.Kind() == types.Int
}

// steady says whether an expression of plain variables and constants keeps its value
// in a body.
func (e *emitter) steady(x ast.Expr, body *ast.BlockStmt) bool {
	if e.info.Types[x].Value != nil {
		return true
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		return e.steady(x.X, body)
	case *ast.Ident:
		v, ok := e.info.Uses[x].(*types.Var)
		return ok && !e.changes(body, v)
	case *ast.BinaryExpr:
		return (x.Op == token.ADD || x.Op == token.SUB) && e.isInt(e.typeOf(x)) && e.steady(x.X, body) && e.steady(x.Y, body)
	case *ast.CallExpr:
		return builtin(e.info, ast.Unparen(x.Fun)) == "len" && len(x.Args) == 1 && e.steady(x.Args[0], body)
	}
	return false
}

// guards are tests before a loop, and the indexes of its body that cannot fail when
// they hold.
func (e *emitter) guards(l loop) (tests []string, sure []*ast.IndexExpr) {
	ast.Inspect(l.body, func(n ast.Node) bool {
		ix, ok := n.(*ast.IndexExpr)
		if !ok || e.inLoop[ix] {
			return true
		}
		id, ok := ast.Unparen(ix.X).(*ast.Ident)
		if !ok || e.info.Types[ix.Index].IsType() || e.opaque(e.typeOf(ix.X)) {
			return true
		}
		switch t := e.core(e.typeOf(ix.X)).(type) {
		case *types.Slice:
		case *types.Basic:
			if t.Info()&types.IsString == 0 {
				return true
			}
		default:
			return true
		}
		if !e.outside(id, l) {
			return true
		}
		if test := e.within(ix.Index, "len("+e.expr(id)+")", l); test != "" {
			sure = append(sure, ix)
			if !slices.Contains(tests, test) {
				tests = append(tests, test)
			}
		}
		return true
	})
	return tests, sure
}

// outside says whether a name is a variable from outside of a loop, which leaves it
// alone.
func (e *emitter) outside(id *ast.Ident, l loop) bool {
	v, ok := e.info.Uses[id].(*types.Var)
	return ok && !(l.stmt.Pos() <= v.Pos() && v.Pos() < l.stmt.End()) && !e.changes(l.body, v)
}

// within is a test that an index stays below n in the whole loop, "" if there is none.
func (e *emitter) within(x ast.Expr, n string, l loop) string {
	x = ast.Unparen(x)
	small := func(x ast.Expr) (int64, bool) {
		v := e.info.Types[x].Value
		if v == nil {
			return 0, false
		}
		c, exact := constant.Int64Val(constant.ToInt(v))
		return c, exact && c >= 0 && c < 1<<31
	}
	if c, ok := small(x); ok {
		return fmt.Sprintf("%d < %s", c, n)
	}
	if !e.isInt(e.typeOf(x)) {
		return ""
	}
	below := func(extra int64) string { // the loop's bound, and extra, fit
		b := ""
		if l.size {
			b = "len(" + e.val(l.bound) + ")"
		} else {
			b = e.exprTo(l.bound, types.Typ[types.Int])
		}
		if extra == 0 {
			return fmt.Sprintf("%s <= %s", b, n)
		}
		return fmt.Sprintf("%s <= %s - %d", b, n, extra)
	}
	switch x := x.(type) {
	case *ast.Ident:
		if l.key != nil && e.names(x, l.key) {
			return below(0)
		}
		if e.outside(x, l) {
			s := e.expr(x)
			return fmt.Sprintf("0 <= %s && %s < %s", s, s, n)
		}
	case *ast.BinaryExpr:
		switch x.Op {
		case token.AND:
			for _, y := range []ast.Expr{x.X, x.Y} {
				if c, ok := small(y); ok {
					return fmt.Sprintf("%d < %s", c, n)
				}
			}
		case token.REM:
			if c, ok := small(x.Y); ok && c > 0 && e.notNegative(x.X) {
				return fmt.Sprintf("%d <= %s", c, n)
			}
		case token.ADD:
			if c, ok := small(x.Y); ok && l.key != nil && e.names(x.X, l.key) {
				return below(c)
			}
		case token.SUB:
			if c, ok := small(x.Y); ok && l.key != nil && e.names(x.X, l.key) && c <= l.start {
				return below(0)
			}
		}
	}
	return ""
}
