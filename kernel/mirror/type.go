package reflect

import (
	"fmt"
	"go/types"
	"iter"
	"reflect"
	"strings"
	"sync"

	"loupe/kernel/display"
)

// Type is reflect.Type.
type Type interface {
	Align() int
	FieldAlign() int
	Method(int) Method
	Methods() iter.Seq[Method]
	MethodByName(string) (Method, bool)
	NumMethod() int
	Name() string
	PkgPath() string
	Size() uintptr
	String() string
	Kind() Kind
	Implements(u Type) bool
	AssignableTo(u Type) bool
	ConvertibleTo(u Type) bool
	Comparable() bool
	Bits() int
	ChanDir() ChanDir
	IsVariadic() bool
	Elem() Type
	Field(i int) StructField
	Fields() iter.Seq[StructField]
	FieldByIndex(index []int) StructField
	FieldByName(name string) (StructField, bool)
	FieldByNameFunc(match func(string) bool) (StructField, bool)
	In(i int) Type
	Ins() iter.Seq[Type]
	Key() Type
	Len() int
	NumField() int
	NumIn() int
	NumOut() int
	Out(i int) Type
	Outs() iter.Seq[Type]
	OverflowComplex(x complex128) bool
	OverflowFloat(x float64) bool
	OverflowInt(x int64) bool
	OverflowUint(x uint64) bool
	CanSeq() bool
	CanSeq2() bool

	mirror() *rtype
}

// rtype is a type. There is one for all identical types, so that == works.
type rtype struct {
	s    *Space     // of a cell's type; nil for a type that Go knows
	t    types.Type // of a cell's type
	kind Kind

	form reflect.Type // of a value; guarded by s.mu and perhaps nil for a cell's type
	kept reflect.Type // what a variable of a cell's type is, nil if not asked for yet

	mu      sync.Mutex
	pointer *rtype // to a cell's type, nil if not asked for yet
	slice   *rtype // of a cell's type
	listed  uint64 // the generation of methods, see methodList
	methods []Method
	funcs   []*types.Func // of a cell's type
}

func (r *rtype) mirror() *rtype { return r }

// shape is the form of a value of the type.
func (r *rtype) shape() reflect.Type {
	if r.s == nil {
		return r.form
	}
	r.s.mu.Lock()
	f := r.form
	r.s.mu.Unlock()
	if f != nil {
		return f
	}
	f = r.s.Form(r.t)
	if f != nil && f.Kind() != r.kind { // kept in an any
		f = r.s.Form(r.t.Underlying())
	}
	if f == nil {
		refuse("reflection that makes values of the type " + r.String())
	}
	r.s.mu.Lock()
	r.form = f
	r.s.mu.Unlock()
	return f
}

// place is the form of a variable of the type: an "any" where the interpreter
// has no type that is made of itself.
func (r *rtype) place() reflect.Type {
	if r.s == nil {
		return r.form
	}
	r.s.mu.Lock()
	f := r.kept
	r.s.mu.Unlock()
	if f != nil {
		return f
	}
	if f = r.s.Form(r.t); f == nil || f.Kind() == r.kind {
		f = r.shape()
	}
	r.s.mu.Lock()
	r.kept = f
	r.s.mu.Unlock()
	return f
}

func (r *rtype) Kind() Kind { return r.kind }

func (r *rtype) String() string {
	if r.s == nil {
		return r.form.String()
	}
	return display.TypeName(r.t)
}

func (r *rtype) named() *types.Named {
	n, _ := r.t.(*types.Named)
	return n
}

// hasName says whether the type is a defined or a predeclared one.
func (r *rtype) hasName() bool {
	if r.s == nil {
		return r.form.Name() != ""
	}
	return r.named() != nil
}

func (r *rtype) Name() string {
	if r.s == nil {
		return r.form.Name()
	}
	n := r.named()
	if n == nil {
		return ""
	}
	return strings.TrimPrefix(r.String(), n.Obj().Pkg().Name()+".")
}

func (r *rtype) PkgPath() string {
	path := ""
	if r.s == nil {
		if path = r.form.PkgPath(); path == self {
			path = "reflect"
		}
	} else if n := r.named(); n != nil {
		path = pkgPath(n.Obj().Pkg())
	}
	return path
}

// self is the path of this package.
var self = reflect.TypeFor[Value]().PkgPath()

// pkgPath is the path of a package: bodies of generic functions stand in one
// of their own.
func pkgPath(p *types.Package) string {
	if p == nil {
		return ""
	}
	return strings.TrimPrefix(p.Path(), "generic/")
}

func (r *rtype) mustBe(method, what string, k Kind) {
	if r.kind != k {
		fail("reflect: " + method + " of non-" + what + " type " + r.String())
	}
}

func (r *rtype) Bits() int {
	switch r.kind {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return int(r.Size()) * 8
	}
	fail("reflect: Bits of non-arithmetic Type " + r.String())
	return 0
}

func (r *rtype) ChanDir() ChanDir {
	r.mustBe("ChanDir", "chan", reflect.Chan)
	if r.s == nil {
		return r.form.ChanDir()
	}
	switch r.t.Underlying().(*types.Chan).Dir() {
	case types.SendOnly:
		return reflect.SendDir
	case types.RecvOnly:
		return reflect.RecvDir
	}
	return reflect.BothDir
}

func (r *rtype) IsVariadic() bool {
	r.mustBe("IsVariadic", "func", reflect.Func)
	if r.s == nil {
		return r.form.IsVariadic()
	}
	return r.sig().Variadic()
}

func (r *rtype) sig() *types.Signature { return r.t.Underlying().(*types.Signature) }

func (r *rtype) Elem() Type { return r.elem() }

func (r *rtype) elem() *rtype {
	if r.s == nil {
		switch r.kind {
		case reflect.Array, reflect.Chan, reflect.Map, reflect.Pointer, reflect.Slice:
			return native(r.form.Elem())
		}
	} else if u, ok := r.t.Underlying().(interface{ Elem() types.Type }); ok {
		return r.s.of(u.Elem(), r.hint(func(f reflect.Type) reflect.Type { return f.Elem() }))
	}
	fail("reflect: Elem of invalid type " + r.String())
	return nil
}

// hint is a part of the type's form, if that is known.
func (r *rtype) hint(part func(reflect.Type) reflect.Type) reflect.Type {
	r.s.mu.Lock()
	f := r.form
	r.s.mu.Unlock()
	if f == nil {
		return nil
	}
	return part(f)
}

func (r *rtype) Key() Type {
	r.mustBe("Key", "map", reflect.Map)
	return r.key()
}

func (r *rtype) key() *rtype {
	if r.s == nil {
		return native(r.form.Key())
	}
	return r.s.of(r.t.Underlying().(*types.Map).Key(), r.hint(func(f reflect.Type) reflect.Type { return f.Key() }))
}

func (r *rtype) Len() int {
	r.mustBe("Len", "array", reflect.Array)
	if r.s == nil {
		return r.form.Len()
	}
	return int(r.t.Underlying().(*types.Array).Len())
}

func (r *rtype) NumIn() int {
	r.mustBe("NumIn", "func", reflect.Func)
	if r.s == nil {
		return r.form.NumIn()
	}
	return r.sig().Params().Len()
}

func (r *rtype) NumOut() int {
	r.mustBe("NumOut", "func", reflect.Func)
	if r.s == nil {
		return r.form.NumOut()
	}
	return r.sig().Results().Len()
}

func (r *rtype) In(i int) Type {
	r.mustBe("In", "func", reflect.Func)
	inRange(i, r.NumIn())
	return r.in(i)
}

func (r *rtype) in(i int) *rtype {
	if r.s == nil {
		return native(r.form.In(i))
	}
	return r.s.of(r.sig().Params().At(i).Type(), r.hint(func(f reflect.Type) reflect.Type { return f.In(i) }))
}

func (r *rtype) Out(i int) Type {
	r.mustBe("Out", "func", reflect.Func)
	inRange(i, r.NumOut())
	return r.out(i)
}

func (r *rtype) out(i int) *rtype {
	if r.s == nil {
		return native(r.form.Out(i))
	}
	return r.s.of(r.sig().Results().At(i).Type(), r.hint(func(f reflect.Type) reflect.Type { return f.Out(i) }))
}

// inRange fails as an index of a slice of n does.
func inRange(i, n int) { _ = make([]struct{}, n)[i] }

func (r *rtype) Ins() iter.Seq[Type] {
	r.mustBe("Ins", "func", reflect.Func)
	return func(yield func(Type) bool) {
		for i := range r.NumIn() {
			if !yield(r.In(i)) {
				return
			}
		}
	}
}

func (r *rtype) Outs() iter.Seq[Type] {
	r.mustBe("Outs", "func", reflect.Func)
	return func(yield func(Type) bool) {
		for i := range r.NumOut() {
			if !yield(r.Out(i)) {
				return
			}
		}
	}
}

func (r *rtype) OverflowComplex(x complex128) bool {
	switch r.kind {
	case reflect.Complex64, reflect.Complex128:
		return reflect.Zero(plain[r.kind]).OverflowComplex(x)
	}
	fail("reflect: OverflowComplex of non-complex type " + r.String())
	return false
}

func (r *rtype) OverflowFloat(x float64) bool {
	switch r.kind {
	case reflect.Float32, reflect.Float64:
		return reflect.Zero(plain[r.kind]).OverflowFloat(x)
	}
	fail("reflect: OverflowFloat of non-float type " + r.String())
	return false
}

func (r *rtype) OverflowInt(x int64) bool {
	switch r.kind {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflect.Zero(plain[r.kind]).OverflowInt(x)
	}
	fail("reflect: OverflowInt of non-int type " + r.String())
	return false
}

func (r *rtype) OverflowUint(x uint64) bool {
	switch r.kind {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return reflect.Zero(plain[r.kind]).OverflowUint(x)
	}
	fail("reflect: OverflowUint of non-uint type " + r.String())
	return false
}

// plain is the predeclared type of a kind.
var plain = func() map[Kind]reflect.Type {
	m := map[Kind]reflect.Type{}
	for _, t := range basics {
		m[t.Kind()] = t
	}
	return m
}()

func (r *rtype) CanSeq() bool {
	switch r.kind {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint, reflect.Uintptr,
		reflect.Array, reflect.Slice, reflect.Chan, reflect.String, reflect.Map:
		return true
	case reflect.Func:
		return r.yields(1)
	case reflect.Pointer:
		return r.elem().kind == reflect.Array
	}
	return false
}

func (r *rtype) CanSeq2() bool {
	switch r.kind {
	case reflect.Array, reflect.Slice, reflect.String, reflect.Map:
		return true
	case reflect.Func:
		return r.yields(2)
	case reflect.Pointer:
		return r.elem().kind == reflect.Array
	}
	return false
}

// yields says whether the type is that of a function which range takes, with n
// variables.
func (r *rtype) yields(n int) bool {
	if r.kind != reflect.Func || r.NumIn() != 1 || r.NumOut() != 0 {
		return false
	}
	y := r.in(0)
	return y.kind == reflect.Func && y.NumIn() == n && y.NumOut() == 1 && y.out(0).kind == reflect.Bool
}

// static is the type as the type checker knows it, nil for a type of Go that
// cells cannot name.
func (r *rtype) static(s *Space) types.Type {
	if r.s != nil {
		return r.t
	}
	return s.Known(r.form)
}

// mustStatic is static for what has to have one.
func (r *rtype) mustStatic(s *Space, what string) types.Type {
	t := r.static(s)
	if t == nil {
		refuse(fmt.Sprintf("%s with the type %s", what, r))
	}
	return t
}

// TypeOf is reflect.TypeOf.
func TypeOf(i any) Type {
	v := ValueOf(i)
	if v.t == nil {
		return nil
	}
	return v.t
}

// TypeFor is the type t: reflect.TypeFor.
func (s *Space) TypeFor(t types.Type) Type { return s.of(t, nil) }

// Of is the type t in the form that is given.
func (s *Space) Of(t types.Type, form reflect.Type) Type { return s.of(t, form) }

// OfGo is a type of Go.
func OfGo(t reflect.Type) Type { return native(t) }

// TypeAssert is the interface whose dynamic type reflect.TypeAssert looks at.
func TypeAssert(v Value) any {
	if v.t == nil {
		failKind("reflect.TypeAssert", reflect.Invalid)
	}
	if v.flag&anyRO != 0 {
		fail("reflect.TypeAssert: cannot return value obtained from unexported field or method")
	}
	return v.iface()
}

// Inside is a value with its static type, nil for a type of Go, for printing;
// readOnly says that its methods are not called.
func Inside(v Value) (x reflect.Value, t types.Type, readOnly bool) {
	if v.t == nil {
		return reflect.Value{}, nil, false
	}
	return v.val(), v.t.t, v.flag&anyRO != 0
}

// Native is a type as Go knows it, if it does.
func Native(t Type) (reflect.Type, bool) {
	r := t.mirror()
	return r.form, r.s == nil
}

// Error is the error that v holds, for Go.
func Error(v Value) error {
	err, _ := asInterface(v.iface(), native(reflect.TypeFor[error]())).Interface().(error)
	return err
}
