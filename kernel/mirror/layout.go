package reflect

import (
	"go/types"
	"reflect"
)

// Sizes are those of the compiled program: the interpreter keeps some fields
// in an "any", and go/types does not see into structs of packages.

func (r *rtype) Size() uintptr {
	if r.s == nil {
		return r.form.Size()
	}
	switch r.kind {
	case reflect.Array:
		return uintptr(r.Len()) * r.elem().Size()
	case reflect.Struct:
		return r.structure().size
	case reflect.Interface, reflect.String:
		return 2 * word
	case reflect.Slice:
		return 3 * word
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func:
		return word
	}
	return plain[r.kind].Size()
}

func (r *rtype) Align() int {
	if r.s == nil {
		return r.form.Align()
	}
	switch r.kind {
	case reflect.Array:
		return r.elem().Align()
	case reflect.Struct:
		return r.structure().align
	}
	if t, ok := plain[r.kind]; ok {
		return t.Align()
	}
	return int(word)
}

func (r *rtype) FieldAlign() int {
	if r.s == nil {
		return r.form.FieldAlign()
	}
	switch r.kind {
	case reflect.Array:
		return r.elem().FieldAlign()
	case reflect.Struct:
		return r.structure().align
	}
	if t, ok := plain[r.kind]; ok {
		return t.FieldAlign()
	}
	return int(word)
}

const word = 4 << (^uintptr(0) >> 63)

// layout is where the fields of a struct are.
type layout struct {
	offsets []uintptr
	size    uintptr
	align   int
}

func (r *rtype) structure() layout {
	l := layout{align: 1}
	u := r.t.Underlying().(*types.Struct)
	var at uintptr
	last := uintptr(1)
	for i := range u.NumFields() {
		f := r.field(i)
		a := f.FieldAlign()
		l.align = max(l.align, a)
		at = up(at, a)
		l.offsets = append(l.offsets, at)
		last = f.Size()
		at += last
	}
	if last == 0 && at > 0 { // a pointer to the last field must not point past the struct
		at++
	}
	l.size = up(at, l.align)
	return l
}

func up(n uintptr, align int) uintptr {
	a := uintptr(align)
	return (n + a - 1) / a * a
}
