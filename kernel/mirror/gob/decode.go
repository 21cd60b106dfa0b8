package gob

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"math/bits"
	"reflect"
	"sync"

	mirror "loupe/kernel/mirror"
)

// Decoder is gob.Decoder.
type Decoder struct {
	s     *Session
	mu    sync.Mutex
	r     io.Reader
	data  []byte // of the message that is being read, what is left of it
	wire  map[typeId]*wireType
	plans map[mirror.Type]map[typeId]*plan
	skips map[typeId]bool // ids that were found fit to be skipped
	depth int
	err   error
}

// NewDecoder is gob.NewDecoder.
func (s *Session) NewDecoder(r io.Reader) *Decoder {
	if _, ok := r.(io.ByteReader); !ok {
		r = bufio.NewReader(r)
	}
	return &Decoder{s: s, r: r, wire: map[typeId]*wireType{}, plans: map[mirror.Type]map[typeId]*plan{}, skips: map[typeId]bool{}}
}

var (
	errCount = errors.New("invalid message length")
	errUint  = errors.New("gob: encoded unsigned integer out of range")
	errType  = errors.New("gob: unknown type id or corrupted data")
	errRange = errors.New("gob: bad data: field numbers out of bounds")
)

// Decode reads a value into what v points to.
func (d *Decoder) Decode(v any) error {
	if v == nil {
		return d.DecodeValue(mirror.Value{})
	}
	x := mirror.ValueOf(v)
	if x.Kind() != reflect.Pointer {
		d.err = errors.New("gob: attempt to decode into a non-pointer")
		return d.err
	}
	return d.DecodeValue(x)
}

// DecodeValue reads a value into v, or skips it if v is not valid.
func (d *Decoder) DecodeValue(v mirror.Value) error {
	if v.IsValid() && !(v.Kind() == reflect.Pointer && !v.IsNil()) && !v.CanSet() {
		return errors.New("gob: DecodeValue of unassignable value")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.data, d.err = nil, nil
	if id := d.types(false); d.err == nil {
		d.value(id, v)
	}
	return d.err
}

// message reads the next message.
func (d *Decoder) message() bool {
	n, err := readUint(d.r)
	if err == nil && n >= tooBig {
		err = errCount
	}
	if err == nil {
		if d.data, err = readBytes(d.r, n); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	d.err = err
	return err == nil
}

// readBytes reads n bytes, which are perhaps not there.
func readBytes(r io.Reader, n uint64) ([]byte, error) {
	const chunk = 10 << 20
	if n <= chunk {
		b := make([]byte, n)
		_, err := io.ReadFull(r, b)
		return b, err
	}
	var b bytes.Buffer
	got, err := io.CopyN(&b, r, int64(n))
	if err == io.EOF && got > 0 {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}

// readUint reads a number.
func readUint(r io.Reader) (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		return 0, err
	}
	if b[0] <= 0x7f {
		return uint64(b[0]), nil
	}
	n := -int(int8(b[0]))
	if n > 8 {
		return 0, errUint
	}
	if _, err := io.ReadFull(r, b[:n]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	var x uint64
	for _, c := range b[:n] {
		x = x<<8 | uint64(c)
	}
	return x, nil
}

// next is a number of the message, read while types are.
func (d *Decoder) next() uint64 {
	r := bytes.NewReader(d.data)
	x, err := readUint(r)
	d.data = d.data[len(d.data)-r.Len():]
	if err != nil {
		d.err = err
	}
	return x
}

func signed(x uint64) int64 {
	i := int64(x >> 1)
	if x&1 != 0 {
		return ^i
	}
	return i
}

// types reads descriptions of types up to the number of a value's type.
func (d *Decoder) types(inside bool) typeId {
	for first := true; d.err == nil; first = false {
		if len(d.data) == 0 && !d.message() {
			if !first && d.err == io.EOF {
				d.err = io.ErrUnexpectedEOF
			}
			break
		}
		id := typeId(signed(d.next()))
		if id >= 0 {
			return id
		}
		d.describe(-id)
		if d.err != nil {
			break
		}
		if len(d.data) > 0 {
			if !inside {
				d.err = errors.New("extra data in buffer")
				break
			}
			d.next() // a length, which tells nothing
		}
	}
	return -1
}

// describe reads the description of a type.
func (d *Decoder) describe(id typeId) {
	if id < firstUse || d.wire[id] != nil {
		d.err = errors.New("gob: duplicate type received")
		return
	}
	w := new(wireType)
	if d.value(tWire, mirror.ValueOf(w)); d.err == nil {
		d.wire[id] = w
	}
}

// value reads a value of a type into v.
func (d *Decoder) value(id typeId, v mirror.Value) {
	defer caught(&d.err)
	if !v.IsValid() {
		d.skip(id)
		return
	}
	u := d.s.must(v.Type())
	p, err := d.plan(id, u)
	if err != nil {
		d.err = err
		return
	}
	v = allocated(v)
	if u.base.Kind() == reflect.Struct && u.dec == noMethods {
		if w := d.wire[id]; p.matched == 0 && u.base.NumField() > 0 && w != nil && len(w.StructT.Field) > 0 {
			fail("type mismatch: no fields matched compiling decoder for %s", u.base.Name())
		}
		d.structure(p, v)
		return
	}
	if d.uint() != 0 {
		fail("decode: corrupted data: non-zero delta for singleton")
	}
	d.into(p, v, u.user, errors.New(`value for "`+p.name+`" out of range`))
}

// skip reads a value that nobody wants.
func (d *Decoder) skip(id typeId) {
	d.skippable(id)
	if w := d.wire[id]; w != nil && w.StructT != nil {
		d.skipStruct(id)
		return
	}
	if d.uint() != 0 {
		fail("decode: corrupted data: non-zero delta for singleton")
	}
	d.skipValue(id)
}

// allocated is what v points to in the end, made where there is nothing.
func allocated(v mirror.Value) mirror.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(mirror.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// uint is the next number of a value.
func (d *Decoder) uint() uint64 {
	if len(d.data) == 0 {
		panic(failure{io.EOF})
	}
	c := d.data[0]
	d.data = d.data[1:]
	if c <= 0x7f {
		return uint64(c)
	}
	n := -int(int8(c))
	if n > 8 {
		panic(failure{errUint})
	}
	if len(d.data) < n {
		fail("invalid uint data length %d: exceeds input size %d", n, len(d.data))
	}
	var x uint64
	for _, c := range d.take(n) {
		x = x<<8 | uint64(c)
	}
	return x
}

func (d *Decoder) take(n int) []byte {
	b := d.data[:n]
	d.data = d.data[n:]
	return b
}

// length is a number of bytes that are there.
func (d *Decoder) length() (int, bool) {
	n := int(d.uint())
	if n < 0 || len(d.data) < n || tooBig <= n {
		return 0, false
	}
	return n, true
}

func (d *Decoder) float() float64 { return math.Float64frombits(bits.ReverseBytes64(d.uint())) }

// structure reads the fields of a struct.
func (d *Decoder) structure(p *plan, v mirror.Value) {
	number := -1
	for len(d.data) > 0 {
		delta := int(d.uint())
		if delta < 0 {
			fail("decode: corrupted data: negative delta")
		}
		if delta == 0 {
			return
		}
		if number >= len(p.fields)-delta {
			panic(failure{errRange})
		}
		number += delta
		f := p.fields[number]
		if f.index == nil {
			d.skipValue(f.id)
			continue
		}
		d.into(p, v.FieldByIndex(f.index), f.typ, outOfRange(f.wireName))
	}
}

func outOfRange(name string) error { return errors.New(`value for "` + name + `" out of range`) }

// into reads a value into v, of the type t. over is the error of a number that
// does not fit.
func (d *Decoder) into(p *plan, v mirror.Value, t mirror.Type, over error) {
	u := d.s.must(t)
	v = allocated(v)
	if u.dec != noMethods {
		d.byMethod(u, v)
		return
	}
	switch k := v.Kind(); {
	case k == reflect.Bool:
		v.SetBool(d.uint() != 0)
	case v.CanInt():
		i := signed(d.uint())
		if v.OverflowInt(i) {
			panic(failure{over})
		}
		v.SetInt(i)
	case v.CanUint():
		i := d.uint()
		if v.OverflowUint(i) {
			panic(failure{over})
		}
		v.SetUint(i)
	case v.CanFloat():
		f := d.float()
		if v.OverflowFloat(f) {
			panic(failure{over})
		}
		v.SetFloat(f)
	case v.CanComplex():
		re := d.float()
		if v.OverflowComplex(complex(re, 0)) {
			panic(failure{over})
		}
		im := d.float()
		if v.OverflowComplex(complex(0, im)) {
			panic(failure{over})
		}
		v.SetComplex(complex(re, im))
	case k == reflect.String:
		n, ok := d.length()
		if !ok {
			fail("bad %s slice length: %d", v.Type(), n)
		}
		v.SetString(string(d.take(n)))
	case k == reflect.Struct:
		inner, err := d.plan(p.parts[t].id, d.s.must(v.Type()))
		if err != nil {
			panic(failure{err})
		}
		d.structure(inner, v)
	case k == reflect.Interface:
		d.iface(v)
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		n, ok := d.length()
		if !ok {
			fail("bad %s slice length: %d", v.Type(), n)
		}
		if v.Cap() < n {
			v.Set(mirror.MakeSlice(v.Type(), n, n))
		} else {
			v.SetLen(n)
		}
		copy(v.Bytes(), d.take(n))
	case k == reflect.Slice:
		d.slice(p, v, outOfRange("element of "+p.parts[t].name))
	case k == reflect.Array:
		if n := d.uint(); n != uint64(v.Len()) {
			fail("length mismatch in decodeArray")
		}
		d.elements(p, v, v.Len(), outOfRange("element of "+p.parts[t].name))
	case k == reflect.Map:
		d.mapping(p, v, outOfRange(p.parts[t].name))
	default:
		fail("decode can't handle type %s", t)
	}
}

// elem is the type of an array's or slice's elements.
func (d *Decoder) elem(id typeId) typeId {
	w := d.described(id)
	if w.ArrayT != nil {
		return w.ArrayT.Elem
	}
	return w.SliceT.Elem
}

// described is the description of a type, one that every program knows too.
func (d *Decoder) described(id typeId) *wireType {
	if w := d.wire[id]; w != nil {
		return w
	}
	if 0 < id && id < firstUse && d.s.byID[id] != nil {
		return d.s.byID[id].wire
	}
	return nil
}

func (d *Decoder) slice(p *plan, v mirror.Value, over error) {
	u := d.uint()
	t := v.Type()
	size := uint64(t.Elem().Size())
	n, all := int(u), u*size
	if n < 0 || uint64(n) != u || all > tooBig || size > 0 && all/size != u {
		fail("%s slice too big: %d elements of %d bytes", t.Elem(), u, size)
	}
	if v.Cap() < n {
		first := n
		if const10M := uint64(10 << 20); all > const10M { // the elements are perhaps not there
			first = int(max(const10M/size, 1))
		}
		v.Set(mirror.MakeSlice(t, first, first))
	} else {
		v.SetLen(n)
	}
	d.elements(p, v, n, over)
}

func (d *Decoder) elements(p *plan, v mirror.Value, n int, over error) {
	t := v.Type().Elem()
	for i := range n {
		if len(d.data) == 0 {
			kind := ""
			if helped(v.Type()) {
				kind = t.Kind().String() + " "
			}
			fail("decoding %sarray or slice: length exceeds input size (%d elements)", kind, n)
		}
		if i >= v.Len() {
			v.Grow(1)
			v.SetLen(min(v.Cap(), n))
		}
		d.into(p, v.Index(i), t, over)
	}
}

// helped says whether encoding/gob reads slices or arrays of a type in one go.
func helped(t mirror.Type) bool {
	k := t.Elem().Kind()
	return (reflect.Bool <= k && k <= reflect.Complex128 || k == reflect.String) && k != reflect.Uint8 && t.Elem().PkgPath() == "" && t.Name() == ""
}

func (d *Decoder) mapping(p *plan, v mirror.Value, over error) {
	n := int(d.uint())
	t := v.Type()
	if v.IsNil() {
		v.Set(mirror.MakeMapWithSize(t, min(n, 1<<16)))
	}
	for range n {
		key, elem := mirror.New(t.Key()).Elem(), mirror.New(t.Elem()).Elem()
		d.into(p, key, t.Key(), over)
		d.into(p, elem, t.Elem(), over)
		v.SetMapIndex(key, elem)
	}
}

// iface reads what an interface holds.
func (d *Decoder) iface(v mirror.Value) {
	n := d.uint()
	if n > 1<<31 {
		fail("invalid type name length %d", n)
	}
	if n > uint64(len(d.data)) {
		fail("invalid type name length %d: exceeds input size", n)
	}
	name := string(d.take(int(n)))
	if name == "" {
		v.SetZero()
		return
	}
	if len(name) > 1024 {
		fail("name too long (%d bytes): %.20q...", len(name), name)
	}
	found, ok := d.s.names.Load(name)
	if !ok {
		fail("name not registered for interface: %q", name)
	}
	t := found.(mirror.Type)
	id := d.types(true)
	if id < 0 {
		panic(failure{d.err})
	}
	d.uint() // how many bytes there are
	x := mirror.New(t).Elem()
	if d.value(id, x); d.err != nil {
		panic(failure{d.err})
	}
	if !t.AssignableTo(v.Type()) {
		fail("%s is not assignable to type %s", t, v.Type())
	}
	v.Set(x)
}

// byMethod lets a value read itself.
func (d *Decoder) byMethod(u *userType, v mirror.Value) {
	n, ok := d.length()
	if !ok {
		fail("GobDecoder: length too large for buffer")
	}
	name := "GobDecode"
	if u.dec == binaryMethods {
		name = "UnmarshalBinary"
	}
	m := v.MethodByName(name)
	if !m.IsValid() {
		m = v.Addr().MethodByName(name)
	}
	if err := mirror.Error(m.Call([]mirror.Value{mirror.ValueOf(d.take(n))})[0]); err != nil {
		panic(failure{err})
	}
}
