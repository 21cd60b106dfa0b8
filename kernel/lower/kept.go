package lower

import (
	"fmt"
	"go/ast"
	"go/types"
)

// The interpreter has structs that point at themselves, but loses the way where structs
// lead to one another in a circle (an Env of Values, a Value with a Func, a Func with
// its Env) or through a function's parameters. Such a circle is cut at the field that
// closes it: the field is kept in an "any". What reads it takes the value out, what
// writes it puts it in; nil is put in as a plain nil, so that structs compare.

// structFields decides which fields of a named struct are kept, and gives its body.
func (e *emitter) structFields(t *types.Named, id int) string {
	e.opening = append(e.opening, id)
	u := t.Underlying().(*types.Struct)
	body := e.structOfFields(u, func(i int) string {
		f := u.Field(i)
		if e.closes(f.Type(), id) {
			put(e.p, e.p.kept, keptField{id, i}, true)
			return "any"
		}
		return e.repIn(f.Type(), nil)
	})
	e.opening = e.opening[:len(e.opening)-1]
	return body
}

// keptField is field number i of the struct with a type id.
type keptField struct{ id, i int }

// closes says whether a field of struct id leads to a struct that is being declared in a
// way that the interpreter does not follow.
func (e *emitter) closes(t types.Type, id int) bool {
	t = e.subst(t)
	if e.opaque(t) {
		return false // it is in an any already
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature:
		return e.leads(t, id, false, map[types.Type]bool{})
	}
	return false
}

// leads says whether t is made of a struct that is being declared: of another than id,
// or of id through a function.
func (e *emitter) leads(t types.Type, id int, inFunc bool, seen map[types.Type]bool) bool {
	t = types.Unalias(e.subst(t))
	if n, ok := t.(*types.Named); ok {
		if !e.p.script(n.Obj()) || seen[n] {
			return false
		}
		seen[n] = true
		switch n.Underlying().(type) {
		case *types.Interface, *types.Basic:
			return false
		case *types.Struct:
			at := e.p.TypeID(n)
			for _, o := range e.opening {
				if o == at && (at != id || inFunc) {
					return true
				}
			}
			return false
		}
		if e.opaque(n) {
			return false
		}
		return e.leads(n.Underlying(), id, inFunc, seen)
	}
	switch t := t.(type) {
	case *types.Pointer:
		return e.leads(t.Elem(), id, inFunc, seen)
	case *types.Slice:
		return e.leads(t.Elem(), id, inFunc, seen)
	case *types.Array:
		return e.leads(t.Elem(), id, inFunc, seen)
	case *types.Chan:
		return e.leads(t.Elem(), id, inFunc, seen)
	case *types.Map:
		return e.leads(t.Key(), id, inFunc, seen) || e.leads(t.Elem(), id, inFunc, seen)
	case *types.Struct:
		for i := range t.NumFields() {
			if e.leads(t.Field(i).Type(), id, inFunc, seen) {
				return true
			}
		}
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if e.leads(tuple.At(i).Type(), id, true, seen) {
					return true
				}
			}
		}
	}
	return false
}

// kept says whether field i of t, a struct or a pointer to one, is kept in an any.
func (e *emitter) kept(t types.Type, i int) bool {
	n, ok := types.Unalias(e.subst(t)).(*types.Named)
	if p, isPointer := e.subst(t).Underlying().(*types.Pointer); isPointer {
		n, ok = types.Unalias(e.subst(p.Elem())).(*types.Named)
	}
	if !ok || !e.p.script(n.Obj()) {
		return false
	}
	e.structName(n)
	return e.p.kept[keptField{e.p.TypeID(n), i}]
}

// take takes the value of a kept field of type t out of its any.
func (e *emitter) take(s string, t types.Type) string {
	t = e.subst(t)
	id := e.p.TypeID(t)
	name, ok := e.p.takers[id]
	if !ok {
		name = e.p.fresh("f_take")
		put(e.p, e.p.takers, id, name)
		fmt.Fprintf(&e.top, "func %s(__v any) (__r %s) { if __v != nil { __k.To(__v, &__r) }; return }\n", name, e.rep(t))
	}
	return name + "(" + s + ")"
}

// keptPlace is the any of a selector whose field is kept; ok says that it is one.
func (e *emitter) keptPlace(x ast.Expr) (text string, ok bool) {
	sel, isSelector := ast.Unparen(x).(*ast.SelectorExpr)
	if !isSelector || !e.keptSelector(x) {
		return "", false
	}
	m := e.lookup(sel)
	last := len(m.index) - 1
	s := e.path(e.operand(sel.X), m.recv, m.index[:last])
	t := e.pathType(m.recv, m.index[:last])
	return s + "." + fieldName(e.structOf(t), m.index[last]), true
}

// keptSelector says whether x selects a kept field.
func (e *emitter) keptSelector(x ast.Expr) bool {
	sel, ok := ast.Unparen(x).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if o, ok := e.info.Uses[sel.Sel].(*types.Var); !ok || !o.IsField() {
		return false
	}
	m := e.lookup(sel)
	last := len(m.index) - 1
	return m.fn == nil && e.kept(e.pathType(m.recv, m.index[:last]), m.index[last])
}

// noAddress refuses the address of a kept field.
func (e *emitter) noAddress(x ast.Expr, name string) {
	e.refuse(x.Pos(), "the address of the field "+name+", whose type leads back to its struct through another one or a function", "take the field's value into a variable, and write it back")
}
