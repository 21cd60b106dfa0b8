package grammar

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SchemaOf is the JSON schema of what encoding/json decodes into a value of v's type:
// all fields of a struct are required, but for those with omitempty or omitzero; a
// pointer may be null; integers keep within their size; time.Time is a date-time. The
// tag jsonschema says more, with the keywords of JSON Schema:
//
//	Colour string `json:"colour" jsonschema:"enum=red,enum=green,description=of the coat"`
//	Age    int    `jsonschema:"minimum=0,maximum=30"`
//	Code   string `jsonschema:"pattern=^[A-Z]{2\\,3}$"` // a comma in a value has \\ before it
//
// They are title, description, enum, minimum, maximum, exclusiveMinimum,
// exclusiveMaximum, minLength, maxLength, pattern, format, minItems and maxItems; on a
// slice, all but the last two and the texts speak of its elements. Types that have no
// such form (channels, functions, own UnmarshalJSON) are refused by name.
func SchemaOf(v any) (string, error) {
	t := reflect.TypeOf(v)
	if t == nil {
		return "", fmt.Errorf("grammar: the schema of nil was asked for; give a value of the type, as Person{}")
	}
	if x, ok := v.(Typed); ok {
		var err error
		if t, err = x.JSONType(); err != nil {
			return "", err
		}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	g := &goSchema{defs: newObject(), names: map[reflect.Type]string{}, open: map[reflect.Type]bool{}}
	s, err := g.of(t, t.String())
	if err != nil {
		return "", err
	}
	if len(g.defs.keys) > 0 {
		s.set("$defs", g.defs)
	}
	return jsonText1(s), nil
}

// Typed is a value that stands for one of another type: the notebook kernel's for
// types that cells declare.
type Typed interface {
	JSONType() (reflect.Type, error)   // what encoding/json decodes in its place
	FromJSON(data []byte) (any, error) // a new value of the type
}

type goSchema struct {
	defs  *object // of the types that hold themselves
	names map[reflect.Type]string
	open  map[reflect.Type]bool // types at work
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	rawType         = reflect.TypeFor[json.RawMessage]()
	numberType      = reflect.TypeFor[json.Number]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func typeObject(name string) *object {
	o := newObject()
	o.set("type", name)
	return o
}

func goError(where, format string, args ...any) error {
	return fmt.Errorf("grammar: the schema of %s: %s", where, fmt.Sprintf(format, args...))
}

// of is the schema of a type; where names it.
func (g *goSchema) of(t reflect.Type, where string) (*object, error) {
	switch t {
	case timeType:
		o := typeObject("string")
		o.set("format", "date-time")
		return o, nil
	case rawType:
		return newObject(), nil
	case numberType:
		return typeObject("number"), nil
	}
	if t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer {
		if reflect.PointerTo(t).Implements(jsonUnmarshaler) {
			return nil, goError(where, "%v reads JSON in a way of its own (UnmarshalJSON); give the JSON schema yourself", t)
		}
		if reflect.PointerTo(t).Implements(textUnmarshaler) {
			return typeObject("string"), nil
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		return typeObject("boolean"), nil
	case reflect.String:
		return typeObject("string"), nil
	case reflect.Float32, reflect.Float64:
		return typeObject("number"), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		o := typeObject("integer")
		if bits := t.Bits(); bits < 64 {
			o.set("minimum", number(-1<<(bits-1)))
			o.set("maximum", number(1<<(bits-1)-1))
		}
		return o, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		o := typeObject("integer")
		o.set("minimum", number(0))
		if bits := t.Bits(); bits < 64 {
			o.set("maximum", number(1<<bits-1))
		}
		return o, nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return newObject(), nil
		}
	case reflect.Pointer:
		to, err := g.of(t.Elem(), where)
		if err != nil {
			return nil, err
		}
		o := newObject()
		o.set("anyOf", []any{to, typeObject("null")})
		return o, nil
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return nil, goError(where, "[]byte is written in base64, which no model writes well; use a string")
		}
		items, err := g.of(t.Elem(), where+"[]")
		if err != nil {
			return nil, err
		}
		o := typeObject("array")
		o.set("items", items)
		if t.Kind() == reflect.Array {
			o.set("minItems", number(int64(t.Len())))
			o.set("maxItems", number(int64(t.Len())))
		}
		return o, nil
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, goError(where, "the keys of %v are no texts", t)
		}
		values, err := g.of(t.Elem(), where+"[...]")
		if err != nil {
			return nil, err
		}
		o := typeObject("object")
		o.set("additionalProperties", values)
		return o, nil
	case reflect.Struct:
		return g.structure(t, where)
	}
	return nil, goError(where, "JSON has nothing for %v", t)
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// structure is the schema of a struct; one that holds itself is in defs.
func (g *goSchema) structure(t reflect.Type, where string) (*object, error) {
	if g.open[t] {
		name, ok := g.names[t]
		if !ok {
			for name = t.Name(); name == "" || g.defs.has(name); {
				name += "x"
			}
			g.names[t] = name
			g.defs.set(name, nil)
		}
		o := newObject()
		o.set("$ref", "#/$defs/"+name)
		return o, nil
	}
	g.open[t] = true
	defer delete(g.open, t)
	o, properties, required := typeObject("object"), newObject(), []any{}
	if err := g.fields(t, where, properties, &required); err != nil {
		return nil, err
	}
	o.set("properties", properties)
	if len(required) > 0 {
		o.set("required", required)
	}
	o.set("additionalProperties", false)
	if name, ok := g.names[t]; ok {
		g.defs.set(name, o)
		ref := newObject()
		ref.set("$ref", "#/$defs/"+name)
		return ref, nil
	}
	return o, nil
}

// fields adds the fields of a struct, and those of structs embedded in it, which
// encoding/json takes for its own.
func (g *goSchema) fields(t reflect.Type, where string, properties *object, required *[]any) error {
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		in := f.Type
		if in.Kind() == reflect.Pointer {
			in = in.Elem()
		}
		if f.Anonymous && name == "" && in.Kind() == reflect.Struct {
			embedded = append(embedded, in)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if properties.has(name) {
			continue // that of an outer struct hides it
		}
		has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
		at := where + "." + f.Name
		if has("string") {
			return goError(at, "the option string of its tag cannot be used")
		}
		s, err := g.of(f.Type, at)
		if err == nil {
			err = tagged(s, f, at)
		}
		if err != nil {
			return err
		}
		properties.set(name, s)
		if !has("omitempty") && !has("omitzero") {
			*required = append(*required, name)
		}
	}
	for _, t := range embedded {
		if g.open[t] {
			return goError(where, "%v is embedded in itself", t)
		}
		g.open[t] = true
		err := g.fields(t, where, properties, required)
		delete(g.open, t)
		if err != nil {
			return err
		}
	}
	return nil
}

// tagged adds what a field's tag jsonschema says to its schema.
func tagged(s *object, f reflect.StructField, where string) error {
	var enum []any
	of := s // what the keywords speak of
	for kind := f.Type; ; kind = kind.Elem() {
		if alts, ok := of.values["anyOf"].([]any); ok && kind.Kind() == reflect.Pointer {
			of = alts[0].(*object)
		} else if items, ok := of.values["items"].(*object); ok && (kind.Kind() == reflect.Slice || kind.Kind() == reflect.Array) {
			of = items
		} else {
			break
		}
	}
	for _, part := range splitTag(f.Tag.Get("jsonschema")) {
		key, value, _ := strings.Cut(part, "=")
		on := of
		var v any = value
		switch key {
		case "title", "description":
			on = s
		case "enum":
			x, err := tagValue(of, value)
			if err != nil {
				return goError(where, "the tag jsonschema has enum=%s: %v", value, err)
			}
			enum = append(enum, x)
			continue
		case "pattern", "format":
		case "minItems", "maxItems":
			on = s
			fallthrough
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength":
			x, err := strconv.ParseFloat(value, 64)
			if err != nil || math.IsInf(x, 0) || math.IsNaN(x) || !json.Valid([]byte(value)) {
				return goError(where, "the tag jsonschema has %s=%s; it must be a number", key, value)
			}
			v = json.Number(value)
		default:
			return goError(where, "the tag jsonschema has %q, which is none of title, description, enum, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern, format, minItems, maxItems", key)
		}
		on.set(key, v)
	}
	if enum != nil {
		for _, k := range families["integer"] { // the size of an integer says nothing more
			of.drop(k)
		}
		of.set("enum", enum)
	}
	return nil
}

func (o *object) drop(key string) {
	delete(o.values, key)
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
}

// tagValue is a value of the schema's type, from its text.
func tagValue(s *object, text string) (any, error) {
	switch s.values["type"] {
	case "string":
		return text, nil
	case "integer", "number":
		if n := json.Number(text); json.Valid([]byte(text)) && isType(n, s.values["type"].(string)) {
			return n, nil
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("it is no %v", s.values["type"])
}

// splitTag cuts at commas, but for those with a backslash before them.
func splitTag(tag string) []string {
	if tag == "" {
		return nil
	}
	var parts []string
	var b strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			b.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(tag[i])
		}
	}
	return append(parts, b.String())
}
