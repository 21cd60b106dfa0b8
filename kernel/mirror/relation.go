package reflect

import (
	"go/types"
	"reflect"
)

// space is the session of one of two types, nil if both are Go's.
func space(a, b *rtype) *Space {
	if a.s != nil {
		return a.s
	}
	return b.s
}

func (r *rtype) Comparable() bool {
	if r.s == nil {
		return r.form.Comparable()
	}
	return types.Comparable(r.t)
}

func (r *rtype) Implements(u Type) bool {
	if u == nil {
		fail("reflect: nil type passed to Type.Implements")
	}
	if u.Kind() != reflect.Interface {
		fail("reflect: non-interface type passed to Type.Implements")
	}
	return r.implements(u.mirror())
}

func (r *rtype) implements(u *rtype) bool {
	if u.kind != reflect.Interface {
		return false
	}
	s := space(r, u)
	if s == nil {
		return r.form.Implements(u.form)
	}
	if u.NumMethod() == 0 {
		return true
	}
	iface := u.mustStatic(s, "Implements").Underlying().(*types.Interface)
	if t := r.static(s); t != nil {
		return types.Implements(t, iface)
	}
	return s.has(r.form, iface)
}

// has says whether a type of Go that cells cannot name implements a cell's
// interface.
func (s *Space) has(t reflect.Type, iface *types.Interface) bool {
	for i := range iface.NumMethods() {
		f := iface.Method(i)
		m, ok := t.MethodByName(f.Name())
		if !ok || !f.Exported() {
			return false
		}
		s1, _ := s.Known(bare(m, t.Kind())).(*types.Signature)
		s2 := f.Type().(*types.Signature)
		if s1 == nil || !types.Identical(s1, types.NewSignatureType(nil, nil, nil, s2.Params(), s2.Results(), s2.Variadic())) {
			return false
		}
	}
	return true
}

func (r *rtype) AssignableTo(u Type) bool {
	if u == nil {
		fail("reflect: nil type passed to Type.AssignableTo")
	}
	return r.direct(u.mirror()) || r.implements(u.mirror())
}

// direct says whether values of r are values of u as they are.
func (r *rtype) direct(u *rtype) bool {
	switch {
	case r == u:
		return true
	case r.hasName() && u.hasName() || r.kind != u.kind:
		return false
	case r.sends(u):
		return true
	}
	return r.sameUnder(u, true)
}

// sends says whether r is a channel of both directions and u one of the same
// elements.
func (r *rtype) sends(u *rtype) bool {
	return r.kind == reflect.Chan && u.kind == reflect.Chan && r.ChanDir() == reflect.BothDir && (!r.hasName() || !u.hasName()) && r.elem() == u.elem()
}

// sameUnder says whether the underlying types are identical, tags of fields
// included or not.
func (r *rtype) sameUnder(u *rtype, tags bool) bool {
	if r == u {
		return true
	}
	if r.kind != u.kind {
		return false
	}
	if _, basic := plain[r.kind]; basic {
		return true
	}
	s := space(r, u)
	if s == nil {
		// Go has the question for one of the two, and for types without a name.
		if tags {
			return r.form.AssignableTo(u.form)
		}
		return r.form.ConvertibleTo(u.form)
	}
	a, b := r.static(s), u.static(s)
	if a == nil || b == nil {
		return false // one that cells cannot name is not made of their types
	}
	if tags {
		return types.Identical(a.Underlying(), b.Underlying())
	}
	return types.IdenticalIgnoreTags(a.Underlying(), b.Underlying())
}

func (r *rtype) ConvertibleTo(u Type) bool {
	if u == nil {
		fail("reflect: nil type passed to Type.ConvertibleTo")
	}
	return conversionOf(r, u.mirror()) != noConversion
}

// conversion is a kind of conversion.
type conversion int

const (
	noConversion conversion = iota
	computed                // of numbers, to and from strings, or between types of Go
	sliceToArray            // of a slice to an array or a pointer to one
	direct                  // the value stays as it is
	toInterface
)

func conversionOf(from, to *rtype) conversion {
	if from.s == nil && to.s == nil && to.kind != reflect.Interface {
		if !from.form.ConvertibleTo(to.form) {
			return noConversion
		}
		if from.kind == reflect.Slice && (to.kind == reflect.Array || to.kind == reflect.Pointer) {
			return sliceToArray
		}
		return computed
	}
	switch k := from.kind; {
	case isInt(k) || isUint(k):
		if isInt(to.kind) || isUint(to.kind) || isFloat(to.kind) || to.kind == reflect.String {
			return computed
		}
	case isFloat(k):
		if isInt(to.kind) || isUint(to.kind) || isFloat(to.kind) {
			return computed
		}
	case isComplex(k):
		if isComplex(to.kind) {
			return computed
		}
	case k == reflect.String:
		if to.kind == reflect.Slice && isText(to.elem()) || to.kind == reflect.String {
			return computed
		}
	case k == reflect.Slice:
		if to.kind == reflect.String && isText(from.elem()) {
			return computed
		}
		if to.kind == reflect.Array && from.elem() == to.elem() {
			return sliceToArray
		}
		if to.kind == reflect.Pointer && to.elem().kind == reflect.Array && from.elem() == to.elem().elem() {
			return sliceToArray
		}
	}
	switch {
	case from.sends(to), from.sameUnder(to, false):
		return direct
	case from.kind == reflect.Pointer && to.kind == reflect.Pointer && !from.hasName() && !to.hasName() && from.elem().sameUnder(to.elem(), false):
		return direct
	case from.implements(to):
		return toInterface
	}
	return noConversion
}

// isText says whether slices of t are converted to and from strings.
func isText(t *rtype) bool {
	return t.PkgPath() == "" && (t.kind == reflect.Uint8 || t.kind == reflect.Int32)
}

func isInt(k Kind) bool { return reflect.Int <= k && k <= reflect.Int64 }

func isUint(k Kind) bool { return reflect.Uint <= k && k <= reflect.Uintptr }

func isFloat(k Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

func isComplex(k Kind) bool { return k == reflect.Complex64 || k == reflect.Complex128 }
