package gob

import (
	"encoding"
	"fmt"
	"reflect"

	mirror "loupe/kernel/mirror"
)

// typeId is the number of a type on the wire.
type typeId int32

// The numbers that every program knows.
const (
	tBool typeId = iota + 1
	tInt
	tUint
	tFloat
	tBytes
	tString
	tComplex
	tInterface
	tWire    typeId = 16
	firstUse typeId = 64 // of a program's own types
)

// What describes a type on the wire. Their names are the format's.

type CommonType struct {
	Name string
	Id   typeId
}

type arrayType struct {
	CommonType
	Elem typeId
	Len  int
}

type sliceType struct {
	CommonType
	Elem typeId
}

type fieldType struct {
	Name string
	Id   typeId
}

type structType struct {
	CommonType
	Field []fieldType
}

type mapType struct {
	CommonType
	Key  typeId
	Elem typeId
}

type gobEncoderType struct {
	CommonType
}

type wireType struct {
	ArrayT           *arrayType
	SliceT           *sliceType
	StructT          *structType
	MapT             *mapType
	GobEncoderT      *gobEncoderType
	BinaryMarshalerT *gobEncoderType
	TextMarshalerT   *gobEncoderType
}

// common is the part that all of them have; nil if w describes nothing.
func (w *wireType) common() *CommonType {
	switch {
	case w == nil:
	case w.ArrayT != nil:
		return &w.ArrayT.CommonType
	case w.SliceT != nil:
		return &w.SliceT.CommonType
	case w.StructT != nil:
		return &w.StructT.CommonType
	case w.MapT != nil:
		return &w.MapT.CommonType
	case w.GobEncoderT != nil:
		return &w.GobEncoderT.CommonType
	case w.BinaryMarshalerT != nil:
		return &w.BinaryMarshalerT.CommonType
	case w.TextMarshalerT != nil:
		return &w.TextMarshalerT.CommonType
	}
	return nil
}

// name is the type's name.
func (w *wireType) name() string {
	if c := w.common(); c != nil {
		return c.Name
	}
	return "unknown type"
}

// gobType is a type as the session knows it: a predeclared one, which has no
// description, or one with a description.
type gobType struct {
	CommonType
	wire *wireType
}

// describe gives the description the number.
func (t *gobType) number(id typeId) {
	t.Id = id
	if c := t.wire.common(); c != nil {
		c.Id = id
	}
}

// text describes a type in errors.
func (s *Session) text(id typeId, seen map[typeId]bool) string {
	if id <= 0 || int(id) >= len(s.byID) || s.byID[id] == nil {
		return "<nil>"
	}
	t := s.byID[id]
	w := t.wire
	if w == nil || w.GobEncoderT != nil || w.BinaryMarshalerT != nil {
		return t.Name
	}
	if seen[id] {
		return t.Name
	}
	seen[id] = true
	switch {
	case w.ArrayT != nil:
		return fmt.Sprintf("[%d]%s", w.ArrayT.Len, s.text(w.ArrayT.Elem, seen))
	case w.SliceT != nil:
		return "[]" + s.text(w.SliceT.Elem, seen)
	case w.MapT != nil:
		key := s.text(w.MapT.Key, seen)
		return fmt.Sprintf("map[%s]%s", key, s.text(w.MapT.Elem, seen))
	}
	text := t.Name + " = struct { "
	for _, f := range w.StructT.Field {
		text += fmt.Sprintf("%s %s; ", f.Name, s.text(f.Id, seen))
	}
	return text + "}"
}

// external says which methods encode a type by itself.
type external int

const (
	noMethods external = iota
	gobMethods
	binaryMethods
)

// userType is a type with what gob finds out about it.
type userType struct {
	user, base   mirror.Type // as it is, and what it points to in the end
	indir        int         // how many pointers there are between
	enc, dec     external
	encAt, decAt int // how many pointers to the one with the methods; -1 for its address
}

var (
	gobEncoder      = mirror.TypeOf((*GobEncoder)(nil)).Elem()
	gobDecoder      = mirror.TypeOf((*GobDecoder)(nil)).Elem()
	binaryMarshaler = mirror.TypeOf((*encoding.BinaryMarshaler)(nil)).Elem()
	binaryDecoder   = mirror.TypeOf((*encoding.BinaryUnmarshaler)(nil)).Elem()
)

// GobEncoder is gob.GobEncoder.
type GobEncoder interface {
	GobEncode() ([]byte, error)
}

// GobDecoder is gob.GobDecoder.
type GobDecoder interface {
	GobDecode([]byte) error
}

func (s *Session) userType(t mirror.Type) (*userType, error) {
	if u, ok := s.users.Load(t); ok {
		return u.(*userType), nil
	}
	u := &userType{user: t, base: t}
	for seen := map[mirror.Type]bool{}; u.base.Kind() == reflect.Pointer; u.indir++ {
		if seen[u.base] {
			return nil, fmt.Errorf("can't represent recursive pointer type %s", u.base)
		}
		seen[u.base] = true
		u.base = u.base.Elem()
	}
	var ok bool
	if u.encAt, ok = implements(t, gobEncoder); ok {
		u.enc = gobMethods
	} else if u.encAt, ok = implements(t, binaryMarshaler); ok {
		u.enc = binaryMethods
	}
	if u.decAt, ok = implements(t, gobDecoder); ok {
		u.dec = gobMethods
	} else if u.decAt, ok = implements(t, binaryDecoder); ok {
		u.dec = binaryMethods
	}
	s.users.Store(t, u)
	return u, nil
}

func (s *Session) must(t mirror.Type) *userType {
	u, err := s.userType(t)
	if err != nil {
		panic(failure{err})
	}
	return u
}

func implements(t, iface mirror.Type) (at int, ok bool) {
	r := t
	for ; ; r = r.Elem() {
		if r.Implements(iface) {
			return at, true
		}
		if r.Kind() != reflect.Pointer || at == 100 {
			break
		}
		at++
	}
	if t.Kind() != reflect.Pointer && mirror.PointerTo(t).Implements(iface) {
		return -1, true
	}
	return 0, false
}

// failure is the panic of an error on its way to who encodes or decodes.
type failure struct{ err error }

func fail(format string, args ...any) { panic(failure{fmt.Errorf("gob: "+format, args...)}) }

// caught makes an error of a failure.
func caught(err *error) {
	if r := recover(); r != nil {
		f, ok := r.(failure)
		if !ok {
			panic(r)
		}
		*err = f.err
	}
}
