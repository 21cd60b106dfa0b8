package gob

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
	"reflect"
	"sync"

	mirror "loupe/kernel/mirror"
)

// tooBig is how long a message may not be.
const tooBig = (1 << 30) << (^uint(0) >> 62)

// room is left at the beginning of a message for its length.
const room = 9

// buffer is a message that is being written.
type buffer struct{ b []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.b = append(b.b, p...)
	return len(p), nil
}

func (b *buffer) reset() { b.b = append(b.b[:0], make([]byte, room)...) }

func (b *buffer) uint(x uint64) { b.b = appendUint(b.b, x) }

func (b *buffer) int(x int64) {
	u := uint64(x) << 1
	if x < 0 {
		u = ^u
	}
	b.uint(u)
}

func (b *buffer) float(f float64) { b.uint(bits.ReverseBytes64(math.Float64bits(f))) }

func (b *buffer) text(s string) {
	b.uint(uint64(len(s)))
	b.b = append(b.b, s...)
}

// appendUint appends a number: itself if it is small, else how many bytes it
// has, negated, and the bytes.
func appendUint(b []byte, x uint64) []byte {
	if x <= 0x7f {
		return append(b, byte(x))
	}
	n := 8 - bits.LeadingZeros64(x)/8
	return append(append(b, byte(-n)), binary.BigEndian.AppendUint64(nil, x)[8-n:]...)
}

// Encoder is gob.Encoder.
type Encoder struct {
	s    *Session
	mu   sync.Mutex
	w    []io.Writer // the innermost last: an interface's value goes into the message around it
	sent map[mirror.Type]typeId
	good map[mirror.Type]bool // types that were found fit to be encoded
	err  error
}

// NewEncoder is gob.NewEncoder.
func (s *Session) NewEncoder(w io.Writer) *Encoder {
	return &Encoder{s: s, w: []io.Writer{w}, sent: map[mirror.Type]typeId{}, good: map[mirror.Type]bool{}}
}

// Encode sends a value.
func (e *Encoder) Encode(v any) error { return e.EncodeValue(mirror.ValueOf(v)) }

// EncodeValue sends a value.
func (e *Encoder) EncodeValue(v mirror.Value) error {
	if !v.IsValid() {
		return errors.New("gob: cannot encode nil value")
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		panic("gob: cannot encode nil pointer of type " + v.Type().String())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.w = e.w[:1]
	u, err := e.s.userType(v.Type())
	if err != nil {
		return err
	}
	e.err = nil
	b := &buffer{}
	b.reset()
	e.describe(b, u)
	b.int(int64(e.sent[u.base]))
	if e.err != nil {
		return e.err
	}
	e.encode(b, v, u)
	if e.err == nil {
		e.send(e.writer(), b)
	}
	return e.err
}

func (e *Encoder) writer() io.Writer { return e.w[len(e.w)-1] }

func (e *Encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// send writes a message and begins another.
func (e *Encoder) send(w io.Writer, b *buffer) {
	n := len(b.b) - room
	if n >= tooBig {
		e.fail(errors.New("gob: encoder: message too big"))
		return
	}
	head := appendUint(nil, uint64(n))
	at := room - len(head)
	copy(b.b[at:], head)
	_, err := w.Write(b.b[at:])
	b.reset()
	if err != nil {
		e.fail(err)
	}
}

// describe sends what describes a type, unless it was sent.
func (e *Encoder) describe(b *buffer, u *userType) {
	t := u.base
	if u.enc != noMethods {
		t = u.user
	}
	if _, sent := e.sent[t]; sent || e.sendType(b, t) || e.err != nil {
		return
	}
	info, err := e.s.info(u)
	if err != nil {
		e.fail(err)
		return
	}
	e.sent[t] = info.id
}

// sendType sends the description of a type that has one.
func (e *Encoder) sendType(b *buffer, t mirror.Type) bool {
	u := e.s.must(t)
	if u.enc == noMethods {
		switch u.base.Kind() {
		case reflect.Slice:
			if u.base.Elem().Kind() == reflect.Uint8 {
				return false
			}
		case reflect.Array, reflect.Map, reflect.Struct:
		default:
			return false
		}
	}
	if _, sent := e.sent[u.base]; sent {
		return false
	}
	info, err := e.s.info(u)
	if err != nil {
		e.fail(err)
		return false
	}
	b.int(-int64(info.id))
	w := mirror.ValueOf(info.wire)
	e.encode(b, w, e.s.must(w.Type()))
	e.send(e.writer(), b)
	if e.err != nil {
		return false
	}
	e.sent[u.base] = info.id
	if u.user != u.base {
		e.sent[u.user] = info.id
	}
	switch t := u.base; t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				e.sendType(b, f.Type)
			}
		}
	case reflect.Array, reflect.Slice:
		e.sendType(b, t.Elem())
	case reflect.Map:
		e.sendType(b, t.Key())
		e.sendType(b, t.Elem())
	}
	return true
}

// encode writes a value by itself, whose type was described.
func (e *Encoder) encode(b *buffer, v mirror.Value, u *userType) {
	defer caught(&e.err)
	e.check(u)
	n := u.indir
	if u.enc != noMethods {
		n = u.encAt
	}
	for range max(n, 0) {
		v = mirror.Indirect(v)
	}
	switch {
	case !v.IsValid():
	case u.enc == noMethods && v.Kind() == reflect.Struct:
		e.structure(b, v)
	default:
		b.uint(0)
		if u.enc != noMethods {
			e.byMethod(b, u, v)
		} else {
			e.value(b, v)
		}
	}
}

// check fails for types with a part that cannot be encoded.
func (e *Encoder) check(u *userType) {
	if u.enc != noMethods || e.good[u.base] {
		return
	}
	e.good[u.base] = true // of a type that is made of itself
	defer func() {
		if r := recover(); r != nil {
			delete(e.good, u.base)
			panic(r)
		}
	}()
	if _, err := e.s.info(u); err != nil {
		panic(failure{err})
	}
	switch t := u.base; t.Kind() {
	case reflect.Struct:
		sent := 0
		for i := range t.NumField() {
			if f := t.Field(i); isSent(f) {
				e.check(e.s.must(f.Type))
				sent++
			}
		}
		if t.NumField() > 0 && sent == 0 {
			fail("type %s has no exported fields", t)
		}
	case reflect.Array:
		e.check(e.s.must(t.Elem()))
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			e.check(e.s.must(t.Elem()))
		}
	case reflect.Map:
		e.check(e.s.must(t.Key()))
		e.check(e.s.must(t.Elem()))
	}
}

// structure writes the fields of a struct that are not zero, each after the
// distance to its number.
func (e *Encoder) structure(b *buffer, v mirror.Value) {
	t := v.Type()
	last, number := -1, -1
	for i := range t.NumField() {
		f := t.Field(i)
		if !isSent(f) {
			continue
		}
		number++
		u := e.s.must(f.Type)
		n := u.indir
		if u.enc != noMethods {
			n = u.encAt
		}
		x, ok := pointed(v.Field(i), n)
		if !ok || e.omitted(u, x) {
			continue
		}
		b.uint(uint64(number - last))
		last = number
		if u.enc != noMethods {
			e.byMethod(b, u, x)
		} else {
			e.value(b, x)
		}
	}
	b.uint(0)
}

// pointed follows n pointers; ok is false at a nil.
func pointed(v mirror.Value, n int) (x mirror.Value, ok bool) {
	for range n {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	return v, n <= 0 || v.Kind() != reflect.Pointer || !v.IsNil()
}

// omitted says whether a field is not sent because it is zero.
func (e *Encoder) omitted(u *userType, v mirror.Value) bool {
	if u.enc != noMethods {
		return e.receiver(u, v).IsZero()
	}
	switch k := v.Kind(); k {
	case reflect.Struct, reflect.Array:
		return false
	case reflect.Slice:
		return v.Len() == 0
	case reflect.Float32, reflect.Float64:
		return v.Float() == 0
	case reflect.Complex64, reflect.Complex128:
		return v.Complex() == 0
	}
	return v.IsZero()
}

// value writes a value of a type without methods of its own for it.
func (e *Encoder) value(b *buffer, v mirror.Value) {
	switch k := v.Kind(); {
	case k == reflect.Bool:
		if v.Bool() {
			b.uint(1)
		} else {
			b.uint(0)
		}
	case v.CanInt():
		b.int(v.Int())
	case v.CanUint():
		b.uint(v.Uint())
	case v.CanFloat():
		b.float(v.Float())
	case v.CanComplex():
		c := v.Complex()
		b.float(real(c))
		b.float(imag(c))
	case k == reflect.String:
		b.text(v.String())
	case k == reflect.Struct:
		e.structure(b, v)
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		b.text(string(v.Bytes()))
	case k == reflect.Slice, k == reflect.Array:
		b.uint(uint64(v.Len()))
		u := e.s.must(v.Type().Elem())
		for i := range v.Len() {
			e.element(b, u, v.Index(i), "encodeArray: nil element")
		}
	case k == reflect.Map:
		b.uint(uint64(v.Len()))
		key, elem := e.s.must(v.Type().Key()), e.s.must(v.Type().Elem())
		for i := v.MapRange(); i.Next(); {
			e.element(b, key, i.Key(), "encodeReflectValue: nil element")
			e.element(b, elem, i.Value(), "encodeReflectValue: nil element")
		}
	case k == reflect.Interface:
		e.iface(b, v)
	}
}

// element writes a part that is sent even if it is zero.
func (e *Encoder) element(b *buffer, u *userType, v mirror.Value, isNil string) {
	n := u.indir
	if u.enc != noMethods {
		n = u.encAt
	}
	x, ok := pointed(v, n)
	switch {
	case !ok:
		fail("%s", isNil)
	case u.enc != noMethods:
		e.byMethod(b, u, x)
	default:
		e.value(b, x)
	}
}

// receiver is the value with the methods.
func (e *Encoder) receiver(u *userType, v mirror.Value) mirror.Value {
	if u.encAt < 0 {
		if !v.CanAddr() {
			fail("unaddressable value of type %s", mirror.PointerTo(u.user))
		}
		return v.Addr()
	}
	return v
}

// byMethod writes what a value's own method makes of it.
func (e *Encoder) byMethod(b *buffer, u *userType, v mirror.Value) {
	name := "GobEncode"
	if u.enc == binaryMethods {
		name = "MarshalBinary"
	}
	out := e.receiver(u, v).MethodByName(name).Call(nil)
	if err := mirror.Error(out[1]); err != nil {
		panic(failure{err})
	}
	b.text(string(out[0].Bytes()))
}

// iface writes what an interface holds: the name of its type, the type if it
// was not described, and the value as a message of its own.
func (e *Encoder) iface(b *buffer, v mirror.Value) {
	x := v.Elem()
	if x.Kind() == reflect.Pointer && x.IsNil() {
		fail("gob: cannot encode nil pointer of type %s inside interface", x.Type())
	}
	if !x.IsValid() {
		b.uint(0)
		return
	}
	u := e.s.must(x.Type())
	name, ok := e.s.of.Load(u.base)
	if !ok {
		fail("type not registered for interface: %s", u.base)
	}
	b.text(name.(string))
	e.describe(b, u)
	b.int(int64(e.sent[u.base]))
	e.w = append(e.w, b)
	data := &buffer{}
	data.reset()
	e.encode(data, x, u)
	if e.err != nil {
		panic(failure{e.err})
	}
	e.w = e.w[:len(e.w)-1]
	e.send(b, data)
	if e.err != nil {
		panic(failure{e.err})
	}
}
