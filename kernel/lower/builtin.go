package lower

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

func (e *emitter) builtin(x *ast.CallExpr, name string) string {
	if tuple, ok := e.spreads(x); ok {
		return e.spreadBuiltin(x, name, tuple)
	}
	at := x.Args
	switch name {
	case "len", "cap":
		if p, ok := e.core(e.typeOf(at[0])).(*types.Pointer); ok && p != nil {
			if _, ok := ast.Unparen(at[0]).(*ast.Ident); ok { // the pointer may be nil
				return fmt.Sprint(p.Elem().Underlying().(*types.Array).Len())
			}
			return fmt.Sprintf("__k.Const(%s, %d)", e.expr(at[0]), p.Elem().Underlying().(*types.Array).Len())
		}
		return name + "(" + e.val(at[0]) + ")"
	case "append":
		return e.wrapped(e.appendCall(x), e.typeOf(x))
	case "copy":
		src := e.val(at[1])
		if b, ok := e.core(e.typeOf(at[1])).(*types.Basic); ok && b.Info()&types.IsString != 0 {
			src = "[]byte(" + src + ")"
		}
		return "copy(" + e.val(at[0]) + ", " + src + ")"
	case "delete":
		m := e.core(e.typeOf(at[0])).(*types.Map)
		return "delete(" + e.val(at[0]) + ", " + e.key(at[1], m) + ")"
	case "clear":
		return "__k.Clear(" + e.val(at[0]) + ")"
	case "new":
		if tv := e.info.Types[at[0]]; tv.IsType() {
			return "new(" + e.rep(tv.Type) + ")"
		}
		t := e.typeOf(x).Underlying().(*types.Pointer).Elem()
		return fmt.Sprintf("func() *%s { var __v %s = %s; return &__v }()", e.rep(t), e.rep(t), e.exprTo(at[0], t))
	case "make":
		return e.wrapped(e.makeCall(x), e.typeOf(x.Args[0]))
	case "panic":
		return fmt.Sprintf("panic(__k.Panic(%s, %d))", e.exprTo(at[0], anyType), e.fault())
	case "recover":
		if e.fn.recovers == "" {
			return "__k.Nil()" // in the cell itself, which nothing defers
		}
		return "__k.RecoverIn(" + e.fn.recovers + ")"
	case "print", "println":
		var args []string
		for _, a := range at {
			s := e.exprTo(a, anyType)
			if types.IsInterface(e.typeOf(a)) {
				s = "__k.Iface(" + s + ")"
			}
			args = append(args, s)
		}
		return "__k.P" + name[1:] + "(" + strings.Join(args, ", ") + ")"
	case "close":
		return "__k.Close(" + e.val(at[0]) + ")"
	case "complex":
		t := e.typeOf(x)
		part := types.Typ[types.Float64]
		if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() == types.Complex64 {
			part = types.Typ[types.Float32]
		}
		return "complex(" + e.exprTo(at[0], part) + ", " + e.exprTo(at[1], part) + ")"
	case "real", "imag":
		return name + "(" + e.expr(at[0]) + ")"
	case "min", "max":
		return e.minmax(x, name)
	}
	e.refuse(x.Pos(), "the builtin "+name, "")
	return ""
}

// spreads says whether a call has the results of another one for its arguments.
func (e *emitter) spreads(x *ast.CallExpr) (*types.Tuple, bool) {
	if len(x.Args) != 1 {
		return nil, false
	}
	tv, ok := e.info.Types[x.Args[0]]
	if !ok || tv.IsType() {
		return nil, false
	}
	tuple, ok := tv.Type.(*types.Tuple)
	return tuple, ok && tuple.Len() > 1
}

// spreadBuiltin lowers copy(f()) and the like.
func (e *emitter) spreadBuiltin(x *ast.CallExpr, name string, tuple *types.Tuple) string {
	names, y := e.spreadCall(x, tuple)
	result, ret := "", ""
	if tv := e.info.Types[x]; tv.IsValue() {
		result, ret = " "+e.rep(e.typeOf(x)), "return "
	}
	return fmt.Sprintf("func()%s { %s := %s; %s%s }()", result, strings.Join(names, ", "), e.expr(x.Args[0]), ret, e.builtin(y, name))
}

// spreadCall is the call with a variable for each result that is passed on.
func (e *emitter) spreadCall(x *ast.CallExpr, tuple *types.Tuple) (names []string, y *ast.CallExpr) {
	y = &ast.CallExpr{Fun: x.Fun, Lparen: x.Lparen, Rparen: x.Rparen}
	for i := range tuple.Len() {
		id := e.variable(tuple.At(i).Type(), x)
		names, y.Args = append(names, id.Name), append(y.Args, id)
	}
	e.info.Types[y] = e.info.Types[x]
	return names, y
}

func (e *emitter) appendCall(x *ast.CallExpr) string {
	t := e.typeOf(x)
	elem := e.core(t).(*types.Slice).Elem()
	args := []string{e.plain(e.exprTo(x.Args[0], t), t)}
	if e.info.Types[x.Args[0]].IsNil() {
		args[0] = e.convert(e.rep(e.plainType(t)), "nil")
	}
	for i, a := range x.Args[1:] {
		if x.Ellipsis.IsValid() && i == len(x.Args)-2 {
			if e.info.Types[a].IsNil() {
				return args[0]
			}
			if b, ok := e.core(e.typeOf(a)).(*types.Basic); ok && b.Info()&types.IsString != 0 {
				args = append(args, "[]byte("+e.expr(a)+")...")
			} else {
				args = append(args, e.val(a)+"...")
			}
			continue
		}
		s := e.element(a, elem)
		if s == "nil" && e.kindOf(elem) == concrete && !e.opaque(elem) {
			s = e.convert(e.rep(elem), s)
		}
		args = append(args, s)
	}
	if len(args) == 1 {
		return args[0]
	}
	if len(args) > 2 { // all values before any of them is stored
		return "append(" + args[0] + ", []" + e.rep(elem) + "{" + strings.Join(args[1:], ", ") + "}...)"
	}
	return "append(" + strings.Join(args, ", ") + ")"
}

// makeCall checks sizes: an impossible one must not end the process.
func (e *emitter) makeCall(x *ast.CallExpr) string {
	t := e.typeOf(x.Args[0])
	args := []string{e.rep(e.plainType(t))}
	size := int64(1)
	if s, ok := e.core(t).(*types.Slice); ok {
		if free(s.Elem()) {
			size = types.SizesFor("gc", "amd64").Sizeof(s.Elem())
		}
	} else if c, ok := e.core(t).(*types.Chan); ok && free(c.Elem()) {
		size = types.SizesFor("gc", "amd64").Sizeof(c.Elem())
	}
	if _, ok := e.core(t).(*types.Map); ok && len(x.Args) == 2 { // a hint, which may be anything
		if !e.pure(x.Args[1]) {
			return fmt.Sprintf("func() %s { __k.Use(%s); return make(%s) }()", args[0], e.expr(x.Args[1]), args[0])
		}
		return "make(" + args[0] + ")"
	}
	for i, a := range x.Args[1:] {
		if tv := e.info.Types[a]; i == 1 && e.pure(x.Args[1]) && e.pure(a) && (tv.Value == nil || e.info.Types[x.Args[1]].Value == nil) {
			args = append(args, fmt.Sprintf("__k.Cap(int(%s), int(%s), %d)", e.expr(x.Args[1]), e.expr(a), size))
			continue
		}
		if tv := e.info.Types[a]; tv.Value != nil {
			n := e.constText(tv.Value, types.Typ[types.Int])
			if len(n) < 7 {
				args = append(args, n)
				continue
			}
		}
		kind := "len"
		if i == 1 {
			kind = "cap"
		}
		if _, ok := e.core(t).(*types.Chan); ok {
			kind = "chan"
		}
		n := e.expr(a)
		if tv := e.info.Types[a]; tv.Value != nil {
			n = e.constText(tv.Value, types.Typ[types.Int])
		}
		args = append(args, fmt.Sprintf("__k.Size(int(%s), %d, %q)", n, size, kind))
	}
	if c, ok := e.core(t).(*types.Chan); ok && c.Dir() != types.SendRecv {
		args[0] = "chan " + e.rep(c.Elem())
		return e.convert(e.rep(e.plainType(t)), "make("+strings.Join(args, ", ")+")")
	}
	return "make(" + strings.Join(args, ", ") + ")"
}

// free says whether t mentions no type parameter, so that it has a size.
func free(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.TypeParam:
		return false
	case *types.Named:
		for i := range t.TypeArgs().Len() {
			if !free(t.TypeArgs().At(i)) {
				return false
			}
		}
	case *types.Array:
		return free(t.Elem())
	case *types.Struct:
		for i := range t.NumFields() {
			if !free(t.Field(i).Type()) {
				return false
			}
		}
	}
	return true
}

// minmax lowers min and max to comparisons; floats need math's rules for NaN
// and signed zero.
func (e *emitter) minmax(x *ast.CallExpr, name string) string {
	t := e.typeOf(x)
	rep := e.rep(t)
	acc := e.exprTo(x.Args[0], t)
	b, _ := t.Underlying().(*types.Basic)
	for _, a := range x.Args[1:] {
		v := e.exprTo(a, t)
		if b != nil && b.Info()&types.IsFloat != 0 {
			acc = fmt.Sprintf("%s(__k.F%s(float64(%s), float64(%s)))", rep, name, acc, v)
			continue
		}
		op := "<"
		if name == "max" {
			op = ">"
		}
		acc = fmt.Sprintf("func(__a, __b %s) %s { if __b %s __a { return __b }; return __a }(%s, %s)", rep, rep, op, acc, v)
	}
	return acc
}
