package reflect

import (
	"errors"
	"reflect"
	"unsafe"
)

// Value is reflect.Value: a value in the interpreter's form with its type.
type Value struct {
	t    *rtype
	v    reflect.Value // where it is: a place of its form, or an "any" that holds it; not valid for a method
	flag flag
	m    *bound // of a method that became a value
}

// flag is what may be done with a value. Values of this package come from
// places that could be set and read: what the compiled program's reflection
// would forbid is forbidden here.
type flag uint8

const (
	stickyRO flag = 1 << iota // from an unexported field
	embedRO                   // from an unexported embedded field
	isAddr                    // it can be addressed
	anyRO    = stickyRO | embedRO
)

// ro is the flag of what is got out of v.
func (v Value) ro() flag {
	if v.flag&anyRO != 0 {
		return stickyRO
	}
	return 0
}

func (v Value) kind() Kind {
	if v.t == nil {
		return reflect.Invalid
	}
	return v.t.kind
}

// val is the value itself.
func (v Value) val() reflect.Value {
	if v.m != nil {
		return v.m.value(v.t, "Interface")
	}
	if v.v.Kind() == reflect.Interface && v.t.kind != reflect.Interface {
		if v.v.IsNil() {
			return reflect.Zero(v.t.shape())
		}
		return v.v.Elem()
	}
	return v.v
}

// ValueOf is reflect.ValueOf.
func ValueOf(i any) Value {
	i = Unwrap(i)
	if i == nil {
		return Value{}
	}
	c, ok := i.(Carrier)
	if !ok {
		if name := StandIn(i); name != "" {
			refuse("reflection on a " + name)
		}
		v := reflect.ValueOf(i)
		return Value{t: native(v.Type()), v: v}
	}
	s, v, t := c.Carried()
	if !v.IsValid() {
		r := s.of(t, nil)
		return Value{t: r, v: reflect.Zero(r.shape())}
	}
	return Value{t: s.of(t, v.Type()), v: v}
}

func (v Value) mustBe(method string, k Kind) {
	if v.kind() != k {
		failKind(method, v.kind())
	}
}

func (v Value) mustBeExported(method string) {
	if v.t == nil {
		failKind(method, reflect.Invalid)
	}
	if v.flag&anyRO != 0 {
		fail("reflect: " + method + " using value obtained using unexported field")
	}
}

func (v Value) mustBeAssignable(method string) {
	v.mustBeExported(method)
	if v.flag&isAddr == 0 {
		fail("reflect: " + method + " using unaddressable value")
	}
}

// nobody is the name of a method in a panic of a function.
const nobody = "unknown method"

// Type is v's type.
func (v Value) Type() Type {
	if v.t == nil {
		failKind("reflect.Value.Type", reflect.Invalid)
	}
	return v.t
}

// Kind is v's kind.
func (v Value) Kind() Kind { return v.kind() }

// IsValid says whether v is a value.
func (v Value) IsValid() bool { return v.t != nil }

// CanAddr says whether v can be addressed.
func (v Value) CanAddr() bool { return v.flag&isAddr != 0 }

// CanSet says whether v can be set.
func (v Value) CanSet() bool { return v.flag&(isAddr|anyRO) == isAddr }

// CanInterface says whether Interface works.
func (v Value) CanInterface() bool {
	if v.t == nil {
		failKind("reflect.Value.CanInterface", reflect.Invalid)
	}
	return v.flag&anyRO == 0
}

// Interface is v as an interface.
func (v Value) Interface() any {
	if v.t == nil {
		failKind("reflect.Value.Interface", reflect.Invalid)
	}
	if v.flag&anyRO != 0 {
		fail("reflect.Value.Interface: cannot return value obtained from unexported field or method")
	}
	return v.iface()
}

// iface is Interface without its checks.
func (v Value) iface() any {
	x := v.val()
	switch {
	case v.t.kind == reflect.Interface:
		if x.IsNil() {
			return nil
		}
		return Unwrap(x.Elem().Interface())
	case v.t.s == nil:
		return x.Interface()
	}
	return v.t.s.Box(held(x), v.t.t)
}

// Addr is the address of v.
func (v Value) Addr() Value {
	if v.flag&isAddr == 0 {
		fail("reflect.Value.Addr of unaddressable value")
	}
	p := pointerTo(v.t)
	if v.v.Type() != v.t.place() {
		refuse("the address of a field of type " + v.t.String() + ", which leads back to its struct through another one or a function")
	}
	return Value{t: p, v: v.v.Addr(), flag: v.flag & anyRO}
}

// Elem is what the interface v holds or the pointer v points to.
func (v Value) Elem() Value {
	switch v.kind() {
	case reflect.Interface:
		x := ValueOf(v.iface())
		if x.t != nil {
			x.flag |= v.ro()
		}
		return x
	case reflect.Pointer:
		p := v.val()
		if p.IsNil() {
			return Value{}
		}
		return Value{t: v.t.elem(), v: p.Elem(), flag: v.flag&anyRO | isAddr}
	}
	failKind("reflect.Value.Elem", v.kind())
	return Value{}
}

// Indirect is what v points to, v if it is no pointer.
func Indirect(v Value) Value {
	if v.kind() != reflect.Pointer {
		return v
	}
	return v.Elem()
}

// NumField is how many fields the struct v has.
func (v Value) NumField() int {
	v.mustBe("reflect.Value.NumField", reflect.Struct)
	return v.t.numField()
}

// Field is the i'th field of the struct v.
func (v Value) Field(i int) Value {
	v.mustBe("reflect.Value.Field", reflect.Struct)
	if i < 0 || i >= v.t.numField() {
		fail("reflect: Field index out of range")
	}
	f := v.flag & (stickyRO | isAddr)
	if exported, embedded := v.t.fieldExported(i); !exported {
		if embedded {
			f |= embedRO
		} else {
			f |= stickyRO
		}
	}
	return Value{t: v.t.field(i), v: fieldOf(v.val(), i), flag: f}
}

// fieldOf is a field of a struct, without Go's mark that it is unexported.
func fieldOf(v reflect.Value, i int) reflect.Value {
	if v.Type().Field(i).IsExported() {
		return v.Field(i)
	}
	if !v.CanAddr() {
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		v = c
	}
	f := v.Field(i)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

// FieldByIndex is a field of a field.
func (v Value) FieldByIndex(index []int) Value {
	if len(index) != 1 {
		v.mustBe("reflect.Value.FieldByIndex", reflect.Struct)
	}
	for i, x := range index {
		if i > 0 && v.kind() == reflect.Pointer && v.t.elem().kind == reflect.Struct {
			if v.IsNil() {
				fail("reflect: indirection through nil pointer to embedded struct")
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

// FieldByIndexErr is FieldByIndex with an error for a nil pointer on the way.
func (v Value) FieldByIndexErr(index []int) (Value, error) {
	if len(index) != 1 {
		v.mustBe("reflect.Value.FieldByIndexErr", reflect.Struct)
	}
	for i, x := range index {
		if i > 0 && v.kind() == reflect.Pointer && v.t.elem().kind == reflect.Struct {
			if v.IsNil() {
				return Value{}, errors.New("reflect: indirection through nil pointer to embedded struct field " + v.t.elem().Name())
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, nil
}

// FieldByName is the field that a selector would find.
func (v Value) FieldByName(name string) Value {
	v.mustBe("reflect.Value.FieldByName", reflect.Struct)
	if f, ok := v.t.FieldByName(name); ok {
		return v.FieldByIndex(f.Index)
	}
	return Value{}
}

// FieldByNameFunc is the field whose name matches.
func (v Value) FieldByNameFunc(match func(string) bool) Value {
	if v.t == nil {
		nilFault()
	}
	t := v.t
	if v.m != nil {
		t = v.m.of
	}
	if f, ok := t.FieldByNameFunc(match); ok {
		return v.FieldByIndex(f.Index)
	}
	return Value{}
}

// Index is the i'th element of v.
func (v Value) Index(i int) Value {
	k := v.kind()
	switch k {
	case reflect.Array, reflect.Slice, reflect.String:
	default:
		failKind("reflect.Value.Index", k)
	}
	x := v.val()
	if i < 0 || i >= x.Len() {
		fail("reflect: " + k.String() + " index out of range")
	}
	switch k {
	case reflect.Array:
		return Value{t: v.t.elem(), v: x.Index(i), flag: v.flag&isAddr | v.ro()}
	case reflect.Slice:
		return Value{t: v.t.elem(), v: x.Index(i), flag: isAddr | v.ro()}
	}
	return Value{t: native(plain[reflect.Uint8]), v: x.Index(i), flag: v.ro()}
}

// Len is v's length.
func (v Value) Len() int {
	switch v.kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
		return v.val().Len()
	case reflect.Pointer:
		if e := v.t.elem(); e.kind == reflect.Array {
			return e.Len()
		}
		fail("reflect: call of reflect.Value.Len on ptr to non-array Value")
	}
	failKind("reflect.Value.Len", v.kind())
	return 0
}

// Cap is v's capacity.
func (v Value) Cap() int {
	switch v.kind() {
	case reflect.Array, reflect.Chan, reflect.Slice:
		return v.val().Cap()
	case reflect.Pointer:
		if e := v.t.elem(); e.kind == reflect.Array {
			return e.Len()
		}
		fail("reflect: call of reflect.Value.Cap on ptr to non-array Value")
	}
	failKind("reflect.Value.Cap", v.kind())
	return 0
}

// IsNil says whether v is nil.
func (v Value) IsNil() bool {
	switch v.kind() {
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.UnsafePointer, reflect.Interface, reflect.Slice:
		return v.m == nil && v.val().IsNil()
	}
	failKind("reflect.Value.IsNil", v.kind())
	return false
}

// IsZero says whether v is the zero value of its type.
func (v Value) IsZero() bool {
	switch v.kind() {
	case reflect.Invalid:
		failKind("reflect.Value.IsZero", reflect.Invalid)
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.UnsafePointer, reflect.Interface, reflect.Slice:
		return v.IsNil()
	case reflect.Array:
		if v.t.s != nil {
			for i := range v.Len() {
				if !v.Index(i).IsZero() {
					return false
				}
			}
			return true
		}
	case reflect.Struct:
		if v.t.s != nil {
			for i := range v.t.numField() {
				if v.t.fieldName(i) != "_" && !v.Field(i).IsZero() {
					return false
				}
			}
			return true
		}
	}
	return v.val().IsZero()
}

// CanInt says whether Int works.
func (v Value) CanInt() bool { return isInt(v.kind()) }

// CanUint says whether Uint works.
func (v Value) CanUint() bool { return isUint(v.kind()) }

// CanFloat says whether Float works.
func (v Value) CanFloat() bool { return isFloat(v.kind()) }

// CanComplex says whether Complex works.
func (v Value) CanComplex() bool { return isComplex(v.kind()) }

// Bool is v as a bool.
func (v Value) Bool() bool {
	v.mustBe("reflect.Value.Bool", reflect.Bool)
	return v.v.Bool()
}

// Int is v as an int64.
func (v Value) Int() int64 {
	if !v.CanInt() {
		failKind("reflect.Value.Int", v.kind())
	}
	return v.v.Int()
}

// Uint is v as a uint64.
func (v Value) Uint() uint64 {
	if !v.CanUint() {
		failKind("reflect.Value.Uint", v.kind())
	}
	return v.v.Uint()
}

// Float is v as a float64.
func (v Value) Float() float64 {
	if !v.CanFloat() {
		failKind("reflect.Value.Float", v.kind())
	}
	return v.v.Float()
}

// Complex is v as a complex128.
func (v Value) Complex() complex128 {
	if !v.CanComplex() {
		failKind("reflect.Value.Complex", v.kind())
	}
	return v.v.Complex()
}

// String is v as a string, or what v is.
func (v Value) String() string {
	switch v.kind() {
	case reflect.Invalid:
		return "<invalid Value>"
	case reflect.String:
		return v.v.String()
	}
	return "<" + v.t.String() + " Value>"
}

// Bytes is v as bytes.
func (v Value) Bytes() []byte {
	switch v.kind() {
	case reflect.Slice:
		if v.t.elem().kind != reflect.Uint8 {
			fail("reflect.Value.Bytes of non-byte slice")
		}
		return v.val().Bytes()
	case reflect.Array:
		if v.t.elem().kind != reflect.Uint8 {
			fail("reflect.Value.Bytes of non-byte array")
		}
		if !v.CanAddr() {
			fail("reflect.Value.Bytes of unaddressable byte array")
		}
		return v.val().Bytes()
	}
	failKind("reflect.Value.Bytes", v.kind())
	return nil
}

// OverflowInt says whether v cannot hold x.
func (v Value) OverflowInt(x int64) bool {
	if !v.CanInt() {
		failKind("reflect.Value.OverflowInt", v.kind())
	}
	return v.t.OverflowInt(x)
}

// OverflowUint says whether v cannot hold x.
func (v Value) OverflowUint(x uint64) bool {
	if !v.CanUint() {
		failKind("reflect.Value.OverflowUint", v.kind())
	}
	return v.t.OverflowUint(x)
}

// OverflowFloat says whether v cannot hold x.
func (v Value) OverflowFloat(x float64) bool {
	if !v.CanFloat() {
		failKind("reflect.Value.OverflowFloat", v.kind())
	}
	return v.t.OverflowFloat(x)
}

// OverflowComplex says whether v cannot hold x.
func (v Value) OverflowComplex(x complex128) bool {
	if !v.CanComplex() {
		failKind("reflect.Value.OverflowComplex", v.kind())
	}
	return v.t.OverflowComplex(x)
}

// Pointer is v's pointer as a number.
func (v Value) Pointer() uintptr { return uintptr(v.pointer("reflect.Value.Pointer")) }

// UnsafePointer is v's pointer.
func (v Value) UnsafePointer() unsafe.Pointer { return v.pointer("reflect.Value.UnsafePointer") }

// made is the code of functions that the interpreter makes for Go: it is that
// of all of them.
var made = reflect.MakeFunc(reflect.TypeFor[func()](), func([]reflect.Value) []reflect.Value { return nil }).Pointer()

func (v Value) pointer(method string) unsafe.Pointer {
	switch v.kind() {
	case reflect.Func:
		if v.m != nil || v.val().Pointer() == made {
			refuse(method + " of a function of a cell, which has no code of its own")
		}
		return v.val().UnsafePointer()
	case reflect.Pointer, reflect.Chan, reflect.Map, reflect.UnsafePointer, reflect.Slice, reflect.String:
		return v.val().UnsafePointer()
	}
	failKind(method, v.kind())
	return nil
}

// UnsafeAddr is the address of v as a number.
func (v Value) UnsafeAddr() uintptr {
	if v.t == nil {
		failKind("reflect.Value.UnsafeAddr", reflect.Invalid)
	}
	if v.flag&isAddr == 0 {
		fail("reflect.Value.UnsafeAddr of unaddressable value")
	}
	return v.v.UnsafeAddr()
}

// InterfaceData is refused: the words of an interface are not the compiled
// program's.
func (v Value) InterfaceData() [2]uintptr {
	refuse("reflect.Value.InterfaceData")
	return [2]uintptr{}
}
