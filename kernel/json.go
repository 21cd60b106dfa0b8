package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/types"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"loupe/kernel/display"
)

// MarshalJSON encodes the boxed value as encoding/json encodes the compiled
// program's: by its static type, with its own methods.
func (b box) MarshalJSON() ([]byte, error) { return b.t.reg.json(b.Unboxed()) }

// json encodes a value.
func (g *registry) json(v display.Value) ([]byte, error) {
	if !v.V.IsValid() || (v.V.Kind() == reflect.Pointer || v.V.Kind() == reflect.Interface) && v.V.IsNil() {
		return []byte("null"), nil
	}
	if v.V.Kind() == reflect.Interface && !types.IsInterface(v.T) { // kept in an any
		v.V = v.V.Elem()
	}
	if v.V.Kind() == reflect.Interface {
		return json.Marshal(norm(v.V.Elem().Interface()))
	}
	if f, ok := g.Method(v, "MarshalJSON"); ok {
		if m, ok := f.Interface().(func() ([]byte, error)); ok {
			out, err := m()
			if err != nil {
				return nil, fmt.Errorf("json: error calling MarshalJSON for type %s: %w", display.TypeName(v.T), err)
			}
			return out, nil
		}
	}
	if f, ok := g.Method(v, "MarshalText"); ok {
		if m, ok := f.Interface().(func() ([]byte, error)); ok {
			out, err := m()
			if err != nil {
				return nil, fmt.Errorf("json: error calling MarshalText for type %s: %w", display.TypeName(v.T), err)
			}
			return json.Marshal(string(out))
		}
	}
	switch u := v.T.Underlying().(type) {
	case *types.Basic:
		return json.Marshal(display.Plain(v.V, u))
	case *types.Pointer:
		return g.json(display.Value{V: v.V.Elem(), T: u.Elem()})
	case *types.Struct:
		if n, ok := types.Unalias(v.T).(*types.Named); ok && n.Obj().Pkg() != g.pkg {
			return json.Marshal(v.V.Interface())
		}
		return g.jsonStruct(v, u)
	case *types.Slice:
		if v.V.IsNil() {
			return []byte("null"), nil
		}
		if b, ok := u.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Byte {
			return json.Marshal(v.V.Bytes())
		}
		return g.jsonList(v, u.Elem())
	case *types.Array:
		return g.jsonList(v, u.Elem())
	case *types.Map:
		return g.jsonMap(v, u)
	}
	return nil, fmt.Errorf("json: unsupported type: %s", display.TypeName(v.T))
}

func (g *registry) jsonList(v display.Value, elem types.Type) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range v.V.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		out, err := g.json(display.Value{V: v.V.Index(i), T: elem})
		if err != nil {
			return nil, err
		}
		b.Write(out)
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

func (g *registry) jsonMap(v display.Value, u *types.Map) ([]byte, error) {
	if v.V.IsNil() {
		return []byte("null"), nil
	}
	type entry struct {
		key string
		val reflect.Value
	}
	var list []entry
	for _, k := range v.V.MapKeys() {
		name, err := g.jsonKey(display.Value{V: k, T: u.Key()})
		if err != nil {
			return nil, err
		}
		list = append(list, entry{name, v.V.MapIndex(k)})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].key < list[j].key })
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(e.key)
		out, err := g.json(display.Value{V: e.val, T: u.Elem()})
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(out)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (g *registry) jsonKey(k display.Value) (string, error) {
	if b, ok := k.T.Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		return k.V.String(), nil
	}
	if f, ok := g.Method(k, "MarshalText"); ok {
		if m, ok := f.Interface().(func() ([]byte, error)); ok {
			out, err := m()
			return string(out), err
		}
	}
	switch k.V.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(k.V.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(k.V.Uint(), 10), nil
	}
	return "", fmt.Errorf("json: unsupported type: map key %s", display.TypeName(k.T))
}

// jsonField is a field that shows, with its options.
type jsonField struct {
	name                string
	v                   display.Value
	empty, zero, quoted bool
	depth               int
	tagged              bool
}

// jsonFields lists the fields of a struct and of the structs embedded in it.
func (g *registry) jsonFields(v display.Value, u *types.Struct, depth int) (list []jsonField) {
	for i := range u.NumFields() {
		f := u.Field(i)
		tag, opts, _ := strings.Cut(reflect.StructTag(u.Tag(i)).Get("json"), ",")
		if tag == "-" && opts == "" {
			continue
		}
		fv := display.Value{V: v.V.Field(i), T: f.Type()}
		if fv.V.Kind() == reflect.Interface && !types.IsInterface(f.Type()) && !fv.V.IsNil() { // kept in an any
			fv.V = fv.V.Elem()
		}
		if f.Embedded() && tag == "" {
			t, inner := f.Type(), fv
			if p, ok := t.Underlying().(*types.Pointer); ok {
				if fv.V.IsNil() {
					continue
				}
				t, inner = p.Elem(), display.Value{V: fv.V.Elem(), T: p.Elem()}
			}
			if s, ok := t.Underlying().(*types.Struct); ok {
				list = append(list, g.jsonFields(inner, s, depth+1)...)
				continue
			}
		}
		if !f.Exported() {
			continue
		}
		jf := jsonField{name: tag, v: fv, depth: depth, tagged: tag != ""}
		if tag == "" {
			jf.name = f.Name()
		}
		for _, o := range strings.Split(opts, ",") {
			jf.empty, jf.zero, jf.quoted = jf.empty || o == "omitempty", jf.zero || o == "omitzero", jf.quoted || o == "string"
		}
		list = append(list, jf)
	}
	return list
}

func (g *registry) jsonStruct(v display.Value, u *types.Struct) ([]byte, error) {
	all := g.jsonFields(v, u, 0)
	// Of fields of one name the least deep shows, of those the tagged one, of
	// several such none.
	best := map[string]jsonField{}
	clash := map[string]bool{}
	for _, f := range all {
		b, ok := best[f.name]
		switch {
		case !ok || f.depth < b.depth || f.depth == b.depth && f.tagged && !b.tagged:
			best[f.name], clash[f.name] = f, false
		case f.depth == b.depth && f.tagged == b.tagged:
			clash[f.name] = true
		}
	}
	var b bytes.Buffer
	b.WriteByte('{')
	n := 0
	for _, f := range all {
		w := best[f.name]
		if clash[f.name] || w.depth != f.depth || w.tagged != f.tagged || f.empty && isEmpty(f.v.V) || f.zero && f.v.V.IsZero() {
			continue
		}
		out, err := g.json(f.v)
		if err != nil {
			return nil, err
		}
		if n++; n > 1 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(f.name)
		b.Write(key)
		b.WriteByte(':')
		if basic, ok := f.v.T.Underlying().(*types.Basic); ok && f.quoted {
			if basic.Info()&types.IsString != 0 {
				out, _ = json.Marshal(string(out))
			} else {
				out = []byte(`"` + string(out) + `"`)
			}
		}
		b.Write(out)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
