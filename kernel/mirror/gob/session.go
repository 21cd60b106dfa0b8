package gob

import (
	"errors"
	"fmt"
	"go/token"
	"reflect"
	"sync"

	mirror "loupe/kernel/mirror"
)

// Session knows the numbers of types and the names of registered ones.
type Session struct {
	mu    sync.Mutex
	types map[mirror.Type]*gobType
	byID  []*gobType
	infos map[mirror.Type]*typeInfo

	users sync.Map // mirror.Type -> *userType
	names sync.Map // string -> mirror.Type
	of    sync.Map // mirror.Type -> string
}

// typeInfo is a type that may be sent.
type typeInfo struct {
	id   typeId
	wire wireType
}

// NewSession is a session that has met no types.
func NewSession() *Session {
	s := &Session{types: map[mirror.Type]*gobType{}, byID: make([]*gobType, 1), infos: map[mirror.Type]*typeInfo{}}
	for _, b := range []struct {
		name string
		v    any
	}{{"bool", false}, {"int", 0}, {"uint", uint(0)}, {"float", 0.0}, {"bytes", []byte(nil)}, {"string", ""}, {"complex", 0i}} {
		s.number(s.known(mirror.TypeOf(b.v), b.name))
	}
	s.number(s.known(mirror.TypeOf((*any)(nil)).Elem(), "interface"))
	for len(s.byID) < int(tWire) {
		s.number(&gobType{CommonType: CommonType{Name: "_reserved1"}})
	}
	if _, err := s.info(s.must(mirror.TypeOf(wireType{}))); err != nil {
		panic(err)
	}
	for len(s.byID) < int(firstUse) {
		s.byID = append(s.byID, nil)
	}
	for _, v := range []any{0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), float32(0), 0.0, complex64(0), 0i, uintptr(0), false, "",
		[]byte(nil), []int(nil), []int8(nil), []int16(nil), []int32(nil), []int64(nil), []uint(nil), []uint16(nil), []uint32(nil), []uint64(nil), []float32(nil), []float64(nil), []complex64(nil), []complex128(nil), []uintptr(nil), []bool(nil), []string(nil)} {
		s.Register(v)
	}
	return s
}

func (s *Session) known(t mirror.Type, name string) *gobType {
	g := &gobType{CommonType: CommonType{Name: name}}
	s.types[t] = g
	return g
}

// number gives a type the next number, if it has none.
func (s *Session) number(t *gobType) {
	if t.Id == 0 {
		t.number(typeId(len(s.byID)))
		s.byID = append(s.byID, t)
	}
}

// info is what is sent of a type.
func (s *Session) info(u *userType) (*typeInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := u.base
	if u.enc != noMethods {
		t = u.user
	}
	if info := s.infos[t]; info != nil {
		return info, nil
	}
	g, err := s.base(t.Name(), t)
	if err != nil {
		return nil, err
	}
	info := &typeInfo{id: g.Id}
	if u.enc != noMethods {
		own, err := s.typ(t.Name(), u, t)
		if err != nil {
			return nil, err
		}
		w := own.wire.common()
		if u.enc == gobMethods {
			info.wire.GobEncoderT = &gobEncoderType{*w}
		} else {
			info.wire.BinaryMarshalerT = &gobEncoderType{*w}
		}
	} else if g.wire != nil {
		info.wire = *g.wire
	}
	s.infos[t] = info
	return info, nil
}

// base is the type that t points to in the end.
func (s *Session) base(name string, t mirror.Type) (*gobType, error) {
	u := s.must(t)
	return s.typ(name, u, u.base)
}

func (s *Session) typ(name string, u *userType, t mirror.Type) (*gobType, error) {
	if g := s.types[t]; g != nil {
		return g, nil
	}
	g, err := s.build(name, u, t)
	if err != nil {
		if t.Kind() != reflect.Struct { // encoding/gob keeps what it has of a struct
			delete(s.types, t)
		}
		return nil, err
	}
	s.types[t] = g
	return g, nil
}

// build makes a type. Its number comes before those of a struct's fields, and
// after those of the elements of other types.
func (s *Session) build(name string, u *userType, t mirror.Type) (*gobType, error) {
	g := &gobType{CommonType: CommonType{Name: name}, wire: &wireType{}}
	c := CommonType{Name: name}
	if u.enc != noMethods {
		g.wire.GobEncoderT = &gobEncoderType{c}
		s.number(g)
		return g, nil
	}
	switch k := t.Kind(); {
	case k == reflect.Bool:
		return s.byID[tBool], nil
	case reflect.Int <= k && k <= reflect.Int64:
		return s.byID[tInt], nil
	case reflect.Uint <= k && k <= reflect.Uintptr:
		return s.byID[tUint], nil
	case k == reflect.Float32, k == reflect.Float64:
		return s.byID[tFloat], nil
	case k == reflect.Complex64, k == reflect.Complex128:
		return s.byID[tComplex], nil
	case k == reflect.String:
		return s.byID[tString], nil
	case k == reflect.Interface:
		return s.byID[tInterface], nil
	case k == reflect.Array:
		s.types[t] = g
		e, err := s.base("", t.Elem())
		if err != nil {
			return nil, err
		}
		g.wire.ArrayT = &arrayType{CommonType: c, Len: t.Len()}
		s.number(g)
		g.wire.ArrayT.Elem = e.Id
	case k == reflect.Map:
		s.types[t] = g
		key, err := s.base("", t.Key())
		if err != nil {
			return nil, err
		}
		e, err := s.base("", t.Elem())
		if err != nil {
			return nil, err
		}
		g.wire.MapT = &mapType{CommonType: c}
		s.number(g)
		g.wire.MapT.Key, g.wire.MapT.Elem = key.Id, e.Id
	case k == reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return s.byID[tBytes], nil
		}
		s.types[t] = g
		e, err := s.base(t.Elem().Name(), t.Elem())
		if err != nil {
			return nil, err
		}
		g.wire.SliceT = &sliceType{CommonType: c}
		s.number(g)
		s.number(e)
		g.wire.SliceT.Elem = e.Id
	case k == reflect.Struct:
		st := &structType{CommonType: c}
		g.wire.StructT = st
		s.number(g)
		s.types[t] = g
		for i := range t.NumField() {
			f := t.Field(i)
			if !isSent(f) {
				continue
			}
			b := s.must(f.Type).base
			name := b.Name()
			if name == "" {
				name = b.String()
			}
			e, err := s.base(name, f.Type)
			if err != nil {
				return nil, err
			}
			s.number(e)
			st.Field = append(st.Field, fieldType{f.Name, e.Id})
		}
	default:
		return nil, errors.New("gob NewTypeObject can't handle type: " + t.String())
	}
	return g, nil
}

// isSent says whether a field is sent.
func isSent(f mirror.StructField) bool {
	if !token.IsExported(f.Name) {
		return false
	}
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() != reflect.Chan && t.Kind() != reflect.Func
}

// RegisterName is gob.RegisterName.
func (s *Session) RegisterName(name string, value any) {
	if name == "" {
		panic("attempt to register empty name")
	}
	u := s.must(mirror.TypeOf(value))
	if t, dup := s.names.LoadOrStore(name, u.user); dup && t != u.user {
		panic(fmt.Sprintf("gob: registering duplicate types for %q: %s != %s", name, t, u.user))
	}
	if n, dup := s.of.LoadOrStore(u.base, name); dup && n != name {
		s.names.Delete(name)
		panic(fmt.Sprintf("gob: registering duplicate names for %s: %q != %q", u.user, n, name))
	}
}

// Register is gob.Register.
func (s *Session) Register(value any) {
	t := mirror.TypeOf(value)
	name := t.String()
	if t.Name() != "" {
		name = t.Name()
		if t.PkgPath() != "" {
			name = t.PkgPath() + "." + name
		}
	}
	s.RegisterName(name, value)
}
