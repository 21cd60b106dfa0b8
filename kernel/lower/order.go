package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The language leaves open whether a variable is read before or after the calls of its
// statement. gc makes the calls first, so that "return v, json.Unmarshal(text, &v)" gives
// what was read and "n + next(&n)" adds the new n. Calls and what gc treats like them
// (len, append, conversions of an interface, slices, && and ||) come in order, then the
// variables, elements, fields and pointers are read. Here such calls get variables in front
// of the statement. What stands right of && or || and the values of a map literal keep the
// interpreter's order.

// ordered is the statement with its calls in front, or s itself if it reads nothing that
// they could change.
func (e *emitter) ordered(s ast.Stmt) ast.Stmt {
	if e.library {
		return s
	}
	switch s := s.(type) {
	case *ast.AssignStmt:
		c := *s
		if list := e.callsFirst(append(places(s.Lhs), roots(s.Rhs)...), false); list != nil {
			c.Lhs, c.Rhs = list[:len(s.Lhs)], list[len(s.Lhs):]
			return &c
		}
	case *ast.ReturnStmt: // the interpreter evaluates what calls nothing when it returns
		if list := e.callsFirst(roots(s.Results), true); list != nil {
			c := *s
			c.Results = list
			return &c
		}
	case *ast.ExprStmt:
		if list := e.callsFirst(places([]ast.Expr{s.X}), false); list != nil {
			return &ast.ExprStmt{X: list[0]}
		}
	case *ast.SendStmt:
		if list := e.callsFirst(roots([]ast.Expr{s.Chan, s.Value}), false); list != nil {
			return &ast.SendStmt{Chan: list[0], Arrow: s.Arrow, Value: list[1]}
		}
	case *ast.GoStmt:
		if list := e.callsFirst(places([]ast.Expr{s.Call}), false); list != nil {
			return &ast.GoStmt{Go: s.Go, Call: list[0].(*ast.CallExpr)}
		}
	case *ast.RangeStmt:
		if list := e.callsFirst(roots([]ast.Expr{s.X}), false); list != nil {
			c := *s
			c.X = list[0]
			return &c
		}
	case *ast.ForStmt:
		return e.orderedFor(s)
	case *ast.DeferStmt:
		if list := e.callsFirst(places([]ast.Expr{s.Call}), false); list != nil {
			return &ast.DeferStmt{Defer: s.Defer, Call: list[0].(*ast.CallExpr)}
		}
	}
	return s
}

// orderedFor is a loop whose condition has calls to go in front of it: it becomes the
// body's first statement.
func (e *emitter) orderedFor(s *ast.ForStmt) ast.Stmt {
	if s.Cond == nil {
		return s
	}
	o := order{e: e}
	if o.visit(s.Cond, false); o.last == 0 {
		return s
	}
	not := &ast.UnaryExpr{OpPos: s.Cond.Pos(), Op: token.NOT, X: &ast.ParenExpr{Lparen: s.Cond.Pos(), X: s.Cond, Rparen: s.Cond.End()}}
	e.info.Types[not] = e.info.Types[s.Cond]
	e.info.Types[not.X] = e.info.Types[s.Cond]
	end := &ast.IfStmt{If: s.Cond.Pos(), Cond: not, Body: &ast.BlockStmt{List: []ast.Stmt{&ast.BranchStmt{TokPos: s.Cond.Pos(), Tok: token.BREAK}}}}
	c, body := *s, *s.Body
	body.List = append([]ast.Stmt{end}, s.Body.List...)
	c.Cond, c.Body = nil, &body
	return &c
}

// orderedExprs is ordered for values of one statement.
func (e *emitter) orderedExprs(list ...ast.Expr) []ast.Expr {
	if e.library {
		return list
	}
	if l := e.callsFirst(roots(list), false); l != nil {
		return l
	}
	return list
}

// root is an expression of a statement. That of a place, or of a call whose statement it
// is, gets no variable.
type root struct {
	x     ast.Expr
	place bool
}

func roots(list []ast.Expr) []root {
	out := make([]root, len(list))
	for i, x := range list {
		out[i] = root{x: x}
	}
	return out
}

func places(list []ast.Expr) []root {
	out := roots(list)
	for i := range out {
		out[i].place = true
	}
	return out
}

// operation is something that happens in order: a call, or what gc treats like one.
type operation struct {
	x     ast.Expr
	calls bool // may change variables
	reads bool // depends on some
}

// callsFirst gives variables to the operations up to the last call that comes after a read
// which it may change, and returns the expressions with them; nil if there is none. all
// says that operations count as such reads.
func (e *emitter) callsFirst(list []root, all bool) []ast.Expr {
	o := order{e: e, all: all}
	for _, r := range list {
		o.visit(r.x, r.place)
	}
	if o.last == 0 {
		return nil
	}
	names := map[ast.Expr]ast.Expr{}
	for _, op := range o.ops[:o.last] {
		t := types.Default(e.typeOf(op.x))
		if _, many := t.(*types.Tuple); many || !op.calls && !op.reads {
			continue
		}
		x := e.replaced(op.x, names)
		id := e.variable(t, op.x)
		if !e.defineCall(id.Name, t, x) {
			e.define(id.Name, t, e.exprTo(x, t))
		}
		names[op.x] = id
	}
	out := make([]ast.Expr, len(list))
	for i, r := range list {
		out[i] = e.replaced(r.x, names)
	}
	return out
}

// order is the operations of a statement in the order of their evaluation.
type order struct {
	e     *emitter
	ops   []operation
	reads int // that wait for the end of the statement
	last  int // operations up to the last call that comes after such a read
	all   bool
	read  bool // an operation that calls nothing has read something
}

// operate notes an operation on what was visited since it began.
func (o *order) operate(x ast.Expr, calls bool, before int) {
	reads := o.reads > before
	o.ops = append(o.ops, operation{x, calls, reads})
	if calls && (before > 0 || o.all && o.read) {
		o.last = len(o.ops)
	}
	o.read = o.read || reads && !calls
	o.reads = before // those of its own have been made
}

// visit goes through x. The place itself is no operation.
func (o *order) visit(x ast.Expr, place bool) {
	e := o.e
	tv := e.info.Types[x]
	if tv.IsType() || tv.Value != nil {
		return
	}
	before := o.reads
	switch x := x.(type) {
	case *ast.Ident:
		if v, ok := e.info.Uses[x].(*types.Var); ok && !place && e.shared(v) {
			o.reads++
		}
	case *ast.ParenExpr:
		o.visit(x.X, place)
	case *ast.SelectorExpr:
		sel := e.info.Selections[x]
		switch {
		case sel == nil: // of a package
			if _, ok := e.info.Uses[x.Sel].(*types.Var); ok {
				o.reads++
			}
		case sel.Kind() == types.MethodExpr:
		default:
			o.visit(x.X, false)
			if _, ok := e.core(e.typeOf(x.X)).(*types.Pointer); !place && (ok || sel.Indirect()) {
				o.reads++
			}
		}
	case *ast.IndexExpr:
		if _, ok := e.core(e.typeOf(x.X)).(*types.Signature); ok {
			return
		}
		o.visit(x.X, false)
		o.visit(x.Index, false)
		if _, ok := e.core(e.typeOf(x.X)).(*types.Array); !place && !ok {
			o.reads++
		}
	case *ast.StarExpr:
		o.visit(x.X, false)
		if !place {
			o.reads++
		}
	case *ast.UnaryExpr:
		switch x.Op {
		case token.ARROW:
			o.visit(x.X, false)
			if !place {
				o.operate(x, true, before)
			}
		case token.AND:
			if _, ok := ast.Unparen(x.X).(*ast.Ident); !ok {
				o.visit(x.X, true)
			}
		default:
			o.visit(x.X, false)
		}
	case *ast.BinaryExpr:
		o.visit(x.X, false)
		if x.Op == token.LAND || x.Op == token.LOR {
			right := order{e: e}
			right.visit(x.Y, false)
			o.reads += right.reads + len(right.ops)
			o.operate(x, e.effects(x.Y), before)
			return
		}
		o.visit(x.Y, false)
	case *ast.SliceExpr:
		for _, y := range []ast.Expr{x.X, x.Low, x.High, x.Max} {
			if y != nil {
				o.visit(y, false)
			}
		}
		if !place {
			o.operate(x, false, before)
		}
	case *ast.TypeAssertExpr:
		o.visit(x.X, false)
		if !place {
			o.operate(x, false, before)
		}
	case *ast.CompositeLit:
		_, isMap := e.core(e.typeOf(x)).(*types.Map)
		for _, y := range x.Elts {
			if kv, ok := y.(*ast.KeyValueExpr); ok {
				if isMap {
					o.visit(kv.Key, false)
				}
				y = kv.Value
			}
			o.visit(y, false)
		}
	case *ast.CallExpr:
		o.call(x, place, before)
	}
}

func (o *order) call(x *ast.CallExpr, place bool, before int) {
	e := o.e
	fun := ast.Unparen(x.Fun)
	conversion := e.info.Types[fun].IsType()
	name := builtin(e.info, fun)
	if !conversion && name == "" {
		o.visit(fun, false)
	}
	for _, y := range x.Args {
		o.visit(y, false)
	}
	if conversion || place {
		return
	}
	o.operate(x, name == "copy" || name == "append" || name == "" && !e.keepsOut(fun), before)
	if _, loses := e.mayLose(x); loses {
		o.last = len(o.ops) // for defineCall
	}
}

// keepsOut says whether a native function leaves the variables of cells alone: it is given
// nothing by which it could reach them.
func (e *emitter) keepsOut(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := e.info.Uses[sel.Sel].(*types.Func)
	if !ok || e.p.script(f) || f.Signature().Recv() != nil || f.Signature().TypeParams() != nil {
		return false
	}
	for i := range f.Signature().Params().Len() {
		if _, ok := f.Signature().Params().At(i).Type().Underlying().(*types.Basic); !ok {
			return false
		}
	}
	return true
}
