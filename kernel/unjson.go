package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"weak"

	"loupe/kernel/display"
)

// Decoding JSON into types of cells that have methods of their own for it:
// encoding/json cannot see them. Types without such methods, and all values
// between, are left to encoding/json.

// unjson is json.Unmarshal for a pointer p to a value of the type id.
func (m *machine) unjson(data []byte, id int, p any) error {
	return m.decode(data, m.reg.get(id).typ, p, decoderOption{}, true)
}

// unjsonAny is json.Unmarshal for a pointer of which only the run knows what it
// points at.
func (m *machine) unjsonAny(data []byte, v any) error {
	if t, p, ok := boxedTarget(v); ok {
		return m.decode(data, t, p, decoderOption{}, true)
	}
	if b, ok := v.(box); ok {
		var all json.RawMessage
		if err := json.Unmarshal(data, &all); err != nil {
			return err
		}
		return invalidTarget(b)
	}
	return json.Unmarshal(data, v)
}

// invalidTarget is the error of decoding into what is no pointer, or a nil one.
func invalidTarget(b box) error {
	return &json.InvalidUnmarshalError{Type: namedType{b.t.rt, b.t.typ}}
}

// boxedTarget is the pointer to a value of a cell type that v holds, or that an
// interface holds to which v points.
func boxedTarget(v any) (elem types.Type, p any, ok bool) {
	if r, isAny := v.(*any); isAny && r != nil {
		v = norm(*r)
	}
	b, isBox := v.(box)
	if !isBox {
		return nil, nil, false
	}
	t, isPointer := b.t.typ.Underlying().(*types.Pointer)
	if !isPointer || reflect.ValueOf(b.v).IsNil() {
		return nil, nil, false
	}
	return t.Elem(), b.v, true
}

// decode decodes a text into what p points at, a value of type t.
func (m *machine) decode(data []byte, t types.Type, p any, opt decoderOption, whole bool) error {
	if whole {
		var all json.RawMessage
		if err := json.Unmarshal(data, &all); err != nil { // the syntax, of the whole text first
			return err
		}
		data = all
	}
	if reflect.ValueOf(p).IsNil() {
		return invalidTarget(box{t: &rtype{typ: types.NewPointer(t), rt: reflect.TypeOf(p)}, v: p})
	}
	d := decoder{g: m.reg, opt: opt}
	d.value(data, display.Value{V: reflect.ValueOf(p).Elem(), T: t}, nil)
	return d.err
}

// decoderOptions are what a script set on its decoders, which do not tell.
var decoderOptions sync.Map // weak.Pointer[json.Decoder] -> decoderOption

type decoderOption struct{ strict, number bool }

func (m *machine) decoderOption(dec *json.Decoder, name string) {
	key := weak.Make(dec)
	var o decoderOption
	if old, ok := decoderOptions.Load(key); ok {
		o = old.(decoderOption)
	}
	if name == "UseNumber" {
		dec.UseNumber()
		o.number = true
	} else {
		dec.DisallowUnknownFields()
		o.strict = true
	}
	decoderOptions.Store(key, o)
}

// dejson is Decode of a json.Decoder, for a pointer p to a value of the type id.
func (m *machine) dejson(dec *json.Decoder, id int, p any) error {
	return m.decodeNext(dec, m.reg.get(id).typ, p)
}

// dejsonAny is Decode for a pointer of which only the run knows what it points
// at.
func (m *machine) dejsonAny(dec *json.Decoder, v any) error {
	if t, p, ok := boxedTarget(v); ok {
		return m.decodeNext(dec, t, p)
	}
	if b, ok := v.(box); ok {
		return invalidTarget(b)
	}
	return dec.Decode(v)
}

func (m *machine) decodeNext(dec *json.Decoder, t types.Type, p any) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	var opt decoderOption
	if o, ok := decoderOptions.Load(weak.Make(dec)); ok {
		opt = o.(decoderOption)
	}
	return m.decode(raw, t, p, opt, false)
}

// namedType is the interpreter's form of a type under the name that the type has
// in the compiled program, for errors.
type namedType struct {
	reflect.Type
	typ types.Type
}

func (t namedType) String() string { return display.TypeName(t.typ) }

// decoder decodes one text. Like encoding/json it goes on after a value that
// does not fit, and reports the first one.
type decoder struct {
	g   *registry
	opt decoderOption
	err error
}

// jsonPlace is where a value stands, for errors.
type jsonPlace struct {
	name string   // of the innermost struct
	path []string // of fields from the outermost one
}

func (p *jsonPlace) field(structName, field string) *jsonPlace {
	next := &jsonPlace{name: structName}
	if p != nil {
		next.path = append(next.path, p.path...)
	}
	next.path = append(next.path, field)
	return next
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// mismatch reports a JSON value that does not fit a type.
func (d *decoder) mismatch(what string, v display.Value, at *jsonPlace) {
	d.located(&json.UnmarshalTypeError{Value: what, Type: v.V.Type()}, v, at)
}

// located gives an error of encoding/json in v the place of v, and the names
// of types that the interpreter's form does not have.
func (d *decoder) located(err error, v display.Value, at *jsonPlace) {
	var e *json.UnmarshalTypeError
	if !errors.As(err, &e) {
		d.fail(err)
		return
	}
	c := *e
	var inner, path []string
	if e.Field != "" {
		inner = strings.Split(e.Field, ".")
	}
	if at != nil {
		path, c.Struct = append(path, at.path...), at.name
	}
	name, t := within(v.T, v.V.Type(), inner, e.Type)
	if name != "" {
		c.Struct = name
	}
	c.Field = strings.Join(append(path, inner...), ".")
	if t != nil {
		c.Type = namedType{e.Type, t}
	}
	d.fail(&c)
}

// within follows the names of fields from t, in the form rt, to a value of the
// form leaf: it returns the innermost struct's name and the leaf's type, nil
// when that is not to be found.
func within(t types.Type, rt reflect.Type, path []string, leaf reflect.Type) (name string, at types.Type) {
	for range 100 {
		if len(path) == 0 && rt == leaf {
			return name, t
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			t, rt = u.Elem(), rt.Elem()
		case *types.Slice:
			t, rt = u.Elem(), rt.Elem()
		case *types.Array:
			t, rt = u.Elem(), rt.Elem()
		case *types.Map:
			t, rt = u.Elem(), rt.Elem()
		case *types.Struct:
			if len(path) == 0 {
				return name, nil
			}
			found := false
			for _, f := range settables(u, nil, 10) {
				if f.name == path[0] {
					if n, ok := types.Unalias(t).(*types.Named); ok {
						name = n.Obj().Name()
					}
					rt, t, path, found = rt.Field(f.index[0]).Type, f.t, path[1:], true
					break
				}
			}
			if !found {
				return name, nil
			}
		default:
			return name, nil
		}
	}
	return name, nil
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// value decodes raw into v, which can be set.
func (d *decoder) value(raw json.RawMessage, v display.Value, at *jsonPlace) {
	raw = bytes.TrimSpace(raw)
	kind := kindOf(raw)
	if v.V.Kind() == reflect.Pointer {
		if kind == "null" {
			v.V.SetZero()
			return
		}
		if v.V.IsNil() {
			v.V.Set(reflect.New(v.V.Type().Elem()))
		}
		d.value(raw, display.Value{V: v.V.Elem(), T: v.T.Underlying().(*types.Pointer).Elem()}, at)
		return
	}
	if d.method(raw, kind, v, at) {
		return
	}
	if !d.custom(v.T, map[types.Type]bool{}) || kind == "null" {
		d.plain(raw, v, at)
		return
	}
	switch u := v.T.Underlying().(type) {
	case *types.Struct:
		if kind != "object" {
			d.mismatch(kind, v, at)
			return
		}
		d.object(raw, v, u, at)
	case *types.Map:
		if kind != "object" {
			d.mismatch(kind, v, at)
			return
		}
		d.mapping(raw, v, u, at)
	case *types.Slice:
		if kind != "array" {
			d.mismatch(kind, v, at)
			return
		}
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		for i, x := range list {
			if i >= v.V.Cap() {
				v.V.Grow(1)
			}
			if i >= v.V.Len() {
				v.V.SetLen(i + 1)
			}
			d.value(x, display.Value{V: v.V.Index(i), T: u.Elem()}, at)
		}
		v.V.SetLen(len(list))
		if len(list) == 0 {
			v.V.Set(reflect.MakeSlice(v.V.Type(), 0, 0))
		}
	case *types.Array:
		if kind != "array" {
			d.mismatch(kind, v, at)
			return
		}
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		for i := range v.V.Len() {
			if i < len(list) {
				d.value(list[i], display.Value{V: v.V.Index(i), T: u.Elem()}, at)
			} else {
				v.V.Index(i).SetZero()
			}
		}
	default:
		d.plain(raw, v, at)
	}
}

// plain leaves a value to encoding/json.
func (d *decoder) plain(raw json.RawMessage, v display.Value, at *jsonPlace) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if d.opt.number {
		dec.UseNumber()
	}
	if d.opt.strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(v.V.Addr().Interface()); err != nil {
		d.located(err, v, at)
	}
}

// method lets the value's own method decode it.
func (d *decoder) method(raw json.RawMessage, kind string, v display.Value, at *jsonPlace) bool {
	if n, ok := types.Unalias(v.T).(*types.Named); !ok || n.Obj().Pkg() != d.g.pkg || types.IsInterface(n) || !v.V.CanAddr() {
		return false
	}
	p := display.Value{V: v.V.Addr(), T: types.NewPointer(v.T)}
	if f, ok := d.g.Method(p, "UnmarshalJSON"); ok {
		if g, ok := f.Interface().(func([]byte) error); ok {
			if err := g(raw); err != nil {
				d.fail(err)
			}
			return true
		}
	}
	f, ok := d.g.Method(p, "UnmarshalText")
	if !ok {
		return false
	}
	g, ok := f.Interface().(func([]byte) error)
	switch {
	case !ok:
		return false
	case kind == "null":
	case kind != "string":
		d.mismatch(kind, v, at)
	default:
		var s string
		_ = json.Unmarshal(raw, &s)
		if err := g([]byte(s)); err != nil {
			d.fail(err)
		}
	}
	return true
}

// custom says whether a type or what is in it has a method that decodes.
func (d *decoder) custom(t types.Type, seen map[types.Type]bool) bool {
	t = types.Unalias(t)
	if seen[t] || types.IsInterface(t) {
		return false
	}
	seen[t] = true
	if n, ok := t.(*types.Named); ok {
		if n.Obj().Pkg() != d.g.pkg {
			return false
		}
		for _, name := range []string{"UnmarshalJSON", "UnmarshalText"} {
			if o, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), true, d.g.pkg, name); o != nil {
				if _, ok := o.(*types.Func); ok {
					return true
				}
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return d.custom(u.Elem(), seen)
	case *types.Slice:
		return d.custom(u.Elem(), seen)
	case *types.Array:
		return d.custom(u.Elem(), seen)
	case *types.Map:
		return d.custom(u.Key(), seen) || d.custom(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			if u.Field(i).Embedded() || d.custom(u.Field(i).Type(), seen) {
				return true // embedded fields lose their meaning in the interpreter's form
			}
		}
	}
	return false
}

// settableField is a field that JSON may set.
type settableField struct {
	name           string
	index          []int
	t              types.Type
	quoted, tagged bool
}

// settables lists the fields of a struct and of what it embeds, by the rules of
// encoding/json.
func settables(t *types.Struct, index []int, depth int) (list []settableField) {
	for i := range t.NumFields() {
		f := t.Field(i)
		tag, opts, _ := strings.Cut(reflect.StructTag(t.Tag(i)).Get("json"), ",")
		if tag == "-" && opts == "" {
			continue
		}
		at := append(append([]int(nil), index...), i)
		if f.Embedded() && tag == "" && depth < 10 {
			ft := f.Type()
			if p, ok := ft.Underlying().(*types.Pointer); ok {
				ft = p.Elem()
			}
			if s, ok := ft.Underlying().(*types.Struct); ok {
				list = append(list, settables(s, at, depth+1)...)
				continue
			}
		}
		if !f.Exported() {
			continue
		}
		x := settableField{name: tag, index: at, t: f.Type(), tagged: tag != ""}
		if tag == "" {
			x.name = f.Name()
		}
		for _, o := range strings.Split(opts, ",") {
			x.quoted = x.quoted || o == "string"
		}
		list = append(list, x)
	}
	return list
}

// dominant are the fields that show among those of one name: the least deep,
// of those the tagged one, of several none.
func dominant(list []settableField) (out []settableField) {
	for i, f := range list {
		shown := true
		for j, g := range list {
			if i == j || f.name != g.name {
				continue
			}
			df, dg := len(f.index), len(g.index)
			if dg < df || dg == df && (g.tagged || !f.tagged) && (g.tagged == f.tagged || g.tagged) {
				shown = false
			}
		}
		if shown {
			out = append(out, f)
		}
	}
	return out
}

func (d *decoder) object(raw json.RawMessage, v display.Value, u *types.Struct, at *jsonPlace) {
	fields := dominant(settables(u, nil, 0))
	structName := ""
	if n, ok := types.Unalias(v.T).(*types.Named); ok {
		structName = n.Obj().Name()
	}
	d.members(raw, func(key string, x json.RawMessage) {
		found := -1
		for i, f := range fields {
			if f.name == key {
				found = i
				break
			}
			if found < 0 && strings.EqualFold(f.name, key) {
				found = i
			}
		}
		if found < 0 {
			if d.opt.strict {
				d.fail(fmt.Errorf("json: unknown field %q", key))
			}
			return
		}
		f := fields[found]
		fv, here, st := v.V, at, u
		for n, i := range f.index {
			if n < len(f.index)-1 { // the path names what is embedded
				here = here.field(structName, st.Field(i).Name())
				st, _ = deref(st.Field(i).Type()).Underlying().(*types.Struct)
			}
			if fv.Kind() == reflect.Pointer {
				if fv.IsNil() {
					fv.Set(reflect.New(fv.Type().Elem()))
				}
				fv = fv.Elem()
			}
			fv = fv.Field(i)
		}
		here = here.field(structName, f.name)
		if f.quoted {
			var s string
			if _, ok := f.t.Underlying().(*types.Basic); ok && json.Unmarshal(x, &s) == nil && kindOf(x) == "string" {
				x = json.RawMessage(s)
				if !json.Valid(x) {
					d.fail(fmt.Errorf("json: invalid use of ,string struct tag, trying to unmarshal %q into %s", strconv.Quote(s), display.TypeName(f.t)))
					return
				}
			}
		}
		d.value(x, display.Value{V: fv, T: f.t}, here)
	})
}

// members calls f for every member of an object, in order.
func (d *decoder) members(raw json.RawMessage, f func(key string, x json.RawMessage)) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token()
	for dec.More() {
		t, err := dec.Token()
		key, ok := t.(string)
		var x json.RawMessage
		if err != nil || !ok || dec.Decode(&x) != nil {
			return
		}
		f(key, x)
	}
}

func (d *decoder) mapping(raw json.RawMessage, v display.Value, u *types.Map, at *jsonPlace) {
	if v.V.IsNil() {
		v.V.Set(reflect.MakeMap(v.V.Type()))
	}
	d.members(raw, func(key string, x json.RawMessage) {
		elem := reflect.New(v.V.Type().Elem()).Elem()
		d.value(x, display.Value{V: elem, T: u.Elem()}, at)
		k := reflect.New(v.V.Type().Key()).Elem()
		if n, ok := types.Unalias(u.Key()).(*types.Named); ok && n.Obj().Pkg() == d.g.pkg {
			if f, ok := d.g.Method(display.Value{V: k.Addr(), T: types.NewPointer(n)}, "UnmarshalText"); ok {
				if g, ok := f.Interface().(func([]byte) error); ok {
					if err := g([]byte(key)); err != nil {
						d.fail(err)
						return
					}
					v.V.SetMapIndex(k, elem)
					return
				}
			}
		}
		switch {
		case k.Kind() == reflect.String:
			k.SetString(key)
		case k.CanInt():
			n, err := strconv.ParseInt(key, 10, 64)
			if err != nil || k.OverflowInt(n) {
				d.fail(&json.UnmarshalTypeError{Value: "number " + key, Type: k.Type()})
				return
			}
			k.SetInt(n)
		case k.CanUint():
			n, err := strconv.ParseUint(key, 10, 64)
			if err != nil || k.OverflowUint(n) {
				d.fail(&json.UnmarshalTypeError{Value: "number " + key, Type: k.Type()})
				return
			}
			k.SetUint(n)
		default:
			d.mismatch("object", v, at)
			return
		}
		v.V.SetMapIndex(k, elem)
	})
}
