package template

import (
	"cmp"
	"reflect"
	"slices"

	mirror "loupe/kernel/mirror"
)

type entry struct{ key, val mirror.Value }

// sorted are a map's entries in the order of their keys, which is that of fmt.
func sorted(m mirror.Value) []entry {
	list := make([]entry, 0, m.Len())
	for i := m.MapRange(); i.Next(); {
		list = append(list, entry{i.Key(), i.Value()})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return compare(a.key, b.key) })
	return list
}

func compare(a, b mirror.Value) int {
	if a.Type() != b.Type() {
		return -1
	}
	switch k := a.Kind(); {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.CanComplex():
		x, y := a.Complex(), b.Complex()
		return cmp.Or(cmp.Compare(real(x), real(y)), cmp.Compare(imag(x), imag(y)))
	case k == reflect.String:
		return cmp.Compare(a.String(), b.String())
	case k == reflect.Bool:
		switch x, y := a.Bool(), b.Bool(); {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case k == reflect.Struct:
		for i := range a.NumField() {
			if c := compare(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
		return 0
	case k == reflect.Array:
		for i := range a.Len() {
			if c := compare(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
		return 0
	case k == reflect.Interface:
		switch {
		case a.IsNil() && b.IsNil():
			return 0
		case a.IsNil():
			return -1
		case b.IsNil():
			return 1
		}
		a, b = a.Elem(), b.Elem()
		if a.Type() != b.Type() {
			return byType(a, b)
		}
		return compare(a, b)
	}
	return cmp.Compare(a.Pointer(), b.Pointer())
}

// byType orders values of different types as fmt does: by where the types are.
func byType(a, b mirror.Value) int {
	x, ok1 := mirror.Native(a.Type())
	y, ok2 := mirror.Native(b.Type())
	if !ok1 || !ok2 {
		panic("loupe cannot run this: a range of a template over a map with keys of different types, which it cannot put in the compiled program's order")
	}
	return cmp.Compare(reflect.ValueOf(x).Pointer(), reflect.ValueOf(y).Pointer())
}
