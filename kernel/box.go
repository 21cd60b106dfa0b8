package kernel

import (
	"encoding/xml"
	"fmt"
	"go/types"
	"log/slog"
	"reflect"
	"sync"

	"loupe/kernel/check"
	"loupe/kernel/display"
	mirror "loupe/kernel/mirror"
	"loupe/stdlib/symbols"
)

// rtype is a static type at run time.
type rtype struct {
	id    int
	typ   types.Type
	rt    reflect.Type // of the interpreter's form
	boxed bool         // its values are boxed when they become interfaces
	reg   *registry
}

// registry holds the types of the session and their methods.
type registry struct {
	mu       sync.RWMutex
	universe *check.Universe
	pkg      *types.Package
	types    []types.Type // by id, the lowering's own list
	byID     map[int]*rtype
	idOf     func(types.Type) int
	methods  map[methodKey]reflect.Value
	space    *mirror.Space // the types as reflection sees them
}

type methodKey struct {
	recv int // type id
	name string
}

func (g *registry) get(id int) *rtype {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.byID[id]
}

// box is a value of a script type in an interface: the interpreter's value
// with its static type. Two boxes are equal when the Go values are.
type box struct {
	t *rtype
	v any
}

func (b box) Format(s fmt.State, verb rune) { display.Format(s, verb, b.Unboxed(), b.t.reg) }

// Unboxed is the value with its type, for package display.
func (b box) Unboxed() display.Value { return display.Value{V: reflect.ValueOf(b.v), T: b.t.typ} }

// The encoders of the standard library would look into the box: they are told
// what is wrong instead.
func (b box) refused(what string) error {
	return fmt.Errorf("kernel: %s of the cell type %s inside an interface value is not possible; give the value itself", what, b.t.reg.name(b.t.typ))
}

func (b box) GobEncode() ([]byte, error)                      { return nil, b.refused("gob") }
func (b box) MarshalXML(*xml.Encoder, xml.StartElement) error { return b.refused("XML") }
func (b box) LogValue() slog.Value {
	if m, ok := b.method("LogValue"); ok {
		if f, ok := m.Interface().(func() slog.Value); ok {
			return f()
		}
	}
	return slog.StringValue(fmt.Sprintf("%+v", boxText{b}))
}

// boxText prints a box without its LogValue.
type boxText struct{ b box }

func (t boxText) Format(s fmt.State, verb rune) { t.b.Format(s, verb) }

func (g *registry) name(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// errBox is a box as a native error.
type errBox struct{ box }

func (b errBox) Error() string {
	m, ok := b.method("Error")
	if !ok {
		return b.box.t.reg.name(b.t.typ)
	}
	return m.Call(nil)[0].String()
}

func (b errBox) Is(target error) bool {
	if m, ok := b.method("Is"); ok && m.Type() == reflect.TypeFor[func(error) bool]() {
		return m.Interface().(func(error) bool)(target)
	}
	return false
}

func (b errBox) As(target any) bool {
	if m, ok := b.method("As"); ok && m.Type() == reflect.TypeFor[func(any) bool]() {
		return m.Interface().(func(any) bool)(target)
	}
	return false
}

// wrapBox is an errBox whose type has Unwrap() error, joinBox one with
// Unwrap() []error.
type wrapBox struct{ errBox }
type joinBox struct{ errBox }

func (b wrapBox) Unwrap() error {
	m, _ := b.method("Unwrap")
	return m.Interface().(func() error)()
}

func (b joinBox) Unwrap() []error {
	m, _ := b.method("Unwrap")
	return m.Interface().(func() []error)()
}

// norm takes adapters off: what a script sees in an interface is a native
// value or a box.
func norm(v any) any {
	switch e := v.(type) {
	case nil, box:
		return v
	case errBox:
		return e.box
	case wrapBox:
		return e.box
	case joinBox:
		return e.box
	case writerToBox:
		return e.box
	case readerFromBox:
		return e.box
	case stringWriterBox:
		return e.box
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Struct && rv.Type().PkgPath() == "loupe/stdlib/symbols" {
		if b, ok := rv.FieldByName("IValue").Interface().(box); ok {
			return b
		}
	}
	return v
}

var errorRT = reflect.TypeFor[error]()

// adapt makes a box implement a native interface.
func (b box) adapt(to reflect.Type) reflect.Value {
	if to == errorRT {
		e := errBox{b}
		if m, ok := b.method("Unwrap"); ok {
			switch m.Type() {
			case reflect.TypeFor[func() error]():
				return reflect.ValueOf(wrapBox{e})
			case reflect.TypeFor[func() []error]():
				return reflect.ValueOf(joinBox{e})
			}
		}
		return reflect.ValueOf(e)
	}
	table, ok := symbols.Table(to.PkgPath())
	w, has := table["_"+to.Name()]
	if !ok || !has {
		panic(fmt.Sprintf("loupe cannot make a %s of the cell type %s", to, b.t.reg.name(b.t.typ)))
	}
	out := reflect.New(w.Type().Elem()).Elem()
	out.FieldByName("IValue").Set(reflect.ValueOf(b))
	for i := range to.NumMethod() {
		name := to.Method(i).Name
		f := out.FieldByName("W" + name)
		m, ok := b.method(name)
		if !ok {
			panic(fmt.Sprintf("loupe finds no method %s of %s", name, b.t.reg.name(b.t.typ)))
		}
		if m.Type() != f.Type() {
			m = retype(m, f.Type())
		}
		f.Set(m)
	}
	return upgraded(b, out)
}

// retype gives a function another type of the same shape.
func retype(f reflect.Value, t reflect.Type) reflect.Value {
	return reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
		for i := range args {
			if in := f.Type().In(i); args[i].Type() != in {
				args[i] = args[i].Convert(in)
			}
		}
		var out []reflect.Value
		if t.IsVariadic() {
			out = f.CallSlice(args)
		} else {
			out = f.Call(args)
		}
		for i := range out {
			if out[i].Type() != t.Out(i) {
				out[i] = out[i].Convert(t.Out(i))
			}
		}
		return out
	})
}

// method is a method of the boxed value, bound to it.
func (b box) method(name string) (reflect.Value, bool) {
	return b.t.reg.method(reflect.ValueOf(b.v), b.t.typ, name)
}

// Method finds a method for package display.
func (g *registry) Method(v display.Value, name string) (reflect.Value, bool) {
	return g.method(v.V, v.T, name)
}

// Inside takes adapters off, for package display, and gives what is printed part by
// part its type.
func (g *registry) Inside(v any) any {
	v = norm(v)
	if b, ok := v.([]byte); ok { // fmt names it []byte on the outside only
		return walkedValue{display.Value{V: reflect.ValueOf(b), T: types.NewSlice(types.Typ[types.Uint8])}, g}
	}
	return g.walked(v)
}

func (g *registry) method(v reflect.Value, t types.Type, name string) (reflect.Value, bool) {
	o, index, _ := types.LookupFieldOrMethod(t, false, g.pkg, name)
	m, ok := o.(*types.Func)
	if !ok || !v.IsValid() {
		return reflect.Value{}, false
	}
	for _, i := range index[:len(index)-1] {
		if v.Kind() == reflect.Interface { // a field that is kept in an any
			v = v.Elem()
		}
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return throughNil(m)
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct { // kept in an any that is nil
			return throughNil(m)
		}
		v = v.Field(i)
	}
	recv := m.Type().(*types.Signature).Recv().Type()
	if types.IsInterface(recv) {
		if v.Kind() == reflect.Interface {
			if v.IsNil() {
				return throughNil(m)
			}
			v = v.Elem()
		}
		if b, ok := v.Interface().(box); ok {
			return b.method(name)
		}
		f := v.MethodByName(name)
		return f, f.IsValid()
	}
	_, want := types.Unalias(recv).(*types.Pointer)
	if want && v.Kind() != reflect.Pointer && v.CanAddr() {
		v = v.Addr()
	}
	g.mu.RLock()
	fn, ok := g.methods[methodKey{g.idOf(recv), name}]
	g.mu.RUnlock()
	if !ok { // a native method
		if f := v.MethodByName(name); f.IsValid() {
			return f, true
		}
		return reflect.Value{}, false
	}
	// The method of T by a *T, or by a pointer to what embeds T, takes the value that is
	// there when it is called.
	if !want && v.CanAddr() && v.Kind() != reflect.Pointer {
		v = v.Addr()
	}
	deref := !want && v.Kind() == reflect.Pointer && fn.Type().In(0).Kind() != reflect.Pointer
	wrapper := ""
	if n := recvNamed(recv); n != nil && deref && len(index) == 1 {
		wrapper = fmt.Sprintf("value method %s.%s.%s called using nil *%s pointer", n.Obj().Pkg().Name(), n.Obj().Name(), name, n.Obj().Name())
	}
	return bind(fn, v, deref, wrapper), true
}

// throughNil is a method that is promoted from what is nil: a value has it, but it
// cannot be called. Those that printing asks for are told.
func throughNil(m *types.Func) (reflect.Value, bool) {
	s := m.Signature()
	if s.Params().Len() > 0 || s.Results().Len() != 1 || s.Results().At(0).Type() != types.Typ[types.String] {
		return reflect.Value{}, false
	}
	return reflect.ValueOf(func() string { panic(runtimeError("invalid memory address or nil pointer dereference")) }), true
}

func recvNamed(t types.Type) *types.Named {
	n, _ := types.Unalias(t).(*types.Named)
	return n
}

// bind is fn with its first argument given, or with what that points to; wrapper is the
// text of the panic at a nil there, "" for the runtime's own.
func bind(fn, recv reflect.Value, deref bool, wrapper string) reflect.Value {
	ft := fn.Type()
	in := make([]reflect.Type, 0, ft.NumIn())
	for i := 1; i < ft.NumIn(); i++ {
		in = append(in, ft.In(i))
	}
	out := make([]reflect.Type, ft.NumOut())
	for i := range out {
		out[i] = ft.Out(i)
	}
	first := recv
	if !deref {
		first = reflect.New(ft.In(0)).Elem()
		first.Set(recv)
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, ft.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		first := first
		if deref {
			if recv.IsNil() {
				if wrapper == "" {
					panic(runtimeError("invalid memory address or nil pointer dereference"))
				}
				panic(plainError(wrapper))
			}
			first = recv.Elem()
		}
		args = append([]reflect.Value{first}, args...)
		if ft.IsVariadic() {
			return fn.CallSlice(args)
		}
		return fn.Call(args)
	})
}

// matches says whether the dynamic type of v is t, or implements it.
func (g *registry) matches(v any, t *rtype) bool {
	if v == nil {
		return false
	}
	b, isBox := v.(box)
	if iface, ok := t.typ.Underlying().(*types.Interface); ok {
		if iface.Empty() {
			return true
		}
		if isBox {
			return types.Implements(b.t.typ, iface)
		}
		if t.rt.NumMethod() > 0 {
			return reflect.TypeOf(v).Implements(t.rt)
		}
		return g.nativeImplements(reflect.TypeOf(v), iface)
	}
	if isBox {
		return b.t == t || types.Identical(b.t.typ, t.typ)
	}
	return !t.boxed && reflect.TypeOf(v) == t.rt
}

func (g *registry) nativeImplements(rt reflect.Type, iface *types.Interface) bool {
	if t, err := g.universe.TypeOf(rt); err == nil {
		return types.Implements(t, iface)
	}
	// A type that scripts cannot name: by the names and sizes of its methods.
	for i := range iface.NumMethods() {
		m := iface.Method(i)
		f, ok := rt.MethodByName(m.Name())
		if !ok {
			return false
		}
		s := m.Type().(*types.Signature)
		if f.Type.NumIn()-1 != s.Params().Len() || f.Type.NumOut() != s.Results().Len() {
			return false
		}
	}
	return true
}

// dynamic names the dynamic type of an interface's value.
func (g *registry) dynamic(v any) string {
	switch v := norm(v).(type) {
	case nil:
		return "nil"
	case box:
		return g.name(v.t.typ)
	default:
		if name := goTypeName(v); name != "" {
			return name
		}
		return reflect.TypeOf(v).String()
	}
}
