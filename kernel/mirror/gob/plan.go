package gob

import (
	"errors"
	"go/token"
	"reflect"

	mirror "loupe/kernel/mirror"
)

// plan is how values of a remote type go into a local one. It is made before
// anything of a value is read, and fails if the two do not fit.
type plan struct {
	name    string // of the local type
	fields  []planField
	matched int
	parts   map[mirror.Type]part
}

// part is how values of a local type inside of the planned one are read: as
// where it is met first, whatever the remote type is elsewhere.
type part struct {
	id   typeId
	name string // what errors call it
}

// planField is where a field of a remote struct goes; nowhere without an index.
type planField struct {
	id       typeId
	index    []int
	typ      mirror.Type
	name     string
	wireName string
}

// plan finds or makes a plan.
func (d *Decoder) plan(id typeId, u *userType) (*plan, error) {
	of := d.plans[u.user]
	if of == nil {
		of = map[typeId]*plan{}
		d.plans[u.user] = of
	}
	if p := of[id]; p != nil {
		return p, nil
	}
	p := &plan{name: u.user.String(), parts: map[mirror.Type]part{}}
	of[id] = p // of a type that is made of itself
	if err := d.make(p, id, u); err != nil {
		delete(of, id)
		return nil, err
	}
	return p, nil
}

func (d *Decoder) make(p *plan, id typeId, u *userType) (err error) {
	defer caught(&err)
	if u.base.Kind() != reflect.Struct || u.dec != noMethods {
		if d.fits(u.user, id, map[mirror.Type]typeId{}) {
			d.readable(p, id, u.user, p.name)
			return nil
		}
		remote := d.text(id)
		if u.base.Kind() == reflect.Interface && id != tInterface {
			return errors.New("gob: local interface type " + p.name + " can only be decoded from remote interface type; received concrete type " + remote)
		}
		return errors.New("gob: decoding into local type " + p.name + ", received remote type " + remote)
	}
	w := d.described(id)
	if w == nil && !d.predeclared(id) {
		panic(failure{errType})
	}
	if w == nil || w.StructT == nil {
		fail("type mismatch in decoder: want struct type %s; got non-struct", u.base)
	}
	for _, f := range w.StructT.Field {
		if f.Name == "" {
			fail("empty name for remote field of type %s", w.StructT.Name)
		}
		local, ok := u.base.FieldByName(f.Name)
		if !ok || !token.IsExported(f.Name) {
			d.skippable(f.Id)
			p.fields = append(p.fields, planField{id: f.Id})
			continue
		}
		if !d.fits(local.Type, f.Id, map[mirror.Type]typeId{}) {
			fail("wrong type (%s) for received field %s.%s", local.Type, w.StructT.Name, f.Name)
		}
		d.readable(p, f.Id, local.Type, local.Name)
		p.fields = append(p.fields, planField{f.Id, local.Index, local.Type, local.Name, f.Name})
		p.matched++
	}
	return nil
}

// predeclared says whether every program knows a type.
func (d *Decoder) predeclared(id typeId) bool {
	return 0 < id && id < firstUse && d.s.byID[id] != nil
}

// text describes a remote type.
func (d *Decoder) text(id typeId) string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if 0 < id && int(id) < len(d.s.byID) && d.s.byID[id] != nil {
		return d.s.text(id, map[typeId]bool{})
	}
	return d.wire[id].name()
}

// readable notes the parts of a type, and makes the plans of the structs among
// them.
func (d *Decoder) readable(p *plan, id typeId, t mirror.Type, name string) {
	u := d.s.must(t)
	if _, noted := p.parts[t]; u.dec != noMethods || noted {
		return
	}
	switch b := u.base; b.Kind() {
	case reflect.Struct, reflect.Array, reflect.Slice, reflect.Map:
		p.parts[t] = part{id, name}
	}
	switch b := u.base; b.Kind() {
	case reflect.Struct:
		if _, err := d.plan(id, d.s.must(b)); err != nil {
			panic(failure{err})
		}
	case reflect.Array:
		d.readable(p, d.elem(id), b.Elem(), "element of "+name)
	case reflect.Slice:
		if b.Elem().Kind() != reflect.Uint8 {
			d.readable(p, d.elem(id), b.Elem(), "element of "+name)
		}
	case reflect.Map:
		m := d.described(id).MapT
		d.readable(p, m.Key, b.Key(), "key of "+name)
		d.readable(p, m.Elem, b.Elem(), "element of "+name)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		fail("decode can't handle type %s", t)
	}
}

// fits says whether a remote type can be read into a local one. Structs are
// looked into by their plans.
func (d *Decoder) fits(t mirror.Type, id typeId, open map[mirror.Type]typeId) bool {
	if was, ok := open[t]; ok {
		return was == id
	}
	open[t] = id
	u := d.s.must(t)
	w := d.wire[id]
	if (u.dec == gobMethods) != (w != nil && w.GobEncoderT != nil) || (u.dec == binaryMethods) != (w != nil && w.BinaryMarshalerT != nil) || w != nil && w.TextMarshalerT != nil {
		return false
	}
	if u.dec != noMethods {
		return true
	}
	switch b, k := u.base, u.base.Kind(); {
	case k == reflect.Bool:
		return id == tBool
	case reflect.Int <= k && k <= reflect.Int64:
		return id == tInt
	case reflect.Uint <= k && k <= reflect.Uintptr:
		return id == tUint
	case k == reflect.Float32, k == reflect.Float64:
		return id == tFloat
	case k == reflect.Complex64, k == reflect.Complex128:
		return id == tComplex
	case k == reflect.String:
		return id == tString
	case k == reflect.Interface:
		return id == tInterface
	case k == reflect.Struct:
		return true
	case k == reflect.Array:
		return w != nil && w.ArrayT != nil && w.ArrayT.Len == b.Len() && d.fits(b.Elem(), w.ArrayT.Elem, open)
	case k == reflect.Map:
		return w != nil && w.MapT != nil && d.fits(b.Key(), w.MapT.Key, open) && d.fits(b.Elem(), w.MapT.Elem, open)
	case k == reflect.Slice:
		if b.Elem().Kind() == reflect.Uint8 {
			return id == tBytes
		}
		w = d.described(id)
		return w != nil && w.SliceT != nil && d.fits(d.s.must(b.Elem()).base, w.SliceT.Elem, open)
	}
	return false
}

// maxDepth is how deep types that are skipped may be nested.
const maxDepth = 10000

// skippable fails for a type that cannot be skipped.
func (d *Decoder) skippable(id typeId) {
	d.depth++
	defer func() { d.depth-- }()
	if d.depth > maxDepth {
		panic(failure{errors.New("invalid nesting depth")})
	}
	if tBool <= id && id <= tInterface || d.skips[id] {
		return
	}
	w := d.wire[id]
	if w == nil {
		fail("bad data: undefined type %s", d.numbered(id))
	}
	d.skips[id] = true
	ok := false
	defer func() {
		if !ok {
			delete(d.skips, id)
		}
	}()
	switch {
	case w.ArrayT != nil:
		d.skippable(w.ArrayT.Elem)
	case w.MapT != nil:
		d.skippable(w.MapT.Key)
		d.skippable(w.MapT.Elem)
	case w.SliceT != nil:
		d.skippable(w.SliceT.Elem)
	case w.StructT != nil:
		for _, f := range w.StructT.Field {
			if f.Name == "" {
				fail("empty name for remote field of type %s", w.StructT.Name)
			}
			d.skippable(f.Id)
		}
	case w.common() == nil:
		fail("bad data: ignore can't handle type %s", d.numbered(id))
	}
	ok = true
}

// numbered describes the session's own type of a number.
func (d *Decoder) numbered(id typeId) string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.s.text(id, map[typeId]bool{})
}

// skipValue reads a value that nobody wants, of a type that can be skipped.
func (d *Decoder) skipValue(id typeId) {
	switch id {
	case tBool, tInt, tUint, tFloat:
		d.uint()
		return
	case tComplex:
		d.uint()
		d.uint()
		return
	case tBytes, tString:
		n, ok := d.length()
		if !ok {
			fail("slice length too large")
		}
		d.take(n)
		return
	case tInterface:
		d.skipInterface()
		return
	}
	switch w := d.wire[id]; {
	case w.ArrayT != nil:
		if n := d.uint(); n != uint64(w.ArrayT.Len) {
			fail("length mismatch in ignoreArray")
		}
		d.skipElements(w.ArrayT.Elem, w.ArrayT.Len)
	case w.SliceT != nil:
		d.skipElements(w.SliceT.Elem, int(d.uint()))
	case w.MapT != nil:
		for range int(d.uint()) {
			d.skipValue(w.MapT.Key)
			d.skipValue(w.MapT.Elem)
		}
	case w.StructT != nil:
		d.skipStruct(id)
	default:
		n, ok := d.length()
		if !ok {
			fail("GobDecoder: length too large for buffer")
		}
		d.take(n)
	}
}

func (d *Decoder) skipElements(elem typeId, n int) {
	for range n {
		if len(d.data) == 0 {
			fail("decoding array or slice: length exceeds input size (%d elements)", n)
		}
		d.skipValue(elem)
	}
}

func (d *Decoder) skipStruct(id typeId) {
	fields := d.wire[id].StructT.Field
	number := -1
	for len(d.data) > 0 {
		delta := int(d.uint())
		if delta < 0 {
			fail("ignore decode: corrupted data: negative delta")
		}
		if delta == 0 {
			return
		}
		if number += delta; number < 0 || number >= len(fields) {
			panic(failure{errRange})
		}
		d.skipValue(fields[number].Id)
	}
}

func (d *Decoder) skipInterface() {
	n, ok := d.length()
	if !ok {
		fail("bad interface encoding: name too large for buffer")
	}
	d.take(n)
	if id := d.types(true); id < 0 {
		panic(failure{d.err})
	}
	if n, ok = d.length(); !ok {
		fail("bad interface encoding: data length too large for buffer")
	}
	d.take(n)
}
