package reflect

import (
	"go/token"
	"go/types"
	"iter"
	"reflect"
	"sort"
)

// Method is reflect.Method.
type Method struct {
	Name    string
	PkgPath string
	Type    Type
	Func    Value
	Index   int
}

// IsExported says whether the method is exported.
func (m Method) IsExported() bool { return m.PkgPath == "" }

// methodList are the methods that reflection shows, sorted: of an interface
// all of them, of other types the exported ones. Their Func is not set.
func (r *rtype) methodList() []Method {
	gen := uint64(1)
	if r.s != nil {
		gen = r.s.generation.Load()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listed == gen {
		return r.methods
	}
	r.listed, r.methods, r.funcs = gen, nil, nil
	if r.s == nil {
		for i := range r.form.NumMethod() {
			m := r.form.Method(i)
			r.methods = append(r.methods, Method{Name: m.Name, PkgPath: m.PkgPath, Type: native(bare(m, r.kind)), Index: i})
		}
		return r.methods
	}
	if i, ok := r.t.Underlying().(*types.Interface); ok {
		for k := range i.NumMethods() {
			r.funcs = append(r.funcs, i.Method(k))
		}
	} else {
		set := types.NewMethodSet(r.t)
		for k := range set.Len() {
			if f, ok := set.At(k).Obj().(*types.Func); ok && f.Exported() {
				r.funcs = append(r.funcs, f)
			}
		}
	}
	sort.Slice(r.funcs, func(i, j int) bool {
		a, b := r.funcs[i], r.funcs[j]
		if a.Exported() != b.Exported() {
			return a.Exported()
		}
		return a.Name() < b.Name()
	})
	for i, f := range r.funcs {
		s := f.Type().(*types.Signature)
		m := Method{Name: f.Name(), Type: r.s.made(types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic()), nil), Index: i}
		if !f.Exported() {
			m.PkgPath = pkgPath(f.Pkg())
		}
		r.methods = append(r.methods, m)
	}
	return r.methods
}

// bare is the type of a method without its receiver.
func bare(m reflect.Method, of Kind) reflect.Type {
	if of == reflect.Interface {
		return m.Type
	}
	var in, out []reflect.Type
	for i := 1; i < m.Type.NumIn(); i++ {
		in = append(in, m.Type.In(i))
	}
	for i := range m.Type.NumOut() {
		out = append(out, m.Type.Out(i))
	}
	return reflect.FuncOf(in, out, m.Type.IsVariadic())
}

func (r *rtype) NumMethod() int { return len(r.methodList()) }

func (r *rtype) Method(i int) Method {
	list := r.methodList()
	if r.kind == reflect.Interface {
		if i < 0 || i >= len(list) {
			return Method{}
		}
		return list[i]
	}
	if i < 0 || i >= len(list) {
		fail("reflect: Method index out of range")
	}
	m := list[i]
	if r.s == nil {
		f := r.form.Method(i)
		m.Type = native(f.Type)
		m.Func = Value{t: m.Type.mirror(), v: f.Func}
		return m
	}
	// As a function its first argument is the receiver.
	r.mu.Lock()
	sig := r.funcs[i].Type().(*types.Signature)
	r.mu.Unlock()
	params := []*types.Var{types.NewParam(token.NoPos, nil, "", r.t)}
	for i := range sig.Params().Len() {
		params = append(params, sig.Params().At(i))
	}
	t := r.s.made(types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), sig.Results(), sig.Variadic()), nil)
	m.Type, m.Func = t, Value{t: t, m: &bound{of: r, index: i}}
	return m
}

func (r *rtype) MethodByName(name string) (Method, bool) {
	for i, m := range r.methodList() {
		if m.Name == name {
			return r.Method(i), true
		}
	}
	return Method{}, false
}

func (r *rtype) Methods() iter.Seq[Method] {
	return func(yield func(Method) bool) {
		for i := range r.NumMethod() {
			if !yield(r.Method(i)) {
				return
			}
		}
	}
}

// bound is a method as a function: of a receiver, or one that takes the
// receiver first.
type bound struct {
	of    *rtype
	recv  Value // of the type of; not valid in a function that takes it
	index int
}

// Unreflected says which methods of Go's types are others for cells. The
// kernel sets it.
var Unreflected = func(t reflect.Type, method string) bool { return false }

// function is the method of a receiver, in the interpreter's form.
func (b *bound) function(recv Value, op string) reflect.Value {
	m := b.of.methodList()[b.index]
	if m.PkgPath != "" {
		fail("reflect: " + op + " of unexported method")
	}
	v, t := recv.val(), b.of
	if t.kind == reflect.Interface {
		if v.IsNil() {
			fail("reflect: " + op + " of method on nil interface value")
		}
		in := recv.Elem()
		v, t = in.val(), in.t
	}
	if t.s == nil {
		if Unreflected(v.Type(), m.Name) {
			refuse("the method " + m.Name + " of a " + t.String() + " by reflection")
		}
		return v.MethodByName(m.Name)
	}
	f, ok := t.s.Method(v, t.t, m.Name)
	if !ok { // through an embedded pointer that is nil
		nilFault()
	}
	return f
}

// value is the function itself, in the interpreter's form.
func (b *bound) value(t *rtype, op string) reflect.Value {
	if b.recv.IsValid() && !b.recv.v.CanAddr() {
		return b.function(b.recv, op)
	}
	return reflect.MakeFunc(t.shape(), func(args []reflect.Value) []reflect.Value {
		recv := b.recv // what it is when it is called
		if !recv.IsValid() {
			recv, args = Value{t: b.of, v: args[0]}, args[1:]
		}
		f := b.function(recv, op)
		if t.IsVariadic() {
			return f.CallSlice(args)
		}
		return f.Call(args)
	})
}

// held is a copy of what a variable holds.
func held(v reflect.Value) reflect.Value {
	if !v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// Method is the i'th method of v.
func (v Value) Method(i int) Value {
	if v.t == nil {
		failKind("reflect.Value.Method", reflect.Invalid)
	}
	if v.m != nil || i < 0 || i >= v.t.NumMethod() {
		fail("reflect: Method index out of range")
	}
	if v.t.kind == reflect.Interface && v.v.IsNil() {
		fail("reflect: Method on nil interface value")
	}
	return Value{t: v.t.methodList()[i].Type.mirror(), flag: v.ro(), m: &bound{of: v.t, recv: v, index: i}}
}

// NumMethod is how many methods v has.
func (v Value) NumMethod() int {
	if v.t == nil {
		failKind("reflect.Value.NumMethod", reflect.Invalid)
	}
	if v.m != nil {
		return 0
	}
	return v.t.NumMethod()
}

// MethodByName is the method of v of a name.
func (v Value) MethodByName(name string) Value {
	if v.t == nil {
		failKind("reflect.Value.MethodByName", reflect.Invalid)
	}
	if v.m == nil {
		for i, m := range v.t.methodList() {
			if m.Name == name {
				return v.Method(i)
			}
		}
	}
	return Value{}
}

// Methods ranges over the methods of v.
func (v Value) Methods() iter.Seq2[Method, Value] {
	return func(yield func(Method, Value) bool) {
		t := v.Type()
		for i := range v.NumMethod() {
			if !yield(t.Method(i), v.Method(i)) {
				return
			}
		}
	}
}
