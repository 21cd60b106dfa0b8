package lower

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"loupe/kernel/display"
)

// subst replaces the type parameters of the instance that is being lowered.
func (e *emitter) subst(t types.Type) types.Type {
	if len(e.env) == 0 || t == nil {
		return t
	}
	switch t := t.(type) {
	case *types.TypeParam:
		if s, ok := e.env[t]; ok {
			return s
		}
		return t
	case *types.Alias:
		return e.subst(types.Unalias(t))
	case *types.Named:
		n := t.TypeArgs().Len()
		if n == 0 {
			return e.localType(t)
		}
		args, changed := make([]types.Type, n), false
		for i := range n {
			args[i] = e.subst(t.TypeArgs().At(i))
			changed = changed || args[i] != t.TypeArgs().At(i)
		}
		if e.isLocal(t.Obj()) {
			return e.localInstance(t, args)
		}
		if !changed {
			return t
		}
		inst, err := types.Instantiate(nil, t.Origin(), args, false)
		if err != nil {
			e.refuse(e.at, err.Error(), "")
		}
		return inst
	case *types.Pointer:
		if s := e.subst(t.Elem()); s != t.Elem() {
			return types.NewPointer(s)
		}
	case *types.Slice:
		if s := e.subst(t.Elem()); s != t.Elem() {
			return types.NewSlice(s)
		}
	case *types.Array:
		if s := e.subst(t.Elem()); s != t.Elem() {
			return types.NewArray(s, t.Len())
		}
	case *types.Chan:
		if s := e.subst(t.Elem()); s != t.Elem() {
			return types.NewChan(t.Dir(), s)
		}
	case *types.Map:
		k, v := e.subst(t.Key()), e.subst(t.Elem())
		if k != t.Key() || v != t.Elem() {
			return types.NewMap(k, v)
		}
	case *types.Tuple:
		return e.substTuple(t)
	case *types.Signature:
		in, out := e.substTuple(t.Params()), e.substTuple(t.Results())
		if in != t.Params() || out != t.Results() {
			return types.NewSignatureType(t.Recv(), nil, nil, in, out, t.Variadic())
		}
	case *types.Struct:
		fields, changed := make([]*types.Var, t.NumFields()), false
		tags := make([]string, t.NumFields())
		for i := range fields {
			f := t.Field(i)
			s := e.subst(f.Type())
			fields[i], tags[i] = f, t.Tag(i)
			if s != f.Type() {
				fields[i], changed = types.NewField(f.Pos(), f.Pkg(), f.Name(), s, f.Embedded()), true
			}
		}
		if changed {
			return types.NewStruct(fields, tags)
		}
	case *types.Interface:
		methods, changed := make([]*types.Func, t.NumExplicitMethods()), false
		for i := range methods {
			m := t.ExplicitMethod(i)
			methods[i] = m
			if s := e.subst(m.Type()); s != m.Type() {
				methods[i], changed = types.NewFunc(m.Pos(), m.Pkg(), m.Name(), s.(*types.Signature)), true
			}
		}
		embeds := make([]types.Type, t.NumEmbeddeds())
		for i := range embeds {
			embeds[i] = e.subst(t.EmbeddedType(i))
			changed = changed || embeds[i] != t.EmbeddedType(i)
		}
		if changed {
			return types.NewInterfaceType(methods, embeds).Complete()
		}
	}
	return t
}

// isLocal says whether a type is declared in the function that is being lowered.
func (e *emitter) isLocal(o *types.TypeName) bool {
	return o.Parent() != nil && e.decl != nil && e.decl.Body != nil && e.decl.Body.Pos() <= o.Pos() && o.Pos() < e.decl.Body.End()
}

// localType is what a type declared in a generic function is in the instance
// that is being lowered: each has a type of its own.
func (e *emitter) localType(t *types.Named) types.Type {
	o := t.Obj()
	if !e.isLocal(o) {
		return t
	}
	args, key := e.outer(o)
	return e.madeLocal(key, o, "["+args+"]", t.Underlying())
}

// localInstance is the same for an instance of a generic type.
func (e *emitter) localInstance(t *types.Named, args []types.Type) types.Type {
	o := t.Obj()
	outer, key := e.outer(o)
	var own []string
	for _, a := range args {
		own = append(own, display.ArgName(a))
		key += fmt.Sprintf(" %d", e.p.TypeID(a))
	}
	inst, err := types.Instantiate(nil, t.Origin(), args, false)
	if err != nil {
		e.refuse(e.at, err.Error(), "")
	}
	return e.madeLocal(key, o, "["+outer+";"+strings.Join(own, ",")+"]", inst.Underlying())
}

// outer names the type arguments of the function, and makes a key of them and o.
func (e *emitter) outer(o *types.TypeName) (args, key string) {
	params := slices.SortedFunc(maps.Keys(e.env), func(a, b *types.TypeParam) int { return a.Index() - b.Index() })
	var list []string
	key = fmt.Sprintf("%p", o)
	for _, p := range params {
		list = append(list, display.ArgName(e.env[p]))
		key += fmt.Sprintf(" %d", e.p.TypeID(e.env[p]))
	}
	return strings.Join(list, ","), key
}

// madeLocal finds or makes the type of a key.
func (e *emitter) madeLocal(key string, o *types.TypeName, args string, under types.Type) types.Type {
	if inst := e.p.locals[key]; inst != nil {
		return inst
	}
	name := types.NewTypeName(o.Pos(), o.Pkg(), o.Name()+args, nil)
	inst := types.NewNamed(name, types.NewStruct(nil, nil), nil)
	e.p.locals[key] = inst
	if n := display.Numbered(o); n > 0 {
		display.Number(name, n)
	}
	inst.SetUnderlying(e.subst(under).Underlying())
	return inst
}

func (e *emitter) substTuple(t *types.Tuple) *types.Tuple {
	if t == nil {
		return nil
	}
	vars, changed := make([]*types.Var, t.Len()), false
	for i := range vars {
		v := t.At(i)
		vars[i] = v
		if s := e.subst(v.Type()); s != v.Type() {
			vars[i], changed = types.NewParam(v.Pos(), v.Pkg(), v.Name(), s), true
		}
	}
	if !changed {
		return t
	}
	return types.NewTuple(vars...)
}

// core is the single underlying type that a type offers to operations, with
// type parameters replaced.
func (e *emitter) core(t types.Type) types.Type { return e.subst(t).Underlying() }
