package reflect

import "reflect"

// MapIndex is the value of a key in the map v.
func (v Value) MapIndex(key Value) Value {
	v.mustBe("reflect.Value.MapIndex", reflect.Map)
	if key.t == nil {
		nilFault()
	}
	x := v.val().MapIndex(v.hashable(key.assign("reflect.Value.MapIndex", v.t.key()), true))
	if !x.IsValid() {
		return Value{}
	}
	return Value{t: v.t.elem(), v: x, flag: Value{flag: v.flag | key.flag}.ro()}
}

// hashable is a key of the map v. Whether the value in an interface can be one
// shows when it runs; a map that is empty says it in other words to who looks.
func (v Value) hashable(key reflect.Value, looks bool) reflect.Value {
	if key.Kind() == reflect.Interface && !key.IsNil() {
		if k := ValueOf(key.Elem().Interface()); k.t.s != nil && !k.t.Comparable() {
			Unhashable(k.t.String(), looks && v.Len() == 0)
		}
	}
	return key
}

// Unhashable panics as a map does that is asked for a key of a type that
// cannot be one. The kernel sets it.
var Unhashable = func(typ string, empty bool) { panic(typ) }

// SetMapIndex sets the value of a key in the map v, or deletes the key.
func (v Value) SetMapIndex(key, elem Value) {
	v.mustBe("reflect.Value.SetMapIndex", reflect.Map)
	v.mustBeExported("reflect.Value.SetMapIndex")
	key.mustBeExported("reflect.Value.SetMapIndex")
	k := v.hashable(key.assign("reflect.Value.SetMapIndex", v.t.key()), elem.t == nil)
	if elem.t == nil {
		v.val().SetMapIndex(k, reflect.Value{})
		return
	}
	elem.mustBeExported("reflect.Value.SetMapIndex")
	v.val().SetMapIndex(k, elem.assign("reflect.Value.SetMapIndex", v.t.elem()))
}

// MapKeys are the keys of the map v.
func (v Value) MapKeys() []Value {
	v.mustBe("reflect.Value.MapKeys", reflect.Map)
	keys := v.val().MapKeys()
	out := make([]Value, len(keys))
	for i, k := range keys {
		out[i] = Value{t: v.t.key(), v: k, flag: v.ro()}
	}
	return out
}

// MapIter ranges over a map.
type MapIter struct {
	m    Value
	i    *reflect.MapIter
	done bool
}

// MapRange is an iterator over the map v.
func (v Value) MapRange() *MapIter {
	v.mustBe("reflect.Value.MapRange", reflect.Map)
	return &MapIter{m: v}
}

// Reset makes the iterator one over v.
func (iter *MapIter) Reset(v Value) {
	if v.IsValid() {
		v.mustBe(nobody, reflect.Map)
	}
	*iter = MapIter{m: v}
}

// Next goes to the next entry.
func (iter *MapIter) Next() bool {
	if !iter.m.IsValid() {
		fail("MapIter.Next called on an iterator that does not have an associated map Value")
	}
	if iter.done {
		fail("MapIter.Next called on exhausted iterator")
	}
	if iter.i == nil {
		iter.i = iter.m.val().MapRange()
	}
	iter.done = !iter.i.Next()
	return !iter.done
}

// at fails unless there is an entry.
func (iter *MapIter) at(method string) {
	if iter.i == nil {
		fail(method + " called before Next")
	}
	if iter.done {
		fail(method + " called on exhausted iterator")
	}
}

// Key is the entry's key.
func (iter *MapIter) Key() Value {
	iter.at("MapIter.Key")
	return Value{t: iter.m.t.key(), v: iter.i.Key(), flag: iter.m.ro()}
}

// Value is the entry's value.
func (iter *MapIter) Value() Value {
	iter.at("MapIter.Value")
	return Value{t: iter.m.t.elem(), v: iter.i.Value(), flag: iter.m.ro()}
}

// SetIterKey sets v to the entry's key.
func (v Value) SetIterKey(iter *MapIter) {
	iter.at("reflect: Value.SetIterKey")
	v.mustBeAssignable("reflect.Value.SetIterKey")
	iter.m.mustBeExported("reflect.Value.SetIterKey")
	v.put(iter.Key().assign("reflect.MapIter.SetKey", v.t))
}

// SetIterValue sets v to the entry's value.
func (v Value) SetIterValue(iter *MapIter) {
	iter.at("reflect: Value.SetIterValue")
	v.mustBeAssignable("reflect.Value.SetIterValue")
	iter.m.mustBeExported("reflect.Value.SetIterValue")
	v.put(iter.Value().assign("reflect.MapIter.SetValue", v.t))
}
