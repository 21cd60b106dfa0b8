package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

func (e *emitter) rangeStmt(s *ast.RangeStmt, label string) {
	xt := e.typeOf(s.X)
	t := &target{label: label, loop: true}
	switch u := e.core(xt).(type) {
	case *types.Basic:
		if u.Info()&types.IsString != 0 {
			e.rangeString(s, t)
			return
		}
		e.rangeInt(s, t)
	case *types.Chan:
		e.rangeChan(s, t, u)
	case *types.Signature:
		e.rangeFunc(s, t, u)
	case *types.Slice:
		e.rangeIndexed(s, t, types.Typ[types.Int], u.Elem(), e.val(s.X), e.rep(e.plainType(xt)))
	case *types.Array:
		if s.Value == nil {
			n := e.tmp()
			e.calledFor(s.X)
			e.line("{\n%s := %d\n%s}", n, u.Len(), e.block(func() { e.count(s, t, n, types.Typ[types.Int]) }))
			return
		}
		e.rangeIndexed(s, t, types.Typ[types.Int], u.Elem(), e.expr(s.X), e.rep(xt))
	case *types.Pointer:
		a := u.Elem().Underlying().(*types.Array)
		if s.Value == nil || isBlank(s.Value) { // a nil pointer will do
			n := e.tmp()
			e.calledFor(s.X)
			e.line("{\n%s := %d\n%s}", n, a.Len(), e.block(func() { e.count(s, t, n, types.Typ[types.Int]) }))
			return
		}
		e.rangeIndexed(s, t, types.Typ[types.Int], a.Elem(), "(*"+e.operand(s.X)+")[:]", "[]"+e.rep(a.Elem()))
	case *types.Map:
		e.rangeNative(s, t, u.Key(), u.Elem(), e.val(s.X))
	default:
		e.refuse(s.Pos(), "a range over "+xt.String(), "")
	}
}

// calledFor evaluates x, of whose value only the length counts, for the calls
// and receives in it.
func (e *emitter) calledFor(x ast.Expr) {
	if !e.pure(x) {
		e.line("__k.Use(%s)", e.expr(x))
	}
}

// assignVars gives the loop's own variables the values of hidden ones.
func (e *emitter) assignVars(s *ast.RangeStmt, key, value string, kt, vt types.Type) {
	var lhs []place
	var names []string
	var from []types.Type
	for i, x := range []ast.Expr{s.Key, s.Value} {
		if x == nil || isBlank(x) {
			continue
		}
		n, t := key, kt
		if i == 1 {
			n, t = value, vt
		}
		lhs = append(lhs, e.place(x, s.Tok == token.ASSIGN && s.Value != nil))
		names, from = append(names, n), append(from, t)
	}
	for i, p := range lhs {
		e.set(p, names[i], from[i])
	}
}

func isBlank(x ast.Expr) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == "_"
}

// count loops a hidden counter from 0 to n.
func (e *emitter) count(s *ast.RangeStmt, t *target, n string, kt types.Type) {
	i := e.tmp()
	body := e.loopBody(t, func() { e.assignVars(s, i, "", kt, nil) }, s.Body.List)
	e.mark(t.label)
	e.line("for %s := %s; %s < %s; %s++ {\n%s}", i, e.convert(e.rep(kt), "0"), i, n, i, body)
}

func (e *emitter) rangeInt(s *ast.RangeStmt, t *target) {
	kt := types.Default(e.typeOf(s.X))
	if s.Key != nil && !isBlank(s.Key) {
		kt = e.typeOf(s.Key)
		if id, ok := s.Key.(*ast.Ident); ok && e.info.Defs[id] != nil {
			kt = e.subst(e.info.Defs[id].Type())
		}
	}
	n := e.tmp()
	e.line("{\n%s}", e.block(func() {
		e.define(n, kt, e.exprTo(s.X, kt))
		e.count(s, t, n, kt)
	}))
}

// rangeIndexed ranges over a slice or an array, which is evaluated once.
func (e *emitter) rangeIndexed(s *ast.RangeStmt, t *target, kt, vt types.Type, x, rep string) {
	e.line("{\n%s}", e.block(func() {
		xs, n, i := e.tmp(), e.tmp(), e.tmp()
		e.line("var %s %s = %s\n%s := len(%s)", xs, rep, x, n, xs) // var: an array is copied
		body := e.loopBody(t, func() { e.assignVars(s, i, xs+"["+i+"]", kt, vt) }, s.Body.List)
		e.mark(t.label)
		e.line("for %s := 0; %s < %s; %s++ {\n%s}", i, i, n, i, body)
	}))
}

// rangeNative leaves the iteration to the interpreter: maps.
func (e *emitter) rangeNative(s *ast.RangeStmt, t *target, kt, vt types.Type, x string) {
	e.line("{\n%s}", e.block(func() {
		k, v := e.tmp(), e.tmp()
		head := fmt.Sprintf("%s, %s := range", k, v)
		body := e.loopBody(t, func() {
			e.line("__k.Use(%s)", k)
			e.assignVars(s, k, v, kt, vt)
		}, s.Body.List)
		if s.Value == nil || isBlank(s.Value) {
			head = k + " := range"
		}
		e.mark(t.label)
		e.line("for %s %s {\n%s}", head, e.paren(x), body)
	}))
}

func (e *emitter) paren(x string) string {
	if strings.HasSuffix(x, "}") || strings.HasPrefix(x, "func") {
		return "(" + x + ")"
	}
	return x
}

// rangeString decodes runes itself: an invalid byte counts as one.
func (e *emitter) rangeString(s *ast.RangeStmt, t *target) {
	e.line("{\n%s}", e.block(func() {
		str, i, r, n := e.tmp(), e.tmp(), e.tmp(), e.tmp()
		e.line("var %s string = %s\n%s := 0", str, e.exprTo(s.X, types.Typ[types.String]), n)
		body := e.loopBody(t, func() {
			w := e.tmp()
			e.line("%s, %s := __k.Rune(%s, %s)\n%s = %s", r, w, str, i, n, w)
			e.assignVars(s, i, r, types.Typ[types.Int], types.Typ[types.Rune])
		}, s.Body.List)
		e.mark(t.label)
		e.line("for %s := 0; %s < len(%s); %s += %s {\n%s}", i, i, str, i, n, body)
	}))
}

func (e *emitter) rangeChan(s *ast.RangeStmt, t *target, c *types.Chan) {
	e.line("{\n%s}", e.block(func() {
		ch := e.tmp()
		e.line("var %s %s = %s", ch, e.rep(e.plainType(e.typeOf(s.X))), e.val(s.X))
		body := e.loopBody(t, func() {
			v := e.tmp()
			e.declare(v, c.Elem())
			e.line("if !__k.Recv(%s, &%s, %d) { break }", ch, v, int(s.Pos()))
			e.assignVars(s, v, "", c.Elem(), nil)
		}, s.Body.List)
		e.mark(t.label)
		e.line("for {\n%s}", body)
	}))
}

// seqBody is the body of a range over a function, which became a function
// literal: what leaves it other than by its end sets code and returns false.
type seqBody struct {
	body  *ast.BlockStmt
	code  string // variable: 0 go on, 1 break, 2 return, 3.. other targets
	done  string // variable: the loop has ended
	vals  []string
	jumps []seqJump
}

// holds says whether something is declared in the body.
func (q *seqBody) holds(o types.Object) bool {
	return o != nil && q.body.Pos() <= o.Pos() && o.Pos() < q.body.End()
}

type seqJump struct {
	code int
	stmt *ast.BranchStmt
}

// rangeFunc lowers a range over an iterator function.
func (e *emitter) rangeFunc(s *ast.RangeStmt, t *target, sig *types.Signature) {
	yield := e.core(sig.Params().At(0).Type()).(*types.Signature)
	q := &seqBody{body: s.Body, code: e.tmp(), done: e.tmp()}
	t.seq = q
	e.line("{\n%s}", e.block(func() {
		e.line("%s := 0\n%s := false", q.code, q.done)
		for i := range e.fn.sig.Results().Len() {
			v := e.tmp()
			q.vals = append(q.vals, v)
			e.declare(v, e.fn.sig.Results().At(i).Type())
		}
		var params, names []string
		var from []types.Type
		for i := range yield.Params().Len() {
			n := e.tmp()
			names, from = append(names, n), append(from, yield.Params().At(i).Type())
			params = append(params, n+" "+e.rep(from[i]))
		}
		f := e.expr(s.X)
		if e.opaque(e.typeOf(s.X)) {
			f = e.val(s.X)
		}
		inner := *e.fn
		inner.seq = q
		outer := e.fn
		e.fn = &inner
		body := e.loopBody(t, func() {
			e.line("if %s { __k.SeqDone() }", q.done)
			for i, x := range []ast.Expr{s.Key, s.Value} {
				if x != nil && !isBlank(x) {
					e.set(e.place(x, false), names[i], from[i])
				}
			}
		}, s.Body.List)
		e.fn = outer
		e.line("%s(func(%s) bool {\n%sreturn true\n})", e.paren(f), strings.Join(params, ", "), body)
		e.line("%s = true", q.done)
		e.afterSeq(q)
	}))
}

// afterSeq goes where the body wanted to go.
func (e *emitter) afterSeq(q *seqBody) {
	if e.fn.seq != nil { // itself inside of such a body: hand the return on
		e.line("if %s == 2 { %s%s = 2; %s = true; return false }", q.code, e.copyVals(e.fn.seq, q), e.fn.seq.code, e.fn.seq.done)
	} else if e.fn.cell && e.unit.Notebook {
		e.line("if %s == 2 { __k.EndNotebook(); return }", q.code)
	} else if e.fn.frame != "" {
		e.line("if %s == 2 { return }", q.code)
	} else if len(e.fn.named) > 0 {
		e.line("if %s == 2 { return %s }", q.code, strings.Join(e.fn.named, ", "))
	} else {
		e.line("if %s == 2 { return %s }", q.code, strings.Join(q.vals, ", "))
	}
	for _, j := range q.jumps {
		e.line("if %s == %d {\n%s}", q.code, j.code, e.block(func() { e.branch(j.stmt) }))
	}
}

func (e *emitter) copyVals(to, from *seqBody) string {
	var b strings.Builder
	if len(e.fn.named) > 0 {
		return ""
	}
	for i := range to.vals {
		fmt.Fprintf(&b, "%s = %s; ", to.vals[i], from.vals[i])
	}
	return b.String()
}

// seqAbove is the function body that a jump to target i must leave, the
// innermost one, or nil.
func (e *emitter) seqAbove(i int) *seqBody {
	for k := len(e.targets) - 1; k >= i; k-- {
		if q := e.targets[k].seq; q != nil {
			return q
		}
	}
	return nil
}

func (e *emitter) seqBranch(s *ast.BranchStmt, q *seqBody, t *target) {
	if t.seq == q {
		if s.Tok == token.CONTINUE {
			e.line("return true")
			return
		}
		e.line("%s = 1; %s = true; return false", q.code, q.done)
		return
	}
	code := 3 + len(q.jumps)
	q.jumps = append(q.jumps, seqJump{code, s})
	e.line("%s = %d; %s = true; return false", q.code, code, q.done)
}

func (e *emitter) seqReturn(s *ast.ReturnStmt) {
	q := e.fn.seq
	if len(s.Results) > 0 {
		vals := e.returnValues(s, e.fn.sig)
		to := q.vals
		if len(e.fn.named) > 0 {
			to = e.fn.named
		}
		if len(vals) == 1 {
			e.line("%s = %s", to[0], apart(vals[0]))
		} else {
			var tmps []string
			for i, v := range vals {
				n := e.tmp()
				tmps = append(tmps, n)
				e.define(n, e.fn.sig.Results().At(i).Type(), v)
			}
			for i, n := range tmps {
				e.line("%s = %s", to[i], n)
			}
		}
	}
	e.line("%s = 2; %s = true; return false", q.code, q.done)
}
