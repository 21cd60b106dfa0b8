package lower

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// exprTo lowers x as a value of type to, which x is assignable to.
func (e *emitter) exprTo(x ast.Expr, to types.Type) string {
	to = e.subst(to)
	if tv, ok := e.info.Types[x]; ok {
		if tv.Value != nil && !types.IsInterface(to) {
			return e.constText(tv.Value, to)
		}
		if tv.IsNil() {
			return "nil"
		}
	}
	return e.conv(e.expr(x), e.typeOf(x), to)
}

// conv converts text of type from to the representation of to.
func (e *emitter) conv(s string, from, to types.Type) string {
	from, to = e.subst(from), e.subst(to)
	if b, ok := from.(*types.Basic); ok && b.Kind() == types.UntypedNil {
		return "nil"
	}
	kf, kt := e.kindOf(from), e.kindOf(to)
	switch kt {
	case concrete:
		if fo, to0 := e.opaque(from), e.opaque(to); fo || to0 {
			if fo && to0 {
				return s
			}
			return e.wrapped(e.plain(s, from), to)
		}
		if rf, rt := e.rep(from), e.rep(to); rf != rt {
			return e.convert(rt, s)
		}
		return s
	case anyKind:
		switch kf {
		case anyKind:
			return s
		case native:
			return "__k.Norm(" + s + ")"
		}
		return e.box(s, from)
	}
	switch {
	case kf == native, kf == concrete && !e.boxed(from):
		return s
	case kf == concrete:
		s = e.box(s, from)
	}
	e.id(to)
	return fmt.Sprintf("func() (__r %s) { __k.To(%s, &__r); return }()", e.rep(to), s)
}

// box makes a concrete value an "any".
func (e *emitter) box(s string, from types.Type) string {
	from = types.Default(from)
	if e.boxed(from) {
		return fmt.Sprintf("__k.Box(%s, %d)", s, e.boxID(from))
	}
	if _, ok := from.Underlying().(*types.Signature); ok {
		return "__k.Any(" + s + ")"
	}
	switch strings.TrimLeft(s, "(")[0] {
	case '!', '-', '^', '+': // which the interpreter would put into a place for an interface as it is
		return e.convert(e.rep(from), s)
	}
	return s
}

// convert is the conversion rep(s) in text.
func (e *emitter) convert(rep, s string) string {
	if rep[0] == '*' || rep[0] == '<' || strings.HasPrefix(rep, "func") || strings.HasPrefix(rep, "chan") {
		return "(" + rep + ")(" + s + ")"
	}
	return rep + "(" + s + ")"
}

// conversion lowers an explicit conversion T(x).
func (e *emitter) conversion(x ast.Expr, to types.Type) string {
	to = e.subst(to)
	tv := e.info.Types[x]
	if tv.IsNil() {
		if types.IsInterface(to) {
			return fmt.Sprintf("func() (__r %s) { __k.To(nil, &__r); return }()", e.rep(to))
		}
		if e.opaque(to) {
			return "__k.Nil()"
		}
		return e.convert(e.rep(to), "nil")
	}
	if tv.Value != nil && !types.IsInterface(to) {
		if b, ok := to.Underlying().(*types.Basic); ok {
			from, _ := tv.Type.Underlying().(*types.Basic)
			if from != nil && (b.Info()&types.IsString != 0) == (from.Info()&types.IsString != 0) && b.Info()&types.IsNumeric == from.Info()&types.IsNumeric {
				return e.constText(tv.Value, to)
			}
		}
		if b, ok := tv.Type.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
			return e.convert(e.rep(to), e.constText(tv.Value, types.Default(tv.Type)))
		}
	}
	from := e.typeOf(x)
	s := e.expr(x)
	if types.IsInterface(to) {
		if e.kindOf(from) == concrete && e.kindOf(to) == anyKind {
			// A conversion, not a plain value: the static type must be any.
			return fmt.Sprintf("func() (__r any) { __r = %s; return }()", e.conv(s, from, to))
		}
		return e.conv(s, from, to)
	}
	if e.opaque(from) || e.opaque(to) {
		inner := e.plain(s, from)
		if a, b := e.rep(e.plainType(from)), e.rep(e.plainType(to)); a != b {
			inner = e.convert(b, inner)
		}
		return e.wrapped(inner, to)
	}
	rf, rt := e.rep(from), e.rep(to)
	if rf == rt {
		return bracket(s)
	}
	if _, ok := e.core(from).(*types.Slice); ok {
		n := int64(-1)
		if a, ok := e.core(to).(*types.Array); ok {
			n = a.Len()
		} else if p, ok := e.core(to).(*types.Pointer); ok {
			n = p.Elem().Underlying().(*types.Array).Len()
		}
		if n >= 0 {
			return fmt.Sprintf("func(__s %s) %s { __k.ArrLen(len(__s), %d); return %s }(%s)", rf, rt, n, e.convert(rt, "__s"), s)
		}
	}
	return e.convert(rt, s)
}
