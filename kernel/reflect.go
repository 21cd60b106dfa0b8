package kernel

import (
	"fmt"
	"go/types"
	"reflect"
	"strings"
	"sync"

	"loupe/kernel/check"
	"loupe/kernel/display"
	mirror "loupe/kernel/mirror"
	"loupe/stdlib/symbols"
)

// Cells see package kernel/mirror as reflect: here is what it must know of the
// session.

func init() {
	mirror.Unwrap = norm
	mirror.StandIn = goTypeName
	mirror.Room = roomFor
	mirror.Unhashable = func(typ string, empty bool) {
		if empty {
			panic(unhashable(typ))
		}
		panic(runtimeError("hash of unhashable type " + typ))
	}
}

// unhashable is the error of a look into an empty map for a key of a type that
// cannot be one.
type unhashable string

func (e unhashable) Error() string { return "hash of unhashable type: " + string(e) }
func (e unhashable) RuntimeError() {}

// Carried tells package mirror what the box holds.
func (b box) Carried() (*mirror.Space, reflect.Value, types.Type) {
	return b.t.reg.space, reflect.ValueOf(b.v), b.t.typ
}

// world is the session as package mirror asks for it.
type world struct{ m *machine }

func (w world) Boxed(t types.Type) bool { return w.m.k.prog.Boxed(t) }

func (w world) Cell(o types.Object) bool { return w.m.k.prog.Script(o) }

func (w world) Key(t types.Type) int { return w.m.reg.idOf(t) }

func (w world) Known(t reflect.Type) types.Type {
	tt, err := w.m.reg.universe.TypeOf(t)
	if err != nil {
		return nil
	}
	return tt
}

func (w world) Box(v reflect.Value, t types.Type) any {
	return box{w.m.reg.typed(t, v.Type()), v.Interface()}
}

// typed is a type that lowered code may not have named.
func (g *registry) typed(t types.Type, form reflect.Type) *rtype {
	id := g.idOf(t)
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.byID[id]
	if r == nil {
		r = &rtype{id: id, typ: t, rt: form, boxed: true, reg: g}
		g.byID[id] = r
	}
	return r
}

func (w world) Adapt(b any, to reflect.Type) reflect.Value { return b.(box).adapt(to) }

func (w world) Method(v reflect.Value, t types.Type, name string) (reflect.Value, bool) {
	f, ok := w.m.reg.method(v, t, name)
	if !ok && !nilOnTheWay(v, t, name) {
		panic(fmt.Sprintf("loupe cannot run this: it does not know the method %s of %s", name, display.TypeName(t)))
	}
	return f, ok
}

// nilOnTheWay says whether a method is one of an embedded pointer or interface
// that is nil.
func nilOnTheWay(v reflect.Value, t types.Type, name string) bool {
	_, index, _ := types.LookupFieldOrMethod(t, false, nil, name)
	for _, i := range index[:max(len(index)-1, 0)] {
		if v = opened(v, t); v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return true
			}
			v = v.Elem()
		}
		s, ok := deref(t).Underlying().(*types.Struct)
		if !ok {
			return false
		}
		v, t = v.Field(i), s.Field(i).Type()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	}
	return false
}

// Form is the type by which the interpreter knows t.
func (w world) Form(t types.Type) reflect.Type {
	t = types.Unalias(t)
	if r := w.m.reg.get(w.m.reg.idOf(t)); r != nil && r.rt != nil {
		return r.rt
	}
	form := func(t types.Type, make func(reflect.Type) reflect.Type) reflect.Type {
		if f := w.Form(t); f != nil {
			return make(f)
		}
		return nil
	}
	switch t := t.(type) {
	case *types.Basic:
		return mirror.Basic(t)
	case *types.Named:
		return w.named(t)
	case *types.Pointer:
		return form(t.Elem(), reflect.PointerTo)
	case *types.Slice:
		return form(t.Elem(), reflect.SliceOf)
	case *types.Array:
		return form(t.Elem(), func(e reflect.Type) reflect.Type { return reflect.ArrayOf(int(t.Len()), e) })
	case *types.Chan:
		dir := map[types.ChanDir]reflect.ChanDir{types.SendRecv: reflect.BothDir, types.SendOnly: reflect.SendDir, types.RecvOnly: reflect.RecvDir}[t.Dir()]
		return form(t.Elem(), func(e reflect.Type) reflect.Type { return reflect.ChanOf(dir, e) })
	case *types.Map:
		return form(t.Key(), func(k reflect.Type) reflect.Type {
			return form(t.Elem(), func(e reflect.Type) reflect.Type { return reflect.MapOf(k, e) })
		})
	case *types.Signature:
		in, ok1 := w.forms(t.Params())
		out, ok2 := w.forms(t.Results())
		if ok1 && ok2 {
			return reflect.FuncOf(in, out, t.Variadic())
		}
	case *types.Interface:
		return reflect.TypeFor[any]()
	}
	return nil
}

func (w world) forms(t *types.Tuple) (list []reflect.Type, ok bool) {
	for i := range t.Len() {
		f := w.Form(t.At(i).Type())
		if f == nil {
			return nil, false
		}
		list = append(list, f)
	}
	return list, true
}

func (w world) named(t *types.Named) reflect.Type {
	o := t.Obj()
	_, isInterface := t.Underlying().(*types.Interface)
	switch {
	case o.Pkg() == nil && o.Name() == "error":
		return errorRT
	case o.Pkg() == nil:
		return reflect.TypeFor[any]()
	case w.m.k.prog.Script(o):
		switch t.Underlying().(type) {
		case *types.Struct:
			return nil // it would be known
		case *types.Interface:
			return reflect.TypeFor[any]()
		}
		if w.m.k.prog.Opaque(t) {
			return reflect.TypeFor[any]()
		}
		return w.Form(t.Underlying())
	case t.TypeArgs().Len() > 0:
		if _, ok := t.Underlying().(*types.Signature); ok {
			return w.Form(t.Underlying())
		}
		if o.Pkg().Path() == "sync/atomic" && o.Name() == "Pointer" {
			return reflect.TypeFor[atomicPointer]()
		}
		return nil
	case isInterface && t.Underlying().(*types.Interface).Empty():
		return reflect.TypeFor[any]()
	}
	return w.m.native(o)
}

// nativeTypes are types of packages by their objects.
var nativeTypes sync.Map // *types.TypeName -> reflect.Type

// native is the type of a package, nil if it is not exported.
func (m *machine) native(o *types.TypeName) reflect.Type {
	if t, ok := nativeTypes.Load(o); ok {
		return t.(reflect.Type)
	}
	table, ok := symbols.Table(o.Pkg().Path())
	if !ok {
		return nil
	}
	switch o.Pkg().Path() {
	case "reflect", "encoding/gob":
		m.overrides(o.Pkg().Path(), table)
	}
	v, ok := table[o.Name()]
	if !ok || v.Kind() != reflect.Pointer {
		return nil
	}
	nativeTypes.Store(o, v.Type().Elem())
	return v.Type().Elem()
}

// reflectTable is package reflect for cells.
func (m *machine) reflectTable(t map[string]reflect.Value) { m.reg.space.Table(t, m.k.sess.Pkg()) }

// typeFor is reflect.TypeFor of the type id.
func (m *machine) typeFor(id int) mirror.Type { return m.reg.space.TypeFor(m.reg.get(id).typ) }

// reflection is a type that a package of Go hands out in a field, as cells see it.
func (m *machine) reflection(t reflect.Type) mirror.Type {
	switch t := t.(type) {
	case nil:
		return nil
	case namedType:
		return m.reg.space.Of(t.typ, t.Type)
	}
	return mirror.OfGo(t)
}

// typeAssert is reflect.TypeAssert for the type id.
func (m *machine) typeAssert(v mirror.Value, id int, p any) bool {
	return m.assertOK(mirror.TypeAssert(v), id, p)
}

// waiting is reflect.Select for a statement at pos, which an interrupt ends.
func (m *machine) waiting(pos int) mirror.Wait {
	return func(cases []reflect.SelectCase) (int, reflect.Value, bool) {
		if len(cases) == 1 && cases[0].Dir != reflect.SelectDefault {
			if c := cases[0]; c.Chan.IsValid() && !c.Chan.IsNil() {
				if c.Dir == reflect.SelectSend && c.Chan.TrySend(c.Send) {
					return 0, reflect.Value{}, false
				}
				if c.Dir == reflect.SelectRecv {
					if v, ok := c.Chan.TryRecv(); v.IsValid() {
						return 0, v, ok
					}
				}
			}
			v, ok := m.block(cases[0], pos)
			return 0, v, ok
		}
		return m.selecting(cases, pos)
	}
}

// selecting waits for one of several operations or the end of the run.
func (m *machine) selecting(cases []reflect.SelectCase, pos int) (int, reflect.Value, bool) {
	for _, c := range cases {
		if c.Dir == reflect.SelectDefault {
			return reflect.Select(cases)
		}
	}
	over := reflect.SelectCase{Dir: reflect.SelectRecv}
	if r := m.gs.current(); r != nil {
		over.Chan = reflect.ValueOf(r.over)
	}
	p := parking{line: pos, what: "select"}
	for _, c := range cases {
		p.outside = p.outside || outer(c.Chan)
	}
	if len(cases) == 0 {
		p.what = "select (no cases)"
	}
	id := goid()
	m.gs.park(id, p)
	i, v, ok := reflect.Select(append(cases[:len(cases):len(cases)], over))
	m.gs.unpark(id)
	if i == len(cases) {
		m.die()
	}
	return i, v, ok
}

func (m *machine) reflectRecv(pos int, v mirror.Value) (mirror.Value, bool) {
	return mirror.Recv(v, m.waiting(pos))
}

func (m *machine) reflectSend(pos int, v, x mirror.Value) { mirror.Send(v, x, m.waiting(pos)) }

func (m *machine) reflectSelect(pos int, cases []mirror.SelectCase) (int, mirror.Value, bool) {
	return mirror.SelectBy(cases, m.waiting(pos))
}

// reflected is a reflect.Value as fmt prints an operand: what it holds.
type reflected struct{ v mirror.Value }

// reflectedValue is v as fmt prints it, if it is a reflect.Value.
func reflectedValue(v reflect.Value) (reflected, bool) {
	if v.Type() != reflect.TypeFor[mirror.Value]() {
		return reflected{}, false
	}
	return reflected{v.Interface().(mirror.Value)}, true
}

// shown are operands of fmt with the reflect.Values among them marked.
func shown(a []any) []any {
	for i, x := range a {
		if _, ok := x.(mirror.Value); ok {
			a = append([]any(nil), a...)
			for ; i < len(a); i++ {
				if v, ok := a[i].(mirror.Value); ok {
					a[i] = reflected{v}
				}
			}
			return a
		}
	}
	return a
}

// known is where the types of packages that are only printed come from.
var known = sync.OnceValue(check.NewUniverse)

func (r reflected) Format(s fmt.State, verb rune) {
	v, t, readOnly := mirror.Inside(r.v)
	switch {
	case !v.IsValid():
		_, _ = s.Write([]byte("<invalid reflect.Value>"))
		return
	case !readOnly && r.v.Kind() != reflect.Interface:
		fmt.Fprintf(s, fmt.FormatString(s, verb), r.v.Interface())
		return
	case r.v.Kind() == reflect.Interface:
		if v.IsNil() {
			text := "<nil>"
			if s.Flag('#') && verb == 'v' {
				text = r.v.Type().String() + "(nil)"
			}
			_, _ = s.Write([]byte(text))
			return
		}
		in := r.v.Elem()
		if in.Kind() == reflect.Pointer && !in.IsNil() && (readOnly || in.NumMethod() == 0) {
			v, t, _ = mirror.Inside(in)
			if s.Flag('#') && verb == 'v' {
				fmt.Fprintf(s, "(%s)(%#x)", in.Type(), v.Pointer())
				return
			}
			fmt.Fprintf(s, fmt.FormatString(s, verb), v.UnsafePointer())
			return
		}
		reflected{in}.Format(s, verb)
		return
	}
	if t == nil {
		if mirror.Closed(v.Type()) {
			fmt.Fprintf(s, fmt.FormatString(s, verb), display.ReadOnly(v))
			return
		}
		var err error
		if t, err = known().TypeOf(v.Type()); err != nil {
			fmt.Fprintf(s, fmt.FormatString(s, verb), display.ReadOnly(v))
			return
		}
	}
	display.Format(s, verb, display.Value{V: v, T: t}, nil)
}

// exact is the value of a panic, out of what package mirror puts its own in.
func exact(v any) any {
	if p, ok := v.(mirror.Panic); ok {
		return p.V
	}
	return v
}

// ownPanic marks the value of a cell's own panic that looks like one of the
// interpreter's.
func ownPanic(v any) any {
	switch x := v.(type) {
	case string:
		if strings.HasPrefix(x, "reflect") {
			return mirror.Panic{V: v}
		}
	case *reflect.ValueError:
		return mirror.Panic{V: v}
	}
	return v
}
