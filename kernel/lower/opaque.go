package lower

import (
	"fmt"
	"go/ast"
	"go/types"
)

// The interpreter has no type that is made of itself other than through a
// struct: type stateFn func(*lexer) stateFn, type tree []tree. Values of such
// a type are kept in an "any", which holds the interpreter's form of the
// underlying type; operations of the underlying type take it out first.

// opaque says whether values of t are kept so.
func (e *emitter) opaque(t types.Type) bool {
	n, ok := types.Unalias(e.subst(t)).(*types.Named)
	if !ok || !e.p.script(n.Obj()) {
		return false
	}
	switch n.Underlying().(type) {
	case *types.Struct, *types.Interface, *types.Basic:
		return false
	}
	if known, ok := e.p.opaque[n]; ok {
		return known
	}
	is := reaches(n.Underlying(), n, map[types.Type]bool{})
	if is {
		if _, ok := n.Underlying().(*types.Array); ok {
			e.refuse(e.at, "type "+n.Obj().Name()+", an array which is made of itself without a struct", "wrap it in a struct")
		}
	}
	if len(e.env) == 0 {
		e.p.opaque[n] = is
	}
	return is
}

// reaches says whether t is made of n, other than through a struct with a name
// or an interface.
func reaches(t types.Type, n *types.Named, seen map[types.Type]bool) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if types.Identical(t, n) {
			return true
		}
		if seen[t] {
			return false
		}
		seen[t] = true
		switch t.Underlying().(type) {
		case *types.Struct, *types.Interface, *types.Basic:
			return false
		}
		return reaches(t.Underlying(), n, seen)
	case *types.Pointer:
		return reaches(t.Elem(), n, seen)
	case *types.Slice:
		return reaches(t.Elem(), n, seen)
	case *types.Array:
		return reaches(t.Elem(), n, seen)
	case *types.Chan:
		return reaches(t.Elem(), n, seen)
	case *types.Map:
		return reaches(t.Key(), n, seen) || reaches(t.Elem(), n, seen)
	case *types.Struct:
		for i := range t.NumFields() {
			if reaches(t.Field(i).Type(), n, seen) {
				return true
			}
		}
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if reaches(tuple.At(i).Type(), n, seen) {
					return true
				}
			}
		}
	}
	return false
}

// plainType is the type in whose representation operations work.
func (e *emitter) plainType(t types.Type) types.Type {
	if t = e.subst(t); e.opaque(t) {
		return t.Underlying()
	}
	return t
}

// plain takes a value of type t out of its any, if it is in one.
func (e *emitter) plain(s string, t types.Type) string {
	if !e.opaque(t) {
		return s
	}
	return fmt.Sprintf("func(__v any) (__r %s) { if __v != nil { __k.To(__v, &__r) }; return }(%s)", e.rep(e.plainType(t)), s)
}

// val lowers x for an operation of its underlying type.
func (e *emitter) val(x ast.Expr) string {
	t := e.typeOf(x)
	if !e.opaque(t) {
		return e.operand(x)
	}
	return e.plain(e.expr(x), t)
}

// wrapped puts a value of t's underlying type into an any, if t asks for it.
func (e *emitter) wrapped(s string, t types.Type) string {
	if !e.opaque(t) {
		return s
	}
	return "__k.Any(" + s + ")"
}
