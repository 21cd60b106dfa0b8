package reflect

import (
	"go/types"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// What cells see under their own names.
type (
	Kind       = reflect.Kind
	ChanDir    = reflect.ChanDir
	StructTag  = reflect.StructTag
	ValueError = reflect.ValueError
	SelectDir  = reflect.SelectDir
)

// World is what a session knows of the types of its cells.
type World interface {
	// Boxed says whether values of t carry their type in interfaces, because Go
	// does not know it.
	Boxed(t types.Type) bool
	// Cell says whether a cell declares o.
	Cell(o types.Object) bool
	// Key is a number for t, the same for identical types.
	Key(t types.Type) int
	// Form is the type in which the interpreter stores values of t, nil if that
	// is not known.
	Form(t types.Type) reflect.Type
	// Known is the static type of a type of Go, nil if cells cannot name it.
	Known(t reflect.Type) types.Type
	// Box is v, which has the form of t, as it is in an interface.
	Box(v reflect.Value, t types.Type) any
	// Method is a method of v, of type t, bound to it.
	Method(v reflect.Value, t types.Type, name string) (reflect.Value, bool)
	// Adapt makes a box implement an interface of Go.
	Adapt(box any, to reflect.Type) reflect.Value
}

// Carrier is a box: a value of a cell's type in an interface.
type Carrier interface {
	Carried() (*Space, reflect.Value, types.Type)
}

// Unwrap takes off what makes a box implement an interface of Go. The kernel
// sets it before any cell runs.
var Unwrap = func(v any) any { return v }

// StandIn names the type that v, which is an error of the kernel's own, stands
// for; "" for other values. The kernel sets it.
var StandIn = func(v any) string { return "" }

// Panic is a panic of this package on its way to the cell: recover gives V.
type Panic struct{ V any }

func (p Panic) String() string { return panicText(p.V) }

func panicText(v any) string {
	if e, ok := v.(error); ok {
		return e.Error()
	}
	s, _ := v.(string)
	return s
}

func fail(text string) { panic(Panic{text}) }

func failKind(method string, k Kind) { panic(Panic{&ValueError{Method: method, Kind: k}}) }

// refuse ends a cell that asks for what has no faithful form.
func refuse(what string) { panic("loupe cannot run this: " + what) }

// nilFault is the runtime error of a nil pointer.
func nilFault() {
	var p *int
	*p = 0
}

// Space holds the types of a session, each once.
type Space struct {
	World
	generation atomic.Uint64 // of the types' methods

	known sync.Map // types.Type -> *rtype, of parts of other types

	mu    sync.Mutex
	types map[int]*rtype
}

// NewSpace is the space of a session.
func NewSpace(w World) *Space {
	s := &Space{World: w, types: map[int]*rtype{}}
	s.Changed()
	return s
}

// Changed says that a type has got a method since it was reflected.
func (s *Space) Changed() { s.generation.Add(1) }

// of is the type t, which is part of a type that stays; hint is its form, if
// that is at hand.
func (s *Space) of(t types.Type, hint reflect.Type) *rtype {
	if r, ok := s.known.Load(t); ok {
		return r.(*rtype)
	}
	r := s.made(t, hint)
	s.known.Store(t, r)
	return r
}

// made is the type t, which was made just now.
func (s *Space) made(t types.Type, hint reflect.Type) *rtype {
	t = types.Unalias(t)
	if b, ok := t.(*types.Basic); ok {
		return native(Basic(b))
	}
	if !s.Boxed(t) {
		form := s.Form(t)
		if form == nil {
			if form = hint; form == nil {
				refuse("reflection on the type " + t.String())
			}
		}
		return native(form)
	}
	if n, ok := t.(*types.Named); ok && n.TypeArgs().Len() > 0 && !s.Cell(n.Obj()) {
		if _, ok := t.Underlying().(*types.Struct); ok { // atomic.Pointer[T]
			refuse("reflection on the type " + t.String())
		}
	}
	key := s.Key(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.types[key]
	if !ok {
		r = &rtype{s: s, t: t, kind: kindOf(t)}
		s.types[key] = r
	}
	if r.form == nil && hint != nil && hint.Kind() == r.kind {
		r.form = hint
	}
	return r
}

var basics = map[types.BasicKind]reflect.Type{
	types.Bool: reflect.TypeFor[bool](), types.String: reflect.TypeFor[string](),
	types.Int: reflect.TypeFor[int](), types.Int8: reflect.TypeFor[int8](), types.Int16: reflect.TypeFor[int16](), types.Int32: reflect.TypeFor[int32](), types.Int64: reflect.TypeFor[int64](),
	types.Uint: reflect.TypeFor[uint](), types.Uint8: reflect.TypeFor[uint8](), types.Uint16: reflect.TypeFor[uint16](), types.Uint32: reflect.TypeFor[uint32](), types.Uint64: reflect.TypeFor[uint64](),
	types.Uintptr: reflect.TypeFor[uintptr](), types.Float32: reflect.TypeFor[float32](), types.Float64: reflect.TypeFor[float64](),
	types.Complex64: reflect.TypeFor[complex64](), types.Complex128: reflect.TypeFor[complex128](), types.UnsafePointer: reflect.TypeFor[unsafe.Pointer](),
}

// Basic is the type of Go that is b.
func Basic(b *types.Basic) reflect.Type { return basics[types.Default(b).(*types.Basic).Kind()] }

// kindOf is the kind of a type.
func kindOf(t types.Type) Kind {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basics[u.Kind()].Kind()
	case *types.Pointer:
		return reflect.Pointer
	case *types.Slice:
		return reflect.Slice
	case *types.Array:
		return reflect.Array
	case *types.Map:
		return reflect.Map
	case *types.Chan:
		return reflect.Chan
	case *types.Signature:
		return reflect.Func
	case *types.Interface:
		return reflect.Interface
	case *types.Struct:
		return reflect.Struct
	}
	refuse("reflection on the type " + t.String())
	return reflect.Invalid
}

// natives are the types that Go knows.
var natives sync.Map // reflect.Type -> *rtype

func native(t reflect.Type) *rtype {
	if r, ok := natives.Load(t); ok {
		return r.(*rtype)
	}
	r, _ := natives.LoadOrStore(t, &rtype{form: t, kind: t.Kind()})
	return r.(*rtype)
}
