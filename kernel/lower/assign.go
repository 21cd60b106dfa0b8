package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// place is the left side of an assignment.
type place struct {
	text   string
	typ    types.Type // nil for _ without a type
	define bool       // := or var of a variable that is not hoisted
	pkgVar bool       // a native package's variable, set through the runtime
	mapped bool       // an element of a map
	kept   bool       // a field that is kept in an any
}

// place lowers a left side. stable says that its operands were evaluated into
// temporaries, because another assignment comes first.
func (e *emitter) place(x ast.Expr, stable bool) place {
	p := e.placeOf(x, stable)
	if ix, ok := ast.Unparen(x).(*ast.IndexExpr); ok {
		_, p.mapped = e.core(e.typeOf(ix.X)).(*types.Map)
	}
	return p
}

func (e *emitter) placeOf(x ast.Expr, stable bool) place {
	if e.nativeVar(x) != nil {
		return place{text: e.addressed(x), typ: e.typeOf(x), pkgVar: true}
	}
	if id, ok := ast.Unparen(x).(*ast.Ident); ok {
		if id.Name == "_" {
			return place{text: "_"}
		}
		if o := e.info.Defs[id]; o != nil {
			return place{text: e.local(o), typ: o.Type(), define: !e.hoisted(o)}
		}
		return place{text: e.expr(id), typ: e.typeOf(id)}
	}
	t := e.typeOf(x)
	if ix, ok := ast.Unparen(x).(*ast.IndexExpr); ok {
		_, mapped := e.core(e.typeOf(ix.X)).(*types.Map)
		stable = stable || e.opaque(e.typeOf(ix.X)) || e.keptSelector(ix.X) || !mapped && !e.pure(ix)
	}
	if text, ok := e.keptPlace(x); ok {
		if stable {
			n := e.tmp()
			e.line("%s := &%s", n, text)
			text = "*" + n
		}
		return place{text: text, typ: t, kept: true}
	}
	if !stable {
		old := e.addr
		e.addr = true
		text := e.expr(x)
		e.addr = old
		return place{text: text, typ: t}
	}
	switch y := ast.Unparen(x).(type) {
	case *ast.IndexExpr:
		hold := func(x ast.Expr, t types.Type) string {
			if tv := e.info.Types[x]; tv.Value != nil {
				return e.exprTo(x, t)
			}
			n := e.tmp()
			e.define(n, t, e.exprTo(x, t))
			return n
		}
		base := func() string {
			n := e.tmp()
			e.define(n, e.plainType(e.typeOf(y.X)), e.val(y.X))
			return n
		}
		switch u := e.core(e.typeOf(y.X)).(type) {
		case *types.Map:
			i := ""
			if e.kindOf(u.Key()) == anyKind {
				x := base()
				i = e.tmp()
				e.define(i, u.Key(), e.key(y.Index, u))
				return place{text: x + "[" + i + "]", typ: t}
			}
			return place{text: base() + "[" + hold(y.Index, u.Key()) + "]", typ: t}
		case *types.Slice:
			check := !e.inLoop[y] && !e.checked[y]
			n, i := base(), hold(y.Index, types.Default(e.typeOf(y.Index)))
			if check {
				i = fmt.Sprintf("__k.Ix(int(%s), len(%s), %d)", i, n, e.fault())
			}
			return place{text: n + "[" + i + "]", typ: t}
		case *types.Pointer, *types.Array:
			of := ""
			if _, ok := u.(*types.Pointer); ok {
				of = "(*" + base() + ")"
			} else {
				of = e.operand(y.X)
			}
			i := hold(y.Index, types.Default(e.typeOf(y.Index)))
			if !e.inLoop[y] && !e.checked[y] && !e.known(y) {
				i = fmt.Sprintf("__k.Ix(int(%s), len(%s), %d)", i, of, e.fault())
			}
			return place{text: of + "[" + i + "]", typ: t}
		}
	}
	if y, ok := ast.Unparen(x).(*ast.StarExpr); ok {
		n := e.tmp()
		e.line("%s := %s", n, e.val(y.X))
		return place{text: "*" + n, typ: t}
	}
	if text, ok := e.pointerField(x); ok {
		return place{text: text, typ: t}
	}
	n := e.tmp() // a field: by address
	e.line("%s := &%s", n, e.addressed(x))
	return place{text: "*" + n, typ: t}
}

// pointerField holds the pointer of p.a.b and gives the field through it: a
// nil pointer is met when the field is assigned, not before.
func (e *emitter) pointerField(x ast.Expr) (string, bool) {
	sel, ok := ast.Unparen(x).(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	m := e.lookup(sel)
	if m.fn != nil || len(m.index) != 1 {
		return "", false
	}
	if _, ok := e.core(m.recv).(*types.Pointer); ok {
		n := e.tmp()
		e.define(n, m.recv, e.val(sel.X))
		return e.path(n, m.recv, m.index), true
	}
	inner, ok := e.pointerField(sel.X)
	if !ok {
		return "", false
	}
	return e.path(inner, m.recv, m.index), true
}

// set assigns text of type from to p.
func (e *emitter) set(p place, text string, from types.Type) {
	to := p.typ
	if to == nil {
		to = types.Default(from)
	}
	v := e.conv(text, from, to)
	switch {
	case p.text == "_":
		e.line("__k.Use(%s)", v)
	case p.kept:
		e.line("%s = __k.Kept(%s)", p.text, v)
	case p.define:
		e.define(p.text, to, v)
	case p.pkgVar:
		e.line("__k.SetVar(&%s, %s)", p.text, v)
	case p.mapped && strings.Contains(v, "*"): // in one, the interpreter takes a nil pointer's value for none
		n := e.tmp()
		e.define(n, to, v)
		e.line("%s = %s", p.text, n)
	default:
		e.line("%s = %s", p.text, apart(v))
	}
}

// apart is text as a value of its own if it is a composite literal: of a bare one the
// interpreter makes the variable itself, once for all iterations of a loop, and a new one
// in place of that which closures and pointers have.
func apart(text string) string {
	if strings.HasSuffix(text, "}") && !strings.HasPrefix(text, "func") && text[0] != '&' {
		return "(" + text + ")"
	}
	return text
}

// define declares a variable with text in the representation of t. It is
// always :=, because the interpreter makes a new variable in each iteration of
// a loop for that alone.
func (e *emitter) define(name string, t types.Type, text string) {
	switch e.kindOf(t) {
	case anyKind:
		text = "__k.Any(" + text + ")"
	case native:
		text = fmt.Sprintf("func() (__r %s) { __r = %s; return }()", e.rep(t), text)
	default:
		if text == "nil" && e.opaque(t) {
			text = "__k.Nil()"
		} else if text == "nil" {
			text = e.convert(e.rep(t), "nil")
		}
		text = apart(text)
	}
	e.line("%s := %s", name, text)
}

// declare declares a variable with its zero value.
func (e *emitter) declare(name string, t types.Type) {
	rep := e.rep(t)
	switch e.kindOf(t) {
	case anyKind:
		e.line("%s := __k.Nil()", name)
	case native:
		e.line("%s := func() (__r %s) { __k.To(nil, &__r); return }()", name, rep)
	default:
		if e.opaque(t) {
			e.line("%s := __k.Nil()", name)
			return
		}
		e.line("%s := *new(%s)", name, rep)
	}
}

func (e *emitter) assign(s *ast.AssignStmt) {
	switch s.Tok {
	case token.ASSIGN, token.DEFINE:
	default:
		e.opAssign(s)
		return
	}
	if len(s.Lhs) > 1 && len(s.Rhs) == 1 {
		var lhs []place
		for _, x := range s.Lhs {
			lhs = append(lhs, e.place(x, true))
		}
		e.unpack(lhs, s.Rhs[0])
		return
	}
	var lhs []place
	for _, x := range s.Lhs {
		lhs = append(lhs, e.place(x, len(s.Lhs) > 1))
	}
	e.assignAll(lhs, s.Rhs)
}

// assignAll assigns values to as many places, all values first.
func (e *emitter) assignAll(lhs []place, rhs []ast.Expr) {
	target := func(i int) types.Type {
		if lhs[i].typ != nil {
			return lhs[i].typ
		}
		return types.Default(e.typeOf(rhs[i]))
	}
	if len(lhs) == 1 {
		t := target(0)
		if lit, ok := ast.Unparen(rhs[0]).(*ast.FuncLit); ok && lhs[0].define && !e.repeats() && e.kindOf(t) == concrete {
			e.set(lhs[0], e.funcLit(lit, nil), e.typeOf(lit))
			return
		}
		e.set(lhs[0], e.exprTo(rhs[0], t), t)
		return
	}
	tmps := make([]string, len(lhs))
	for i, x := range rhs {
		tmps[i] = e.tmp()
		e.define(tmps[i], target(i), e.exprTo(x, target(i)))
	}
	for i, p := range lhs {
		e.set(p, tmps[i], target(i))
	}
}

// unpack assigns the results of one expression to several places.
func (e *emitter) unpack(lhs []place, x ast.Expr) {
	text, from := e.multi(x)
	names := make([]string, len(from))
	for i := range from {
		names[i] = e.tmp()
	}
	e.line("%s := %s", strings.Join(names, ", "), text)
	for i, p := range lhs {
		if p.text == "_" {
			continue
		}
		e.set(p, names[i], from[i])
	}
}

var boolType = types.Typ[types.Bool]

// multi lowers an expression of several results, the comma-ok forms included.
func (e *emitter) multi(x ast.Expr) (string, []types.Type) {
	x = ast.Unparen(x)
	switch y := x.(type) {
	case *ast.IndexExpr:
		if m, ok := e.core(e.typeOf(y.X)).(*types.Map); ok {
			return fmt.Sprintf("func() (__r %s, __ok bool) { __r, __ok = %s[%s]; return }()", e.rep(m.Elem()), e.val(y.X), e.key(y.Index, m)),
				[]types.Type{m.Elem(), boolType}
		}
	case *ast.TypeAssertExpr:
		return e.assertion(y, true), []types.Type{e.typeOf(y.Type), boolType}
	case *ast.UnaryExpr:
		if y.Op == token.ARROW {
			c := e.core(e.typeOf(y.X)).(*types.Chan)
			return fmt.Sprintf("func() (__r %s, __ok bool) { __ok = __k.Recv(%s, &__r, %d); return }()", e.rep(c.Elem()), e.expr(y.X), e.here()),
				[]types.Type{c.Elem(), boolType}
		}
	}
	tuple := e.typeOf(x).(*types.Tuple)
	var from []types.Type
	for i := range tuple.Len() {
		from = append(from, tuple.At(i).Type())
	}
	return e.expr(x), from
}

func (e *emitter) opAssign(s *ast.AssignStmt) {
	p := e.place(s.Lhs[0], !simple(s.Lhs[0]) && !e.pure(s.Rhs[0]))
	op := strings.TrimSuffix(s.Tok.String(), "=")
	var v string
	if s.Tok == token.SHL_ASSIGN || s.Tok == token.SHR_ASSIGN {
		v = e.shiftCount(s.Rhs[0])
	} else {
		v = e.operandOf(s.Tok, s.Rhs[0], p.typ)
	}
	if p.pkgVar {
		e.line("__k.SetVar(&%s, *&%s %s %s)", p.text, p.text, op, v)
		return
	}
	if op == "&^" || !simple(s.Lhs[0]) && e.isString(p.typ) {
		p = e.place(s.Lhs[0], true)
		e.line("%s = %s %s (%s)", p.text, p.text, op, v)
		return
	}
	e.line("%s %s= %s", p.text, op, v)
}

func (e *emitter) isString(t types.Type) bool {
	b, ok := e.core(t).(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func simple(x ast.Expr) bool {
	_, ok := ast.Unparen(x).(*ast.Ident)
	return ok
}
