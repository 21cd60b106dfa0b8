package reflect

import (
	"reflect"
	"sync"
	"unsafe"
)

// Comparable says whether v can be compared.
func (v Value) Comparable() bool {
	switch v.kind() {
	case reflect.Invalid:
		return false
	case reflect.Interface:
		return v.IsNil() || v.Elem().Comparable()
	case reflect.Array:
		switch v.t.elem().kind {
		case reflect.Interface, reflect.Array, reflect.Struct:
			for i := range v.Len() {
				if !v.Index(i).Comparable() {
					return false
				}
			}
			return true
		}
	case reflect.Struct:
		for i := range v.t.numField() {
			if !v.Field(i).Comparable() {
				return false
			}
		}
		return true
	}
	return v.t.Comparable()
}

// Equal is v == u.
func (v Value) Equal(u Value) bool {
	if v.kind() == reflect.Interface {
		v = v.Elem()
	}
	if u.kind() == reflect.Interface {
		u = u.Elem()
	}
	if v.t != u.t || v.t == nil {
		return v.t == u.t
	}
	switch k := v.kind(); k {
	case reflect.Array:
		if v.Len() == 0 && !v.t.elem().Comparable() {
			break
		}
		for i := range v.Len() {
			if !v.Index(i).Equal(u.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range v.t.numField() {
			if !v.Field(i).Equal(u.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Func, reflect.Map, reflect.Slice:
	default:
		return v.same(u)
	}
	fail("reflect.Value.Equal: values of type " + v.t.String() + " are not comparable")
	return false
}

// same compares values of one type that have no parts.
func (v Value) same(u Value) bool {
	switch k := v.kind(); {
	case k == reflect.Bool:
		return v.Bool() == u.Bool()
	case isInt(k):
		return v.Int() == u.Int()
	case isUint(k):
		return v.Uint() == u.Uint()
	case isFloat(k):
		return v.Float() == u.Float()
	case isComplex(k):
		return v.Complex() == u.Complex()
	case k == reflect.String:
		return v.String() == u.String()
	}
	return v.Pointer() == u.Pointer()
}

// DeepEqual is reflect.DeepEqual.
func DeepEqual(x, y any) bool {
	a, b := ValueOf(x), ValueOf(y)
	if a.t != b.t || a.t == nil {
		return a.t == b.t
	}
	return deep{}.equal(a, b)
}

// pair are two references that are being compared: they are equal if nothing
// else is not.
type pair struct {
	a, b unsafe.Pointer
	n    int
	t    *rtype
}

type deep map[pair]bool

// open says whether a reference is being compared for the first time.
func (d deep) open(a, b Value, n int) bool {
	p := pair{a.UnsafePointer(), b.UnsafePointer(), n, a.t}
	if d[p] {
		return false
	}
	d[p] = true
	return true
}

func (d deep) equal(a, b Value) bool {
	if a.t != b.t || a.t == nil {
		return a.t == b.t
	}
	if a.t.s == nil && Closed(a.t.form) {
		return reflect.DeepEqual(a.v.Interface(), b.v.Interface())
	}
	switch a.kind() {
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return d.equal(a.Elem(), b.Elem())
	case reflect.Pointer:
		if a.UnsafePointer() == b.UnsafePointer() {
			return true
		}
		if a.IsNil() || b.IsNil() {
			return false
		}
		return !d.open(a, b, 0) || d.equal(a.Elem(), b.Elem())
	case reflect.Func:
		return a.IsNil() && b.IsNil()
	case reflect.Struct:
		for i := range a.t.numField() {
			if !d.equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.UnsafePointer() == b.UnsafePointer() || !d.open(a, b, a.Len()) {
			return true
		}
		return d.elements(a, b)
	case reflect.Array:
		return d.elements(a, b)
	case reflect.Map:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.UnsafePointer() == b.UnsafePointer() || !d.open(a, b, 0) {
			return true
		}
		for i := a.MapRange(); i.Next(); {
			if other := b.MapIndex(i.Key()); !other.IsValid() || !d.equal(i.Value(), other) {
				return false
			}
		}
		return true
	}
	return a.same(b)
}

func (d deep) elements(a, b Value) bool {
	for i := range a.Len() {
		if !d.equal(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

var closedTypes sync.Map // reflect.Type -> bool

// Closed says whether values of a type of Go cannot hold a box.
func Closed(t reflect.Type) bool {
	if known, ok := closedTypes.Load(t); ok {
		return known.(bool)
	}
	is := closedIn(t, map[reflect.Type]bool{})
	closedTypes.Store(t, is)
	return is
}

func closedIn(t reflect.Type, open map[reflect.Type]bool) bool {
	if open[t] {
		return true
	}
	open[t] = true
	switch t.Kind() {
	case reflect.Interface, reflect.UnsafePointer:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		return closedIn(t.Elem(), open)
	case reflect.Map:
		return closedIn(t.Key(), open) && closedIn(t.Elem(), open)
	case reflect.Struct:
		for i := range t.NumField() {
			if !closedIn(t.Field(i).Type, open) {
				return false
			}
		}
	}
	return true
}
