package kernel

import (
	"encoding/json"
	"go/types"
	"reflect"

	"loupe/kernel/display"
)

// JSON is often decoded into an interface, by a function that takes anything:
// what it holds is known when it runs.

// unjsonAny is json.Unmarshal.
func (m *machine) unjsonAny(data []byte, v any) error {
	b, ok := norm(v).(box)
	if !ok {
		return json.Unmarshal(data, v)
	}
	var all json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil { // the syntax, of the whole text first
		return err
	}
	p, err := m.decodable(b)
	if err != nil {
		return err
	}
	return m.unjson(data, p.id, b.v)
}

// dejsonAny is Decode of a json.Decoder.
func (m *machine) dejsonAny(dec *json.Decoder, v any) error {
	b, ok := norm(v).(box)
	if !ok {
		return dec.Decode(v)
	}
	p, err := m.decodable(b)
	if err != nil {
		var skipped json.RawMessage
		if syntax := dec.Decode(&skipped); syntax != nil {
			return syntax
		}
		return err
	}
	return m.dejson(dec, p.id, b.v)
}

// decodable is the type that a boxed pointer points to. It ends a cell whose
// type cannot be decoded into.
func (m *machine) decodable(b box) (*rtype, error) {
	p, ok := b.t.typ.Underlying().(*types.Pointer)
	if !ok {
		return nil, invalidJSON{&json.InvalidUnmarshalError{Type: reflect.TypeOf(b.v)}, "non-pointer " + display.TypeName(b.t.typ)}
	}
	form := reflect.TypeOf(b.v).Elem()
	if why := m.formed(p.Elem(), form, map[types.Type]bool{}); why != "" {
		panic("loupe cannot run this: decoding into a type where " + why)
	}
	return m.reg.typed(p.Elem(), form), nil
}

// invalidJSON is an InvalidUnmarshalError that names the type of the cell.
type invalidJSON struct {
	*json.InvalidUnmarshalError
	what string
}

func (e invalidJSON) Error() string { return "json: Unmarshal(" + e.what + ")" }

func (e invalidJSON) As(target any) bool {
	if t, ok := target.(**json.InvalidUnmarshalError); ok {
		*t = e.InvalidUnmarshalError
		return true
	}
	return false
}

// formed says what part of a type the interpreter keeps in an "any", so that
// nothing can be decoded into it; "" if none.
func (m *machine) formed(t types.Type, form reflect.Type, seen map[types.Type]bool) string {
	t = types.Unalias(t)
	if n, ok := t.(*types.Named); seen[t] || types.IsInterface(t) || ok && !m.k.prog.Script(n.Obj()) {
		return ""
	}
	seen[t] = true
	if form.Kind() == reflect.Interface {
		return "the type " + display.TypeName(t) + " leads back to itself without a struct, or to its struct through another one or a function"
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return m.formed(u.Elem(), form.Elem(), seen)
	case *types.Slice:
		return m.formed(u.Elem(), form.Elem(), seen)
	case *types.Array:
		return m.formed(u.Elem(), form.Elem(), seen)
	case *types.Map:
		if why := m.formed(u.Key(), form.Key(), seen); why != "" {
			return why
		}
		return m.formed(u.Elem(), form.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			if why := m.formed(u.Field(i).Type(), form.Field(i).Type, seen); why != "" && u.Field(i).Exported() {
				return why
			}
		}
	}
	return ""
}
