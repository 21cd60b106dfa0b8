package reflect

import (
	"iter"
	"reflect"
)

// Fields ranges over the fields of the struct v.
func (v Value) Fields() iter.Seq2[StructField, Value] {
	t := v.Type().mirror()
	if t.kind != reflect.Struct {
		fail("reflect: Fields of non-struct type " + t.String())
	}
	return func(yield func(StructField, Value) bool) {
		for i := range t.numField() {
			if !yield(t.Field(i), v.Field(i)) {
				return
			}
		}
	}
}

// numbers ranges over the numbers below v, of v's type.
func (v Value) numbers(yield func(Value) bool) {
	more := func(i uint64) bool { return i < v.Uint() }
	if v.CanInt() {
		more = func(i uint64) bool { return int64(i) < v.Int() }
	}
	for i := uint64(0); more(i); i++ {
		n := reflect.New(plain[v.kind()]).Elem()
		if v.CanInt() {
			n.SetInt(int64(i))
		} else {
			n.SetUint(i)
		}
		x := Value{t: native(n.Type()), v: held(n)}
		if v.t.PkgPath() != "" {
			x = x.Convert(v.t)
		}
		if !yield(x) {
			return
		}
	}
}

// Seq ranges over v.
func (v Value) Seq() iter.Seq[Value] {
	t := v.Type().mirror()
	switch k := t.kind; {
	case t.yields(1):
		return func(yield func(Value) bool) {
			v.Call([]Value{MakeFunc(t.In(0), func(in []Value) []Value { return []Value{ValueOf(yield(in[0]))} })})
		}
	case isInt(k), isUint(k):
		return v.numbers
	case k == reflect.String:
		return func(yield func(Value) bool) {
			for i := range v.String() {
				if !yield(ValueOf(i)) {
					return
				}
			}
		}
	case k == reflect.Map:
		return func(yield func(Value) bool) {
			for i := v.MapRange(); i.Next(); {
				if !yield(i.Key()) {
					return
				}
			}
		}
	case k == reflect.Chan:
		return func(yield func(Value) bool) {
			for x, ok := v.Recv(); ok; x, ok = v.Recv() {
				if !yield(x) {
					return
				}
			}
		}
	case k == reflect.Array, k == reflect.Slice, k == reflect.Pointer && v.Elem().kind() == reflect.Array:
		return func(yield func(Value) bool) {
			for i := range v.Len() {
				if !yield(ValueOf(i)) {
					return
				}
			}
		}
	}
	fail("reflect: " + t.String() + " cannot produce iter.Seq[Value]")
	return nil
}

// Seq2 ranges over v with two variables.
func (v Value) Seq2() iter.Seq2[Value, Value] {
	t := v.Type().mirror()
	switch k := t.kind; {
	case t.yields(2):
		return func(yield func(Value, Value) bool) {
			v.Call([]Value{MakeFunc(t.In(0), func(in []Value) []Value { return []Value{ValueOf(yield(in[0], in[1]))} })})
		}
	case k == reflect.String:
		return func(yield func(Value, Value) bool) {
			for i, r := range v.String() {
				if !yield(ValueOf(i), ValueOf(r)) {
					return
				}
			}
		}
	case k == reflect.Map:
		return func(yield func(Value, Value) bool) {
			for i := v.MapRange(); i.Next(); {
				if !yield(i.Key(), i.Value()) {
					return
				}
			}
		}
	case k == reflect.Array, k == reflect.Slice, k == reflect.Pointer && v.Elem().kind() == reflect.Array:
		return func(yield func(Value, Value) bool) {
			for i := range v.Len() {
				if !yield(ValueOf(i), Indirect(v).Index(i)) {
					return
				}
			}
		}
	}
	fail("reflect: " + t.String() + " cannot produce iter.Seq2[Value, Value]")
	return nil
}
