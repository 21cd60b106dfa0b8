package reflect

import (
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"unicode"
	"unsafe"
)

// PointerTo is the type of pointers to t.
func PointerTo(t Type) Type { return pointerTo(t.(*rtype)) }

// PtrTo is PointerTo.
func PtrTo(t Type) Type { return PointerTo(t) }

func pointerTo(r *rtype) *rtype {
	if r.s == nil {
		return native(reflect.PointerTo(r.form))
	}
	return r.derived(&r.pointer, func() types.Type { return types.NewPointer(r.t) })
}

// derived is a type that is made of r, kept in a field of r.
func (r *rtype) derived(kept **rtype, make func() types.Type) *rtype {
	r.mu.Lock()
	defer r.mu.Unlock()
	if *kept == nil {
		*kept = r.s.made(make(), nil)
	}
	return *kept
}

// SliceOf is the type of slices of t.
func SliceOf(t Type) Type { return sliceOf(t.mirror()) }

func sliceOf(r *rtype) *rtype {
	if r.s == nil {
		return native(reflect.SliceOf(r.form))
	}
	return r.derived(&r.slice, func() types.Type { return types.NewSlice(r.t) })
}

// ArrayOf is the type of arrays of t.
func ArrayOf(length int, elem Type) Type {
	if length < 0 {
		fail("reflect: negative length passed to ArrayOf")
	}
	r := elem.mirror()
	if size := r.Size(); size > 0 && uintptr(length) > ^uintptr(0)/size {
		fail("reflect.ArrayOf: array size would exceed virtual address space")
	}
	if r.s == nil {
		return native(reflect.ArrayOf(length, r.form))
	}
	return r.s.made(types.NewArray(r.t, int64(length)), nil)
}

// ChanOf is the type of channels of t.
func ChanOf(dir ChanDir, t Type) Type {
	r := t.mirror()
	if r.Size() >= 1<<16 {
		fail("reflect.ChanOf: element size too large")
	}
	d, ok := map[ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.SendDir: types.SendOnly, reflect.RecvDir: types.RecvOnly}[dir]
	if !ok {
		fail("reflect.ChanOf: invalid dir")
	}
	if r.s == nil {
		return native(reflect.ChanOf(dir, r.form))
	}
	return r.s.made(types.NewChan(d, r.t), nil)
}

// MapOf is the type of maps from key to elem.
func MapOf(key, elem Type) Type {
	k, e := key.mirror(), elem.mirror()
	if !k.Comparable() {
		fail("reflect.MapOf: invalid key type " + k.String())
	}
	s := space(k, e)
	if s == nil {
		return native(reflect.MapOf(k.form, e.form))
	}
	return s.made(types.NewMap(k.mustStatic(s, "reflect.MapOf"), e.mustStatic(s, "reflect.MapOf")), nil)
}

// FuncOf is the type of functions with parameters and results.
func FuncOf(in, out []Type, variadic bool) Type {
	if variadic && (len(in) == 0 || in[len(in)-1].Kind() != reflect.Slice) {
		fail("reflect.FuncOf: last arg of variadic func must be slice")
	}
	if len(in)+len(out) > 128 {
		fail("reflect.FuncOf: too many arguments")
	}
	var s *Space
	for _, list := range [][]Type{in, out} {
		for _, t := range list {
			if r := t.mirror(); r.s != nil {
				s = r.s
			}
		}
	}
	if s == nil {
		forms := func(list []Type) (out []reflect.Type) {
			for _, t := range list {
				out = append(out, t.mirror().form)
			}
			return out
		}
		return native(reflect.FuncOf(forms(in), forms(out), variadic))
	}
	tuple := func(list []Type) *types.Tuple {
		var vars []*types.Var
		for _, t := range list {
			vars = append(vars, types.NewParam(token.NoPos, nil, "", t.mirror().mustStatic(s, "reflect.FuncOf")))
		}
		return types.NewTuple(vars...)
	}
	return s.made(types.NewSignatureType(nil, nil, nil, tuple(in), tuple(out), variadic), nil)
}

// StructOf is the type of structs with the fields: one that a cell could have
// written.
func (s *Space) StructOf(pkg *types.Package, fields []StructField) Type {
	var vars []*types.Var
	var tags []string
	var forms []reflect.StructField
	names := map[string]bool{}
	for i, f := range fields {
		switch {
		case f.Name == "":
			fail("reflect.StructOf: field " + strconv.Itoa(i) + " has no name")
		case !isIdentifier(f.Name):
			fail("reflect.StructOf: field " + strconv.Itoa(i) + " has invalid name")
		case f.Type == nil:
			fail("reflect.StructOf: field " + strconv.Itoa(i) + " has no type")
		case f.Anonymous && f.PkgPath != "":
			fail("reflect.StructOf: field \"" + f.Name + "\" is anonymous but has PkgPath set")
		case !token.IsExported(f.Name) && f.PkgPath == "":
			fail("reflect.StructOf: field \"" + f.Name + "\" is unexported but missing PkgPath")
		case f.Anonymous:
			refuse("reflect.StructOf with an embedded field")
		case f.PkgPath != "" && f.PkgPath != pkg.Path():
			refuse("reflect.StructOf with a field of package " + f.PkgPath)
		case names[f.Name] && f.Name != "_":
			fail("reflect.StructOf: duplicate field " + f.Name)
		}
		names[f.Name] = true
		r := f.Type.mirror()
		vars = append(vars, types.NewField(token.NoPos, pkg, f.Name, r.mustStatic(s, "reflect.StructOf"), false))
		tags = append(tags, string(f.Tag))
		forms = append(forms, reflect.StructField{Name: formName(f.Name, i), Type: r.place(), Tag: f.Tag})
	}
	t := types.NewStruct(vars, tags)
	form := s.Form(t)
	if form == nil {
		form = reflect.StructOf(forms)
	}
	return s.made(t, form)
}

// formName is what the interpreter calls a field.
func formName(name string, i int) string {
	switch {
	case name == "_":
		return "Xblank__" + strconv.Itoa(i)
	case !token.IsExported(name):
		return "X" + name
	}
	return name
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if !(c == '_' || unicode.IsLetter(c) || i > 0 && unicode.IsDigit(c)) {
			return false
		}
	}
	return s != ""
}

// Zero is the zero value of a type.
func Zero(typ Type) Value {
	if typ == nil {
		fail("reflect: Zero(nil)")
	}
	r := typ.mirror()
	return Value{t: r, v: reflect.Zero(r.place())}
}

// New is a pointer to a new zero value of a type.
func New(typ Type) Value {
	if typ == nil {
		fail("reflect: New(nil)")
	}
	r := typ.mirror()
	Room(1, int(r.Size()))
	return Value{t: pointerTo(r), v: reflect.New(r.place())}
}

// NewAt is refused: there are no unsafe pointers in cells.
func NewAt(Type, unsafe.Pointer) Value {
	refuse("reflect.NewAt")
	return Value{}
}

// SliceAt is refused: there are no unsafe pointers in cells.
func SliceAt(Type, unsafe.Pointer, int) Value {
	refuse("reflect.SliceAt")
	return Value{}
}

// MakeSlice is a new slice.
func MakeSlice(typ Type, length, capacity int) Value {
	switch {
	case typ.Kind() != reflect.Slice:
		fail("reflect.MakeSlice of non-slice type")
	case length < 0:
		fail("reflect.MakeSlice: negative len")
	case capacity < 0:
		fail("reflect.MakeSlice: negative cap")
	case length > capacity:
		fail("reflect.MakeSlice: len > cap")
	}
	r := typ.mirror()
	Room(capacity, int(r.elem().Size()))
	return Value{t: r, v: reflect.MakeSlice(r.shape(), length, capacity)}
}

// MakeChan is a new channel.
func MakeChan(typ Type, buffer int) Value {
	switch {
	case typ.Kind() != reflect.Chan:
		fail("reflect.MakeChan of non-chan type")
	case buffer < 0:
		fail("reflect.MakeChan: negative buffer size")
	case typ.ChanDir() != reflect.BothDir:
		fail("reflect.MakeChan: unidirectional channel type")
	}
	r := typ.mirror()
	Room(buffer, int(r.elem().Size()))
	return Value{t: r, v: reflect.MakeChan(r.shape(), buffer)}
}

// MakeMap is a new map.
func MakeMap(typ Type) Value { return MakeMapWithSize(typ, 0) }

// MakeMapWithSize is a new map with room for n elements.
func MakeMapWithSize(typ Type, n int) Value {
	if typ.Kind() != reflect.Map {
		fail("reflect.MakeMapWithSize of non-map type")
	}
	r := typ.mirror()
	if n > 0 {
		Room(n, int(r.key().Size()+r.elem().Size()))
	}
	return Value{t: r, v: reflect.MakeMapWithSize(r.shape(), n)}
}
