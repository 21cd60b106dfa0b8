package reflect

import (
	"reflect"
	"strconv"
)

// CanConvert says whether v can be converted to a type.
func (v Value) CanConvert(t Type) bool {
	from := v.Type().mirror()
	from.ConvertibleTo(t) // or fails
	to := t.mirror()
	switch c := conversionOf(from, to); {
	case c == noConversion:
		return false
	case c == sliceToArray:
		return arrayOf(to).Len() <= v.Len()
	}
	return true
}

// arrayOf is an array type, or that which a pointer type points to.
func arrayOf(r *rtype) *rtype {
	if r.kind == reflect.Pointer {
		return r.elem()
	}
	return r
}

// Convert is v converted to a type.
func (v Value) Convert(t Type) Value {
	if v.t == nil {
		nilFault()
	}
	to := t.mirror()
	out := Value{t: to, flag: v.ro()}
	switch conversionOf(v.t, to) {
	case noConversion:
		fail("reflect.Value.Convert: value of type " + v.t.String() + " cannot be converted to type " + to.String())
	case sliceToArray:
		if n := arrayOf(to).Len(); n > v.Len() {
			what := "array"
			if to.kind == reflect.Pointer {
				what = "pointer to array"
			}
			fail("reflect: cannot convert slice with length " + strconv.Itoa(v.Len()) + " to " + what + " with length " + strconv.Itoa(n))
		}
		out.v = v.val().Convert(to.shape())
	case computed:
		out.v = held(v.val()).Convert(to.shape())
		if p := to.place(); p != out.v.Type() {
			c := reflect.New(p).Elem()
			c.Set(out.v)
			out.v = c
		}
	default:
		out.v = held(v.as(to))
	}
	return out
}
