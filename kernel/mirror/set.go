package reflect

import (
	"reflect"
	"unsafe"
)

// assign is v as a variable of type to has it, in the interpreter's form.
func (v Value) assign(context string, to *rtype) reflect.Value {
	if !v.t.direct(to) && !v.t.implements(to) {
		fail(context + ": value of type " + v.t.String() + " is not assignable to type " + to.String())
	}
	return v.as(to)
}

// as is v, which is assignable to the type or to be converted as it is.
func (v Value) as(to *rtype) reflect.Value {
	if to.kind == reflect.Interface {
		return asInterface(v.iface(), to)
	}
	x := v.val()
	if f := to.shape(); x.Type() != f {
		if !x.CanConvert(f) {
			refuse("a value of type " + v.t.String() + " as one of type " + to.String() + " by reflection")
		}
		x = x.Convert(f)
	}
	if p := to.place(); p != x.Type() {
		c := reflect.New(p).Elem()
		if !nilable(x.Kind()) || !x.IsNil() {
			c.Set(x)
		}
		return c
	}
	return x
}

// asInterface is what an interface variable of the type holds for i.
func asInterface(i any, to *rtype) reflect.Value {
	c := reflect.New(to.shape()).Elem()
	if i == nil {
		return c
	}
	if b, ok := i.(Carrier); ok && c.NumMethod() > 0 {
		s, _, _ := b.Carried()
		c.Set(s.Adapt(i, c.Type()))
		return c
	}
	c.Set(reflect.ValueOf(i))
	return c
}

func nilable(k Kind) bool {
	switch k {
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice, reflect.Interface, reflect.UnsafePointer:
		return true
	}
	return false
}

// put stores x, which has the form of v's variables, in v's place.
func (v Value) put(x reflect.Value) {
	if v.v.Type() != x.Type() && nilable(x.Kind()) && x.IsNil() { // a field that is kept in an any
		v.v.SetZero()
		return
	}
	v.v.Set(x)
}

// Set assigns x to v.
func (v Value) Set(x Value) {
	v.mustBeAssignable("reflect.Value.Set")
	x.mustBeExported("reflect.Value.Set")
	v.put(x.assign("reflect.Set", v.t))
}

// SetZero makes v the zero value of its type.
func (v Value) SetZero() {
	v.mustBeAssignable("reflect.Value.SetZero")
	v.v.SetZero()
}

// SetBool sets v.
func (v Value) SetBool(x bool) {
	v.mustBeAssignable("reflect.Value.SetBool")
	v.mustBe("reflect.Value.SetBool", reflect.Bool)
	v.v.SetBool(x)
}

// SetInt sets v.
func (v Value) SetInt(x int64) {
	v.mustBeAssignable("reflect.Value.SetInt")
	if !v.CanInt() {
		failKind("reflect.Value.SetInt", v.kind())
	}
	v.v.SetInt(x)
}

// SetUint sets v.
func (v Value) SetUint(x uint64) {
	v.mustBeAssignable("reflect.Value.SetUint")
	if !v.CanUint() {
		failKind("reflect.Value.SetUint", v.kind())
	}
	v.v.SetUint(x)
}

// SetFloat sets v.
func (v Value) SetFloat(x float64) {
	v.mustBeAssignable("reflect.Value.SetFloat")
	if !v.CanFloat() {
		failKind("reflect.Value.SetFloat", v.kind())
	}
	v.v.SetFloat(x)
}

// SetComplex sets v.
func (v Value) SetComplex(x complex128) {
	v.mustBeAssignable("reflect.Value.SetComplex")
	if !v.CanComplex() {
		failKind("reflect.Value.SetComplex", v.kind())
	}
	v.v.SetComplex(x)
}

// SetString sets v.
func (v Value) SetString(x string) {
	v.mustBeAssignable("reflect.Value.SetString")
	v.mustBe("reflect.Value.SetString", reflect.String)
	v.v.SetString(x)
}

// SetBytes sets v.
func (v Value) SetBytes(x []byte) {
	v.mustBeAssignable("reflect.Value.SetBytes")
	v.mustBe("reflect.Value.SetBytes", reflect.Slice)
	if v.t.elem().kind != reflect.Uint8 {
		fail("reflect.Value.SetBytes of non-byte slice")
	}
	v.edit(func(s reflect.Value) { s.SetBytes(x) })
}

// SetPointer sets v.
func (v Value) SetPointer(x unsafe.Pointer) {
	v.mustBeAssignable("reflect.Value.SetPointer")
	v.mustBe("reflect.Value.SetPointer", reflect.UnsafePointer)
	v.v.SetPointer(x)
}

// edit changes the slice v in its place.
func (v Value) edit(f func(reflect.Value)) {
	c := reflect.New(v.t.shape()).Elem()
	c.Set(v.val())
	f(c)
	v.put(c)
}

// SetLen sets v's length.
func (v Value) SetLen(n int) {
	v.mustBeAssignable("reflect.Value.SetLen")
	v.mustBe("reflect.Value.SetLen", reflect.Slice)
	if n < 0 || n > v.Cap() {
		fail("reflect: slice length out of range in SetLen")
	}
	v.edit(func(s reflect.Value) { s.SetLen(n) })
}

// SetCap sets v's capacity.
func (v Value) SetCap(n int) {
	v.mustBeAssignable("reflect.Value.SetCap")
	v.mustBe("reflect.Value.SetCap", reflect.Slice)
	if n < v.Len() || n > v.Cap() {
		fail("reflect: slice capacity out of range in SetCap")
	}
	v.edit(func(s reflect.Value) { s.SetCap(n) })
}

// Grow makes room for n more elements.
func (v Value) Grow(n int) {
	v.mustBeAssignable("reflect.Value.Grow")
	v.mustBe("reflect.Value.Grow", reflect.Slice)
	v.roomFor(n)
	v.edit(func(s reflect.Value) { s.Grow(n) })
}

func (v Value) roomFor(n int) {
	if n < 0 {
		fail("reflect.Value.Grow: negative len")
	}
	if v.Len()+n < 0 {
		fail("reflect.Value.Grow: slice overflow")
	}
	Room(v.Len()+n, int(v.t.elem().Size()))
}

// Room ends a cell that asks for more memory than there is. The kernel sets it.
var Room = func(n, size int) {}

// Clear clears v.
func (v Value) Clear() {
	switch v.kind() {
	case reflect.Slice:
		v.val().Clear()
	case reflect.Map:
		if !v.IsNil() {
			v.val().Clear()
		}
	default:
		failKind("reflect.Value.Clear", v.kind())
	}
}

// Slice is v[i:j].
func (v Value) Slice(i, j int) Value {
	x, t := v.sliced("reflect.Value.Slice", true)
	limit := 0
	if v.kind() == reflect.String {
		if limit = x.Len(); i < 0 || j < i || j > limit {
			fail("reflect.Value.Slice: string slice index out of bounds")
		}
		c := reflect.New(x.Type()).Elem() // a variable, if v is one
		c.Set(x.Slice(i, j))
		return Value{t: v.t, v: c, flag: v.flag}
	}
	if limit = x.Cap(); i < 0 || j < i || j > limit {
		fail("reflect.Value.Slice: slice index out of bounds")
	}
	return Value{t: t, v: x.Slice(i, j), flag: v.ro()}
}

// Slice3 is v[i:j:k].
func (v Value) Slice3(i, j, k int) Value {
	x, t := v.sliced("reflect.Value.Slice3", false)
	if i < 0 || j < i || k < j || k > x.Cap() {
		fail("reflect.Value.Slice3: slice index out of bounds")
	}
	return Value{t: t, v: x.Slice3(i, j, k), flag: v.ro()}
}

// sliced is what is sliced, and the type of its slices.
func (v Value) sliced(method string, text bool) (reflect.Value, *rtype) {
	switch k := v.kind(); {
	case k == reflect.Slice, k == reflect.String && text:
		return v.val(), v.t
	case k == reflect.Array:
		if v.flag&isAddr == 0 {
			fail(method + ": slice of unaddressable array")
		}
		return v.val(), sliceOf(v.t.elem())
	}
	failKind(method, v.kind())
	return reflect.Value{}, nil
}

// Append is s with the values x at its end.
func Append(s Value, x ...Value) Value {
	s.mustBe(nobody, reflect.Slice)
	n := s.Len()
	s = s.extended(len(x))
	for i, v := range x {
		s.Index(n + i).Set(v)
	}
	return s
}

// AppendSlice is s with the elements of t at its end.
func AppendSlice(s, t Value) Value {
	s.mustBe(nobody, reflect.Slice)
	t.mustBe(nobody, reflect.Slice)
	mustMatch("reflect.AppendSlice", s.t.elem(), t.t.elem())
	n := s.Len()
	s = s.extended(t.Len())
	Copy(s.Slice(n, n+t.Len()), t)
	return s
}

// extended is a slice value of its own with n more elements.
func (v Value) extended(n int) Value {
	v.mustBeExported(nobody)
	v.roomFor(n)
	c := reflect.New(v.t.shape()).Elem()
	c.Set(v.val())
	c.Grow(n)
	c.SetLen(c.Len() + n)
	return Value{t: v.t, v: held(c)}
}

func mustMatch(what string, a, b *rtype) {
	if a != b {
		fail(what + ": " + a.String() + " != " + b.String())
	}
}

// Copy copies elements of src into dst.
func Copy(dst, src Value) int {
	dk := dst.kind()
	if dk != reflect.Array && dk != reflect.Slice {
		failKind("reflect.Copy", dk)
	}
	if dk == reflect.Array {
		dst.mustBeAssignable(nobody)
	}
	dst.mustBeExported(nobody)
	sk := src.kind()
	text := sk == reflect.String && dst.t.elem().kind == reflect.Uint8
	if sk != reflect.Array && sk != reflect.Slice && !text {
		failKind("reflect.Copy", sk)
	}
	src.mustBeExported(nobody)
	if !text {
		mustMatch("reflect.Copy", dst.t.elem(), src.t.elem())
	}
	return reflect.Copy(dst.val(), src.val())
}

// Swapper is a function that swaps elements of a slice.
func Swapper(slice any) func(i, j int) {
	v := ValueOf(slice)
	if v.kind() != reflect.Slice {
		failKind("Swapper", v.kind())
	}
	swap := reflect.Swapper(v.val().Interface())
	return func(i, j int) {
		defer func() {
			if r := recover(); r != nil {
				if text, ok := r.(string); ok {
					fail(text)
				}
				panic(r) // a runtime error, as the compiled program has it
			}
		}()
		swap(i, j)
	}
}
